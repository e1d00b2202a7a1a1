"""Every operation fails once, or for good: the old legal state or the new one, a word of it, and it can be repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from .commands import Command, commands, one_of_each_work
from .failing import UNREADABLE, Fault, code_of_failing, may_fail
from .undisturbed import Undisturbed

DATABASE_FAILED = "KKH-C012"
RING_FAILED = "KKH-C008"
FOLDER_FAILED = "KKH-C020"
INSURERS_UNREADABLE = "KKH-C013"
RECORD_FAILED = "KKH-A005"
TOLD = {DATABASE_FAILED, RECORD_FAILED, RING_FAILED, FOLDER_FAILED, INSURERS_UNREADABLE, UNREADABLE, None}
"""What the sender or the operator hears; nothing when the command is done all the same."""

PARTS = [*one_of_each_work()]
OTHERS = [each for each in commands() if each not in PARTS]
each_work = pytest.mark.parametrize("command", PARTS, ids=lambda command: command.work)


def failing(
    undisturbed: Undisturbed, command: Command, folder: Path, *, every: int, first: int = 0, lasting: bool = False
) -> set[str | None]:
    operations = sum(map(may_fail, undisturbed.operations[command.place]))
    told: set[str | None] = set()
    for number in range(first, operations, every):
        told.add(code_of_failing(undisturbed, command, Fault(number, lasting), folder / f"{number}-{lasting}"))
    assert told <= TOLD
    return told


@each_work
def test_some_operations_fail(undisturbed: Undisturbed, tmp_path: Path, command: Command) -> None:
    """Rules: S-27, S-14."""
    operations = sum(map(may_fail, undisturbed.operations[command.place]))
    assert failing(undisturbed, command, tmp_path, every=operations // 5, first=3) - {None}
    assert failing(undisturbed, command, tmp_path, every=operations // 3, first=5, lasting=True) - {None}


@pytest.mark.parametrize("name", ["commit", "replace"])
@pytest.mark.parametrize("is_over", [False, True], ids=["not done", "done, and the answer lost"])
def test_each_commit_and_each_renaming_fails(
    undisturbed: Undisturbed, tmp_path: Path, name: str, is_over: bool
) -> None:
    """Rules: S-27, S-14, X-13."""
    tried = 0
    for command in PARTS:
        operations = filter(may_fail, undisturbed.operations[command.place])
        for number, operation in enumerate(operations):
            if (operation.name, operation.is_over) == (name, is_over):
                folder = tmp_path / f"{command.place}-{number}"
                code = code_of_failing(undisturbed, command, Fault(number), folder)
                assert code in ({DATABASE_FAILED} if name == "commit" else {RING_FAILED, FOLDER_FAILED})
                tried += 1
    assert tried >= 5


@pytest.mark.long
@each_work
def test_every_operation_fails(undisturbed: Undisturbed, tmp_path: Path, command: Command) -> None:
    """Rules: S-27, S-14."""
    assert DATABASE_FAILED in failing(undisturbed, command, tmp_path, every=1)


@pytest.mark.long
@each_work
def test_everything_fails_from_one_operation_on(undisturbed: Undisturbed, tmp_path: Path, command: Command) -> None:
    """Rules: S-27, S-14."""
    assert DATABASE_FAILED in failing(undisturbed, command, tmp_path, every=4, lasting=True)


@pytest.mark.long
@pytest.mark.parametrize("command", OTHERS, ids=lambda command: f"{command.place}")
def test_every_tenth_operation_of_the_others_fails(undisturbed: Undisturbed, tmp_path: Path, command: Command) -> None:
    """Rules: S-27."""
    failing(undisturbed, command, tmp_path, every=10, first=command.place % 10)
