"""Migrations, units of work, conflicts and translated errors, on both databases; what only one of them has is told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from attrs import evolve
from sqlalchemy import exc, inspect, text

from kokuho_adapters.database import SqlDatabase, open_database
from kokuho_adapters.database.candidate_store import SqlCandidateStore
from kokuho_adapters.database.faults import translated
from kokuho_adapters.database.overlap import CONSTRAINT
from kokuho_adapters.database.tables import metadata
from kokuho_core.errors import Conflict, KokuhoError, SetupFault
from kokuho_core.ports.files import FileHeader
from kokuho_core.ports.stores import FileCounts
from kokuho_core.reception.ledger import FileResult
from kokuho_core.vocabulary.codes import Decision

from ..aggregation.support import dump, entered, insured
from ..prefecture.contents import Place
from ..prefecture.office import INSURERS, A, B, PrefectureOffice, household
from ..prefecture.servers import Server
from ..prefecture.worlds import BACKENDS


@pytest.fixture(params=BACKENDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where an empty database is."""
    if request.param == "sqlite":
        yield tmp_path / "one.sqlite3"
        return
    server: Server = request.getfixturevalue("server")
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture
def database(place: Place) -> Iterator[SqlDatabase]:
    opened = open_database(f"sqlite:///{place.as_posix()}" if isinstance(place, Path) else place)
    yield opened
    opened.close()


only_sqlite = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


@pytest.fixture
def ready(database: SqlDatabase) -> SqlDatabase:
    database.migrate()
    with database.begin() as work:
        work.save_register("13", INSURERS)
        work.commit()
    return database


def is_of_overlap(change: Any) -> bool:
    """The index behind the constraint against overlapping spans, which no metadata can express."""
    return change[0] == "remove_index" and change[1].name == CONSTRAINT


def enter(database: SqlDatabase, name: str = "SKKOJIN", *, commit: bool = True) -> int:
    header = FileHeader("SKKOJIN", "1.0", A, datetime(2024, 6, 1), 1)
    with database.begin() as work:
        file_no = work.files.enter(name, header, A, b"x", FileResult.APPLIED, datetime(2024, 6, 1))
        work.files.finish(file_no, FileCounts(1))
        if commit:
            work.commit()
    return file_no


class TestMigrations:
    def test_they_make_exactly_the_tables_of_the_mapper(self, database: SqlDatabase) -> None:
        """Rules: P-7."""
        database.migrate()
        with database.engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            assert [change for change in compare_metadata(context, metadata) if not is_of_overlap(change)] == []
            # what autogenerate does not look at
            known = inspect(connection)
            for table in metadata.sorted_tables:
                assert known.get_pk_constraint(table.name)["constrained_columns"] == [
                    column.name for column in table.primary_key.columns
                ]
                assert {index["name"] for index in known.get_indexes(table.name)} >= {
                    connection.dialect.identifier_preparer.format_index(each) for each in table.indexes
                }

    def test_they_may_run_again(self, place: Place, ready: SqlDatabase) -> None:
        """Rules: P-7."""
        enter(ready)
        before = dump(place)
        ready.migrate()
        ready.migrate()
        assert dump(place) == before
        assert len(before["alembic_version"]) == 1

    @only_sqlite
    def test_partial_indexes_are_partial_in_both(self, tmp_path: Path, database: SqlDatabase) -> None:
        """Rules: X-13."""
        database.migrate()
        made = open_database(f"sqlite:///{(tmp_path / 'other.sqlite3').as_posix()}")
        with made.engine.connect() as connection:
            metadata.create_all(connection)
            connection.commit()

        def indexes(name: str) -> dict[str, str]:
            with closing(sqlite3.connect(tmp_path / name)) as connection:
                found = connection.execute(
                    "select name, sql from sqlite_master where type = 'index' and sql is not null"
                )
                return {index: " ".join(sql.lower().replace('"', "").split()) for index, sql in found}

        assert indexes("one.sqlite3") == indexes("other.sqlite3")
        made.close()

    def test_partial_indexes_are_partial_everywhere(self, database: SqlDatabase) -> None:
        """Rules: X-13."""
        database.migrate()
        query = {
            "sqlite": "select name from sqlite_master where type = 'index' and lower(sql) like '% where %'",
            "postgresql": "select relname from pg_index join pg_class on oid = indexrelid where indpred is not null",
        }
        with database.engine.connect() as connection:
            found = set(connection.exec_driver_sql(query[connection.dialect.name]).scalars())
        wanted = {
            index.name
            for table in metadata.tables.values()
            for index in table.indexes
            if index.dialect_options["sqlite"]["where"] is not None
        }
        assert found == wanted and len(wanted) >= 8

    @only_sqlite
    def test_the_settings_that_make_it_durable(self, ready: SqlDatabase) -> None:
        """Rules: X-2."""
        with ready.engine.connect() as connection:
            for pragma, due in (
                ("journal_mode", "wal"),
                ("synchronous", 2),
                ("foreign_keys", 1),
                ("recursive_triggers", 1),
            ):
                assert connection.execute(text(f"pragma {pragma}")).scalar() == due

    def test_before_them_it_is_not_ready(self, database: SqlDatabase) -> None:
        """Rules: X-24."""
        with pytest.raises(SetupFault, match="KKH-C007"), database.begin(read_only=True) as work:
            work.register()
        database.migrate()
        with pytest.raises(SetupFault, match="KKH-C007"), database.begin(read_only=True) as work:
            work.prefecture()

    def test_one_database_is_one_prefecture(self, ready: SqlDatabase) -> None:
        """Rules: Q-10."""
        with pytest.raises(SetupFault, match="KKH-C005"), ready.begin() as work:
            work.save_register("14", [])
        with ready.begin() as work:
            work.save_register("13", [evolve(INSURERS[0], successor=B, valid_until=date(2025, 4, 1))])
            work.commit()
        with ready.begin(read_only=True) as work:
            register = work.register()
        assert len(register) == len(INSURERS)
        assert register.get(A) == evolve(INSURERS[0], successor=B, valid_until=date(2025, 4, 1))


