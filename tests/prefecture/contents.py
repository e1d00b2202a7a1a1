"""What is kept in a database, SQLite or PostgreSQL, seen past the library and past its partitions: as plain rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, create_engine, inspect, text
from sqlalchemy.pool import NullPool

Place = Path | str
"""The file of a SQLite database, or the URL of a PostgreSQL database as its owner."""

Dump = dict[str, list[tuple[Any, ...]]]

RECORDS_OF_ACCESS = frozenset({"audit_entry", "operator_grant", "approval"})
"""Tables that tell who did something, which differs with every run."""

_BROKEN = {
    "sqlite": ("CREATE TRIGGER broken BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'broken'); END",),
    "postgresql": (
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$",
        "CREATE TRIGGER broken BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION broken()",
    ),
}
_MENDED = {
    "sqlite": ("DROP TRIGGER broken",),
    "postgresql": ("DROP TRIGGER broken ON {table}", "DROP FUNCTION broken"),
}


@contextmanager
def connected(place: Place) -> Iterator[Connection]:
    """Committed at the end."""
    url = f"sqlite:///{place.as_posix()}" if isinstance(place, Path) else place
    with create_engine(url, poolclass=NullPool).begin() as connection:
        yield connection


def ask(place: Place, query: str, **values: Any) -> Sequence[Row[Any]]:
    """The rows of a query; what is kept as a day, a moment or a truth value differs by database."""
    with connected(place) as connection:
        return connection.execute(text(query), values).all()


def change(place: Place, statement: str, **values: Any) -> None:
    """Past every check but the database's own."""
    with connected(place) as connection:
        connection.execute(text(statement), values)


@contextmanager
def refusing_rows(place: Place, table: str) -> Iterator[None]:
    """A database that takes no row of one table."""
    kind = "sqlite" if isinstance(place, Path) else "postgresql"
    for statement in _BROKEN[kind]:
        change(place, statement.format(table=table))
    yield
    for statement in _MENDED[kind]:
        change(place, statement.format(table=table))


def dump(place: Place, without: Iterable[str] = (), columns_without: Mapping[str, Iterable[str]] | None = None) -> Dump:
    """Every row of every table but the records of access, sorted. ``without`` leaves tables out, ``columns_without`` columns."""
    left_out = {table: set(columns) for table, columns in (columns_without or {}).items()}
    skipped = RECORDS_OF_ACCESS | set(without)
    found = _of_file(place, skipped, left_out) if isinstance(place, Path) else _of_server(place, skipped, left_out)
    return {table: sorted((tuple(row) for row in rows), key=repr) for table, rows in found.items()}


def bytes_of_tables(place: Place) -> Iterator[tuple[str, bytes]]:
    """All that is kept, as far as a client can see it."""
    for table, rows in dump(place).items():
        values = (value for row in rows for value in row)
        yield table, b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)


def _of_file(file: Path, without: Set[str], left_out: Mapping[str, set[str]]) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(file)) as connection:
        tables = [
            row[0] for row in connection.execute("select name from sqlite_master where type = 'table' order by 1")
        ]
        found = {}
        for table in tables:
            if table not in without:
                columns = [row[1] for row in connection.execute(f"pragma table_info({table})")]
                kept = ", ".join(each for each in columns if each not in left_out.get(table, ()))
                found[table] = connection.execute(f"select {kept} from {table}").fetchall()
        return found


def _of_server(url: str, without: Set[str], left_out: Mapping[str, set[str]]) -> dict[str, list[Any]]:
    with connected(url) as connection:
        known = inspect(connection).get_multi_columns()
        found = {}
        for (_, table), columns in sorted(known.items(), key=lambda each: each[0][1]):
            if table not in without:
                kept = ", ".join(each["name"] for each in columns if each["name"] not in left_out.get(table, ()))
                found[table] = list(connection.exec_driver_sql(f"select {kept} from {table}"))
        return found
