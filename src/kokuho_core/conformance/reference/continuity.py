"""Continuity of households 世帯の継続性 and carried months, day by day (H-1, H-3 to H-5, X-14 to X-21, X-28 to X-35).

A tiny world goes in; for every pair (household left, household entered) comes out who moved, what is
suggested and why, and which months would be carried.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from kokuho_core.conformance.reference.counting import Month, window
from kokuho_core.conformance.reference.periods import ONE_DAY, days_between
from kokuho_core.conformance.reference.qualification import (
    One,
    P,
    Ref,
    claims_in,
    claims_out,
    findings,
    in_order,
    same_number,
)

Household = tuple[str, str]
"""Insurer number and household number."""

CARRIED_FROM: Month = (2018, 4)
"""H-3: counts carry over for treatment months from here."""

YES, NO, CHECK = "1", "2", "3"
"""``suggestion`` of KEIKOHO: 継続相当, 非継続相当, 要確認."""

ADDRESS_ONLY, HEAD_CHANGED, MORE, FEWER, SPLIT, MERGER, UNSOLVED = "1", "2", "3", "4", "5", "6", "9"
"""``suggestion_reason`` of KEIKOHO."""


class Member(NamedTuple):
    """One row of a period that names a household, from ``start`` to ``end`` where given (X-14, X-32)."""

    number: str
    history: int
    start: date | None = None
    end: date | None = None


class Cover(NamedTuple):
    """One application period with its rows; the household is one of the same insurer."""

    period: P
    rows: tuple[Member, ...]


class Head(NamedTuple):
    """One live SKSETAI row of a household (X-20)."""

    history: int
    person: str | None
    nominal: bool
    start: date
    end: date | None = None


class Fact(NamedTuple):
    """One high-cost month of a household (H-1). Kind 1: counts; kind 2: outpatient only."""

    household: Household
    month: Month
    kind: str = "1"
    cancelled: bool = False


class Continued(NamedTuple):
    """A pair that a person confirmed (H-6), with the day of its move."""

    left: Household
    entered: Household
    moved_on: date


@dataclass
class World:
    """Everything known on one day. ``blocked``: entered periods named by an open finding from elsewhere
    (an identity conflict); the findings of the periods themselves are computed."""

    as_of: date
    persons: dict[str, list[Cover]] = field(default_factory=dict)
    heads: dict[Household, list[Head]] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    continued: list[Continued] = field(default_factory=list)
    blocked: set[tuple[str, Ref]] = field(default_factory=set)
    wait_days: int = 30
    one: One = same_number


class Move(NamedTuple):
    """One person's step from one municipality's household to another's."""

    person: str
    left_period: P
    entered_period: P


class Candidate(NamedTuple):
    """What is told about one pair."""

    moved_on: date
    movers: frozenset[str]
    suggestion: str
    reason: str
    carried: frozenset[tuple[Month, str]]
    carried_months: int


def within(day: date, start: date | None, end: date | None) -> bool:
    """``day`` lies in ``[start, end)``, each side where given (P-1)."""
    return (start is None or start <= day) and (end is None or day < end)


def household_of(cover: Cover, day: date) -> Household | None:
    """The household the period is in on a day: the highest history number whose dates hold it (X-14, X-32)."""
    if not within(day, cover.period.start, cover.period.end):
        return None
    rows = [row for row in cover.rows if within(day, row.start, row.end)]
    if not rows:
        return None
    return (cover.period.insurer, max(rows, key=lambda row: row.history).number)


