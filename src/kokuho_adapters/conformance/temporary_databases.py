"""試験のためのデータベース: made on a PostgreSQL server for one trial, and dropped afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from kokuho_adapters.database.faults import translated
from kokuho_core.errors import Problem, SetupFault


def server_url(text: str) -> URL:
    """The URL of a server. Raises :class:`SetupFault`: KKH-C010 where it is no URL of PostgreSQL."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise SetupFault(Problem("KKH-C010", field="--database")) from None  # the message would show the password
    if url.drivername not in ("postgresql", "postgresql+psycopg"):
        raise SetupFault(Problem("KKH-C010", field="--database: postgresql+psycopg://…"))
    return url.set(drivername="postgresql+psycopg")


def url_of(server: str, name: str, role: str | None = None) -> str:
    """The URL of another database on the same server; ``role`` is who one is there, of which the role of ``server`` is a
    member."""
    url = server_url(server).set(database=name)
    if role is not None:
        url = url.update_query_dict({"options": f"-c role={role}"})
    return url.render_as_string(hide_password=False)


@contextmanager
def temporary_database(server: str, template: str | None = None) -> Iterator[str]:
    """The name of a new database, empty or a copy of ``template``, to which nobody may be connected.

    Raises :class:`SetupFault`: KKH-B001 the server cannot be reached, KKH-B002 the role of ``server`` may make no databases,
    KKH-B004 no driver.
    """
    name = f"kokuho_conformance_{secrets.token_hex(8)}"
    _execute(server, f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    try:
        yield name
    finally:
        _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _execute(server: str, statement: str) -> None:
    try:
        engine = create_engine(server_url(server), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    except ImportError:
        raise SetupFault(Problem("KKH-B004")) from None
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
    except DBAPIError as error:
        raise translated(error) from None
