"""組立: the one place where database, key ring, layouts and clock are put together for the use cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Final

from attrs import frozen
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from kokuho_adapters.configuration import Configuration, is_plain_path
from kokuho_adapters.database import SqlDatabase, open_database
from kokuho_adapters.files import LayoutBook, OpenFormatFile, OpenFormatFolder
from kokuho_adapters.security import AesGcmContentProtection, AesGcmNumberVault, DataKeys, KeyCustody
from kokuho_adapters.security.key_custody import make_missing_keys
from kokuho_adapters.security.key_provider import KeyProvider
from kokuho_adapters.security.provider_choice import make_key_ring, open_provider
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.ports.keys import KeyPurpose
from kokuho_core.ports.stores import Clock
from kokuho_core.usecases.office import Office, Progress, silent
from kokuho_core.vocabulary.insurers import Insurer, InsurerRegister

_OTHER_DATABASE: Final = "database: sqlite:///PATH または / or postgresql+psycopg://…"


class SystemClock:
    """時計: local time of this computer."""

    def now(self) -> datetime:
        return datetime.now()  # noqa: DTZ005 - records carry local time without a zone

    def today(self) -> date:
        return date.today()  # noqa: DTZ011


@frozen
class Installation:
    """集約の一式: the office of the use cases with the files around it. Close it, or use it in a ``with`` block."""

    office: Office
    book: LayoutBook
    custody: KeyCustody
    _database: SqlDatabase

    @property
    def database(self) -> SqlDatabase:
        """For stores of the adapters alone, such as the ledger of media."""
        return self._database

    def register(self) -> InsurerRegister:
        """The insurers of the prefecture as they stand now."""
        with self.office.database.begin(read_only=True) as work:
            return work.register()

    def incoming(self, path: Path, register: InsurerRegister, encoding: str | None = None) -> OpenFormatFile:
        """A received file on disk; ``encoding`` goes before what ``register`` says (X-22)."""
        return OpenFormatFile.from_path(path, self.book, register, encoding)

    def outgoing(self, folder: Path) -> OpenFormatFolder:
        """The folder to deliver into."""
        return OpenFormatFolder(folder, self.book)

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Installation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_installation(
    configuration: Configuration, progress: Progress = silent, clock: Clock | None = None
) -> Installation:
    """Open what :func:`initialise` made.

    Raises :class:`SetupFault`: KKH-C007 before ``init``, KKH-C008 key ring, KKH-C009 layouts, KKH-C010 database URL, KKH-B001 to
    KKH-B004 database server and role.
    """
    book = layouts_of(configuration)
    url = _url(configuration.database)
    _require_database(url)
    database = open_database(url)
    try:
        if not configuration.allow_unbound_role:
            database.require_bound_role()
        with database.begin(read_only=True) as work:
            data_keys = DataKeys(_provider(configuration), work.prefecture())
            fingerprint_key = work.keys.current(KeyPurpose.FINGERPRINT)
        vault, clock = AesGcmNumberVault(data_keys), clock or SystemClock()
        protection = AesGcmContentProtection(data_keys, fingerprint_key)
        office = Office(
            database=database,
            vault=vault,
            protection=protection,
            clock=clock,
            reopen=_reopening(database, book),
            settings=configuration.settings,
            progress=progress,
        )
    except BaseException:
        database.close()
        raise
    return Installation(office, book, KeyCustody(database, data_keys, vault, protection, clock, progress), database)


def open_office(configuration: Configuration, progress: Progress = silent, clock: Clock | None = None) -> Office:
    """The office alone, for a program that lives as long as its database connection."""
    return open_installation(configuration, progress, clock).office


def layouts_of(configuration: Configuration) -> LayoutBook:
    """The open format with the configured layouts. Raises :class:`SetupFault` (KKH-C009)."""
    return LayoutBook.shipped().with_files(configuration.layouts)


def _reopening(database: SqlDatabase, book: LayoutBook) -> Callable[..., OpenFormatFile]:
    def reopen(name: str, open_blocks: Callable[[], Iterator[bytes]], encoding: str | None) -> OpenFormatFile:
        with database.begin(read_only=True) as work:
            register = work.register()
        return OpenFormatFile.from_blocks(name, open_blocks, book, register, encoding)

    return reopen


# --- setting up ---


@frozen
class Initialised:
    """初期化の結果."""

    database: str
    key_ring: str
    key_ring_made: bool
    prefecture: str
    insurers: int


def initialise(configuration: Configuration, prefecture: str, insurers: Iterable[Insurer]) -> Initialised:
    """Create or migrate the database, load the insurers, make the key ring if there is none. May be repeated.

    A database that was initialised needs the key ring it was made with: a new one is never put in its place.
    Raises :class:`SetupFault`: KKH-C005 another prefecture than before, KKH-C008 key ring, KKH-C010 database URL.
    """
    listed = list(insurers)
    layouts_of(configuration)
    url = _url(configuration.database)
    ring_path = key_ring_path(configuration)
    folder = _database_file(url)
    if folder is not None:
        folder.parent.mkdir(parents=True, exist_ok=True)
    database = open_database(url)
    try:
        database.migrate(configuration.database_role)
        before = _prefecture_of(database)
        if before is not None and before != prefecture:
            raise SetupFault(Problem("KKH-C005", field="prefecture"))
        made = configuration.key_provider is None and before is None and make_key_ring(ring_path)
        data_keys = DataKeys(_provider(configuration), prefecture)
        with database.begin() as work:
            work.save_register(prefecture, listed)
            make_missing_keys(work.keys, data_keys, [each.insurer_number for each in listed], SystemClock().now())
            work.commit()
    finally:
        database.close()
    return Initialised(url.render_as_string(), str(ring_path), made, prefecture, len(listed))


def _provider(configuration: Configuration) -> KeyProvider:
    """The key provider of the configuration, for which the key ring's place is its own. Raises :class:`SetupFault`."""
    return open_provider(configuration.key_provider, key_ring_path(configuration))


