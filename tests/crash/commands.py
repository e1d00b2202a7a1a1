"""The commands that are stopped here: four rounds of the sample prefecture, a file that waits for another, decisions, a
verdict, deliveries and rotations of keys. Each begins at a moment of its own, so that two runs keep the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import as_file
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen, mutable

from kokuho_adapters.cli.incoming import csv_files
from kokuho_adapters.cli.story import copy_sample, read_story, shipped_sample
from kokuho_adapters.composition import Installation, initialise, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.insurers_list import read_insurers
from kokuho_adapters.security.key_rotation import rotate_data_keys, rotate_index_key, rotate_wrapping_keys
from kokuho_core.access import Operation
from kokuho_core.insured_person.fact import IdentityVerdict
from kokuho_core.usecases.deliver import deliver
from kokuho_core.usecases.identity import decide_identity
from kokuho_core.usecases.receive import FileAnswer, receive
from kokuho_core.usecases.resolve import resolve
from kokuho_core.vocabulary.identifiers import InsurerNumber

DATABASE: Final = "office.sqlite3"
OUTBOX: Final = "returned"
SAMPLE: Final = "sample"

_FIRST_MOMENT: Final = datetime(2025, 9, 1, 9, 0, 0)
_ROTATIONS: Final = {"data": rotate_data_keys, "index": rotate_index_key, "master": rotate_wrapping_keys}
_IDENTITY_CONFLICT: Final = "F130000000007"
_HELD: Final = "SKKOJIN_139550_20250520180410_0003.csv"
_RELEASING: Final = "SKKOJIN_139550_20250513180410_0002.csv"
_BATCH: Final = 20
"""Values that a rotation renews in one transaction: few, so that there are many of them."""


@frozen
class Command:
    """One command with what was given to it. ``place`` is where it stands among all of them."""

    place: int
    kind: str
    given: tuple[str, ...]

    @property
    def work(self) -> str:
        """What it does, more closely than its kind."""
        if self.kind == "receive":
            if self.given[0].endswith(_RELEASING):
                return "release of a held file"
            return "hold" if self.given[0].endswith(_HELD) else f"receive {self.given[0].split('/')[1].split('_')[0]}"
        return f"rotate {self.given[0]}" if self.kind == "rotate" else self.kind


@mutable
class CommandClock:
    """One moment for each command, whichever process runs it."""

    place: int = 0

    def now(self) -> datetime:
        return _FIRST_MOMENT + timedelta(minutes=self.place)

    def today(self) -> date:
        return _FIRST_MOMENT.date()


@cache
def commands() -> tuple[Command, ...]:
    """Every command in order; the first makes the installation."""
    listed: list[tuple[str, ...]] = [("init",)]
    with as_file(shipped_sample()) as sample:
        story = read_story(sample / "story.toml")
        insurers = read_insurers(sample / story.insurers, story.prefecture)
        for number, each in enumerate(story.rounds, 1):
            files = csv_files(sample / each.folder)
            listed += [("receive", f"{each.folder}/{path.name}") for path in files]
            listed.append(("resolve", each.as_of.isoformat()))
            if number == 2:
                listed.append(("identity", _IDENTITY_CONFLICT))
                listed += [("rotate", kind) for kind in _ROTATIONS]
            listed += [("deliver", each.folder, insurer.insurer_number) for insurer in insurers]
    listed += [("rotate", kind) for kind in _ROTATIONS]
    return tuple(Command(place, kind, tuple(given)) for place, (kind, *given) in enumerate(listed))


def commands_of(kind: str) -> list[Command]:
    return [each for each in commands() if each.kind == kind]


def one_of_each_work() -> list[Command]:
    """For each work its last command: by then most of what it can meet is there."""
    return list({each.work: each for each in commands()}.values())


def prepare(folder: Path) -> None:
    """The folder as it is before the first command."""
    copy_sample(shipped_sample(), folder / SAMPLE)
    for each in {each.given[0] for each in commands_of("deliver")}:
        (folder / OUTBOX / each).mkdir(parents=True)


def configuration(folder: Path) -> Configuration:
    return Configuration(f"sqlite:///{(folder / DATABASE).as_posix()}")


def on_server(url: str, folder: Path) -> Configuration:
    """A prefecture whose keys and files are in ``folder``, all of it the work of the tables' owner."""
    return Configuration(url, key_ring=folder / f"{DATABASE}.keys.json", allow_unbound_role=True)


class Prefecture:
    """The installation in a folder; opened by the first command that needs it, as it is in a process that serves for long."""

    def __init__(self, folder: Path, at: Configuration | None = None) -> None:
        self.folder = folder
        self.configuration = at or configuration(folder)
        self._clock = CommandClock()
        self._opened: Installation | None = None

    @property
    def installation(self) -> Installation:
        if self._opened is None:
            self._opened = open_installation(self.configuration, clock=self._clock)
        return self._opened

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def run(self, command: Command) -> list[FileAnswer]:
        """Run one command; the answers to files, where it takes files."""
        self._clock.place = command.place
        act: Callable[..., Any] = getattr(self, f"_{command.kind}")
        return act(*command.given) or []

    def _init(self) -> None:
        self.close()
        sample = self.folder / SAMPLE
        story = read_story(sample / "story.toml")
        initialise(self.configuration, story.prefecture, read_insurers(sample / story.insurers, story.prefecture))

    def _receive(self, name: str) -> list[FileAnswer]:
        opened = self.installation
        path = self.folder / SAMPLE / name
        return receive(opened.office, opened.incoming(path, opened.register()))

    def _resolve(self, as_of: str) -> None:
        resolve(self.installation.office, date.fromisoformat(as_of))

    def _identity(self, finding_number: str) -> None:
        decide_identity(self.installation.office, finding_number, IdentityVerdict.SAME)

    def _deliver(self, round_folder: str, insurer: str) -> None:
        opened = self.installation
        outgoing = opened.outgoing(self.folder / OUTBOX / round_folder)
        deliver(opened.office, InsurerNumber(insurer), outgoing, round_folder)

    def _rotate(self, kind: str) -> None:
        with self.installation.admitted_custody(Operation.ROTATE_KEYS, kind) as custody:
            _ROTATIONS[kind](evolve(custody, batch=_BATCH, pause_seconds=0))


@contextmanager
def prefecture(folder: Path, at: Configuration | None = None) -> Iterator[Prefecture]:
    opened = Prefecture(folder, at)
    try:
        yield opened
    finally:
        opened.close()
