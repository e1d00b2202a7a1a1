"""The rounds of the sample prefecture over the real adapters, as the plain data that ``expected/`` holds.

``python tests/sample/rounds.py FOLDER`` writes what comes out now. It is no expectation before somebody has compared it
with the rules.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

from attrs import asdict, frozen

from kokuho_adapters.composition import initialise, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.files import LayoutBook
from kokuho_adapters.insurers_list import read_insurers
from kokuho_core.usecases.deliver import deliver
from kokuho_core.usecases.listings import list_candidates, list_findings
from kokuho_core.usecases.receive import FileAnswer, receive
from kokuho_core.usecases.resolve import resolve
from kokuho_core.vocabulary.identifiers import InsurerNumber

SAMPLE: Final = files("kokuho_adapters.sample")
Row = Mapping[str, Any]
Golden = dict[str, Any]
"""File name below a round's folder of ``expected/`` to its content."""


class Clock:
    """One second later with each look. When something was received must not show in any result."""

    def __init__(self) -> None:
        self._now = datetime(2030, 1, 1)

    def now(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now

    def today(self) -> date:
        raise AssertionError("every business date of the sample is given")


@frozen
class Played:
    """What came of all rounds: results by round folder, every delivered byte, and the folder it was played in."""

    rounds: dict[str, Golden]
    delivered: bytes

    def rows(self, round_folder: str, insurer: str, file_id: str) -> list[Row]:
        """The delivered rows of one returned file; none where no file was due."""
        found: list[Row] = self.rounds[round_folder].get(f"{insurer}.json", {}).get(file_id, [])
        return found


def story() -> dict[str, Any]:
    return tomllib.loads(SAMPLE.joinpath("story.toml").read_text("utf-8"))


def in_folder(folder: Path) -> Configuration:
    return Configuration(database=f"sqlite:///{(folder / 'sample.sqlite3').as_posix()}")


def play(folder: Path, owner: Configuration | None = None, worker: Configuration | None = None) -> Played:
    """Receive, resolve and deliver round by round, files of a round by their time of creation.

    Without ``owner`` the database is in the folder; with it, the owner of the tables initialises and ``worker`` does the rest.
    """
    told = story()
    configuration = owner or in_folder(folder)
    with as_file(SAMPLE) as sample:
        insurers = read_insurers(sample / told["insurers"], told["prefecture"])
        initialise(configuration, told["prefecture"], insurers)
        rounds: dict[str, Golden] = {}
        delivered = b""
        with open_installation(worker or configuration, clock=Clock()) as opened:
            register = opened.register()
            for each in told["round"]:
                answers = [
                    answer
                    for path in sorted((sample / each["folder"]).glob("*.csv"), key=_made)
                    for answer in receive(opened.office, opened.incoming(path, register))
                ]
                summary = resolve(opened.office, each["as_of"])
                golden: Golden = {
                    "answers.json": [_answer(answer) for answer in answers],
                    "summary.json": [_plain(asdict(summary))],
                    "findings.json": [_plain(asdict(finding)) for finding in list_findings(opened.office)],
                    "candidates.json": [_plain(asdict(row)) for row in list_candidates(opened.office)],
                }
                for insurer in insurers:
                    out = folder / each["folder"]
                    out.mkdir(exist_ok=True)
                    written = deliver(
                        opened.office, InsurerNumber(insurer.insurer_number), opened.outgoing(out), str(out)
                    )
                    golden[f"{insurer.insurer_number}.json"] = {one.file_id: _rows(out / one.file) for one in written}
                    delivered += b"".join((out / one.file).read_bytes() for one in written)
                rounds[each["folder"]] = golden
    return Played(rounds, delivered)


def _made(path: Path) -> tuple[str, str]:
    return path.stem.split("_")[2], path.stem.split("_")[3]


def _answer(answer: FileAnswer) -> Row:
    return {
        "file": answer.file,
        "result": answer.result.value,
        "accepted": answer.counts.accepted,
        "rejected": answer.counts.rejected,
        "held": answer.counts.held,
        "errors": [f"{problem.line} {problem.code} {problem.field}" for problem in answer.errors],
        "warnings": [f"{problem.line} {problem.code} {problem.field}" for problem in answer.warnings],
    }


def _rows(path: Path) -> list[Row]:
    """The data records by layout key, as the text that stands in the file; read without the library's reader."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    layout = LayoutBook.shipped().newest(lines[0][1])
    assert layout is not None
    assert lines[-1] == ["9", str(len(lines) - 2)]
    return [dict(zip(layout.keys, cells[1:], strict=True)) for cells in lines[1:-1]]


def _plain(values: Mapping[str, Any]) -> Row:
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in values.items()}


# --- the form of expected/ ---


def expected() -> dict[str, Golden]:
    found: dict[str, Golden] = {}
    for each in story()["round"]:
        folder = SAMPLE.joinpath("expected", each["folder"])
        found[each["folder"]] = {
            one.name: json.loads(one.read_text("utf-8")) for one in folder.iterdir() if one.name.endswith(".json")
        }
    return found


def as_text(content: Any) -> str:
    """JSON with one row on each line, so that two versions compare line by line."""
    if isinstance(content, dict):
        parts = (f"{json.dumps(key)}: {_list(rows)}" for key, rows in content.items())
        return "{\n" + ",\n".join(parts) + "\n}\n"
    return _list(content) + "\n"


def _list(rows: Iterable[Row]) -> str:
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]"


def write(rounds: Mapping[str, Golden], folder: Path) -> None:
    for name, golden in rounds.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, content in golden.items():
            (folder / name / file).write_bytes(as_text(content).encode("utf-8"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as work:
        write(play(Path(work)).rounds, Path(sys.argv[1]))
