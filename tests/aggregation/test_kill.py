"""Killed at any moment: afterwards whole files stand or nothing of them, and another run ends in the same state (S-27)."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random
from typing import Any

import pytest

from kokuho_core.reception.ledger import FileResult

from ..prefecture.office import A, B, C, PrefectureOffice, high_cost, household
from ..prefecture.steps import finish, kill_at
from .support import Dump, dump, entered, insured

WORKER = "tests.aggregation.worker"
PERSONS = 200
KILLS = 54
PARTS = 6

# What two runs cannot have in common: sealed values and the numbering of the receipts themselves.
UNCOMPARED = {"number_vault": ["ciphertext"], "delivery": ["folder"]}


def workload(office: PrefectureOffice) -> None:
    """Families that move from A to B or C, some of them twice, with months of high cost; one file comes out of sequence."""
    rows: dict[tuple[str, str], list[list[dict[str, Any]]]] = {}

    def say(file_id: str, row: dict[str, Any], sequence: int = 1) -> None:
        files = rows.setdefault((file_id, row["insurer_number"]), [[], [], []])
        files[sequence - 1].append(row)

    for n in range(1, PERSONS + 1):
        name = str(n // 2)
        to, day = (B, C)[n % 2], f"2024-0{1 + n % 5}-01"
        say("SKKOJIN", insured(A, str(n), n, name))
        say("SKKOJIN", insured(A, str(n), n, name, kind="2", end=day), 2)
        if n % 7 == 0:
            say("SKKOJIN", insured(A, str(n), n, name, kind="3", end=day), 3)
        say("SKKOJIN", entered(to, f"8{n}", n, name, start=f"2024-0{1 + n % 5}-0{1 + (n % 11 == 0)}"))
        say("SKSETAI", household(A, name, str(n), history=1 + n % 2))
        say("SKSETAI", household(to, name, f"8{n}", start=day))
        say("KOGAKU", high_cost(A, name, f"2023-{1 + n % 12:02d}", occurrence="12"[n % 2]))
    for (file_id, sender), files in rows.items():
        for sequence, each in enumerate(files, 1):
            if each:
                office.write(file_id, sender, each, sequence)
    # read by name: the second file of A stands before the first, so it is held and released
    first, second = sorted(office.inbox.glob(f"SKKOJIN_{A}_*"))[:2]
    for path, stamp in ((first, "20240531235959"), (second, "20240531000000")):
        _, _, created, _ = path.name.split("_")
        path.write_bytes(path.read_bytes().replace(created.encode(), stamp.encode(), 1))
        path.rename(path.with_name(path.name.replace(created, stamp)))


def state(folder: Path) -> Dump:
    """Everything but what differs from run to run: sealed values, and the receipts of files given again."""
    database = folder / "kokuho.sqlite3"
    found = dump(database, columns_without=UNCOMPARED)
    duplicates = {
        row[0] for row in found["received_file"] if FileResult.DUPLICATE.value in row or FileResult.HELD.value in row
    }
    names = {row[0]: row[1] for row in found["received_file"]}
    for table, rows in found.items():
        if table == "received_file":
            found[table] = sorted(row[1:] for row in rows if row[0] not in duplicates)
        elif table in (
            "record_outcome",
            "gate_stop",
            "person_record",
            "household_record",
            "high_cost_record",
            "held_record",
            "held_content",
        ):
            found[table] = sorted(((names[row[0]], *row[1:]) for row in rows if row[0] not in duplicates), key=repr)
        elif table == "counter":
            found[table] = [row for row in rows if row[0] != "received_file"]
        elif table == "delivery":  # 処理結果 tells of the duplicates of the second run too
            found[table] = [row for row in rows if row[1] != "SHOKEKKA"]
    return found


FACTS = {"SKKOJIN": "person_record", "SKSETAI": "household_record", "KOGAKU": "high_cost_record"}
DERIVED = ("known_addressee", "finding", "move", "candidate", "returned_row")


def require_whole_files(folder: Path, whole: Dump) -> None:
    """Each file stands whole or not at all, and so does the result of resolve."""
    found = state(folder)
    applied = {row[0] for row in found["received_file"]}
    for table in FACTS.values():
        due = [row for row in whole[table] if row[0] in applied]
        assert found[table] == due, table
    for table in DERIVED[:-1]:
        assert found[table] in ([], whole[table]), table
    assert len(found["returned_row"]) in (0, len(whole["returned_row"]))
    assert set(found["person_record"]) <= set(whole["person_record"])
    assert [row for row in found["pending_person"] if not found["person_record"]] == []


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Dump, int]:
    """A prefecture before the work, what an undisturbed run makes of it, and how many steps that takes."""
    before = tmp_path_factory.mktemp("kill") / "before"
    with PrefectureOffice(before) as office:
        workload(office)
    undisturbed = before.with_name("undisturbed")
    shutil.copytree(before, undisturbed)
    steps = finish(WORKER, undisturbed)
    return before, state(undisturbed), steps


class TestKill:
    @pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.long) for part in range(1, PARTS))])
    def test_killed_at_random_moments(self, prepared: tuple[Path, Dump, int], part: int, tmp_path: Path) -> None:
        """Rules: X-1, X-2, X-13. Every other time right at a step, otherwise somewhere behind one."""
        before, whole, steps = prepared
        random = Random(part)
        for kill in range(KILLS // PARTS):
            folder = tmp_path / str(kill)
            shutil.copytree(before, folder)
            kill_at(WORKER, folder, at=random.randint(1, steps), after=random.uniform(0, 0.02) if kill % 2 else None)
            require_whole_files(folder, whole)
            finish(WORKER, folder)
            found = state(folder)
            for table, rows in whole.items():
                assert found[table] == rows, table
            require_whole_deliveries(folder)
            shutil.rmtree(folder)


def require_whole_deliveries(folder: Path) -> None:
    """Every file told of is there, complete; no other file has got its name."""
    names = {row[3] for row in dump(folder / "kokuho.sqlite3")["delivery"]}
    published = {path.name for path in (folder / "outbox").glob("*.csv")}
    assert published == names
    for name in names:
        lines = (folder / "outbox" / name).read_bytes().split(b"\r\n")
        assert lines[-2:] == [b"9,%d" % (len(lines) - 3), b""]
