"""一括書込み (COPY): how many rows reach PostgreSQL.

A table with row-level security takes no COPY from a role that it binds, and COPY knows no ON CONFLICT. So the rows are copied
into a temporary table of the session, and inserted from there by one statement, which the policies judge as any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from attrs import field, frozen
from sqlalchemy import Column, Connection, Dialect, Engine, Table, bindparam, event, insert, select
from sqlalchemy import table as named
from sqlalchemy.exc import DBAPIError

from kokuho_adapters.database.copy_text import CopyText

WORTH_COPYING: Final = 20
"""Rows from which on COPY costs less than an INSERT of each; measured."""

_ADDED: Final = "kokuho_rows_added"
_INCOMING: Final = "kokuho_incoming"


@frozen
class _Incoming:
    """一時表 of one session, by the table for which its rows are: to make or to empty one anew costs more than a small file.

    ``made`` and ``filled`` are those of the transaction that lasts; ``standing`` also those that an earlier one left.
    """

    kept: set[str] = field(factory=set)
    made: set[str] = field(factory=set)
    filled: set[str] = field(factory=set)

    @property
    def standing(self) -> set[str]:
        return self.kept | self.made


def _incoming(connection: Connection) -> _Incoming:
    found: _Incoming = connection.info.setdefault(_INCOMING, _Incoming())
    return found


def remember_temporary_tables(engine: Engine) -> None:
    """A temporary table outlives the commit of the transaction that made it, without its rows, and not its rollback."""
    event.listen(engine, "commit", _keep)
    event.listen(engine, "rollback", _forget)


def _keep(connection: Connection) -> None:
    if connection.invalidated:
        return
    incoming = _incoming(connection)
    incoming.kept.update(incoming.made)
    _forget(connection)


def _forget(connection: Connection) -> None:
    if connection.invalidated:  # another one follows, which has none
        return
    incoming = _incoming(connection)
    incoming.made.clear()
    incoming.filled.clear()


def copy_rows(
    connection: Connection, table: Table, given: CopyText, constants: Mapping[str, Any], statement: Any = None
) -> None:
    """Write ``given`` with ``constants``, columns of one value as the driver takes it, by INSERT or ``statement``."""
    make, empty, copy, keep = _statements(connection.dialect, table, given.columns, tuple(constants), statement)
    incoming = _incoming(connection)
    if table.name not in incoming.standing:
        connection.exec_driver_sql(make)
    elif table.name in incoming.filled:
        connection.exec_driver_sql(empty)
    driver = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(copy) as copying:
            copying.write(given.text)
    except driver.Error as error:
        raise DBAPIError.instance(copy, None, error, driver.Error, hide_parameters=True) from None
    finally:
        cursor.close()
    connection.exec_driver_sql(keep, dict(constants))
    incoming.made.add(table.name)
    incoming.filled.add(table.name)
    added = rows_added(connection)
    added[table.name] = added.get(table.name, 0) + given.rows


def rows_added(connection: Connection) -> dict[str, int]:
    """Rows copied since the last time somebody cleared this, by table."""
    found: dict[str, int] = connection.info.setdefault(_ADDED, {})
    return found


@lru_cache(maxsize=100)
def _statements(
    dialect: Dialect, table: Table, columns: tuple[str, ...], constants: tuple[str, ...], statement: Any
) -> tuple[str, str, str, str]:
    """To make the temporary table, to empty it, to fill it, and to insert from it."""
    name = f"incoming_{table.name}"
    incoming = named(name, *(Column(each) for each in columns))
    same = [bindparam(each, type_=table.c[each].type) for each in constants]
    from_there = (insert(table) if statement is None else statement).from_select(
        [*columns, *constants], select(*incoming.c, *same)
    )
    listed = ", ".join(dialect.identifier_preparer.quote(each) for each in columns)
    # The columns without the rules of the table: what is the same in all rows stays empty, and the insert judges every row.
    like_it = f"AS {select(table).compile(dialect=dialect)} WITH NO DATA"
    return (
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ON COMMIT DELETE ROWS {like_it}",
        f"TRUNCATE {name}",
        f"COPY {name} ({listed}) FROM STDIN",
        str(from_there.compile(dialect=dialect)),
    )
