"""送付回: marks by rounds say of each row what marks of its own would say, also across the migration, on both databases."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import func, select, text

from kokuho_adapters.database import SqlDatabase, municipal_store
from kokuho_adapters.database.tables import office_round
from kokuho_core.household.record import HouseholdRecord
from kokuho_core.municipal_office.history_row import HouseholdRow, sent
from kokuho_core.municipal_office.other_rows import IncomeRecord, OtherRow
from kokuho_core.ports.municipal import SentFile
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.month import Month

from ..prefecture.office import A, B
from .schema_versions import revise, see_all

AT = datetime(2024, 6, 1, 9)
BEFORE_ROUNDS = "0009"
BEFORE_LINES_TOGETHER = "0010"
MARKS = [(cancelled, sent, waiting) for cancelled in (False, True) for sent in (False, True) for waiting in (False, True)]


def household(number: int, marks: tuple[bool, bool, bool], insurer: InsurerNumber = A) -> HouseholdRow:
    day = date(2024, 4, 1)
    return HouseholdRow(
        HouseholdRecord(
            insurer, HouseholdNumber(str(number)), 1, "1", None, str(number), AddresseeNumber("1"), "1", day, day, None, None, day,
            None, "01", day, day, None, AT,
        ),
        0, 0, *marks,
    )  # fmt: skip


def income(number: int, marks: tuple[bool, bool, bool]) -> OtherRow:
    record = IncomeRecord(A, HouseholdNumber(str(number)), Month.parse("202308"), None, "A03", None, AT)
    return OtherRow("SHOTOKU", record, *marks)


def kept(database: SqlDatabase, insurer: InsurerNumber = A) -> dict[str, Any]:
    """Rows with their marks, what waits, and the lines sent."""
    with database.begin(read_only=True) as work:
        store = work.municipal
        homes = [str(number) for number in range(1, 30)]
        return {
            "rows": {each.household_number: each.rows for each in store.households(insurer, map(HouseholdNumber, homes))},
            "others": {each.identity: each for each in store.others_of(insurer, "SHOTOKU", homes)},
            "waiting": [(kind, row) for kind, row in store.waiting_households(insurer)],
            "others waiting": [(kind, row.identity) for kind, row in store.waiting_others(insurer, "SHOTOKU")],
            "subjects": store.waiting(insurer),
        }


def send(database: SqlDatabase, file_id: str, sequence: int, insurer: InsurerNumber = A) -> str:
    name = f"{file_id}_{insurer}_20240601090000_{sequence:04d}.csv"
    with database.begin() as work:
        work.municipal.mark_sent(insurer, SentFile(file_id, sequence, name, 0, AT, is_published=False), "x")
        work.commit()
    return name


def with_every_mark(database: SqlDatabase) -> None:
    with database.begin() as work:
        for insurer in (A, B):
            work.municipal.begin_load(insurer, AT)
            rows = [household(number, marks, insurer) for number, marks in enumerate(MARKS, 1)]
            work.municipal.load_households(insurer, rows, AT)
        for number, marks in enumerate(MARKS, 1):
            work.municipal.keep_other(A, income(number, marks))
        work.commit()


@pytest.mark.parametrize("together", [1, 2, 3, 1000])
def test_what_waits_is_sent_and_nothing_else_changes(
    database: SqlDatabase, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules: Q-1, P-7, S-1. All marks there are, in two rounds; another municipality has its own."""
    monkeypatch.setattr(municipal_store, "_NOTED_TOGETHER", together)
    with_every_mark(database)
    before, of_another = kept(database), kept(database, B)
    waiting = [row for (row,) in before["rows"].values() if row.waits_as is not None]
    assert [(row.waits_as, row) for row in waiting] == before["waiting"] and len(waiting) == 3
    name, others = send(database, "SKSETAI", 1), send(database, "SHOTOKU", 1)
    after = kept(database)
    for number, (row,) in before["rows"].items():
        expected = sent(row, row.waits_as) if row.waits_as is not None else row
        assert after["rows"][number][0].is_sent == expected.is_sent
        assert after["rows"][number][0].waits_as is None
    for identity, each in before["others"].items():
        expected_other = each.sent() if each.waits_as is not None else each
        assert (after["others"][identity].is_sent, after["others"][identity].waits_as) == (expected_other.is_sent, None)
    assert after["waiting"] == after["others waiting"] == after["subjects"] == []
    assert kept(database, B) == of_another
    with database.begin(read_only=True) as work:
        lines = [work.municipal.sent_line(A, name, line) for line in range(2, 6)]
        told = [work.municipal.sent_line(A, others, line) for line in range(2, 6)]
    assert [each and (each.subject, each.history_number, each.update_kind) for each in lines] == [
        *((row.record.household_number, 1, row.waits_as) for row in waiting), None,
    ]  # fmt: skip
    assert [each and each.update_kind for each in told] == [kind for kind, _ in before["others waiting"]] + [None]


