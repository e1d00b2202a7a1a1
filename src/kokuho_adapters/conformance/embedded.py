"""組込みの口: this library's own aggregation as a system under test, over real files and a real database."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from attrs import define, field

from kokuho_adapters.composition import Installation, initialise, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.conformance.numbered_rows import numbered
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


@cache
def _initialised(insurers: tuple[Insurer, ...]) -> tempfile.TemporaryDirectory[str]:
    """A prefecture that was initialised once: copying it is quicker than to make the tables anew for every story."""
    folder = tempfile.TemporaryDirectory(prefix="kokuho-conformance-", ignore_cleanup_errors=True)
    initialise(_configuration(Path(folder.name)), PREFECTURE, insurers)
    return folder


@contextmanager
def embedded(insurers: Sequence[Insurer], database: str | None = None) -> Iterator[EmbeddedAggregation]:
    """A fresh prefecture in a temporary folder; ``database``: URL of an empty database instead of a SQLite file."""
    with tempfile.TemporaryDirectory(prefix="kokuho-conformance-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        configuration = _configuration(folder, database)
        if database is None:
            shutil.copytree(_initialised(tuple(insurers)).name, folder, dirs_exist_ok=True)
        else:
            initialise(configuration, PREFECTURE, insurers)
        with open_installation(configuration, clock=SteppingClock()) as installation:
            yield EmbeddedAggregation(installation, folder, insurers)
