"""Databases of earlier versions: the migration scripts run backwards."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import func, select

from kokuho_adapters.database import SqlDatabase
from kokuho_adapters.database.unit import FEDERATION, SCOPE_SETTING


def revise(database: SqlDatabase, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(files("kokuho_adapters.database") / "migrations"))
    with database.engine.begin() as connection:
        see_all(connection)
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def see_all(connection: Any) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.set_config(SCOPE_SETTING, FEDERATION, True)))
