"""Killed (kill -9) at any operation of any step of the exchange with the intermediate server, on either side: what follows."""

from __future__ import annotations

import io
import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import frozen
from sqlalchemy import create_engine, text

from .operations import Meet, Operation, watched
from .registering import STEPS, STOPPED, Registering, copied, step
from .remains import HOW, remains_of

KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)


@frozen
class Whole:
    """The exchange that nobody stopped: a copy of everything before each step, how many operations each has, and the outcome."""

    folder: Path
    operations: dict[int, int]
    outcome: dict[str, Any]

    def before(self, place: int) -> Path:
        return self.folder / f"{place:02d}"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("registering")
    both = Registering(folder / "work")
    both.make()
    operations = {}
    for place in range(len(STEPS)):
        copied(both.folder, folder / f"{place:02d}")
        met = count()
        both.meet = lambda _, met=met: next(met)
        step(both, place)
        operations[place] = next(met)
    both.meet = None
    outcome = both.outcome()
    assert (outcome["counts"].registered, outcome["counts"].blocked, len(outcome["shown"])) == (4, 1, 4)
    assert len(outcome["taken"]) == 6
    return Whole(folder, operations, outcome)


def _killing(at: int) -> Meet:
    left = at

    def meet(_: Operation) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), KILL)

    return meet


def _child(folder: str, place: int, at: int) -> None:
    step(Registering(Path(folder), _killing(at)), place)


def stopped(whole: Whole, folder: Path, place: int, at: int) -> dict[str, Any]:
    """Killed at one operation of one step, and gone on from there."""
    copied(whole.before(place), folder)
    process = multiprocessing.get_context(HOW).Process(target=_child, args=(str(folder), place, at))
    process.start()
    process.join()
    assert process.exitcode not in (0, 1), "it was not killed"
    return gone_on(folder, place)


def gone_on(folder: Path, place: int) -> dict[str, Any]:
    """What comes of it when the step is made again, and all others follow."""
    both = Registering(folder)
    for following in range(place, len(STEPS)):
        step(both, following)
        if STEPS[following] == "serve":
            both.fetch()  # what had come already
    for name in ("send", "serve", "fetch", "cards", "serve", "cards"):  # the daily round once more
        getattr(both, name)()
    return both.outcome()


def points(whole: Whole, every: int) -> Iterator[tuple[int, int]]:
    number = 0
    for place in STOPPED:
        for at in range(whole.operations[place]):
            number += 1
            if number % every == 0:
                yield place, at


def sweep(whole: Whole, tmp_path: Path, every: int) -> int:
    tried = 0
    for place, at in points(whole, every):
        outcome = stopped(whole, tmp_path / f"{place}-{at}", place, at)
        for key, expected in whole.outcome.items():
            assert outcome[key] == expected, (STEPS[place], place, at, key)
        tried += 1
    return tried


def test_killed_at_some_operation(whole: Whole, tmp_path: Path) -> None:
    """Rules: R-3, R-8, C-1, C-3, S-14, S-27. Each record in effect once, nothing lost, both sides as if nothing had happened."""
    assert sweep(whole, tmp_path, every=397) >= 3


@pytest.mark.long
@pytest.mark.parametrize("place", [pytest.param(place, id=f"{place}-{STEPS[place]}") for place in STOPPED])
def test_killed_at_every_operation(whole: Whole, tmp_path: Path, place: int) -> None:
    """Rules: R-3, R-8, C-1, C-3, S-14, S-27. From everything that a death at some operation of a step leaves."""
    folder = copied(whole.before(place), tmp_path / "work")
    remains = remains_of(partial(_watched_step, place), folder, tmp_path / "remains")
    assert remains.moments == whole.operations[place]
    assert len(remains.folders) > 5
    for left in remains.folders:
        outcome = gone_on(left, place)
        for key, expected in whole.outcome.items():
            assert outcome[key] == expected, (STEPS[place], place, left.name, key)
        shutil.rmtree(left)


def _watched_step(place: int, folder: Path, meet: Meet) -> None:
    step(Registering(folder, meet), place)


def test_a_kill_leaves_what_was_copied(tmp_path: Path) -> None:
    """Rules: S-27. The copies are what is left: of an act without chance, killed for good at each of its operations."""
    (tmp_path / "start").mkdir()
    remains = remains_of(_without_chance, copied(tmp_path / "start", tmp_path / "watched"), tmp_path / "remains")
    known = {_shape(each) for each in remains.folders}
    left = set()
    for at in range(remains.moments):
        folder = copied(tmp_path / "start", tmp_path / f"killed-{at}")
        process = multiprocessing.get_context(HOW).Process(target=_killed_without_chance, args=(folder, at))
        process.start()
        process.join()
        assert process.exitcode == -KILL
        left.add(_shape(folder))
    assert remains.moments > len(known) > 5
    assert left == known


def _shape(folder: Path) -> tuple[tuple[str, int, bytes], ...]:
    """Every file, its size and content; of the database no content, because its journals have random marks."""
    files = sorted(each for each in folder.iterdir() if not each.name.endswith("-shm"))
    return tuple((e.name, e.stat().st_size, b"" if e.name.startswith("base") else e.read_bytes()) for e in files)


def _without_chance(folder: Path, meet: Meet) -> None:
    """A file written in blocks and renamed, and a database with a transaction that is committed."""
    with watched(folder, meet):
        with io.open(folder / "part", "wb") as file:  # noqa: UP020 - the one that is watched
            file.writelines(b"x" * 100_000 for _ in range(3))
            file.flush()
            os.fsync(file.fileno())
        os.replace(folder / "part", folder / "whole")  # noqa: PTH105 - the one that is watched
        engine = create_engine(f"sqlite:///{folder / 'base'}")
        for number in range(2):
            with engine.begin() as connection:
                connection.execute(text(f"CREATE TABLE t{number} (a)"))
                connection.execute(text(f"INSERT INTO t{number} VALUES (1)"))
        engine.dispose()


def _killed_without_chance(folder: Path, at: int) -> None:
    _without_chance(folder, _killing(at))
