"""区画の外: the moments in which a unit of work of one municipality sees the whole prefecture (S-1).

The office works for a municipality with what is not the municipality's: counters, the audit log, the prefecture's keys, the
rounds in which others are told, and the records of others under the same 個人番号. Each such place opens the scope for these few
statements and closes it behind itself, so that everything else the unit asks stays inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from kokuho_adapters.database.partition import set_scope, set_transaction_scope
from kokuho_adapters.database.unit import FEDERATION, unit_of


@contextmanager
def prefecture_wide(connection: Connection) -> Iterator[None]:
    """Inside, all municipalities are seen and written; no difference for the federation. May be nested."""
    unit = unit_of(connection)
    if unit is None or unit.scope is None or unit.beyond:
        yield
        return
    unit.beyond.append(True)
    try:
        _enter(connection, FEDERATION)
        yield
    except BaseException:
        with suppress(DBAPIError):  # after an error PostgreSQL takes nothing but a rollback, which closes it too
            _enter(connection, unit.scope_text)
        raise
    else:
        _enter(connection, unit.scope_text)
    finally:
        unit.beyond.clear()


def _enter(connection: Connection, scope: str) -> None:
    (set_transaction_scope if connection.dialect.name == "postgresql" else set_scope)(connection, scope)