class TestUnitsOfWork:
    def test_without_commit_nothing_happened(self, place: Place, ready: SqlDatabase) -> None:
        """Rules: X-1."""
        before = dump(place)
        first = enter(ready, commit=False)
        assert dump(place) == before
        assert enter(ready) == first

    def test_an_exception_undoes_it(self, place: Place, ready: SqlDatabase) -> None:
        """Rules: X-1."""
        before = dump(place)
        with pytest.raises(ZeroDivisionError), ready.begin() as work:  # noqa: PT012 - the unit of work is what raises
            work.persons.mark_pending(1)
            work.ids.issue()
            work.findings.next_number()
            work.files.enter("x", None, A, b"", FileResult.REJECTED, datetime(2024, 6, 1))
            raise ZeroDivisionError
        assert dump(place) == before

    def test_numbers_count_up_without_a_break(self, ready: SqlDatabase) -> None:
        """Rules: X-33, P-5."""
        numbers = []
        for commit in (True, False, True, True):
            with ready.begin() as work:
                numbers.append((work.ids.issue().serial, work.findings.next_number(), work.candidates.next_number()))
                if commit:
                    work.commit()
        assert [each[0] for each in numbers] == [1, 2, 2, 3]
        assert numbers[1] == numbers[2]

    def test_reading_does_not_wait_for_a_writer_and_sees_what_was_committed(self, ready: SqlDatabase) -> None:
        """Rules: X-1."""
        with ready.begin() as writer:
            writer.files.enter("x", None, A, b"", FileResult.REJECTED, datetime(2024, 6, 1))
            with ready.begin(read_only=True) as reader:
                assert reader.files.unreported(A, everything=True) == []
            writer.commit()
        with ready.begin(read_only=True) as reader:
            assert len(reader.files.unreported(A, everything=True)) == 1

    def test_a_reader_keeps_seeing_one_state(self, ready: SqlDatabase) -> None:
        """Rules: X-1."""
        with ready.begin(read_only=True) as reader:
            assert reader.files.unreported(A, everything=True) == []
            enter(ready)
            assert reader.files.unreported(A, everything=True) == []

    @only_sqlite
    def test_a_second_writer_waits_and_then_gives_up_with_a_conflict(self, ready: SqlDatabase) -> None:
        """Rules: X-1."""
        with ready.begin(), ready.engine.connect() as other:
            driver = other.connection.driver_connection
            assert driver is not None
            driver.execute("pragma busy_timeout = 10")
            with pytest.raises(exc.OperationalError) as raised:
                other.exec_driver_sql("select 1")
            other.invalidate()
        assert translated(raised.value).code == "KKH-X001"

    def test_used_again_after_commit(self, ready: SqlDatabase) -> None:
        """Rules: X-1."""
        with ready.begin() as work:
            work.findings.next_number()
            work.commit()
            second = work.findings.next_number()
            work.commit()
        with ready.begin() as work:
            assert work.findings.next_number() > second


