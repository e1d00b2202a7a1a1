"""Random histories, legal by construction, on few days and in few places, so that they collide often.

One generator for each kind of history draws from a :class:`random.Random`. Seeded, it gives volume; handed a Random of
Hypothesis, the same generator gives examples that shrink. ``KOKUHO_EXAMPLES`` bounds the number of examples, which keeps
mutation runs quick; the profile ``long`` (``KOKUHO_TEST_PROFILE``) takes ten times as many.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any, NamedTuple, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from kokuho_core.household.household import Household, HouseholdFact
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.periods import DayRange

from .builders import MERGED, A, B, C, D, fact, head_row, index_of

T = TypeVar("T")


def examples(default: int) -> int:
    """How many examples to take where ``default`` are meant."""
    if os.environ.get("KOKUHO_TEST_PROFILE") == "long":
        return default * 10
    limit = os.environ.get("KOKUHO_EXAMPLES")
    return default if limit is None else min(default, int(limit))


some = settings(
    max_examples=examples(300),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""Settings of the properties that shrink. Repeatable: volume comes from :func:`seeded`, not from new examples."""

randoms = st.randoms(use_true_random=False)


def seeded(make: Callable[[Random], T], count: int) -> Iterator[tuple[str, T]]:
    """``count`` histories of a seeded generator, each with the seed that gives it again."""
    for number in range(examples(count)):
        seed = f"{make.__name__}/{number}"
        yield seed, make(Random(seed))


def drawn(make: Callable[[Random], T]) -> st.SearchStrategy[T]:
    """The same histories for Hypothesis to shrink."""
    return randoms.map(make)


# --- days ---

FIRST_DAY = date(2018, 3, 24)
"""A week before continuation begins (Q-9): the days drawn lie on both sides of 2018-04-01."""
SPAN = 20


def some_day(rng: Random, span: int = SPAN) -> date:
    return FIRST_DAY + timedelta(days=rng.randrange(span))


def day_ranges(rng: Random) -> list[DayRange]:
    """Up to six ranges, some without a day (P-2), some open."""
    found = []
    for _ in range(rng.randrange(7)):
        start = some_day(rng)
        end = None if rng.random() < 0.15 else start + timedelta(days=rng.randrange(8))
        found.append(DayRange.of(start, end))
    return found


# --- one person in several municipalities ---

PLACES = (A, B, C, MERGED)
_ENTRY = ("01", "02", "03", "07", "07", "07", "08", "99")
_EXIT = ("51", "52", "53", "57", "57", "57", "58", "56")


class Stay(NamedTuple):
    """One application period in the making."""

    insurer: str
    start: date
    end: date | None
    reason: str
    end_reason: str | None
    acquired: date | None = None
    acquired_reason: str | None = None
    lost: date | None = None
    lost_reason: str | None = None


class History(NamedTuple):
    """All live rows of one person, and the periods they tell of: insurer, key, stay."""

    rows: list[PersonFact]
    stays: list[tuple[int, Stay]]


def _place(insurer: str) -> str:
    """A merged municipality is one with its successor (X-31), so its periods must not overlap either (P-3)."""
    return C if insurer == MERGED else insurer


def _fits(stays: list[Stay], new: Stay) -> bool:
    """P-3: no overlap inside one municipality, and each period has a start of its own."""
    for old in stays:
        if _place(old.insurer) != _place(new.insurer):
            continue
        if old.start == new.start:
            return False
        first, then = sorted((old, new), key=lambda stay: stay.start)
        if first.end is None or first.end > then.start:
            return False
    return True


def _along(rng: Random) -> list[Stay]:
    """A life that goes from place to place, most steps well told."""
    stays: list[Stay] = []
    day = some_day(rng)
    place, reason = rng.choice(PLACES), rng.choice(("01", "03", "02", "07"))
    careless = rng.choice((0.05, 0.3))
    steps = rng.randrange(1, 6)
    for number in range(steps):
        if rng.random() < (0.4 if number == steps - 1 else careless / 2):
            stays.append(Stay(place, day, None, reason, None))
        else:
            end = day + timedelta(days=rng.choice((0, 1, 2, 3, 5, 8)))
            told = rng.choice(_EXIT) if number == steps - 1 or rng.random() < careless else rng.choice(("57",) * 4 + ("58",))
            stays.append(Stay(place, day, end, reason, told))
        left = stays[-1]
        step = rng.random()
        base = left.end or day + timedelta(days=rng.randrange(1, 5))
        day = base + timedelta(days=rng.choice((-3, -2, -1, 1, 2, 3)) if step < careless else 0)
        if left.end_reason == "58" and rng.random() < 0.8:
            reason = "08"
        else:
            place = rng.choice([other for other in PLACES if other != place])
            reason = rng.choice(_ENTRY) if rng.random() < careless else "07"
    return stays


