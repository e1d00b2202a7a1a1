"""The dates that a notice leads to, against a table typed from the sources (D-1 … D-10)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kokuho_core.municipal_office.notification import (
    Born,
    CoverBegan,
    CoverEnded,
    Died,
    MovedIn,
    MovedOut,
    OtherCover,
    ResidenceSpecial,
    StayEnded,
    StaysElsewhere,
)
from kokuho_core.qualification.date_rules import DateRules, LateElderlyLoss
from kokuho_core.vocabulary.codes import SpecialCase

from ..prefecture.office import B
from .counter import AT, Counter, addressee, d, entrant, home, new_home, told
from .date_table import OTHER_SETTING, SOURCES, TABLE, Line

ENDED = {
    "welfare ended": OtherCover.WELFARE,
    "society left": OtherCover.SOCIETY,
    "employee ended": OtherCover.EMPLOYEE_INSURANCE,
    "late elderly ended": OtherCover.LATE_ELDERLY,
}
BEGAN = {
    "employee began": OtherCover.EMPLOYEE_INSURANCE,
    "authority": OtherCover.AUTHORITY,
    "welfare began": OtherCover.WELFARE,
    "society joined": OtherCover.SOCIETY,
    "late elderly": OtherCover.LATE_ELDERLY,
}


def settled(counter: Counter, born: str = "1980-05-05") -> Counter:
    counter.take(MovedIn(**told("2010-04-01"), household=new_home("10", "1"), entrants=(entrant("1", born),)))
    return counter


def happened(line: Line, rules: DateRules = DateRules()) -> Any:  # noqa: B008
    """The record in force after the event of a line, and what its dates rest on."""
    counter = Counter(rules=rules)
    when = told(line.on)
    new = entrant("1", line.born)
    match line.event:
        case "moved in" | "moved in inside":
            from_insurer = B if line.event.endswith("inside") else None
            outcome = counter.take(
                MovedIn(**when, household=new_home("10", "1"), entrants=(new,), from_insurer=from_insurer)
            )
        case "born":
            counter.take(MovedIn(**told("2010-04-01"), household=new_home("10", "9"), entrants=(entrant("9"),)))
            outcome = counter.take(Born(**when, household=home("10"), child=new))
        case event if event in ENDED:
            outcome = counter.take(CoverEnded(**when, cover=ENDED[event], household=new_home("10", "1"), entrants=(new,)))
        case "moved out" | "moved out inside":
            to_insurer = B if line.event.endswith("inside") else None
            address = d(line.new_address) if line.new_address else None
            notice = MovedOut(**when, people=(addressee("1"),), to_insurer=to_insurer, new_address_on=address)
            outcome = settled(counter).take(notice)
        case "died":
            outcome = settled(counter).take(Died(**when, person=addressee("1")))
        case "facility" | "left for facility":
            outcome = settled(counter).take(_facility(line.on))
        case "facility left":
            settled(counter).take(_facility(line.special_from))
            outcome = counter.take(StayEnded(**when, person=addressee("1"), address="施設の隣"))
        case "student" | "remote":
            outcome = settled(counter).take(_stays_elsewhere(line.event, line.on))
        case "student back":
            settled(counter).take(_stays_elsewhere("student", line.special_from))
            outcome = counter.take(StayEnded(**when, person=addressee("1"), address="見本町１丁目"))
        case event:
            notice_ = CoverBegan(**when, cover=BEGAN[event], people=(addressee("1"),))
            outcome = settled(counter, line.born).take(notice_)
    rows = counter.persons[addressee("1")].live_rows
    return rows[-2 if line.event == "left for facility" else -1].record, outcome.grounds


def _facility(on: Any) -> ResidenceSpecial:
    return ResidenceSpecial(**told(on), person=addressee("1"), household=new_home("20", "1"), address="施設の町１")


def _stays_elsewhere(event: str, on: Any) -> StaysElsewhere:
    case = SpecialCase.REMOTE if event == "remote" else SpecialCase.STUDENT
    return StaysElsewhere(**told(on), person=addressee("1"), case=case, address="学生の町２")


def iso(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


IDS = "{0.rule} {0.source} {0.place} {0.says}".format


@pytest.mark.parametrize("line", TABLE, ids=map(IDS, TABLE))
def test_what_the_source_says_is_what_the_record_says(line: Line) -> None:
    """Rules: D-1 … D-10, Q-9."""
    _require_as_said(line, DateRules())


@pytest.mark.parametrize("line", OTHER_SETTING, ids=map(IDS, OTHER_SETTING))
def test_the_other_setting_of_late_elderly(line: Line) -> None:
    """Rules: D-7. 山梨: the day on which 後期 begins itself."""
    _require_as_said(line, DateRules(LateElderlyLoss.BIRTHDAY))


def _require_as_said(line: Line, rules: DateRules) -> None:
    record, grounds = happened(line, rules)
    special = {"D-9", "D-10"}
    if line.begins is not None:
        assert (iso(record.application_start), iso(record.qualification_acquired)) == (line.begins, line.acquired)
        assert record.application_end is None and record.qualification_lost is None
    else:
        assert (iso(record.application_end), iso(record.qualification_lost)) == (line.ends, line.lost)
        assert iso(record.application_start) == "2010-04-01"
    assert (iso(record.special_case_start), iso(record.special_case_end)) == (line.special_from, line.special_until)
    assert rules.warnings(record, 2, AT) == []
    day = line.special_until or line.special_from if line.rule in special else None
    assert [(each.rule, iso(each.day), each.addressee_number) for each in grounds] == [
        (line.rule, day or line.begins or line.ends, "1")
    ]


def test_every_date_rule_stands_in_the_table_with_its_source() -> None:
    """Rules: D-1 … D-10."""
    lines = [*TABLE, *OTHER_SETTING]
    assert {line.rule for line in lines} == {f"D-{number}" for number in range(1, 11)}
    assert {line.source for line in lines} == set(SOURCES) and all(line.place and line.says for line in lines)


def test_residence_special_breaks_neither_insurer_nor_qualification() -> None:
    """Rules: D-9. 原村・さくら市: 世帯と記号番号だけが変わり、資格取得日は変わらない。"""
    counter = settled(Counter())
    special = ResidenceSpecial(
        **told("2025-05-10"), person=addressee("1"), household=new_home("20", "1"), address="施設の町１"
    )
    counter.take(special)
    before, after = (row.record for row in counter.persons[addressee("1")].live_rows[-2:])
    assert (iso(before.application_end), before.application_end_reason, before.qualification_lost) == ("2025-05-10", "58", None)
    assert (iso(after.application_start), after.application_start_reason) == ("2025-05-10", "08")
    assert iso(after.qualification_acquired) == "2010-04-01" and after.qualification_acquired_reason == "01"
    assert (after.household_number, after.card_number, after.insurer_number) == ("20", "20", before.insurer_number)
    assert (after.special_case, iso(after.special_case_start), after.address) == ("3", "2025-05-10", "施設の町１")
    assert counter.household("10").household_end == d("2025-05-10") and counter.household("20").head_kind == "1"
    for record in (before, after):
        assert DateRules().warnings(record, 2, AT) == []


@pytest.mark.parametrize("case", [SpecialCase.STUDENT, SpecialCase.REMOTE])
def test_a_student_elsewhere_stays_a_member(case: SpecialCase) -> None:
    """Rules: D-10. 原村: 同じ世帯の被保険者のまま、住所だけが他の市町村になる。"""
    counter = settled(Counter())
    before = counter.current("1")
    counter.take(StaysElsewhere(**told("2025-04-05"), person=addressee("1"), case=case, address="学生の町２"))
    record = counter.current("1")
    assert (record.special_case, iso(record.special_case_start), record.address) == (case.value, "2025-04-05", "学生の町２")
    unchanged = ("household_number", "application_start", "application_end", "qualification_acquired", "insurer_number")
    assert all(getattr(record, key) == getattr(before, key) for key in unchanged)
    counter.take(StayEnded(**told("2026-03-31"), person=addressee("1"), address="見本町１丁目"))
    record = counter.current("1")
    assert (iso(record.special_case_end), record.application_end, record.address) == ("2026-03-31", None, "見本町１丁目")
