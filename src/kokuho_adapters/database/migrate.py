"""移行: brings the tables of an older version up to date, offline, from scripts shipped in the package.

What no script can carry along (who sees which rows, which spans may not overlap, who may do what) is put there anew after them,
as this version wants it.
"""

from __future__ import annotations

from importlib.resources import as_file, files

from sqlalchemy import Connection, func, select

from kokuho_adapters.database.overlap import refuse_overlap
from kokuho_adapters.database.partition import secure_rows
from kokuho_adapters.database.planning import allow_counting
from kokuho_adapters.database.roles import DEFAULT_ROLE, grant_work
from kokuho_adapters.database.unit import FEDERATION, SCOPE_SETTING


def migrate(connection: Connection, role: str = DEFAULT_ROLE) -> None:
    """Run all migrations the database lacks. ``role`` will do the daily work on PostgreSQL."""
    is_server = connection.dialect.name == "postgresql"
    if is_server:
        connection.execute(select(func.set_config(SCOPE_SETTING, FEDERATION, True)))  # a script may change rows
    _upgrade(connection)
    refuse_overlap(connection)
    if is_server:
        secure_rows(connection)
        grant_work(connection, role)
        allow_counting(connection, role)


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - only needed here, and slow to import
    from alembic.config import Config  # noqa: PLC0415

    with as_file(files("kokuho_adapters.database") / "migrations") as scripts:
        config = Config()
        config.set_main_option("script_location", str(scripts).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
