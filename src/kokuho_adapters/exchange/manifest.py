"""送付状: the list of what one sending consists of, written last; what it does not list does not count (S-13)."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from kokuho_adapters.exchange.plain_names import require_plain
from kokuho_adapters.exchange.staging import Digest
from kokuho_adapters.files.naming import format_timestamp
from kokuho_core.errors import FileRefused, Problem

FORMAT: Final = "kokuho-okurijo"
VERSION: Final = 1
SUFFIX: Final = ".okurijo.json"
MAX_MANIFEST_BYTES: Final = 4 << 20
MAX_FILES: Final = 10_000
MAX_FILE_BYTES: Final = 64 << 30
_PARTY: Final = re.compile(r"[0-9]{6}|[0-9]{8}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9a-f]{16}", re.ASCII)
_TWELVE_DIGITS: Final = re.compile(r"[0-9]{12}", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@frozen
class ListedFile:
    """送付状の一行: one file with what its bytes must be."""

    name: str
    digest: Digest


@frozen
class Manifest:
    """送付状. ``sender`` and ``addressee`` are insurer numbers, ``000000`` is the aggregation; ``created_at`` local time.

    Raises :class:`FileRefused`: KKH-E001 for a wrong part, KKH-E003 for names, KKH-E004 for more than
    ``MAX_FILES`` files or one larger than ``MAX_FILE_BYTES``.
    """

    number: str
    sender: str
    addressee: str
    created_at: datetime
    files: tuple[ListedFile, ...]

    def __attrs_post_init__(self) -> None:
        if not _NUMBER.fullmatch(self.number):
            raise _fault("number")
        if not _PARTY.fullmatch(self.sender) or not _PARTY.fullmatch(self.addressee):
            raise _fault("sender")
        if not self.files:
            raise _fault("files")
        if len(self.files) > MAX_FILES or any(each.digest.size > MAX_FILE_BYTES for each in self.files):
            raise FileRefused(Problem("KKH-E004", field="files"))
        if any(each.digest.size < 0 or not _SHA256.fullmatch(each.digest.sha256) for each in self.files):
            raise _fault("files")
        require_plain([each.name for each in self.files])
        if any(each.name.casefold().endswith(SUFFIX) for each in self.files):
            raise FileRefused(Problem("KKH-E003", field="a manifest in a manifest"))

    @classmethod
    def fresh(cls, sender: str, addressee: str, created_at: datetime, files: tuple[ListedFile, ...]) -> Manifest:
        """With a random number of its own, in which no run of digits could be taken for a 個人番号 (S-20)."""
        number = next(each for each in iter(lambda: secrets.token_hex(8), "") if not _TWELVE_DIGITS.search(each))
        return cls(number, sender, addressee, created_at.replace(microsecond=0, tzinfo=None), files)

    @property
    def name(self) -> str:
        """Its own file name."""
        return f"{self.sender}_{self.addressee}_{format_timestamp(self.created_at)}_{self.number}{SUFFIX}"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its file form: what the receiver remembers it by."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def to_bytes(self) -> bytes:
        """The one file form of this manifest."""
        body = {
            "format": FORMAT,
            "version": VERSION,
            "number": self.number,
            "sender": self.sender,
            "addressee": self.addressee,
            "created_at": self.created_at.isoformat(),
            "files": [
                {"name": each.name, "size": each.digest.size, "sha256": each.digest.sha256} for each in self.files
            ],
        }
        return (json.dumps(body, ensure_ascii=False, indent=1) + "\n").encode("utf-8")

    @classmethod
    def from_bytes(cls, content: bytes) -> Manifest:
        """Reads what :meth:`to_bytes` writes, and nothing else. Raises :class:`FileRefused` (KKH-E001, E003, E004)."""
        if len(content) > MAX_MANIFEST_BYTES:
            raise FileRefused(Problem("KKH-E004", field="manifest"))
        read = None
        with suppress(ValueError, KeyError, TypeError, RecursionError):  # whose messages would show the content
            read = _read(json.loads(content))
        # one form only: no key twice, none too many, so that what was checked is what another reader sees
        if read is None or read.to_bytes() != content:
            raise _fault("form")
        return read


def _read(body: Any) -> Manifest:
    if body["format"] != FORMAT or body["version"] != VERSION:
        raise _fault("version")
    files = tuple(
        ListedFile(_text(each["name"]), Digest(_whole(each["size"]), _text(each["sha256"]))) for each in body["files"]
    )
    created_at = datetime.fromisoformat(_text(body["created_at"]))
    return Manifest(_text(body["number"]), _text(body["sender"]), _text(body["addressee"]), created_at, files)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def _fault(part: str) -> FileRefused:
    return FileRefused(Problem("KKH-E001", field=part))
