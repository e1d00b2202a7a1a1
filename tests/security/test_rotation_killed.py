"""A rotation killed at any moment: nothing is lost, others go on, and another run brings it to its end (S-10, S-27)."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from kokuho_adapters.composition import Installation, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.security.key_custody import overview
from kokuho_core.ports.keys import KeyState

from ..aggregation.support import entered, insured
from ..prefecture.office import A, B, PrefectureOffice, number
from ..prefecture.steps import begin, finish, kill_at
from .sealed import by_number, key_ids_in

WORKER = "tests.security.rotation_worker"
BATCH = 10


def opened(folder: Path) -> Installation:
    return open_installation(Configuration(database=f"sqlite:///{(folder / 'kokuho.sqlite3').as_posix()}"))


def state(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    with opened(folder) as installation:
        return by_number(installation, folder / "kokuho.sqlite3")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[tuple[Any, ...]]], dict[str, int]]:
    """A prefecture before the rotation, its numbers, and how many steps each rotation takes undisturbed."""
    before = tmp_path_factory.mktemp("rotation") / "before"
    with PrefectureOffice(before) as office:
        office.persons(A, *[insured(A, str(n), n, str(n), end="2024-04-01") for n in range(1, 301)])
        office.persons(
            B,
            *[entered(B, f"8{n}", n, str(n), start="2024-04-01") for n in range(1, 151)],
            *[entered(B, f"9{n}", 900 + n, str(n), start="2024-04-01", previous=number(n)) for n in range(151, 200)],
        )
        office.resolve()
        office.receive(office.write("SKKOJIN", A, [insured(A, "700", 700)], sequence=5))
    steps = {}
    for kind in ("data", "index", "master"):
        folder = before.with_name(kind)
        shutil.copytree(before, folder)
        steps[kind] = finish(WORKER, folder, kind, BATCH)
    return before, state(before), steps


def killed_and_brought_to_an_end(prepared: Any, folder: Path, kind: str, kills: int, random: Random) -> None:
    """Kill rotations of one prefecture one after another, each at a step of its own, look at it each time, then let one end."""
    before, whole, steps = prepared
    shutil.copytree(before, folder)
    old = key_ids_in(folder / "kokuho.sqlite3")
    for kill in range(kills):
        # A rotation that goes on where the killed one stopped has fewer steps left than an undisturbed one.
        kill_at(WORKER, folder, kind, BATCH, at=random.randint(1, max(1, steps[kind] // (kill + 2))))
        assert state(folder) == whole
    finish(WORKER, folder, kind, BATCH)
    assert state(folder) == whole
    with opened(folder) as installation:
        found = overview(installation.custody)
        assert all(key.values in (0, None) for key in found.keys if key.state is not KeyState.CURRENT)
        assert not any(key.state is KeyState.REPLACED for key in found.keys)
    if kind == "data":
        assert not key_ids_in(folder / "kokuho.sqlite3") & old


@pytest.mark.parametrize("kind", ["data", "index", "master"])
def test_killed_a_few_times(prepared: Any, tmp_path: Path, kind: str) -> None:
    """Rules: S-10, S-27."""
    for n in range(2):
        killed_and_brought_to_an_end(prepared, tmp_path / str(n), kind, 2, Random(n))


@pytest.mark.long
@pytest.mark.parametrize("kind", ["data", "index", "master"])
def test_killed_a_hundred_times(prepared: Any, tmp_path: Path, kind: str) -> None:
    """Rules: S-10, S-27."""
    for n in range(34):
        killed_and_brought_to_an_end(prepared, tmp_path / str(n), kind, 3, Random(n))


@pytest.mark.parametrize("kind", ["data", "index"])
def test_killed_while_another_process_works(prepared: Any, tmp_path: Path, kind: str) -> None:
    """Rules: S-10, S-26, S-27. Files come in while rotations are killed; none is lost, and equal numbers stay one person."""
    before, whole, _ = prepared
    folder, random = tmp_path / "office", Random(7)
    shutil.copytree(before, folder)
    with PrefectureOffice(folder) as office:
        for turn in range(4):
            worker = begin(WORKER, folder, kind, BATCH)
            answer = office.receive(
                office.write("SKKOJIN", B, [entered(B, f"6{turn}", 200 + turn, "1", start="2024-04-01")], sequence=2 + turn)
            )
            assert answer[0].counts.accepted == 1
            office.resolve()
            time.sleep(random.uniform(0, 0.3))
            worker.kill()
            worker.communicate()
        finish(WORKER, folder, kind, BATCH)
        after = by_number(office.installation, office.database_file)
        assert set(whole["number_vault"]) < set(after["number_vault"])
        serials = {digits: serial for serial, digits in whole["person_number"]}
        assert {digits: serial for serial, digits in after["person_number"] if digits in serials} == serials
        for turn in range(4):
            assert (B, number(200 + turn)) in after["number_vault"]
