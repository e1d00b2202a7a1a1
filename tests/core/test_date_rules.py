"""Dates that contradict their reason (D-1 … D-10): records that agree with a rule, and records that do not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from kokuho_core.qualification.date_rules import DateRules, LateElderlyLoss
from kokuho_core.vocabulary.reasons import ACQUISITION, LOSS, claims_intra_entry, claims_intra_exit

from .builders import d, record

CREATED = datetime(2024, 5, 20, 10, 0, 0)


def warned(fields: dict[str, Any], rules: DateRules | None = None) -> list[tuple[str, str]]:
    problems = (rules or DateRules()).warnings(record(**fields), 7, CREATED)
    assert {(p.code, p.line, p.is_warning) for p in problems} <= {("KKH-D001", 7, True)}
    return [(p.field, p.rule) for p in problems]


def began(reason: str, start: str = "2024-05-01", acquired: str | None = None, **more: Any) -> dict[str, Any]:
    return {"start": start, "reason": reason, "acquired": acquired, **more}


def ended(reason: str, end: str = "2024-05-01", lost: str | None = None, **more: Any) -> dict[str, Any]:
    return {"end": end, "end_reason": reason, "lost": lost, **more}


def _acquisition(rule: str) -> list[tuple[str, str]]:
    return [("qualification_acquired", rule)]


def _loss(rule: str) -> list[tuple[str, str]]:
    return [("qualification_lost", rule)]


TABLE = [
    # D-1, D-2: the qualification begins with the application
    *[
        (f"{rule}: {reason} on the day itself", began(reason, acquired="2024-05-01"), [])
        for reason, rule in (("01", "D-1"), ("03", "D-2"), ("04", "D-1"), ("05", "D-1"), ("06", "D-2"), ("99", "D-1"))
    ],
    *[
        (f"{rule}: {reason} on {day}", began(reason, acquired=day), _acquisition(rule))
        for reason, rule in (("01", "D-1"), ("03", "D-2"), ("04", "D-1"), ("05", "D-1"), ("06", "D-2"), ("99", "D-1"))
        for day in ("2024-04-30", "2024-05-02")
    ],
    ("D-1: born on the day", began("02", birth_date="2024-05-01", acquired="2024-05-01"), []),
    ("D-1: born before", began("02", birth_date="2024-04-30"), [("application_start", "D-1")]),
    ("D-1: born later", began("02", birth_date="2024-05-02"), [("application_start", "D-1")]),
    ("D-1: another reason says nothing of birth", began("01", birth_date="2024-04-30"), []),
    # D-3 … D-7: the qualification ends with the application
    *[
        (f"{rule}: {reason} on the day itself", ended(reason, lost="2024-05-01"), [])
        for reason, rule in (("51", "D-3"), ("52", "D-4"), ("53", "D-5"), ("54", "D-6"), ("55", "D-6"), ("59", "D-5"))
    ],
    *[
        (f"{rule}: {reason} on {day}", ended(reason, lost=day, acquired="2020-04-01"), _loss(rule))
        for reason, rule in (("51", "D-3"), ("52", "D-4"), ("53", "D-5"), ("54", "D-6"), ("55", "D-6"), ("59", "D-5"))
        for day in ("2024-04-30", "2024-05-02")
    ],
    ("D-4: dead on the first day", ended("52", "2024-05-02", start="2024-05-01"), []),
    ("D-4: dead before the first day", ended("52", "2024-05-01", start="2024-05-01"), [("application_end", "D-4")]),
    ("D-5: one day of double cover", ended("53", "2024-05-02", start="2024-05-01"), []),
    ("D-5: no day at all", ended("53", "2024-05-01", start="2024-05-01"), [("application_end", "D-5")]),
    ("D-6: no day at all", ended("54", "2024-05-01", start="2024-05-01"), []),
    ("D-3: no day at all", ended("51", "2024-05-01", start="2024-05-01"), []),
    ("D-4: died today", ended("52", "2024-05-21"), []),
    ("D-4: will die tomorrow", ended("52", "2024-05-22"), [("application_end", "D-4")]),
    ("D-3: will move next month", ended("51", "2024-06-22"), []),
    # D-7
    ("D-7: the day after the 75th birthday", ended("56", "2024-05-06", birth_date="1949-05-05"), []),
    ("D-7: on the birthday", ended("56", "2024-05-05", birth_date="1949-05-05"), []),
    ("D-7: later", ended("56", "2024-05-07", birth_date="1949-05-05"), [("application_end", "D-7")]),
    ("D-7: with a disability at 65", ended("56", "2024-05-05", birth_date="1959-05-05"), []),
    ("D-7: before 65", ended("56", "2024-05-04", birth_date="1959-05-05"), [("application_end", "D-7")]),
    ("D-7: born on 29 February, the day after", ended("56", "2023-03-02", birth_date="1948-02-29"), []),
    ("D-7: born on 29 February, later", ended("56", "2023-03-03", birth_date="1948-02-29"), [("application_end", "D-7")]),
    ("D-7: born on 29 February, 65 on 1 March", ended("56", "2021-03-01", birth_date="1956-02-29"), []),
    ("D-7: born on 29 February, 65 not yet", ended("56", "2021-02-28", birth_date="1956-02-29"), [("application_end", "D-7")]),
    ("D-7: the loss is another day", ended("56", "2024-05-06", "2024-05-05", birth_date="1949-05-05"), _loss("D-7")),
    ("D-7: another reason", ended("53", "2024-05-09", birth_date="1949-05-05"), []),
    # D-8: no acquisition, no loss
    ("D-8: acquired before the move", began("07", acquired="2024-04-30"), []),
    ("D-8: acquired with the move", began("07", acquired="2024-05-01"), _acquisition("D-8")),
    ("D-8: acquired after the move", began("07", acquired="2024-05-02"), _acquisition("D-8")),
    ("D-8: a loss on moving out", ended("57", lost="2024-05-01"), _loss("D-8")),
    ("D-8: no loss on moving out", ended("57"), []),
    ("Q-9: before 2018-04-01 a move was an acquisition", began("07", "2018-03-31", "2018-03-31"), []),
    ("Q-9: whatever day it says", began("07", "2018-03-31", "2018-03-30"), []),
    ("Q-9: from 2018-04-01", began("07", "2018-04-01", "2018-04-01"), _acquisition("D-8")),
    ("Q-9: and a loss", ended("57", "2018-03-31", "2018-03-31", start="2010-04-01"), []),
    ("Q-9: on any day", ended("57", "2018-03-31", "2018-04-30", start="2010-04-01"), []),
    ("Q-9: no loss from 2018-04-01", ended("57", "2018-04-01", "2018-04-01", start="2010-04-01"), _loss("D-8")),
    # D-9
    ("D-9: acquired before the change", began("08", acquired="2024-04-30"), []),
    ("D-9: acquired with the change", began("08", acquired="2024-05-01"), _acquisition("D-9")),
    ("D-9: acquired with the change, long ago", began("08", "2016-05-01", "2016-05-01"), _acquisition("D-9")),
    ("D-9: a loss with the change", ended("58", lost="2024-05-01"), _loss("D-9")),
    ("D-9: no loss", ended("58"), []),
    *[
        (f"{rule}: {case} ends no period by {reason}",
         ended(reason, special_case=case, special_case_start="2024-05-01"), [("application_end_reason", rule)])
        for case, rule in (("3", "D-9"), ("1", "D-10"), ("2", "D-10"))
        for reason in ("57", "51")
    ],
    ("D-10: employee insurance on the day", ended("53", special_case="1", special_case_start="2024-05-01"), []),
    ("D-10: a move on another day", ended("57", special_case="1", special_case_start="2024-04-01"), []),
    ("D-10: no special case", ended("57", special_case="0", special_case_start="2024-05-01"), []),
    ("D-10: no start", ended("57", special_case="1"), []),
    ("D-10: the period goes on", {"special_case": "1", "special_case_start": "2024-05-01"}, []),
    # nothing to judge
    ("nothing told of the qualification", began("03"), []),
    ("a nominal head", {"insured_kind": "2", "start": None, "reason": None, "acquired": "2024-05-02"}, []),
    ("two at once", began("03", "2024-05-01", "2024-05-02", end="2024-05-01", end_reason="53"),
     [("qualification_acquired", "D-2"), ("application_end", "D-5")]),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "expected"), [c[1:] for c in TABLE], ids=[c[0] for c in TABLE])
def test_dates_and_reasons(fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """Rules: D-1 … D-10, Q-9."""
    if fields.get("lost") and not fields.get("acquired"):
        fields = {**fields, "acquired": fields.get("start", "2020-04-01")}
    assert warned(fields) == expected


@pytest.mark.parametrize(
    ("end", "day_after", "birthday"),
    [("2024-05-05", True, True), ("2024-05-06", True, False), ("2024-05-07", False, False)],
)
def test_both_settings_of_the_75th_birthday(end: str, day_after: bool, birthday: bool) -> None:
    """Rules: D-7."""
    fields = ended("56", end, birth_date="1949-05-05")
    assert (not warned(fields)) is day_after
    assert (not warned(fields, DateRules(LateElderlyLoss.BIRTHDAY))) is birthday
    assert DateRules() == DateRules(LateElderlyLoss.DAY_AFTER)


def test_every_reason_names_its_rule() -> None:
    """Rules: D-1 … D-9."""
    assert {code: reason.date_rule for code, reason in ACQUISITION.items()} == {
        "01": "D-1", "02": "D-1", "03": "D-2", "04": "D-1", "05": "D-1", "06": "D-2", "07": "D-8", "08": "D-9", "99": "D-1",
    }  # fmt: skip
    assert {code: reason.date_rule for code, reason in LOSS.items()} == {
        "51": "D-3", "52": "D-4", "53": "D-5", "54": "D-6", "55": "D-6", "56": "D-7", "57": "D-8", "58": "D-9", "59": "D-5",
        "99": "D-1",
    }  # fmt: skip
    assert [code for code, reason in {**ACQUISITION, **LOSS}.items() if reason.intra] == ["07", "57"]
    assert all(code == reason.code for code, reason in {**ACQUISITION, **LOSS}.items())


@pytest.mark.parametrize(("day", "claims"), [("2018-03-31", False), ("2018-04-01", True)])
def test_claims_count_from_2018_04_01(day: str, claims: bool) -> None:
    """Rules: Q-9, X-30."""
    assert claims_intra_entry("07", d(day)) is claims
    assert claims_intra_exit("57", d(day)) is claims
    assert not claims_intra_entry(None, d(day))
    assert not claims_intra_exit(None, d(day))
    assert not claims_intra_entry("01", d(day))
    assert not claims_intra_exit("51", d(day))


@pytest.mark.parametrize(
    ("reason", "event", "new_address", "due"),
    [
        ("51", "2024-05-01", None, "2024-05-02"),  # D-3
        ("51", "2024-05-01", "2024-05-01", "2024-05-01"),
        ("51", "2024-05-01", "2024-05-02", "2024-05-02"),
        ("51", "2024-05-01", "2024-04-30", "2024-05-02"),
        ("52", "2024-02-28", None, "2024-02-29"),  # D-4
        ("53", "2024-12-31", None, "2025-01-01"),  # D-5
        ("59", "2024-05-01", None, "2024-05-02"),
        ("54", "2024-05-01", None, "2024-05-01"),  # D-6
        ("56", "2024-05-01", None, "2024-05-02"),  # D-7, as law has it
        ("57", "2024-05-01", None, "2024-05-01"),
    ],
)
def test_the_first_day_no_longer_covered(reason: str, event: str, new_address: str | None, due: str) -> None:
    """Rules: P-1, D-3 … D-7, D-8."""
    assert DateRules().ends_on(reason, d(event), d(new_address) if new_address else None) == d(due)


@pytest.mark.parametrize(
    ("reason", "due"), [("01", "05-01"), ("02", "05-01"), ("03", "05-02"), ("06", "05-02"), ("07", "05-01"), ("99", "05-01")]
)
def test_the_first_day_covered(reason: str, due: str) -> None:
    """Rules: P-1, D-1, D-2, D-8: where another cover ended, the day after its last one."""
    assert DateRules().begins_on(reason, d("05-01")) == d(due)


def test_late_elderly_with_the_birthday_as_set() -> None:
    """Rules: D-7."""
    assert DateRules(LateElderlyLoss.BIRTHDAY).ends_on("56", d("05-01")) == d("05-01")
