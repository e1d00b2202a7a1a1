"""自庁の性能測定: the files of everybody, at the initial load and at the cut-over, beside writing the same rows with ``csv``.

    python benchmarks/office_build.py --persons 30000 300000 --repeat 3

Each step is a process of its own, so that time and peak memory are its own. Processor time is that of the second process too
where one helps, as it does for the command (``--alone``: without), and its peak memory stands behind the ``+``:

- ``csv``: the rows of both files as texts, written by ``csv`` and flushed to disk; the time is that of writing alone;
- ``raw``: what any program must do that writes these files from this database (``raw_office_build.py``): read, decipher, write
  with ``csv``, keep what was sent; no value is checked;
- ``load``: ``kokuho office load``, the history of an older system taken over, with every number put into the vault;
- ``build``: ``kokuho office build`` when nothing was sent: everybody is new, every number is opened, every line is kept;
- ``again``: the same when all of it was sent and waits once more, as corrections (a file refused whole, a cut-over).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from raw_office_build import build_raw
from sqlalchemy import update

from kokuho_adapters.composition import Installation, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.database.tables import office_row
from kokuho_adapters.garbage import collect_rarely
from kokuho_core.usecases import municipal_office
from kokuho_core.vocabulary.identifiers import InsurerNumber

WAIT = "wait"
"""Before ``again``, and not reported."""
STEPS = ("csv", "raw", "load", "build", "again")
INSURER = InsurerNumber("130013")
BATCH = 1000


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def timed(work: Callable[[], Any]) -> dict[str, float]:
    before, wall, cpu = peak_mb(), time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall": wall, "cpu": cpu, "peak_mb": peak_mb(), "grown_mb": peak_mb() - before}


def write_csv(folder: Path) -> dict[str, float]:
    """What was built, once more: read a batch at a time, and only its writing measured."""
    wall = cpu = 0.0
    for path in sorted((folder / "built").glob("*.csv")):
        copy = folder / "rows.csv"
        with path.open(encoding="utf-8", newline="") as source, copy.open("w", encoding="utf-8", newline="") as file:
            rows, writer = csv.reader(source), csv.writer(file, lineterminator="\r\n")
            while batch := list(islice(rows, BATCH)):
                started, used = time.perf_counter(), time.process_time()
                writer.writerows(batch)
                wall, cpu = wall + time.perf_counter() - started, cpu + time.process_time() - used
            started = time.perf_counter()
            file.flush()
            os.fsync(file.fileno())
            wall += time.perf_counter() - started
    return {"wall": wall, "cpu": cpu, "peak_mb": peak_mb(), "grown_mb": 0.0}


def opened(folder: Path, *, with_forerunner: bool) -> Installation:
    database = f"sqlite:///{(folder / 'kokuho.sqlite3').as_posix()}"
    return open_installation(Configuration(database=database), with_forerunner=with_forerunner)


def load(installation: Installation, folder: Path) -> None:
    register = installation.register()
    for path in sorted((folder / "files").glob("SK*_0001.csv")):
        municipal_office.load(installation.office, INSURER, installation.incoming(path, register), is_sent=False)


def build(installation: Installation, out: Path) -> None:
    out.mkdir()
    municipal_office.build(installation.office, INSURER, installation.sending(out, INSURER), str(out))


def raw(folder: Path) -> dict[str, float]:
    """On a copy of the database, with a cipher of the same kind that is ready."""
    database, out = folder / "raw.sqlite3", folder / "raw"
    with closing(sqlite3.connect(folder / "kokuho.sqlite3")) as source, closing(sqlite3.connect(database)) as copy:
        source.backup(copy)
        key = AESGCM(AESGCM.generate_key(256))
        index, number = b"i" * 32, b"900000000010"
        nonce = os.urandom(12)
        ciphertext = nonce + key.encrypt(nonce, number, index)
        copy.execute("UPDATE number_vault SET ciphertext = ?", (ciphertext,))
        copy.commit()
    out.mkdir()

    def decipher(ciphertext: bytes, _: bytes) -> str:
        return key.decrypt(ciphertext[:12], ciphertext[12:], index).decode("ascii")

    return timed(lambda: build_raw(database, out, INSURER, decipher))


def let_all_wait(installation: Installation) -> None:
    with installation.database.begin() as work:
        work.connection.execute(update(office_row).values(is_sent=True, waits_in=2))  # type: ignore[attr-defined]
        work.commit()


def one_step(step: str, folder: Path, *, alone: bool) -> dict[str, float]:
    collect_rarely()  # as the command does
    if step == "csv":
        return write_csv(folder)
    if step == "raw":
        return raw(folder)
    with opened(folder, with_forerunner=not alone) as installation:
        if step == "load":
            return timed(lambda: load(installation, folder))
        if step == WAIT:
            return timed(lambda: let_all_wait(installation))
        found = timed(lambda: build(installation, folder / ("built" if step == "build" else "built-again")))
    second = resource.getrusage(resource.RUSAGE_CHILDREN)
    found["cpu"] += second.ru_utime + second.ru_stime
    return found | {"second_peak_mb": second.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)}


# --- the whole ---


def prepared(persons: int, folder: Path) -> None:
    """An older system's files of so many people, and a database of which nobody knows anything yet."""
    files = folder / "files"
    database = f"sqlite:///{(folder / 'kokuho.sqlite3').as_posix()}"
    kokuho = [sys.executable, "-m", "kokuho_adapters.cli", "--database", database]
    for command in (
        ["generate", "--persons", str(persons), "--municipalities", "1", "--out", str(files)],
        ["init", "--prefecture", "13", "--insurers", str(files / "insurers.csv")],
    ):
        done = subprocess.run([*kokuho, *command], capture_output=True, check=False)
        if done.returncode != 0:
            raise SystemExit(done.stderr.decode("utf-8", "replace")[-2000:])


