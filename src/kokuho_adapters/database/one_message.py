"""一度の往復: several statements to PostgreSQL in one message, where each way there and back is as long as the work itself.

Each statement sees what was committed before *it* began, as if it had been sent alone: so a lock may be waited for and what
it guards be read in one message. They are fixed texts, for parameters would make a message of each.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def rows_of_each(connection: Connection, *statements: str) -> list[list[Any]]:
    """The rows that each of the statements gave. Raises :class:`DBAPIError`."""
    if not connection.in_transaction():
        connection.begin()  # a statement past SQLAlchemy begins nothing: without this it would be in no scope and no lane
    driver = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    message = "; ".join(statements)
    found: list[list[Any]] = []
    try:
        cursor.execute(message)
        while True:
            found.append(list(cursor.fetchall()))
            if not cursor.nextset():
                return found
    except driver.Error as error:
        raise DBAPIError.instance(message, None, error, driver.Error, hide_parameters=True) from None
    finally:
        cursor.close()
