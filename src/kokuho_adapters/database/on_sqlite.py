"""SQLite: settings that make a file durable, and one writer at a time by BEGIN IMMEDIATE (S-26, S-27)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event

from kokuho_adapters.database.partition import behind_the_screen, screen, set_scope
from kokuho_adapters.database.unit import unit_of

_PAGE_CACHE_KIB: Final = 16 * 1024
_LOG_PAGES: Final = 8000
"""Pages (32 MB) of the write-ahead log from which on it is carried into the database. Files of numbers touch the same pages
of its indexes again and again: carried over after every file, each would be written as often."""
_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "recursive_triggers=ON",
    "busy_timeout=60000",
    "temp_store=MEMORY",
    f"cache_size=-{_PAGE_CACHE_KIB}",
    f"wal_autocheckpoint={_LOG_PAGES}",
)

_AS_IT_IS: Final[dict[None, None]] = {}
# The driver looks for a conversion of every NULL and every BLOB that it is given, in three places, unless one is registered.
# These convert nothing, and a large part of the values of a record are absent.
sqlite3.register_adapter(type(None), _AS_IT_IS.get)
sqlite3.register_adapter(bytes, bytes)


def open_sqlite(url: URL) -> Engine:
    """An engine whose transactions are begun here, not guessed by the driver."""
    engine = create_engine(url, hide_parameters=True)
    if url.database and url.database != ":memory:":
        Path(url.database).absolute().parent.mkdir(parents=True, exist_ok=True)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def open_screened_sqlite(url: URL) -> Engine:
    """An engine whose connections see one municipality at a time (S-1): a file of its own, hence not in memory."""
    engine = open_sqlite(url)
    event.listen(engine, "connect", _screen)
    event.listen(engine, "begin", _begin_screened)
    event.listen(engine, "before_cursor_execute", _go_behind_the_screen, retval=True)
    return engine


def _prepare(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = None
    with closing(dbapi_connection.cursor()) as cursor:  # whatever fails: an unfinished change of the mode would keep its lock
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    unit = unit_of(connection)
    connection.exec_driver_sql("BEGIN" if unit is not None and unit.read_only else "BEGIN IMMEDIATE")


def _screen(dbapi_connection: Any, _record: Any) -> None:
    cursor = dbapi_connection.cursor()
    screen(cursor)
    cursor.close()


def _begin_screened(connection: Connection) -> None:
    unit = unit_of(connection)
    set_scope(connection, unit.scope if unit is not None else None)


def _go_behind_the_screen(
    _connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
) -> tuple[str, Any]:
    return behind_the_screen(statement), parameters
