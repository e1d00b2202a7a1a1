"""一つの文で多くの行: however many rows there are, all of them arrive, and the database looks at each (S-1, S-21)."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from kokuho_adapters.database import SqlDatabase, open_database
from kokuho_adapters.database.overlap import CONSTRAINT
from kokuho_adapters.database.span_store import SPAN_COLUMNS
from kokuho_adapters.database.statements import bulk_insert, insert_or_ignore, upsert
from kokuho_adapters.database.tables import (
    known_addressee,
    pending_person,
    person_number,
    prefectural_person,
    qualification_span,
)
from kokuho_core.errors import KokuhoError

from ..prefecture.office import A, B

NUMBERS = (0, 1, 99, 100, 101, 200, 350)
WHO = ("insurer_number", "addressee_number")


@pytest.mark.parametrize("number", NUMBERS)
def test_new_ones_those_there_already_and_those_in_the_place_of_others(database: SqlDatabase, number: int) -> None:
    """Rules: S-17. Values of every kind, in the order of the rows."""
    people = [(n, f"ID{n}'?, (?)", date(2024, 1, 1) + timedelta(n) if n % 3 else None) for n in range(number)]
    numbers = [(bytes([n % 256, n // 256, 63]), n) for n in range(number)]
    with database.begin() as work:
        connection = work.connection
        bulk_insert(connection, prefectural_person, ("serial", "insured_id", "look_again_on"), people)
        bulk_insert(connection, person_number, ("number_index", "serial"), numbers)
        for _ in range(2):
            ignoring = insert_or_ignore(connection, pending_person)
            bulk_insert(connection, pending_person, WHO, ((A, str(n)) for n in range(number)), ignoring)
        later = [(n, f"now {n}", None) for n in range(number // 2)]
        bulk_insert(
            connection, prefectural_person, ("serial", "insured_id", "look_again_on"), later, upsert(connection, prefectural_person)
        )
        kept = connection.execute(prefectural_person.select().order_by("serial")).all()
        assert [(row.serial, row.insured_id, row.look_again_on) for row in kept] == later + people[len(later) :]
        assert sorted(map(tuple, connection.execute(person_number.select()))) == sorted(numbers)
        assert len(connection.execute(pending_person.select()).all()) == number


@pytest.mark.parametrize("place", [0, 99, 100, 149])
def test_spans_among_many_may_not_overlap(database: SqlDatabase, place: int) -> None:
    """Rules: S-21, P-3. Two rows of one statement, and a row of one against a row of another."""
    first = date(2024, 1, 1)
    days = [(A, str(n), 1, n, first, first + timedelta(5)) for n in range(150)]
    double = (A, "x", 1, days[place][3], first + timedelta(4), None)
    for at in (place + 1, 150):
        with database.begin() as work:
            bulk_insert(work.connection, prefectural_person, ("serial", "insured_id"), [(n, f"P{n}") for n in range(150)])
            known = [(insurer, addressee, serial, f"M{serial}{addressee}") for insurer, addressee, _, serial, *_ in [*days, double]]
            bulk_insert(work.connection, known_addressee, (*WHO, "serial", "municipal_id"), known)
            with pytest.raises(Exception, match=f"overlap|{CONSTRAINT}"):
                bulk_insert(work.connection, qualification_span, SPAN_COLUMNS, [*days[:at], double, *days[at:]])


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # on the server nobody is held back who owns everything
@pytest.mark.parametrize("place", [0, 99, 100, 149])
def test_a_row_of_another_municipality_among_many_is_refused(database: SqlDatabase, place: int) -> None:
    """Rules: S-1."""
    rows = [(A, str(n)) for n in range(150)]
    with pytest.raises(KokuhoError, match="KKH-B002"), database.begin(scope=A) as work:
        bulk_insert(work.connection, pending_person, WHO, [*rows[:place], (B, "1"), *rows[place + 1 :]])
    with database.begin(scope=A) as work:
        bulk_insert(work.connection, pending_person, WHO, rows)
        assert len(work.connection.execute(pending_person.select()).all()) == 150


def test_sqlite_takes_many_by_one_statement(tmp_path: Path) -> None:
    """It is asked a hundredth as often; a wide table, which gains nothing, row by row."""
    database = open_database(f"sqlite:///{tmp_path / 'one.sqlite3'}")
    database.migrate()
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    with database.begin() as work:
        bulk_insert(work.connection, pending_person, WHO, ((A, str(n)) for n in range(350)))
    taken = [each.count("(?, ?)") for each in statements if each.startswith("INSERT INTO pending_person")]
    assert taken == [100, 100, 100, 1]
    database.close()
