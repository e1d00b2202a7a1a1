"""送信前の走査: no file leaves with a 個人番号 where its layout has none (S-6).

Looked for are twelve digits with a right check digit that stand alone: half-width or full-width, in groups of four, and as
base64 of just those digits. It guards against accidents (a wrong column, a column added while searching for a fault), not
against somebody who hides a number on purpose: what is compressed, encrypted or cut in two cannot be seen.

- A column ``individual_number`` or ``previous_individual_number`` of the file's layout may hold one.
- A column of other digits that may be twelve long (宛名番号 …) holds such values by chance, one in ten. There the file is
  stopped when more than half of its different twelve-digit values would be individual numbers, and chance does so less than once
  in ten million columns: of seven values all, of twenty-six fourteen. A prefecture sends about a thousand such columns a day,
  many of them with a few people, and several rows of one person are one value.
- Anywhere else, and in every file without a known layout, one is enough.
"""

from __future__ import annotations

import base64
import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from math import log
from typing import Final

from attrs import define, field

from kokuho_adapters.files.layout import Field, Layout
from kokuho_adapters.files.values import INDIVIDUAL_NUMBER_KEYS
from kokuho_core.errors import FileRefused, Problem
from kokuho_core.vocabulary.individual_number import individual_number_problem

_BY_CHANCE: Final = 0.1
_ALARM_BY_CHANCE: Final = 1e-7
_ROUNDING: Final = 1e-9
_MOST_KEPT: Final = 10_000
"""Different values of a column that are kept apart; so many more than chance explains would have been found among them."""
_JUDGED: Final = 50
_EACH: Final = 10
LONGEST_FORM: Final = 64
"""No form of a number is longer, in bytes of UTF-8."""

# Most text has none, and a regular expression looks at every byte slowly. So bytes become classes, and the classes of
# twelve digits are looked for as they stand: digits 0, letters that begin three digits in base64 a (first) and b (second),
# other ASCII letters A, all else a comma.
_CLASSES: Final = bytes(
    0x30 if chr(each).isdecimal() else ord("a") if chr(each) in "MNO" else ord("b") if chr(each) in "DTjz"
    else ord("A") if chr(each).isalpha() else ord(",")
    for each in range(0x80)
) + b"," * 0x80  # fmt: skip
_ALONE: Final = b",000000000000,"
_GROUPED: Final = b",0000,0000,0000,"
_BASE64: Final = b"ab"
_BASE64_FORM: Final = re.compile(rb"(?<![A-Za-z0-9+/_-])(?:[MNO][DTjz][AEIMQUYcgk][w-z0-5]){4}(?![A-Za-z0-9+/_=-])")
_GROUPED_FORM: Final = re.compile(rb"([ \-\t./])[0-9]{4}\1[0-9]{4}")
_WIDE_DIGIT: Final = rb"\xef\xbc[\x90-\x99]"
_WIDE_START: Final = b"\xef\xbc"
_ONE_WIDE: Final = re.compile(_WIDE_DIGIT)
_WIDE_GAP: Final = rb"(?:\xef\xbc\x8d|\xe3\x83\xbc|\xe3\x80\x80|\xe2\x88\x92|\xe2\x80[\x90-\x95]|[ \-])?"
_WIDE: Final = re.compile(
    _WIDE_DIGIT + rb"(?:" + _WIDE_DIGIT + rb"){3}" + _WIDE_GAP
    + rb"(?:" + _WIDE_DIGIT + rb"){4}" + _WIDE_GAP
    + rb"(?:" + _WIDE_DIGIT + rb"){4}(?!" + _WIDE_DIGIT + rb")"
)  # fmt: skip


@define
class _Tally:
    """A column of other digits: how many different twelve-digit values it has, and how many of them would be numbers."""

    all: int = 0
    like_numbers: int = 0
    first_line: int = 0
    _known: set[str] = field(factory=set, init=False, repr=False)

    def count(self, value: str, line: int) -> None:
        """``value`` stands on ``line``."""
        if value in self._known:
            return
        if len(self._known) < _MOST_KEPT:
            self._known.add(value)
        self.all += 1
        if individual_number_problem(value) is None:
            self.like_numbers += 1
            self.first_line = self.first_line or line

    def are_numbers(self) -> bool:
        """More than half of them are like numbers, and that is no chance (the bound of Chernoff for independent values)."""
        if 2 * self.like_numbers <= self.all:
            return False
        share = self.like_numbers / self.all
        distance = share * log(share / _BY_CHANCE)
        if share < 1:
            distance += (1 - share) * log((1 - share) / (1 - _BY_CHANCE))
        return self.all * distance >= -log(_ALARM_BY_CHANCE) - _ROUNDING


