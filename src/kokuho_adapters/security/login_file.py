"""ログインの控え: the token of a login, in a file of the account that logged in (mode 0600), not beside the database (S-31)."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from datetime import datetime
from pathlib import Path

from kokuho_adapters.durable_files import write_durably
from kokuho_core.access.operators import compared_name


def login_path(database: str, operator: str) -> Path:
    """Where the login of an operator at one database is kept: ``~/.kokuho/logins/``."""
    name = hashlib.sha256(f"{_absolute(database)}\n{compared_name(operator)}".encode("utf-8", "surrogateescape")).hexdigest()
    return Path.home() / ".kokuho" / "logins" / f"{name[:32]}.json"


def keep_login(database: str, operator: str, token: str, expires_at: datetime) -> None:
    """Raises :class:`OSError`."""
    path = login_path(database, operator)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = {"token": token, "expires_at": expires_at.isoformat()}
    write_durably(path, json.dumps(content).encode("ascii"))


def kept_login(database: str, operator: str) -> str | None:
    """The token; None where there is none, and where others can read or change it."""
    path = login_path(database, operator)
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                return None
            token = json.loads(file.read(10_000))["token"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return token if isinstance(token, str) else None


def forget_login(database: str, operator: str) -> None:
    login_path(database, operator).unlink(missing_ok=True)


def _absolute(database: str) -> str:
    """A relative SQLite file is another one in another folder."""
    prefix = "sqlite:///"
    file = database.removeprefix(prefix)
    is_file = database.startswith(prefix) or "://" not in database
    return str(Path(file).absolute()) if is_file else database
