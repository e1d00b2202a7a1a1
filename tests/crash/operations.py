"""Every operation on the database and on files, one after the other: to be counted, to fail, to be the last one.

The database is watched at its driver: each execution, each row read and each commit. Files are watched at the operating
system's functions that the library uses, and at each block written or read.
"""

from __future__ import annotations

import io
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from unittest import mock

from attrs import frozen
from sqlalchemy import Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

_DATABASE: Final = "database"
_FILE: Final = "file"
_FUNCTIONS: Final = ("open", "fsync", "replace", "rename", "unlink", "remove", "link", "mkdir", "chown")
WRITING: Final = frozenset(
    {"open-to-write", "write", "fsync", "replace", "rename", "unlink", "remove", "link", "mkdir"}
)


@frozen
class Operation:
    """``target``: the path of a file, the first word of a statement. ``is_over``: it has been done, nobody knows of it yet."""

    realm: str
    name: str
    target: str
    is_over: bool

    @property
    def is_of_database(self) -> bool:
        return self.realm == _DATABASE


Meet = Callable[[Operation], None]


@contextmanager
def watched(folder: Path, meet: Meet) -> Iterator[None]:
    """Call ``meet`` before and after each operation; what it raises is the operation's fault.

    What ``meet`` itself does on database and files is not met.
    """
    meet = _alone(meet)
    connection = _connection_class(meet)

    def use_it(dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
        if dialect.name == "sqlite":
            parameters["factory"] = connection

    with ExitStack() as stack:
        event.listen(Engine, "do_connect", use_it)
        stack.callback(event.remove, Engine, "do_connect", use_it)
        _watch_server(stack, meet)
        _watch_files(stack, folder, meet)
        yield


def _alone(meet: Meet) -> Meet:
    meeting: list[Operation] = []

    def meet_alone(operation: Operation) -> None:
        if meeting:
            return
        meeting.append(operation)
        try:
            meet(operation)
        finally:
            meeting.clear()

    return meet_alone


def _around(meet: Meet, realm: str, name: str, target: str, act: Callable[[], Any]) -> Any:
    meet(Operation(realm, name, target, False))
    result = act()
    meet(Operation(realm, name, target, True))
    return result


# --- the database ---


def _connection_class(meet: Meet) -> type[sqlite3.Connection]:
    class WatchedCursor(sqlite3.Cursor):
        def execute(self, sql: str, *rest: Any) -> Any:
            return _around(
                meet,
                _DATABASE,
                "execute",
                sql.split(None, 1)[0],
                lambda: super(WatchedCursor, self).execute(sql, *rest),
            )

        def executemany(self, sql: str, rows: Any) -> Any:
            return _around(
                meet,
                _DATABASE,
                "execute",
                sql.split(None, 1)[0],
                lambda: super(WatchedCursor, self).executemany(sql, rows),
            )

        def fetchone(self) -> Any:
            return _around(meet, _DATABASE, "fetch", "", super().fetchone)

        def fetchmany(self, *size: Any) -> Any:
            return _around(meet, _DATABASE, "fetch", "", lambda: super(WatchedCursor, self).fetchmany(*size))

        def fetchall(self) -> Any:
            return _around(meet, _DATABASE, "fetch", "", super().fetchall)

    class WatchedConnection(sqlite3.Connection):
        def cursor(self, *_: Any) -> Any:
            return super().cursor(WatchedCursor)

        def commit(self) -> None:
            if self.in_transaction:
                _around(meet, _DATABASE, "commit", "", super().commit)

    return WatchedConnection


def _watch_server(stack: ExitStack, meet: Meet) -> None:
    """PostgreSQL: each statement and each commit, as it is given to the driver."""

    def tell(connection: Any, statement: str, is_over: bool) -> None:
        if connection.dialect.name == "postgresql":
            meet(Operation(_DATABASE, "execute", statement.split(None, 1)[0], is_over))

    def before(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        tell(connection, statement, False)

    def after(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        tell(connection, statement, True)

    commit = PGDialect_psycopg.do_commit

    def watched_commit(dialect: Any, connection: Any) -> None:
        _around(meet, _DATABASE, "commit", "", lambda: commit(dialect, connection))

    for name, listener in (("before_cursor_execute", before), ("after_cursor_execute", after)):
        event.listen(Engine, name, listener)
        stack.callback(event.remove, Engine, name, listener)
    stack.enter_context(mock.patch.object(PGDialect_psycopg, "do_commit", watched_commit))


# --- files ---


def _watch_files(stack: ExitStack, folder: Path, meet: Meet) -> None:
    for name in _FUNCTIONS:
        original = getattr(os, name, None)
        if original is not None:
            stack.enter_context(mock.patch.object(os, name, _watched_function(name, original, folder, meet)))
    stack.enter_context(mock.patch.object(io, "open", _watched_open(io.open, folder, meet)))


def _is_concerned(folder: Path, path: Any) -> bool:
    return isinstance(path, (str, os.PathLike)) and Path(path).is_relative_to(folder)


def _watched_function(name: str, original: Any, folder: Path, meet: Meet) -> Any:
    def function(*given: Any, **named: Any) -> Any:
        if name != "fsync" and not _is_concerned(folder, given[0]):
            return original(*given, **named)
        told = "open-to-write" if name == "open" and given[1] & (os.O_WRONLY | os.O_RDWR) else name
        return _around(
            meet,
            _FILE,
            told,
            os.fspath(given[-1]) if name == "replace" else str(given[0]),
            lambda: original(*given, **named),
        )

    return function


def _watched_open(original: Any, folder: Path, meet: Meet) -> Any:
    """Unbuffered below, so that each block that reaches the operating system is met."""

    def open_file(file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **named: Any) -> Any:
        if "b" not in mode or not (isinstance(file, int) or _is_concerned(folder, file)):
            return original(file, mode, buffering, *rest, **named)
        is_read = mode == "rb"
        told = "open-to-read" if is_read else "open-to-write"
        raw = file
        if not isinstance(file, int):
            raw = _around(meet, _FILE, told, os.fspath(file), lambda: _watched_file(meet, os.fspath(file), mode))
        else:
            raw = _watched_file(meet, "", mode, file)
        if is_read:
            return io.BufferedReader(raw)
        return io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)

    return open_file


def _watched_file(meet: Meet, path: str, mode: str, descriptor: int | None = None) -> io.FileIO:
    class WatchedFile(io.FileIO):
        def write(self, data: Any) -> int:
            return int(_around(meet, _FILE, "write", path, lambda: super(WatchedFile, self).write(data)))

        def readinto(self, buffer: Any) -> int:
            return int(_around(meet, _FILE, "read", path, lambda: super(WatchedFile, self).readinto(buffer)))

    return WatchedFile(path if descriptor is None else descriptor, mode.replace("b", ""))
