"""A store of somebody else's: the two examples keep what the library's own store keeps, whatever notices come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kokuho_core.errors import NotificationRefused, SetupFault
from kokuho_core.municipal_office.notification import DateCorrected, Died, PeriodSide, Withdrawn
from kokuho_core.municipal_office.returned import item_of
from kokuho_core.ports.municipal import SentFile
from kokuho_core.returning.rows import TokusoRow
from kokuho_core.usecases import municipal_desk
from kokuho_core.usecases.municipal_numbers import build_elsewhere, notify_elsewhere
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import NumberIndex

from ..prefecture.office import A, PrefectureOffice, number
from ..prefecture.worlds import Worlds
from .counter import AT, d, told
from .notices import PEOPLE, notices
from .own_tables import django_store, flask_store, ready_django
from .test_office import moved_in, numbers


@pytest.fixture(scope="module")
def library(sqlite_worlds: Worlds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectureOffice]:
    made = sqlite_worlds.make(tmp_path_factory.mktemp("own-tables") / "library")
    yield made
    sqlite_worlds.end(made)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("own-tables") / "examples"
    made.mkdir()
    ready_django(made)
    return made


def _told(store: Any) -> list[Any]:
    """Everything that can be asked of a store."""
    subjects = [None, *PEOPLE]
    everybody = list(store.persons(A))
    homes = sorted(store.homes_of(A, [each.addressee_number for each in everybody]))
    last = store.next_notice(A)
    return [
        everybody,
        list(store.persons(A, PEOPLE[:2])),
        list(store.households(A, homes)),
        store.ever_in(A, homes[:1]),
        store.insurers(),
        last,
        [store.concerned_by(A, number) for number in range(1, last)],
        [store.notices(A, subject) for subject in subjects],
        sorted((each.kind, each.subject, each.notice, each.notified_on) for each in store.waiting(A)),
        list(store.waiting_persons(A)),
        list(store.waiting_households(A)),
        [list(store.waiting_others(A, file_id)) for file_id in ("FUZOKU", "SHOTOKU", "KOGAKU")],
        [store.next_sequence(A, file_id) for file_id in ("SKKOJIN", "SKSETAI")],
        store.unpublished(A, "folder"),
        store.refused_lines(A),
        list(store.returned_of(A, "TOKUSO")),
        list(store.returned_of(A, "TOKUSO", ["2"])),
        municipal_desk.office_lists(store, A, d("2024-06-01")),
        [municipal_desk.person_view(store, A, each) for each in PEOPLE],
    ]


def _same(stores: list[Any], act: Any) -> Any:
    """One act on every store, with one answer."""
    first, *others = [act(store) for store in stores]
    for each in others:
        assert each == first
    return first


def _taken(notice: Any, at: datetime) -> Any:
    def act(store: Any) -> Any:
        try:
            taken = municipal_desk.take_notice(store, A, notice, at)
        except NotificationRefused as refused:
            return {"refused": refused.problems}
        return taken.number, taken.outcome

    return act


def _sent(file_id: str, at: datetime) -> Any:
    def act(store: Any) -> Any:
        waiting = store.waiting_persons(A) if file_id == "SKKOJIN" else store.waiting_households(A)
        records = len(list(waiting))
        sequence = store.next_sequence(A, file_id)
        name = f"{file_id}_{A}_{at:%Y%m%d%H%M%S}_{sequence:04d}.csv"
        if records:
            store.mark_sent(A, SentFile(file_id, sequence, name, records, at, is_published=False), "folder")
            store.mark_published(A, [name])
        return name, records

    return act


def _refused(name: str, line: int, result: str) -> Any:
    def act(store: Any) -> Any:
        sent = store.sent_line(A, name, line)
        store.answer_line(A, name, evolve(sent, result=result, error_code="KKH-V001", error_field="address"))
        return sent, store.sent_line(A, name, line)

    return act


def _came_back(addressee: str, sequence: int) -> Any:
    row = TokusoRow(
        A, addressee, "M1", "P1", d("2024-01-01"), "03", None, None, None, "1", d("2024-01-01") + timedelta(sequence), None
    )
    item = item_of(row, sequence, 2)

    def act(store: Any) -> Any:
        before = store.returned(A, "TOKUSO", [item.item])
        store.keep_returned(A, [item])
        return before, store.returned(A, "TOKUSO", [item.item])

    return act


@settings(max_examples=max(8, settings.default.max_examples // 30), suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_three_stores_answer_alike(library: PrefectureOffice, folder: Path, data: st.DataObject) -> None:
    """Rules: P-7, Q-1, Q-6, X-2. The library's own, one on SQLAlchemy's mapped classes, one on Django's models."""
    draw = data.draw
    with ExitStack() as opened:
        work = opened.enter_context(library.installation.database.begin())
        stores = [work.municipal, opened.enter_context(flask_store(folder)), opened.enter_context(django_store())]
        at = AT
        for _ in range(draw(st.integers(3, 12))):
            at += timedelta(days=1)
            _same(stores, _taken(draw(notices()), at))
            match draw(st.sampled_from(["", "", "send", "send", "lines", "whole", "back"])):
                case "send":
                    for file_id in ("SKSETAI", "SKKOJIN"):
                        _same(stores, _sent(file_id, at))
                case "lines":
                    name, records = _same(stores, _sent("SKKOJIN", at))
                    if records:
                        _same(stores, _refused(name, draw(st.integers(2, records + 1)), draw(st.sampled_from("123"))))
                case "whole":
                    name, records = _same(stores, _sent(draw(st.sampled_from(["SKKOJIN", "SKSETAI"])), at))
                    assert _same(stores, lambda store, name=name: store.refuse_file(A, name)) is bool(records)
                    assert not _same(stores, lambda store, name=name: store.refuse_file(A, name))
                case "back":
                    _same(stores, _came_back(draw(st.sampled_from(PEOPLE)), draw(st.integers(1, 3))))
        _same(stores, _told)


