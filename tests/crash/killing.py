"""Lives of one prefecture: its commands are run by processes that are killed again and again, until all are done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

from attrs import field, frozen, mutable

import kokuho_core
from kokuho_adapters.configuration import Configuration

from .commands import DATABASE, Command, commands, on_server
from .effects import require_one_entry_for_each_effect, watch_effects
from .states import checksum, delivered, state_of
from .undisturbed import Undisturbed
from .worker import DONE, ENDED, KILL

_SOURCES = (Path(kokuho_core.__file__).parent.parent, Path(__file__).parent.parent.parent)
_BY_OPERATION: Final = 0.75
_BEYOND: Final = 20
"""Operations by which a process may outlive a command."""
_LONGEST_LIFE: Final = 0.12
"""Seconds; a command takes some hundredths."""
_LONGER_TO_MAKE_TABLES: Final = 10
"""A server is asked more often and answers later, most of all when its tables are made: without this nobody would live so long."""


@frozen
class Nursery:
    """Begins processes, each for one job."""

    process: subprocess.Popen[str]

    def run(self, **job: Any) -> tuple[int, list[int]]:
        """Exit code, and the commands that were answered for."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        answered = []
        while True:
            line = self.process.stdout.readline()
            word, number = line.split()
            if word == ENDED:
                return int(number), answered
            assert word == DONE, line
            answered.append(int(number))


@contextmanager
def nursery() -> Iterator[Nursery]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, _SOURCES))},
    )
    with process:
        yield Nursery(process)
        assert process.stdin is not None
        process.stdin.close()


@mutable
class Kills:
    """How many processes were killed, by the work in which they were."""

    during: dict[str, int] = field(factory=dict)

    @property
    def total(self) -> int:
        return sum(self.during.values())

    def count(self, command: Command) -> None:
        self.during[command.work] = self.during.get(command.work, 0) + 1


def live(
    undisturbed: Undisturbed, folder: Path, nursed: Nursery, random: Random, server: str | None = None
) -> Kills:
    """Run all commands, killed at random operations and moments; look at everything behind each kill.

    ``server``: URL of an empty database there, in which all must be as it is in the file of the undisturbed run.
    """
    at = on_server(server, folder) if server is not None else None
    kills, place, end = Kills(), 0, len(commands())
    undisturbed.before(commands()[0], folder)
    while place < end:
        job: dict[str, Any] = {"folder": str(folder), "first": place, "last": end}
        if server is not None:
            job["database"] = server
        longer = (2 if place else _LONGER_TO_MAKE_TABLES) if at else 1
        if random.random() < _BY_OPERATION:
            job["operations"] = random.randrange(longer * len(undisturbed.operations[place]) + _BEYOND)
        else:
            job["seconds"] = random.uniform(0, longer * _LONGEST_LIFE)
        code, answered = nursed.run(**job)
        assert answered == list(range(place, place + len(answered))), "an answer is missing"
        place += len(answered)
        if code == 0:
            break
        assert was_killed(code), f"the process failed by itself after command {place}"
        if place < end:
            kills.count(commands()[place])
        look_at(undisturbed, folder, place, at)
    look_at(undisturbed, folder, end, at)
    assert state_of(folder, at) == undisturbed.final
    assert delivered(folder) == undisturbed.delivered
    assert not list(folder.glob(".*.tmp")), "a killed rotation has left keys in a file"
    return kills


def kill_once(undisturbed: Undisturbed, folder: Path, nursed: Nursery, command: Command, operations: int) -> None:
    """Kill one command behind ``operations`` operations, look, and run it again."""
    undisturbed.before(command, folder)
    job = {"folder": str(folder), "first": command.place, "last": command.place + 1}
    code, answered = nursed.run(**job, operations=operations)
    assert was_killed(code) and len(answered) <= 1
    look_at(undisturbed, folder, command.place + len(answered))
    assert nursed.run(**job) == (0, [command.place])
    look_at(undisturbed, folder, command.place + 1)


def was_killed(code: int) -> bool:
    return code != 0 if os.name == "nt" else code == -KILL


def look_at(undisturbed: Undisturbed, folder: Path, place: int, at: Configuration | None = None) -> None:
    """Everything before ``place`` was answered for and stands; the command at ``place`` has left a legal state.

    What changed is on record, and nothing else is (S-4).
    """
    legal = {undisturbed.legal[place - 1][-1]} if place else set()
    if place < len(commands()):
        legal.update(undisturbed.legal[place])
    assert checksum(state_of(folder, at)) in legal, f"killed in command {place}: no legal state"
    if place and at is None:
        watch_effects(folder / DATABASE)
        require_one_entry_for_each_effect(folder / DATABASE)
    published = delivered(folder)
    assert published.items() <= undisturbed.delivered.items()
    assert delivered(undisturbed.folder / f"{place:02d}").keys() <= published.keys(), "answered for, and is not there"
