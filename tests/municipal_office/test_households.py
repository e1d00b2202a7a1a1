"""Households: who is head, who goes into the files, what ends and what goes on."""

from __future__ import annotations

from typing import Any

import pytest

from kokuho_core.errors import NotificationRefused
from kokuho_core.municipal_office.notification import (
    Born,
    CoverBegan,
    CoverEnded,
    DateCorrected,
    Died,
    Head,
    HeadChanged,
    HouseholdChanged,
    ItemsChanged,
    ItemsCorrected,
    MovedIn,
    MovedOut,
    OtherCover,
    PeriodSide,
    ResidenceSpecial,
    Withdrawn,
)
from kokuho_core.vocabulary.individual_number import NumberIndex

from ..prefecture.office import B, C
from .counter import Counter, addressee, d, entrant, home, items, new_home, told

X, Y = NumberIndex(b"x" * 32), NumberIndex(b"y" * 32)


@pytest.fixture
def family() -> Counter:
    """Household 10: head 1, members 2 and 3, all sent."""
    counter = Counter()
    people = (entrant("1"), entrant("2", "1982-02-02", "02"), entrant("3", "2010-03-03", "03"))
    counter.take(MovedIn(**told("2020-04-01"), household=new_home("10", "1"), entrants=people))
    counter.send()
    return counter


def who_is_sent(counter: Counter) -> dict[str, list[tuple[str, int]]]:
    """(update kind, history number) by addressee, and by household number after «H»."""
    persons, households = counter.send()
    sent: dict[str, list[tuple[str, int]]] = {}
    for kind, row in persons:
        sent.setdefault(row.record.addressee_number, []).append((kind.value, row.history_number))
    for kind, each in households:
        sent.setdefault(f"H{each.record.household_number}", []).append((kind.value, each.history_number))
    return sent


def periods(counter: Counter, number: str) -> list[tuple[str, str | None]]:
    found = counter.persons[addressee(number)].application_periods()
    return [(each.days.start.isoformat(), each.days.end_day.isoformat() if each.days.end_day else None) for each in found]


class TestWhoGoesIntoTheFiles:
    def test_a_new_household_is_sent_whole(self) -> None:
        """Rules: Q-1."""
        counter = Counter()
        nominal = entrant("9", "1950-01-01")
        counter.take(
            CoverEnded(**told("2025-03-31"), cover=OtherCover.EMPLOYEE_INSURANCE, entrants=(entrant("1"),),
                       household=new_home("10", "9", nominal=nominal))
        )  # fmt: skip
        assert who_is_sent(counter) == {"1": [("1", 1)], "9": [("1", 1)], "H10": [("1", 1)]}
        assert (counter.current("9").insured_kind, counter.current("9").application_start) == ("2", None)
        assert counter.household("10").head_kind == "2"
        assert who_is_sent(counter) == {}

    def test_with_one_change_every_insured_member_goes_too_and_the_nominal_head(self, family: Counter) -> None:
        """Rules: Q-1."""
        family.take(CoverBegan(**told("2025-04-01"), cover=OtherCover.EMPLOYEE_INSURANCE, people=(addressee("1"),)))
        assert who_is_sent(family) == {
            "1": [("1", 2), ("1", 3)], "2": [("2", 1)], "3": [("2", 1)], "H10": [("1", 2), ("1", 3)],
        }  # fmt: skip
        family.take(CoverBegan(**told("2025-05-01"), cover=OtherCover.EMPLOYEE_INSURANCE, people=(addressee("2"),)))
        assert who_is_sent(family) == {"1": [("2", 3)], "2": [("1", 2)], "3": [("2", 1)], "H10": [("2", 3)]}
        assert who_is_sent(family) == {}

    def test_who_left_before_is_not_sent_again(self, family: Counter) -> None:
        """Rules: Q-1."""
        family.take(MovedOut(**told("2025-04-01"), people=(addressee("3"),)))
        family.send()
        family.take(HeadChanged(**told("2025-06-01"), household=home("10"), head=Head(addressee("2"))))
        assert set(who_is_sent(family)) == {"1", "2", "H10"}

    def test_two_households_are_touched_by_one_change(self, family: Counter) -> None:
        """Rules: Q-1, X-14."""
        family.take(MovedIn(**told("2021-04-01"), household=new_home("20", "5"), entrants=(entrant("5"),)))
        family.send()
        family.take(HouseholdChanged(**told("2025-04-01"), people=(addressee("3"),), household=home("20")))
        assert who_is_sent(family) == {
            "1": [("2", 1)], "2": [("2", 1)], "3": [("1", 2)], "5": [("2", 1)], "H10": [("2", 1)], "H20": [("2", 1)],
        }  # fmt: skip

    def test_what_was_never_sent_changes_freely_and_goes_as_new_once(self) -> None:
        """Rules: P-7, X-4."""
        counter = Counter()
        counter.take(MovedIn(**told("2025-04-01"), household=new_home("10", "1"), entrants=(entrant("1"),)))
        counter.take(DateCorrected(**told("2025-04-03"), people=(addressee("1"),), side=PeriodSide.START))
        counter.take(MovedIn(**told("2025-04-04"), household=home("10"), entrants=(entrant("2"),)))
        counter.take(Withdrawn(**told("2025-04-05"), notice_number=3))
        assert who_is_sent(counter) == {"1": [("1", 1)], "H10": [("1", 1)]}
        counter.take(MovedIn(**told("2025-04-06"), household=home("10"), entrants=(entrant("2"),)))
        assert who_is_sent(counter) == {"1": [("2", 1)], "2": [("1", 2)], "H10": [("2", 1)]}


