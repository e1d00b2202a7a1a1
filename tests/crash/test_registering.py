"""The process dies at any operation of any step of the exchange with the intermediate server, on either side: what follows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from kokuho_core.errors import KokuhoError

from .operations import Operation
from .registering import STEPS, STOPPED, Registering, copied, step


class Dead(BaseException):
    """Nothing that this process wants to do afterwards happens."""


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
    outcome = both.outcome()
    assert (outcome["counts"].registered, outcome["counts"].blocked, len(outcome["shown"])) == (4, 1, 4)
    assert len(outcome["taken"]) == 6
    return Whole(folder, operations, outcome)


def stopped(whole: Whole, folder: Path, place: int, at: int) -> dict[str, Any]:
    """Die at one operation of one step, make the step again, go on to the end."""
    both = Registering(copied(whole.before(place), folder))
    left = at

    def meet(_: Operation) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Dead

    both.meet = meet
    try:
        step(both, place)
    except (Dead, KokuhoError):
        assert left < 0
    both.meet = None
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


def test_dead_at_some_operation(whole: Whole, tmp_path: Path) -> None:
    """Rules: R-3, R-8, C-1, C-3, S-14, S-27. Each record in effect once, nothing lost, both sides as if nothing had happened."""
    assert sweep(whole, tmp_path, every=151) >= 10


@pytest.mark.long
def test_dead_at_every_operation(whole: Whole, tmp_path: Path) -> None:
    """Rules: R-3, R-8, C-1, C-3, S-14, S-27."""
    assert sweep(whole, tmp_path, every=1) > 500
