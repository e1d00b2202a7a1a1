"""適用期間: the period that one municipality administers one person, read from its history rows (P-3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from attrs import frozen

from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.periods import DayRange
from kokuho_core.vocabulary.codes import InsuredKind
from kokuho_core.vocabulary.identifiers import Addressee, HouseholdKey, InsurerNumber
from kokuho_core.vocabulary.reasons import (
    RESIDENCE_SPECIAL_ACQUIRED,
    RESIDENCE_SPECIAL_LOST,
    claims_intra_entry,
    claims_intra_exit,
)


class PeriodKey(NamedTuple):
    """適用期間の識別: an application period is known by the lowest live history number among its rows (X-32)."""

    addressee: Addressee
    history_number: int


@frozen
class ApplicationPeriod:
    """適用期間 with its rows in the order of history numbers; the last row gives end, reasons and attributes (P-3)."""

    key: PeriodKey
    days: DayRange
    rows: tuple[PersonFact, ...]

    @property
    def insurer_number(self) -> InsurerNumber:
        return self.key.addressee.insurer_number

    @property
    def current(self) -> PersonFact:
        """The row in force."""
        return self.rows[-1]

    @property
    def start_reason(self) -> str | None:
        return self.current.application_start_reason

    @property
    def end_reason(self) -> str | None:
        return self.current.application_end_reason

    @property
    def claims_entry(self) -> bool:
        """Began for 県内転入 (P-6, X-30)."""
        return claims_intra_entry(self.start_reason, self.days.start)

    @property
    def claims_exit(self) -> bool:
        """Ended for 県内転出 (P-6, X-30)."""
        end = self.days.end_day
        return end is not None and claims_intra_exit(self.end_reason, end)

    @property
    def begins_for_residence_special(self) -> bool:
        """Began for 住所地特例再取得 (D-9)."""
        return self.start_reason == RESIDENCE_SPECIAL_ACQUIRED

    @property
    def ends_for_residence_special(self) -> bool:
        """Ended for 住所地特例喪失 (D-9)."""
        return self.end_reason == RESIDENCE_SPECIAL_LOST

    def household_on(self, day: date) -> HouseholdKey | None:
        """The household named for ``day``: the highest history number within whose member dates it lies (X-32)."""
        for row in reversed(self.rows):
            if row.names_household_on(day):
                return HouseholdKey(self.insurer_number, row.household_number)
        return None

    def order(self) -> tuple[tuple[date, bool, date], InsurerNumber]:
        """Order of P-5: start, then end (open last), then insurer number."""
        return (self.days.sort_key(), self.insurer_number)


def application_periods(live_rows: Iterable[PersonFact]) -> list[ApplicationPeriod]:
    """適用期間 from the live rows of one addressee: rows with one start describe one period (P-3), by start."""
    by_start: dict[date, list[PersonFact]] = {}
    for row in live_rows:
        if row.application_start is not None and row.insured_kind == InsuredKind.INSURED:
            by_start.setdefault(row.application_start, []).append(row)
    periods = []
    for start, rows in sorted(by_start.items()) if len(by_start) > 1 else by_start.items():
        if len(rows) > 1:
            rows.sort(key=lambda row: row.history_number)
        key = PeriodKey(rows[0].addressee, rows[0].history_number)
        periods.append(ApplicationPeriod(key, DayRange.of(start, rows[-1].application_end), tuple(rows)))
    return periods
