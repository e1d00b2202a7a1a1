"""COPYの文字列: rows in the text format of COPY, made a column at a time; by whichever process has the time for it.

The driver would convert value by value, in the process that has the transaction.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from attrs import field, frozen
from sqlalchemy import Table

from kokuho_adapters.known_results import DAYS, MOMENTS, KnownResults

_NULL: Final = r"\N"
_SPECIAL: Final = re.compile(r"[\\\t\n\r]")
_ESCAPED: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


@frozen
class CopyText:
    """Rows as COPY takes them: the values of ``columns``, in their order."""

    columns: tuple[str, ...]
    rows: int
    text: bytes = field(repr=False)


def copy_text(table: Table, values: Mapping[str, Sequence[Any]]) -> CopyText:
    """Rows given a column at a time, of which there is at least one, each value of its column's own type or None."""
    columns = [_WRITING[table.c[name].type.python_type](each) for name, each in values.items()]
    lines = list(map("\t".join, zip(*columns, strict=True)))
    lines.append("")
    return CopyText(tuple(values), len(lines) - 1, "\n".join(lines).encode())


def _texts(values: Sequence[Any]) -> Sequence[str]:
    there = "".join(filter(None, values))
    if _SPECIAL.search(there):
        values = [None if each is None else each.translate(_ESCAPED) for each in values]
    return _or_null(values)


def _or_null(values: Sequence[Any]) -> Sequence[str]:
    return values if None not in values else [_NULL if each is None else each for each in values]


def _each(convert: Callable[[Any], str]) -> Callable[[Sequence[Any]], Sequence[str]]:
    return lambda values: [_NULL if each is None else convert(each) for each in values]


def _known(convert: Callable[[Any], str], most: int) -> Callable[[Sequence[Any]], Sequence[str]]:
    known = KnownResults(lambda value: _NULL if value is None else convert(value), most).__getitem__
    return lambda values: list(map(known, values))


_WRITING: Final[Mapping[type[Any], Callable[[Sequence[Any]], Sequence[str]]]] = {
    str: _texts,
    int: _each(str),
    bool: _each(lambda value: "t" if value else "f"),
    bytes: _each(lambda value: rf"\\x{value.hex()}"),
    date: _known(date.isoformat, DAYS),
    datetime: _known(lambda value: value.isoformat(" "), MOMENTS),
}
"""By the type of a column's values."""
