"""取消しの保管: the records of a recalled file are moved aside, set-based, so that nothing else needs to look out for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Select, Table, and_, delete, insert, select

from kokuho_adapters.database.high_cost_store import HIGH_COST_COLUMNS, high_cost_fact
from kokuho_adapters.database.household_store import HOUSEHOLD_COLUMNS
from kokuho_adapters.database.number_keys import same_number
from kokuho_adapters.database.person_store import PERSON_COLUMNS
from kokuho_adapters.database.statements import insert_or_ignore
from kokuho_adapters.database.tables import (
    SET_ASIDE,
    decision,
    held_record,
    high_cost_record,
    household_record,
    identity_verdict,
    other_record,
    pending_household,
    pending_person,
    person_record,
    recalled_file,
    received_file,
    second_look,
)
from kokuho_core.approval import Agreement
from kokuho_core.high_cost_history.history import HighCostFact
from kokuho_core.household.household import HouseholdFact
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.ports.recall import AppliedFile, OtherMessage, Recalled
from kokuho_core.reception.ledger import FileResult
from kokuho_core.vocabulary.identifiers import InsurerNumber

_files, _recalled, _persons = received_file.c, recalled_file.c, person_record.c
_ADDRESSEE: Final = ("insurer_number", "addressee_number")
_HOUSEHOLD: Final = ("insurer_number", "household_number")
_BESIDE_RECORDS: Final = frozenset({identity_verdict, second_look})
"""What a person here has said about a record: moved with it, but no record of the file."""


@frozen
class SqlRecallStore:
    """:class:`kokuho_core.ports.recall.RecallStore` on SQL tables."""

    connection: Connection

    def applied(self, file_no: int) -> AppliedFile | None:
        found = self._applied(_files.file_no == file_no)
        return found[0] if found else None

    def find_applied(self, name: str) -> list[AppliedFile]:
        return self._applied(_files.name == name)

    def _applied(self, wanted: ColumnElement[bool]) -> list[AppliedFile]:
        query = (
            select(
                _files.file_no, _files.name, _files.file_id, _files.sender, _files.sequence, _files.fingerprint,
                _recalled.recalled_at,
            )
            .outerjoin(recalled_file, _recalled.file_no == _files.file_no)
            .where(wanted, _files.result == FileResult.APPLIED.value)
        )  # fmt: skip
        return [AppliedFile(*row) for row in self.connection.execute(query)]

    # --- what came later ---

    def later_persons(self, file_no: int) -> Iterator[list[PersonFact]]:
        return self._later(person_record, _ADDRESSEE, PERSON_COLUMNS, PersonFact, file_no)

    def later_households(self, file_no: int) -> Iterator[list[HouseholdFact]]:
        return self._later(household_record, _HOUSEHOLD, HOUSEHOLD_COLUMNS, HouseholdFact, file_no)

    def later_months(self, file_no: int) -> Iterator[list[HighCostFact]]:
        return self._later(high_cost_record, _HOUSEHOLD, HIGH_COST_COLUMNS, high_cost_fact, file_no)

    def later_others(self, file_no: int) -> Iterator[list[OtherMessage]]:
        columns = (other_record.c.file_no, other_record.c.line, other_record.c.update_kind)
        return self._later(other_record, ("file_id", "identity"), columns, OtherMessage, file_no)

    def _later(
        self,
        table: Table,
        key: tuple[str, str],
        columns: Sequence[ColumnElement[Any]],
        make: Callable[..., Any],
        file_no: int,
    ) -> Iterator[list[Any]]:
        """Per key of the file that something later is about, all messages in received order."""
        own, later = table.alias("own"), table.alias("later")
        rested = (
            select(*(own.c[part] for part in key))
            .join(later, _same(own, later, key) & (later.c.file_no > own.c.file_no))
            .where(own.c.file_no == file_no)
            .distinct()
            .subquery()
        )
        found = [table.c[part] for part in key]
        query = (
            select(*found, *columns)
            .join(rested, _same(table, rested, key))
            .order_by(*found, table.c.file_no, table.c.line)
            .execution_options(yield_per=1000)
        )
        width = len(key)
        for _, rows in groupby(self.connection.execute(query), key=lambda row: tuple(row[:width])):
            yield [make(*row[width:]) for row in rows]

    def later_decisions(self, file_no: int) -> list[int]:
        own = select(decision.c.candidate_number).where(decision.c.file_no == file_no)
        query = select(decision.c.file_no).where(
            decision.c.candidate_number.in_(own), decision.c.file_no > file_no
        )
        return sorted(set(self.connection.execute(query).scalars()))

    def decided_candidates(self, file_no: int) -> list[str]:
        query = select(decision.c.candidate_number).where(decision.c.file_no == file_no).distinct()
        return sorted(self.connection.execute(query).scalars())

    # --- the recall itself ---

    def mark_concerned(self, file_no: int) -> None:
        own = person_record.alias("own")
        other = person_record.alias("other")
        theirs = select(other.c.insurer_number, other.c.addressee_number)
        from_file = own.c.file_no == file_no
        about = select(*(_persons[part] for part in _ADDRESSEE)).where(_persons.file_no == file_no)
        self._wait(pending_person, _ADDRESSEE, about)
        for mine in (own.c.number_index, own.c.previous_number_index):
            for their in (other.c.number_index, other.c.previous_number_index):
                self._wait(pending_person, _ADDRESSEE, theirs.join(own, same_number(mine, their)).where(from_file))
        for table in (person_record, household_record, high_cost_record):
            named = select(*(table.c[part] for part in _HOUSEHOLD)).where(table.c.file_no == file_no)
            self._wait(pending_household, _HOUSEHOLD, named)

    def _wait(self, pending: Table, key: tuple[str, str], whom: Select[Any]) -> None:
        self.connection.execute(insert_or_ignore(self.connection, pending).from_select(list(key), whom.distinct()))

    def set_aside(self, file: AppliedFile, agreement: Agreement, at: datetime) -> int:
        moved = 0
        self.connection.execute(delete(held_record).where(held_record.c.file_no == file.file_no))
        for table, aside in SET_ASIDE.items():
            names = [column.name for column in aside.columns]
            rows = select(*(table.c[name] for name in names)).where(table.c.file_no == file.file_no)
            self.connection.execute(insert(aside).from_select(names, rows))
            gone = self.connection.execute(delete(table).where(table.c.file_no == file.file_no)).rowcount
            moved += gone if table not in _BESIDE_RECORDS else 0
        self.connection.execute(
            insert(recalled_file).values(
                file_no=file.file_no, insurer_number=file.sender, recalled_at=at, asked_by=agreement.asked_by,
                agreed_by=agreement.agreed_by, reason=agreement.reason, records=moved,
            )
        )  # fmt: skip
        return moved

    def names_of(self, file_nos: list[int]) -> list[str]:
        query = select(_files.name).where(_files.file_no.in_(file_nos)).order_by(_files.file_no)
        return list(self.connection.execute(query).scalars())

    def all(self, insurer: InsurerNumber | None = None) -> list[Recalled]:
        query = (
            select(
                _recalled.file_no, _files.name, _recalled.insurer_number, _recalled.recalled_at, _recalled.asked_by,
                _recalled.agreed_by, _recalled.reason, _recalled.records,
            )
            .join(received_file, _files.file_no == _recalled.file_no)
            .order_by(_recalled.recalled_at, _recalled.file_no)
        )  # fmt: skip
        if insurer is not None:
            query = query.where(_recalled.insurer_number == insurer)
        return [Recalled(*row) for row in self.connection.execute(query)]


def _same(one: Any, other: Any, key: tuple[str, str]) -> ColumnElement[bool]:
    return and_(*(one.c[part] == other.c[part] for part in key))
