"""資格情報(世帯)の保管."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final

from attrs import frozen
from sqlalchemy import Connection, delete

from kokuho_adapters.database import fact_store
from kokuho_adapters.database.statements import Bound, bound, bulk_insert, insert_bound, insert_or_ignore
from kokuho_adapters.database.tables import household_record, pending_household
from kokuho_core.household.household import HOUSEHOLD_FACT_KEYS, HouseholdFact
from kokuho_core.household.record import HOUSEHOLD_KEYS, HouseholdRecord
from kokuho_core.vocabulary.identifiers import HouseholdKey

_records = household_record.c
_values: Final = attrgetter(*HOUSEHOLD_KEYS)
HOUSEHOLD_COLUMNS: Final = tuple(_records[key] for key in HOUSEHOLD_FACT_KEYS)
_KEY: Final = (_records.insurer_number, _records.household_number)


@frozen
class SqlHouseholdStore:
    """:class:`kokuho_core.ports.stores.HouseholdStore` on SQL tables."""

    connection: Connection

    def add(self, file_no: int, records: Sequence[tuple[int, HouseholdRecord]]) -> None:
        self.keep(file_no, self.bound(records))

    def bound(self, records: Sequence[tuple[int, HouseholdRecord]]) -> Bound:
        rows = ((line, *_values(record)) for line, record in records)
        return bound(self.connection.dialect, household_record, ("line", *HOUSEHOLD_KEYS), rows)

    def keep(self, file_no: int, records: Bound) -> None:
        insert_bound(self.connection, household_record, records, {"file_no": file_no})

    def groups_to_judge(self, file_no: int) -> Iterator[tuple[list[HouseholdFact], list[HouseholdFact]]]:
        return fact_store.groups_to_judge(
            self.connection, household_record, _KEY, HOUSEHOLD_COLUMNS, HouseholdFact, file_no
        )

    def discard(self, file_no: int, lines: Iterable[int]) -> None:
        fact_store.discard(self.connection, household_record, file_no, lines)

    def mark_pending(self, file_no: int) -> None:
        fact_store.mark_pending(self.connection, household_record, _KEY, pending_household, file_no)

    def facts_of(self, households: Iterable[HouseholdKey], known_at: datetime | None = None) -> list[HouseholdFact]:
        keys = ((each.insurer_number, each.household_number) for each in households)
        return fact_store.facts_of(
            self.connection, household_record, _KEY, HOUSEHOLD_COLUMNS, HouseholdFact, keys, known_at
        )

    def mark_households(self, households: Iterable[HouseholdKey]) -> None:
        rows = [(each.insurer_number, each.household_number) for each in households]
        columns = ("insurer_number", "household_number")
        statement = insert_or_ignore(self.connection, pending_household)
        bulk_insert(self.connection, pending_household, columns, rows, statement)

    def clear_pending(self) -> None:
        self.connection.execute(delete(pending_household))
