"""Notices that cannot be: each is refused with its code, and nothing of it is kept."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from kokuho_core.errors import NotificationRefused
from kokuho_core.municipal_office.notification import (
    Born,
    CoverBegan,
    CoverEnded,
    DateCorrected,
    Died,
    Entrant,
    Head,
    HeadChanged,
    HouseholdChanged,
    ItemsChanged,
    MovedIn,
    MovedOut,
    NewHousehold,
    OtherCover,
    PeriodSide,
    ResidenceSpecial,
    StayEnded,
    StaysElsewhere,
)
from kokuho_core.vocabulary.codes import SpecialCase

from ..prefecture.office import A, B
from .counter import Counter, addressee, d, entrant, home, items, new_home, told

EMPLOYEE, ELDERLY = OtherCover.EMPLOYEE_INSURANCE, OtherCover.LATE_ELDERLY


@pytest.fixture
def counter() -> Counter:
    """Household 10: head 1, member 2, born 1955; household 20: head 5; 6 is dead; 7 joined employee insurance; 8 is a student."""
    made = Counter()
    people = (entrant("1"), entrant("2", "1955-05-05", "02"), entrant("6"), entrant("7"), entrant("8"))
    made.take(MovedIn(**told("2020-04-01"), household=new_home("10", "1"), entrants=people))
    made.take(MovedIn(**told("2021-04-01"), household=new_home("20", "5"), entrants=(entrant("5"),)))
    made.take(Died(**told("2024-01-10"), person=addressee("6")))
    made.take(CoverBegan(**told("2024-04-01"), cover=EMPLOYEE, people=(addressee("7"),)))
    made.take(StaysElsewhere(**told("2024-04-05"), person=addressee("8"), case=SpecialCase.STUDENT, address="学生の町"))
    return made


def moved_in(day: str, *people: Entrant, household: Any = home("10"), **more: Any) -> MovedIn:  # noqa: B008
    return MovedIn(**told(day), household=household, entrants=people, **more)


def moved_out(day: str, *people: str, **more: Any) -> MovedOut:
    return MovedOut(**told(day), people=tuple(addressee(each) for each in people), **more)


CASES: list[tuple[str, str, str, Any]] = [
    # against a dead person
    ("dead: employee insurance", "KKH-M001", "addressee_number",
     CoverBegan(**told("2024-05-01"), cover=EMPLOYEE, people=(addressee("6"),))),
    ("dead: dies again", "KKH-M001", "addressee_number", Died(**told("2024-05-01"), person=addressee("6"))),
    ("dead: moves in", "KKH-M001", "addressee_number", moved_in("2024-05-01", entrant("6"))),
    ("dead: becomes head", "KKH-M001", "addressee_number",
     HeadChanged(**told("2024-05-01"), household=home("10"), head=Head(addressee("6"), True))),
    # end before start
    ("end: before the start", "KKH-P002", "application_end", moved_out("2020-03-31", "2")),
    ("end: corrected to before the start", "KKH-P002", "application_end",
     DateCorrected(**told("2020-03-30"), people=(addressee("7"),), side=PeriodSide.END)),
    ("end: start corrected to after it", "KKH-P002", "member_end",
     DateCorrected(**told("2024-05-01"), people=(addressee("7"),), side=PeriodSide.START)),
    ("end: household changed before the start", "KKH-P002", "member_start",
     HouseholdChanged(**told("2020-03-01"), people=(addressee("2"),), household=new_home("60", "2"))),
    ("end: headship before it began", "KKH-P002", "head_start",
     HeadChanged(**told("2020-03-01"), household=home("10"), head=Head(addressee("2")))),
    ("end: facility on the first day", "KKH-P002", "application_end",
     ResidenceSpecial(**told("2020-04-01"), person=addressee("2"), household=new_home("30", "2"), address="施設")),
    ("end: student before the start", "KKH-P002", "special_case_start",
     StaysElsewhere(**told("2020-03-31"), person=addressee("2"), case=SpecialCase.STUDENT, address="学生の町")),
    # second acquisition
    ("second: while one is open", "KKH-M002", "application_start",
     CoverEnded(**told("2024-05-01"), cover=EMPLOYEE, household=home("10"), entrants=(entrant("2", "1955-05-05"),))),
    ("second: inside a former period", "KKH-M002", "application_start", moved_in("2022-05-01", entrant("7"))),
    ("second: before a former period", "KKH-P003", "application_start",
     moved_in("2019-05-01", entrant("7"), household=new_home("40", "7"))),
    # heads
    ("head: dies, nobody named", "KKH-M003", "head_addressee_number", Died(**told("2024-05-01"), person=addressee("1"))),
    ("head: moves out, nobody named", "KKH-M003", "head_addressee_number", moved_out("2024-05-01", "1")),
    ("head: leaves the household, nobody named", "KKH-M003", "head_addressee_number",
     HouseholdChanged(**told("2024-05-01"), people=(addressee("1"),), household=home("20"))),
    ("head: goes to a facility, nobody named", "KKH-M003", "head_addressee_number",
     ResidenceSpecial(**told("2024-05-01"), person=addressee("1"), household=new_home("30", "1"), address="施設")),
    ("head: of another household", "KKH-M004", "head_addressee_number",
     HeadChanged(**told("2024-05-01"), household=home("10"), head=Head(addressee("5")))),
    ("head: unknown and not nominal", "KKH-M004", "head_addressee_number",
     HeadChanged(**told("2024-05-01"), household=home("10"), head=Head(addressee("99")))),
    ("head: a new household under nobody", "KKH-M004", "head_addressee_number",
     moved_in("2024-05-01", entrant("50"), household=new_home("50", "51"))),
    ("head: insured, but called nominal", "KKH-M004", "head_kind",
     HeadChanged(**told("2024-05-01"), household=home("10"), head=Head(addressee("2"), True))),
    ("head: insured elsewhere here, but called nominal", "KKH-M004", "head_addressee_number",
     HeadChanged(**told("2024-05-01"), household=home("10"), head=Head(addressee("5"), True))),
    ("head: employed and not nominal", "KKH-M003", "head_addressee_number",
     HeadChanged(**told("2024-05-01"), household=home("10"), head=Head(addressee("7")))),
    ("head: is head already", "KKH-M013", "head_addressee_number",
     HeadChanged(**told("2024-05-01"), household=home("10"), head=Head(addressee("1")))),
    # who and where
    ("who: unknown leaves", "KKH-M005", "addressee_number", moved_out("2024-05-01", "99")),
    ("who: unknown and not described", "KKH-M005", "addressee_number", moved_in("2024-05-01", Entrant(addressee("99")))),
    ("who: unknown corrected", "KKH-M005", "addressee_number",
     DateCorrected(**told("2024-05-01"), people=(addressee("99"),), side=PeriodSide.START)),
    ("who: not insured any more", "KKH-M006", "addressee_number", CoverBegan(**told("2024-05-01"), cover=EMPLOYEE, people=(addressee("7"),))),
    ("who: no end to correct", "KKH-M006", "application_end",
     DateCorrected(**told("2024-05-01"), people=(addressee("2"),), side=PeriodSide.END)),
    ("who: another birth date", "KKH-M014", "addressee_number", moved_in("2024-05-01", entrant("7", "1981-01-01"))),
    ("who: another birth date by a change", "KKH-M014", "birth_date",
     ItemsChanged(**told("2024-05-01"), person=addressee("2"), items=items("1955-05-06"))),
    ("who: a newborn with a used number", "KKH-M014", "addressee_number",
     Born(**told("2024-05-01"), household=home("10"), child=entrant("2", "2024-05-01"))),
    ("where: no such household", "KKH-M007", "household_number", moved_in("2024-05-01", entrant("50"), household=home("99"))),
    ("where: number taken", "KKH-M007", "household_number",
     moved_in("2024-05-01", entrant("50"), household=new_home("20", "50"))),
    ("where: into the same household", "KKH-M007", "household_number",
     HouseholdChanged(**told("2024-05-01"), people=(addressee("2"),), household=home("10"))),
    ("where: before the household began", "KKH-M010", "household_number",
     moved_in("2021-03-31", entrant("50"), household=home("20"))),
    ("where: from the own municipality", "KKH-M011", "other_insurer_number", moved_in("2024-05-01", entrant("50"), from_insurer=A)),
    ("where: to nobody of the prefecture", "KKH-M011", "other_insurer_number", moved_out("2024-05-01", "2", to_insurer="991110")),
    ("who: nobody moves in", "KKH-M050", "entrants", moved_in("2024-05-01", household=new_home("50", "50"))),
    ("who: nobody leaves", "KKH-M050", "people", moved_out("2024-05-01")),
    ("who: nobody joins another cover", "KKH-M050", "people", CoverBegan(**told("2024-05-01"), cover=EMPLOYEE, people=())),
    ("who: nobody's day is corrected", "KKH-M050", "people", DateCorrected(**told("2024-05-01"), people=(), side=PeriodSide.END)),
    # days
    ("day: notice of tomorrow", "KKH-M008", "notified_on", moved_in("2026-04-02", entrant("50"))),
    ("day: death told before it", "KKH-M008", "event_on",
     Died(event_on=d("2024-05-02"), notified_on=d("2024-05-01"), person=addressee("2"))),
    ("day: birth told before it", "KKH-M008", "event_on",
     Born(event_on=d("2024-05-02"), notified_on=d("2024-05-01"), household=home("10"), child=entrant("50", "2024-05-02"))),
    ("day: not the day of birth", "KKH-M009", "birth_date",
     Born(**told("2024-05-02"), household=home("10"), child=entrant("50", "2024-05-01"))),
    ("day: insured before birth", "KKH-M009", "application_start", moved_in("2024-05-01", entrant("50", "2024-05-02"))),
    ("day: corrected to before birth", "KKH-M009", "application_start",
     DateCorrected(**told("1955-05-04"), people=(addressee("2"),), side=PeriodSide.START)),
    ("day: 後期 before 65", "KKH-M009", "event_on", CoverBegan(**told("2020-05-04"), cover=ELDERLY, people=(addressee("2"),))),
    ("day: 後期 after 75", "KKH-M009", "event_on",
     CoverBegan(event_on=d("2030-05-06"), notified_on=d("2026-04-01"), cover=ELDERLY, people=(addressee("2"),))),
    # special cases
    ("special: a student moves out", "KKH-M012", "special_case", moved_out("2024-05-01", "8", to_insurer=B)),
    ("special: ends where there is none", "KKH-M012", "special_case",
     StayEnded(**told("2024-05-01"), person=addressee("2"), address="見本町")),
    ("special: a facility is no stay", "KKH-M012", "special_case",
     StaysElsewhere(**told("2024-05-01"), person=addressee("2"), case=SpecialCase.RESIDENCE, address="施設")),
]  # fmt: skip


@pytest.mark.parametrize(("code", "field", "notice"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_is_refused_with_its_code_and_changes_nothing(counter: Counter, code: str, field: str, notice: Any) -> None:
    """Rules: P-2, P-3, D-1, D-4, D-7, D-9, D-10, X-14."""
    persons, households = deepcopy(counter.persons), deepcopy(counter.households)
    with pytest.raises(NotificationRefused) as refused:
        counter.take(notice)
    assert (refused.value.problems[0].code, refused.value.problems[0].field) == (code, field)
    assert counter.persons == persons and counter.households == households
    text = f"{refused.value!r} {refused.value}"
    assert "見本" not in text and "1955" not in text


def test_a_new_household_with_a_nominal_head_who_is_described_by_nobody(counter: Counter) -> None:
    """Rules: X-14."""
    household = NewHousehold(home("50"), "50", Head(addressee("51"), True))
    with pytest.raises(NotificationRefused, match="KKH-M005"):
        counter.take(moved_in("2024-05-01", entrant("50"), household=household))


def test_the_nominal_head_of_one_household_cannot_simply_become_that_of_another(counter: Counter) -> None:
    """Rules: X-14."""
    grandfather = Head(addressee("9"), True, items("1945-05-05"))
    counter.take(HeadChanged(**told("2024-05-01"), household=home("10"), head=grandfather))
    with pytest.raises(NotificationRefused, match="KKH-M003"):
        counter.take(HeadChanged(**told("2024-06-01"), household=home("20"), head=Head(addressee("9"), True)))


def test_no_repr_shows_a_name_or_an_address(counter: Counter) -> None:
    """Rules: S-3."""
    for shown in (counter.persons, moved_in("2024-05-01", entrant("50")), items(), new_home("1", "1", nominal=entrant("2"))):
        assert "見本　太郎" not in repr(shown) and "見本町" not in repr(shown) and "nnnn" not in repr(shown)
