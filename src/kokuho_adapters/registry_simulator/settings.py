"""設定: who the clients are, which partitions each may reach, and where everything lies (TOML)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from kokuho_core.errors import Problem, SetupFault

SETTINGS_FILE: Final = "server.toml"
REPERTOIRES: Final = ("unicode", "jis")
_INSURER: Final = re.compile(r"[0-9]{6}|[0-9]{8}", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", re.ASCII)


@frozen
class Client:
    """接続する者. ``name`` is the common name in its certificate, and the name of its folder.

    ``partitions`` are the insurers whose partitions it may reach; an ``operator`` reaches none, but orders faults, snapshots and
    lists, and reads the audit.
    """

    name: str
    partitions: frozenset[str] = frozenset()
    operator: bool = False


def _by_name(clients: Iterable[Client]) -> Mapping[str, Client]:
    return {client.name: client for client in clients}


@frozen
class Settings:
    """設定. ``folder`` holds everything: certificates, folders of the clients, database."""

    folder: Path
    clients: Mapping[str, Client] = field(converter=_by_name)
    verified_at_once: bool = True
    """Whether a person is checked against the other records on registration, or stays 未確認 until an operator says (R-6)."""

    characters: str = "unicode"
    """What the receiver can hold: ``unicode``, or ``jis`` (JIS X 0213:2004 and Windows' code page 932). Never 外字."""

    @property
    def state_folder(self) -> Path:
        return self.folder / "state"

    @property
    def certificates(self) -> Path:
        return self.folder / "certificates"

    def to_server(self, client: str) -> Path:
        """授受フォルダ from a client."""
        return self.folder / "folders" / client / "to-server"

    def from_server(self, client: str) -> Path:
        """授受フォルダ to a client."""
        return self.folder / "folders" / client / "from-server"


def load_settings(folder: Path) -> Settings:
    """Read ``server.toml`` of ``folder``. Raises :class:`SetupFault` (KKH-C010) with what is wrong."""
    try:
        with (folder / SETTINGS_FILE).open("rb") as file:
            source = tomllib.load(file)
    except OSError:
        raise _fault("not readable") from None
    except ValueError:
        raise _fault("not TOML") from None
    unknown = source.keys() - {"client", "verified_at_once", "characters"}
    if unknown:
        raise _fault(min(unknown))
    at_once, clients = source.get("verified_at_once", True), source.get("client", [])
    if not isinstance(at_once, bool):
        raise _fault("verified_at_once")
    characters = source.get("characters", "unicode")
    if characters not in REPERTOIRES:
        raise _fault("characters")
    if not isinstance(clients, list) or not clients:
        raise _fault("client")
    return Settings(folder, [_client(each) for each in clients], at_once, characters)


def write_settings(settings: Settings) -> None:
    """Write ``server.toml``, which :func:`load_settings` reads."""
    lines = [f'characters = "{settings.characters}"', f"verified_at_once = {str(settings.verified_at_once).lower()}"]
    for client in settings.clients.values():
        lines += ["", "[[client]]", f'name = "{client.name}"']
        if client.operator:
            lines.append("operator = true")
        else:
            lines.append(f"partitions = [{', '.join(chr(34) + each + chr(34) for each in sorted(client.partitions))}]")
    settings.folder.mkdir(parents=True, exist_ok=True)
    (settings.folder / SETTINGS_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _client(source: Any) -> Client:
    if not isinstance(source, dict) or source.keys() - {"name", "partitions", "operator"}:
        raise _fault("client")
    name, partitions, operator = source.get("name"), source.get("partitions", []), source.get("operator", False)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _fault("client: name")
    if not isinstance(operator, bool) or (operator and partitions):
        raise _fault(f"client {name}: operator")
    if not isinstance(partitions, list) or not all(
        isinstance(each, str) and _INSURER.fullmatch(each) for each in partitions
    ):
        raise _fault(f"client {name}: partitions")
    return Client(name, frozenset(partitions), operator)


def _fault(part: str) -> SetupFault:
    return SetupFault(Problem("KKH-C010", field=f"{SETTINGS_FILE}: {part}"[:80]))