class TestHeads:
    def test_the_head_who_joins_employee_insurance_stays_as_a_nominal_one(self, family: Counter) -> None:
        """Rules: D-5, H-5, X-14."""
        family.take(CoverBegan(**told("2025-04-01"), cover=OtherCover.EMPLOYEE_INSURANCE, people=(addressee("1"),)))
        assert (family.current("1").insured_kind, family.current("1").member_start) == ("2", d("2025-04-02"))
        household = family.household("10")
        assert (household.head_addressee_number, household.head_kind) == ("1", "2")
        assert (household.head_start, household.change_reason) == (d("2025-04-02"), "04")
        family.take(
            CoverEnded(**told("2026-01-31"), cover=OtherCover.EMPLOYEE_INSURANCE, household=home("10"),
                       entrants=(entrant("1"),))
        )  # fmt: skip
        assert family.household("10").head_kind == "1" and family.current("1").relationship == "01"
        assert periods(family, "1") == [("2020-04-01", "2025-04-02"), ("2026-02-01", None)]

    def test_one_of_those_who_stay_becomes_head(self, family: Counter) -> None:
        """Rules: D-4, H-4."""
        family.take(Died(**told("2025-04-01"), person=addressee("1"), new_head=Head(addressee("2"))))
        household = family.household("10")
        assert (household.head_addressee_number, household.head_start) == ("2", d("2025-04-02"))
        before = family.households[home("10")].live_rows[-2].record
        assert (before.head_addressee_number, before.head_end) == ("1", d("2025-04-02"))
        assert family.current("2").relationship == "01"

    def test_somebody_insured_elsewhere_becomes_the_nominal_head(self, family: Counter) -> None:
        """Rules: X-14, X-20."""
        grandfather = items("1945-05-05")
        head = Head(addressee("8"), True, grandfather)
        family.take(HeadChanged(**told("2025-04-01"), household=home("10"), head=head, relationships={addressee("1"): "03"}))
        assert family.current("8").insured_kind == "2" and family.household("10").head_kind == "2"
        assert (family.current("1").relationship, family.current("2").relationship) == ("03", "02")
        family.take(HeadChanged(**told("2025-06-01"), household=home("10"), head=Head(addressee("1"))))
        assert family.current("8").member_end == d("2025-06-01"), "a nominal head who is head no more leaves"

    def test_a_newcomer_becomes_head_over_those_who_are_there(self, family: Counter) -> None:
        """Rules: H-5, X-21."""
        newcomer = entrant("7", "1955-05-05")
        family.take(
            MovedIn(**told("2025-04-01"), household=home("10"), entrants=(newcomer,), from_insurer=B,
                    new_head=Head(addressee("7")))
        )  # fmt: skip
        assert family.household("10").head_addressee_number == "7" and family.current("7").relationship == "01"
        assert family.current("1").relationship == "99"

    def test_the_household_ends_with_the_last_insured(self, family: Counter) -> None:
        """Rules: D-3, D-8, X-14."""
        everybody = tuple(addressee(each) for each in "123")
        family.take(MovedOut(**told("2025-05-10"), people=everybody, to_insurer=B))
        household = family.household("10")
        assert (household.household_end, household.head_end, household.change_reason) == (d("2025-05-10"), d("2025-05-10"), "07")
        assert household.other_insurer_number == B
        with pytest.raises(NotificationRefused, match="KKH-M007"):
            family.take(Born(**told("2025-06-01"), household=home("10"), child=entrant("4", "2025-06-01")))

    def test_a_nominal_head_goes_with_the_last_insured(self) -> None:
        """Rules: X-14."""
        counter = Counter()
        nominal = entrant("9", "1950-01-01")
        counter.take(MovedIn(**told("2025-04-01"), household=new_home("10", "9", nominal=nominal), entrants=(entrant("1"),)))
        counter.take(MovedOut(**told("2025-05-10"), people=(addressee("1"),), to_insurer=B))
        assert counter.current("9").member_end == counter.household("10").household_end == d("2025-05-10")
        assert not counter.persons[addressee("9")].is_member_of(home("10"))

    def test_a_nominal_head_dies(self, family: Counter) -> None:
        """Rules: D-4, X-14."""
        family.take(CoverBegan(**told("2025-04-01"), cover=OtherCover.EMPLOYEE_INSURANCE, people=(addressee("1"),)))
        with pytest.raises(NotificationRefused, match="KKH-M003"):
            family.take(Died(**told("2025-05-01"), person=addressee("1")))
        family.take(Died(**told("2025-05-01"), person=addressee("1"), new_head=Head(addressee("2"))))
        assert family.current("1").member_end == d("2025-05-02")
        assert family.current("1").application_end is None, "his insurance had ended before"

    def test_a_nominal_head_moves_out(self, family: Counter) -> None:
        """Rules: D-8, X-14."""
        family.take(CoverBegan(**told("2025-04-01"), cover=OtherCover.SOCIETY, people=(addressee("1"),)))
        family.take(
            MovedOut(**told("2025-05-01"), people=(addressee("1"),), to_insurer=C, new_head=Head(addressee("2")))
        )
        assert (family.current("1").member_end, family.current("1").other_insurer_number) == (d("2025-05-01"), C)