def _anyhow(rng: Random) -> list[Stay]:
    stays = []
    for _ in range(rng.randrange(6)):
        start = some_day(rng)
        end = None if rng.random() < 0.2 else start + timedelta(days=rng.randrange(7))
        exit_reason = None if end is None else rng.choice(_EXIT)
        stays.append(Stay(rng.choice(PLACES), start, end, rng.choice(_ENTRY), exit_reason))
    return stays


def _with_qualification(rng: Random, stay: Stay) -> Stay:
    """Sometimes the municipality tells the qualification's own dates; a loss even where the period is still open."""
    if rng.random() < 0.4:
        earlier = stay.start - timedelta(days=rng.randrange(400))
        stay = stay._replace(acquired=earlier, acquired_reason=rng.choice((None, "01", "03")))
    elif rng.random() < 0.1:
        stay = stay._replace(acquired_reason="05")
    if rng.random() < 0.2:
        after = (stay.end or stay.start) + timedelta(days=rng.randrange(3))
        stay = stay._replace(lost=after, lost_reason=rng.choice((None, "55", "59")))
    return stay


def histories(rng: Random) -> History:
    """One person's application periods in four municipalities, two of them one since a merger."""
    drawn_stays = _along(rng) if rng.random() < 0.7 else _anyhow(rng)
    stays: list[Stay] = []
    for stay in drawn_stays:
        if _fits(stays, stay):
            stays.append(_with_qualification(rng, stay))
    rows: list[PersonFact] = []
    numbered: list[tuple[int, Stay]] = []
    next_number = {place: rng.randrange(1, 4) for place in PLACES}
    for stay in stays:
        number = next_number[stay.insurer]
        numbered.append((number, stay))
        if rng.random() < 0.25:  # an earlier row of the same period, which tells its end otherwise (P-3)
            rows.append(_row(stay._replace(end=None, end_reason=None, acquired=None, lost=None), number))
            next_number[stay.insurer] = number = number + 1
        rows.append(_row(stay, number))
        next_number[stay.insurer] = number + rng.randrange(1, 3)
    rng.shuffle(rows)
    return History(rows, numbered)


def _row(stay: Stay, number: int) -> PersonFact:
    return fact(
        stay.insurer,
        "1",
        number,
        start=stay.start,
        reason=stay.reason,
        end=stay.end,
        end_reason=stay.end_reason,
        acquired=stay.acquired,
        acquired_reason=stay.acquired_reason,
        lost=stay.lost,
        lost_reason=stay.lost_reason,
    )


def business_dates(rng: Random) -> tuple[date, int]:
    """A business date, and how long an unmatched move may wait (P-6)."""
    wait = rng.choice((0, 1, 5, 30))
    return FIRST_DAY + timedelta(days=rng.randrange(SPAN + wait + 25)), wait


# --- messages about identity ---

IDENTITY_PLACES = (A, B, D)
_NUMBERS = ("N1", "N2", "N3")
_BORN = (date(1980, 1, 2), date(1980, 1, 3))


def identity_streams(rng: Random) -> list[PersonFact]:
    """Messages in received order, each taken by the lifecycle of its row (X-4)."""
    addressees = [(place, name) for place in IDENTITY_PLACES for name in ("1", "2")]
    addressees = rng.sample(addressees, rng.randrange(1, 5))
    numbers = _NUMBERS[: rng.randrange(1, 4)]
    standing: dict[tuple[str, str, int], tuple[Any, ...]] = {}
    gone: set[tuple[str, str, int]] = set()
    messages: list[PersonFact] = []
    usual_birth = rng.random() < 0.3
    for line in range(rng.randrange(1, 13)):
        place, name = rng.choice(addressees)
        row = (place, name, rng.randrange(1, 4))
        if row in gone:
            continue
        if row in standing:
            kind = "3" if rng.random() < 0.25 else "2"
            number, born, sex = standing[row]
            if kind == "2":
                what = rng.random()
                if what < 0.45:
                    number = rng.choice((*numbers, None))
                if what > 0.35:
                    born, sex = rng.choice(_BORN), "2" if rng.random() < 0.1 else "1"
        else:
            kind, number = "1", rng.choice((*numbers, *numbers, None))
            born, sex = _BORN[0] if usual_birth else rng.choice(_BORN), "2" if rng.random() < 0.05 else "1"
        previous = rng.choice(numbers) if number is not None and rng.random() < 0.2 else None
        if kind == "3":
            gone.add(row)
            standing.pop(row)
        else:
            standing[row] = (number, born, sex)
        messages.append(
            fact(*row, kind=kind, number=number, previous=previous, birth_date=born, sex=sex, file_no=1, line=line + 2)
        )
    if not messages:
        messages.append(fact(A, "1", 1, number="N1"))
    return messages