def test_three_stores_after_corrections_refusals_and_withdrawals(library: PrefectureOffice, folder: Path) -> None:
    """Rules: P-7, X-1, X-2, X-4, Q-6. Each of what a store has to remember, once for certain."""
    one, two = PEOPLE[:2]
    start = DateCorrected(**told("2024-01-12"), people=(one,), side=PeriodSide.START)
    acts = [
        _taken(moved_in("2024-01-10", "10", "1", "2", "3"), AT),
        _sent("SKSETAI", AT),
        _sent("SKKOJIN", AT),
        _refused(f"SKKOJIN_{A}_{AT:%Y%m%d%H%M%S}_0001.csv", 2, "2"),
        _refused(f"SKKOJIN_{A}_{AT:%Y%m%d%H%M%S}_0001.csv", 3, "3"),
        _taken(start, AT + timedelta(1)),
        _taken(evolve(start, event_on=d("2024-01-14")), AT + timedelta(2)),
        _sent("SKKOJIN", AT + timedelta(2)),
        lambda store: store.refuse_file(A, f"SKKOJIN_{A}_{AT + timedelta(2):%Y%m%d%H%M%S}_0002.csv"),
        _taken(Died(**told("2024-03-01"), person=two), AT + timedelta(3)),
        _taken(Withdrawn(**told("2024-03-02"), notice_number=4), AT + timedelta(4)),
        _came_back(one, 2),
        _came_back(one, 1),
    ]
    with ExitStack() as opened:
        work = opened.enter_context(library.installation.database.begin())
        stores = [work.municipal, opened.enter_context(flask_store(folder)), opened.enter_context(django_store())]
        for act in acts:
            answer = _same(stores, act)
            assert answer and not isinstance(answer, dict), answer
            _same(stores, _told)
        [first, *_] = [person for person in stores[0].persons(A) if person.addressee_number == one]
        assert not first.rows[0].is_sent and [each.number for each in stores[0].notices(A, one)] == [1, 2, 3]
        assert [each.number for each in stores[0].notices(A, two)] == [1, 4, 5]
        assert stores[0].next_sequence(A, "SKKOJIN") == 2 and len(stores[0].refused_lines(A)) == 2


def test_a_notice_that_is_refused_leaves_no_number(library: PrefectureOffice, folder: Path) -> None:
    """Rules: S-3, S-4, I-5."""
    office = library.office

    def kept() -> int:
        with library.installation.database.begin(read_only=True) as work:
            return int(work.connection.exec_driver_sql("SELECT count(*) FROM number_vault").scalar() or 0)

    with flask_store(folder) as store:

        def take(told: Any, refusals: Any) -> Any:
            assert all(each.items.number is not None for each in told.entrants)
            return municipal_desk.take_notice(store, InsurerNumber(A), told, AT, refusals=refusals)

        before = kept()
        with pytest.raises(NotificationRefused, match="KKH-M011"):
            notify_elsewhere(office, A, moved_in("2020-04-01", "10", "1", origin=A), numbers("1"), take)
        assert kept() == before
        taken = notify_elsewhere(office, A, moved_in("2020-04-01", "10", "1"), numbers("1"), take)
        assert taken.number == 1 and kept() == before + 1
        assert number(1) not in repr(taken)


def test_an_index_that_the_vault_does_not_know_is_a_fault_and_no_file(library: PrefectureOffice) -> None:
    """Rules: S-8, I-5. Such as one kept elsewhere, while the index key was replaced here."""

    def make(reveal: Any) -> Any:
        return reveal([NumberIndex(b"x" * 32)])

    with pytest.raises(SetupFault, match="KKH-C011"):
        build_elsewhere(library.office, A, make)
