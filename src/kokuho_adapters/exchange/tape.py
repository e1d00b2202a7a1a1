"""アーカイブ: files one after another in the plainest form of tar, written and read as a stream (S-20).

Only plain files with plain names: no folders, links, sparse files or extended headers, and no compression, so nothing can
grow when it is taken out. Written packages open with any ``tar``.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Protocol

from kokuho_adapters.exchange.plain_names import require_plain
from kokuho_adapters.exchange.staging import BLOCK_BYTES, blocks_of, open_regular
from kokuho_core.errors import FileRefused, Problem

MAX_NAME_BYTES: Final = 99
_RECORD: Final = tarfile.BLOCKSIZE
_MAX_MEMBER_BYTES: Final = 8 << 30
_PLAIN_TYPES: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)


class Source(Protocol):
    """What a tape is read from."""

    def read(self, size: int = -1, /) -> bytes: ...


def tape_of(members: Iterable[tuple[str, int, Path | bytes]]) -> Iterator[bytes]:
    """The blocks of a tape with ``members``: name, size in bytes, and content or where it is.

    Raises :class:`FileRefused` (KKH-E003) for a name of more than ``MAX_NAME_BYTES`` in UTF-8.
    """
    for name, size, content in members:
        yield _header(name, size)
        if isinstance(content, bytes):
            yield content
        else:
            with open_regular(content) as source:
                yield from blocks_of(source)
        yield bytes(-size % _RECORD)
    yield bytes(2 * _RECORD)


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    info.mode = 0o600
    if len(name.encode("utf-8")) > MAX_NAME_BYTES or size >= _MAX_MEMBER_BYTES:
        raise FileRefused(Problem("KKH-E003", field="name too long for a package"))
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")


class Tape:
    """Reads members in turn. Raises :class:`FileRefused`: KKH-E006 no tape, KKH-E003 a name or kind that is not allowed."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def next_member(self) -> tuple[str, int] | None:
        """Name and size of the next member, None at the end; its content must have been read with :meth:`content`."""
        raw = self._exactly(_RECORD)
        if not any(raw):
            self._end()
            return None
        try:
            info = tarfile.TarInfo.frombuf(raw, "utf-8", "strict")
        except (tarfile.HeaderError, ValueError):
            raise _damaged() from None
        if info.type not in _PLAIN_TYPES or not 0 <= info.size < _MAX_MEMBER_BYTES:
            raise FileRefused(Problem("KKH-E003", field="kind"))
        require_plain([info.name])
        return info.name, info.size

    def content(self, size: int) -> Iterator[bytes]:
        """The content of the member just found."""
        left = size
        while left:
            block = self._exactly(min(left, BLOCK_BYTES))
            left -= len(block)
            yield block
        if any(self._exactly(-size % _RECORD)):
            raise _damaged()

    def _end(self) -> None:
        """Behind the last member there are zeros alone, at least one block of them."""
        if any(self._exactly(_RECORD)):
            raise _damaged()
        while block := self._source.read(BLOCK_BYTES):
            if any(block):
                raise _damaged()

    def _exactly(self, size: int) -> bytes:
        block = self._source.read(size)
        if len(block) != size:
            raise _damaged()
        return block


def _damaged() -> FileRefused:
    return FileRefused(Problem("KKH-E006", field="archive"))