def agreeing_streams(rng: Random) -> list[PersonFact]:
    """Messages about one to three real persons in which nothing ever conflicts: one birth date, one number each."""
    messages = []
    for person in range(rng.randrange(1, 4)):
        number, born = index_of(f"N{person}"), date(1980, 1, 1 + person)
        for place in rng.sample(IDENTITY_PLACES, rng.randrange(1, 4)):
            known = rng.random() < 0.8
            for history in range(1, rng.randrange(2, 4)):
                row: dict[str, Any] = {"number": number if known else None, "birth_date": born, "sex": "1"}
                messages.append(fact(place, str(person), history, **row))
                if rng.random() < 0.3:
                    messages.append(fact(place, str(person), history, kind=rng.choice("23"), **row))
    return messages


# --- households ---

HOUSEHOLD_DAYS = tuple(
    date(2018, month, day)
    for month, day in ((3, 20), (3, 31), (4, 1), (4, 2), (4, 15), (5, 1), (5, 2), (5, 3), (5, 4), (5, 20), (6, 1))
)
LATER_DAYS = (date(2019, 3, 10), date(2019, 3, 11), date(2019, 4, 1), date(2019, 6, 2))
BEGIN = date(2018, 1, 1)
HOMES = ((A, "1"), (A, "2"), (B, "7"), (C, "9"))


class Place(NamedTuple):
    """Where a person is: from a day on, in which household."""

    since: date
    home: tuple[str, str]


class HouseholdWorld(NamedTuple):
    """Persons with their live rows, households with their messages, high-cost months, and which pairs were confirmed."""

    rows: dict[str, list[PersonFact]]
    heads: dict[tuple[str, str], list[HouseholdFact]]
    months: dict[tuple[str, str], set[tuple[tuple[int, int], str]]]
    confirmed: Callable[[tuple[str, str], tuple[str, str]], bool]
    nobody: set[str]


