"""自庁の世帯: the aggregate of one household's own history (世帯主の履歴), as it stands and as it goes out."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from attrs import evolve, frozen

from kokuho_core.household.record import HouseholdRecord
from kokuho_core.municipal_office.history_row import HouseholdRow, cancelled
from kokuho_core.vocabulary.codes import HeadKind, UpdateKind
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber


@frozen
class OwnHousehold:
    """自庁の世帯. ``rows`` by history number."""

    insurer_number: InsurerNumber
    household_number: HouseholdNumber
    rows: tuple[HouseholdRow, ...] = ()

    @property
    def live_rows(self) -> tuple[HouseholdRow, ...]:
        return tuple(row for row in self.rows if not row.is_cancelled)

    @property
    def current(self) -> HouseholdRow | None:
        live = self.live_rows
        return live[-1] if live else None

    @property
    def record(self) -> HouseholdRecord:
        """The record in force, of a household that has one: see :attr:`current`."""
        return self.live_rows[-1].record

    @property
    def next_history_number(self) -> int:
        return self.rows[-1].history_number + 1 if self.rows else 1

    @property
    def is_open(self) -> bool:
        row = self.current
        return row is not None and row.record.household_end is None

    @property
    def head(self) -> AddresseeNumber | None:
        row = self.current
        return row.record.head_addressee_number if row is not None and row.record.head_end is None else None

    @property
    def has_nominal_head(self) -> bool:
        row = self.current
        return row is not None and row.record.head_kind == HeadKind.NOMINAL

    # --- commands ---

    def opened(self, record: HouseholdRecord, notice: int) -> OwnHousehold:
        """世帯の開始."""
        row = HouseholdRow(evolve(record, history_number=self.next_history_number), notice, notice)
        return evolve(self, rows=(*self.rows, row))

    def with_next(self, notice: int, at: datetime, **changes: Any) -> OwnHousehold:
        """With a further row: the one in force with ``changes``. Raises :class:`RecordRefused` (KKH-P002)."""
        record = evolve(self.record, history_number=self.next_history_number, updated_at=at, **changes)
        return evolve(self, rows=(*self.rows, HouseholdRow(record, notice, notice)))

    def headed_by(
        self, head: AddresseeNumber, kind: HeadKind, on: date, notified_on: date, notice: int, at: datetime
    ) -> OwnHousehold:
        """世帯主変更: the headship in force ends and another one begins on ``on``, at the earliest on its own first day."""
        since = max(on, self.record.head_start)
        reason = {"change_reason": "04", "changed_on": since, "notified_on": notified_on, "other_insurer_number": None}
        ended = self.with_next(notice, at, head_end=since, head_end_notified=notified_on, **reason)
        return ended.with_next(
            notice, at, head_addressee_number=head, head_kind=kind.value, head_start=since,
            head_start_notified=notified_on, head_end=None, head_end_notified=None, **reason,
        )  # fmt: skip

    def ended(
        self, on: date, notified_on: date, reason: str, other_insurer: InsurerNumber | None, notice: int, at: datetime
    ) -> OwnHousehold:
        """世帯の終了, with its headship."""
        current = self.record
        return self.with_next(
            notice, at, head_end=max(on, current.head_start), head_end_notified=notified_on,
            household_end=max(on, current.household_start), change_reason=reason, changed_on=on, notified_on=notified_on,
            other_insurer_number=other_insurer,
        )  # fmt: skip

    def shifted(self, old: date, new: date, notice: int, at: datetime) -> OwnHousehold:
        """訂正: what stood on day ``old`` stands on ``new``. Raises :class:`RecordRefused` (KKH-P002)."""

        def shift(row: HouseholdRow) -> HouseholdRow:
            dates = ("head_start", "head_end", "household_start", "household_end", "changed_on")
            changes: dict[str, Any] = {key: new for key in dates if getattr(row.record, key) == old}
            if row.is_cancelled or not changes:
                return row
            record = evolve(row.record, updated_at=at, **changes)
            return evolve(row, record=record, changed_by=notice, is_waiting=True)

        return evolve(self, rows=tuple(shift(row) for row in self.rows))

    def without(self, made_by: int, notice: int) -> OwnHousehold:
        """取消 of all that notice ``made_by`` made."""
        return evolve(
            self,
            rows=tuple(
                cancelled(row, notice) if row.notice == made_by and not row.is_cancelled else row for row in self.rows
            ),
        )

    def waiting(self) -> OwnHousehold:
        """With the row in force in the next file, as it is (Q-1)."""
        current = self.current
        return evolve(self, rows=tuple(evolve(row, is_waiting=True) if row is current else row for row in self.rows))

    def messages(self) -> list[tuple[UpdateKind, HouseholdRow]]:
        """What goes into the next file, by history number."""
        return [(kind, row) for row in self.rows if (kind := row.waits_as) is not None]
