"""鍵束: the keys of one prefecture in one file outside the database; the database holds key ids only (S-9, S-11).

The file is JSON. It names its algorithms, which must be exactly those of the allow-list, and carries a checksum, so that a
damaged key is noticed at the start and not when the first number fails to open. Whoever reads the file reads every number:
on POSIX it is refused unless its owner alone has access to it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import stat
from pathlib import Path
from typing import Any, Final, NoReturn

from attrs import field, frozen

from kokuho_core.errors import Problem, SetupFault

KEY_BYTES: Final = 32
FORMAT: Final = "kokuho-key-ring"
VERSION: Final = 1
ALGORITHMS: Final = {"encryption": "AES-256-GCM", "index": "HMAC-SHA-256", "content": "HKDF-SHA-256"}
"""Allow-list (CRYPTREC): a ring that names anything else is refused (S-11)."""

_MAX_FILE_BYTES: Final = 1_000_000
_KEY_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


def _fault(part: str) -> SetupFault:
    return SetupFault(Problem("KKH-C008", field=part))


@frozen(eq=False)
class SecretKey:
    """鍵: 32 random bytes under an id. The id may be shown and stored, the material never; neither pickled nor compared."""

    key_id: str
    material: bytes = field(repr=False)

    def __attrs_post_init__(self) -> None:
        if not _KEY_ID.fullmatch(self.key_id):
            raise _fault("key_id")
        if len(self.material) != KEY_BYTES:
            raise _fault("key_length")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a SecretKey is not serialised: load the key ring where it is needed")

    @classmethod
    def generate(cls) -> SecretKey:
        """A fresh key with a fresh id, both from the operating system's generator."""
        return cls(secrets.token_hex(8), secrets.token_bytes(KEY_BYTES))


@frozen(eq=False)
class KeyRing:
    """鍵束. ``encryption_keys`` keeps retired keys too, so that values sealed with them still open.

    Raises :class:`SetupFault` (KKH-C008) when an id stands twice, one material serves two purposes, or the current id is
    not among the keys.
    """

    encryption_keys: tuple[SecretKey, ...]
    current_id: str
    index_key: SecretKey
    content_key: SecretKey

    def __attrs_post_init__(self) -> None:
        ids = [key.key_id for key in self.encryption_keys]
        if len(set(ids)) != len(ids) or self.current_id not in ids:
            raise _fault("encryption_keys")
        materials = [key.material for key in (*self.encryption_keys, self.index_key, self.content_key)]
        if len(set(materials)) != len(materials):
            raise _fault("key_separation")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a KeyRing is not serialised: load it where it is needed")

    @property
    def current_encryption_key(self) -> SecretKey:
        """The key for new values."""
        return next(key for key in self.encryption_keys if key.key_id == self.current_id)

    @classmethod
    def generate(cls) -> KeyRing:
        """A new ring in memory only."""
        current = SecretKey.generate()
        return cls((current,), current.key_id, SecretKey.generate(), SecretKey.generate())

    @classmethod
    def create(cls, path: Path) -> KeyRing:
        """Make a new ring and its file (mode 0600), complete or not at all.

        Raises :class:`SetupFault` (KKH-C008) when something stands at ``path`` already: a ring is never overwritten,
        because the numbers sealed with it would be lost.
        """
        ring = cls.generate()
        failed = ""
        try:
            _write_new(Path(path), _to_json(ring))
        except FileExistsError:
            failed = "file_exists"
        except OSError:
            failed = "file_not_written"
        if failed:
            raise _fault(failed)
        return ring

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Read a ring. Raises :class:`SetupFault` (KKH-C008): missing, damaged, unknown algorithm, open to others."""
        # No frame or context of the fault may hold the file's text, as a parser's exception does: raised from outside.
        part = "file_damaged"
        try:
            return _from_json(_read_guarded(Path(path)))
        except SetupFault as fault:
            part = fault.problems[0].field
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            pass
        raise _fault(part)


# --- file form ---


def _key_to_json(key: SecretKey) -> dict[str, str]:
    return {"id": key.key_id, "key": base64.b64encode(key.material).decode("ascii")}


def _key_from_json(data: dict[str, str]) -> SecretKey:
    return SecretKey(data["id"], base64.b64decode(data["key"], validate=True))


def _checksum(body: dict[str, Any]) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _to_json(ring: KeyRing) -> bytes:
    body: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "algorithms": dict(ALGORITHMS),
        "current_encryption_key": ring.current_id,
        "encryption_keys": [_key_to_json(key) for key in ring.encryption_keys],
        "index_key": _key_to_json(ring.index_key),
        "content_key": _key_to_json(ring.content_key),
    }
    return (json.dumps(body | {"checksum": _checksum(body)}, indent=2) + "\n").encode("ascii")


def _from_json(content: bytes) -> KeyRing:
    """The ring; whatever damage raises, :meth:`KeyRing.load` hides the details."""
    body = json.loads(content.decode("ascii"))
    checksum = body.pop("checksum")
    if checksum != _checksum(body):
        raise _fault("file_damaged")
    if body["format"] != FORMAT or body["version"] != VERSION:
        raise _fault("format_version")
    if body["algorithms"] != ALGORITHMS:
        raise _fault("algorithms")
    return KeyRing(
        tuple(_key_from_json(key) for key in body["encryption_keys"]),
        body["current_encryption_key"],
        _key_from_json(body["index_key"]),
        _key_from_json(body["content_key"]),
    )


# --- file access ---


def _read_guarded(path: Path) -> bytes:
    """The file's content; its mode is taken from the open file, so it cannot be exchanged between check and read."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_MAX_FILE_BYTES + 1)
    except OSError:
        mode, content = 0, b""
    if not stat.S_ISREG(mode):
        raise _fault("file_missing")
    if os.name == "posix" and mode & 0o077:
        raise _fault("file_permissions")
    if len(content) > _MAX_FILE_BYTES:
        raise _fault("file_damaged")
    return content


def _write_new(path: Path, content: bytes) -> None:
    """Write ``content`` durably to a file that does not exist yet; :class:`FileExistsError` where one does."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _publish(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _publish(temporary: Path, path: Path) -> None:
    """Give the finished file its name without ever replacing another one."""
    try:
        os.link(temporary, path)
        return
    except FileExistsError:
        raise
    except OSError:
        pass  # a file system without hard links: reserve the name first
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    temporary.replace(path)
