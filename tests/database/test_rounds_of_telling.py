"""返却の回: marks by rounds say of each returned row what marks of its own would say, also across the migration."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from kokuho_adapters.database import SqlDatabase
from kokuho_adapters.database.return_store import load_row
from kokuho_adapters.database.tables import return_round, returned_row
from kokuho_core.ports.stores import NewRows, UnitOfWork
from kokuho_core.returning.rows import HihoidRow, ReturnKey, Row, TokusoRow, kept_values
from kokuho_core.vocabulary.identifiers import InsurerNumber

from ..prefecture.office import A, B
from .schema_versions import revise, see_all

BEFORE_ROUNDS = "0011"
DAY = date(2024, 4, 1)
FILES = ("TOKUSO", "HIHOID")


def row_of(file_id: str, insurer: InsurerNumber, number: str, says: str) -> Row:
    if file_id == "TOKUSO":
        return TokusoRow(insurer, number, "M1", "P1", DAY, "03", None, None, None, says, DAY, None)
    return HihoidRow(insurer, number, f"M{says}", "P1", "1", None)


KEYS = [
    ReturnKey(f"{insurer}/{number}", file_id, insurer, "1") for insurer in (A, B) for file_id in FILES for number in "12"
]
Marks = dict[ReturnKey, tuple[Row | None, Row | None, bool]]
"""What stands, what was told last, and whether it is due."""

changes = st.tuples(st.sampled_from(KEYS), st.sampled_from([None, "1", "2", "3"]), st.booleans())
tellings = st.tuples(st.sampled_from([A, B]), st.sampled_from(FILES))
steps = st.lists(changes | tellings, max_size=25)


def play(work: Any, step: Any, marks: Marks) -> None:
    """One step on the tables, and on marks that each row has of its own."""
    if len(step) == 2:
        work.returns.mark_told(*step)
        for key, (stands, _, is_due) in list(marks.items()):
            if (key.insurer_number, key.file_id) == step and is_due:
                marks[key] = (stands, stands, False)
                if stands is None:
                    del marks[key]
        return
    key, says, is_due = step
    stands = None if says is None else row_of(key.file_id, key.insurer_number, key.subject[-1], says)
    _, told = work.returns.of_subjects([key.subject]).get(key, (None, None))
    assert told == marks.get(key, (None, None, False))[1]
    work.returns.save([(key, stands, told, is_due)])
    marks[key] = (stands, told, is_due)


def require_marks(work: UnitOfWork, marks: Marks) -> None:
    """Everything that can be asked says what the marks say."""
    assert work.returns.of_subjects({key.subject for key in KEYS}) == {key: each[:2] for key, each in marks.items()}
    untold: dict[InsurerNumber, int] = {}
    for insurer in (A, B):
        for file_id in FILES:
            own = [marks[key] for key in sorted(marks) if (key.insurer_number, key.file_id) == (insurer, file_id)]
            for everything in (False, True):
                wanted = [each[:2] for each in own if everything or each[2]]
                found: list[Any] = []
                for some in work.returns.due(insurer, file_id, everything=everything):
                    if isinstance(some, NewRows):
                        expected = wanted[len(found) : len(found) + len(some.columns[0])]
                        assert list(zip(*some.columns, strict=True)) == [kept_values(row) for row, _ in expected if row]
                        found += expected
                    else:
                        found += some
                assert found == wanted
            if due := sum(each[2] for each in own):
                untold[insurer] = untold.get(insurer, 0) + due
    assert work.status.untold() == untold


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])  # every example undoes what it did
@given(steps=steps)
def test_against_marks_of_their_own(database: SqlDatabase, steps: list[Any]) -> None:
    """Rules: X-13, Q-5."""
    marks: Marks = {}
    with database.begin() as work:
        for step in steps:
            play(work, step, marks)
            require_marks(work, marks)


WITH_EVERY_MARK: list[Any] = [
    (KEYS[0], "1", True), (KEYS[1], "1", True), (KEYS[4], "1", True), (A, "TOKUSO"),  # told
    (KEYS[0], "2", True), (KEYS[1], "1", False), (KEYS[2], "1", True), (KEYS[5], None, False),  # told otherwise, told as it stands
    (KEYS[6], "1", True), (B, "HIHOID"), (KEYS[6], None, True),  # told and taken back
]  # fmt: skip


def test_marks_of_their_own_become_rounds_and_back(database: SqlDatabase) -> None:
    """Rules: X-13, P-7. The script carries over what is due and what was told, both ways."""
    marks: Marks = {}
    with database.begin() as work:
        for step in WITH_EVERY_MARK:
            play(work, step, marks)
        work.commit()
    revise(database, BEFORE_ROUNDS)
    with database.engine.begin() as connection:
        see_all(connection)
        before = {
            ReturnKey(row.subject, row.file_id, InsurerNumber(row.insurer_number), row.item): row
            for row in connection.execute(text("SELECT * FROM returned_row"))
        }

    def load(key: ReturnKey, kept: str | None, stands: str | None) -> Row | None:
        kept = stands if kept == "=" else kept
        return None if kept is None else load_row(key.file_id, kept)

    assert marks == {
        key: (load(key, row.stands, None), load(key, row.told, row.stands), bool(row.is_due)) for key, row in before.items()
    }
    database.migrate()
    with database.begin(read_only=True) as work:
        require_marks(work, marks)


def test_telling_writes_one_row_and_none_of_what_is_told(database: SqlDatabase) -> None:
    """Rules: X-13. However much is told."""
    with database.begin() as work:
        for key in KEYS:
            play(work, (key, "1", True), {})
        before = work.connection.execute(select(returned_row).order_by(*returned_row.primary_key)).all()
        work.returns.mark_told(A, "TOKUSO")
        assert work.connection.execute(select(returned_row).order_by(*returned_row.primary_key)).all() == before
        rounds = work.connection.execute(select(return_round.c.number, func.count()).group_by(return_round.c.number)).all()
        assert [tuple(each) for each in rounds] == [(2, 1)]


def test_a_clerk_has_others_told_in_their_own_rounds(database: SqlDatabase) -> None:
    """Rules: X-13, S-1. However many rounds of theirs have gone, and whatever he wrote of his own before."""
    own, other = KEYS[4], KEYS[0]
    assert (own.insurer_number, other.insurer_number) == (B, A)
    with database.begin() as work:
        work.returns.mark_told(A, other.file_id)
        work.commit()
    with database.begin(scope=B) as work:
        work.returns.save([(own, row_of(own.file_id, B, "1", "1"), None, True)])
        with work.prefecture_wide():
            work.returns.save([(other, row_of(other.file_id, A, "1", "1"), None, True)])
        work.commit()
    with database.begin(read_only=True) as work:
        assert work.status.untold() == {A: 1, B: 1}
