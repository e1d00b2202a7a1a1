"""移行: brings the tables of an older version up to date, offline, from scripts shipped in the package."""

from __future__ import annotations

from importlib.resources import as_file, files

from sqlalchemy import Connection


def migrate(connection: Connection) -> None:
    """Run all migrations the database lacks."""
    from alembic import command  # noqa: PLC0415 - only needed here, and slow to import
    from alembic.config import Config  # noqa: PLC0415

    with as_file(files("kokuho_adapters.database") / "migrations") as scripts:
        config = Config()
        config.set_main_option("script_location", str(scripts).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
