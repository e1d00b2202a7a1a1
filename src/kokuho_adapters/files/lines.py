"""行: strict streaming of raw bytes into decoded lines (S-16 … S-18).

Checks run over many lines at once; only where one fails are they searched line by line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from attrs import define, field

from kokuho_adapters.files import cp932

MAX_LINE: Final = 1 << 20
"""Longest line in bytes; a longer one is no record of any layout (KKH-F017)."""

_MAX_RECORD_LINES: Final = 1000
"""A record over more lines is an open quote swallowing the file; no record of any layout needs a second line."""
_PIECE: Final = 1 << 16
_BOM: Final = b"\xef\xbb\xbf"
_END_LINE: Final = re.compile(rb"9,[0-9]+\r\n")


class Broken(Exception):
    """The structure is broken: the code alone. The reader knows the record it happened in."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@define
class LineSource:
    """Iterates the lines of a file, each without its LF but with its CR, so that a quoted line end stays visible.

    ``plain`` says of the lines given out last that they hold no quote, control or private-use character, and no other code.
    ``drawn`` collects the lines that hold a quote until the reader has taken the record they belong to. ``other_codes``
    is the line given out last where some of its characters stand in other codes of CP932 than Windows writes, else empty.
    When all lines are given out (``is_finished``), ``rest`` is what stands after the last CRLF. ``ends_with_end`` says
    whether the last line has the form of an end record.
    """

    _blocks: Iterator[bytes]
    _encoding: str
    plain: bool = False
    drawn: list[str] = field(factory=list)
    other_codes: bytes = b""
    rest: bytes = b""
    ends_with_end: bool = False
    is_finished: bool = False

    def __iter__(self) -> Iterator[str]:
        codec = "utf-8" if self._encoding == "utf-8-sig" else self._encoding
        first = True
        for raw in self._whole_lines():
            if first and codec == "utf-8" and raw.startswith(_BOM):
                if self._encoding == "utf-8":
                    raise Broken("KKH-F009")
                raw = raw[len(_BOM) :]
            first = False
            text = _decoded(raw, codec) if _is_clean(raw) else None
            if text is not None:
                if codec == cp932.CODEC and not cp932.is_as_windows_writes(raw, text):
                    yield from self._given_with_codes(raw)
                else:
                    yield from self._given(text)
                continue
            # Something is wrong in these lines: give out the good ones before it, so that its record is known.
            for line in raw.split(b"\n")[:-1]:
                code = _fault_of(line, codec)
                if code is not None:
                    raise Broken(code)
                yield from self._given(line.decode(codec) + "\n")
        self.is_finished = True

    def _given_with_codes(self, raw: bytes) -> Iterator[str]:
        for line in raw.split(b"\n")[:-1]:
            text = line.decode(cp932.CODEC)
            self.other_codes = b"" if cp932.is_as_windows_writes(line, text) else line
            yield from self._given(text + "\n")
        self.other_codes = b""

    def _given(self, text: str) -> Iterator[str]:
        # The full-width space is the only character of ordinary names that str.isprintable() refuses.
        self.plain = not self.other_codes and text.replace("\r\n", "").replace("\u3000", "").isprintable()
        lines = text.split("\n")
        lines.pop()
        if '"' not in text and not self.drawn:
            yield from lines
            return
        self.plain = False
        for line in lines:
            if '"' in line or self.drawn:
                self.drawn.append(line)
                if len(self.drawn) > _MAX_RECORD_LINES:
                    raise Broken("KKH-F008")
            yield line

    def _whole_lines(self) -> Iterator[bytes]:
        """The file in pieces that end with LF; the remainder is left in ``rest``."""
        pending: list[bytes] = []
        size, due = 0, _PIECE
        for piece in self._pieces():
            pending.append(piece)
            size += len(piece)
            if size < due:
                continue
            joined = b"".join(pending)
            cut = joined.rfind(b"\n") + 1
            if cut:
                yield self._seen(joined[:cut])
            pending, size = [joined[cut:]], size - cut
            if size > MAX_LINE:
                raise Broken("KKH-F017")
            due = size + _PIECE
        joined = b"".join(pending)
        cut = joined.rfind(b"\n") + 1
        if cut:
            yield self._seen(joined[:cut])
        self.rest = joined[cut:]

    def _pieces(self) -> Iterator[bytes]:
        """The blocks, large ones in pieces: a block is as large as its source likes."""
        for block in self._blocks:
            if len(block) <= _PIECE:
                yield block
            else:
                yield from (block[at : at + _PIECE] for at in range(0, len(block), _PIECE))

    def _seen(self, raw: bytes) -> bytes:
        self.ends_with_end = bool(_END_LINE.fullmatch(raw, raw.rfind(b"\n", 0, -1) + 1))
        return raw


def _is_clean(raw: bytes) -> bool:
    """Whether every CR and LF of whole lines belongs to a CRLF, with no NUL and no line that may be too long."""
    if len(raw) > MAX_LINE:
        return False
    ends = raw.count(b"\r\n")
    return ends == raw.count(b"\n") and ends == raw.count(b"\r") and b"\0" not in raw


def _decoded(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None


def _fault_of(line: bytes, codec: str) -> str | None:
    """What is wrong with one line, which stands here without its LF."""
    if len(line) > MAX_LINE:
        return "KKH-F017"
    if b"\r" not in line and b"\0" not in line:
        return "KKH-F016"
    if not line.endswith(b"\r") or line.count(b"\r") != 1 or b"\0" in line:
        return "KKH-F008"
    return "KKH-F010" if _decoded(line, codec) is None else None
