"""組込みの口: this library's own aggregation as a system under test, over real files and a real database."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from attrs import define, evolve, field, frozen

from kokuho_adapters.composition import Installation, initialise, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.conformance.numbered_rows import numbered
from kokuho_adapters.conformance.temporary_databases import temporary_database, url_of
from kokuho_adapters.database.roles import DEFAULT_ROLE
from kokuho_adapters.files import OpenFormatFile, as_table
from kokuho_core.conformance.lives import PREFECTURE
from kokuho_core.conformance.system import FileToSend, SystemFailed
from kokuho_core.errors import KokuhoError
from kokuho_core.usecases.deliver import deliver
from kokuho_core.usecases.receive import receive
from kokuho_core.usecases.resolve import resolve
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.insurers import Insurer


@define
class SteppingClock:
    """一秒ずつ進む時計, from a fixed day: a run is repeated exactly."""

    moment: datetime = datetime(2024, 6, 1, 9)

    def now(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment

    def today(self) -> date:
        return self.moment.date()


@define
class EmbeddedAggregation:
    """集約 of this library in a folder of its own."""

    installation: Installation
    folder: Path
    insurers: Sequence[Insurer]
    _outbox: Path = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._outbox = self.folder / "out"
        self._outbox.mkdir()

    def take(self, files: Sequence[FileToSend], as_of: date) -> dict[tuple[str, str], list[dict[str, Any]]]:
        """Receive, resolve, deliver to everybody, and read back what was delivered."""
        try:
            return self._taken(files, as_of)
        except KokuhoError as error:
            failed = SystemFailed(*error.problems)
        raise failed

    def _taken(self, files: Sequence[FileToSend], as_of: date) -> dict[tuple[str, str], list[dict[str, Any]]]:
        for each in files:
            path = write_file(self.installation, self.folder, each)
            receive(self.installation.office, self.installation.incoming(path, self.installation.register()))
        resolve(self.installation.office, as_of)
        outgoing = self.installation.outgoing(self._outbox)
        returned: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for insurer in self.insurers:
            for made in deliver(self.installation.office, insurer.insurer_number, outgoing, str(self._outbox)):
                rows = read_rows(self.installation, self._outbox / made.file)
                returned.setdefault((insurer.insurer_number, made.file_id), []).extend(rows)
        return returned


def write_file(installation: Installation, folder: Path, file: FileToSend) -> Path:
    """The file as its municipality would write it, with synthetic numbers in place of the serials."""
    sending = installation.sending(folder, InsurerNumber(file.sender))
    rows = [numbered(row) for row in file.rows]
    name, _ = sending.write(file.file_id, InsurerNumber(file.sender), file.created_at, file.sequence, *as_table(rows))
    sending.publish(name)
    return folder / name


def read_rows(installation: Installation, path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a returned file by layout key."""
    file: OpenFormatFile = installation.returned(path)
    layout = installation.book.newest(file.header().file_id)
    keys = () if layout is None else layout.keys
    return (dict(zip(keys, record.values, strict=True)) for record in file.records(keys))


def _configuration(folder: Path, database: str | None = None) -> Configuration:
    return Configuration(
        database=database or f"sqlite:///{(folder / 'kokuho.sqlite3').as_posix()}",
        key_ring=folder / "keys.json",
        audit_checkpoint=folder / "audit",
        allow_unbound_role=True,
    )


class Prefectures(Protocol):
    """県の用意: where a fresh prefecture lies."""

    def fresh(self, insurers: Sequence[Insurer]) -> AbstractContextManager[tuple[Path, Configuration]]:
        """A folder of its own and the configuration of an empty prefecture of ``insurers``; afterwards nothing of it is left."""
        ...


@frozen
class SqlitePrefectures:
    """SQLiteの県: a file each. Copying one that was initialised is quicker than to make the tables anew for every story."""

    @contextmanager
    def fresh(self, insurers: Sequence[Insurer]) -> Iterator[tuple[Path, Configuration]]:
        with temporary_folder() as folder:
            shutil.copytree(_initialised(tuple(insurers)).name, folder, dirs_exist_ok=True)
            yield folder, _configuration(folder)


@cache
def _initialised(insurers: tuple[Insurer, ...]) -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="kokuho-conformance-", ignore_cleanup_errors=True)
    initialise(_configuration(Path(folder.name)), PREFECTURE, insurers)
    return folder


@define
class ServerPrefectures:
    """PostgreSQLの県: databases of our own on a server, each a copy of one that was initialised once. Use it in a ``with`` block.

    ``url`` names the server and a role that may make databases and is a member of ``kokuho_work``, as which the daily work is
    done, bound by row-level security; the database it names is left alone.
    """

    url: str
    _made: dict[tuple[Insurer, ...], tuple[str, Path]] = field(factory=dict)
    _left: ExitStack = field(factory=ExitStack)

    def __enter__(self) -> ServerPrefectures:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._left.close()

    @contextmanager
    def fresh(self, insurers: Sequence[Insurer]) -> Iterator[tuple[Path, Configuration]]:
        template, made = self._template(tuple(insurers))
        with temporary_folder() as folder, temporary_database(self.url, template) as name:
            shutil.copytree(made, folder, dirs_exist_ok=True)
            owners = _configuration(folder, url_of(self.url, name))
            yield folder, evolve(owners, database=url_of(self.url, name, DEFAULT_ROLE), allow_unbound_role=False)

    def _template(self, insurers: tuple[Insurer, ...]) -> tuple[str, Path]:
        if insurers not in self._made:
            folder = self._left.enter_context(temporary_folder())
            name = self._left.enter_context(temporary_database(self.url))
            initialise(_configuration(folder, url_of(self.url, name)), PREFECTURE, insurers)
            self._made[insurers] = name, folder
        return self._made[insurers]


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is thrown away afterwards."""
    with tempfile.TemporaryDirectory(prefix="kokuho-conformance-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@frozen
class Embedded:
    """組込みの口 on any prefectures: ``open`` is the ``make`` of :func:`~kokuho_core.conformance.run_conformance`."""

    prefectures: Prefectures

    @contextmanager
    def open(self, insurers: Sequence[Insurer]) -> Iterator[EmbeddedAggregation]:
        with (
            self.prefectures.fresh(insurers) as (folder, configuration),
            open_installation(configuration, clock=SteppingClock()) as installation,
        ):
            yield EmbeddedAggregation(installation, folder, insurers)


def embedded(insurers: Sequence[Insurer]) -> AbstractContextManager[EmbeddedAggregation]:
    """A fresh prefecture in a temporary folder, on SQLite."""
    return Embedded(SqlitePrefectures()).open(insurers)
