"""記録の点検: the texts of records against their layout, a column at a time, and the characters the receiver can hold (S-17)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from kokuho_adapters.files.layout import Field, Layout
from kokuho_adapters.files.values import CONTROL, PRIVATE_USE, FieldFault, Parse, compile_column, compile_field

_CODECS: Final[Mapping[str, tuple[str, ...]]] = {"unicode": ("utf-8",), "jis": ("cp932", "euc_jis_2004")}
"""What can be held, 外字 apart: a character that one of these can write."""

Fault = tuple[str, str]
"""Code and layout key."""


class RecordCheck:
    """点検 of the records of one layout. A fault is told as code and layout key, never with the value."""

    def __init__(self, layout: Layout, characters: str = "unicode") -> None:
        self._codecs: Final = _CODECS[characters]
        self._fields: Final = layout.fields
        self._parsers: Final = [compile_field(item, layout.is_inclusive) for item in layout.fields]
        self._columns: Final = [
            compile_column(item, parse) for item, parse in zip(self._fields, self._parsers, strict=True)
        ]

    def faults(self, rows: Sequence[Sequence[str]]) -> list[Fault | None]:
        """For each record, whose texts stand in the order of the layout, the first fault or None."""
        if rows and self._all_right(rows):
            return [None] * len(rows)
        return [self._fault_of(row) for row in rows]

    def _all_right(self, rows: Sequence[Sequence[str]]) -> bool:
        try:
            for item, check, column in zip(self._fields, self._columns, zip(*rows, strict=True), strict=True):
                check(column)
                if item.type == "text" and _character_fault("".join(column), self._codecs) is not None:
                    return False
        except FieldFault:
            return False
        return True

    def _fault_of(self, row: Sequence[str]) -> Fault | None:
        for item, parse, text in zip(self._fields, self._parsers, row, strict=True):
            code = _fault_in(item, parse, text, self._codecs)
            if code is not None:
                return code, item.key
        return None


def _fault_in(item: Field, parse: Parse, text: str, codecs: tuple[str, ...]) -> str | None:
    if not text:
        return "KKH-V001" if item.required else None
    if item.type == "text":
        code = _character_fault(text, codecs)
        if code is not None:
            return code
    try:
        parse(text)
    except FieldFault as fault:
        return fault.code
    return None


def _character_fault(text: str, codecs: tuple[str, ...]) -> str | None:
    if text.isascii() and text.isprintable():
        return None
    if CONTROL.search(text):
        return "KKH-V010"
    if PRIVATE_USE.search(text):
        return "R007"
    if any(_can_encode(text, codec) for codec in codecs):
        return None
    return None if all(any(_can_encode(each, codec) for codec in codecs) for each in set(text)) else "R007"


def _can_encode(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
