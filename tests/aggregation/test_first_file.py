"""A sender's first file is judged by itself, and everything is as if it were judged beside what was known: nothing (X-2, X-4)."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kokuho_adapters.database import fact_store
from kokuho_core.errors import Problem
from kokuho_core.usecases import reception_kinds, within_file
from kokuho_core.usecases.receive import FileAnswer
from kokuho_core.usecases.within_file import PERSONS, FirstFile

from ..core.builders import record
from ..prefecture.contents import Dump, dump
from ..prefecture.office import A, PrefectureOffice, high_cost, household, person
from ..prefecture.worlds import Worlds

Sent = tuple[str, list[dict[str, Any]]]

subjects = st.sampled_from("123")
histories = st.integers(1, 3)
kinds = st.sampled_from("11123")
starts = st.sampled_from(["2020-04-01", "2021-04-01", "2022-04-01"])
ends = st.sampled_from([None, "2021-04-01", "2021-04-02", "2023-04-01"])
months = st.sampled_from(["2024-04", "2024-05"])


def _person(subject: str, history: int, kind: str, start: str, end: str | None) -> dict[str, Any]:
    end = end if end is None or end >= start else None
    return person(A, subject, history, start, kind=kind, end=end, end_reason=end and "57")


def _household(subject: str, history: int, kind: str, start: str) -> dict[str, Any]:
    return household(A, subject, "1", history, start, kind=kind)


def _month(subject: str, month: str, kind: str) -> dict[str, Any]:
    return high_cost(A, subject, month, kind)


files: st.SearchStrategy[Sent] = st.one_of(
    st.tuples(st.just("SKKOJIN"), st.lists(st.builds(_person, subjects, histories, kinds, starts, ends), max_size=9)),
    st.tuples(st.just("SKSETAI"), st.lists(st.builds(_household, subjects, histories, kinds, starts), max_size=9)),
    st.tuples(st.just("KOGAKU"), st.lists(st.builds(_month, subjects, months, kinds), max_size=9)),
)


def received(worlds: Worlds, sent: Sent) -> tuple[list[FileAnswer], Dump]:
    with worlds.office() as office:
        file_id, rows = sent
        return office.send(file_id, A, rows), dump(office.stored_in)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(files)
def test_as_if_judged_beside_what_was_known(worlds: Worlds, sent: Sent) -> None:
    """Rules: X-2, X-4, P-3, P-7."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fact_store, "groups_to_judge", _not_asked)
        by_itself = received(worlds, sent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reception_kinds, "FIRST_SEQUENCE", 0)
        assert received(worlds, sent) == by_itself


def _not_asked(*_: Any) -> NoReturn:
    raise AssertionError("the database was asked about a first file")


SENT = [_person("1", 1, "1", "2020-04-01", None), _person("1", 2, "1", "2021-04-01", None), _person("2", 1, "2", "2020-04-01", None)]


def test_what_is_refused(office: PrefectureOffice) -> None:
    """Rules: P-3, X-4: an overlap inside one municipality, and a correction of what was never sent."""
    answer = office.persons(A, *SENT)
    assert {(each.line, each.code) for each in answer.errors} == {(2, "KKH-P003"), (3, "KKH-P003"), (4, "KKH-R001")}


def test_a_later_file_is_judged_beside_what_was_known(office: PrefectureOffice) -> None:
    """Rules: X-4, P-3."""
    office.persons(A, SENT[0])
    answer = office.persons(A, SENT[1], _person("1", 1, "1", "2020-04-01", None))
    assert {(each.line, each.code) for each in answer.errors} == {(2, "KKH-P003"), (3, "KKH-R002")}


def test_a_large_file_is_left_to_the_database(office: PrefectureOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: S-26, X-4: memory does not grow with the municipality."""
    monkeypatch.setattr(within_file, "MOST_RECORDS", 2)
    test_what_is_refused(office)
    first = FirstFile(PERSONS)
    first.add([(2, record(kind="2")), (3, record(history_number=2, kind="2"))])
    assert first.refused() == {line: Problem("KKH-R001", line, "history_number") for line in (2, 3)}
    first.add([(4, record(history_number=3))])
    assert first.refused() is None
    first.add([(5, record(history_number=4))])
    assert first.refused() is None
