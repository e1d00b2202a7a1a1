"""区画: which municipality each row belongs to, and what keeps a unit of work inside one (S-1).

A unit of work sees the rows of its scope: one municipality, or «*» for the federation. Findings and candidates stand between two
municipalities: both read them, the federation alone writes them. The keys of the prefecture are read by all. Everything else
that belongs to no single municipality (who is who in the prefecture, counters, the audit log) is the federation's alone; where
the office itself needs it to do the work of one municipality, it says so: :mod:`kokuho_adapters.database.beyond_scope`.

PostgreSQL: row-level security, forced on the owner too, by a setting of the transaction. Where the setting is missing, no row
is seen. SQLite: a connection of its own, on which temporary views stand in front of all tables and triggers guard what is
written to the tables behind them. A statement that goes neither way fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, func, select

from kokuho_adapters.database.tables import approval, candidate, data_key, finding, insurer, metadata, received_file
from kokuho_adapters.database.unit import FEDERATION, SCOPE_SETTING

MESSAGE: Final = "row of another municipality"

_OWN_COLUMN: Final = {received_file.name: received_file.c.sender.name, approval.name: approval.c.insurer.name}
_READ_BY_BOTH: Final = {
    finding.name: (finding.c.left_insurer.name, finding.c.entered_insurer.name),
    candidate.name: (candidate.c.from_insurer.name, candidate.c.to_insurer.name),
}
_READ_BY_ALL: Final = frozenset({insurer.name, "installation"})
"""Nobody's data: which municipalities there are."""


def partition_column(table: Table) -> str | None:
    """The column that names the municipality of a row; None for what is the federation's."""
    if table.name in _READ_BY_ALL:
        return None
    name = _OWN_COLUMN.get(table.name, "insurer_number")
    return name if name in table.c else None


def _reading(table: Table, scope: str) -> str:
    """The condition under which a row is read in ``scope``, an expression that is «*» for the federation."""
    if table.name in _READ_BY_ALL:
        return f"{scope} <> ''"
    conditions = [f"{column} = {scope}" for column in _READ_BY_BOTH.get(table.name, ())]
    if table is data_key:
        conditions.append(f"({data_key.c.insurer_number.name} IS NULL AND {scope} <> '')")
    return " OR ".join((_writing(table, scope), *conditions))


def _writing(table: Table, scope: str, row: str = "") -> str:
    column = partition_column(table)
    return f"{scope} = '{FEDERATION}'" + (f" OR {row}{column} = {scope}" if column else "")


# --- PostgreSQL ---

_POLICY: Final = "kokuho_scope"
_SCOPE: Final = f"(SELECT current_setting('{SCOPE_SETTING}', true))"  # asked once per statement, not per row


_SET_SCOPE: Final = select(func.set_config(SCOPE_SETTING, bindparam("scope"), True))


def set_transaction_scope(connection: Connection, scope: str) -> None:
    """What a transaction sees from here on."""
    connection.execute(_SET_SCOPE, {"scope": scope})


def secure_rows(connection: Connection) -> None:
    """Put row-level security on every table, as this version wants it. Only the owner of the tables may."""
    for table in metadata.sorted_tables:
        may_write, may_read = _writing(table, _SCOPE), _reading(table, _SCOPE)
        for statement in (
            f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY",
            f"DROP POLICY IF EXISTS {_POLICY} ON {table.name}",
            f"CREATE POLICY {_POLICY} ON {table.name} USING ({may_write}) WITH CHECK ({may_write})",
        ):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"DROP POLICY IF EXISTS {_POLICY}_read ON {table.name}")
        if may_read != may_write:
            connection.exec_driver_sql(f"CREATE POLICY {_POLICY}_read ON {table.name} FOR SELECT USING ({may_read})")


# --- SQLite ---

_FORGET_SCOPE: Final = "DELETE FROM temp.kokuho_scope"
_SEE: Final = "INSERT INTO temp.kokuho_scope VALUES (?)"
_SQLITE_SCOPE: Final = "(SELECT municipality FROM kokuho_scope)"
_CHANGE: Final = re.compile(r"(INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM) (?=[a-z_]+\b(?!\.))")


def screen(cursor: Any) -> None:
    """Make a new connection one that sees a single municipality, and none until it is told which."""
    cursor.execute("CREATE TEMP TABLE kokuho_scope (municipality TEXT NOT NULL)")
    for table in metadata.sorted_tables:
        if cursor.execute("SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = ?", (table.name,)).fetchone():
            for statement in _screen_of(table):
                cursor.execute(statement)


def set_scope(connection: Connection, municipality: str | None) -> None:
    """What a screened connection sees from here on; nothing for None."""
    connection.exec_driver_sql(_FORGET_SCOPE)
    if municipality is not None:
        connection.exec_driver_sql(_SEE, (municipality,))


def behind_the_screen(statement: str) -> str:
    """A statement that changes rows goes to the table itself, where the triggers are; what it reads does not."""
    return _CHANGE.sub(lambda found: f"{found[1]} main.", statement, count=1) if _CHANGE.match(statement) else statement


def _screen_of(table: Table) -> Iterator[str]:
    name, sees = table.name, _reading(table, _SQLITE_SCOPE)
    yield f"CREATE TEMP VIEW {name} AS SELECT * FROM main.{name} WHERE {sees}"  # noqa: S608 - names of tables.py # nosec B608
    old, new = (_writing(table, _SQLITE_SCOPE, row) for row in ("OLD.", "NEW."))
    not_seen, refused = "SELECT RAISE(IGNORE)", f"SELECT RAISE(ABORT, '{MESSAGE}')"
    for event, number, condition, verdict in (
        ("INSERT", 1, f"({new}) IS NOT 1", refused),
        ("UPDATE", 2, f"({old}) IS NOT 1", not_seen),
        ("UPDATE", 3, f"({old}) IS 1 AND ({new}) IS NOT 1", refused),
        ("DELETE", 4, f"({old}) IS NOT 1", not_seen),
    ):
        trigger = f"CREATE TEMP TRIGGER screen_{name}_{number} BEFORE {event} ON main.{name}"
        yield f"{trigger} WHEN {condition} BEGIN {verdict}; END"
