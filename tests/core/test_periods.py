"""Half-open ranges of days, what lies double and what lies open between them (P-1 … P-5, X-8)."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokuho_core.conformance.reference import periods as periods_model
from kokuho_core.errors import InvalidValue
from kokuho_core.periods import OPEN, DayRange, Gap, gaps, overlapping_pairs
from kokuho_core.periods.day_range import earlier_end

from . import strategies
from .builders import d

ranges = strategies.drawn(strategies.day_ranges)


def r(start: str, end: str | None = None) -> DayRange:
    return DayRange.of(d(start), None if end is None else d(end))


# --- one range ---


def test_a_reversed_period_is_invalid() -> None:
    """Rules: P-2."""
    with pytest.raises(InvalidValue) as refused:
        r("05-02", "05-01")
    assert refused.value.code == "KKH-P002"


def test_an_end_is_the_first_day_no_longer_covered() -> None:
    """Rules: P-1."""
    stay = r("05-01", "05-03")
    assert [stay.covers(d(day)) for day in ("04-30", "05-01", "05-02", "05-03")] == [False, True, True, False]
    assert [stay.ends_before(d(day)) for day in ("05-02", "05-03", "05-04")] == [False, True, True]
    assert (stay.days, stay.end_day, stay.is_empty) == (2, d("05-03"), False)


def test_an_open_end_is_a_value_of_its_own() -> None:
    """Rules: P-1."""
    stay = r("05-01")
    assert stay == DayRange(d("05-01")) == DayRange(d("05-01"), OPEN)
    assert (stay.end, stay.days, stay.end_day, stay.is_empty) == (OPEN, None, None, False)
    assert stay.covers(date.max)
    assert not stay.covers(d("04-30"))
    assert not stay.ends_before(date.max)
    assert not stay.touches(r("05-01"))


def test_the_same_day_covers_nothing() -> None:
    """Rules: P-2."""
    stay = r("05-01", "05-01")
    assert (stay.is_empty, stay.days, stay.covers(d("05-01"))) == (True, 0, False)
    assert stay.intersection(r("04-01")) is None
    assert r("04-01").intersection(stay) is None


def test_touching_is_on_the_very_day() -> None:
    """Rules: P-5."""
    assert r("04-01", "05-01").touches(r("05-01"))
    assert not r("04-01", "05-01").touches(r("05-02"))
    assert not r("04-01", "05-01").touches(r("04-30"))


def test_the_earlier_of_two_ends() -> None:
    """Rules: P-1."""
    first, then = d("05-01"), d("05-02")
    assert earlier_end(first, then) == earlier_end(then, first) == first
    assert earlier_end(OPEN, first) == earlier_end(first, OPEN) == first
    assert earlier_end(OPEN, OPEN) is OPEN


def test_order_is_start_then_end_and_open_last() -> None:
    """Rules: P-5."""
    expected = [r("04-01", "04-02"), r("04-01", "06-01"), r("04-01"), r("04-02", "04-03"), r("04-02")]
    for shift in range(len(expected)):
        assert sorted(expected[shift:] + expected[:shift], key=DayRange.sort_key) == expected
    assert r("04-01").sort_key() != r("04-01", "04-01").sort_key()



def _range(start: int, length: int | None) -> DayRange:
    first = strategies.FIRST_DAY + timedelta(days=start)
    return DayRange.of(first, None if length is None else first + timedelta(days=length))


single = st.builds(_range, st.integers(0, 12), st.one_of(st.none(), st.integers(0, 8)))
far = strategies.FIRST_DAY + timedelta(days=40)


def days_of(stay: DayRange) -> set[date]:
    return {day for day in periods_model.days_between(strategies.FIRST_DAY, far) if stay.covers(day)}


@strategies.some
@given(single, single)
def test_a_range_is_its_set_of_days(one: DayRange, other: DayRange) -> None:
    """Rules: P-1, P-2, P-5."""
    shared = one.intersection(other)
    assert days_of(one) & days_of(other) == (set() if shared is None else days_of(shared))
    assert shared == other.intersection(one)
    assert one.is_empty == (not days_of(one))
    assert days_of(one) == periods_model.days_of((one.start, one.end_day), far)
    if one.touches(other):
        assert shared is None
    if shared is not None:
        assert not shared.is_empty
        assert shared.start == max(one.start, other.start)
        assert (shared.end is OPEN) == (one.end is OPEN and other.end is OPEN)
    if not one.is_empty:
        assert one.intersection(one) == one
    longer = one.until_the_later(other)
    assert longer.start == one.start
    assert (longer.end is OPEN) == (one.end is OPEN or other.end is OPEN)
    assert longer.end is OPEN or longer.end_day == max(one.end_day, other.end_day)
    for day in (one.start, other.start):
        assert one.ends_before(day) == (one.end is not OPEN and one.end_day <= day)


# --- several ranges ---


def assert_overlaps_as_modelled(given_ranges: list[DayRange]) -> None:
    found = overlapping_pairs(given_ranges)
    expected = periods_model.overlaps([(each.start, each.end_day) for each in given_ranges])
    assert {(min(pair), max(pair)) for pair in found} == expected
    assert len(found) == len(expected)
    for earlier, later in found:
        assert given_ranges[earlier].sort_key() <= given_ranges[later].sort_key()


def assert_gaps_as_modelled(given_ranges: list[DayRange]) -> None:
    found = [(gap.days.start, gap.days.end_day, set(gap.before), set(gap.after)) for gap in gaps(given_ranges)]
    expected = periods_model.gaps([(each.start, each.end_day) for each in given_ranges])
    assert found == [(gap[0], gap[1], set(gap[2]), set(gap[3])) for gap in expected]


@strategies.some
@given(ranges)
def test_overlaps_shrinking(given_ranges: list[DayRange]) -> None:
    """Rules: P-2, P-5."""
    assert_overlaps_as_modelled(given_ranges)


def test_overlaps_as_modelled() -> None:
    """Rules: P-2, P-5: all pairs that share a day, the earlier first."""
    for seed, given_ranges in strategies.seeded(strategies.day_ranges, 10_000):
        try:
            assert_overlaps_as_modelled(given_ranges)
        except AssertionError as error:
            raise AssertionError(seed, given_ranges) from error


@strategies.some
@given(ranges)
def test_gaps_shrinking(given_ranges: list[DayRange]) -> None:
    """Rules: P-2, P-5, X-8."""
    assert_gaps_as_modelled(given_ranges)


def test_gaps_as_modelled() -> None:
    """Rules: P-2, P-5, X-8: maximal runs that nobody covers, with all periods at their two ends."""
    for seed, given_ranges in strategies.seeded(strategies.day_ranges, 10_000):
        try:
            assert_gaps_as_modelled(given_ranges)
        except AssertionError as error:
            raise AssertionError(seed, given_ranges) from error


@strategies.some
@given(ranges, strategies.randoms)
def test_the_order_of_ranges_does_not_matter(given_ranges: list[DayRange], rng: Random) -> None:
    """Rules: P-5."""
    order = list(range(len(given_ranges)))
    rng.shuffle(order)
    shuffled = [given_ranges[i] for i in order]
    assert {frozenset(pair) for pair in overlapping_pairs(given_ranges)} == {
        frozenset((order[i], order[j])) for i, j in overlapping_pairs(shuffled)
    }
    assert [(gap.days, set(gap.before), set(gap.after)) for gap in gaps(given_ranges)] == [
        (gap.days, {order[i] for i in gap.before}, {order[i] for i in gap.after}) for gap in gaps(shuffled)
    ]


def test_pairs_and_gaps_by_hand() -> None:
    """Rules: P-2, P-5, X-8."""
    assert overlapping_pairs([r("05-01"), r("04-01"), r("04-15", "04-15")]) == [(1, 0)]
    assert overlapping_pairs([r("04-01"), r("04-01")]) == [(0, 1)]
    assert gaps([]) == []
    assert gaps([r("04-01", "04-02"), r("04-03", "04-03")]) == []
    found = gaps([r("04-10"), r("04-01", "04-05"), r("04-02", "04-05"), r("04-10", "04-11")])
    assert found == [Gap(r("04-05", "04-10"), before=(1, 2), after=(0, 3))]
