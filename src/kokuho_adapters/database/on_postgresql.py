"""PostgreSQL: how a unit of work begins there (S-1, S-26).

A reader sees one snapshot (REPEATABLE READ, READ ONLY). A writer works in READ COMMITTED, but no two of them judge at once:
see :mod:`kokuho_adapters.database.turns`. So what a writer reads cannot change before it commits, and no history is possible
that one writer after the other could not have made.
"""

from __future__ import annotations

import time
from functools import partial
from math import inf
from typing import Any, Final

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event, text
from sqlalchemy.exc import DisconnectionError

from kokuho_adapters.database.copying import remember_temporary_tables
from kokuho_adapters.database.partition import set_transaction_scope
from kokuho_adapters.database.turns import turn_of
from kokuho_adapters.database.unit import SCOPE_SETTING, Unit, unit_of
from kokuho_core.errors import Problem, SetupFault

_SESSION: Final = (
    "SET lock_timeout = '60s'",
    "SET timezone = 'UTC'",  # no value has a zone; none may be put in by the way
    "SET jit = off",  # to compile a question takes longer than to answer it
    "SET random_page_cost = 1.1",  # what is asked for is in memory or on a disk without heads: an index pays
)
_USED: Final = "kokuho_used"
_IDLE_SECONDS: Final = 1.0
_BEGIN_WRITING: Final = text(
    f"SELECT set_config('{SCOPE_SETTING}', :scope, true), pg_advisory_xact_lock(:what, :which)"
)


def open_postgresql(url: URL) -> Engine:
    """An engine through psycopg. Raises :class:`SetupFault` (KKH-B004) when the extra ``postgresql`` is not installed."""
    try:
        engine = create_engine(url, hide_parameters=True)
    except ImportError:
        raise SetupFault(Problem("KKH-B004", field="postgresql")) from None
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", partial(_require_life, engine.dialect))
    remember_temporary_tables(engine)
    return engine


def transaction_options(unit: Unit) -> dict[str, Any]:
    """Isolation of a unit of work."""
    if unit.read_only:
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return {"isolation_level": "READ COMMITTED"}


def _note_use(_dbapi_connection: Any, record: Any) -> None:
    record.info[_USED] = time.monotonic()


def _require_life(dialect: Dialect, dbapi_connection: Any, record: Any, _proxy: Any) -> None:
    """A connection that was not in use for a while may have been cut; then another one is made.

    To ask each time would be two more ways there and back for every file.
    """
    if time.monotonic() - record.info.get(_USED, inf) > _IDLE_SECONDS:
        try:
            dialect.do_ping(dbapi_connection)
        except dialect.loaded_dbapi.Error:
            raise DisconnectionError from None


def _prepare(dbapi_connection: Any, _record: Any) -> None:
    before = dbapi_connection.autocommit
    dbapi_connection.autocommit = True
    for statement in _SESSION:
        dbapi_connection.execute(statement)
    dbapi_connection.autocommit = before


def _begin(connection: Connection) -> None:
    unit = unit_of(connection)
    if unit is None:
        return
    if unit.read_only:
        set_transaction_scope(connection, unit.scope_text)
    else:
        what, which = turn_of(unit.lane)
        connection.execute(_BEGIN_WRITING, {"scope": unit.scope_text, "what": what, "which": which})
