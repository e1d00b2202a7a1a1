"""一度の往復: what goes to PostgreSQL in one message, where each way there and back is as long as the work itself.

Each of several statements sees what was committed before *it* began, as if it had been sent alone: so a lock may be waited for
and what it guards be read in one message. They are fixed texts, for parameters would make a message of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import Compiled


def rows_of_each(connection: Connection, *statements: str) -> list[list[Any]]:
    """The rows that each of the statements gave. Raises :class:`DBAPIError`."""
    message = "; ".join(statements)
    found: list[list[Any]] = []
    with _driver_cursor(connection, message) as cursor:
        cursor.execute(message)
        while True:
            found.append(list(cursor.fetchall()))
            if not cursor.nextset():
                return found


def rows_as_they_come(
    connection: Connection, query: Select[Any], parameters: Mapping[str, Any], together: int
) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows of ``query``, as the driver gives them, so many at a time: sent as they are found, where a cursor of the server
    would be asked again and again. Until the last one is taken, nothing else can be asked. Raises :class:`DBAPIError`.
    """
    compiled = _compiled(connection.dialect, query)
    with _driver_cursor(connection, str(compiled)) as cursor:
        driver = connection.dialect.loaded_dbapi
        size = together if driver.capabilities.has_stream_chunked() else 1  # libpq 17
        rows = cursor.stream(str(compiled), compiled.construct_params(dict(parameters)), size=size)
        while some := list(islice(rows, together)):
            yield some


@lru_cache(maxsize=100)
def _compiled(dialect: Dialect, query: Select[Any]) -> Compiled:
    """Of queries that are made once."""
    return query.compile(dialect=dialect)


@contextmanager
def _driver_cursor(connection: Connection, message: str) -> Iterator[Any]:
    """For what SQLAlchemy does not know of. ``message`` is told with an error."""
    if not connection.in_transaction():
        connection.begin()  # a statement past SQLAlchemy begins nothing: without this it would be in no scope and no lane
    driver = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except driver.Error as error:
        raise DBAPIError.instance(message, None, error, driver.Error, hide_parameters=True) from None
    finally:
        cursor.close()