@define
class OutboundScan:
    """走査: of one file, as its bytes pass. ``layout`` is None for a file whose columns are not known.

    ``columns`` of each line are counted as in the open format: the record kind comes before the layout's own.
    """

    _layout: Layout | None
    _lines: int = field(default=0, init=False)
    _tallies: dict[str, _Tally] = field(factory=dict, init=False)

    def see(self, text: bytes) -> None:
        """Look through whole lines in UTF-8. Raises :class:`FileRefused` (KKH-E009) with line and column, never a value."""
        framed = b",%b," % text
        for place, digits, is_plain in _twelve_digits(framed):
            like_number = individual_number_problem(digits) is None
            if not like_number and not is_plain:
                continue
            item = self._field(framed, place)
            if item is not None and item.key in INDIVIDUAL_NUMBER_KEYS:
                continue
            if not is_plain or item is None or not _holds_other_digits(item):
                if like_number:
                    raise _found(self._line(framed, place), item.key if item else "")
                continue
            self._tallies.setdefault(item.key, _Tally()).count(digits, self._line(framed, place))
        self._lines += text.count(b"\n")

    def finish(self) -> None:
        """Judge the columns of other digits as a whole. Raises :class:`FileRefused` (KKH-E009)."""
        _judge(self._tallies)

    def _line(self, framed: bytes, place: int) -> int:
        return self._lines + framed.count(b"\n", 0, place) + 1

    def _field(self, framed: bytes, place: int) -> Field | None:
        """Which field of a data record ``place`` stands in, None where that is not known."""
        if self._layout is None:
            return None
        start = max(framed.rfind(b"\n", 0, place) + 1, 1)
        if not framed.startswith(b"2,", start):
            return None
        before = framed[start:place]
        column = before.count(b",")
        if b'"' in before:
            column = len(next(csv.reader([before.decode("latin-1")]))) - 1
        return self._layout.fields[column - 1] if 1 <= column <= len(self._layout.fields) else None


OtherDigits = Mapping[str, Sequence[tuple[int, str]]]
"""Values of columns of other digits that are twelve long, with the lines they stand on: those of some records that are judged."""


@define
class ColumnScan:
    """走査: of a file while it is written, column by column, which costs little: most types of column can hold no number.

    Of a column of other digits that fills many records a part is judged: the first of each batch, and then each tenth.
    ``aside`` leaves out what all records together show: what :meth:`set_aside` gives is for another scan to :meth:`count`.
    """

    _aside: bool = False
    _tallies: dict[str, _Tally] = field(factory=dict, init=False)
    _values: dict[str, list[tuple[int, str]]] = field(factory=dict, init=False, repr=False)

    def see(self, item: Field, values: Sequence[str], first: int) -> None:
        """Look through one column of some records, of which the first is on line ``first``. Raises as ``OutboundScan``."""
        if item.type == "text":
            if _has_number(",".join(values)):
                self._refuse(item, values, first)
        elif _holds_other_digits(item):
            places = chain(range(min(_JUDGED, len(values))), range(_JUDGED, len(values), _EACH))
            judged = [(first + place, values[place]) for place in places if len(values[place]) == 12]
            if self._aside:
                self._values[item.key] = judged
            else:
                self.count({item.key: judged})

    def set_aside(self) -> OtherDigits:
        """What was seen since the last time."""
        values, self._values = self._values, {}
        return values

    def count(self, judged: OtherDigits) -> None:
        """Of records that another scan looked through."""
        for key, values in judged.items():
            tally = self._tallies.setdefault(key, _Tally())
            for line, value in values:
                tally.count(value, line)

    def finish(self) -> None:
        """Judge the columns of other digits as a whole. Raises :class:`FileRefused` (KKH-E009)."""
        _judge(self._tallies)

    @staticmethod
    def _refuse(item: Field, values: Sequence[str], first: int) -> None:
        """Which record it is; a form that only two values together make is none."""
        for line, value in enumerate(values, first):
            if _has_number(value):
                raise _found(line, item.key)


def _has_number(text: str) -> bool:
    framed = b",%b," % text.encode("utf-8", "replace")
    return any(individual_number_problem(digits) is None for _, digits, _ in _twelve_digits(framed))


def _holds_other_digits(item: Field) -> bool:
    """Whether a column of digits that are no 個人番号 may be twelve long."""
    is_long = (item.length or item.max_length or 0) >= 12
    return item.type in ("digits", "int") and item.key not in INDIVIDUAL_NUMBER_KEYS and is_long


def _judge(tallies: Mapping[str, _Tally]) -> None:
    for key, tally in tallies.items():
        if tally.are_numbers():
            raise _found(tally.first_line, key)


# --- forms of a number ---


def _twelve_digits(framed: bytes) -> Iterator[tuple[int, str, bool]]:
    """Everything that has the form of a number: where, its digits, and whether they stand there plainly."""
    classes = framed.translate(_CLASSES)
    if _ALONE in classes:
        for place in _places(classes, _ALONE):
            yield place, framed[place : place + 12].decode("ascii"), True
    if _GROUPED in classes:
        for place in _places(classes, _GROUPED):
            if _GROUPED_FORM.fullmatch(framed, place + 4, place + 14):
                groups = (framed[place + start : place + start + 4] for start in (0, 5, 10))
                yield place, b"".join(groups).decode("ascii"), False
    if _BASE64 in classes:
        for match in _BASE64_FORM.finditer(framed):
            yield match.start(), base64.b64decode(match[0]).decode("ascii"), False
    if _WIDE_START in framed:
        for match in _WIDE.finditer(framed):
            if not _ONE_WIDE.fullmatch(framed, max(match.start() - 3, 0), match.start()):
                text = unicodedata.normalize("NFKC", match[0].decode("utf-8"))
                yield match.start(), "".join(each for each in text if each.isdecimal()), False


def _places(classes: bytes, form: bytes) -> Iterator[int]:
    """Where ``form`` stands; its last comma may be the first of the next."""
    place = classes.find(form)
    while place >= 0:
        yield place + 1
        place = classes.find(form, place + 1)


def _found(line: int, key: str) -> FileRefused:
    return FileRefused(Problem("KKH-E009", line, key))
