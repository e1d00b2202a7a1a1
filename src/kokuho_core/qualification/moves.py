"""県内異動: the moves of one person between two households of different municipalities (H-6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from attrs import frozen

from kokuho_core.insured_person.application_period import ApplicationPeriod, PeriodKey
from kokuho_core.periods import gaps, overlapping_pairs
from kokuho_core.vocabulary.identifiers import HouseholdKey
from kokuho_core.vocabulary.insurers import InsurerRegister


@frozen
class Move:
    """県内異動 of one person: household left, household entered, and the day he entered (X-15)."""

    left: PeriodKey
    entered: PeriodKey
    from_household: HouseholdKey
    to_household: HouseholdKey
    moved_on: date


def find_moves(periods: Sequence[ApplicationPeriod], register: InsurerRegister) -> list[Move]:
    """Moves where at least one side claims one: normal, one-sided, with a gap or an overlap (H-5, H-6, X-15, X-26, X-30).

    Open conflicts do not hide the candidate; they only keep it from being confirmed (X-18).
    """
    ordered = [period for period in periods if not period.days.is_empty]
    if len(ordered) < 2:
        return []
    ordered.sort(key=ApplicationPeriod.order)
    days = [period.days for period in ordered]
    pairs = {(i, j) for i, a in enumerate(days) for j, b in enumerate(days) if a.touches(b)}
    pairs.update((i, j) for gap in gaps(days) for i in gap.before for j in gap.after)
    pairs.update(overlapping_pairs(days))
    moves = []
    for i, j in sorted(pairs):
        left, entered = ordered[i], ordered[j]
        if register.is_one_municipality(left.insurer_number, entered.insurer_number):
            continue
        if not (left.claims_exit or entered.claims_entry):
            continue
        moved_on = entered.days.start
        from_household = left.household_on(_last_day(left, moved_on))
        to_household = entered.household_on(moved_on)
        if from_household is not None and to_household is not None:
            moves.append(Move(left.key, entered.key, from_household, to_household, moved_on))
    return moves


def _last_day(left: ApplicationPeriod, moved_on: date) -> date:
    """The last day in the household left: the day before it ended, or before the move if it still runs."""
    end = left.days.end_day
    if end is not None and end < moved_on:
        return end - timedelta(days=1)
    return max(left.days.start, moved_on - timedelta(days=1))
