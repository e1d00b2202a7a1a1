"""送信前の走査: no file leaves with a 個人番号 where its layout has none (S-6).

Looked for are twelve digits with a right check digit that stand alone: half-width or full-width, in groups of four, and as
base64 of just those digits. It guards against accidents (a wrong column, a column added while searching for a fault), not
against somebody who hides a number on purpose: what is compressed, encrypted or cut in two cannot be seen.

- A column ``individual_number`` or ``previous_individual_number`` of the file's layout may hold one.
- A column of other digits that may be twelve long (宛名番号 …) holds such values by chance, one in ten. There the file is
  stopped when more than half of its twelve-digit values, and at least three, would be individual numbers.
- Anywhere else, and in every file without a known layout, one is enough.
"""

from __future__ import annotations

import base64
import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Protocol

from attrs import define, field

from kokuho_adapters.exchange.staging import blocks_of, open_regular
from kokuho_adapters.files.layout import Layout, LayoutBook
from kokuho_adapters.files.naming import FileName
from kokuho_core.errors import FileRefused, Problem
from kokuho_core.vocabulary.individual_number import individual_number_problem

PERMITTED: Final = frozenset({"individual_number", "previous_individual_number"})
"""Keys of columns that hold a 個人番号."""

_BY_CHANCE: Final = 3
_LONGEST_LINE: Final = 1 << 20
_LONGEST_FORM: Final = 64

# Most text has none, and a regular expression looks at every byte slowly. So bytes become classes, and the classes of
# twelve digits are looked for as they stand: digits 0, ASCII letters A, all else a comma.
_CLASSES: Final = bytes(
    0x30 if 0x30 <= each <= 0x39 else 0x41 if each < 0x80 and chr(each).isalpha() else 0x2C for each in range(256)
)
_BASE64_CLASSES: Final = bytes(
    0x41 if each < 0x80 and (chr(each).isalnum() or chr(each) in "+/_-") else 0x2C for each in range(256)
)
_ALONE: Final = b",000000000000,"
_GROUPED: Final = b",0000,0000,0000,"
_BASE64: Final = b",AAAAAAAAAAAAAAAA,"
_BASE64_FORM: Final = re.compile(rb"(?:[MNO][DTjz][AEIMQUYcgk][w-z0-5]){4}")
_GROUPED_FORM: Final = re.compile(rb"([ \-\t./])[0-9]{4}\1[0-9]{4}")
_WIDE_DIGIT: Final = rb"\xef\xbc[\x90-\x99]"
_ONE_WIDE: Final = re.compile(_WIDE_DIGIT)
_WIDE_GAP: Final = rb"(?:\xef\xbc\x8d|\xe3\x83\xbc|\xe3\x80\x80|\xe2\x88\x92|\xe2\x80[\x90-\x95]|[ \-])?"
_WIDE: Final = re.compile(
    _WIDE_DIGIT + rb"(?:" + _WIDE_DIGIT + rb"){3}" + _WIDE_GAP
    + rb"(?:" + _WIDE_DIGIT + rb"){4}" + _WIDE_GAP
    + rb"(?:" + _WIDE_DIGIT + rb"){4}(?!" + _WIDE_DIGIT + rb")"
)  # fmt: skip


@define
class _Tally:
    """A column of other digits: how many of its twelve-digit values there are, and how many would be numbers."""

    all: int = 0
    like_numbers: int = 0
    first_line: int = 0


