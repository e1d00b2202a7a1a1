"""送信前のファイルの走査: a file on disk, in whatever encoding, before it leaves by folder, medium or SFTP (S-6).

What is looked for is said in :mod:`kokuho_adapters.files.outbound_scan`.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from kokuho_adapters.exchange.staging import blocks_of, open_regular
from kokuho_adapters.files.layout import Layout, LayoutBook
from kokuho_adapters.files.naming import FileName
from kokuho_adapters.files.outbound_scan import LONGEST_FORM, OutboundScan
from kokuho_core.errors import FileRefused

_LONGEST_LINE: Final = 1 << 20


def scan_file(path: Path, book: LayoutBook, name: str | None = None) -> None:
    """Look through a file on disk under its own ``name`` (as given by ``path`` if None), whatever its encoding.

    Raises :class:`FileRefused`: KKH-E009 for a number, KKH-F015 when it cannot be read.
    """
    scan: OutboundScan | None = None
    with open_regular(path) as source:
        for lines in _whole_lines(blocks_of(source)):
            if scan is None:
                scan = OutboundScan(_layout_of(name or path.name, lines, book))
            scan.see(lines)
    if scan is not None:
        scan.finish()


def _layout_of(name: str, start: bytes, book: LayoutBook) -> Layout | None:
    """The layout that both the name and the control record speak of."""
    try:
        file_id = FileName.parse(name).file_id
    except FileRefused:
        return None
    control = start.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].split(b",")
    if len(control) < 3 or control[0] != b"1" or control[1] != file_id.encode("ascii"):
        return None
    return book.get(file_id, control[2].decode("ascii", "replace"))


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """``blocks`` cut at line ends, as UTF-8. What has no line ends is cut with an overlap no number can hide in."""
    kept = b""
    for block in _without_utf16(blocks):
        kept += block
        end = kept.rfind(b"\n") + 1
        if end:
            yield _as_utf8(kept[:end])
            kept = kept[end:]
        elif len(kept) > _LONGEST_LINE:
            yield _as_utf8(kept)
            kept = kept[-LONGEST_FORM:]
    if kept:
        yield _as_utf8(kept)


def _without_utf16(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """A file that begins with the mark of UTF-16 is read as that; a zero byte elsewhere stands between its digits too."""
    decoder: codecs.IncrementalDecoder | None = None
    for number, block in enumerate(blocks):
        if number == 0 and block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            decoder = codecs.getincrementaldecoder("utf-16")("replace")
        if decoder is not None:
            yield decoder.decode(block).encode("utf-8", "replace")
        else:
            yield block.replace(b"\0", b"")


def _as_utf8(raw: bytes) -> bytes:
    if raw.isascii():
        return raw
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp932", "replace").encode("utf-8")
    return raw