def household_worlds(rng: Random) -> HouseholdWorld:
    """Two to four households and up to six persons who move together or alone, join, leave, die and head each other."""
    homes = HOMES[: rng.randrange(2, 5)] if rng.random() < 0.5 else (HOMES[0], *HOMES[2 : rng.randrange(3, 5)])
    at_days = sorted(rng.sample(HOUSEHOLD_DAYS, rng.randrange(1, 4)))
    if rng.random() < 0.35:
        at_days += sorted(rng.sample(LATER_DAYS, rng.randrange(1, 3)))
    names = [f"p{number}" for number in range(rng.randrange(1, 7))]
    rows: dict[str, list[PersonFact]] = {}
    living: dict[str, list[tuple[date, tuple[str, str] | None]]] = {}
    for name in names:
        living[name] = _life(rng, homes, at_days, living)
        rows[name] = _rows_of_life(rng, name, living[name])
    nominal = {f"n{number}" for number in range(rng.randrange(3))}
    for name in nominal:  # nominal heads have a record in each municipality, but no period (H-6)
        rows[name] = [
            fact(place, name, 1, start=None, reason=None, insured_kind="2") for place in sorted({h[0] for h in homes})
        ]
    heads = {
        home: _heads(rng, home, at_days, names, sorted(nominal), living) for home in homes if rng.random() < 0.96
    }
    months = {
        home: {
            ((2017 + n // 12, n % 12 + 1), "2" if rng.random() < 0.25 else "1")
            for n in rng.sample(range(5, 32), rng.randrange(7))
        }
        for home in homes
    }
    agreed = {(left, entered) for left in homes for entered in homes if rng.random() < 0.6}
    return HouseholdWorld(rows, heads, months, lambda left, entered: (left, entered) in agreed, nominal)


def _life(
    rng: Random,
    homes: tuple[tuple[str, str], ...],
    at_days: list[date],
    others: dict[str, list[tuple[date, tuple[str, str] | None]]],
) -> list[tuple[date, tuple[str, str] | None]]:
    """Where somebody is from which day on; most go with somebody else."""
    if others and rng.random() < 0.55:
        life = list(rng.choice(list(others.values())))
        other_way = rng.random()
        step = rng.randrange(1, len(life) + 1)
        if other_way < 0.3:  # not all the way
            return life[:step]
        if other_way < 0.5 and step < len(life):  # dies or finds employment on the day of a move
            return [*life[:step], (life[step][0], None)]
        if other_way < 0.7 and step < len(life):  # is born or comes in on the day of a move
            return [(BEGIN, None), *life[step:]]
        return life
    life = [(BEGIN, rng.choice(homes) if rng.random() < 0.85 else None)]
    for day in at_days:
        if rng.random() < 0.65:
            goes_to = rng.choice((*homes, *homes, None))
            if goes_to != life[-1][1]:
                life.append((day, goes_to))
    return life


def _rows_of_life(rng: Random, name: str, life: list[tuple[date, tuple[str, str] | None]]) -> list[PersonFact]:
    """Rows that tell of it; now and then one side tells another day or another reason."""
    rows: list[PersonFact] = []
    counts: dict[str, int] = {}

    def add(insurer: str, **fields: Any) -> None:
        counts[insurer] = counts.get(insurer, 0) + 1
        rows.append(fact(insurer, name, counts[insurer], **fields))

    open_until: dict[str, date] = {}
    position = 0
    reason = "01"
    while position < len(life):
        since, home = life[position]
        if home is None:
            reason = rng.choice(("01", "02", "03", "03"))
            position += 1
            continue
        insurer = home[0]
        last = position
        while last + 1 < len(life) and (after := life[last + 1][1]) is not None and after[0] == insurer:
            last += 1
        leaves = life[last + 1] if last + 1 < len(life) else None
        end, end_reason = None, None
        if leaves is not None:
            end = leaves[0]
            end_reason = "57" if leaves[1] is not None else rng.choice(("51", "52", "52", "53", "53", "57"))
            told = rng.random()
            if told < 0.05:
                end, end_reason = None, None
            elif told < 0.12:
                end += rng.choice((-2, -1, 1, 2)) * timedelta(days=1)
            elif told < 0.18:
                end_reason = rng.choice(("53", "51", "57"))
        began = reason if rng.random() < 0.93 else rng.choice(("01", "03", "07"))
        if since >= open_until.get(insurer, BEGIN) and (end is None or end > since):
            open_until[insurer] = end or date.max
            fields: dict[str, Any] = {"start": since, "reason": began}
            for each in range(position, last + 1):  # a change of household is a further row (P-3)
                day, inside = life[each]
                assert inside is not None
                if each > position:
                    fields["member_start"] = day
                add(insurer, household=inside[1], end=end, end_reason=end_reason, **fields)
        reason = "07"
        position = last + 1
    if not rows:
        add(A, start=None, reason=None, insured_kind="2")
    return rows


def _heads(
    rng: Random,
    home: tuple[str, str],
    at_days: list[date],
    names: list[str],
    nominal: list[str],
    living: dict[str, list[tuple[date, tuple[str, str] | None]]],
) -> list[HouseholdFact]:
    """Who heads a household over time: mostly somebody in it, sometimes a nominal head, sometimes nobody for a while."""

    def inside(day: date) -> list[str]:
        return [n for n in names if [h for since, h in living[n] if since <= day][-1:] == [home]]

    found: list[HouseholdFact] = []
    head: str | None = None
    since = BEGIN
    count = 0

    def close(until: date | None) -> None:
        nonlocal count
        if head is not None and until != since:
            count += 1
            told = until if until is None or rng.random() < 0.9 else until + timedelta(days=rng.choice((-1, 1)))
            if told is not None and told < since:
                told = until
            if rng.random() < 0.05:
                told = None
            is_nominal = head in nominal or rng.random() < 0.1
            found.append(head_row(*home, head, since, told, history=count, nominal=is_nominal))

    usual = rng.choice(names)
    for day in (BEGIN, *at_days):
        there = inside(day)
        if head in there and rng.random() < 0.85:
            continue
        if head in nominal and rng.random() < 0.6:
            continue
        choice = rng.random()
        if choice < 0.1 and nominal:
            now: str | None = rng.choice(nominal)
        elif choice < 0.15:
            now = rng.choice(names)
        elif usual in there:
            now = usual
        else:
            now = rng.choice(there) if there else (head if rng.random() < 0.5 else None)
        if now != head:
            close(day)
            head, since = now, day
    close(None)
    if len(found) > 1 and rng.random() < 0.1:  # an earlier headship sent late has a higher number
        first = found[0]
        found[0] = head_row(
            *home, first.head_addressee_number, first.head_start, first.head_end, history=count + 1,
            nominal=first.head_kind == "2",
        )  # fmt: skip
    rng.shuffle(found)
    return found


def households_of(world: HouseholdWorld) -> dict[tuple[str, str], Household]:
    return {home: Household(tuple(rows)) for home, rows in world.heads.items()}


# --- high-cost months ---


def month_sets(rng: Random) -> tuple[set[tuple[int, int]], set[tuple[int, int]], tuple[int, int]]:
    """Months that count, months of outpatient care only, and the month to judge."""
    around = [(2017 + n // 12, n % 12 + 1) for n in range(30)]
    return (
        set(rng.sample(around, rng.randrange(12))),
        set(rng.sample(around, rng.randrange(6))),
        rng.choice(around),
    )
