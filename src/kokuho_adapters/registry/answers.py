"""応答の値: what comes back, from the texts of its layout to the tuples of the port, strictly (S-18)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, Final

from kokuho_adapters.files.layout import Layout, LayoutBook
from kokuho_adapters.files.values import CONTROL, FieldFault, compile_column, compile_field
from kokuho_core.errors import FileRefused, Problem, SetupFault
from kokuho_core.ports.registry import (
    CardRegistration,
    DuplicateCover,
    Exchange,
    RegistrationResult,
    ShownRecord,
    SymbolResult,
    WithdrawalResult,
)

RESULT_FILE: Final = {
    Exchange.REGISTRATION: "KANKEKKA",
    Exchange.CARD_WITHDRAWAL: "KAIJOKEKKA",
    Exchange.INSTITUTION_SYMBOL: "FUGOKEKKA",
}
"""The file id of the results of each exchange."""
SHOWN: Final = "SHOKAIKEKKA"
CARDS: Final = "RIYOTO"
DUPLICATES: Final = "CHOFUKU"
SHAPES: Final[Mapping[str, Any]] = {
    "KANKEKKA": RegistrationResult,
    "KAIJOKEKKA": WithdrawalResult,
    "FUGOKEKKA": SymbolResult,
    SHOWN: ShownRecord,
    CARDS: CardRegistration,
    DUPLICATES: DuplicateCover,
}
"""What one record of each file becomes."""


def layout_in(book: LayoutBook, file_id: str) -> Layout:
    """The newest layout of ``file_id``. Raises :class:`SetupFault` (KKH-F002)."""
    layout = book.newest(file_id)
    if layout is None:
        raise SetupFault(Problem("KKH-F002", field=file_id))
    return layout


class AnswerReader:
    """Reads the rows of one layout as tuples of its shape, a column at a time."""

    def __init__(self, layout: Layout) -> None:
        self._layout: Final = layout
        self._columns: Final = [
            compile_column(item, compile_field(item, layout.is_inclusive)) for item in layout.fields
        ]
        self._shape: Final = SHAPES[layout.id]
        place_of = {key: place for place, key in enumerate(layout.keys)}
        self._places: Final = [place_of.get(key) for key in self._shape._fields]

    def read(self, rows: Any) -> Iterator[Any]:
        """Raises :class:`FileRefused` (KKH-K106) with the layout key, never with a value; nothing is given out before."""
        if not isinstance(rows, list) or not self._are_rows(rows):
            raise FileRefused(Problem("KKH-K106", field=self._layout.id))
        if not rows:
            return iter(())
        columns: list[Sequence[Any]] = []
        wrong = ""
        for item, parse, texts in zip(self._layout.fields, self._columns, zip(*rows, strict=True), strict=True):
            try:
                if set(map(type, texts)) != {str}:
                    raise FieldFault("KKH-V010")
                if item.type == "text" and CONTROL.search("".join(texts)):
                    raise FieldFault("KKH-V010")
                columns.append(parse(texts))
            except FieldFault:
                wrong = item.key
                break
        if wrong:
            raise FileRefused(Problem("KKH-K106", field=f"{self._layout.id}: {wrong}"))
        picked: list[Iterable[Any]] = [
            repeat(None, len(rows)) if place is None else columns[place] for place in self._places
        ]
        return map(self._shape._make, zip(*picked, strict=True))

    def _are_rows(self, rows: list[Any]) -> bool:
        return {list}.issuperset(map(type, rows)) and {len(self._layout.fields)}.issuperset(map(len, rows))
