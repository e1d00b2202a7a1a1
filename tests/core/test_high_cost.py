"""High-cost months and what is counted of them (H-1 … H-3, X-4, X-19, X-20)."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given

from kokuho_core.conformance.reference import counting as model
from kokuho_core.errors import RecordRefused
from kokuho_core.high_cost_history.history import (
    CARRIED_SINCE,
    HighCostHistory,
    HighCostMonth,
    carried_over,
    histories_of,
    is_multiple_occurrence,
    judge_file,
    occurrence_count,
    within_window,
)
from kokuho_core.high_cost_history.record import HIGH_COST_KEYS
from kokuho_core.vocabulary.month import Month

from . import strategies
from .builders import A, high_cost, key_of, months

MonthSets = tuple[set[model.Month], set[model.Month], model.Month]


def check_counting(case: MonthSets) -> None:
    counted, outpatient, at = case
    given_months = [HighCostMonth(Month.of(*m), "1") for m in sorted(counted)]
    given_months += [HighCostMonth(Month.of(*m), "2") for m in sorted(outpatient)]
    last = Month.of(*at)
    assert occurrence_count(given_months, last) == len(model.months_in_window(counted, at))
    assert is_multiple_occurrence(given_months, last) == model.is_multiple(counted, at)
    assert is_multiple_occurrence(given_months * 2, last) == model.is_multiple(counted, at)
    if at in counted:
        assert model.occurrence_number(counted, at) == occurrence_count(given_months, last)
    both = {(m, "1") for m in model.months_in_window(counted, at)} | {
        (m, "2") for m in model.months_in_window(outpatient, at)
    }
    found = within_window(given_months, last)
    assert [((m.month.first_day.year, m.month.first_day.month), m.kind) for m in found] == sorted(both)
    assert carried_over(given_months, last) == [m for m in found if m.month.first_day.year * 12 + m.month.first_day.month >= 2018 * 12 + 4]


def test_counting_as_modelled() -> None:
    """Rules: H-1 … H-3, X-19, X-20."""
    for seed, case in strategies.seeded(strategies.month_sets, 10_000):
        try:
            check_counting(case)
        except AssertionError as error:
            raise AssertionError(seed, case) from error


@strategies.some
@given(strategies.drawn(strategies.month_sets))
def test_counting_shrinking(case: MonthSets) -> None:
    """Rules: H-1 … H-3, X-19, X-20."""
    check_counting(case)


def test_the_fourth_in_twelve_months() -> None:
    """Rules: H-2."""
    three = months("202305", "202309", "202403")
    assert is_multiple_occurrence(three, Month.of(2024, 4))
    assert not is_multiple_occurrence(three, Month.of(2024, 3))
    assert not is_multiple_occurrence(three, Month.of(2024, 5))
    assert not is_multiple_occurrence(months("202305", "202309o", "202403"), Month.of(2024, 4))


def test_the_window_is_twelve_months_with_the_last() -> None:
    """Rules: H-2."""
    given_months = months("202304", "202305", "202404", "202405")
    assert within_window(given_months, Month.of(2024, 4)) == months("202305", "202404")
    assert occurrence_count(given_months, Month.of(2024, 4)) == 2


def test_carried_since_2018_04() -> None:
    """Rules: H-3."""
    assert Month.of(2018, 4) == CARRIED_SINCE
    assert carried_over(months("201803", "201804", "201804o"), Month.of(2018, 5)) == months("201804", "201804o")


# --- the history of one household ---

APRIL = Month.of(2024, 4)


def test_a_cancelled_month_may_be_sent_anew() -> None:
    """Rules: H-1, P-7, X-4."""
    history = HighCostHistory()
    for update in "1231":
        history = history.receive(high_cost(APRIL, update=update))
        assert history.months() == ([] if update == "3" else months("202404"))
    assert len(history.messages) == 4
    history = history.receive(high_cost(APRIL.plus(-1))).receive(high_cost(APRIL, "2"))
    assert history.months() == months("202403", "202404", "202404o")


@pytest.mark.parametrize(
    ("before", "update", "code"), [("", "2", "KKH-R001"), ("", "3", "KKH-R001"), ("1", "1", "KKH-R002"), ("13", "2", "KKH-P007")]
)
def test_what_cannot_follow_is_refused(before: str, update: str, code: str) -> None:
    """Rules: X-4."""
    known = [high_cost(APRIL, update=each) for each in before]
    with pytest.raises(RecordRefused) as refused:
        HighCostHistory(tuple(known)).receive(high_cost(APRIL, update=update))
    (problem,) = refused.value.problems
    assert (problem.code, problem.line, problem.field) == (code, 2, "treatment_month")
    assert judge_file(known, [high_cost(APRIL, update=update)]) == {2: problem}


def test_a_file_is_judged_in_its_own_order() -> None:
    """Rules: X-4."""
    sent = [
        attrs.evolve(high_cost(APRIL, update=update), line=line) for line, update in ((2, "2"), (3, "1"), (4, "1"), (5, "3"))
    ]
    assert {line: problem.code for line, problem in judge_file([], sent).items()} == {2: "KKH-R001", 4: "KKH-R002"}
    assert judge_file([], sent)[4].line == 4


def test_names_of_a_month() -> None:
    """Rules: H-1."""
    fact = high_cost(APRIL, "2")
    assert fact.key == key_of(A, "1")
    assert fact.high_cost_month == HighCostMonth(APRIL, "2")
    assert HIGH_COST_KEYS[:3] == ("insurer_number", "household_number", "treatment_month")


def test_histories_of_several_households() -> None:
    """Rules: H-1."""
    first, other, later = high_cost(APRIL), high_cost(APRIL, household="2"), high_cost(APRIL, update="3")
    assert histories_of([first, other, later]) == {
        key_of(A, "1"): HighCostHistory((first, later)),
        key_of(A, "2"): HighCostHistory((other,)),
    }