class Calendar:
    """Day by day: who is covered by what, who is in which household, who heads it (X-14, X-20, X-32)."""

    def __init__(self, world: World) -> None:
        self.world = world
        dates: list[date] = []
        for covers in world.persons.values():
            for cover in covers:
                dates += [d for d in (cover.period.start, cover.period.end) if d is not None]
                dates += [d for row in cover.rows for d in (row.start, row.end) if d is not None]
        for heads in world.heads.values():
            dates += [d for head in heads for d in (head.start, head.end) if d is not None]
        dates += [c.moved_on for c in world.continued]
        dates = dates or [world.as_of]
        self.first = min(dates) - ONE_DAY
        self.last = max(dates) + ONE_DAY
        self._covers: dict[date, dict[str, list[Cover]]] = {}
        self._heads: dict[date, dict[Household, Head]] = {}
        self._members: dict[date, dict[Household, set[str]]] = {}
        self._starts: dict[Household, list[date]] = {}
        for day in days_between(self.first, self.last + ONE_DAY):
            if day == self.first or day in dates:
                self._fill(day)
            else:  # nothing begins or ends: as the day before
                eve = day - ONE_DAY
                self._covers[day], self._heads[day], self._members[day] = (
                    self._covers[eve], self._heads[eve], self._members[eve],
                )  # fmt: skip

    def _fill(self, day: date) -> None:
        covers: dict[str, list[Cover]] = {}
        members: dict[Household, set[str]] = {}
        for person, all_covers in self.world.persons.items():
            for cover in all_covers:
                if not within(day, cover.period.start, cover.period.end):
                    continue
                covers.setdefault(person, []).append(cover)
                household = household_of(cover, day)
                if household is not None:
                    members.setdefault(household, set()).add(person)
        heads: dict[Household, Head] = {}
        for household, rows in self.world.heads.items():
            # Of rows with one start the highest number is the current one, as for persons (P-3, X-20).
            current = [row for row in rows if row.history == max(r.history for r in rows if r.start == row.start)]
            today = [row for row in current if within(day, row.start, row.end)]
            if today:
                head = max(today, key=lambda row: row.history)
                heads[household] = head
                if head.nominal and head.person is not None:
                    members.setdefault(household, set()).add(head.person)
        self._covers[day], self._heads[day], self._members[day] = covers, heads, members

    def _clamped(self, day: date) -> date:
        return min(max(day, self.first), self.last)

    def covers(self, person: str, day: date) -> list[Cover]:
        """The live periods that cover the person on the day, in all municipalities."""
        return self._covers[self._clamped(day)].get(person, [])

    def members(self, household: Household, day: date) -> set[str]:
        """Who is in the household on the day (X-14)."""
        return set(self._members[self._clamped(day)].get(household, set()))

    def head(self, household: Household, day: date) -> str | None:
        """The head of the household on the day (X-20); ``None``: unknown."""
        head = self._heads[self._clamped(day)].get(household)
        return None if head is None else head.person

    def left_for_another(self, person: str, left: Household, day: date) -> bool:
        """He was here yesterday and another household has him: covered elsewhere, left by 57 / 51 on that
        day, or stays behind as a head, nominal or not, of the household left. Death, employee insurance: not
        (X-16, X-17, X-29)."""
        if self.covers(person, day) or self.head(left, day) == person:
            return True
        yesterday = [cover.period for cover in self.covers(person, day - ONE_DAY)]
        return any(p.end == day and p.end_reason in ("57", "51") for p in yesterday)

    def came_from_another(self, person: str, entered: Household, day: date) -> bool:
        """Not here yesterday, and covered elsewhere then, or came here on this day by 07 / 01 (X-16)."""
        if self.covers(person, day - ONE_DAY):
            return True
        today = [cover.period for cover in self.covers(person, day) if household_of(cover, day) == entered]
        return any(p.start == day and p.start_reason in ("07", "01") for p in today)


def moves(world: World) -> list[tuple[Household, Household, Move]]:
    """Everybody's steps between two municipalities that are an intra-prefecture move (H-6, X-15).

    The periods touch and one side claims a move at least (X-26), or they overlap and one side claims it,
    or a gap finding names the pair (H-5, P-6, X-8); never by a claim from before 2018-04-01 (X-30), never
    between a predecessor and its successor (X-31). Who was in no known household makes no pair.
    """
    found: list[tuple[Household, Household, Move]] = []
    for person, covers in world.persons.items():
        by_ref = {cover.period.ref: cover for cover in covers}
        live = in_order(cover.period for cover in covers)
        known = findings(live, world.as_of, world.wait_days, world.one)
        conflicts = {(f.from_, f.to) for f in known if f.kind in ("gap", "overlap")}
        for i, a in enumerate(live):
            for b in live[i + 1 :]:
                if world.one(a.insurer, b.insurer) or not (claims_out(a) or claims_in(b)):
                    continue
                if a.end != b.start and (a.ref, b.ref) not in conflicts:
                    continue
                last = min(d for d in (a.end, b.start) if d is not None) - ONE_DAY
                left = household_of(by_ref[a.ref], max(last, a.start))
                entered = household_of(by_ref[b.ref], b.start)
                if left is not None and entered is not None:
                    found.append((left, entered, Move(person, a, b)))
    return found


