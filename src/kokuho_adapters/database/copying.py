"""一括書込み (COPY): how many rows reach PostgreSQL.

A table with row-level security takes no COPY from a role that it binds, and COPY knows no ON CONFLICT. So the rows are copied
into a temporary table of the session, and inserted from there by one statement, which the policies judge as any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Column, Connection, Dialect, Table, insert, select
from sqlalchemy import table as named
from sqlalchemy.exc import DBAPIError

WORTH_COPYING: Final = 20
"""Rows from which on COPY costs less than an INSERT of each; measured."""

_ADDED: Final = "kokuho_rows_added"


def copy_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]], statement: Any = None
) -> None:
    """Write ``rows``, values in the order of ``columns`` and as the driver takes them, by INSERT or ``statement``."""
    listed = list(rows)
    make, copy, keep = _statements(connection.dialect, table, tuple(columns), statement)
    connection.exec_driver_sql(make)
    driver = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(copy) as copying:
            for row in listed:
                copying.write_row(row)
    except driver.Error as error:
        raise DBAPIError.instance(copy, None, error, driver.Error, hide_parameters=True) from None
    finally:
        cursor.close()
    connection.exec_driver_sql(keep)
    added = rows_added(connection)
    added[table.name] = added.get(table.name, 0) + len(listed)


def rows_added(connection: Connection) -> dict[str, int]:
    """Rows copied since the last time somebody cleared this, by table."""
    found: dict[str, int] = connection.info.setdefault(_ADDED, {})
    return found


@lru_cache(maxsize=100)
def _statements(dialect: Dialect, table: Table, columns: tuple[str, ...], statement: Any) -> tuple[str, str, str]:
    """To make the temporary table, to fill it, and to insert from it and empty it."""
    name = f"incoming_{table.name}"
    incoming = named(name, *(Column(each) for each in columns))
    from_there = (insert(table) if statement is None else statement).from_select(list(columns), select(incoming))
    listed = ", ".join(dialect.identifier_preparer.quote(each) for each in columns)
    return (
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} (LIKE {table.name}) ON COMMIT DELETE ROWS",
        f"COPY {name} ({listed}) FROM STDIN",
        f"{from_there.compile(dialect=dialect)}; TRUNCATE {name}",
    )
