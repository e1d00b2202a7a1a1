"""重ならない資格: what makes each database itself refuse two spans of one person that overlap (S-21).

PostgreSQL: an EXCLUDE constraint over the person's serial as a range of one number, which needs no extension. SQLite: triggers
with the same verdict. A span is half-open and an open end is NULL (P-1); one that covers no day is refused by the table (P-2).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

from kokuho_adapters.database.tables import qualification_span

CONSTRAINT: Final = "ex_qualification_span_one_at_a_time"
MESSAGE: Final = "periods overlap"

_TABLE: Final = qualification_span.name
_EXCLUDE: Final = f"""
ALTER TABLE {_TABLE} ADD CONSTRAINT {CONSTRAINT}
EXCLUDE USING gist (int8range(serial, serial, '[]') WITH &&, daterange(start_day, end_day) WITH &&)
"""
_IS_THERE: Final = text("SELECT 1 FROM pg_constraint WHERE conname = :name AND conrelid = to_regclass(:table)")

_OVERLAPPING: Final = f"""
    SELECT RAISE(ABORT, '{MESSAGE}') WHERE EXISTS (
        SELECT 1 FROM {_TABLE} AS other WHERE other.serial = NEW.serial
        AND (NEW.end_day IS NULL OR other.start_day < NEW.end_day)
        AND (other.end_day IS NULL OR other.end_day > NEW.start_day)
"""  # noqa: S608 - names of this module alone # nosec B608
_TRIGGERS: Final = (
    f"""CREATE TRIGGER IF NOT EXISTS {CONSTRAINT}_insert BEFORE INSERT ON {_TABLE} BEGIN
    {_OVERLAPPING});
    END""",
    f"""CREATE TRIGGER IF NOT EXISTS {CONSTRAINT}_update BEFORE UPDATE ON {_TABLE} BEGIN
    {_OVERLAPPING} AND NOT (other.insurer_number = OLD.insurer_number
        AND other.addressee_number = OLD.addressee_number AND other.history_number = OLD.history_number));
    END""",
)


def refuse_overlap(connection: Connection) -> None:
    """Put the rule into the database, unless it is there."""
    if connection.dialect.name == "sqlite":
        for trigger in _TRIGGERS:
            connection.exec_driver_sql(trigger)
    elif connection.execute(_IS_THERE, {"name": CONSTRAINT, "table": _TABLE}).first() is None:
        connection.exec_driver_sql(_EXCLUDE)
