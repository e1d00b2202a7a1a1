"""What PostgreSQL itself refuses, by a real server: the code, and no value of the statement in the text (S-3, S-26)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Integer, bindparam, cast, insert, make_url, select, text

from kokuho_adapters.database import SqlDatabase, on_postgresql, open_database
from kokuho_adapters.database.statements import bulk_insert, insert_or_ignore, streamed_columns, upsert
from kokuho_adapters.database.tables import (
    counter,
    delivery,
    known_addressee,
    metadata,
    pending_person,
    prefectural_person,
    qualification_span,
    received_file,
)
from kokuho_adapters.database.turns import _ALONE
from kokuho_adapters.database.unit_of_work import SqlUnitOfWork
from kokuho_core.errors import Conflict, KokuhoError, SetupFault

from ..prefecture.office import INSURERS, A, B
from ..prefecture.servers import Server

SECRET = "900000000013"


@pytest.fixture
def url(server: Server) -> str:
    return server.new_database()


@pytest.fixture
def database(server: Server, url: str) -> Iterator[SqlDatabase]:
    """By the role that does the daily work."""
    owner = open_database(url)
    owner.migrate()
    with owner.begin() as work:
        work.save_register("13", INSURERS)
        work.commit()
    owner.close()
    opened = open_database(server.as_worker(url))
    yield opened
    opened.close()


def _raised(state: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION '{SECRET}' USING ERRCODE = '{state}'; END $$"


def _twice(connection: Connection) -> None:
    for _ in range(2):
        connection.execute(insert(counter).values(name=SECRET, value=1))


def _orphan(connection: Connection) -> None:
    connection.execute(
        insert(known_addressee).values(insurer_number=A, addressee_number=SECRET, serial=7, municipal_id=SECRET)
    )


def _spans(connection: Connection, *days: tuple[date, date | None]) -> None:
    connection.execute(insert(prefectural_person).values(serial=1, insured_id="1"))
    connection.execute(
        insert(known_addressee).values(insurer_number=A, addressee_number="1", serial=1, municipal_id="1")
    )
    for number, (start, end) in enumerate(days):
        connection.execute(
            insert(qualification_span).values(
                insurer_number=A, addressee_number="1", history_number=number, serial=1, start_day=start, end_day=end
            )
        )


FIRST, SECOND = date(2024, 1, 1), date(2024, 2, 1)
FAULTS = {
    "unique": (_twice, Conflict, "KKH-X001"),
    "serialization": (_raised("40001"), Conflict, "KKH-X001"),
    "deadlock": (_raised("40P01"), Conflict, "KKH-X001"),
    "lock not available": (_raised("55P03"), Conflict, "KKH-X001"),
    "foreign key": (_orphan, Conflict, "KKH-X002"),
    "overlap": (lambda each: _spans(each, (FIRST, None), (SECOND, None)), Conflict, "KKH-X002"),
    "no day": (lambda each: _spans(each, (FIRST, FIRST)), Conflict, "KKH-X002"),
    "reversed": (lambda each: _spans(each, (SECOND, FIRST)), Conflict, "KKH-X002"),
    "not null": (lambda each: each.execute(insert(counter).values(name=SECRET)), Conflict, "KKH-X002"),
    "no table": (f"SELECT '{SECRET}' FROM nowhere", SetupFault, "KKH-C007"),
    "disk full": (_raised("53100"), SetupFault, "KKH-C012"),
    "input and output": (_raised("58030"), SetupFault, "KKH-C012"),
    "syntax": (f"SELEKT '{SECRET}'", SetupFault, "KKH-C012"),
    "bad value": (f"SELECT CAST('{SECRET}x' AS integer)", SetupFault, "KKH-C012"),
    "read only": ("SET TRANSACTION READ ONLY; DELETE FROM counter", SetupFault, "KKH-B002"),
    "not granted": ("DROP TABLE counter", SetupFault, "KKH-B002"),
    "catalogue": ("SELECT rolpassword FROM pg_authid", SetupFault, "KKH-B002"),
    "protection taken away": ("ALTER TABLE person_record DISABLE ROW LEVEL SECURITY", SetupFault, "KKH-B002"),
    "ended": ("SELECT pg_terminate_backend(pg_backend_pid())", SetupFault, "KKH-B001"),
    "counted elsewhere": ("SELECT kokuho_count('pg_catalog.pg_class')", SetupFault, "KKH-B002"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_table(database: SqlDatabase, fault: str) -> None:
    """Rules: S-3, S-26."""
    act, kind, code = FAULTS[fault]
    with pytest.raises(KokuhoError) as raised, database.begin() as work:  # noqa: PT012 - the unit of work is what raises
        if isinstance(act, str):
            work.connection.execute(text(act))
        else:
            act(work.connection)
    assert (type(raised.value), raised.value.code) == (kind, code)
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None and raised.value.__suppress_context__
    with database.begin(read_only=True) as work:  # and the next one works
        assert work.prefecture() == "13"


def test_a_reader_cannot_write(database: SqlDatabase) -> None:
    """Rules: S-1."""
    with pytest.raises(SetupFault, match="KKH-B002"), database.begin(read_only=True) as work:
        work.connection.execute(counter.delete())


def test_waiting_has_an_end(database: SqlDatabase) -> None:
    """Rules: S-26. A writer that waits too long for another gives up, and nothing of it is left."""
    with database.begin() as first, database.engine.connect() as impatient:
        impatient.exec_driver_sql("SET lock_timeout = '50ms'")
        impatient.commit()
        driver: Any = impatient.connection.driver_connection
        waiting: list[BaseException] = []

        def wait() -> None:
            try:
                driver.execute(f"SELECT pg_advisory_xact_lock({_ALONE}, 0)")
            except Exception as error:  # noqa: BLE001 - the driver's own
                waiting.append(error)
                driver.rollback()

        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(20)
        assert [getattr(each, "sqlstate", None) for each in waiting] == ["55P03"]
        assert first.connection.execute(text("SELECT 1")).scalar() == 1
        impatient.exec_driver_sql("SET lock_timeout = '60s'")


@pytest.mark.parametrize(
    "change",
    [
        {"database": "nowhere"},
        {"username": "nobody_known"},
        {"query": {"host": "127.0.0.1", "port": "1", "connect_timeout": "3"}},
    ],
    ids=["database", "role", "server"],
)
def test_no_connection(url: str, change: dict[str, Any]) -> None:
    """Rules: S-3. Nor is the password told."""
    opened = open_database(make_url(url).set(password=SECRET).set(**change))
    with pytest.raises(SetupFault) as raised, opened.begin(read_only=True):
        pass
    assert raised.value.code == "KKH-B001"
    assert SECRET not in str(raised.value)
    opened.close()


class TestCopy:
    def test_many_rows_of_each_kind(self, database: SqlDatabase) -> None:
        """Rules: S-1. New ones, those that are there already, and those that take the place of others."""
        people = [(n, f"ID{n}", None) for n in range(1, 101)]
        waiting = [(A, str(n)) for n in range(100)]
        with database.begin() as work:
            connection = work.connection
            bulk_insert(connection, prefectural_person, ("serial", "insured_id", "look_again_on"), people)
            for _ in range(2):
                ignoring = insert_or_ignore(connection, pending_person)
                bulk_insert(connection, pending_person, ("insurer_number", "addressee_number"), waiting, ignoring)
            later = [(n, f"ID{n}", date(2024, 6, 1)) for n in range(51, 151)]
            replacing = upsert(connection, prefectural_person)
            bulk_insert(connection, prefectural_person, ("serial", "insured_id", "look_again_on"), later, replacing)
            work.commit()
        with database.begin(read_only=True) as work:
            rows = work.connection.execute(prefectural_person.select().order_by("serial")).all()
            assert [(row.serial, row.insured_id, row.look_again_on) for row in rows] == people[:50] + later
            assert len(work.connection.execute(pending_person.select()).all()) == 100

    def test_values_arrive_as_they_are(self, database: SqlDatabase) -> None:
        """Rules: S-17. Tabs, line ends, backslashes, «\\N» and characters outside the basic plane."""
        odd = ["\\N", "\\.", "a\tb", "a\r\nb", "\\x41", "", " ", "𠮷野家", "髙﨑", "'\"", "NULL", "Ａ\u3099"]
        rows = [(A, f"{n:02}{each}") for n, each in enumerate(odd * 3)]
        with database.begin() as work:
            bulk_insert(work.connection, pending_person, ("insurer_number", "addressee_number"), rows)
            found = work.connection.execute(pending_person.select().order_by("addressee_number")).all()
        assert [tuple(row) for row in found] == sorted(rows)

    def test_values_of_every_type(self, database: SqlDatabase) -> None:
        """Rules: S-17. Beside a column that is the same in all rows, as rows written one by one arrive."""
        moments = [None, datetime(2024, 2, 29, 23, 59, 59, 999_999), datetime(1, 1, 1), datetime(9999, 12, 31, 1)]
        rows = [
            (n, f"name {n}", moments[n % 4], (n - 9) * 10**7 if n % 3 else None, bytes([n, 0, 92, 255]), n % 2 == 0)
            for n in range(40)
        ]
        columns = ("file_no", "name", "created_at", "sequence", "fingerprint", "is_waiting")
        same = {"sender": A, "result": "1", "recorded_at": datetime(2024, 1, 1, 12), "accepted": 0, "rejected": 0}
        same |= {"held": -1, "is_reported": False}
        with database.begin() as work:
            bulk_insert(work.connection, received_file, columns, rows[:30], constants=same)
            for row in rows[30:]:
                bulk_insert(work.connection, received_file, columns, [row], constants=same)
            found = work.connection.execute(received_file.select().order_by("file_no")).mappings().all()
        assert [tuple(each[name] for name in columns) for each in found] == rows
        assert {tuple(each[name] for name in same) for each in found} == {tuple(same.values())}

    def test_rows_of_another_municipality_are_refused(self, database: SqlDatabase) -> None:
        """Rules: S-1. COPY itself would not ask the policies."""
        rows = [(A, str(n)) for n in range(50)] + [(B, "1")]
        with pytest.raises(SetupFault, match="KKH-B002"), database.begin(scope=A) as work:
            bulk_insert(work.connection, pending_person, ("insurer_number", "addressee_number"), rows)
        with database.begin(scope=A) as work:
            bulk_insert(work.connection, pending_person, ("insurer_number", "addressee_number"), rows[:-1])
            work.commit()
        with database.begin(read_only=True, scope=B) as work:
            assert work.connection.execute(pending_person.select()).all() == []

    def test_nothing_is_left_over_from_what_came_before(self, database: SqlDatabase) -> None:
        """Rules: S-26. Rows go through a table of the session, in whose life a commit, a failure and an undoing may lie."""
        columns = ("insurer_number", "addressee_number")

        def add(first: int, to: SqlUnitOfWork) -> None:
            bulk_insert(to.connection, pending_person, columns, [(A, str(first + n)) for n in range(30)])

        with database.begin() as work:
            add(1000, work)  # undone, with the table of the session
        with database.begin() as work:
            add(1100, work)
            add(1200, work)
            work.commit()
            add(1300, work)  # in the next transaction of the same connection
            work.commit()
        with pytest.raises(Conflict), database.begin() as work:
            add(1100, work)
        with database.begin() as work:
            add(1400, work)
            work.connection.invalidate()
        with database.begin() as work:
            add(1500, work)
            work.commit()
        with database.begin(read_only=True) as work:
            kept = {int(each) for each in work.connection.execute(select(pending_person.c.addressee_number)).scalars()}
        assert kept == {first + n for first in (1100, 1200, 1300, 1500) for n in range(30)}

    def test_a_value_the_table_cannot_hold_is_not_told(self, database: SqlDatabase) -> None:
        """Rules: S-3."""
        rows = [(A, str(n), n, f"M{n}") for n in range(50)] + [(A, SECRET, f"{SECRET}x", "M")]
        columns = ("insurer_number", "addressee_number", "serial", "municipal_id")
        with pytest.raises(SetupFault, match="KKH-C012") as raised, database.begin() as work:
            bulk_insert(work.connection, known_addressee, columns, rows)
        assert SECRET not in str(raised.value)
        with database.begin() as work:  # the connection is as good as new
            assert work.connection.execute(known_addressee.select()).all() == []


def test_the_role_of_the_daily_work_is_bound(database: SqlDatabase) -> None:
    """Rules: S-1. Neither owner nor superuser nor BYPASSRLS, no table of its own, and nothing it may make for good."""
    with database.begin(read_only=True) as work:
        ask = work.connection.execute
        [role] = ask(
            text("SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user")
        )
        assert not any(role)
        owners = ask(
            text("SELECT relname FROM pg_class WHERE relkind = 'r' AND pg_has_role(current_user, relowner, 'MEMBER')")
        )
        assert owners.all() == []
        assert ask(text("SELECT has_schema_privilege(current_schema(), 'CREATE')")).scalar() is False
        may = ask(
            text(
                "SELECT DISTINCT privilege_type FROM information_schema.role_table_grants WHERE grantee = 'kokuho_work'"
            )
        )
        assert set(may.scalars()) == {"SELECT", "INSERT", "UPDATE", "DELETE"}
    database.require_bound_role()


def test_order_is_that_of_the_bytes(database: SqlDatabase) -> None:
    """Rules: X-13. Whatever language the server was set up for, both databases sort alike."""
    with database.begin(read_only=True) as work:
        wrong = work.connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'text'"
                " AND table_schema = current_schema() AND table_name = ANY(:tables) AND collation_name IS DISTINCT FROM 'C'"
            ),
            {"tables": list(metadata.tables)},
        ).all()
    assert wrong == []
    assert delivery.c.name.type.compile(dialect=database.engine.dialect) == 'TEXT COLLATE "C"'


def test_rows_that_are_streamed_are_of_the_scope(database: SqlDatabase) -> None:
    """Rules: S-1. Asked past SQLAlchemy and as the first question of all, in the transaction and its scope all the same."""
    with database.begin() as work:
        work.connection.execute(
            insert(pending_person), [{"insurer_number": each, "addressee_number": "1"} for each in (A, B)]
        )
        work.commit()
    everybody = select(pending_person).where(pending_person.c.addressee_number == bindparam("which"))
    for scope, seen in ((A, {A}), (B, {B}), (None, {A, B})):
        with database.begin(read_only=True, scope=scope) as work:
            [(insurers, _)] = streamed_columns(work.connection, everybody, {"which": "1"})
        assert set(insurers) == seen


def test_a_fault_in_rows_that_are_streamed(database: SqlDatabase) -> None:
    """Rules: S-3. It is told as any other, without the value."""
    number = select(cast(bindparam("given", type_=counter.c.name.type), Integer))
    with pytest.raises(SetupFault, match="KKH-C012") as raised, database.begin(read_only=True) as work:
        list(streamed_columns(work.connection, number, {"given": f"{SECRET}x"}))
    assert SECRET not in str(raised.value)
    with database.begin(read_only=True) as work:
        assert work.prefecture() == "13"


@pytest.mark.parametrize("asks_first", [True, False])
def test_a_connection_that_was_cut_while_nobody_used_it(
    server: Server, url: str, database: SqlDatabase, monkeypatch: pytest.MonkeyPatch, *, asks_first: bool
) -> None:
    """Rules: S-26. One that was idle is asked whether it lives; else the first one who meets it is told, and no second one."""
    backend = text("SELECT pg_backend_pid()")
    with database.begin() as work:
        cut = work.connection.execute(backend).scalar_one()
    other = open_database(server.as_worker(url))
    with other.begin() as work:
        work.connection.execute(text("SELECT pg_terminate_backend(:which, 10000)"), {"which": cut})
    other.close()
    monkeypatch.setattr(on_postgresql, "_IDLE_SECONDS", 0.0 if asks_first else 1000.0)
    if not asks_first:
        with pytest.raises(SetupFault, match="KKH-B001"), database.begin() as work:
            work.connection.execute(backend)
    with database.begin() as work:
        assert work.connection.execute(backend).scalar_one() != cut
