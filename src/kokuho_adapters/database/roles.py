"""役割: the owner of the tables makes them, another role does the daily work and is bound by row-level security (S-1).

PostgreSQL only. The owner, a superuser and a role with BYPASSRLS could each walk past or take away the protection of rows.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

from kokuho_adapters.database.tables import audit_entry, metadata, operator_grant
from kokuho_core.errors import Problem, SetupFault

DEFAULT_ROLE: Final = "kokuho_work"
"""日常業務の役割: a role without login, of which the role that connects is a member."""

_IS_THERE: Final = text("SELECT 1 FROM pg_roles WHERE rolname = :role")
_IS_UNBOUND: Final = text(
    "SELECT rolsuper OR rolbypassrls OR EXISTS ("
    " SELECT 1 FROM pg_class WHERE relname = ANY(:tables) AND relnamespace = current_schema()::regnamespace"
    " AND pg_has_role(current_user, relowner, 'MEMBER'))"
    " FROM pg_roles WHERE rolname = current_user"
)


def grant_work(connection: Connection, role: str) -> None:
    """Give ``role`` what the daily work needs; make it where there is none."""
    quote = connection.dialect.identifier_preparer.quote
    name = quote(role)
    if connection.execute(_IS_THERE, {"role": role}).first() is None:
        connection.exec_driver_sql(f"CREATE ROLE {name} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS")
    database, schema = connection.execute(text("SELECT current_database(), current_schema()")).one()
    tables = ", ".join(table.name for table in metadata.sorted_tables)
    for statement in (
        f"GRANT TEMPORARY ON DATABASE {quote(database)} TO {name}",  # bulk rows arrive in a temporary table
        f"GRANT USAGE ON SCHEMA {quote(schema)} TO {name}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {name}",
        f"REVOKE UPDATE, DELETE ON {audit_entry.name} FROM {name}",  # what was recorded stays (S-5)
        f"REVOKE DELETE ON {operator_grant.name} FROM {name}",
    ):
        connection.exec_driver_sql(statement)


def require_bound_role(connection: Connection) -> None:
    """Raises :class:`SetupFault` (KKH-B003) when row-level security does not bind the role that is connected."""
    if connection.execute(_IS_UNBOUND, {"tables": list(metadata.tables)}).scalar():
        raise SetupFault(Problem("KKH-B003", field="database"))
