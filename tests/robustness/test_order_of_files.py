"""到着の順: every order in which six files of one sender can arrive, at every moment on the way (S-15)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, permutations
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases.receive import FileAnswer

from ..aggregation.support import Dump, dump, insured
from ..prefecture.office import A, PrefectureOffice, high_cost, household

FACTS = ("person_record", "household_record", "high_cost_record")
FOLLOWING = ("pending_person", "pending_household", "number_vault")
DERIVED = ("known_addressee", "prefectural_person", "person_number", "finding", "move", "candidate", "returned_row")

UNCOMPARED = {"number_vault": ["ciphertext"]}

Key = tuple[str, int]
"""FILE_ID and sequence number."""


def person_files(office: PrefectureOffice, count: int) -> dict[Key, Path]:
    """Files that build on each other: taken in any other order than theirs, each of them ends otherwise."""
    contents: list[list[dict[str, Any]]] = [
        [insured(A, "1", 1), insured(A, "2", 2)],
        [insured(A, "1", 1, kind="2", end="2024-01-01", end_reason="53"), insured(A, "3", 3)],
        [insured(A, "1", 1, kind="2", end="2024-02-01", end_reason="53"), insured(A, "2", 2, kind="2", name="見本　二郎")],
        [insured(A, "1", 1, history=2, start="2024-03-01"), insured(A, "3", 3, kind="3")],
        [insured(A, "2", 2, kind="2", name="見本　三郎", address="見本町２丁目"), insured(A, "3", 3, history=2, start="2021-04-01")],
        [insured(A, "1", 1, history=2, start="2024-03-01", kind="3"), insured(A, "2", 2, kind="2", name="見本　四郎")],
    ]
    return {
        ("SKKOJIN", n): office.write("SKKOJIN", A, rows, n) for n, rows in enumerate(contents[:count], 1)
    }


def mixed_files(office: PrefectureOffice) -> dict[Key, Path]:
    """Six files of three kinds, whose sequences are counted apart."""
    files = person_files(office, 3)
    files["SKSETAI", 1] = office.write("SKSETAI", A, [household(A, "1", "1")], 1)
    files["SKSETAI", 2] = office.write("SKSETAI", A, [household(A, "1", "2", kind="2")], 2)
    files["KOGAKU", 1] = office.write("KOGAKU", A, [high_cost(A, "1", "202301")], 1)
    return files


def standing(found: Dump, tables: tuple[str, ...]) -> Dump:
    """What stands, with the names of files instead of the numbers they got on arrival."""
    names = {row[0]: row[1] for row in found["received_file"]}
    kept = {table: found[table] for table in tables}
    for table in set(FACTS) & set(tables):
        kept[table] = sorted(((names[row[0]], *row[1:]) for row in found[table]), key=repr)
    return kept


@define
class Arrivals:
    """Walks through every order; the database is put back as it was before each step."""

    office: PrefectureOffice
    files: dict[Key, Path]
    expected: dict[frozenset[Key], tuple[Dump, Dump]] = field(factory=dict)
    """By the files that can be applied: what stands after them in their order, before and after resolve."""
    moments: int = 0

    def snapshot(self) -> sqlite3.Connection:
        kept = sqlite3.connect(":memory:")
        with closing(sqlite3.connect(self.office.database_file)) as now:
            now.backup(kept)
        return kept

    def restore(self, kept: sqlite3.Connection) -> None:
        with closing(sqlite3.connect(self.office.database_file)) as now:
            kept.backup(now)

    def applicable(self, arrived: tuple[Key, ...]) -> frozenset[Key]:
        """The files of an unbroken sequence from 1."""
        return frozenset(
            (kind, n) for kind, n in arrived if all((kind, earlier) in arrived for earlier in range(1, n))
        )

    def in_order(self) -> None:
        """Learn what every unbroken part leads to, received in order."""
        kinds = sorted({kind for kind, _ in self.files})
        start = self.snapshot()

        def parts(left: list[str], chosen: tuple[Key, ...]) -> Iterator[tuple[Key, ...]]:
            if not left:
                yield chosen
                return
            most = max(n for kind, n in self.files if kind == left[0])
            for last in range(most + 1):
                yield from parts(left[1:], chosen + tuple((left[0], n) for n in range(1, last + 1)))

        for part in parts(kinds, ()):
            self.restore(start)
            for key in part:
                [answer] = self.office.receive(self.files[key])
                assert answer.result is FileResult.APPLIED
                assert answer.counts.rejected == answer.counts.held == 0
            self.expected[frozenset(part)] = self.state()
        self.restore(start)

    def state(self) -> tuple[Dump, Dump]:
        before = dump(self.office.database_file, columns_without=UNCOMPARED)
        facts = standing(before, FACTS + FOLLOWING)
        kept = self.snapshot()
        self.office.resolve()
        after = standing(dump(self.office.database_file, columns_without=UNCOMPARED), DERIVED)
        self.restore(kept)
        return facts, after

    def walk(self, arrived: tuple[Key, ...]) -> None:
        """Every continuation of what has arrived."""
        self.moments += 1
        applied = self.applicable(arrived)
        found = dump(self.office.database_file, columns_without=UNCOMPARED)
        facts, derived = self.expected[applied]
        assert standing(found, FACTS + FOLLOWING) == facts, arrived
        held = {row[1] for row in found["received_file"] if row[0] in {kept[0] for kept in found["held_content"]}}
        assert held == {self.files[key].name for key in arrived if key not in applied}, arrived
        if len(arrived) == len(self.files):
            assert self.state()[1] == derived, arrived
            assert not held
            return
        here = self.snapshot()
        for key in self.files:
            if key not in arrived:
                self.restore(here)
                self.require_answers(arrived, key, self.office.receive(self.files[key]))
                self.walk((*arrived, key))
        here.close()

    def require_answers(self, arrived: tuple[Key, ...], key: Key, answers: list[FileAnswer]) -> None:
        """The file itself is applied or held, and what it sets free follows in order."""
        freed = self.applicable((*arrived, key)) - self.applicable(arrived)
        if not freed:
            assert [(each.file, each.result) for each in answers] == [(self.files[key].name, FileResult.HELD)]
        else:
            due = [self.files[each].name for each in sorted(freed)]
            assert [(each.file, each.result) for each in answers] == [(name, FileResult.APPLIED) for name in due]


def moments_of(count: int) -> int:
    """How many ordered choices of up to ``count`` files there are, the empty one aside."""
    return sum(len(list(permutations(range(count), some))) for some in range(1, count + 1))


def test_the_files_would_end_otherwise_in_another_order(office: PrefectureOffice) -> None:
    """Rules: S-15. The six files are worth the trouble: without sequence numbers each neighbouring pair could be told apart."""
    files = list(person_files(office, 6).values())
    arrivals = Arrivals(office, dict(zip([("SKKOJIN", n) for n in range(1, 7)], files, strict=True)))
    arrivals.in_order()
    states = [repr(arrivals.expected[frozenset(("SKKOJIN", n) for n in range(1, last + 1))][0]) for last in range(7)]
    assert len(set(states)) == 7


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_up_to_four_files_in_every_order(office: PrefectureOffice, count: int) -> None:
    """Rules: S-15, X-2."""
    arrivals = Arrivals(office, person_files(office, count))
    arrivals.in_order()
    arrivals.walk(())
    assert arrivals.moments == moments_of(count) + 1


@pytest.mark.parametrize(
    "first", [1, 4, *(pytest.param(first, marks=pytest.mark.long) for first in (2, 3, 5, 6))]
)
def test_six_files_in_all_720_orders(office: PrefectureOffice, first: int) -> None:
    """Rules: S-15, X-2. Here those that begin with one of the six; at each of the 1,956 moments on the way nothing newer
    stands than what came without a gap, and at the end everything is as if it had come in order."""
    arrivals = Arrivals(office, person_files(office, 6))
    arrivals.in_order()
    key = ("SKKOJIN", first)
    arrivals.require_answers((), key, office.receive(arrivals.files[key]))
    arrivals.walk((key,))
    assert arrivals.moments == moments_of(5) + 1 == 326


@pytest.mark.long
@pytest.mark.parametrize("first", range(6))
def test_six_files_of_three_kinds_in_all_720_orders(office: PrefectureOffice, first: int) -> None:
    """Rules: S-15, X-2. Kinds of files do not wait for each other."""
    arrivals = Arrivals(office, mixed_files(office))
    arrivals.in_order()
    key = list(arrivals.files)[first]
    arrivals.require_answers((), key, office.receive(arrivals.files[key]))
    arrivals.walk((key,))
    assert arrivals.moments == 326


def test_an_older_file_never_goes_over_a_newer_one(office: PrefectureOffice) -> None:
    """Rules: S-15, S-14, X-2. Sent again after all the others, in every order: a duplicate, and nothing moves."""
    arrivals = Arrivals(office, person_files(office, 4))
    for path in arrivals.files.values():
        office.receive(path)
    due = standing(dump(office.database_file, columns_without=UNCOMPARED), FACTS + FOLLOWING)
    for path in chain.from_iterable(permutations(arrivals.files.values())):
        assert [answer.result for answer in office.receive(path)] == [FileResult.DUPLICATE]
    assert standing(dump(office.database_file, columns_without=UNCOMPARED), FACTS + FOLLOWING) == due
