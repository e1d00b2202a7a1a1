"""接続: one engine per database, with the settings that make SQLite durable, and the errors translated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from attrs import field, frozen
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from kokuho_adapters.database.migrate import migrate
from kokuho_adapters.database.unit_of_work import SqlUnitOfWork, prefecture_of
from kokuho_core.errors import Conflict, KokuhoError, Problem, SetupFault

_READ_ONLY = "kokuho_read_only"
_PAGE_CACHE_KIB = 64 * 1024

Answer = TypeVar("Answer")


@frozen
class SqlDatabase:
    """:class:`kokuho_core.ports.stores.Database` through SQLAlchemy."""

    engine: Engine
    _known: dict[str, str] = field(factory=dict, init=False, repr=False)
    """What never changes once the database is initialised, so that not every transaction asks for it."""

    @contextmanager
    def begin(self, *, read_only: bool = False) -> Iterator[SqlUnitOfWork]:
        """A unit of work in one transaction. Raises :class:`Conflict` or :class:`SetupFault` for the database's errors."""
        try:
            with self.engine.connect().execution_options(**{_READ_ONLY: read_only}) as connection:
                yield SqlUnitOfWork(connection, self._prefecture(connection))
        except DBAPIError as error:
            raise translated(error) from None  # the original carries statement parameters

    def repeated(self, work: Callable[[], Answer]) -> Answer:
        """Do ``work``. One writer at a time is let in, and waits for its turn, so that once is enough."""
        return work()

    def _prefecture(self, connection: Connection) -> str | None:
        """The prefecture that a committed ``init`` set; asked of the database until it is known."""
        if "prefecture" not in self._known and (found := prefecture_of(connection)) is not None:
            self._known["prefecture"] = found
        return self._known.get("prefecture")

    def migrate(self) -> None:
        """Create or bring up to date all tables."""
        try:
            with self.engine.connect() as connection:
                migrate(connection)
                connection.commit()
        except DBAPIError as error:
            raise translated(error) from None

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str) -> SqlDatabase:
    """Open ``url``; a SQLite file is made durable (WAL, full synchronisation) and waits for other writers."""
    engine = create_engine(url, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        folder = make_url(url).database
        if folder and folder != ":memory:":
            Path(folder).absolute().parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return SqlDatabase(engine)


def _prepare_sqlite(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = None  # transactions are begun below, not guessed by the driver
    cursor = dbapi_connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "busy_timeout=60000",
        "temp_store=MEMORY",
        f"cache_size=-{_PAGE_CACHE_KIB}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def translated(error: DBAPIError) -> KokuhoError:
    """The library's error for a driver's error, without its parameters."""
    if isinstance(error, IntegrityError):
        return Conflict(Problem("KKH-X001"))
    text = str(error.orig).lower()
    if isinstance(error, OperationalError) and ("locked" in text or "busy" in text):
        return Conflict(Problem("KKH-X001"))
    if "no such table" in text or "does not exist" in text:
        return SetupFault(Problem("KKH-C007"))
    return SetupFault(Problem("KKH-C012"))