class TestHouseholdChanges:
    def test_a_split_keeps_the_period_and_gives_another_card(self, family: Counter) -> None:
        """Rules: X-14, X-32."""
        family.take(HouseholdChanged(**told("2025-04-01"), people=(addressee("3"),), household=new_home("30", "3")))
        record = family.current("3")
        assert (record.household_number, record.card_number, record.branch_number) == ("30", "30", "01")
        assert (record.member_start, record.relationship) == (d("2025-04-01"), "01")
        assert periods(family, "3") == [("2020-04-01", None)]
        assert family.household("30").change_reason == "05"
        [period] = family.persons[addressee("3")].application_periods()
        before, after = period.household_on(d("2025-03-31")), period.household_on(d("2025-04-01"))
        assert before is not None and after is not None
        assert (before.household_number, after.household_number) == ("10", "30")

    def test_a_merger_ends_the_household_that_nobody_stays_in(self, family: Counter) -> None:
        """Rules: X-14."""
        family.take(MovedIn(**told("2021-04-01"), household=new_home("20", "5"), entrants=(entrant("5"),)))
        family.take(HouseholdChanged(**told("2025-04-01"), people=(addressee("5"),), household=home("10")))
        assert (family.household("20").household_end, family.household("20").change_reason) == (d("2025-04-01"), "06")
        assert family.current("5").branch_number == "04", "a branch number of its own under the card"

    def test_branch_numbers_are_kept_and_never_shared(self, family: Counter) -> None:
        """Rules: Q-1."""
        assert [family.current(each).branch_number for each in "123"] == ["01", "02", "03"]
        family.take(MovedOut(**told("2025-04-01"), people=(addressee("2"),)))
        family.take(Born(**told("2025-04-20"), household=home("10"), child=entrant("4", "2025-04-20", "03")))
        family.take(MovedIn(**told("2025-06-01"), household=home("10"), entrants=(entrant("2", "1982-02-02", "02"),)))
        assert [family.current(each).branch_number for each in "1234"] == ["01", "02", "03", "04"]


