"""接続: one engine per database; a unit of work is one transaction, and the driver's errors are translated."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from attrs import field, frozen
from sqlalchemy import URL, Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from kokuho_adapters.database.faults import is_worth_repeating, translated
from kokuho_adapters.database.migrate import migrate
from kokuho_adapters.database.on_postgresql import open_postgresql, transaction_options
from kokuho_adapters.database.on_sqlite import open_screened_sqlite, open_sqlite
from kokuho_adapters.database.roles import DEFAULT_ROLE, require_bound_role
from kokuho_adapters.database.unit import Unit
from kokuho_adapters.database.unit_of_work import SqlUnitOfWork, prefecture_of
from kokuho_core.errors import KokuhoError
from kokuho_core.vocabulary.identifiers import InsurerNumber

Answer = TypeVar("Answer")

_ATTEMPTS: Final = 6
_LONGEST: Final = 60.0
"""Seconds after which nothing is begun anew."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0


@frozen
class SqlDatabase:
    """:class:`kokuho_core.ports.stores.Database` through SQLAlchemy."""

    engine: Engine
    _known: dict[str, str] = field(factory=dict, init=False, repr=False)
    """What never changes once the database is initialised, so that not every transaction asks for it."""

    _screened: list[Engine] = field(factory=list, init=False, repr=False)

    @contextmanager
    def begin(
        self, *, read_only: bool = False, lane: str | None = None, scope: InsurerNumber | None = None
    ) -> Iterator[SqlUnitOfWork]:
        """A unit of work in one transaction; ``scope`` is the one municipality it sees (S-1), None for the federation.

        Raises :class:`Conflict` or :class:`SetupFault` for the database's errors.
        """
        unit = Unit(read_only, lane, scope)
        try:
            with self._engine_for(unit).connect().execution_options(**unit.options(), **self._isolation(unit)) as connection:
                yield SqlUnitOfWork(connection, self._prefecture(connection))
        except DBAPIError as error:
            raise translated(error) from None  # the original carries statement parameters

    def repeated(self, work: Callable[[], Answer]) -> Answer:
        """Do ``work``; when somebody else was in its way, do it again from the beginning, a few times, after random pauses."""
        began = time.monotonic()
        for attempt in range(1, _ATTEMPTS):
            try:
                return work()
            except KokuhoError as error:
                if not is_worth_repeating(error) or time.monotonic() - began > _LONGEST:
                    raise
            longest = min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)
            time.sleep(longest * secrets.randbelow(1000) / 1000)
        return work()

    @property
    def is_file(self) -> bool:
        """Whether it is a file on this machine, not a server."""
        return self.engine.dialect.name == "sqlite"

    def _engine_for(self, unit: Unit) -> Engine:
        """On SQLite a scope needs connections of its own."""
        if unit.scope is None or not self.is_file:
            return self.engine
        if not self._screened:
            self._screened.append(open_screened_sqlite(self.engine.url))
        return self._screened[0]

    def _isolation(self, unit: Unit) -> dict[str, object]:
        return transaction_options(unit) if self.engine.dialect.name == "postgresql" else {}

    def _prefecture(self, connection: Connection) -> str | None:
        """The prefecture that a committed ``init`` set; asked of the database until it is known."""
        if "prefecture" not in self._known and (found := prefecture_of(connection)) is not None:
            self._known["prefecture"] = found
        return self._known.get("prefecture")

    def migrate(self, role: str = DEFAULT_ROLE) -> None:
        """Create or bring up to date all tables; on PostgreSQL as their owner, for the daily work of ``role``."""
        try:
            with self.engine.connect() as connection:
                migrate(connection, role)
                connection.commit()
        except DBAPIError as error:
            raise translated(error) from None

    def require_bound_role(self) -> None:
        """Raises :class:`SetupFault` (KKH-B003) where row-level security does not bind the role that is connected (S-1)."""
        if self.engine.dialect.name == "postgresql":
            try:
                with self.engine.connect() as connection:
                    require_bound_role(connection)
            except DBAPIError as error:
                raise translated(error) from None

    def close(self) -> None:
        for engine in (self.engine, *self._screened):
            engine.dispose()


def open_database(url: str | URL) -> SqlDatabase:
    """Open ``url`` (SQLite or PostgreSQL). Raises :class:`SetupFault` (KKH-B004) without the driver."""
    made = make_url(url)
    return SqlDatabase(open_postgresql(made) if made.get_backend_name() == "postgresql" else open_sqlite(made))
