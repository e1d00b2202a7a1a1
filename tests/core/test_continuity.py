"""Continuity of households and carried months, compared with the model (H-1, H-3 … H-7, X-14 … X-21, X-28 … X-35)."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

from hypothesis import given

from kokuho_core.conformance.reference import continuity as model
from kokuho_core.conformance.reference import qualification as qualification_model
from kokuho_core.conformance.reference.counting import window
from kokuho_core.high_cost_history.history import HighCostHistory
from kokuho_core.household_continuity.candidate import Candidate, HouseholdPair
from kokuho_core.household_continuity.comparison import Comparison
from kokuho_core.household_continuity.counting_segments import segment_starts
from kokuho_core.household_continuity.judgement import CarriedIn, PairFacts, judge
from kokuho_core.household_continuity.residents import Residents
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.qualification.findings import find_conflicts
from kokuho_core.qualification.moves import Move, find_moves
from kokuho_core.vocabulary.codes import Decision, Suggestion, SuggestionReason
from kokuho_core.vocabulary.identifiers import HouseholdKey, PrefecturalInsuredId
from kokuho_core.vocabulary.month import Month

from . import strategies
from .builders import REGISTER, high_cost, key_of, one, resident
from .strategies import HouseholdWorld

AS_OF = date(2019, 12, 31)
UNJUDGED = Comparison(Suggestion.UNCLEAR, SuggestionReason.UNRESOLVED, ())


# --- the same world for the model and for the core ---


def modelled(world: HouseholdWorld) -> model.World:
    persons = {name: _covers(rows) for name, rows in world.rows.items()}
    known = {(row.insurer_number, name) for name, rows in world.rows.items() for row in rows}
    heads = {}
    for home, rows in world.heads.items():
        heads[home] = [
            model.Head(
                row.history_number,
                row.head_addressee_number if (home[0], row.head_addressee_number) in known else None,
                row.head_kind == "2",
                row.head_start,
                row.head_end,
            )
            for row in rows
        ]
    facts = [model.Fact(home, month, kind) for home, each in world.months.items() for month, kind in sorted(each)]
    return model.World(AS_OF, persons, heads, facts, one=one)


def _covers(rows: list[PersonFact]) -> list[model.Cover]:
    by_period: dict[Any, list[PersonFact]] = {}
    for row in rows:
        if row.application_start is not None:
            by_period.setdefault((row.insurer_number, row.application_start), []).append(row)
    covers = []
    for (insurer, start), each in by_period.items():
        each.sort(key=lambda row: row.history_number)
        last = each[-1]
        period = qualification_model.P(
            insurer, each[0].history_number, start, last.application_end,
            last.application_start_reason or "", last.application_end_reason,
        )  # fmt: skip
        members = tuple(
            model.Member(row.household_number, row.history_number, row.member_start, row.member_end) for row in each
        )
        covers.append(model.Cover(period, members))
    return covers


def residents_of(world: HouseholdWorld) -> Residents:
    people = [resident(name, rows) for name, rows in world.rows.items()]
    return Residents(people, {key_of(*home): each for home, each in strategies.households_of(world).items()})


def plain(months_: Any) -> frozenset[tuple[tuple[int, int], str]]:
    return frozenset(((m.month.first_day.year, m.month.first_day.month), m.kind) for m in months_)


def home_of(key: HouseholdKey) -> model.Household:
    return (key.insurer_number, key.household_number)


def judged(world: HouseholdWorld) -> dict[HouseholdPair, Candidate]:
    """All pairs as the core judges them, again and again until nothing changes."""
    residents = residents_of(world)
    movers: dict[HouseholdPair, dict[PrefecturalInsuredId, list[Move]]] = {}
    disputed = set()
    for name in world.rows:
        person = PrefecturalInsuredId(name)
        periods = residents[person].periods
        conflicts = find_conflicts(periods, REGISTER, AS_OF)
        for move in find_moves(periods, REGISTER):
            pair = HouseholdPair(move.from_household, move.to_household)
            movers.setdefault(pair, {}).setdefault(person, []).append(move)
            if any(finding.names(move.entered) for finding in conflicts.findings):
                disputed.add(pair)
    histories = {
        key_of(*home): HighCostHistory(
            tuple(high_cost(Month.of(*month), kind, insurer=home[0], household=home[1]) for month, kind in sorted(each))
        )
        for home, each in world.months.items()
    }
    found = {}
    for number, pair in enumerate(sorted(movers)):
        agreed = world.confirmed(home_of(pair.left), home_of(pair.entered))
        decision = Decision.CONTINUED if agreed else None
        found[pair] = Candidate(f"K{number}", pair, AS_OF, (), None, UNJUDGED, False, (), (), decision, AS_OF)
    while True:
        entering: dict[HouseholdKey, list[CarriedIn]] = {}
        for pair, each in found.items():
            entering.setdefault(pair.entered, []).append(CarriedIn(each.number, each.moved_on, each.carried_months))
        now = {
            pair: judge(each, PairFacts(movers[pair], pair in disputed, residents, histories, entering))
            for pair, each in found.items()
        }
        if now == found:
            return found
        found = now


def check_world(world: HouseholdWorld) -> Counter[str]:
    """Compare everything; returns what was suggested, and why, how often."""
    small = modelled(world)
    pairs: dict[tuple[model.Household, model.Household], date] = {}
    for left, entered, move in model.moves(small):
        day = move.entered_period.start
        pairs[left, entered] = min(day, pairs.get((left, entered), day))
    small.continued = [model.Continued(*pair, day) for pair, day in pairs.items() if world.confirmed(*pair)]
    calendar = model.Calendar(small)
    residents = residents_of(world)
    for home in strategies.HOMES:
        assert segment_starts(residents, key_of(*home)) == model.segment_starts(calendar, home)
        for day in (*strategies.HOUSEHOLD_DAYS, *strategies.LATER_DAYS):
            for each in (day - timedelta(days=1), day):
                assert residents.head_on(key_of(*home), each) == calendar.head(home, each)
                assert residents.members_on(key_of(*home), each) == calendar.members(home, each)
    expected = model.candidates(small, calendar)
    found = judged(world)
    assert {(home_of(pair.left), home_of(pair.entered)) for pair in found} == set(expected)
    for pair, candidate in found.items():
        left, entered = home_of(pair.left), home_of(pair.entered)
        told = expected[left, entered]
        assert candidate.moved_on == told.moved_on
        assert set(candidate.movers) == told.movers
        assert candidate.comparison.suggestion == told.suggestion
        assert candidate.comparison.reason == told.reason
        assert plain(candidate.left_months) == told.carried
        assert candidate.left_count == told.carried_months
        assert plain(candidate.entered_months) == entered_months(small, calendar, left, entered, told.moved_on)
        assert list(candidate.left_months) == sorted(candidate.left_months)
    return Counter(f"{each.suggestion}{each.reason}" for each in expected.values())


def entered_months(
    small: model.World, calendar: model.Calendar, left: model.Household, entered: model.Household, moved_on: date
) -> set[tuple[tuple[int, int], str]]:
    """What the household entered has itself in the segment of the move, without what this pair brings (X-21, X-36)."""
    within = window((moved_on.year, moved_on.month))
    segment = model.segment_of(calendar, entered, moved_on)
    found = {
        (each.month, each.kind)
        for each in small.facts
        if each.household == entered and model.segment_of(calendar, entered, date(*each.month, 1)) == segment
    }
    for pair in small.continued:
        if pair.entered == entered and pair.left != left and pair.moved_on <= moved_on:
            if model.segment_of(calendar, entered, pair.moved_on) == segment:
                found |= model.carried(small, calendar, pair.left, pair.moved_on)
    return {(month, kind) for month, kind in found if month in within}


def test_continuity_as_modelled() -> None:
    """Rules: H-1, H-3 … H-7, X-14 … X-21, X-26, X-28 … X-30, X-32, X-35: candidates, suggestions, segments, carried months."""
    seen: Counter[str] = Counter()
    for seed, world in strategies.seeded(strategies.household_worlds, 4_000):
        try:
            seen += check_world(world)
        except Exception as error:
            raise AssertionError(seed) from error
    if strategies.examples(4_000) >= 4_000:
        assert set(seen) == {"11", "12", "13", "14", "15", "16", "25", "26", "39"}


@strategies.some
@given(strategies.drawn(strategies.household_worlds))
def test_continuity_shrinking(world: HouseholdWorld) -> None:
    """Rules: H-1, H-3 … H-7, X-14 … X-21, X-26, X-28 … X-30, X-32, X-35."""
    check_world(world)
