"""Several processes receive, judge and decide at once for one prefecture; what they were told is what stands (S-26)."""

from __future__ import annotations

import json
from collections.abc import Set
from pathlib import Path
from typing import Any

import pytest

from ..aggregation.support import insured
from ..database.test_side_by_side import _files, _findings, _spans
from ..prefecture.contents import ask
from ..prefecture.office import B, C, PrefectureOffice
from ..prefecture.worlds import Worlds
from .processes import at_once

DISPUTED = range(500, 530)
"""People of whom B and C each tell another date of birth: the second to come must be held."""


def files(office: PrefectureOffice) -> dict[str, list[Path]]:
    found = _files(office)
    for place, birth in ((B, "1960-05-05"), (C, "1961-06-06")):
        rows = [insured(place, f"9{n}", n, f"9{n}", birth_date=birth) for n in DISPUTED]
        found[place] += [office.write("SKKOJIN", place, rows[part : part + 10]) for part in range(0, len(rows), 10)]
    return found


def play(office: PrefectureOffice, seed: int, deciding: Set[str]) -> list[dict[str, Any]]:
    """Three municipalities, of whom some decide at least once, and one who only judges; all that they were told, in the order
    in which it ended."""
    database = office.stored_in if isinstance(office.stored_in, str) else "-"
    given = [
        (office.folder, database, place, 10 * seed + number, int(place in deciding), *paths)
        for number, (place, paths) in enumerate({**files(office), "-": []}.items())
    ]
    told = [json.loads(line) for lines in at_once("tests.concurrency.office_worker", given) for line in lines]
    return sorted(told, key=lambda each: each["completed"])


def require_that_nothing_is_lost(office: PrefectureOffice, told: list[dict[str, Any]]) -> None:
    """Each answer «applied» is one file that stands, numbered in the order of time; nothing else does."""
    kept = {row.name: row.file_no for row in ask(office.stored_in, "SELECT name, file_no FROM received_file")}
    answered = [(each, *answer) for each in told for answer in each.get("answers", ())]
    assert [result for _, _, result, *_ in answered] == ["applied"] * len(answered)
    assert sorted(name for _, name, *_ in answered) == sorted(kept)
    for one, first, *_ in answered:
        for other, second, *_ in answered:
            if one["completed"] < other["invoked"]:
                assert kept[first] < kept[second]
    taken = {row.file_no: row.rows for row in ask(office.stored_in, COUNT_OF_RECORDS)}
    for each, name, _, accepted, held in answered:
        if each["act"] == "receive" and name.startswith("SKKOJIN"):
            assert taken[kept[name]] == accepted + held, name


COUNT_OF_RECORDS = "SELECT file_no, count(*) AS rows FROM person_record GROUP BY file_no"


def require_one_side_held(office: PrefectureOffice, told: list[dict[str, Any]]) -> None:
    """Write skew: each side looks for the other and finds nobody. Then nobody would be held, or both."""
    held = ask(
        office.stored_in,
        "SELECT p.addressee_number FROM held_record h JOIN person_record p ON p.file_no = h.file_no AND p.line = h.line",
    )
    assert sorted(row.addressee_number for row in held) == sorted(f"9{n}" for n in DISPUTED)
    assert sum(answer[3] for each in told for answer in each.get("answers", ())) == len(DISPUTED)


def require_last_decisions(office: PrefectureOffice, told: list[dict[str, Any]]) -> None:
    """Of each candidate the decision of the file that was judged last; no other one has overwritten it."""
    kept = {row.name: row.file_no for row in ask(office.stored_in, "SELECT name, file_no FROM received_file")}
    decided = [each for each in told if each["act"] == "decide" and each["answers"][0][2] == 1]
    assert decided, "nothing was decided, so nothing is proved"
    last = {
        each["candidate"]: each["decision"] for each in sorted(decided, key=lambda each: kept[each["answers"][0][0]])
    }
    standing = {each.number: each.decision for each in office.candidates()}
    assert {number: standing[number].value for number in last} == last


def require_right(worlds: Worlds, seed: int) -> None:
    with worlds.office() as serial, worlds.office() as parallel:
        for paths in files(serial).values():
            for path in paths:
                serial.receive(path)
        serial.resolve()
        told = play(parallel, seed, {each.pair.entered.insurer_number for each in serial.candidates()})
        require_that_nothing_is_lost(parallel, told)
        require_one_side_held(parallel, told)
        require_last_decisions(parallel, told)
        assert parallel.resolve().persons == 0
        moved = [each for each in _spans(serial) if not each[1].startswith("9")]
        assert [each for each in _spans(parallel) if not each[1].startswith("9")] == moved
        assert len(moved) > 60
        assert len(_findings(parallel)) == len(_findings(serial))


def test_what_they_were_told_is_what_stands(worlds: Worlds) -> None:
    """Rules: S-26, S-14, X-2, I-1, H-6, Q-3."""
    require_right(worlds, 1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 22))
def test_what_they_were_told_is_what_stands_often(worlds: Worlds, seed: int) -> None:
    """Rules: S-26, S-14, X-2, I-1, H-6, Q-3."""
    require_right(worlds, seed)
