"""統計: keeps PostgreSQL's planner informed while much is loaded.

The server counts its tables in the background, minutes later. A first load is judged within the same transaction, and with
tables believed to be empty a question that takes milliseconds takes minutes. SQLite's planner needs no such help.

Only the owner of a table may count it, so ``init`` leaves a function that does this one thing in his name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, text

from kokuho_adapters.database.tables import metadata

_FUNCTION: Final = "kokuho_count"
_WORTH_COUNTING: Final = 1000
_GROWN_BY: Final = 1.0
"""A table that has doubled. The planner minds the order of magnitude, and to count a table takes as long as to load a file."""

_ALLOWED: Final = ", ".join(f"'{name}'" for name in sorted(metadata.tables))
_MAKE: Final = f"""
CREATE OR REPLACE FUNCTION {_FUNCTION}(which regclass) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET default_statistics_target = 10 AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_class WHERE oid = which AND relowner = current_user::text::regrole AND relname IN ({_ALLOWED})
    ) THEN
        RAISE EXCEPTION 'no table of kokuho' USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE 'ANALYZE ' || which::text;
END
$$
"""  # noqa: S608 - names of tables.py # nosec B608
_KNOWN_ROWS: Final = text("SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = to_regclass(:name)")
_COUNT: Final = text(f"SELECT {_FUNCTION}(to_regclass(:name))")


def allow_counting(connection: Connection, role: str) -> None:
    """Make the function, for ``role`` alone. Part of ``init``, as the owner."""
    name = connection.dialect.identifier_preparer.quote(role)
    connection.exec_driver_sql(_MAKE)
    connection.exec_driver_sql(f"REVOKE ALL ON FUNCTION {_FUNCTION}(regclass) FROM PUBLIC")
    connection.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION {_FUNCTION}(regclass) TO {name}")


def count_what_grew(connection: Connection, added: Mapping[str, int]) -> None:
    """Count the tables to which this transaction added enough rows to mislead the planner."""
    for name, rows in added.items():
        if rows >= _WORTH_COUNTING:
            known = connection.execute(_KNOWN_ROWS, {"name": name}).scalar() or 0
            if rows > known * _GROWN_BY:
                connection.execute(_COUNT, {"name": name})
