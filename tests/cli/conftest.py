"""What the tests of the command line share: a working folder, files as municipalities write them, and the command itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import field, frozen, mutable
from click.testing import CliRunner, Result

from kokuho_adapters.cli.commands import cli
from kokuho_adapters.files import LayoutBook, OpenFormatFolder, as_table
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber

from ..prefecture.office import INSURERS
from ..prefecture.servers import Server
from ..prefecture.worlds import BACKENDS


@frozen
class Answer:
    """What one run of the command gave."""

    result: Result

    @property
    def code(self) -> int:
        return self.result.exit_code

    @property
    def out(self) -> str:
        return self.result.stdout

    @property
    def err(self) -> str:
        return self.result.stderr

    @property
    def data(self) -> Any:
        return json.loads(self.result.stdout)


@mutable
class Desk:
    """A working folder, with ``kokuho`` run in it."""

    folder: Path
    _created: datetime = datetime(2024, 5, 31, 8, 0, 0)
    _sequences: dict[tuple[str, str], int] = field(factory=dict)
    options: tuple[object, ...] = ()
    """What each run begins with, unless it says otherwise."""

    def run(self, *args: object) -> Answer:
        return Answer(CliRunner().invoke(cli, [str(arg) for arg in (*self.options, *args)]))

    def init(self, *args: object) -> Answer:
        return self.run(*args, "init", "--prefecture", "13", "--insurers", self.insurers(), "--json")

    def insurers(self) -> Path:
        path = self.folder / "insurers.csv"
        lines = [f"{each.insurer_number},{each.municipality_code},{each.name}" for each in INSURERS]
        path.write_text("\n".join(["insurer_number,municipality_code,name", *lines, ""]), encoding="utf-8")
        return path

    def write(
        self, file_id: str, sender: str, *rows: Mapping[str, Any], sequence: int | None = None, folder: str = "inbox"
    ) -> Path:
        """Write a file as ``sender`` would; the next sequence number unless one is given."""
        inbox = self.folder / folder
        inbox.mkdir(parents=True, exist_ok=True)
        if sequence is None:
            sequence = self._sequences[sender, file_id] = self._sequences.get((sender, file_id), 0) + 1
        self._created += timedelta(seconds=1)
        outgoing = OpenFormatFolder(inbox, LayoutBook.shipped(), "utf-8", InsurerNumber(sender))
        name, _ = outgoing.write(file_id, InsurerNumber(sender), self._created, sequence, *as_table(_with_numbers(rows)))
        outgoing.publish(name)
        return inbox / name


def _with_numbers(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            key: IndividualNumber(value) if key.endswith("individual_number") and value else value
            for key, value in row.items()
        }
        for row in rows
    ]


@pytest.fixture(params=BACKENDS)
def ready(request: pytest.FixtureRequest, desk: Desk) -> Iterator[Desk]:
    """After ``init``; on a server by the owner of its database, and everything else by the role of the daily work."""
    if request.param == "sqlite":
        assert desk.init().code == 0
        yield desk
        return
    server: Server = request.getfixturevalue("server")
    url = server.new_database()
    answer = desk.init("--database", url)
    assert (answer.code, answer.data["key_ring"]) == (0, "kokuho.keys.json")
    desk.options = ("--database", server.as_worker(url))
    yield desk
    server.drop(url)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)
