"""登録の性能測定(ファイル連携): registering people by file beside writing the same rows with ``csv``.

    python benchmarks/registration_file.py --persons 20000 100000 --repeat 3

Each step is a process of its own, so that time and peak memory are its own. What is compared is alike:

- ``csv``: the rows as texts, written by ``csv`` and flushed to disk: no check, no number opened;
- ``channel``: the same rows through the gateway of the folder: formatted by the layout, checked, hashed, with its 送付状;
- ``raw``: what any program must do that registers from this database, and no more (``raw_registration.py``): one joined query,
  a number deciphered per person, a file by ``csv``, one row in each of the two tables of the queue; nothing is judged;
- ``register``: the whole of ``kokuho register`` for people who are registered for the first time. Its parts: ``prepare``
  (versions and queue from everything that was received and resolved) and ``send`` (from the queue through the channel).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from statistics import median
from typing import Any

from raw_registration import register_raw

from kokuho_adapters.composition import Installation, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.files import LayoutBook
from kokuho_adapters.garbage import collect_rarely
from kokuho_adapters.registry.folder_channel import FolderGateway
from kokuho_core.entrusted_partition.exchanged import Exchange, RecordKey, RegistrationLine
from kokuho_core.ports.registry import Batch
from kokuho_core.usecases.register import prepare, register
from kokuho_core.vocabulary.check_digits import individual_number_digit
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId
from kokuho_core.vocabulary.individual_number import IndividualNumber

STEPS = ("csv", "channel", "raw", "prepare", "send")
WHOLE = "register"
INSURER = InsurerNumber("130013")
DATABASE = "kokuho.sqlite3"
MADE_AT = datetime(2026, 4, 1, 9)
START, NOTICE = date(2026, 4, 1), date(2026, 4, 2)
TEXTS = ("東見", "見本太郎", "ミホンタロウ", "東見本市本町一丁目2番3号")


def digits(person: int) -> str:
    """An invented number."""
    payload = f"97{person:09d}"
    return payload + str(individual_number_digit(payload))


def lines(persons: int) -> Iterator[RegistrationLine]:
    """People as the use cases have them."""
    symbol, name, kana, address = TEXTS
    for person in range(persons):
        yield RegistrationLine(
            INSURER, RecordKey(f"K{person:09d}"), "1", IndividualNumber.checked(digits(person)),
            MunicipalInsuredId(f"M{person:08d}"), symbol, f"{person:07d}", "01", name, kana, None, None, None, None, "0",
            date(1940 + person % 80, 1 + person % 12, 1 + person % 28), "2", address, START, None, None, START, None, "0",
            "0", NOTICE,
        )  # fmt: skip


def rows(persons: int) -> Iterator[list[str]]:
    """The same people as texts."""
    symbol, name, kana, address = TEXTS
    for person in range(persons):
        born = f"{1940 + person % 80:04d}{1 + person % 12:02d}{1 + person % 28:02d}"
        yield [
            "2", INSURER, f"K{person:09d}", "1", digits(person), f"M{person:08d}", symbol, f"{person:07d}", "01", name, kana,
            "", "", "", "", "0", born, "2", address, "20260401", "", "", "20260401", "", "0", "0", "20260402",
        ]  # fmt: skip


def timed(work: Callable[[], Any]) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak_mb": peak}


def write_csv(persons: int, folder: Path) -> None:
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerows(rows(persons))
        file.flush()
        os.fsync(file.fileno())


def gateway_in(folder: Path, book: LayoutBook) -> FolderGateway:
    return FolderGateway(folder / "to", folder / "from", folder / "own", book, datetime.now)


def send_through(persons: int, gateway: FolderGateway) -> None:
    gateway.send(Batch(Exchange.REGISTRATION, INSURER, 1, MADE_AT, persons, lambda: lines(persons)))


def one_step(step: str, persons: int, folder: Path) -> dict[str, float]:
    collect_rarely()  # as the command does
    if step == "csv":
        return timed(lambda: write_csv(persons, folder))
    if step == "channel":
        gateway = gateway_in(folder, LayoutBook.shipped())
        return timed(lambda: send_through(persons, gateway))
    if step == "raw":
        return timed(lambda: register_raw(folder / DATABASE, folder / "raw.csv", INSURER))
    with opened(folder) as installation:
        if step == "prepare":
            return timed(lambda: prepare(installation.office, INSURER))
        gateway = gateway_in(folder, installation.book)
        return timed(lambda: register(installation.office, INSURER, gateway))


def opened(folder: Path) -> Installation:
    return open_installation(Configuration(database=f"sqlite:///{(folder / DATABASE).as_posix()}"))


# --- the whole ---


def resolved(persons: int, folder: Path) -> None:
    """A database with so many people of one municipality, received and resolved."""
    files = folder / "files"
    database = f"sqlite:///{(folder / DATABASE).as_posix()}"
    kokuho = [sys.executable, "-m", "kokuho_adapters.cli", "--database", database]
    for command, codes in (
        (["generate", "--persons", str(persons), "--municipalities", "1", "--out", str(files)], (0,)),
        (["init", "--prefecture", "13", "--insurers", str(files / "insurers.csv")], (0,)),
        (["receive", str(files)], (0, 3)),
        (["resolve", "--as-of", "2024-06-30"], (0, 3)),
    ):
        done = subprocess.run([*kokuho, *command], capture_output=True, check=False)
        if done.returncode not in codes:
            raise SystemExit(done.stderr.decode("utf-8", "replace")[-2000:])
    shutil.rmtree(files)


def measured(step: str, persons: int, folder: Path) -> dict[str, float]:
    """One step in a process of its own."""
    call = [sys.executable, __file__, "--persons", str(persons), "--step", step, "--folder", str(folder)]
    return dict(json.loads(subprocess.run(call, capture_output=True, check=True).stdout))


def run(persons: int, repeat: int, work: Path) -> dict[str, dict[str, float]]:
    """The medians of each step."""
    base = work / f"base-{persons}"
    base.mkdir(parents=True)
    resolved(persons, base)
    found: dict[str, list[dict[str, float]]] = {step: [] for step in (*STEPS, WHOLE)}
    for _ in range(repeat):
        for steps in (("csv", "channel", "raw"), ("prepare", "send")):  # the raw path spoils the database for the other
            turn = work / "turn"
            shutil.copytree(base, turn)
            for step in steps:
                found[step].append(measured(step, persons, turn))
            shutil.rmtree(turn)
        parts = [found[step][-1] for step in ("prepare", "send")]
        found[WHOLE].append(
            {
                "wall": sum(each["wall"] for each in parts),
                "cpu": sum(each["cpu"] for each in parts),
                "peak_mb": max(each["peak_mb"] for each in parts),
            }
        )
    return {step: {key: median(each[key] for each in turns) for key in turns[0]} for step, turns in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--persons", type=int, nargs="*", default=[20_000, 100_000])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    if options.step is not None:
        print(json.dumps(one_step(options.step, options.persons[0], options.folder)))
        return
    found = {}
    print("| persons | step | wall s | processor s | ÷ csv | ÷ raw | persons/s | peak MB |")
    print("|---:|---|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as work:
        for persons in options.persons:
            steps = found[persons] = run(persons, options.repeat, Path(work))
            for step, each in steps.items():
                by_csv, by_raw = (each["wall"] / steps[other]["wall"] for other in ("csv", "raw"))
                print(
                    f"| {persons:,} | {step} | {each['wall']:.2f} | {each['cpu']:.2f} | {by_csv:.1f} | {by_raw:.1f}"
                    f" | {persons / each['wall']:,.0f} | {each['peak_mb']:.0f} |"
                )
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2), "utf-8")


if __name__ == "__main__":
    main()
