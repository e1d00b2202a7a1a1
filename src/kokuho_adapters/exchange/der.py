"""DER: lengths of nested parts, so that a content of any size can pass through as a stream.

Small parts are read and written by :mod:`cryptography.hazmat.asn1`; it wants the whole value in memory, which a package of
some hundred megabytes must not be.
"""

from __future__ import annotations

from typing import IO, Final

from kokuho_core.errors import FileRefused, Problem

SEQUENCE: Final = 0x30
SET: Final = 0x31
OCTETS: Final = 0x04
CONTEXT_0: Final = 0xA0
IMPLICIT_OCTETS_0: Final = 0x80


def damaged(part: str) -> FileRefused:
    """KKH-E006 with the part of the package that is wrong."""
    return FileRefused(Problem("KKH-E006", field=part))


def head(tag: int, length: int) -> bytes:
    """Tag and length of a part of ``length`` bytes."""
    if length < 0x80:
        return bytes((tag, length))
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big")


def part(tag: int, *contents: bytes) -> bytes:
    """A whole part."""
    content = b"".join(contents)
    return head(tag, len(content)) + content


class DerSource:
    """Reads parts one after another from ``source``; a missing byte, another tag or a form that is not DER is KKH-E006."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.position = 0

    def exactly(self, size: int, where: str) -> bytes:
        content = self._source.read(size)
        if len(content) != size:
            raise damaged(where)
        self.position += size
        return content

    def enter(self, tag: int, where: str) -> int:
        """The length of the part that begins here, which must have ``tag``."""
        found, first = self.exactly(2, where)
        if found != tag:
            raise damaged(where)
        if first < 0x80:
            return first
        size = first & 0x7F
        if not 1 <= size <= 7:
            raise damaged(where)  # indefinite, or larger than anything that can be read
        raw = self.exactly(size, where)
        length = int.from_bytes(raw, "big")
        if raw[0] == 0 or length < 0x80:
            raise damaged(where)
        return length

    def whole(self, tag: int, where: str, most: int) -> bytes:
        """One part with tag and length, of at most ``most`` bytes of content."""
        length = self.enter(tag, where)
        if length > most:
            raise damaged(where)
        return head(tag, length) + self.exactly(length, where)
