"""Business days: known years, and what holds of all of them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokuho_core.vocabulary.business_days import business_days_between, holidays_of, is_business_day

DAYS = st.dates(date(2018, 1, 1), date(2099, 12, 31))

KNOWN = {
    # as published by the Cabinet Office (国民の祝日について)
    2019: "0101 0114 0211 0321 0429 0430 0501 0502 0503 0504 0505 0506 0715 0811 0812 0916 0923 1014 1022 1103 1104 1123",
    2020: "0101 0113 0211 0223 0224 0320 0429 0503 0504 0505 0506 0723 0724 0810 0921 0922 1103 1123",
    2021: "0101 0111 0211 0223 0320 0429 0503 0504 0505 0722 0723 0808 0809 0920 0923 1103 1123",
    2024: "0101 0108 0211 0212 0223 0320 0429 0503 0504 0505 0506 0715 0811 0812 0916 0922 0923 1014 1103 1104 1123",
    2026: "0101 0112 0211 0223 0320 0429 0503 0504 0505 0506 0720 0811 0921 0922 0923 1012 1103 1123",
}


@pytest.mark.parametrize("year", KNOWN)
def test_the_published_holidays(year: int) -> None:
    """Rules: S-28, S-32. Substitutes, days between two holidays, and the special cases of 2019 to 2021."""
    assert sorted(day.strftime("%m%d") for day in holidays_of(year)) == KNOWN[year].split()


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2024, 12, 27), True), (date(2024, 12, 28), False), (date(2024, 12, 30), False), (date(2025, 1, 3), False),
        (date(2025, 1, 6), True), (date(2024, 5, 6), False), (date(2024, 5, 7), True),
    ],
)  # fmt: skip
def test_days_on_which_offices_work(day: date, open_: bool) -> None:
    """Rules: S-28."""
    assert is_business_day(day) is open_


@given(DAYS, st.integers(0, 60), st.integers(0, 60))
def test_days_add_up(day: date, first: int, second: int) -> None:
    """Rules: S-28."""
    middle, end = day + timedelta(days=first), day + timedelta(days=first + second)
    assert business_days_between(day, end) == business_days_between(day, middle) + business_days_between(middle, end)


@given(DAYS)
def test_no_week_but_the_longest_holidays_is_closed(day: date) -> None:
    """Rules: S-28. Ten closed days in a row were 2019's, and never more."""
    assert business_days_between(day, day + timedelta(days=11)) >= 1
    assert business_days_between(day, day) == business_days_between(day, day - timedelta(days=3)) == 0
