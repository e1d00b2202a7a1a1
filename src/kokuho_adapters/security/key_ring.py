"""鍵束: wrapping keys in one file outside the database; the database holds ids and wrapped keys only (S-9, S-11).

The file is JSON. It names its algorithms, which must be exactly those of the allow-list, and carries a checksum, so that a
damaged key is noticed at the start and not when the first number fails to open. Whoever reads the file together with the
database reads every number: on POSIX it is refused unless its owner alone has access to it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NoReturn

from attrs import field, frozen

from kokuho_adapters.durable_files import sync_file, sync_folder, write_new
from kokuho_adapters.security.algorithms import KEY_BYTES, RING_ALGORITHMS
from kokuho_core.errors import Problem, SetupFault

FORMAT: Final = "kokuho-key-ring"
VERSION: Final = 2

_MAX_FILE_BYTES: Final = 10_000_000
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
    """鍵束: wrapping keys by id. A changed ring is another ring; :meth:`replace` puts it in the place of the file.

    Raises :class:`SetupFault` (KKH-C008) when an id or a material stands twice.
    """

    keys: tuple[SecretKey, ...] = ()
    _by_id: Mapping[str, SecretKey] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if len({key.key_id for key in self.keys}) != len(self.keys):
            raise _fault("key_ids")
        if len({key.material for key in self.keys}) != len(self.keys):
            raise _fault("key_separation")
        object.__setattr__(self, "_by_id", MappingProxyType({key.key_id: key for key in self.keys}))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a KeyRing is not serialised: load it where it is needed")

    @property
    def key_ids(self) -> frozenset[str]:
        return frozenset(self._by_id)

    def get(self, key_id: str) -> SecretKey | None:
        return self._by_id.get(key_id)

    def with_new(self, count: int) -> KeyRing:
        """With ``count`` fresh keys behind the others."""
        return KeyRing((*self.keys, *(SecretKey.generate() for _ in range(count))))

    def without(self, key_ids: Iterable[str]) -> KeyRing:
        gone = set(key_ids)
        return KeyRing(tuple(key for key in self.keys if key.key_id not in gone))

    @classmethod
    def create(cls, path: Path) -> KeyRing:
        """Make an empty ring and its file (mode 0600), complete or not at all.

        Raises :class:`SetupFault` (KKH-C008) when something stands at ``path`` already: a ring is never overwritten,
        because the numbers sealed with it would be lost.
        """
        ring = cls()
        failed = ""
        try:
            _write_first(Path(path), _to_json(ring))
        except FileExistsError:
            failed = "file_exists"
        except OSError:
            failed = "file_not_written"
        if failed:
            raise _fault(failed)
        return ring

    def replace(self, path: Path, *, shred: bool = False) -> None:
        """Put this ring in the place of the file at ``path``, complete or not at all.

        ``shred``: the old file's bytes are overwritten where the system can (POSIX), so that a destroyed key is not read from
        the free space of a disk. Copies, snapshots and worn blocks of a flash memory are out of reach.
        Raises :class:`SetupFault` (KKH-C008).
        """
        failed = False
        try:
            _write_over(Path(path), _to_json(self), shred=shred)
        except OSError:
            failed = True
        if failed:
            raise _fault("file_not_written")

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
        "algorithms": dict(RING_ALGORITHMS),
        "keys": [_key_to_json(key) for key in ring.keys],
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
    if body["algorithms"] != RING_ALGORITHMS:
        raise _fault("algorithms")
    return KeyRing(tuple(_key_from_json(key) for key in body["keys"]))


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


def _write_first(path: Path, content: bytes) -> None:
    """Write ``content`` durably to a file that does not exist yet; :class:`FileExistsError` where one does."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        write_new(temporary, content)
        _publish(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def _write_over(path: Path, content: bytes, *, shred: bool) -> None:
    """Exchange the file at ``path`` for one with ``content``; ``shred``: overwrite what the old one held."""
    path = path.resolve()
    _discard_unfinished(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    with path.open("r+b") as old:
        before = os.fstat(old.fileno())
        try:
            write_new(temporary, content)
            if os.name != "posix":
                old.close()  # here an open file cannot be replaced
            else:
                _keep_owner(temporary, before)
            temporary.replace(path)
            sync_folder(path.parent)
            if shred and not old.closed and os.fstat(old.fileno()).st_nlink == 0:  # a copy by hard link is somebody's
                old.write(bytes(before.st_size))
                sync_file(old)
        finally:
            temporary.unlink(missing_ok=True)


def _discard_unfinished(path: Path) -> None:
    """Keys stand in what a process left that was killed before it gave its file the name, destroyed ones before long."""
    for left in path.parent.iterdir():
        if left.name.startswith(f".{path.name}.") and left.name.endswith(".tmp"):
            with left.open("r+b") as file:
                file.write(bytes(os.fstat(file.fileno()).st_size))
                sync_file(file)
            left.unlink()


def _keep_owner(path: Path, before: os.stat_result) -> None:
    """An administrator who changes the ring must not lock out the service it belongs to."""
    made = path.stat()
    if (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
        os.chown(path, before.st_uid, before.st_gid)


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
