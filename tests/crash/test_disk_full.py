"""Disk full: a code of its own, nothing half applied, and the same command goes on when there is room (S-27).

Room is taken away in three ways: from the database by SQLite itself, page by page; from every file by the operating system's
limit, which also stops the journal in the middle of a write; and from the delivered files by a device that is always full.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from kokuho_core.errors import KokuhoError, SetupFault

from .commands import DATABASE, OUTBOX, Command, Prefecture, commands, commands_of, prefecture
from .states import checksum, delivered, state_of
from .undisturbed import Undisturbed

DATABASE_FAILED = "KKH-C012"
FOLDER_FAILED = "KKH-C020"
FULL_DEVICE = Path("/dev/full")

FILE = next(each for each in commands() if each.given == ("round-2/SKKOJIN_139519_20250528180010_0002.csv",))
RESOLVE = commands_of("resolve")[1]
DELIVERY = next(each for each in commands() if each.given[:1] == ("round-3",))
ROTATION = next(each for each in commands() if each.work == "rotate index")
RECORD_FAILED = "KKH-A005"
growing = pytest.mark.parametrize("command", [FILE, RESOLVE, DELIVERY], ids=lambda command: command.work)


@contextmanager
def pages_left(folder: Path, pages: int) -> Iterator[None]:
    """Each connection may let the database grow by this many pages; none is free inside of it."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.execute("VACUUM")
        limit = connection.execute("PRAGMA page_count").fetchone()[0] + pages

    def restrict(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit}")

    event.listen(Engine, "connect", restrict)
    try:
        yield
    finally:
        event.remove(Engine, "connect", restrict)


def full_until(
    undisturbed: Undisturbed, command: Command, tmp_path: Path, room: Callable[[Path, int], Any], amounts: range
) -> int:
    """Give ``command`` more room each time until it is enough. How often it was not."""
    legal = undisturbed.legal[command.place]
    for failed, amount in enumerate(amounts):
        folder = undisturbed.before(command, tmp_path / str(amount))
        with room(folder, amount), prefecture(folder) as opened:
            code = _code_of(opened, command)
        stands = checksum(state_of(folder))
        assert stands in legal
        if code is None:
            assert stands == legal[-1]
            return failed
        assert code in (DATABASE_FAILED, FOLDER_FAILED, RECORD_FAILED)
        with prefecture(folder) as opened:  # there is room again
            opened.run(command)
        assert checksum(state_of(folder)) == legal[-1]
        assert delivered(folder) == delivered(undisturbed.after(command))
    pytest.fail("there never was room enough")


def _code_of(opened: Prefecture, command: Command) -> str | None:
    try:
        opened.run(command)
    except KokuhoError as fault:
        return fault.code
    return None


@growing
def test_the_database_may_grow_no_further(undisturbed: Undisturbed, tmp_path: Path, command: Command) -> None:
    """Rules: S-27, S-14."""
    assert full_until(undisturbed, command, tmp_path, pages_left, range(400)) >= 1


def test_the_same_process_goes_on_when_there_is_room(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Rules: S-27. Nothing that failed is left on a connection that is used again."""
    folder = undisturbed.before(RESOLVE, tmp_path / "office")
    with prefecture(folder) as opened:
        with pages_left(folder, 1), pytest.raises(SetupFault, match=DATABASE_FAILED):
            opened.run(RESOLVE)
        with opened.installation.custody.database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        opened.run(RESOLVE)
    assert checksum(state_of(folder)) == undisturbed.legal[RESOLVE.place][-1]


@contextmanager
def bytes_of_a_file(_folder: Path, limit: int) -> Iterator[None]:
    """No file of this process may grow beyond ``limit`` bytes."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
@pytest.mark.parametrize(
    ("command", "step"),
    [(FILE, 29_000), (RESOLVE, 91_000), (ROTATION, 40_000)],
    ids=["file", "resolve", "rotation"],
)
def test_the_journal_stops_in_the_middle(undisturbed: Undisturbed, tmp_path: Path, command: Command, step: int) -> None:
    """Rules: S-27. The operating system itself refuses a write, some of it already written."""
    assert full_until(undisturbed, command, tmp_path, bytes_of_a_file, range(1_001, 20_000_000, step)) >= 3


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
@growing
def test_the_journal_stops_anywhere(undisturbed: Undisturbed, tmp_path: Path, command: Command) -> None:
    """Rules: S-27."""
    assert full_until(undisturbed, command, tmp_path, bytes_of_a_file, range(1, 20_000_000, 1_501)) >= 50


@pytest.mark.skipif(not FULL_DEVICE.exists(), reason="only Linux has a device that is always full")
def test_each_delivered_file_meets_a_full_disk(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Rules: S-27, X-13."""
    command = commands_of("deliver")[-5]
    before, after = (
        delivered(each) for each in (undisturbed.folder / f"{command.place:02d}", undisturbed.after(command))
    )
    due = sorted(after.keys() - before.keys())
    assert len(due) >= 4
    for name in due:
        folder = undisturbed.before(command, tmp_path / name.replace("/", "-"))
        part = folder / OUTBOX / f"{name}.part"
        part.symlink_to(FULL_DEVICE)
        with prefecture(folder) as opened:
            with pytest.raises(SetupFault, match=FOLDER_FAILED):
                opened.run(command)
            assert checksum(state_of(folder)) == undisturbed.legal[command.place][0]
            assert delivered(folder) == before
            assert not part.is_symlink(), "what could not be finished is left behind"
            opened.run(command)
        assert checksum(state_of(folder)) == undisturbed.legal[command.place][-1]
        assert delivered(folder) == after
