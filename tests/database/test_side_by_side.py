"""Several writers on one prefecture: no update is lost, no rule between two rows is walked around (S-26)."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import Connection, insert, select

from kokuho_adapters.composition import open_installation
from kokuho_adapters.database import SqlDatabase, open_database
from kokuho_adapters.database.tables import insurer, pending_household, pending_person, qualification_span
from kokuho_core.errors import Conflict, Problem

from ..aggregation.support import entered, insured
from ..prefecture.office import A, B, C, PrefectureOffice, household
from ..prefecture.servers import Server
from ..prefecture.worlds import BACKENDS

WRITERS = 3


def at_once(*works: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(works)) as pool:
        return [each.result() for each in [pool.submit(work) for work in works]]


def test_no_number_is_given_twice_and_none_is_lost(database: SqlDatabase) -> None:
    """Rules: S-26. Read, add one, write: the classic lost update."""

    def take() -> str:
        with database.begin() as work:
            number = work.findings.next_number()
            work.commit()
        return str(number)

    taken = at_once(*[lambda: [database.repeated(take) for _ in range(15)]] * WRITERS)
    numbers = sorted(number for each in taken for number in each)
    assert numbers == [f"F13{n:010d}" for n in range(1, 15 * WRITERS + 1)]


def _neither(connection: Connection, key: str) -> bool:
    person = select(pending_person.c.insurer_number).where(pending_person.c.addressee_number == key)
    home = select(pending_household.c.insurer_number).where(pending_household.c.household_number == key)
    return connection.execute(person).first() is None and connection.execute(home).first() is None


def _put(connection: Connection, key: str, side: int) -> None:
    if side:
        connection.execute(insert(pending_person).values(insurer_number=A, addressee_number=key))
    else:
        connection.execute(insert(pending_household).values(insurer_number=A, household_number=key))


def _sides(connection: Connection) -> dict[str, int]:
    """How many of the two rows there are under each key."""
    found: dict[str, int] = {}
    for column in (pending_person.c.addressee_number, pending_household.c.household_number):
        for key in connection.execute(select(column)).scalars():
            found[key] = found.get(key, 0) + 1
    return found


@pytest.mark.parametrize("has_lanes", [False, True])
def test_a_rule_over_two_tables_cannot_be_walked_around(database: SqlDatabase, has_lanes: bool) -> None:
    """Rules: S-26. Write skew (G2): each looks at both tables and writes into one of them only if both are empty."""
    keys = [str(n) for n in range(20)]

    def claim(key: str, side: int) -> bool:
        with database.begin(lane=f"{side}" if has_lanes else None) as work:
            work.alone()
            if not _neither(work.connection, key):
                return False
            _put(work.connection, key, side)
            work.commit()
        return True

    def claim_all(side: int) -> int:
        return sum(database.repeated(lambda key=key: claim(key, side)) for key in keys)  # type: ignore[misc]

    won = at_once(lambda: claim_all(0), lambda: claim_all(1))
    assert sum(won) == len(keys)
    with database.begin(read_only=True) as work:
        assert _sides(work.connection) == dict.fromkeys(keys, 1)


def test_without_turns_it_can_be_walked_around(server: Server) -> None:
    """Rules: S-26. What the turns of writers are for: two plain transactions of PostgreSQL break the rule above."""
    database = open_database(server.new_database())
    database.migrate()
    with database.engine.connect() as one, database.engine.connect() as other:
        assert _neither(one, "k") and _neither(other, "k")
        _put(one, "k", 0)
        _put(other, "k", 1)
        one.commit()
        other.commit()
    with database.begin(read_only=True) as work:
        assert _sides(work.connection) == {"k": 2}
    database.close()


def test_files_are_numbered_in_the_order_in_which_they_are_judged(server: Server) -> None:
    """Rules: S-26, X-2. Who loads longer but came first is waited for."""
    database = open_database(server.new_database())
    database.migrate()
    judged: list[int] = []
    has_entered, may_go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with database.begin(lane="slow") as work:
            number = work.turns.enter()
            has_entered.set()
            assert may_go_on.wait(20)
            work.alone()
            judged.append(number)
            work.commit()

    def quick() -> None:
        assert has_entered.wait(20)
        with database.begin(lane="quick") as work:
            number = work.turns.enter()
            threading.Timer(0.3, may_go_on.set).start()
            work.alone()
            judged.append(number)
            work.commit()

    at_once(slow, quick)
    assert judged == [1, 2]
    database.close()


def test_a_number_that_is_undone_is_given_again(server: Server) -> None:
    """Rules: S-26, X-33."""
    database = open_database(server.new_database())
    database.migrate()
    numbers = []
    for commits in (True, False, True):
        with database.begin(lane="one") as work:
            numbers.append(work.turns.enter())
            work.alone()
            if commits:
                work.commit()
    assert numbers == [1, 2, 2]
    database.close()


class TestRepetition:
    def test_it_is_done_again_until_nobody_is_in_the_way(self, database: SqlDatabase) -> None:
        """Rules: S-26."""
        tries = iter([Conflict(Problem("KKH-X001")), Conflict(Problem("KKH-X001")), None])

        def work() -> str:
            error = next(tries)
            if error is not None:
                raise error
            return "done"

        assert database.repeated(work) == "done"

    def test_it_has_an_end(self, database: SqlDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        """Rules: S-26."""
        pauses: list[float] = []
        monkeypatch.setattr("kokuho_adapters.database.engine.time.sleep", pauses.append)
        calls = []

        def work() -> None:
            calls.append(1)
            raise Conflict(Problem("KKH-X001"))

        with pytest.raises(Conflict, match="KKH-X001"):
            database.repeated(work)
        assert 2 <= len(calls) <= 10
        assert len(pauses) == len(calls) - 1
        assert all(0 <= pause <= 2 for pause in pauses)

    @pytest.mark.parametrize("error", [Conflict(Problem("KKH-X002")), ZeroDivisionError()])
    def test_what_would_fail_again_is_not(self, database: SqlDatabase, error: Exception) -> None:
        """Rules: S-26."""
        calls = []

        def work() -> None:
            calls.append(1)
            raise error

        with pytest.raises(type(error)):
            database.repeated(work)
        assert len(calls) == 1


# --- processes ---


def _spans(office: PrefectureOffice) -> list[tuple[Any, ...]]:
    columns = ("insurer_number", "addressee_number", "start_day", "end_day")
    with office.installation.database.begin(read_only=True) as work:
        rows = work.connection.execute(select(*(qualification_span.c[each] for each in columns)))
        return sorted((tuple(row) for row in rows), key=repr)


def _findings(office: PrefectureOffice) -> list[tuple[Any, ...]]:
    return sorted(
        ((each.kind, each.left, each.entered, each.period_start, each.period_end) for each in office.findings() if each.is_open),
        key=repr,
    )  # fmt: skip


def _files(office: PrefectureOffice) -> dict[str, list[Path]]:
    """Three municipalities between which everybody moves, some too late and some too early."""
    start = {0: "2024-04-01", 1: "2024-04-05", 2: "2024-03-25"}
    rows = {
        A: [insured(A, str(n), n, str(n), end="2024-04-01") for n in range(1, 40)],
        B: [entered(B, str(n), n, str(n), start=start[n % 3]) for n in range(1, 40)],
        C: [insured(C, str(n), n) for n in range(100, 140)],
    }
    heads = {A: "2020-04-01", B: "2024-04-01"}
    files: dict[str, list[Path]] = {}
    for place, each in rows.items():
        files[place] = [office.write("SKKOJIN", place, each[part : part + 10]) for part in range(0, len(each), 10)]
        if place in heads:
            homes = [household(place, str(n), str(n), start=heads[place]) for n in range(1, 40)]
            files[place].append(office.write("SKSETAI", place, homes))
    return files


def _run(office: PrefectureOffice, *commands: list[str]) -> None:
    """The commands at once, each in a process of its own."""
    base = [sys.executable, "-m", "kokuho_adapters.cli", "--config", str(office.folder / "k.toml")]
    started = [
        subprocess.Popen([*base, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for command in commands
    ]
    for process in started:
        told, _ = process.communicate(timeout=120)
        assert process.returncode in (0, 3), told.decode("utf-8", "replace")


@pytest.mark.parametrize("backend", BACKENDS)
def test_processes_that_receive_and_resolve_at_once(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Rules: S-26, Q-3. It ends as if one had followed the other."""
    offices = []
    for name in ("serial", "parallel"):
        folder = tmp_path / name
        folder.mkdir()
        database = request.getfixturevalue("server").new_database() if backend == "postgresql" else None
        offices.append(PrefectureOffice(folder, database=database))
    serial, parallel = offices
    for paths in _files(serial).values():
        for path in paths:
            serial.receive(path)
    serial.resolve()
    files = _files(parallel)
    written = {"database": parallel.configuration.database, "key_ring": str(next(parallel.folder.glob("*.keys.json")))}
    lines = [f"{key} = '{value}'" for key, value in written.items()] + ["allow_unbound_role = true"]
    (parallel.folder / "k.toml").write_text("\n".join(lines), encoding="utf-8")
    resolving = ["resolve", "--as-of", "2024-06-30"]
    receiving = [["receive", *map(str, paths)] for paths in files.values()]
    _run(parallel, *receiving, resolving, resolving)
    _run(parallel, resolving, resolving)
    assert _spans(parallel) == _spans(serial)
    assert len(_spans(parallel)) > 60
    assert _findings(parallel) == _findings(serial)
    assert len(_findings(parallel)) == 26
    assert len(parallel.candidates()) == len(serial.candidates())
    for office in offices:
        office.close()


def test_a_worker_of_one_prefecture_waits_for_no_other(server: Server) -> None:
    """Rules: S-26, S-1. Turns are those of one database."""
    one, other = (open_database(server.new_database()) for _ in range(2))
    for each in (one, other):
        each.migrate()
    with one.begin() as work, other.begin() as beside:
        for unit in (work, beside):
            assert unit.connection.execute(select(insurer)).all() == []
    for each in (one, other):
        each.close()


def test_two_processes_may_begin_the_daily_work_at_once(server: Server, tmp_path: Path) -> None:
    """Rules: S-26. The same file by two connections: one effect."""
    folder = tmp_path / "office"
    folder.mkdir()
    office = PrefectureOffice(folder, database=server.new_database())
    path = office.write("SKKOJIN", A, [insured(A, str(n), n) for n in range(1, 30)])

    def take() -> Any:
        from kokuho_core.usecases.receive import receive

        with open_installation(evolve(office.configuration)) as opened:
            return receive(opened.office, opened.incoming(path, opened.register()))[0].result.value

    assert sorted(at_once(take, take)) == ["applied", "duplicate"]
    office.close()
