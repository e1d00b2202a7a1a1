"""Killed (kill -9): a process that can do nothing more, at any operation and at any moment."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from .commands import Command, commands, one_of_each_work
from .killing import Nursery, kill_once, live
from .undisturbed import Undisturbed

LIVES = 13
KILLS_OF_A_LIFE = 80
"""At least; so at least 1,040 in all."""


def test_the_commands_do_every_work() -> None:
    """Rules: S-27."""
    assert {each.work for each in commands()} == {
        "init", "receive SKSETAI", "receive SKKOJIN", "receive KOGAKU", "receive SHOTOKU", "receive FUZOKU",
        "receive KEISHIJI", "hold", "release of a held file", "resolve", "identity", "deliver", "rotate data",
        "rotate index", "rotate master",
    }  # fmt: skip


def test_killed_again_and_again(undisturbed: Undisturbed, nursed: Nursery, tmp_path: Path) -> None:
    """Rules: S-27, S-4, S-14, X-2, X-13."""
    kills = live(undisturbed, tmp_path / "office", nursed, Random(0))
    assert kills.total >= KILLS_OF_A_LIFE
    assert {"receive SKKOJIN", "resolve", "deliver"} <= set(kills.during)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, LIVES + 1))
def test_killed_a_thousand_times(undisturbed: Undisturbed, nursed: Nursery, tmp_path: Path, seed: int) -> None:
    """Rules: S-27, S-4, S-14, X-2, X-13."""
    assert live(undisturbed, tmp_path / "office", nursed, Random(seed)).total >= KILLS_OF_A_LIFE


def killed_at(undisturbed: Undisturbed, nursed: Nursery, folder: Path, command: Command, times: int) -> None:
    """Kills spread evenly over the operations of one command, the last of them included."""
    operations = len(undisturbed.operations[command.place])
    for number in sorted({operations * part // times - 1 for part in range(1, times + 1)}):
        kill_once(undisturbed, folder / str(number), nursed, command, number)


@pytest.mark.parametrize("command", one_of_each_work(), ids=lambda command: command.work)
def test_killed_in_each_work(undisturbed: Undisturbed, nursed: Nursery, tmp_path: Path, command: Command) -> None:
    """Rules: S-27, S-4, S-10."""
    killed_at(undisturbed, nursed, tmp_path, command, 3)


@pytest.mark.long
@pytest.mark.parametrize("command", one_of_each_work(), ids=lambda command: command.work)
def test_killed_in_each_work_often(undisturbed: Undisturbed, nursed: Nursery, tmp_path: Path, command: Command) -> None:
    """Rules: S-27, S-4, S-10."""
    killed_at(undisturbed, nursed, tmp_path, command, 40)
