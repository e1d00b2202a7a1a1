"""PostgreSQL beside SQLite: the same verdicts and results, rows of one municipality, spans that cannot overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from kokuho_adapters.composition import initialise, open_installation
from kokuho_adapters.database.overlap import CONSTRAINT, MESSAGE
from kokuho_adapters.database.partition import partition_column
from kokuho_adapters.database.tables import metadata, person_record, qualification_span
from kokuho_core.errors import Conflict, KokuhoError, SetupFault
from kokuho_core.periods import DayRange, overlapping_pairs
from kokuho_core.usecases.receive import receive

from ..aggregation.histories import MUNICIPALITIES, Sent, histories
from ..aggregation.test_order import AS_OF, DERIVED, decide_all
from ..prefecture.office import INSURERS, PREFECTURE, A, B, PrefectureOffice, number, person
from ..prefecture.servers import Server

MakeOffice = Callable[[str], PrefectureOffice]
BACKENDS = ("sqlite", "postgresql")


@pytest.fixture
def make_office(server: Server, tmp_path: Path) -> Iterator[MakeOffice]:
    made: list[PrefectureOffice] = []

    def make(backend: str) -> PrefectureOffice:
        folder = tmp_path / f"{backend}{len(made)}"
        folder.mkdir()
        if backend == "sqlite":
            made.append(PrefectureOffice(folder))
            return made[-1]
        office = PrefectureOffice(folder, database=server.new_database())
        office.close()
        office.configuration = evolve(office.configuration, database=server.as_worker(office.configuration.database))
        office.installation = open_installation(office.configuration, clock=office.clock)
        made.append(office)
        return office

    yield make
    for each in made:
        each.close()


@contextmanager
def connected(office: PrefectureOffice, scope: Any = None) -> Iterator[Connection]:
    with office.installation.database.begin(scope=scope) as work:
        yield work.connection


def derived(office: PrefectureOffice) -> dict[str, list[tuple[Any, ...]]]:
    """What follows from the facts; indexes of numbers differ, since each prefecture has its own key."""
    found = {}
    with connected(office) as connection:
        for name in DERIVED:
            table = metadata.tables[name]
            kept = [column for column in table.c if column.name not in ("number_index", "version")]
            found[name] = sorted((tuple(row) for row in connection.execute(select(*kept))), key=repr)
    return found


def play(office: PrefectureOffice, files: Sequence[Sent]) -> list[Any]:
    answers = []
    for each in files:
        for answer in office.receive(office.write(each.file_id, each.sender, each.rows, each.sequence)):
            told = (answer.result, answer.counts, answer.errors, answer.warnings)
            answers.append((answer.file_id, answer.insurer_number, told))
    office.resolve(AS_OF)
    decide_all(office)
    return answers


def test_the_same_history_ends_in_the_same_on_both(make_office: MakeOffice) -> None:
    """Rules: S-21, S-26, X-7. Answers, everything derived, and every returned row."""

    @settings(
        max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.reuse)
    )
    @given(st.data())
    def run(data: st.DataObject) -> None:
        files = data.draw(histories(), label="files")
        one, other = (make_office(backend) for backend in BACKENDS)
        assert play(one, files) == play(other, files)
        found, due = derived(other), derived(one)
        for table in DERIVED:
            assert found[table] == due[table], table
        for municipality in MUNICIPALITIES:
            assert other.deliver(municipality) == one.deliver(municipality)

    run()


class TestPartition:
    def test_every_table_is_bound_by_forced_row_level_security(self, make_office: MakeOffice) -> None:
        """Rules: S-1."""
        with connected(make_office("postgresql")) as connection:
            bound = {
                name
                for name, enabled, forced in connection.execute(
                    text("SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relkind = 'r'")
                )
                if enabled and forced
            }
        assert bound >= set(metadata.tables)

    def test_daily_work_is_refused_to_whom_it_does_not_bind(self, server: Server, tmp_path: Path) -> None:
        """Rules: S-1. The owner and a superuser; a role that init granted its rights to may work."""
        folder = tmp_path / "office"
        folder.mkdir()
        office = PrefectureOffice(folder, database=server.new_database())
        office.close()
        strict = evolve(office.configuration, allow_unbound_role=False)
        with pytest.raises(SetupFault, match="KKH-B003"):
            open_installation(strict)
        worker = evolve(strict, database=server.as_worker(strict.database))
        with open_installation(worker, clock=office.clock) as opened:
            path = office.write("SKKOJIN", A, [person(A, "1", number=number(1))])
            [answer] = receive(opened.office, opened.incoming(path, opened.register()))
            assert answer.counts.accepted == 1

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_a_scope_sees_and_writes_its_own_rows_alone(self, make_office: MakeOffice, backend: str) -> None:
        """Rules: S-1."""
        office = make_office(backend)
        for serial, place in ((1, A), (2, B)):
            office.persons(place, person(place, "1", number=number(serial)))
        office.resolve()
        owners = {}
        for scope in (None, A, B):
            with connected(office, scope) as connection:
                owners[scope] = {
                    (name, owner)
                    for name, table in metadata.tables.items()
                    if (column := partition_column(table)) is not None
                    for owner in connection.execute(select(table.c[column]).distinct()).scalars()
                    if owner is not None  # keys of the whole prefecture, which all may read
                }
        for scope in (A, B):
            assert owners[scope] == {(name, owner) for name, owner in owners[None] if owner == scope}
            assert ("person_record", scope) in owners[scope]
        with connected(office, B) as connection:
            assert connection.execute(text("SELECT count(*) FROM finding")).scalar() == 0
            connection.execute(person_record.update().values(name="x").where(person_record.c.insurer_number == A))
        with connected(office) as connection:
            assert "x" not in connection.execute(select(person_record.c.name)).scalars().all()
            row = dict(connection.execute(select(qualification_span).limit(1)).mappings().one())
        theirs = insert(qualification_span).values({**row, "history_number": 99, "insurer_number": A})
        with pytest.raises(KokuhoError, match="KKH-B002"), connected(office, B) as connection:
            connection.execute(theirs)

    def test_without_a_scope_no_row_is_seen(self, make_office: MakeOffice) -> None:
        """Rules: S-1. Whoever forgets to say for whom he works sees nothing."""
        office = make_office("postgresql")
        office.persons(A, person(A, "1", number=number(1)))
        with office.installation.database.engine.connect() as connection:
            counts = [
                connection.execute(select(func.count()).select_from(each)).scalar() for each in metadata.tables.values()
            ]
        assert not any(counts)

    def test_every_reference_to_a_municipalitys_row_carries_the_municipality(self) -> None:
        """Rules: S-2. A lint over all foreign keys of the schema."""
        wrong = []
        for table in metadata.tables.values():
            for constraint in table.foreign_key_constraints:
                target = constraint.referred_table
                column = partition_column(target)
                if column is not None and column not in {element.column.name for element in constraint.elements}:
                    wrong.append(f"{table.name} -> {target.name}")
        assert wrong == []
        assert any(
            len(each.elements) > 1 for table in metadata.tables.values() for each in table.foreign_key_constraints
        )


def insured_every_april(office: PrefectureOffice, years: range) -> PrefectureOffice:
    """One person of A, a month in each of these years of the 2010s, resolved."""
    months = (
        person(A, "1", n, number=number(1), start=f"201{n}-04-01", end=f"201{n}-05-01", end_reason="53") for n in years
    )
    office.persons(A, *months)
    office.resolve()
    return office


class TestOverlap:
    @pytest.mark.parametrize("backend", BACKENDS)
    def test_direct_sql_cannot_make_two_spans_overlap(self, make_office: MakeOffice, backend: str) -> None:
        """Rules: S-21, P-1. The verdict of the database is that of the model, on random spans of one person."""
        office = insured_every_april(make_office(backend), range(1, 7))
        days = st.integers(0, 40)
        moved = st.one_of(st.none(), st.integers(0, 4))  # one that stands is moved there, or a new one is put
        spans = st.lists(st.tuples(days, st.one_of(st.none(), st.integers(1, 20)), moved), min_size=1, max_size=6)

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(spans)
        def run(drawn: list[tuple[int, int | None, int | None]]) -> None:
            first = date(2024, 1, 1).toordinal()
            ranges = [
                (DayRange.of(date.fromordinal(first + at), length and date.fromordinal(first + at + length)), which)
                for at, length, which in drawn
            ]
            with office.installation.database.begin() as work:
                kind = dict(work.connection.execute(select(qualification_span).limit(1)).mappings().one())
                work.connection.execute(qualification_span.delete())
                kept: dict[int, DayRange] = {}
                for number_of_step, (each, which) in enumerate(ranges, 1):
                    point = work.connection.begin_nested()
                    is_moved = which is not None and bool(kept)
                    history = sorted(kept)[(which or 0) % len(kept)] if is_moved else number_of_step
                    places = {"start_day": each.start, "end_day": each.end_day}
                    statement: Any = insert(qualification_span).values(**{**kind, "history_number": history, **places})
                    if is_moved:
                        statement = update(qualification_span).where(qualification_span.c.history_number == history)
                        statement = statement.values(**places)
                    refused = False
                    try:
                        work.connection.execute(statement)
                        point.commit()
                    except Exception:  # noqa: BLE001 - the drivers' own errors
                        point.rollback()
                        refused = True
                    others = [span for number_of_span, span in kept.items() if number_of_span != history]
                    assert refused == bool(overlapping_pairs([*others, each]))
                    if not refused:
                        kept[history] = each

        run()

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_two_at_once_cannot_make_two_spans_overlap(self, make_office: MakeOffice, backend: str) -> None:
        """Rules: S-21, S-26. Past the turns that the product's own writers take: the second one waits, and is refused."""
        office = insured_every_april(make_office(backend), range(1, 4))
        engine = office.installation.database.engine
        with connected(office) as connection:
            kind = dict(connection.execute(select(qualification_span).limit(1)).mappings().one())
            connection.execute(qualification_span.delete())
            connection.commit()

        def put(connection: Connection, history: int, first: str, last: str | None) -> None:
            if backend == "postgresql":
                connection.execute(text("SELECT set_config('kokuho.scope', '*', true)"))
            places = {"start_day": date.fromisoformat(first), "end_day": date.fromisoformat(last) if last else None}
            connection.execute(insert(qualification_span).values(**{**kind, "history_number": history, **places}))

        def second(first: str) -> str:
            with engine.connect() as connection:
                try:
                    put(connection, 2, first, None)
                except DBAPIError as error:
                    return str(error.orig)
                connection.commit()
                return ""

        with ThreadPoolExecutor(1) as pool:
            with engine.connect() as one:
                put(one, 1, "2024-01-01", "2024-03-01")
                waiting = pool.submit(second, "2024-02-29")
                with pytest.raises(TimeoutError):
                    waiting.result(timeout=0.5)
                one.commit()
            refusal = waiting.result(timeout=30)
            assert MESSAGE in refusal or CONSTRAINT in refusal
            assert pool.submit(second, "2024-03-01").result(timeout=30) == ""


