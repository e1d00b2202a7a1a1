"""``kokuho benefit --from-records``: the months the aggregation knows, carried over or not, decide about the fourth month."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..prefecture.office import A, B, high_cost, household, instruction, number, person
from .conftest import Answer, Desk


def ask(desk: Desk, month: str, insurer: str = B, household_number: str = "70", **more: Any) -> Answer:
    """The benefit of one month in hospital for 1,000,000 yen: 87,430 yen to pay, from the fourth month on 44,400."""
    content = {
        "insurer_number": insurer,
        "household_number": household_number,
        "months": [
            {
                "month": month,
                "income_class_under70": "ウ",
                "persons": [{"name": "本人", "age_group": "under70"}],
                "receipts": [{"person": "本人", "setting": "inpatient", "points": 100_000, "copay_rate": 0.3}],
            }
        ],
    }
    path = desk.folder / "benefit.json"
    path.write_text(json.dumps(content | more, ensure_ascii=False), "utf-8")
    return desk.run("benefit", path, "--from-records", "--json")


def to_pay(answer: Answer) -> tuple[int, list[str]]:
    assert answer.code == 0, answer.err
    [month] = answer.data["results"][0]["months"]
    return month["patient_total"], month["counted_months"]


def resolved(desk: Desk) -> None:
    assert desk.run("receive", desk.folder / "inbox").code in (0, 3)
    assert desk.run("resolve", "--as-of", "2024-06-01").code in (0, 3)


@pytest.fixture
def moved(ready: Desk) -> Desk:
    """One person, head of his household with three months in A, moves to B on 2024-05-10."""
    ready.write("SKKOJIN", A, person(A, "1", number=number(1), household="10", end="2024-05-10", end_reason="57"))
    ready.write("SKSETAI", A, household(A, "10", "1"))
    ready.write("KOGAKU", A, *(high_cost(A, "10", month) for month in ("202312", "202401", "202404")))
    ready.write("SKKOJIN", B, person(B, "7", number=number(1), household="70", start="2024-05-10", reason="07"))
    ready.write("SKSETAI", B, household(B, "70", "7", start="2024-05-10"))
    resolved(ready)
    return ready


def decide(desk: Desk, decision: str) -> None:
    [candidate] = desk.run("candidates", "--json").data
    assert desk.run("decide", desk.write("KEISHIJI", B, instruction(B, candidate["candidate_number"], decision))).code == 0
    assert desk.run("resolve", "--as-of", "2024-06-15").code in (0, 3)


def test_the_fourth_month_is_one_where_continuity_was_confirmed_and_only_there(moved: Desk) -> None:
    """Rules: H-1, H-2, H-3, H-6: the same receipts, before and after each decision."""
    assert to_pay(ask(moved, "2024-06")) == (87_430, [])
    decide(moved, "1")
    assert to_pay(ask(moved, "2024-06")) == (44_400, ["2023-12", "2024-01", "2024-04"])
    # in A the count goes on without any decision, and the window moves on
    assert to_pay(ask(moved, "2024-05", A, "10")) == (44_400, ["2023-12", "2024-01", "2024-04"])
    assert to_pay(ask(moved, "2024-12")) == (87_430, ["2024-01", "2024-04"])
    assert to_pay(ask(moved, "2024-04")) == (87_430, []), "nothing is brought in before the move"
    decide(moved, "3")
    assert to_pay(ask(moved, "2024-06")) == (87_430, [])


def test_a_later_month_or_cancellation_of_the_other_municipality_changes_the_count(moved: Desk) -> None:
    """Rules: H-1, H-7."""
    decide(moved, "1")
    moved.write("KOGAKU", A, high_cost(A, "10", "202401", "3"))
    resolved(moved)
    assert to_pay(ask(moved, "2024-06")) == (87_430, ["2023-12", "2024-04"])
    moved.write("KOGAKU", A, high_cost(A, "10", "202403"))
    moved.write("KOGAKU", B, high_cost(B, "70", "202405", occurrence="2"))
    resolved(moved)
    assert to_pay(ask(moved, "2024-06")) == (44_400, ["2023-12", "2024-03", "2024-04"])


def test_the_months_of_a_closed_counting_segment_do_not_count(ready: Desk) -> None:
    """Rules: X-21, X-29, H-5: the head of A becomes head over those in B; B's months from before are another segment."""
    ready.write("SKKOJIN", A, person(A, "1", number=number(1), household="10", end="2024-03-10", end_reason="57"))
    ready.write("SKSETAI", A, household(A, "10", "1"))
    ready.write("KOGAKU", A, high_cost(A, "10", "202402"))
    ready.write(
        "SKKOJIN", B, person(B, "7", number=number(1), household="70", start="2024-03-10", reason="07"),
        person(B, "8", number=number(2), household="70"),
    )  # fmt: skip
    ready.write(
        "SKSETAI", B, household(B, "70", "8", head_end="2024-03-10"), household(B, "70", "7", history=2, start="2024-03-10")
    )
    ready.write("KOGAKU", B, *(high_cost(B, "70", month) for month in ("202311", "202312", "202401", "202404")))
    resolved(ready)
    assert to_pay(ask(ready, "2024-03")) == (44_400, ["2023-11", "2023-12", "2024-01"])
    assert to_pay(ask(ready, "2024-05")) == (87_430, ["2024-04"])
    decide(ready, "1")
    assert to_pay(ask(ready, "2024-05")) == (87_430, ["2024-02", "2024-04"])


def test_what_cannot_be_taken_from_the_records_is_refused(moved: Desk) -> None:
    assert ask(moved, "2024-06", household_number="71").err.startswith("KKH-T032")
    assert ask(moved, "2024-06", insurer="999999").err.startswith("KKH-N002")
    for told in (
        {"history": [{"month": "2024-01"}]}, {"carried_over": [{"month": "2024-01"}]}, {"moved_in": "2024-05"},
        {"household_number": None},
    ):  # fmt: skip
        assert ask(moved, "2024-06", **told).err.startswith("KKH-T031")


def test_a_municipality_asks_about_its_own_households(desk: Desk) -> None:
    """Rules: S-31."""
    assert desk.run("--operator", "sato", "init", "--prefecture", "13", "--insurers", desk.insurers()).code == 0
    granted = desk.run("--operator", "sato", "access", "grant", "tanaka", "--role", "federation")
    assert granted.code == 0
    assert desk.run("--operator", "sato", "access", "grant", "suzuki", "--role", "municipality", "--insurer", B).code == 0
    desk.write("SKSETAI", B, household(B, "70", "7"))
    desk.write("SKSETAI", A, household(A, "10", "1"))
    desk.options = ("--operator", "tanaka")
    resolved(desk)
    desk.options = ("--operator", "suzuki")
    assert to_pay(ask(desk, "2024-06")) == (87_430, [])
    assert ask(desk, "2024-06", A, "10").err.startswith("KKH-A004")
    desk.options = ("--operator", "sato")
    assert ask(desk, "2024-06").err.startswith("KKH-A002")


def test_the_question_stands_in_the_log(moved: Desk) -> None:
    """Rules: S-4."""
    to_pay(ask(moved, "2024-06"))
    assert "show_high_cost" in moved.run("audit", "--json").out
