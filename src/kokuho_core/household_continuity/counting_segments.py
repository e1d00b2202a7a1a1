"""通算区分: within one household number, counts end where the head splits off or another household's head takes over
(H-1, H-4, X-21, X-29)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from kokuho_core.high_cost_history.history import HighCostMonth
from kokuho_core.household_continuity.residents import Residents
from kokuho_core.vocabulary.identifiers import HouseholdKey


def segment_starts(residents: Residents, household: HouseholdKey) -> list[date]:
    """The days on which a new counting segment begins in ``household``, in order."""
    return [day for day in residents.head_changes(household) if _begins_segment(residents, household, day)]


def _begins_segment(residents: Residents, household: HouseholdKey, day: date) -> bool:
    day_before = day - timedelta(days=1)
    head_before, head_now = residents.head_on(household, day_before), residents.head_on(household, day)
    if head_before == head_now:
        return False
    before, now = residents.members_on(household, day_before), residents.members_on(household, day)
    head_split_off = head_before is not None and head_before not in now and bool(now) and (
        residents.went_elsewhere(head_before, household, day)
    )
    head_came_in = head_now is not None and head_now not in before and bool(before) and (
        residents.came_from_elsewhere(head_now, household, day, day_before)
    )
    return head_split_off or head_came_in


def segment_of(starts: Sequence[date], day: date) -> int:
    """The number of the segment in which ``day`` lies."""
    return sum(1 for start in starts if start <= day)


def own_months(months: Iterable[HighCostMonth], starts: Sequence[date], day: date) -> list[HighCostMonth]:
    """The household's own months of the segment in which ``day`` lies; a month belongs to that of its first day (X-29)."""
    segment = segment_of(starts, day)
    return [month for month in months if segment_of(starts, month.month.first_day) == segment]