def test_files_received_side_by_side_end_as_one_after_the_other(server: Server, tmp_path: Path) -> None:
    """Rules: S-26. Files of several senders received by several connections at the same time on PostgreSQL."""
    places = [each.insurer_number for each in INSURERS[:3]]
    offices = []
    for name in ("serial", "parallel"):
        folder = tmp_path / name
        folder.mkdir()
        offices.append(PrefectureOffice(folder, database=server.new_database()))
    serial, parallel = offices
    rows = {
        place: [
            [person(place, str(n), number=number(100 * k + n)) for n in range(f * 20 + 1, f * 20 + 21)]
            for f in range(4)
        ]
        for k, place in enumerate(places)
    }
    for place in places:
        for each in rows[place]:
            serial.persons(place, *each)
    files = {place: [parallel.write("SKKOJIN", place, each) for each in rows[place]] for place in places}

    def take(place: str) -> list[Any]:
        with open_installation(parallel.configuration) as opened:
            register = opened.register()
            return [receive(opened.office, opened.incoming(path, register))[0].counts.accepted for path in files[place]]

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(take, places)) == [[20] * 4] * 3
    for office in offices:
        office.resolve()
    found, due = derived(parallel), derived(serial)
    for table in DERIVED:
        assert found[table] == due[table], table
    for office in offices:
        office.close()
    initialise(parallel.configuration, PREFECTURE, INSURERS)  # may be repeated
    with pytest.raises(Conflict, match="KKH-X001"), parallel.installation.database.begin() as work:
        raise_conflict(work)


def raise_conflict(work: Any) -> None:
    work.connection.execute(text("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$"))
