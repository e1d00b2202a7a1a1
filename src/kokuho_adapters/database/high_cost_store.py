"""高額該当情報の保管."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection

from kokuho_adapters.database import fact_store
from kokuho_adapters.database.statements import Bound, bound, insert_bound
from kokuho_adapters.database.tables import high_cost_record, pending_household
from kokuho_core.high_cost_history.history import HIGH_COST_FACT_KEYS, HighCostFact
from kokuho_core.high_cost_history.record import HIGH_COST_KEYS, HighCostRecord
from kokuho_core.vocabulary.identifiers import HouseholdKey
from kokuho_core.vocabulary.month import Month

_records = high_cost_record.c
HIGH_COST_COLUMNS: Final = tuple(_records[key] for key in HIGH_COST_FACT_KEYS)
_MONTH_AT: Final = HIGH_COST_FACT_KEYS.index("treatment_month")
_KEY: Final = (_records.insurer_number, _records.household_number)


def high_cost_fact(*row: Any) -> HighCostFact:
    """A month is kept as its ordinal."""
    values = list(row)
    values[_MONTH_AT] = Month(values[_MONTH_AT])
    return HighCostFact(*values)


def _values(record: HighCostRecord) -> tuple[Any, ...]:
    return tuple(
        record.treatment_month.ordinal if key == "treatment_month" else getattr(record, key) for key in HIGH_COST_KEYS
    )


@frozen
class SqlHighCostStore:
    """:class:`kokuho_core.ports.stores.HighCostStore` on SQL tables."""

    connection: Connection

    def add(self, file_no: int, records: Sequence[tuple[int, HighCostRecord]]) -> None:
        self.keep(file_no, self.bound(records))

    def bound(self, records: Sequence[tuple[int, HighCostRecord]]) -> Bound:
        rows = ((line, *_values(record)) for line, record in records)
        return bound(self.connection.dialect, high_cost_record, ("line", *HIGH_COST_KEYS), rows)

    def keep(self, file_no: int, records: Bound) -> None:
        insert_bound(self.connection, high_cost_record, records, {"file_no": file_no})

    def groups_to_judge(self, file_no: int) -> Iterator[tuple[list[HighCostFact], list[HighCostFact]]]:
        return fact_store.groups_to_judge(
            self.connection, high_cost_record, _KEY, HIGH_COST_COLUMNS, high_cost_fact, file_no
        )

    def discard(self, file_no: int, lines: Iterable[int]) -> None:
        fact_store.discard(self.connection, high_cost_record, file_no, lines)

    def mark_pending(self, file_no: int) -> None:
        fact_store.mark_pending(self.connection, high_cost_record, _KEY, pending_household, file_no)

    def facts_of(self, households: Iterable[HouseholdKey], known_at: datetime | None = None) -> list[HighCostFact]:
        keys = ((each.insurer_number, each.household_number) for each in households)
        return fact_store.facts_of(
            self.connection, high_cost_record, _KEY, HIGH_COST_COLUMNS, high_cost_fact, keys, known_at
        )
