"""The order in which files arrive does not matter (P-4, X-2, X-7)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kokuho_core.reception.ledger import FileResult

from ..prefecture.contents import ask, dump
from ..prefecture.office import PrefectureOffice, instruction
from ..prefecture.worlds import Worlds
from .histories import MUNICIPALITIES, Sent, histories, orders

AS_OF = "2024-12-31"
HISTORIES = 38 if os.environ.get("KOKUHO_TEST_PROFILE") == "long" else 20
"""Per part, on SQLite."""
DERIVED = (
    "known_addressee",
    "prefectural_person",
    "person_number",
    "held_record",
    "finding",
    "move",
    "candidate",
    "returned_row",
    "pending_person",
    "pending_household",
)


def examples(count: int) -> settings:
    return settings(
        max_examples=count,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


def receive_all(office: PrefectureOffice, files: Sequence[Sent], resolve_each: bool = False) -> None:
    applied = 0
    for each in files:
        answers = office.receive(office.write(each.file_id, each.sender, each.rows, each.sequence))
        assert answers[0].result in (FileResult.APPLIED, FileResult.HELD)
        for answer in answers:
            assert answer.counts.rejected == answer.counts.held == 0, answer
        applied += sum(answer.result is FileResult.APPLIED for answer in answers)
        if resolve_each:
            office.resolve(AS_OF)
    assert applied == len(files)


def derived(office: PrefectureOffice) -> dict[str, Any]:
    found = dump(office.stored_in, columns_without={"candidate": ["version"]})
    return {table: found[table] for table in DERIVED}


def decide_all(office: PrefectureOffice) -> None:
    """Every candidate that may be confirmed is, in the order of its number."""
    for insurer in MUNICIPALITIES:
        candidates = [each for each in office.candidates() if each.pair.entered.insurer_number == insurer]
        if candidates:
            office.decide(insurer, *(instruction(insurer, each.number, "1") for each in candidates))
    office.resolve(AS_OF)


class TestOrder:
    @pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.long) for part in range(1, 4))])
    def test_one_resolve_at_the_end_finds_the_same_whatever_came_first(self, worlds: Worlds, part: int) -> None:
        """Rules: X-7, X-2, X-33, P-5."""

        @examples(worlds.examples(HISTORIES))
        @given(st.data())
        def run(data: st.DataObject) -> None:
            files = data.draw(histories(), label="files")
            order = data.draw(orders(files), label="order")
            with worlds.office() as one, worlds.office() as other:
                for office, each in ((one, files), (other, order)):
                    receive_all(office, each)
                    office.resolve(AS_OF)
                found, due = derived(other), derived(one)
                for table in DERIVED:
                    assert found[table] == due[table], table
                assert one.resolve(AS_OF).persons == 0
                assert derived(one) == due
                decide_all(one)
                decide_all(other)
                found, due = derived(other), derived(one)
                for table in DERIVED:
                    assert found[table] == due[table], f"{table} after decisions"

        run()

    @pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.long) for part in range(1, 2))])
    def test_resolving_after_every_file_ends_in_the_same(self, worlds: Worlds, part: int) -> None:
        """Rules: X-7, Q-3, P-5, H-6, X-13."""

        @examples(worlds.examples(HISTORIES))
        @given(st.data())
        def run(data: st.DataObject) -> None:
            files = data.draw(histories(), label="files")
            order = data.draw(orders(files), label="order")
            with worlds.office() as one, worlds.office() as other:
                receive_all(one, files)
                one.resolve(AS_OF)
                receive_all(other, order, resolve_each=True)
                due, found = without_numbers(one), without_numbers(other)
                for part_ in due:
                    assert found[part_] == due[part_], part_

        run()


def without_numbers(office: PrefectureOffice) -> dict[str, Any]:
    """What stands, with persons named by their addressees instead of IDs, and without numbers."""

    def rows(query: str) -> Sequence[Any]:
        return ask(office.stored_in, query)

    persons: dict[str, list[tuple[str, str]]] = {}
    for row in rows("select stands from returned_row where file_id = 'HIHOID' and stands is not null"):
        insurer, addressee, _, insured_id, *_ = json.loads(row.stands)
        persons.setdefault(insured_id, []).append((insurer, addressee))
    named = {insured_id: tuple(sorted(each)) for insured_id, each in persons.items()}
    findings = [(named[row.person], *tuple(row)[3:-1]) for row in rows("select * from finding where is_open")]
    moves = [(*row[:6], named[row.person], *row[7:]) for row in rows("select * from move")]
    candidates = [
        (tuple(sorted(named[each] for each in json.loads(row.movers))), *tuple(row)[1:6], *tuple(row)[7:-1])
        for row in rows("select * from candidate where movers <> '[]'")
    ]
    qualifications = [
        (row.subject, row.item, *json.loads(row.stands)[:2], *json.loads(row.stands)[4:])
        for row in rows("select * from returned_row where file_id = 'TOKUSO' and stands is not null")
    ]
    return {
        "persons": sorted(named.values()),
        "findings": sorted(findings, key=repr),
        "moves": sorted(moves, key=repr),
        "candidates": sorted(candidates, key=repr),
        "qualification": sorted(qualifications, key=repr),
    }
