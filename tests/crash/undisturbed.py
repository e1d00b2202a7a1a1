"""The run that nothing disturbs: the state after each commit, and after each command a copy of everything."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from ..aggregation.support import Dump
from .commands import DATABASE, SAMPLE, Command, commands, prefecture, prepare
from .effects import require_one_entry_for_each_effect, watch_effects
from .operations import Meet, Operation, watched
from .states import checksum, delivered, state_of

_KEYS = f"{DATABASE}.keys.json"


@frozen
class Undisturbed:
    """``legal``: for each command the states from the one it found to the one it left, by checksum."""

    folder: Path
    legal: tuple[tuple[str, ...], ...]
    operations: tuple[tuple[Operation, ...], ...]
    final: Dump
    delivered: dict[str, tuple[bytes, ...]]

    def before(self, command: Command, folder: Path) -> Path:
        """A copy of everything as ``command`` finds it."""
        return copied(self.folder / f"{command.place:02d}", folder)

    def after(self, command: Command) -> Path:
        return self.folder / f"{command.place + 1:02d}"


def copied(folder: Path, to: Path) -> Path:
    """Database, journal, keys and delivered files; the sample is only read, so it is linked to where that can be done."""
    to.mkdir(parents=True)
    for path in folder.iterdir():
        if path.name == SAMPLE:
            _link(path, to / SAMPLE)
        elif path.is_dir():
            shutil.copytree(path, to / path.name)
        else:
            shutil.copy2(path, to / path.name)
    return to


def _link(folder: Path, to: Path) -> None:
    try:
        to.symlink_to(folder.resolve(), target_is_directory=True)
    except OSError:  # not everybody may make links on Windows
        shutil.copytree(folder, to)


def _noting(met: list[Operation], note_state: Callable[[], None]) -> Meet:
    """Note each operation and, behind each commit, the state."""

    def meet(operation: Operation) -> None:
        met.append(operation)
        if operation.name == "commit" and operation.is_over:
            note_state()

    return meet


def run_undisturbed(folder: Path) -> Undisturbed:
    work = folder / "work"
    prepare(work)
    legal: list[list[str]] = []
    operations: list[tuple[Operation, ...]] = []
    for command in commands():
        copied(work, folder / f"{command.place:02d}")
        met: list[Operation] = []
        states = [checksum(state_of(work))]

        def note_state(states: list[str] = states) -> None:
            states.append(checksum(state_of(work)))

        with prefecture(work) as opened, watched(work, _noting(met, note_state)):
            opened.run(command)
            met_by_command = tuple(met)  # the end of a session is recorded besides
            opened.close()
        watch_effects(work / DATABASE)
        require_one_entry_for_each_effect(work / DATABASE)
        legal.append(list(dict.fromkeys(states)))
        operations.append(met_by_command)
    copied(work, folder / f"{len(commands()):02d}")
    return Undisturbed(folder, tuple(map(tuple, legal)), tuple(operations), state_of(work), delivered(work))
