"""ファイルの口: any vendor's command as a system under test, with files in and files out and nothing else known of it.

For every step the command is run once. ``{in}`` is a folder with the files of that step, ``{out}`` an empty one for what is new
for the municipalities, ``{state}`` a folder of the vendor's own that lasts as long as the story, ``{as_of}`` the business date.

A tool that keeps nothing gets all steps each time (``is_replaying``): ``{in}`` holds ``step-0001``, ``step-0002`` …, ``{state}``
is empty, and what it puts into ``{out}`` is everything that stands after the last step. What it told before and does not tell any
more has vanished, and is taken as a row that says so. Numbers of candidates must be the same each time, as decisions name them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

from attrs import define, field, frozen

from kokuho_adapters.conformance.step_folder import FileForm
from kokuho_adapters.conformance.vendor_command import VendorCommand
from kokuho_core.conformance.system import FileToSend
from kokuho_core.vocabulary.insurers import Insurer

_Rows = dict[tuple[str, str], list[dict[str, Any]]]

_GONE: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, str]]]] = {
    "KAKUNIN": (("finding_number", "addressee_number"), ("status", "2")),
    "KEIKOHO": (("candidate_number",), ("status", "2")),
    "KEIKAKU": (("candidate_number",), ("decision", "3")),
    "KOHIKI": (
        (
            "from_insurer", "from_household_number", "insurer_number", "household_number", "treatment_month",
            "occurrence_kind",
        ),
        ("update_kind", "3"),
    ),
    "KOHIKEKKA": (("candidate_number",), ("result", "3")),
}
"""What names a row of each kind, and the field that says that it stands no more. HIHOID and TOKUSO tell nothing then (X-13)."""


@frozen
class FileDoor:
    """ファイルの口: ``door.open`` is the ``make`` of :func:`~kokuho_core.conformance.run_conformance`."""

    command: VendorCommand
    form: FileForm
    is_replaying: bool = False

    @contextmanager
    def open(self, insurers: Sequence[Insurer]) -> Iterator[_StepByStep | _Replaying]:
        """A fresh prefecture: a folder of its own, which is thrown away afterwards."""
        with tempfile.TemporaryDirectory(prefix="kokuho-conformance-", ignore_cleanup_errors=True) as name:
            kind = _Replaying if self.is_replaying else _StepByStep
            yield kind(self.command, self.form, Path(name), insurers)


@define
class _StepByStep:
    """A system that keeps what it knows in ``{state}``."""

    _command: VendorCommand
    _form: FileForm
    _folder: Path
    _insurers: Sequence[Insurer]
    _steps: int = 0

    def take(self, files: Sequence[FileToSend], as_of: date) -> _Rows:
        self._steps += 1
        step, state = self._folder / f"step-{self._steps:04d}", self._folder / "state"
        state.mkdir(exist_ok=True)
        self._form.write_step(step / "in", self._insurers, self._steps, as_of, files)
        return _answer(self._command, self._form, self._insurers, step / "in", step / "out", state, as_of)


@define
class _Replaying:
    """A system that keeps nothing, and is told everything anew each time."""

    _command: VendorCommand
    _form: FileForm
    _folder: Path
    _insurers: Sequence[Insurer]
    _steps: int = 0
    _told: _Rows = field(factory=dict)

    def take(self, files: Sequence[FileToSend], as_of: date) -> _Rows:
        self._steps += 1
        steps, run = self._folder / "in", self._folder / f"run-{self._steps:04d}"
        self._form.write_step(steps / f"step-{self._steps:04d}", self._insurers, self._steps, as_of, files)
        state = run / "state"
        state.mkdir(parents=True)
        before = self._told
        self._told = _answer(self._command, self._form, self._insurers, steps, run / "out", state, as_of)
        return _with_vanished(before, self._told)


def _answer(
    command: VendorCommand, form: FileForm, insurers: Sequence[Insurer], given: Path, out: Path, state: Path, as_of: date
) -> _Rows:
    out.mkdir()
    command.run({"in": str(given), "out": str(out), "state": str(state), "as_of": as_of.isoformat()})
    return form.read_returned(out, insurers)


def _with_vanished(before: _Rows, now: _Rows) -> _Rows:
    """``now``, and first of all that what was told before and is not told now stands no more."""
    told: _Rows = {}
    for key in dict.fromkeys([*before, *now]):
        vanished: list[dict[str, Any]] = []
        if key[1] in _GONE:
            naming, (says, gone) = _GONE[key[1]]
            standing = {tuple(row[each] for each in naming) for row in now.get(key, ())}
            vanished = [
                {**row, says: gone} for row in before.get(key, ()) if tuple(row[each] for each in naming) not in standing
            ]
        told[key] = vanished + now.get(key, [])
    return told
