"""The sender's dry run finds what `receive` finds, as far as one file alone can tell (X-38)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kokuho_adapters.files import LayoutBook, OpenFormatFile
from kokuho_core.usecases.check import check
from kokuho_core.usecases.receive import FileAnswer

from ..prefecture.office import A, high_cost, household, instruction, nominal_head, number, person
from .conftest import Desk


def checked(path: Path) -> FileAnswer:
    return check(OpenFormatFile.from_path(path, LayoutBook.shipped()))


def codes(answer: FileAnswer) -> list[tuple[int, str]]:
    return [(problem.line, problem.code) for problem in answer.errors]


def test_a_clean_file(desk: Desk) -> None:
    answer = checked(desk.write("SKKOJIN", A, person(A, "1", number=number(1)), nominal_head(A, "2")))
    assert (answer.result.value, answer.counts.accepted, answer.errors) == ("applied", 2, ())


def test_what_is_wrong_in_one_record(desk: Desk) -> None:
    answer = checked(
        desk.write("SKKOJIN", A, person(A, "1", end="2019-01-01", end_reason="51"), person(A, "2", end="2023-01-01"))
    )
    assert codes(answer) == [(2, "KKH-P002"), (3, "KKH-V014")]
    assert (answer.counts.accepted, answer.counts.rejected) == (0, 2)


def test_date_rules_warn(desk: Desk) -> None:
    answer = checked(desk.write("SKKOJIN", A, person(A, "1", reason="02")))
    assert [(problem.code, problem.line, problem.rule) for problem in answer.warnings] == [("KKH-D001", 2, "D-1")]
    assert answer.counts.accepted == 1


PERIOD: dict[str, Any] = {"end": "2021-04-01", "end_reason": "51"}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # P-3 is judged at the end of the file and refuses all of the person's records
        ([person(A, "1"), person(A, "1", 2, "2021-01-01")], [(2, "KKH-P003"), (3, "KKH-P003")]),
        ([person(A, "1", **PERIOD), person(A, "1", 2, "2021-04-01", reason="01")], []),
        ([person(A, "1"), person(A, "1", kind="2", **PERIOD), person(A, "1", 2, "2022-01-01")], []),
        # twice new, and a cancelled record that comes again
        ([person(A, "1"), person(A, "1")], [(3, "KKH-R002")]),
        ([person(A, "1"), person(A, "1", kind="3"), person(A, "1", kind="2")], [(4, "KKH-P007")]),
        # whether the first record of a change was sent before, only the aggregation knows
        ([person(A, "1", kind="2", **PERIOD)], []),
        ([person(A, "1", kind="3"), person(A, "1", 2, "2020-06-01")], []),
        ([person(A, "1", kind="3"), person(A, "1")], [(3, "KKH-P007")]),
        ([person(A, "1", kind="2"), person(A, "1", 2, "2021-01-01")], [(2, "KKH-P003"), (3, "KKH-P003")]),
    ],
)
def test_what_the_records_of_one_person_say_together(
    desk: Desk, rows: list[dict[str, Any]], expected: list[tuple[int, str]]
) -> None:
    assert codes(checked(desk.write("SKKOJIN", A, *rows))) == expected


def test_households_and_months(desk: Desk) -> None:
    twice = checked(desk.write("SKSETAI", A, household(A, "1", "1"), household(A, "1", "1"), household(A, "2", "1")))
    assert codes(twice) == [(3, "KKH-R002")]
    months = [high_cost(A, "1", "202401"), high_cost(A, "1", "202401", "3"), high_cost(A, "1", "202401")]
    assert codes(checked(desk.write("KOGAKU", A, *months, high_cost(A, "1", "202402", "3")))) == []
    assert codes(checked(desk.write("KOGAKU", A, months[0], months[0]))) == [(3, "KKH-R002")]


def test_decisions_are_read_only(desk: Desk) -> None:
    answer = checked(desk.write("KEISHIJI", A, instruction(A, "K130000000001", "1")))
    assert (answer.result.value, answer.counts.accepted, answer.errors) == ("applied", 1, ())


def test_a_broken_structure_refuses_the_file(desk: Desk) -> None:
    path = desk.write("SKKOJIN", A, person(A, "1"))
    path.write_bytes(path.read_bytes()[:-5])
    answer = checked(path)
    assert (answer.result.value, [problem.code for problem in answer.errors]) == ("rejected", ["KKH-F005"])
    assert (answer.file_id, answer.insurer_number) == ("SKKOJIN", A)


def test_nothing_but_the_first_file_differs_from_receive(desk: Desk) -> None:
    """Into an empty database `receive` answers the same, but for what only it can know."""
    paths = [
        desk.write("SKKOJIN", A, person(A, "1"), person(A, "1", 2, "2021-01-01"), person(A, "3", reason="02")),
        desk.write("SKSETAI", A, household(A, "1", "1"), household(A, "1", "1")),
        desk.write("KOGAKU", A, high_cost(A, "1", "202401"), high_cost(A, "1", "202401")),
    ]
    assert desk.init().code == 0
    dry, real = desk.run("check", *paths, "--json"), desk.run("receive", *paths, "--json")
    assert dry.code == real.code == 3
    assert dry.data == real.data