@define
class OutboundScan:
    """走査: of one file, as its bytes pass. ``layout`` is None for a file whose columns are not known.

    ``columns`` of each line are counted as in the open format: the record kind comes before the layout's own.
    """

    _layout: Layout | None
    _lines: int = field(default=0, init=False)
    _tallies: dict[int, _Tally] = field(factory=dict, init=False)

    def see(self, text: bytes) -> None:
        """Look through whole lines in UTF-8. Raises :class:`FileRefused` (KKH-E009) with line and column, never a value."""
        framed = b",%b," % text
        classes = framed.translate(_CLASSES)
        if _ALONE in classes:
            self._judge(framed, _places(classes, _ALONE), _plain)
        if _GROUPED in classes:
            self._judge(framed, _places(classes, _GROUPED), _grouped)
        if _BASE64 in framed.translate(_BASE64_CLASSES):
            self._judge(framed, _places(framed.translate(_BASE64_CLASSES), _BASE64), _decoded)
        if b"\xef\xbc" in framed:
            self._judge(framed, (match.start() for match in _WIDE.finditer(framed)), _wide)
        self._lines += text.count(b"\n")

    def finish(self) -> None:
        """Judge the columns of other digits as a whole. Raises :class:`FileRefused` (KKH-E009)."""
        for column, tally in self._tallies.items():
            if tally.like_numbers >= _BY_CHANCE and 2 * tally.like_numbers > tally.all:
                raise _found(tally.first_line, self._key(column))

    def _judge(self, framed: bytes, places: Iterable[int], digits_at: _Digits) -> None:
        for place in places:
            digits = digits_at(framed, place)
            if digits is None:
                continue
            like_number = individual_number_problem(digits) is None
            if not like_number and digits_at is not _plain:
                continue
            column = self._column(framed, place)
            if self._is_permitted(column):
                continue
            if digits_at is not _plain or not self._is_other_digits(column):
                if like_number:
                    raise _found(self._line(framed, place), self._key(column))
                continue
            tally = self._tallies.setdefault(column, _Tally())
            tally.all += 1
            if like_number:
                tally.like_numbers += 1
                tally.first_line = tally.first_line or self._line(framed, place)

    def _line(self, framed: bytes, place: int) -> int:
        return self._lines + framed.count(b"\n", 0, place) + 1

    def _column(self, framed: bytes, place: int) -> int:
        """Which column of a data record ``place`` stands in, 0 where columns are not known."""
        if self._layout is None:
            return 0
        start = max(framed.rfind(b"\n", 0, place) + 1, 1)
        if not framed.startswith(b"2,", start):
            return 0
        before = framed[start:place]
        if b'"' not in before:
            return before.count(b",")
        return len(next(csv.reader([before.decode("latin-1")]))) - 1

    def _is_permitted(self, column: int) -> bool:
        return self._key(column) in PERMITTED

    def _is_other_digits(self, column: int) -> bool:
        if self._layout is None or not 1 <= column <= len(self._layout.fields):
            return False
        item = self._layout.fields[column - 1]
        return item.type in ("digits", "int") and (item.length or item.max_length or 0) >= 12

    def _key(self, column: int) -> str:
        if self._layout is None or not 1 <= column <= len(self._layout.fields):
            return ""
        return self._layout.fields[column - 1].key


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
    for block in blocks:
        kept += block
        end = kept.rfind(b"\n") + 1
        if end:
            yield _as_utf8(kept[:end])
            kept = kept[end:]
        elif len(kept) > _LONGEST_LINE:
            yield _as_utf8(kept)
            kept = kept[-_LONGEST_FORM:]
    if kept:
        yield _as_utf8(kept)


def _as_utf8(raw: bytes) -> bytes:
    if b"\0" in raw:
        raw = raw.replace(b"\0", b"")  # digits of UTF-16 stand apart by these
    if raw.isascii():
        return raw
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp932", "replace").encode("utf-8")
    return raw


# --- forms of a number ---


class _Digits(Protocol):
    """Reads the twelve digits that begin at a place, None where there is no such form after all."""

    def __call__(self, framed: bytes, place: int, /) -> str | None: ...


def _places(classes: bytes, form: bytes) -> Iterator[int]:
    """Where ``form`` stands; its last comma may be the first of the next."""
    place = classes.find(form)
    while place >= 0:
        yield place + 1
        place = classes.find(form, place + 1)


def _plain(framed: bytes, place: int) -> str | None:
    return framed[place : place + 12].decode("ascii")


def _grouped(framed: bytes, place: int) -> str | None:
    if not _GROUPED_FORM.fullmatch(framed, place + 4, place + 14):
        return None
    return (framed[place : place + 4] + framed[place + 5 : place + 9] + framed[place + 10 : place + 14]).decode("ascii")


def _decoded(framed: bytes, place: int) -> str | None:
    if not _BASE64_FORM.fullmatch(framed, place, place + 16):
        return None
    return base64.b64decode(framed[place : place + 16]).decode("ascii")


def _wide(framed: bytes, place: int) -> str | None:
    if _ONE_WIDE.fullmatch(framed, max(place - 3, 0), place):
        return None  # the end of a longer number
    digits = unicodedata.normalize("NFKC", framed[place : place + _LONGEST_FORM].decode("utf-8", "ignore"))
    return "".join(each for each in digits if each.isdecimal())[:12]


def _found(line: int, key: str) -> FileRefused:
    return FileRefused(Problem("KKH-E009", line, key))
