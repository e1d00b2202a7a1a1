"""Killed (kill -9) at any operation of any step of the exchange with the intermediate server, on either side: what follows."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import frozen

from .operations import Operation
from .registering import STEPS, STOPPED, Registering, copied, step

KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)
HOW: Final = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"


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


def _child(folder: str, place: int, at: int) -> None:
    left = at

    def meet(_: Operation) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), KILL)

    step(Registering(Path(folder), meet), place)


def stopped(whole: Whole, folder: Path, place: int, at: int) -> dict[str, Any]:
    """Killed at one operation of one step; the step is made again, and all others follow."""
    copied(whole.before(place), folder)
    process = multiprocessing.get_context(HOW).Process(target=_child, args=(str(folder), place, at))
    process.start()
    process.join()
    assert process.exitcode not in (0, 1), "it was not killed"
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
def test_killed_at_every_operation(whole: Whole, tmp_path: Path) -> None:
    """Rules: R-3, R-8, C-1, C-3, S-14, S-27."""
    assert sweep(whole, tmp_path, every=1) > 500
