"""行の文字列: a frozen attrs row as a JSON list in the order of its attributes, and back; days and months as text."""

from __future__ import annotations

import typing
from collections.abc import Callable, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar

import orjson
from attrs import fields

from kokuho_adapters.known_results import KnownResults
from kokuho_core.vocabulary.month import Month

Row = TypeVar("Row")
_Texts = Sequence[str | None]


def _known(convert: Callable[[str], Any]) -> Callable[[_Texts], list[Any]]:
    """The same few thousand days occur everywhere."""
    known = KnownResults(lambda text: None if text is None else convert(text)).__getitem__
    return lambda texts: list(map(known, texts))


def _moments(texts: _Texts) -> list[Any]:
    """Moments seldom occur twice, so none is kept."""
    return [None if text is None else datetime.fromisoformat(text) for text in texts]


_FROM_TEXT: Final[tuple[tuple[type[Any], Callable[[_Texts], list[Any]]], ...]] = (
    (datetime, _moments),
    (date, _known(date.fromisoformat)),
    (Month, _known(Month.parse)),
)


class RowText(Generic[Row]):
    """Rows of one class to text and back."""

    def __init__(self, kind: type[Row]) -> None:
        keys = tuple(attribute.name for attribute in fields(typing.cast(Any, kind)))
        hints = typing.get_type_hints(kind)
        self.keys: Final = keys
        self._kind = kind
        self._values = attrgetter(*keys)
        self._typed: list[tuple[int, Callable[[_Texts], list[Any]]]] = []
        for position, key in enumerate(keys):
            types = (hints[key], *typing.get_args(hints[key]))
            self._typed += [(position, from_text) for each, from_text in _FROM_TEXT if each in types]

    def dump(self, row: Row) -> str:
        return orjson.dumps(self._values(row), str).decode()  # days are written as ISO text, months by str()

    def load(self, text: str) -> Row:
        return self._kind(*self.values(text))

    def load_all(self, texts: Sequence[str | None]) -> list[Row | None]:
        """Many rows, some of which may be missing: quicker than row by row."""
        there = [text for text in texts if text is not None]
        rows = map(self._kind, *self.columns(there)) if there else iter(())
        return [None if text is None else next(rows) for text in texts]

    def values(self, text: str) -> list[Any]:
        """The row's values alone, in the order of its attributes."""
        values: list[Any] = orjson.loads(text)
        for position, from_text in self._typed:
            if values[position] is not None:
                [values[position]] = from_text((values[position],))
        return values

    def columns(self, texts: Sequence[str]) -> list[Sequence[Any]]:
        """The values of many rows, which are at least one, for each attribute: that is quicker than row by row."""
        columns = self.kept_columns(texts)
        for position, from_text in self._typed:
            if columns[position].count(None) < len(texts):  # most days of most rows are absent
                columns[position] = from_text(columns[position])
        return columns

    @staticmethod
    def kept_columns(texts: Sequence[Any]) -> list[Sequence[Any]]:
        """As :meth:`columns`, with days, months and moments in ISO text, as they are kept; of texts, or of their bytes."""
        rows = b"[%b]" % b",".join(texts) if isinstance(texts[0], bytes) else f"[{','.join(texts)}]"
        return list(zip(*orjson.loads(rows), strict=True))