class TestConflicts:
    def candidate(self, office: PrefectureOffice) -> str:
        office.households(A, household(A, "1", "1"))
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.households(B, household(B, "9", "7", start="2024-04-01"))
        office.persons(B, entered(B, "7", 1, "9", start="2024-04-01"))
        office.resolve()
        [candidate] = office.candidates()
        return str(candidate.number)

    def decided(self, office: PrefectureOffice, number: str, decision: Decision) -> None:
        with office.installation.database.begin() as work:
            candidate = work.candidates.by_number(number)
            assert candidate is not None
            work.candidates.save([candidate.decide(decision, date(2024, 6, 1))])
            work.commit()

    @pytest.mark.parametrize("worlds", ["sqlite"], indirect=True)  # a reader of PostgreSQL cannot write at all
    def test_a_candidate_changed_meanwhile(self, office: PrefectureOffice) -> None:
        """Rules: X-18, H-6."""
        number = self.candidate(office)
        database = office.installation.database
        with pytest.raises(Conflict, match="KKH-X001"), database.begin(read_only=True) as slow:  # noqa: PT012 - the unit of work is what raises
            candidate = slow.candidates.by_number(number)
            assert candidate is not None
            self.decided(office, number, Decision.NOT_CONTINUED)
            slow.candidates.save([candidate.decide(Decision.CONTINUED, date(2024, 6, 2))])
        [kept] = office.candidates()
        assert kept.decision is Decision.NOT_CONTINUED

    def test_its_version_is_what_tells(self, office: PrefectureOffice) -> None:
        """Rules: X-18, H-6."""
        number = self.candidate(office)
        database = office.installation.database
        with database.begin(read_only=True) as slow:
            candidate = slow.candidates.by_number(number)
            assert candidate is not None
            versions = dict(slow.candidates._versions)
        self.decided(office, number, Decision.NOT_CONTINUED)
        with pytest.raises(Conflict) as raised, database.begin() as work:  # noqa: PT012 - the unit of work is what raises
            store = SqlCandidateStore(work.connection, work.counters, "13", versions)
            store.save([candidate.decide(Decision.CONTINUED, date(2024, 6, 2))])
        assert raised.value.code == "KKH-X001"
        [kept] = office.candidates()
        assert kept.decision is Decision.NOT_CONTINUED

    def test_saved_twice_in_one_unit_is_no_conflict(self, office: PrefectureOffice) -> None:
        """Rules: X-18."""
        number = self.candidate(office)
        with office.installation.database.begin() as work:
            candidate = work.candidates.by_number(number)
            assert candidate is not None
            yes = candidate.decide(Decision.CONTINUED, date(2024, 6, 1))
            work.candidates.save([yes])
            work.candidates.save([yes.decide(Decision.REVOKED, date(2024, 6, 2))])
            work.commit()
        [kept] = office.candidates()
        assert kept.decision is Decision.REVOKED


ERRORS = [
    (exc.IntegrityError, "UNIQUE constraint failed: person_record.file_no", Conflict, "KKH-X001"),
    (exc.IntegrityError, "NOT NULL constraint failed: person_record.sex", Conflict, "KKH-X002"),
    (exc.IntegrityError, "CHECK constraint failed: ck_qualification_span", Conflict, "KKH-X002"),
    (exc.IntegrityError, "FOREIGN KEY constraint failed", Conflict, "KKH-X002"),
    (exc.IntegrityError, "periods overlap", Conflict, "KKH-X002"),
    (exc.IntegrityError, "row of another municipality", SetupFault, "KKH-B002"),
    (exc.OperationalError, "cannot modify returned_row because it is a view", SetupFault, "KKH-B002"),
    (exc.OperationalError, "database is locked", Conflict, "KKH-X001"),
    (exc.OperationalError, "database table is locked: finding", Conflict, "KKH-X001"),
    (exc.OperationalError, "no such table: installation", SetupFault, "KKH-C007"),
    (exc.OperationalError, "database or disk is full", SetupFault, "KKH-C012"),
    (exc.OperationalError, "disk I/O error", SetupFault, "KKH-C012"),
    (exc.OperationalError, "attempt to write a readonly database", SetupFault, "KKH-B002"),
    (exc.OperationalError, "unable to open database file", SetupFault, "KKH-C012"),
    (exc.DatabaseError, "database disk image is malformed", SetupFault, "KKH-C012"),
    (exc.DatabaseError, "file is not a database", SetupFault, "KKH-C012"),
    (exc.InterfaceError, "bad parameter or other API misuse", SetupFault, "KKH-C012"),
    (exc.DataError, "string or blob too big", SetupFault, "KKH-C012"),
]


class TestErrors:
    @pytest.mark.parametrize(("kind", "message", "due", "code"), ERRORS, ids=[each[1] for each in ERRORS])
    def test_table(self, kind: type[exc.DBAPIError], message: str, due: type[KokuhoError], code: str) -> None:
        """Rules: X-1."""
        error = translated(kind("insert into t values (?)", ("secret",), sqlite3.DatabaseError(message)))
        assert (type(error), error.code) == (due, code)
        assert "secret" not in str(error)
        assert "insert" not in str(error)

    def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        """Rules: X-1."""
        (tmp_path / "text.sqlite3").write_bytes(b"this is no database" * 100)
        database = open_database(f"sqlite:///{(tmp_path / 'text.sqlite3').as_posix()}")
        with pytest.raises(SetupFault, match="KKH-C012"), database.begin(read_only=True) as work:
            work.prefecture()
        database.close()

    def test_the_original_error_is_not_shown(self, ready: SqlDatabase) -> None:
        """Rules: I-5."""
        with pytest.raises(Conflict) as raised, ready.begin() as work:  # noqa: PT012 - the unit of work is what raises
            for _ in range(2):
                work.connection.execute(text("insert into counter values ('a', 1)"))
        assert raised.value.__suppress_context__
        assert raised.value.__cause__ is None
