"""継続候補世帯の判定: one pair of households, judged from facts alone (H-4 … H-7, X-15 … X-21)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from attrs import frozen

from kokuho_core.high_cost_history.history import HighCostHistory, HighCostMonth, carried_over, within_window
from kokuho_core.household_continuity.candidate import Candidate
from kokuho_core.household_continuity.comparison import compare
from kokuho_core.household_continuity.counting_segments import own_months, segment_of, segment_starts
from kokuho_core.household_continuity.residents import Residents
from kokuho_core.qualification.moves import Move
from kokuho_core.vocabulary.identifiers import HouseholdKey, PrefecturalInsuredId
from kokuho_core.vocabulary.month import Month


@frozen
class CarriedIn:
    """引継済み: months that a confirmed candidate brought into a household on ``moved_on`` (H-7)."""

    candidate_number: str
    moved_on: date
    months: tuple[HighCostMonth, ...]


@frozen
class PairFacts:
    """判定の材料 of one pair: its movers, everybody around, and the months of both households."""

    movers: Mapping[PrefecturalInsuredId, Sequence[Move]]
    has_open_finding: bool
    residents: Residents
    histories: Mapping[HouseholdKey, HighCostHistory]
    carried_in: Mapping[HouseholdKey, Sequence[CarriedIn]]


def judge(candidate: Candidate, facts: PairFacts) -> Candidate:
    """The candidate as the facts have it now; withdrawn when no mover is left (H-6)."""
    if not facts.movers:
        return candidate.withdrawn()
    pair = candidate.pair
    moved_on = min(move.moved_on for moves in facts.movers.values() for move in moves)
    comparison = compare(
        facts.residents,
        pair.left,
        pair.entered,
        facts.movers,
        moved_on,
        has_open_finding=facts.has_open_finding,
    )
    month = Month.containing(moved_on)
    left = _standing_months(facts, pair.left, moved_on - timedelta(days=1), candidate.number)
    entered = _standing_months(facts, pair.entered, moved_on, candidate.number)
    return candidate.judged_anew(
        moved_on=moved_on,
        movers=facts.movers,
        head=facts.residents.head_addressee_on(pair.entered, moved_on),
        comparison=comparison,
        is_protected=any(facts.residents[person].is_protected for person in facts.movers),
        left_months=carried_over(left, month),
        entered_months=within_window(entered, month),
    )


def _standing_months(facts: PairFacts, household: HouseholdKey, day: date, but: str) -> set[HighCostMonth]:
    """Own and carried-in months of the counting segment in which ``day`` lies (X-19, X-21, X-29)."""
    starts = segment_starts(facts.residents, household)
    segment = segment_of(starts, day)
    history = facts.histories.get(household, HighCostHistory())
    months = set(own_months(history.months(), starts, day))
    for carried in facts.carried_in.get(household, ()):
        came_before = carried.moved_on <= day and carried.candidate_number != but
        if came_before and segment_of(starts, carried.moved_on) == segment:
            months.update(carried.months)
    return months
