"""痕跡の消去: the files of a database written anew, so that no page keeps what was deleted (S-29).

SQLite: pages and journal, by whoever may write. PostgreSQL: tables, indexes and the planner's samples of their values, by the
owner of the tables. What is beyond a database's own files stays the administrator's: the write-ahead log until it is
overwritten, its archive, replicas, backups.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from kokuho_adapters.database.faults import translated
from kokuho_adapters.database.tables import metadata

_ON_SQLITE: Final = ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")
_TABLES: Final = ", ".join(table.name for table in metadata.sorted_tables)
_ON_POSTGRESQL: Final = (f"VACUUM (FULL, ANALYZE) {_TABLES}", "VACUUM (FULL) pg_catalog.pg_statistic")
_IS_OWNER: Final = text(
    "SELECT bool_and(pg_has_role(current_user, relowner, 'USAGE'))"
    " AND (SELECT pg_has_role(current_user, datdba, 'USAGE') FROM pg_database WHERE datname = current_database())"
    " FROM pg_class WHERE relname = ANY(:tables) AND relkind = 'r' AND relnamespace = current_schema()::regnamespace"
)


def scrub(engine: Engine) -> bool:
    """Write everything anew that the role connected may. False where that is for the owner (PostgreSQL): nothing was done.

    It needs the room of a second copy, and nobody can work meanwhile. Raises :class:`Conflict` or :class:`SetupFault`.
    """
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            try:
                return _scrub(connection)
            finally:
                connection.invalidate()  # it is in a state that no other user expects
    except DBAPIError as error:
        raise translated(error) from None


def _scrub(connection: Connection) -> bool:
    if connection.dialect.name == "sqlite":
        cursor = connection.connection.cursor()  # no transaction is begun around these
        for statement in _ON_SQLITE:
            cursor.execute(statement).fetchall()
        return True
    if not connection.execute(_IS_OWNER, {"tables": list(metadata.tables)}).scalar():
        return False
    for statement in _ON_POSTGRESQL:
        connection.exec_driver_sql(statement)
    return True
