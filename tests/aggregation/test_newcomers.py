"""新しく知る人: who is new and raises no question is kept in one go; it must be what the long way keeps of him (Q-2, Q-4, I-3)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokuho_core.ports.assigned import Newcomer
from kokuho_core.qualification.groups import judge_group
from kokuho_core.usecases import assigning

from ..prefecture.contents import dump
from ..prefecture.office import PrefectureOffice, number, person
from ..prefecture.worlds import Worlds
from .histories import MUNICIPALITIES, histories
from .test_order import AS_OF, DERIVED, HISTORIES, examples, receive_all

A = MUNICIPALITIES[0]
KEPT = (*DERIVED, "qualification_span", "pending_registration", "counter")


@contextmanager
def the_long_way() -> Iterator[None]:
    """Nobody is taken for a newcomer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assigning, "judge_plainly", judge_group)
        patch.setattr(assigning._Assigning, "is_newcomer", lambda *_: False)
        yield


@contextmanager
def newcomers_counted() -> Iterator[list[Newcomer]]:
    found: list[Newcomer] = []
    as_it_is = assigning._Assigning._newcomer

    def counted(*given: Any) -> Newcomer:
        found.append(as_it_is(*given))
        return found[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assigning._Assigning, "_newcomer", counted)
        yield found


def kept(office: PrefectureOffice) -> dict[str, Any]:
    found = dump(office.stored_in)
    return {table: sorted(found[table], key=repr) for table in KEPT}


def test_both_ways_keep_the_same(worlds: Worlds) -> None:
    """Rules: Q-2, Q-4, I-3, P-6, X-7, X-13, S-21: random histories, judged in two halves, so that half of them are known."""
    plain, others = [], []

    @examples(worlds.examples(HISTORIES))
    @given(histories(), st.integers(0, 2**32))
    def run(files: Any, seed: int) -> None:
        halves = files[: (half := random.Random(seed).randint(0, len(files)))], files[half:]
        with worlds.office() as one, worlds.office() as other, newcomers_counted() as found:
            for some in halves:
                receive_all(one, some)
                receive_all(other, some)
                summary = one.resolve(AS_OF)
                before = len(found)
                with the_long_way():
                    assert other.resolve(AS_OF) == summary
                assert len(found) == before
                quick, long = kept(one), kept(other)
                for table in KEPT:
                    assert quick[table] == long[table], table
            for each in found:
                (plain if each.look_again_on is None and len(each.rows) == 2 else others).append(each)

    run()
    assert plain and others


LEFT = {"end": "2024-02-01", "end_reason": "51"}


@pytest.mark.parametrize(
    ("rows", "newcomers"),
    [
        ([person(A, "1", 1, number=number(1), **LEFT), person(A, "1", 2, "2024-03-01")], 1),
        ([person(A, "1", 1, "2024-04-01", reason="07")], 1),  # looked at again when the wait is over (P-6)
        ([person(A, "1", number=number(1)), person(A, "2", number=number(1))], 0),
        ([person(A, "1", number=number(1), **LEFT), person(A, "1", 2, "2024-03-01", number=number(2))], 0),
    ],
)
def test_who_is_a_newcomer(office: PrefectureOffice, rows: list[Any], newcomers: int) -> None:
    """Rules: Q-2, P-6, X-6."""
    assert office.persons(A, *rows).counts.rejected == 0
    with newcomers_counted() as found:
        assert office.resolve("2024-04-10").persons > 0
    assert len(found) == newcomers
    office.persons(A, {**rows[-1], "update_kind": "2", "updated_at": datetime(2024, 4, 2)})
    with newcomers_counted() as found:  # whoever is known is none any more
        assert office.resolve("2024-04-11").persons > 0
    assert found == []
