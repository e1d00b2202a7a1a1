"""不適合のフォルダ: for every fault found, all that a developer needs to see it again on his own machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

from attrs import define, field, frozen

from kokuho_adapters.conformance.step_folder import FileForm
from kokuho_adapters.conformance.story_json import dump_story
from kokuho_core.conformance.report import Fault, Report
from kokuho_core.conformance.rules import FILES_OF, Capability
from kokuho_core.conformance.run import Played, play
from kokuho_core.conformance.story import Story
from kokuho_core.conformance.system import Aggregation, FileToSend, MakeAggregation, ReturnedRows
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.vocabulary.insurers import Insurer
from kokuho_core.vocabulary.month import Month

STORY_FILE: Final = "story.json"
EXPECTED_FILE: Final = "expected.json"
ACTUAL_FILE: Final = "actual.json"
REPLAY_FILE: Final = "replay.txt"
SAID_FILE: Final = "stderr.txt"

Taken = list[tuple[Sequence[FileToSend], date]]
"""The files and the business date of each step."""


@frozen
class FaultFolders:
    """不適合のフォルダの書き手. ``replay`` gives the one command that plays a ``story.json`` again."""

    make: MakeAggregation
    replay: Callable[[Path], str]
    form: FileForm
    wait_days: int = 30

    def write(self, out: Path, report: Report) -> list[Path]:
        """A folder ``fault-NN-RULE`` for each fault; returns them.

        Raises :class:`SetupFault` (KKH-C020) when it cannot be written.
        """
        folders: list[Path] = []
        for number, fault in enumerate(report.faults, 1):
            folder = out / fault_folder_name(number, fault)
            again = _Recording(self.make)
            play([fault.played.story], again.open, report.capabilities, wait_days=self.wait_days)
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._write_played(folder, fault.played, report.capabilities)
                write_steps(folder, self.form, fault.played.story, again.taken)
            except OSError:
                raise SetupFault(Problem("KKH-C020", field="--out")) from None
            folders.append(folder)
        return folders

    def _write_played(self, folder: Path, played: Played, capabilities: Collection[Capability]) -> None:
        files = {file_id for each in capabilities for file_id in FILES_OF[each]}
        expected, actual = _side_by_side(played, files)
        texts = {
            STORY_FILE: dump_story(played.story),
            EXPECTED_FILE: _json(expected),
            ACTUAL_FILE: _json(actual),
            REPLAY_FILE: self.replay(folder / STORY_FILE) + "\n",
        }
        if played.failure is not None:
            texts[SAID_FILE] = "".join(f"{line}\n" for line in (f"{played.failure}", *played.failure.said))
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")


def fault_folder_name(number: int, fault: Fault) -> str:
    """``number`` from 1, in the order of the report."""
    return f"fault-{number:02d}-{fault.rule}"


def write_steps(folder: Path, form: FileForm, story: Story, taken: Taken) -> None:
    """A folder ``step-NNNN`` with the files of each step, as the file door gives them to a vendor.

    Raises :class:`FileExistsError` where one is there already, :class:`OSError`.
    """
    for number, (files, as_of) in enumerate(taken, 1):
        form.write_step(folder / f"step-{number:04d}", story.insurers, number, as_of, files)


def sent_files(story: Story) -> Taken:
    """The files of each step where nobody answers: decisions, which name a system's own candidates, are left out."""
    again = _Recording(None)
    play([story], again.open)
    return again.taken


@define
class _Recording:
    """A door before another door, which notes what goes through; without another one nothing comes back."""

    _make: MakeAggregation | None
    taken: Taken = field(factory=list)

    @contextmanager
    def open(self, insurers: Sequence[Insurer]) -> Iterator[Aggregation]:
        if self._make is None:
            yield _Noted(None, self.taken)
        else:
            with self._make(insurers) as system:
                yield _Noted(system, self.taken)


@define
class _Noted:
    _system: Aggregation | None
    _taken: Taken

    def take(self, files: Sequence[FileToSend], as_of: date) -> ReturnedRows:
        self._taken.append((tuple(files), as_of))
        return {} if self._system is None else self._system.take(files, as_of)


def _side_by_side(played: Played, files: Collection[str]) -> tuple[list[Any], list[Any]]:
    """What was expected after the last step and what stands, with the same fields in the same order, so that lines can be
    compared. What is not there is missing in its list."""
    if not played.expectations:
        return [], []
    rows = played.expectations[-1].rows
    known = {(key.insurer, *key.subject) for key in rows if key.file_id == "HIHOID"}
    standing = played.returned.standing(known)
    keys = sorted({key for key in (*rows, *standing) if key.file_id in files}, key=repr)
    expected: list[Any] = []
    actual: list[Any] = []
    for key in keys:
        named = {"insurer": key.insurer, "file_id": key.file_id, "about": [_plain(each) for each in key.subject]}
        told = rows.get(key)
        if told is not None:
            expected.append({**named, "values": _plain(told.values)})
        if key in standing:
            fields = standing[key] if told is None else told.values
            actual.append({**named, "values": {each: _plain(standing[key].get(each)) for each in fields}})
    return expected, actual


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case tuple() | list() | frozenset():
            return [_plain(each) for each in value]
        case date():
            return value.isoformat()
        case Month():
            return f"{value.first_day:%Y-%m}"
        case _:
            return value