class TestCorrections:
    def test_the_day_a_household_moved_in(self, family: Counter) -> None:
        """Rules: P-7, D-1."""
        everybody = tuple(addressee(each) for each in "123")
        family.take(DateCorrected(**told("2020-03-25", "2025-04-01"), people=everybody, side=PeriodSide.START))
        for each in "123":
            record = family.current(each)
            assert record.application_start == record.member_start == record.qualification_acquired == d("2020-03-25")
        household = family.household("10")
        assert household.household_start == household.head_start == household.changed_on == d("2020-03-25")
        assert who_is_sent(family) == {"1": [("2", 1)], "2": [("2", 1)], "3": [("2", 1)], "H10": [("2", 1)]}

    def test_of_one_alone_leaves_the_household_as_it_is(self, family: Counter) -> None:
        """Rules: P-7."""
        family.take(DateCorrected(**told("2020-04-20", "2025-04-01"), people=(addressee("3"),), side=PeriodSide.START))
        assert family.household("10").household_start == d("2020-04-01")
        assert periods(family, "3") == [("2020-04-20", None)]
        with pytest.raises(NotificationRefused, match="KKH-M010"):
            family.take(DateCorrected(**told("2020-03-20", "2025-04-01"), people=(addressee("3"),), side=PeriodSide.START))

    def test_all_rows_of_the_period_follow(self, family: Counter) -> None:
        """Rules: P-3, P-7."""
        family.take(HouseholdChanged(**told("2025-04-01"), people=(addressee("3"),), household=new_home("30", "3")))
        family.take(DateCorrected(**told("2020-04-20", "2025-05-01"), people=(addressee("3"),), side=PeriodSide.START))
        assert periods(family, "3") == [("2020-04-20", None)], "still one period"

    def test_the_day_somebody_left(self, family: Counter) -> None:
        """Rules: P-7, D-5."""
        family.take(CoverBegan(**told("2025-04-01"), cover=OtherCover.EMPLOYEE_INSURANCE, people=(addressee("1"),)))
        family.take(DateCorrected(**told("2025-05-01"), people=(addressee("1"),), side=PeriodSide.END))
        assert periods(family, "1") == [("2020-04-01", "2025-05-02")]
        former, headed = family.persons[addressee("1")].live_rows[-2:]
        assert former.record.qualification_lost == former.record.member_end == d("2025-05-02")
        household = family.household("10")
        assert household.head_start == d("2025-05-02"), "the nominal headship begins with it"
        assert headed.record.insured_kind == "2"
        assert headed.record.member_start == d("2025-05-02"), "and so does his being there without insurance"

    def test_a_death_on_another_day(self, family: Counter) -> None:
        """Rules: P-7, D-4."""
        family.take(Died(**told("2025-04-01"), person=addressee("2")))
        family.take(DateCorrected(**told("2025-03-30", "2025-04-02"), people=(addressee("2"),), side=PeriodSide.END))
        assert periods(family, "2") == [("2020-04-01", "2025-03-31")]
        assert family.persons[addressee("2")].died_on == d("2025-03-30")

    def test_a_name_changes_or_was_wrong(self, family: Counter) -> None:
        """Rules: P-7."""
        family.take(ItemsChanged(**told("2025-04-01"), person=addressee("2"), items=items("1982-02-02", name="見本　花子")))
        assert (family.current("2").name, family.current("2").history_number) == ("見本　花子", 2)
        family.take(ItemsCorrected(**told("2025-04-02"), person=addressee("2"), items=items("1982-02-03", "2")))
        assert (family.current("2").birth_date, family.current("2").history_number) == (d("1982-02-03"), 2)

    def test_a_number_comes_and_changes(self) -> None:
        """Rules: I-3, I-4, X-6."""
        counter = Counter()
        counter.take(MovedIn(**told("2020-04-01"), household=new_home("10", "1"), entrants=(entrant("1", number=None),)))
        numbers: list[Any] = []
        for number in (X, Y, None):
            counter.take(ItemsChanged(**told("2025-04-01"), person=addressee("1"), items=items(number=number)))
            row = counter.persons[addressee("1")].current
            assert row is not None
            numbers.append((row.number, row.previous_number))
        assert numbers == [(X, None), (Y, X), (Y, None)]
        counter.take(ItemsCorrected(**told("2025-04-02"), person=addressee("1"), items=items(number=X)))
        rows = counter.persons[addressee("1")].rows
        assert [(row.number, row.previous_number) for row in rows] == [(None, None), (X, None), (X, X), (X, None)]


