"""自庁の被保険者: the aggregate of one person's own history, as it stands and as it goes out (P-2, P-3, P-7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Final

from attrs import evolve, fields, frozen

from kokuho_core.insured_person.application_period import ApplicationPeriod
from kokuho_core.insured_person.fact import TOLD_KEYS, fact_told
from kokuho_core.insured_person.person import InsuredPerson
from kokuho_core.insured_person.record import PersonRecord
from kokuho_core.municipal_office.history_row import PersonRow, cancelled
from kokuho_core.municipal_office.notification import PersonItems
from kokuho_core.vocabulary.codes import InsuredKind, UpdateKind
from kokuho_core.vocabulary.identifiers import Addressee, AddresseeNumber, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import NumberIndex

ITEM_KEYS: Final = tuple(attribute.name for attribute in fields(PersonItems) if attribute.name != "number")
"""Attributes that :class:`PersonItems` and :class:`PersonRecord` share."""
_told: Final = attrgetter(*TOLD_KEYS)


@frozen
class OwnPerson:
    """自庁の被保険者 or 擬制世帯主. ``rows`` by history number. ``died_on`` was told by notice ``death_notice``.

    ``former_starts``: 適用開始年月日 that were corrected to another day.
    """

    insurer_number: InsurerNumber
    addressee_number: AddresseeNumber
    rows: tuple[PersonRow, ...] = ()
    died_on: date | None = None
    death_notice: int | None = None
    former_starts: frozenset[date] = frozenset()

    @property
    def addressee(self) -> Addressee:
        return Addressee(self.insurer_number, self.addressee_number)

    @property
    def live_rows(self) -> tuple[PersonRow, ...]:
        return tuple(row for row in self.rows if not row.is_cancelled)

    @property
    def current(self) -> PersonRow | None:
        """The row in force, None for somebody of whom everything was cancelled."""
        live = self.live_rows
        return live[-1] if live else None

    @property
    def record(self) -> PersonRecord:
        """The record in force, of somebody who has one: see :attr:`current`."""
        return self.live_rows[-1].record

    @property
    def next_history_number(self) -> int:
        return self.rows[-1].history_number + 1 if self.rows else 1

    @property
    def is_insured(self) -> bool:
        """Whether the last application period is open."""
        row = self.current
        return row is not None and row.record.insured_kind == InsuredKind.INSURED and row.record.application_end is None

    def is_member_of(self, household: HouseholdNumber) -> bool:
        row = self.current
        return row is not None and row.record.household_number == household and row.record.member_end is None

    def was_ever_in(self, household: HouseholdNumber) -> bool:
        return any(row.record.household_number == household for row in self.live_rows)

    def application_periods(self) -> list[ApplicationPeriod]:
        """適用期間 by start, read from the rows exactly as the aggregation reads them (P-3)."""
        return self._judged().application_periods()

    @property
    def card_since(self) -> date | None:
        """今の記号・番号・枝番になった日 within the last application period, None where all rows were cancelled (C-4)."""
        current, since = self.current, None
        for row in reversed(self.live_rows):
            if current is None or _card(row.record) != _card(current.record):
                break
            since = row.record.member_start or row.record.application_start
        return since

    def items(self) -> PersonItems:
        """基本項目 as they stand."""
        row = self.live_rows[-1]
        return PersonItems(number=row.number, **{key: getattr(row.record, key) for key in ITEM_KEYS})

    # --- commands ---

    def with_first(self, record: PersonRecord, number: NumberIndex | None, notice: int) -> OwnPerson:
        """With a row that follows from nothing before it. Raises :class:`RecordRefused` (KKH-P003)."""
        row = PersonRow(evolve(record, history_number=self.next_history_number), notice, notice, number=number)
        return self._checked(evolve(self, rows=(*self.rows, row)))

    def with_next(
        self, notice: int, at: datetime, items: PersonItems | None = None, **changes: Any
    ) -> OwnPerson:
        """With a further row: the one in force with ``changes`` and, where given, other ``items``.

        A number that replaces another one is told with the former (I-4, X-6).
        Raises :class:`RecordRefused` (KKH-P002, KKH-P003).
        """
        before = self.live_rows[-1]
        described = {key: getattr(items, key) for key in ITEM_KEYS} if items is not None else {}
        record = evolve(
            before.record, history_number=self.next_history_number, updated_at=at, **{**described, **changes}
        )
        number = items.number if items is not None and items.number is not None else before.number
        previous = before.number if number != before.number else None
        row = PersonRow(record, notice, notice, number=number, previous_number=previous)
        return self._checked(evolve(self, rows=(*self.rows, row)))

    def with_corrected_items(self, items: PersonItems, notice: int, at: datetime) -> OwnPerson:
        """訂正: the row in force was wrong from its beginning, and a wrong number in every row that says it.

        A mistaken number was never his, so it is not told as a former one; the aggregation asks a person (X-34).
        """
        before = self.live_rows[-1]
        described = {key: getattr(items, key) for key in ITEM_KEYS}
        person = self.corrected({before.history_number: described}, notice, at)
        if items.number == before.number:
            return person
        wrong = {row.history_number for row in self.live_rows if row.number == before.number}
        person = person.corrected({number: {} for number in wrong}, notice, at)
        return person._each(lambda row: evolve(row, number=items.number) if row.history_number in wrong else row)

    def corrected(self, changes: dict[int, dict[str, Any]], notice: int, at: datetime) -> OwnPerson:
        """訂正: rows by history number, each with its changes. Raises :class:`RecordRefused` (KKH-P002, KKH-P003)."""

        def change(row: PersonRow) -> PersonRow:
            if row.history_number not in changes:
                return row
            record = evolve(row.record, updated_at=at, **changes[row.history_number])
            return evolve(row, record=record, changed_by=notice, is_waiting=True)

        starts = {row.record.application_start for row in self.rows if "application_start" in changes.get(row.history_number, {})}
        former = self.former_starts | {start for start in starts if start is not None}
        return self._checked(evolve(self._each(change), former_starts=former))

    def without(self, made_by: int, notice: int) -> OwnPerson:
        """取消 of all that notice ``made_by`` made."""
        person = self._each(lambda row: cancelled(row, notice) if row.notice == made_by and not row.is_cancelled else row)
        return evolve(person, died_on=None, death_notice=None) if self.death_notice == made_by else person

    def waiting(self) -> OwnPerson:
        """With the row in force in the next file, as it is (Q-1)."""
        current = self.current
        return self._each(lambda row: evolve(row, is_waiting=True) if row is current else row)

    def messages(self) -> list[tuple[UpdateKind, PersonRow]]:
        """What goes into the next file, by history number."""
        return [(kind, row) for row in self.rows if (kind := row.waits_as) is not None]

    # ---

    def _each(self, change: Callable[[PersonRow], PersonRow]) -> OwnPerson:
        return evolve(self, rows=tuple(change(row) for row in self.rows))

    def _judged(self) -> InsuredPerson:
        return InsuredPerson(tuple(fact_told(row.record.history_number, *_told(row.record)) for row in self.live_rows))

    def _checked(self, person: OwnPerson) -> OwnPerson:
        person._judged().require_no_overlap()
        return person


def _card(record: PersonRecord) -> tuple[Any, ...]:
    """記号・番号・枝番, within one application period."""
    return (record.application_start, record.card_symbol, record.card_number, record.branch_number)
