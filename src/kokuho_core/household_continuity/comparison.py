"""判定参考: what became of a household that moved, and what that suggests (H-4, H-5, X-16 … X-18)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from attrs import frozen

from kokuho_core.household_continuity.residents import Residents
from kokuho_core.vocabulary.codes import Suggestion, SuggestionReason
from kokuho_core.vocabulary.identifiers import HouseholdKey, PrefecturalInsuredId


@frozen
class Comparison:
    """判定参考 with the rule numbers it rests on."""

    suggestion: Suggestion
    reason: SuggestionReason
    rules: tuple[str, ...]


def compare(
    residents: Residents,
    left: HouseholdKey,
    entered: HouseholdKey,
    movers: Iterable[PrefecturalInsuredId],
    moved_on: date,
    *,
    has_open_finding: bool,
) -> Comparison:
    """Compare household ``left`` on the day before with household ``entered`` on the day of the move.

    All movers count in both, on whatever day they came (X-35).
    """
    day_before = moved_on - timedelta(days=1)
    head_before = residents.head_on(left, day_before)
    head_now = residents.head_on(entered, moved_on)
    if has_open_finding or head_before is None or head_now is None:
        return Comparison(Suggestion.UNCLEAR, SuggestionReason.UNRESOLVED, ("X-18", "X-28"))
    moved = frozenset(movers)
    before = residents.members_on(left, day_before) | moved
    now = residents.members_on(entered, moved_on) | moved
    is_split = any(residents.went_elsewhere(person, left, moved_on) for person in before - now)
    is_merger = head_now not in before | {head_before} or any(
        residents.came_from_elsewhere(person, entered, moved_on, day_before) for person in now - before
    )
    if is_merger or is_split:
        reason = SuggestionReason.MERGER if is_merger else SuggestionReason.SPLIT
        goes_on = head_before == head_now
        return Comparison(
            Suggestion.CONTINUED if goes_on else Suggestion.NOT_CONTINUED, reason, ("H-4", "H-5", "X-16", "X-17")
        )
    if head_before != head_now:
        reason = SuggestionReason.HEAD_CHANGED
    elif now - before:
        reason = SuggestionReason.MORE_MEMBERS
    elif before - now:
        reason = SuggestionReason.FEWER_MEMBERS
    else:
        reason = SuggestionReason.ADDRESS_ONLY
    return Comparison(Suggestion.CONTINUED, reason, ("H-4", "X-16"))