@pytest.mark.parametrize("together", [1, 2, 1000])
def test_what_was_sent_waits_again_in_a_later_round(
    database: SqlDatabase, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules: X-1, X-2, X-4. A line refused, a file refused whole, and what was told meanwhile."""
    monkeypatch.setattr(municipal_store, "_NOTED_TOGETHER", together)
    with_every_mark(database)
    first = send(database, "SKSETAI", 1)
    with database.begin() as work:
        work.municipal.load_households(A, [household(20, (False, False, True))], AT)
        line = work.municipal.sent_line(A, first, 2)
        assert line is not None and line.update_kind is UpdateKind.NEW
        type_of = type(line)
        work.municipal.answer_line(
            A, first, type_of(line.line, line.subject, line.history_number, line.update_kind, "2", "KKH-V001", "card_number")
        )
        work.commit()
    with database.begin(read_only=True) as work:
        told = [work.municipal.sent_line(A, first, number) for number in range(1, 6)]
        assert work.municipal.refused_lines(A) == [(first, told[1])]
    assert [each and (each.subject, each.result, each.error_code) for each in told] == [
        None, ("2", "2", "KKH-V001"), ("4", None, None), ("8", None, None), None
    ]  # fmt: skip
    assert not kept(database)["rows"][line.subject][0].is_sent
    assert [row.record.household_number for _, row in kept(database)["waiting"]] == ["20"]
    with database.begin() as work:
        assert work.municipal.refuse_file(A, first)
        work.commit()
    again = [(row.record.household_number, kind) for kind, row in kept(database)["waiting"]]
    assert again == [
        ("2", UpdateKind.NEW), ("20", UpdateKind.NEW), ("4", UpdateKind.CORRECTION), ("8", UpdateKind.CANCELLATION)
    ]  # fmt: skip
    send(database, "SKSETAI", 1 + 1)
    assert kept(database)["waiting"] == []
    assert all(row.is_sent for number in ("2", "4", "8", "20") for row in kept(database)["rows"][number])
    with database.begin(read_only=True) as work:
        rounds = work.connection.execute(select(office_round.c.number, func.count()).group_by(office_round.c.number)).all()
    assert [tuple(each) for each in rounds] == [(3, 1)]


def test_marks_of_their_own_become_rounds_and_back(database: SqlDatabase) -> None:
    """Rules: P-7, Q-1. The script carries over what waits and what is sent, both ways."""
    with_every_mark(database)
    send(database, "SKSETAI", 1)
    send(database, "SHOTOKU", 1)
    with database.begin() as work:
        work.municipal.load_households(A, [household(9 + place, marks) for place, marks in enumerate(MARKS)], AT)
        work.municipal.keep_other(A, income(9, (False, True, True)))
        work.commit()
    before = kept(database), kept(database, B)
    revise(database, BEFORE_ROUNDS)
    with database.engine.begin() as connection:
        see_all(connection)
        marks = {
            row[0]: tuple(map(bool, row[1:]))
            for row in connection.execute(
                text("SELECT subject, is_sent, is_waiting FROM office_row WHERE insurer_number = :own"), {"own": A}
            )
        }
    assert marks == {number: (row.is_sent, row.is_waiting) for number, (row,) in before[0]["rows"].items()}
    database.migrate()
    assert (kept(database), kept(database, B)) == before


@pytest.mark.parametrize("together", [2, 1000])
def test_lines_of_their_own_come_together_and_back(
    database: SqlDatabase, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules: X-4, P-7. The script carries over what was sent and what came back, both ways."""
    monkeypatch.setattr(municipal_store, "_NOTED_TOGETHER", together)
    with_every_mark(database)
    names = [send(database, "SKSETAI", 1), send(database, "SHOTOKU", 1)]
    with database.begin() as work:
        line = work.municipal.sent_line(A, names[0], 3)
        assert line is not None
        answered = evolve(line, result="3", error_code="KKH-R001", error_field=None)
        work.municipal.answer_line(A, names[0], answered)
        work.commit()

    def told() -> Any:
        with database.begin(read_only=True) as work:
            lines = [work.municipal.sent_line(A, name, number) for name in names for number in range(1, 7)]
            return lines, work.municipal.refused_lines(A)

    before = told()
    assert before[1] == [(names[0], answered)] and sum(each is not None for each in before[0]) == 6
    revise(database, BEFORE_LINES_TOGETHER)
    with database.engine.begin() as connection:
        see_all(connection)
        rows = connection.execute(text("SELECT line, subject, result FROM office_sent_line ORDER BY name, line")).all()
    own = [each for each in [*before[0][6:], *before[0][:6]] if each is not None]
    assert [tuple(row) for row in rows] == [(each.line, each.subject, each.result) for each in own]
    database.migrate()
    assert told() == before
    with database.begin() as work:
        assert work.municipal.refuse_file(A, names[0])
        work.commit()
    assert [row.record.household_number for _, row in kept(database)["waiting"]] == ["2", "4", "8"]
