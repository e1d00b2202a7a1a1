"""A delivery interrupted at each of its steps: what was committed is published, what was not is told again (X-13, S-27)."""

from __future__ import annotations

from typing import Any

import pytest

from kokuho_adapters.database.unit_of_work import SqlUnitOfWork
from kokuho_adapters.files import OpenFormatFolder

from ..aggregation.support import dump, insured
from ..prefecture.office import A, B, PrefectureOffice
from ..prefecture.worlds import MakeOffice

FILES = ("HIHOID", "SHOKEKKA", "TOKUSO")


class Interrupted(Exception):
    """The power fails."""


@pytest.fixture
def office(make_office: MakeOffice) -> PrefectureOffice:
    made = make_office()
    made.persons(A, insured(A, "1", 1), insured(A, "2", 2))
    made.persons(B, insured(B, "7", 3))
    made.resolve()
    return made


def published(office: PrefectureOffice) -> list[str]:
    return sorted(path.name for path in office.outbox.glob("*.csv"))


def kinds(names: list[str]) -> list[tuple[str, str]]:
    """(file id, sequence) of each."""
    return sorted((name.split("_")[0], name[-8:-4]) for name in names)


FIRST = [(file_id, "0001") for file_id in FILES]


def told_state(office: PrefectureOffice) -> Any:
    found = dump(office.stored_in)
    return found["returned_row"], found["delivery"], [row[-1] for row in found["received_file"]]


@pytest.mark.parametrize("after", [0, 1, 2])
def test_committed_but_not_published(office: PrefectureOffice, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Rules: X-13, Q-5."""
    publish = OpenFormatFolder.publish

    def fail(self: OpenFormatFolder, *names: str) -> None:
        publish(self, *names[:after])
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(OpenFormatFolder, "publish", fail)
        with pytest.raises(Interrupted):
            office.deliver(A)
    assert len(published(office)) == after
    # the next delivery publishes it and tells nothing twice
    assert office.deliver(A) == {}
    assert kinds(published(office)) == FIRST
    assert list(office.outbox.glob("*.part")) == []
    for name in published(office):
        assert office.read(office.outbox / name) != []


def test_a_delivery_to_another_municipality_publishes_it_too(
    office: PrefectureOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules: X-13."""
    with monkeypatch.context() as patch:
        patch.setattr(OpenFormatFolder, "publish", lambda self, *names: (_ for _ in ()).throw(Interrupted))
        with pytest.raises(Interrupted):
            office.deliver(A)
    office.deliver(B)
    assert kinds(published(office)) == sorted(FIRST * 2)


def test_published_but_not_noted(office: PrefectureOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: X-13."""
    from kokuho_adapters.database.delivery_store import SqlDeliveryStore

    def fail(*_: Any) -> None:
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(SqlDeliveryStore, "mark_published", fail)
        with pytest.raises(Interrupted):
            office.deliver(A)
    names = published(office)
    assert kinds(names) == FIRST
    contents = {name: (office.outbox / name).read_bytes() for name in names}
    assert office.deliver(A) == {}
    assert {name: (office.outbox / name).read_bytes() for name in published(office)} == contents


def test_written_but_not_committed(office: PrefectureOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: X-13, X-2."""
    before = told_state(office)

    def fail(self: SqlUnitOfWork) -> None:
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(SqlUnitOfWork, "commit", fail)
        with pytest.raises(Interrupted):
            office.deliver(A)
    assert published(office) == []
    assert told_state(office) == before
    delivered = office.deliver(A)
    assert {file_id: len(rows) for file_id, rows in delivered.items()} == {"HIHOID": 2, "TOKUSO": 2, "SHOKEKKA": 2}
    assert kinds(published(office)) == FIRST


@pytest.mark.parametrize("failing", FILES)
def test_one_file_cannot_be_written(office: PrefectureOffice, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    """Rules: X-13."""
    before = told_state(office)
    write = OpenFormatFolder._write

    def fail(self: OpenFormatFolder, file_id: str, *rest: Any, **more: Any) -> Any:
        if file_id == failing:
            raise Interrupted
        return write(self, file_id, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(OpenFormatFolder, "_write", fail)
        with pytest.raises(Interrupted):
            office.deliver(A)
    assert published(office) == []
    assert told_state(office) == before
    office.deliver(A)
    assert kinds(published(office)) == FIRST


def test_leftovers_are_no_files_to_anybody(office: PrefectureOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: X-13."""

    commit, begun = SqlUnitOfWork.commit, []

    def fail(self: SqlUnitOfWork) -> None:
        if begun:
            raise Interrupted
        begun.append(self)  # the admission, which is recorded before anything is written
        commit(self)

    with monkeypatch.context() as patch:
        patch.setattr(SqlUnitOfWork, "commit", fail)
        with pytest.raises(Interrupted):
            office.deliver(A)
    assert {path.suffix for path in office.outbox.iterdir()} == {".part"}
    office.deliver(A)
    assert kinds(published(office)) == FIRST


def test_an_unknown_municipality_changes_nothing(office: PrefectureOffice) -> None:
    """Rules: Q-5."""
    from kokuho_core.errors import NotFound

    before = told_state(office)
    with pytest.raises(NotFound, match="KKH-N002"):
        office.deliver("139998")
    assert told_state(office) == before
    assert list(office.outbox.iterdir()) == []
