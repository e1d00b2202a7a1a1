"""組立: the one place where database, key ring, layouts and clock are put together for the use cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from functools import partial
from itertools import count as numbered_from
from pathlib import Path
from types import TracebackType
from typing import Final, cast

from attrs import evolve, frozen
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from kokuho_adapters.configuration import DEFAULT_DATABASE, Configuration, is_plain_path
from kokuho_adapters.database import SqlDatabase, open_database
from kokuho_adapters.database.unit_of_work import SqlUnitOfWork
from kokuho_adapters.files import LayoutBook, OpenFormatFile, OpenFormatFolder
from kokuho_adapters.files.writer import unwritable
from kokuho_adapters.forerunner.process import SecondProcess
from kokuho_adapters.recorded_acts import ActLog
from kokuho_adapters.security import AesGcmContentProtection, AesGcmNumberVault, DataKeys, KeyCustody
from kokuho_adapters.security.audit_chain import ChainedAuditLog, Verification
from kokuho_adapters.security.key_custody import make_missing_keys
from kokuho_adapters.security.key_provider import KeyProvider
from kokuho_adapters.security.one_time_codes import (
    NOTHING_PRESENTED,
    Credentials,
    SecondFactorAuthentication,
    TotpCodes,
)
from kokuho_adapters.security.provider_choice import make_key_ring, open_provider
from kokuho_adapters.security.session_identity import new_session_id, operating_system_context
from kokuho_adapters.security.terminal_log import TerminalLog
from kokuho_core.access import AccessContext, Operation, Role
from kokuho_core.errors import AccessDenied, Problem, SetupFault
from kokuho_core.ports.audit import AuditEntry, AuditResult
from kokuho_core.ports.authentication import OneTimeCodes
from kokuho_core.ports.forerunner import NoForerunner
from kokuho_core.ports.keys import KeyPurpose
from kokuho_core.ports.stores import Clock, Database, UnitOfWork
from kokuho_core.usecases.admission import about, count
from kokuho_core.usecases.gatekeeper import (
    AUDIT_LANE,
    Admission,
    Gatekeeper,
    GuardedDatabase,
    reference_of,
    witness,
)
from kokuho_core.usecases.office import Office, Progress, silent
from kokuho_core.vocabulary.identifiers import InsurerNumber
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
    codes: OneTimeCodes
    _database: SqlDatabase
    _log: ChainedAuditLog
    _forerunner: SecondProcess | None = None

    @property
    def database(self) -> SqlDatabase:
        """Past the gatekeeper: for the files and settings of a database, never for what it keeps."""
        return self._database

    def ledger(self, *, read_only: bool = False) -> AbstractContextManager[SqlUnitOfWork]:
        """For stores of the adapters alone, such as the ledger of media; inside an admission (S-4)."""
        return cast(AbstractContextManager[SqlUnitOfWork], self.office.database.begin(read_only=read_only))

    def register(self) -> InsurerRegister:
        """The insurers of the prefecture as they stand now."""
        with self._database.begin(read_only=True) as work:
            return work.register()

    def admitted(self, operation: Operation, subject: str = "") -> AbstractContextManager[Admission]:
        """For acts of the adapters that are no use case of the core, such as those on keys (S-4)."""
        return self._gatekeeper().admitted(operation, subject)

    def acts(self) -> ActLog:
        """The audit log for acts on files, which change nothing in the database (S-4)."""
        return _InstallationActs(self._gatekeeper(), self.office.database)

    @contextmanager
    def admitted_custody(self, operation: Operation, subject: str = "") -> Iterator[KeyCustody]:
        """鍵の操作: the custody for the time of an admission; each of its commits carries its entry (S-4)."""
        with self.admitted(operation, subject):
            yield evolve(self.custody, database=cast(SqlDatabase, self.office.database))

    def verify_audit(self) -> Verification:
        """監査記録の検証, as of one moment (S-5). Raises :class:`AccessDenied`."""
        gatekeeper = self._gatekeeper()
        with gatekeeper.admitted(Operation.VERIFY_AUDIT), self._database.begin(read_only=True) as work:
            return self._log.verify(work.audit.read())

    def _gatekeeper(self) -> Gatekeeper:
        if self.office.gatekeeper is None:
            raise AccessDenied(Problem("KKH-A001", field="operator"))
        return self.office.gatekeeper

    def incoming(self, path: Path, register: InsurerRegister, encoding: str | None = None) -> OpenFormatFile:
        """A received file on disk; ``encoding`` goes before what ``register`` says (X-22)."""
        return OpenFormatFile.from_path(path, self.book, register, encoding)

    def all_incoming(self, paths: Sequence[Path], encoding: str | None = None) -> Iterator[OpenFormatFile]:
        """Received files on disk, each to be received before the next one is asked for."""
        register = self.register()

        def make(path: Path) -> OpenFormatFile:
            return self.incoming(path, register, encoding)

        return self._forerunner.files(paths, register, encoding, make) if self._forerunner is not None else map(make, paths)

    def outgoing(self, folder: Path) -> OpenFormatFolder:
        """The folder to deliver into."""
        return OpenFormatFolder(folder, self.book)

    def sending(self, folder: Path, insurer: InsurerNumber) -> OpenFormatFolder:
        """The folder into which a municipal office writes what it sends, in the encoding of its insurer (X-22)."""
        known = self.register().get(insurer)
        return OpenFormatFolder(folder, self.book, known.encoding if known is not None else "utf-8", insurer)

    def returned(self, path: Path) -> OpenFormatFile:
        """A file that came back from the aggregation."""
        return OpenFormatFile.from_path(path, self.book, accept="aggregation")

    def close(self) -> None:
        """ログアウト; it is recorded (S-32)."""
        if self._forerunner is not None:
            self._forerunner.close()
        if self.office.gatekeeper is not None:
            self.office.gatekeeper.close_session()
        self._database.close()

    def __enter__(self) -> Installation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


@frozen(eq=False)
class _InstallationActs:
    """:class:`ActLog` behind the gatekeeper of an installation."""

    _gatekeeper: Gatekeeper
    _database: Database

    @contextmanager
    def admitted(
        self, operation: Operation, subject: str = "", insurer: InsurerNumber | None = None
    ) -> Iterator[_InstallationActs]:
        with self._gatekeeper.admitted(operation, subject, insurer):
            yield self

    def done(self, subject: str, **counts: int) -> None:
        about(reference_of(subject))
        count(**counts)
        with self._database.begin(lane=AUDIT_LANE) as work:
            work.commit()  # of the entry alone


def has_database(configuration: Configuration) -> bool:
    """Whether there is an installation to open: a terminal has none. A database that is named is expected to be there."""
    if configuration.database != DEFAULT_DATABASE:
        return True
    file = _database_file(_url(configuration.database))
    return file is None or file.exists()


def terminal_log(configuration: Configuration, context: AccessContext, clock: Clock | None = None) -> TerminalLog:
    """端末の監査記録, for a terminal without a database (S-4): where ``terminal_log`` says, else in the working folder."""
    folder = configuration.terminal_log or Path("kokuho-terminal")
    return TerminalLog(folder, context, clock or SystemClock(), configuration.audit_checkpoint)


def open_installation(
    configuration: Configuration,
    progress: Progress = silent,
    clock: Clock | None = None,
    context: AccessContext | None = None,
    watch: Clock | None = None,
    credentials: Credentials = NOTHING_PRESENTED,
    *,
    with_forerunner: bool = False,
    as_owner: bool = False,
) -> Installation:
    """Open what :func:`initialise` made, as a session of ``context``: without one, of this computer's account (S-4).

    ``clock`` gives business dates, ``watch`` the time of rights and records: this computer's, unless a test says otherwise.
    Whether its operator has any right, and whether ``credentials`` show that it is he, is asked with the first operation.
    ``with_forerunner`` allows a second process for long work. ``as_owner``: on PostgreSQL as the owner of the tables, for what
    only he can do; rights and records are those of anybody.
    Raises :class:`SetupFault`: KKH-C007 before ``init``, KKH-C008 key ring, KKH-C009 layouts, KKH-C010 database URL, KKH-B001 to
    KKH-B004 database server and role.
    """
    book = layouts_of(configuration)
    url = _url(configuration.database)
    _require_database(url)
    database = open_database(url)
    try:
        if not (configuration.allow_unbound_role or as_owner):
            database.require_bound_role()
        with database.begin(read_only=True) as work:
            data_keys = DataKeys(_provider(configuration), work.prefecture())
            fingerprint_key = work.keys.current(KeyPurpose.FINGERPRINT)
        vault, clock = AesGcmNumberVault(data_keys), clock or SystemClock()
        protection = AesGcmContentProtection(data_keys, fingerprint_key)
        log = ChainedAuditLog.with_key(data_keys.opened(fingerprint_key), audit_checkpoint_path(configuration))
        codes = TotpCodes(data_keys.opened(fingerprint_key), data_keys.prefecture)
        gatekeeper = Gatekeeper(
            database,
            log,
            context or operating_system_context(),
            watch or SystemClock(),
            new_session_id(),
            SecondFactorAuthentication(codes, credentials) if configuration.requires_second_factor else None,
        )
        forerunner = None
        if with_forerunner and _can_be_shared(url):
            forerunner = SecondProcess(configuration, beside_server=not database.is_file)
        office = Office(
            database=cast(Database, GuardedDatabase(gatekeeper)),
            vault=vault,
            protection=protection,
            clock=clock,
            reopen=_reopening(database, book),
            settings=configuration.settings,
            progress=progress,
            gatekeeper=gatekeeper,
            forerunner=forerunner or NoForerunner(),
            writability=partial(unwritable, book),
        )
    except BaseException:
        database.close()
        raise
    custody = KeyCustody(database, data_keys, vault, protection, clock, progress)
    return Installation(office, book, custody, codes, database, log, forerunner)


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


def initialise(
    configuration: Configuration,
    prefecture: str,
    insurers: Iterable[Insurer],
    context: AccessContext | None = None,
    watch: Clock | None = None,
    credentials: Credentials = NOTHING_PRESENTED,
) -> Initialised:
    """Create or migrate the database, load the insurers, make the key ring if there is none. May be repeated.

    A database that was initialised needs the key ring it was made with: a new one is never put in its place. Where nobody is
    administrator, the operator of ``context`` (without one, this computer's account) becomes it; of a new installation he
    gets all rights, until a second person gets one (S-31). Otherwise an administrator must do it.
    Raises :class:`SetupFault`: KKH-C005 another prefecture than before, KKH-C008 key ring, KKH-C010 database URL;
    :class:`AccessDenied`: KKH-A002 another one is administrator, KKH-A005 it cannot be recorded, KKH-A031 … KKH-A034 he does not
    show that it is he.
    """
    context, watch = context or operating_system_context(), watch or SystemClock()
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
        if before is None:
            _set_aside(audit_checkpoint_path(configuration))
        else:
            _require_administrator(database, data_keys, configuration, context, watch, credentials)
        with database.begin() as work:
            work.save_register(prefecture, listed)
            make_missing_keys(work.keys, data_keys, [each.insurer_number for each in listed], SystemClock().now())
            numbers = (work.rights.next_number() for _ in numbered_from())
            work.rights.save(work.rights.all().first(numbers, context.operator, watch.now()))
            log = _audit_log(configuration, data_keys, work)
            chained = log.append(work.audit, _init_entry(context, watch, AuditResult.DONE))
            work.commit()
        witness(log, chained)
    finally:
        database.close()
    return Initialised(url.render_as_string(), str(ring_path), made, prefecture, len(listed))


def _require_administrator(
    database: SqlDatabase,
    data_keys: DataKeys,
    configuration: Configuration,
    context: AccessContext,
    watch: Clock,
    credentials: Credentials,
) -> None:
    """Raises :class:`AccessDenied`, recorded: KKH-A002 others are administrators, KKH-A031 … KKH-A034 not shown to be he."""
    with database.begin() as work:
        rights, now = work.rights.all(), watch.now()
        is_one = any(grant.role is Role.ADMINISTRATOR for grant in rights.of(context.operator, now))
        if not rights.has_administrator(now):
            return
        refusal = "" if is_one else "KKH-A002"
        if is_one and configuration.requires_second_factor:
            codes = TotpCodes(data_keys.opened(work.keys.current(KeyPurpose.FINGERPRINT)), data_keys.prefecture)
            refusal = SecondFactorAuthentication(codes, credentials).check(work, context, Operation.INITIALISE, now)
        log = _audit_log(configuration, data_keys, work)
        entry = _init_entry(context, watch, AuditResult.DENIED, refusal)
        chained = log.append(work.audit, entry) if refusal else None
        work.commit()
    if chained is not None:
        witness(log, chained)
        raise AccessDenied(Problem(refusal, field=Operation.INITIALISE.value))


def _init_entry(context: AccessContext, watch: Clock, result: AuditResult, code: str = "") -> AuditEntry:
    return AuditEntry(
        at=watch.now(),
        session=new_session_id(),
        operator=context.operator,
        terminal=context.terminal,
        role=Role.ADMINISTRATOR if result is AuditResult.DONE else None,
        operation=Operation.INITIALISE,
        result=result,
        purpose=context.purpose,
        code=code,
    )


def _audit_log(configuration: Configuration, data_keys: DataKeys, work: UnitOfWork) -> ChainedAuditLog:
    key = data_keys.opened(work.keys.current(KeyPurpose.FINGERPRINT))
    return ChainedAuditLog.with_key(key, audit_checkpoint_path(configuration))


def audit_checkpoint_path(configuration: Configuration) -> Path:
    """Where the audit checkpoint is: as configured, else ``<database>.audit`` beside the key ring (S-5)."""
    if configuration.audit_checkpoint is not None:
        return configuration.audit_checkpoint
    file = _database_file(_url(configuration.database))
    return key_ring_path(configuration).with_name(f"{'kokuho' if file is None else file.name}.audit")


def registry_folder(configuration: Configuration) -> Path:
    """Where what was taken from the intermediate server by file is kept: as configured, else ``<database>.registry`` (R-3)."""
    if configuration.registration.kept is not None:
        return configuration.registration.kept
    file = _database_file(_url(configuration.database))
    return key_ring_path(configuration).with_name(f"{'kokuho' if file is None else file.name}.registry")


def _set_aside(checkpoint: Path) -> None:
    """A new log begins; the checkpoint of an earlier one is kept under another name, never overwritten."""
    if checkpoint.exists():
        free = next(n for n in numbered_from(1) if not checkpoint.with_name(f"{checkpoint.name}.{n}").exists())
        checkpoint.rename(checkpoint.with_name(f"{checkpoint.name}.{free}"))


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


def _can_be_shared(url: URL) -> bool:
    """Whether another process can open the same database."""
    return url.get_backend_name() != "sqlite" or _database_file(url) is not None


def _database_file(url: URL) -> Path | None:
    """The file of a SQLite database, None for a database in memory or on a server."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)