def _prefecture_of(database: SqlDatabase) -> str | None:
    """The prefecture of an initialised database."""
    try:
        with database.begin(read_only=True) as work:
            return work.prefecture()
    except SetupFault as fault:
        if fault.code != "KKH-C007":
            raise
    return None


def key_ring_path(configuration: Configuration) -> Path:
    """Where the key ring is: as configured, else ``<database file>.keys.json``; in the working folder where there is no file."""
    if configuration.key_ring is not None:
        return configuration.key_ring
    url = _url(configuration.database)
    file = _database_file(url)
    return Path("kokuho.keys.json") if file is None else file.with_name(f"{file.name}.keys.json")


def _require_database(url: URL) -> None:
    """Opening a SQLite file that is not there would make an empty one."""
    file = _database_file(url)
    if file is not None and not file.exists():
        raise SetupFault(Problem("KKH-C007", field="database"))


def _url(text: str) -> URL:
    """The URL of ``text``, which may be the plain path of a SQLite file. Raises :class:`SetupFault` (KKH-C010)."""
    if is_plain_path(text):
        return URL.create("sqlite", database=text)
    fault = "database"
    try:
        url = make_url(text)
        if url.drivername in ("sqlite", "sqlite+pysqlite") and url.host is None:
            return url
        if url.drivername in ("postgresql", "postgresql+psycopg"):
            return url.set(drivername="postgresql+psycopg")
        fault = "database: a SQLite file is sqlite:///PATH" if url.host and url.drivername == "sqlite" else _OTHER_DATABASE
    except (ArgumentError, ValueError):
        pass  # the message would show the password
    raise SetupFault(Problem("KKH-C010", field=fault))


def _database_file(url: URL) -> Path | None:
    """The file of a SQLite database, None for a database in memory or on a server."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)
