"""Killed (kill -9) around each commit of each act: what changed is on record, and what is on record has changed (S-4)."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest

from kokuho_core.errors import KokuhoError

from ..crash.effects import effects_and_entries, require_one_entry_for_each_effect
from ..crash.operations import Operation, watched
from ..prefecture.office import PrefectureOffice
from . import acts, registration_acts
from .acts import ACTS
from .registration_acts import REGISTRATION_ACTS

KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)
HOW: Final = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
DATABASE: Final = "kokuho.sqlite3"


EVERY_ACT: Final = {**ACTS, **REGISTRATION_ACTS}
assert len(EVERY_ACT) == len(ACTS) + len(REGISTRATION_ACTS)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("acts") / "office"
    folder.mkdir()
    acts.prepare(folder)
    return folder


@pytest.fixture(scope="module")
def registering(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registration") / "office"
    folder.mkdir()
    registration_acts.prepare(folder)
    return folder


def perform(folder: Path, name: str, kill_at: int | None = None) -> list[int]:
    """Do the act; how many effects there were around each commit, two numbers for each: before and after it."""
    effects: list[int] = []

    def meet(operation: Operation) -> None:
        if operation.name != "commit":
            return
        if kill_at == len(effects):
            os.kill(os.getpid(), KILL)
        effects.append(0 if kill_at is not None else len(effects_and_entries(folder / DATABASE)[0]))

    with watched(folder, meet), PrefectureOffice(folder, is_initialised=True) as site:
        EVERY_ACT[name](site)
    return effects


def _child(folder: str, name: str, kill_at: int) -> None:
    perform(Path(folder), name, kill_at)


def kill(folder: Path, name: str, kill_at: int) -> None:
    process = multiprocessing.get_context(HOW).Process(target=_child, args=(str(folder), name, kill_at))
    process.start()
    process.join()
    assert process.exitcode not in (0, 1), "it was not killed"


def copied(template: Path, to: Path) -> Path:
    shutil.copytree(template, to)
    return to


def require_whole(folder: Path) -> None:
    with PrefectureOffice(folder, is_initialised=True) as site:
        assert site.installation.verify_audit().holds


def look_behind_kills(template: Path, folder: Path, name: str, *, all_of_them: bool) -> None:
    around = perform(copied(template, folder / "whole"), name)
    done = require_one_entry_for_each_effect(folder / "whole" / DATABASE)
    assert done >= 1 and len(around) % 2 == 0
    changing = [place for place in range(0, len(around), 2) if around[place + 1] > around[place]]
    assert len(changing) == done, "a commit that nobody saw"
    commits = range(0, len(around), 2) if all_of_them else sorted({changing[0], changing[-1]})
    for place in (each + side for each in commits for side in (0, 1)):
        killed = copied(template, folder / f"killed{place}")
        kill(killed, name, place)
        assert require_one_entry_for_each_effect(killed / DATABASE) == sum(each < place for each in changing)
        require_whole(killed)
        with suppress(KokuhoError, LookupError, ValueError, StopIteration):  # done before: refused, or nothing is left to do
            perform(killed, name)
        require_one_entry_for_each_effect(killed / DATABASE)
        require_whole(killed)


@pytest.mark.parametrize("name", ACTS)
def test_as_many_entries_as_effects(template: Path, tmp_path: Path, name: str) -> None:
    """Rules: S-4, S-5, S-27. Before and after the first and the last commit that changes anything."""
    look_behind_kills(template, tmp_path, name, all_of_them=False)


_ALWAYS: Final = ("register", "card use", "loss")
_SOMETIMES: Final = [pytest.param(name, marks=pytest.mark.long) for name in REGISTRATION_ACTS if name not in _ALWAYS]


@pytest.mark.parametrize("name", [*_ALWAYS, *_SOMETIMES])
def test_as_many_entries_as_effects_of_registration(registering: Path, tmp_path: Path, name: str) -> None:
    """Rules: R-1, S-4, S-5, S-27. The same of what goes to the intermediate server, and of what comes back."""
    look_behind_kills(registering, tmp_path, name, all_of_them=False)


@pytest.mark.long
@pytest.mark.parametrize("name", REGISTRATION_ACTS)
def test_as_many_entries_as_effects_of_registration_at_every_commit(
    registering: Path, tmp_path: Path, name: str
) -> None:
    """Rules: R-1, S-4, S-5, S-27. Before and after each."""
    look_behind_kills(registering, tmp_path, name, all_of_them=True)


@pytest.mark.long
@pytest.mark.parametrize("name", ACTS)
def test_as_many_entries_as_effects_at_every_commit(template: Path, tmp_path: Path, name: str) -> None:
    """Rules: S-4, S-5, S-27. Before and after each."""
    look_behind_kills(template, tmp_path, name, all_of_them=True)


def test_every_act_is_one_of_them() -> None:
    """Rules: S-4. What is not here is run and killed among the commands of the daily round."""
    from kokuho_core.access import AccessKind
    from kokuho_core.access import Operation as Act

    daily = {Act.INITIALISE, Act.RECEIVE, Act.RESOLVE, Act.DELIVER}
    here: set[Any] = {
        Act.RELEASE_GATE, Act.RECALL_FILE, Act.RUN_RETENTION, Act.DECIDE_IDENTITY, Act.DECIDE_APPROVAL, Act.CHANGE_RIGHTS,
        Act.ROTATE_KEYS, Act.DESTROY_KEY, Act.EXCHANGE_FILES, Act.CONFIRM_DECISION, Act.CHANGE_FACTOR, Act.TAKE_NOTICE,
        Act.BUILD_FILES, Act.APPLY_FILES, Act.HAND_OVER, Act.REGISTER, Act.TAKE_RESULTS, Act.LIST_DUE, Act.EXCHANGE_CARD_USE,
        Act.DECIDE_DOCUMENTS, Act.TAKE_COVERS, Act.DECIDE_LOSS, Act.EXCHANGE_SYMBOLS, Act.LOOK_UP_NUMBER,
        Act.RECONCILE,
    }  # fmt: skip
    on_files: set[Any] = {  # no row of theirs changes: counted against the files, tests/exchange/test_on_record.py
        Act.SEND_FILES, Act.TAKE_FILES, Act.MAKE_MEDIA_KEYS, Act.SCRUB_TRACES,
    }  # fmt: skip
    assert {each for each in Act if each.kind is AccessKind.WRITE} == daily | here | on_files