def suggestion(
    world: World,
    calendar: Calendar,
    left: Household,
    entered: Household,
    movers: Sequence[Move],
) -> tuple[str, str]:
    """Suggestion and reason for one pair (H-4, H-5, X-14 to X-18, X-28, X-29, X-35)."""
    day = min(move.entered_period.start for move in movers)
    eve = day - ONE_DAY

    # a finding that names the entered period, or a head nobody knows.
    for move in movers:
        periods = [cover.period for cover in world.persons[move.person]]
        entered_ref = move.entered_period.ref
        for finding in findings(periods, world.as_of, world.wait_days, world.one):
            if entered_ref in (finding.from_, finding.to):
                return CHECK, UNSOLVED
        if (move.person, entered_ref) in world.blocked:
            return CHECK, UNSOLVED
    head_before = calendar.head(left, eve)
    head_now = calendar.head(entered, day)
    if head_before is None or head_now is None:
        return CHECK, UNSOLVED

    # who was there, who is there; all movers counted in both.
    moved = {move.person for move in movers}
    before = calendar.members(left, eve) | moved
    now = calendar.members(entered, day) | moved

    # is another household concerned?
    split = any(calendar.left_for_another(person, left, day) for person in before - now)
    merger = any(calendar.came_from_another(person, entered, day) for person in now - before) or (
        head_now != head_before and head_now not in before
    )
    if split or merger:
        # H-4: only with the household whose head is head again afterwards.
        return (YES if head_now == head_before else NO), (MERGER if merger else SPLIT)
    if head_now != head_before:
        return YES, HEAD_CHANGED
    if now - before:
        return YES, MORE
    if before - now:
        return YES, FEWER
    return YES, ADDRESS_ONLY


def segment_starts(calendar: Calendar, household: Household) -> list[date]:
    """The days on which a new counting segment of the household begins (H-1, H-4, X-21, X-29).

    The head leaves for another household while others are there, even where nobody is known to follow him;
    or somebody from another household becomes head where others were.
    """
    if household in calendar._starts:
        return calendar._starts[household]
    found: list[date] = []
    for day in days_between(calendar.first + ONE_DAY, calendar.last + ONE_DAY):
        eve = day - ONE_DAY
        head_before, head_now = calendar.head(household, eve), calendar.head(household, day)
        if head_before == head_now:
            continue
        before, now = calendar.members(household, eve), calendar.members(household, day)
        head_left = (
            head_before is not None
            and head_before not in now
            and len(now) > 0
            and calendar.left_for_another(head_before, household, day)
        )
        head_came = (
            head_now is not None
            and head_now not in before
            and len(before) > 0
            and calendar.came_from_another(head_now, household, day)
        )
        if head_left or head_came:
            found.append(day)
    calendar._starts[household] = found
    return found


def segment_of(calendar: Calendar, household: Household, day: date) -> date | None:
    """The first day of the counting segment that ``day`` lies in; ``None``: the household's first (X-29)."""
    starts = [start for start in segment_starts(calendar, household) if start <= day]
    return starts[-1] if starts else None


def carried(
    world: World, calendar: Calendar, left: Household, moved_on: date
) -> frozenset[tuple[Month, str]]:
    """The months that go from the household left to the one entered (H-3, H-7, X-19, X-21, X-29).

    Its own facts of the segment of the day before the move (a month belongs to the segment of its first
    day) and what was carried into that segment before, along confirmed pairs; kinds 1 and 2; within the
    twelve months that end with the month of the move; from 2018-04.
    """
    months = [m for m in window((moved_on.year, moved_on.month)) if m >= CARRIED_FROM]
    segment = segment_of(calendar, left, moved_on - ONE_DAY)
    found: set[tuple[Month, str]] = set()
    for fact in world.facts:
        if fact.household != left or fact.cancelled or fact.month not in months:
            continue
        if segment_of(calendar, left, date(*fact.month, 1)) == segment:
            found.add((fact.month, fact.kind))
    for pair in world.continued:
        if pair.entered != left or pair.moved_on >= moved_on:
            continue
        if segment_of(calendar, left, pair.moved_on) == segment:
            earlier = carried(world, calendar, pair.left, pair.moved_on)
            found |= {(month, kind) for month, kind in earlier if month in months}
    return frozenset(found)


def counted(carried_facts: Iterable[tuple[Month, str]]) -> int:
    """How many months count: kind 1 only, one month once (H-2, X-20)."""
    return len({month for month, kind in carried_facts if kind == "1"})


def candidates(
    world: World, calendar: Calendar | None = None
) -> dict[tuple[Household, Household], Candidate]:
    """Every pair with one mover or more (H-6, X-15, X-35), judged."""
    calendar = calendar or Calendar(world)
    pairs: dict[tuple[Household, Household], list[Move]] = {}
    for left, entered, move in moves(world):
        pairs.setdefault((left, entered), []).append(move)
    found: dict[tuple[Household, Household], Candidate] = {}
    for (left, entered), movers in pairs.items():
        moved_on = min(move.entered_period.start for move in movers)
        verdict, reason = suggestion(world, calendar, left, entered, movers)
        facts = carried(world, calendar, left, moved_on)
        found[left, entered] = Candidate(
            moved_on,
            frozenset(move.person for move in movers),
            verdict,
            reason,
            facts,
            counted(facts),
        )
    return found