def measured(step: str, folder: Path, *, alone: bool) -> dict[str, float]:
    """One step in a process of its own."""
    call = [sys.executable, __file__, "--step", step, "--folder", str(folder), *(["--alone"] if alone else [])]
    return dict(json.loads(subprocess.run(call, stdout=subprocess.PIPE, check=True).stdout))


def records_in(path: Path) -> int:
    """Counted as they pass: what this process holds would count as the peak of the steps that it starts."""
    with path.open("rb") as file:
        return sum(1 for _ in file) - 2


def run(persons: int, repeat: int, work: Path, *, alone: bool) -> dict[str, Any]:
    """The medians of each step, and how many records there were."""
    base = work / "base"
    base.mkdir(parents=True)
    prepared(persons, base)
    found: dict[str, list[dict[str, float]]] = {step: [] for step in STEPS}
    records = 0
    for _ in range(repeat):
        turn = work / "turn"
        shutil.copytree(base, turn)
        for step in ("load", "raw", "build", "csv"):
            found[step].append(measured(step, turn, alone=alone))
        measured(WAIT, turn, alone=alone)
        found["again"].append(measured("again", turn, alone=alone))
        records = sum(records_in(path) for path in (turn / "built").glob("*.csv"))
        shutil.rmtree(turn)
    steps = {step: {key: median(each[key] for each in turns) for key in turns[0]} for step, turns in found.items()}
    return {"persons": persons, "records": records, "steps": steps}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--persons", type=int, nargs="+", default=[30_000, 300_000])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--alone", action="store_true", help="without a second process")
    parser.add_argument("--step", choices=(*STEPS, WAIT), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    if options.step is not None:
        print(json.dumps(one_step(options.step, options.folder, alone=options.alone)))
        return
    answers = []
    for persons in options.persons:
        with tempfile.TemporaryDirectory() as work:
            found = run(persons, options.repeat, Path(work), alone=options.alone)
        answers.append(found)
        least = found["steps"]["csv"]
        print(f"{persons:,} persons, {found['records']:,} records of both files\n")
        print("| step | wall s | ÷ csv | records/s | processor s | ÷ csv | ÷ raw | peak MB |")
        print("|---|---:|---:|---:|---:|---:|---:|---:|")
        for step in STEPS:
            each = found["steps"][step]
            second = f" + {each['second_peak_mb']:.0f}" if each.get("second_peak_mb") else ""
            print(
                f"| {step} | {each['wall']:.2f} | {each['wall'] / least['wall']:.1f} | {found['records'] / each['wall']:,.0f}"
                f" | {each['cpu']:.2f} | {each['cpu'] / least['cpu']:.1f}"
                f" | {each['cpu'] / found['steps']['raw']['cpu']:.1f} | {each['peak_mb']:.0f}{second} |"
            )
        print()
    if options.json is not None:
        options.json.write_text(json.dumps(answers, indent=2), "utf-8")


if __name__ == "__main__":
    main()
