"""Which rule a difference breaks: the one that an official would look up."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kokuho_core.conformance import Capability
from kokuho_core.conformance.expectation import Expectation, Key, Told
from kokuho_core.conformance.judgement import judge
from kokuho_core.conformance.returned import Returned

HERE, THERE = "130013", "130021"
START, END = date(2022, 1, 1), date(2022, 6, 1)


def rules(expected: Expectation, file_id: str, **row: Any) -> list[str]:
    returned = Returned()
    returned.add({(HERE, file_id): [{"insurer_number": HERE, "addressee_number": "1", **row}]})
    verdict = judge(expected, returned, {Capability.QUALIFICATION, Capability.FINDINGS}, set())
    return [each.rule for each in verdict.deviations]


@pytest.mark.parametrize(
    ("lost", "broken"), [(END, []), (date(2022, 6, 2), ["P-1"]), (date(2022, 5, 31), ["P-1"]), (date(2022, 6, 3), ["X-11"]), (None, ["X-11"])]
)
def test_a_loss_that_is_a_day_off_is_an_end_misread(lost: date | None, broken: list[str]) -> None:
    """Rules: P-1, X-11."""
    expected = Expectation({Key(HERE, "TOKUSO", ("1", START)): Told({"qualification_lost": END})}, {}, {})
    assert rules(expected, "TOKUSO", application_start=START, application_end=END, qualification_lost=lost) == broken


@pytest.mark.parametrize(
    ("kind", "start", "more", "broken"),
    [
        ("2", date(2022, 1, 1), {}, "P-6"),
        ("1", date(2022, 1, 1), {}, "P-5"),
        ("2", date(2018, 3, 31), {}, "Q-9"),
        ("5", date(2018, 3, 31), {}, "Q-9"),
        ("5", date(2018, 4, 1), {}, "P-6"),
        ("1", date(2018, 3, 31), {}, "P-5"),  # overlaps are found whenever they were
        ("2", date(2018, 3, 31), {"merged": frozenset({(HERE, THERE)})}, "Q-10"),
        ("5", date(2022, 1, 1), {"gone": frozenset({(HERE, "1")})}, "P-7"),
        ("3", None, {"gone": frozenset({(HERE, "1")})}, "P-7"),
        ("3", None, {}, "I-1"),
    ],
)
def test_why_there_is_no_such_finding(kind: str, start: date | None, more: dict[str, Any], broken: str) -> None:
    """Rules: P-5, P-6, P-7, Q-9, Q-10, I-1."""
    found = {"finding_number": "F1", "kind": kind, "from_insurer": HERE, "to_insurer": THERE, "period_start": start, "status": "1"}
    assert rules(Expectation({}, {}, {}, **more), "KAKUNIN", **found) == [broken]


@pytest.mark.parametrize(("gone", "broken"), [(frozenset({(HERE, "1")}), "P-7"), (frozenset(), "Q-5")])
def test_a_qualification_of_somebody_whose_records_were_cancelled(gone: frozenset[tuple[str, str]], broken: str) -> None:
    """Rules: P-7, Q-5."""
    assert rules(Expectation({}, {}, {}, gone=gone), "TOKUSO", application_start=START, application_end=END) == [broken]
