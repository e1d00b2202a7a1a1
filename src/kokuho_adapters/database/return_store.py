"""返却レコードの保管, as JSON lists in the order of the row's attributes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, bindparam, case, delete, select

from kokuho_adapters.database.rounds import NEXT_RETURN, ReturnRounds, next_round, return_round_of
from kokuho_adapters.database.row_text import RowText
from kokuho_adapters.database.statements import batches, bulk_insert, one_of, streamed, upsert
from kokuho_adapters.database.tables import return_round, returned_row
from kokuho_core.ports.stores import NewRows
from kokuho_core.returning.rows import ROW_TYPES, ReturnKey, Row
from kokuho_core.vocabulary.identifiers import InsurerNumber

_row = returned_row.c
RETURNED_COLUMNS: Final = ("subject", "file_id", "insurer_number", "item", "stands", "told", "waits_in")
_AS_IT_STANDS: Final = "="
"""``told`` of nearly every row: what stands, which is not kept twice."""


def _told(next_one: Any) -> Any:
    """What was told last, which is kept only where it is not what went in an earlier round than ``next_one``."""
    return case((_row.waits_in < next_one, _AS_IT_STANDS), else_=_row.told).label("told")


# Made once: to put a statement together costs more than to execute it for a municipality that is told little.
_OF_ONE_FILE: Final = (_row.insurer_number == bindparam("insurer"), _row.file_id == bindparam("file"))
_NEXT: Final = next_round(return_round, bindparam("insurer"), bindparam("file"))
_STANDING: Final = select(_row.stands, _told(_NEXT)).where(*_OF_ONE_FILE).order_by(_row.subject, _row.item)
_IS_DUE: Final = (*_OF_ONE_FILE, _row.waits_in == _NEXT)
_DUE: Final = select(_row.stands, _row.told).where(*_IS_DUE).order_by(_row.subject, _row.item)
_FORGET: Final = delete(returned_row).where(*_IS_DUE, _row.stands.is_(None))
_READ_TOGETHER: Final = 1000
_WITH_WHAT_WAS_TOLD: Final = select(
    _row.subject, _row.file_id, _row.insurer_number, _row.item, _row.stands, _told(NEXT_RETURN)
).outerjoin(return_round, return_round_of(_row.insurer_number, _row.file_id))

_TEXTS: Final[Mapping[str, RowText[Row]]] = {file_id: RowText(kind) for file_id, kind in ROW_TYPES.items()}


def load_row(file_id: str, text: str) -> Row:
    """A kept row of one returned file."""
    return _TEXTS[file_id].load(text)


def _load(file_id: str, stands: str | None, told: str | None) -> tuple[Row | None, Row | None]:
    load = _TEXTS[file_id].load
    current = load(stands) if stands is not None else None
    return current, current if told == _AS_IT_STANDS else load(told) if told is not None else None


def _dump(file_id: str, row: Row | None) -> str | None:
    return _TEXTS[file_id].dump(row) if row is not None else None


def returned_values(key: ReturnKey, current: Row | None, told: Row | None, waits_in: int | None) -> tuple[Any, ...]:
    """A row of the table, in the order of its columns."""
    stands, last = _dump(key.file_id, current), _dump(key.file_id, told)
    if stands is not None and last == stands:
        last = _AS_IT_STANDS
    return (key.subject, key.file_id, key.insurer_number, key.item, stands, last, waits_in)


@frozen
class SqlReturnStore:
    """:class:`kokuho_core.ports.stores.ReturnStore` on SQL tables."""

    connection: Connection
    rounds: ReturnRounds

    def of_subjects(self, subjects: Iterable[str]) -> dict[ReturnKey, tuple[Row | None, Row | None]]:
        found = {}
        for batch in batches(subjects, 1000):
            wanted = one_of(self.connection, _row.subject, batch)
            for row in self.connection.execute(_WITH_WHAT_WAS_TOLD.where(wanted)):
                key = ReturnKey(row.subject, row.file_id, InsurerNumber(row.insurer_number), row.item)
                found[key] = _load(row.file_id, row.stands, row.told)
        return found

    def save(self, rows: Iterable[tuple[ReturnKey, Row | None, Row | None, bool]]) -> None:
        waits_in = self.rounds.numbers()
        values = (
            returned_values(key, current, told, waits_in[key[1:3]] if is_due else None)
            for key, current, told, is_due in rows
        )
        bulk_insert(self.connection, returned_row, RETURNED_COLUMNS, values, upsert(self.connection, returned_row))

    def due(
        self, insurer: InsurerNumber, file_id: str, *, everything: bool
    ) -> Iterator[NewRows | list[tuple[Row | None, Row | None]]]:
        texts = _TEXTS[file_id]
        query = _STANDING if everything else _DUE
        for some in streamed(self.connection, query, _READ_TOGETHER, {"insurer": insurer, "file": file_id}):
            stands, told = zip(*some, strict=True)
            if None not in stands and told.count(None) == len(told):
                yield NewRows(texts.kept_columns(stands))
                continue
            current = texts.load_all(stands)
            before = texts.load_all([None if text == _AS_IT_STANDS else text for text in told])
            yield [
                (now, now if text == _AS_IT_STANDS else last) for text, now, last in zip(told, current, before, strict=True)
            ]

    def mark_told(self, insurer: InsurerNumber, file_id: str) -> None:
        self.connection.execute(_FORGET, {"insurer": insurer, "file": file_id})  # what was taken back may be told anew
        self.rounds.move_on(insurer, file_id)