class TestWithdrawals:
    def test_everything_is_as_before_but_for_the_numbers_used(self, family: Counter) -> None:
        """Rules: P-7, X-4."""
        before = {each: family.current(each) for each in "123"}
        household = family.household("10")
        family.take(Died(**told("2025-04-01"), person=addressee("1"), new_head=Head(addressee("2"))))
        family.send()
        family.take(Withdrawn(**told("2025-04-02"), notice_number=2))
        assert {each: family.current(each) for each in "123"} == before and family.household("10") == household
        assert family.persons[addressee("1")].died_on is None
        assert who_is_sent(family) == {
            "1": [("2", 1), ("3", 2)], "2": [("2", 1), ("3", 2)], "3": [("2", 1)], "H10": [("2", 1), ("3", 2), ("3", 3)],
        }  # fmt: skip
        family.take(Died(**told("2025-04-03"), person=addressee("3")))
        assert family.current("3").history_number == 2
        family.take(Died(**told("2025-04-03"), person=addressee("1"), new_head=Head(addressee("2"))))
        assert family.current("1").history_number == 3, "a cancelled number is never used again"

    @pytest.mark.parametrize("number", [1, 2, 9])
    def test_not_what_a_later_notice_rests_on(self, family: Counter, number: int) -> None:
        """Rules: P-7."""
        family.take(CoverBegan(**told("2025-04-01"), cover=OtherCover.EMPLOYEE_INSURANCE, people=(addressee("3"),)))
        family.take(DateCorrected(**told("2025-05-01"), people=(addressee("3"),), side=PeriodSide.END))
        with pytest.raises(NotificationRefused, match="KKH-M015"):
            family.take(Withdrawn(**told("2025-05-02"), notice_number=number))

    def test_a_household_somebody_joined_is_not_withdrawn_from_under_him(self) -> None:
        """Rules: X-14."""
        counter = Counter()
        counter.take(MovedIn(**told("2025-04-01"), household=new_home("10", "1"), entrants=(entrant("1"),)))
        counter.take(MovedIn(**told("2025-04-02"), household=home("10"), entrants=(entrant("2"),)))
        with pytest.raises(NotificationRefused, match="KKH-M003"):
            counter.take(Withdrawn(**told("2025-04-03"), notice_number=1))


def test_late_news_of_an_earlier_loss(family: Counter) -> None:
    """Rules: P-7, P-2. Employee insurance since March, told in June; meanwhile the household changed in April."""
    family.take(HouseholdChanged(**told("2025-04-01"), people=(addressee("3"),), household=new_home("30", "3")))
    family.take(
        CoverBegan(**told("2025-03-01", "2025-06-10"), cover=OtherCover.EMPLOYEE_INSURANCE, people=(addressee("3"),))
    )
    assert periods(family, "3") == [("2020-04-01", "2025-03-02")]
    record, household = family.current("3"), family.household("30")
    assert record.member_start == record.member_end == d("2025-03-02")
    assert (household.household_start, household.household_end) == (d("2025-04-01"), d("2025-04-01"))


def test_back_again_on_the_day_of_leaving_is_one_period(family: Counter) -> None:
    """Rules: P-3, D-9."""
    family.take(ResidenceSpecial(**told("2025-05-10"), person=addressee("3"), household=new_home("30", "3"), address="施設"))
    family.take(CoverBegan(**told("2025-05-10"), cover=OtherCover.WELFARE, people=(addressee("3"),)))
    assert periods(family, "3") == [("2020-04-01", "2025-05-10"), ("2025-05-10", "2025-05-10")]
