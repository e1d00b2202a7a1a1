"""性能測定: the whole job beside the least any program must do with the same files, in one run on one machine.

    python benchmarks/run.py --persons 100000 300000 --repeat 3 --json result.json

Every step is a process of its own, so that its wall time and peak memory are its own. What counts is the ratio.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

import kokuho_adapters
import kokuho_core
from kokuho_adapters.insurers_list import INSURERS_FILE, read_insurers
from kokuho_adapters.synthetic import generate_day, generate_prefecture

PREFECTURE = "13"
AS_OF = "2024-06-30"
RAW_PATH = Path(__file__).with_name("raw_path.py")
DONE, DONE_WITH_FINDINGS = 0, 3
GATES = "[gates]\nloss = { at_least = 1_000_000 }\n"
"""A day as large as on a large prefecture may end every tenth period of a small municipality, which a gate would stop."""
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(str(Path(each).resolve()) for each in sys.path if each)}
"""The steps run in a folder of their own and still find the library where this program found it."""
PACKAGES = (kokuho_core.__path__[0], kokuho_adapters.__path__[0])


@dataclass(frozen=True)
class Cost:
    """One step: wall and processor seconds, and the highest resident memory of a process in MB (None on Windows)."""

    wall: float
    cpu: float | None = None
    peak_mb: float | None = None

    def __add__(self, other: Cost) -> Cost:
        cpu = None if self.cpu is None or other.cpu is None else self.cpu + other.cpu
        peaks = [each for each in (self.peak_mb, other.peak_mb) if each is not None]
        return Cost(self.wall + other.wall, cpu, max(peaks, default=None))


def middle(costs: Sequence[Cost]) -> Cost:
    """The medians of several runs, each quantity for itself."""
    processor = [each.cpu for each in costs if each.cpu is not None]
    peaks = [each.peak_mb for each in costs if each.peak_mb is not None]
    return Cost(
        median(each.wall for each in costs),
        median(processor) if processor else None,
        median(peaks) if peaks else None,
    )


class StepFailed(Exception):
    """A step did not do its work, so its time means nothing."""


def run(command: Sequence[str], folder: Path) -> tuple[Cost, str]:
    """Run one process to its end. Returns what it cost and what it printed."""
    with tempfile.TemporaryFile(dir=folder) as printed, tempfile.TemporaryFile(dir=folder) as complained:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=printed, stderr=complained, cwd=folder, env=ENVIRONMENT)
        cost = _finished(process, started)
        printed.seek(0)
        complained.seek(0)
        if process.returncode not in (DONE, DONE_WITH_FINDINGS):
            told = complained.read().decode("utf-8", "replace")[-2000:]
            raise StepFailed(f"{' '.join(command[2:])}: exit {process.returncode}\n{told}")
        return cost, printed.read().decode("utf-8")


def _finished(process: subprocess.Popen[bytes], started: float) -> Cost:
    if not hasattr(os, "wait4"):  # Windows
        process.wait()
        return Cost(time.perf_counter() - started)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    in_mb = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / in_mb)


def compile_packages() -> None:
    """Compile the library as its installation does; where the environment forbids it, every step would do so anew."""
    for package in PACKAGES:
        compileall.compile_dir(package, quiet=1)


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Product:
    """The command line on a database of its own."""

    folder: Path
    insurers: tuple[str, ...]

    def call(self, *args: str) -> tuple[Cost, str]:
        database = f"sqlite:///{(self.folder / 'kokuho.sqlite3').as_posix()}"
        command = [sys.executable, "-m", "kokuho_adapters.cli", "--config", "kokuho.toml", "--database", database]
        return run([*command, *args], self.folder)

    def init(self, files: Path) -> Cost:
        (self.folder / "kokuho.toml").write_text(GATES, "utf-8")
        return self.call("init", "--prefecture", PREFECTURE, "--insurers", str(files / INSURERS_FILE))[0]

    def receive(self, files: Path, due: int) -> Cost:
        """Receive a folder, and see that every record was accepted."""
        cost, printed = self.call("receive", str(files), "--json")
        accepted = sum(each["accepted"] for each in json.loads(printed)["files"])
        if accepted != due:
            raise StepFailed(f"receive: {accepted} of {due} records were accepted")
        return cost

    def resolve(self) -> Cost:
        return self.call("resolve", "--as-of", AS_OF)[0]

    def deliver(self) -> Cost:
        """All insurers in one call."""
        each = [part for insurer in self.insurers for part in ("--insurer", insurer)]
        return self.call("deliver", *each, "--out", str(self.folder / "out"))[0]

    def start(self) -> Cost:
        """What a command costs that finds nothing to do: it is in every step."""
        return self.resolve()


@contextlib.contextmanager
def emptied(folder: Path) -> Iterator[Path]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def raw_path(files: Path, due: int, work: Path) -> Cost:
    """The least any program must do, from empty."""
    with emptied(work / "raw") as folder:
        cost, printed = run([sys.executable, str(RAW_PATH), str(files), str(folder / "raw.sqlite3")], folder)
    if json.loads(printed)["records"] != due:
        raise StepFailed("the raw path did not store every record")
    return cost


def measure_whole(persons: int, options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Everything from empty: in each turn the product between two raw paths, so that a machine whose speed changes in the
    meantime slows both."""
    with emptied(work / "files") as files:
        started = time.perf_counter()
        made = generate_prefecture(persons, options.municipalities, options.seed, files, PREFECTURE)
        generated = time.perf_counter() - started
        due = sum(made.records.values())
        insurers = tuple(each.insurer_number for each in read_insurers(files / INSURERS_FILE))
        costs: dict[str, list[Cost]] = {"raw": []}
        ratios: list[float] = []
        for turn in range(options.repeat):
            tell(f"{persons:,} persons, {due:,} records, turn {turn + 1} of {options.repeat}")
            costs["raw"].append(raw_path(files, due, work))
            with emptied(work / "product") as folder:
                product = Product(folder, insurers)
                steps = {
                    "init": product.init(files),
                    "receive": product.receive(files, due),
                    "resolve": product.resolve(),
                    "deliver": product.deliver(),
                }
                total = Cost(0.0, 0.0)
                for name, cost in steps.items():
                    costs.setdefault(name, []).append(cost)
                    if name != "init":
                        total += cost
                    tell(f"  {name}: {cost.wall:.2f} s")
                costs.setdefault("total", []).append(total)
                costs.setdefault("start", []).append(product.start())
            costs["raw"].append(raw_path(files, due, work))
            ratios.append(total.wall / mean(each.wall for each in costs["raw"][-2:]))
            tell(f"  total: {total.wall:.2f} s, {ratios[-1]:.1f} x raw")
    size = {"persons": persons, "records": due, "insurers": len(insurers), "generate_wall": generated}
    return size | {"ratios": ratios, "steps": {name: asdict(middle(each)) for name, each in costs.items()}}


def measure_day(persons: int, options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """One further day of changes on a prefecture that has been received, resolved and delivered."""
    with emptied(work / "files") as files, emptied(work / "product") as folder:
        made = generate_prefecture(persons, options.municipalities, options.seed, files, PREFECTURE)
        insurers = tuple(each.insurer_number for each in read_insurers(files / INSURERS_FILE))
        product = Product(folder, insurers)
        tell(f"{persons:,} persons: preparing for the day")
        product.init(files)
        product.receive(files, sum(made.records.values()))
        product.resolve()
        product.deliver()
        if hasattr(os, "sync"):  # the day comes when the disk has long had all that
            os.sync()
        costs: dict[str, list[Cost]] = {}
        records = 0
        for day in range(1, options.days + 1):
            with emptied(work / "day") as changes:
                told = generate_day(
                    persons,
                    options.municipalities,
                    options.seed,
                    changes,
                    PREFECTURE,
                    changes=options.day_changes,
                    day=day,
                )
                records = sum(told.records.values())
                steps = {
                    "receive": product.receive(changes, records),
                    "resolve": product.resolve(),
                    "deliver": product.deliver(),
                }
            total = Cost(0.0, 0.0)
            for name, cost in steps.items():
                costs.setdefault(name, []).append(cost)
                total += cost
                tell(f"  day {day} {name}: {cost.wall:.2f} s")
            costs.setdefault("total", []).append(total)
            costs.setdefault("start", []).append(product.start())
    size = {"persons": persons, "insurers": len(insurers), "changes": options.day_changes, "records": records}
    return size | {"days": options.days, "steps": {name: asdict(middle(each)) for name, each in costs.items()}}


def ratio(one: float, other: float) -> str:
    return f"{one / other:.1f}" if other else "–"


def in_mb(peak: float | None) -> str:
    return "–" if peak is None else f"{peak:,.0f}"


def starting(result: dict[str, Any], commands: int) -> float:
    """Wall seconds of starting the command that often."""
    start: float = result["steps"]["start"]["wall"]
    return start * commands


def whole_table(result: dict[str, Any]) -> Iterator[str]:
    steps = result["steps"]
    raw = steps["raw"]["wall"]
    yield f"### {result['persons']:,} persons, {result['records']:,} records, {result['insurers']} insurers"
    yield ""
    yield "| step | wall s | ÷ raw | processor s | peak MB |"
    yield "|---|---:|---:|---:|---:|"
    for name in ("raw", "init", "receive", "resolve", "deliver", "total"):
        step = steps[name]
        cpu = "–" if step["cpu"] is None else f"{step['cpu']:.2f}"
        yield f"| {name} | {step['wall']:.2f} | {ratio(step['wall'], raw)} | {cpu} | {in_mb(step['peak_mb'])} |"
    starts = starting(result, 3)
    yield ""
    turns = ", ".join(f"{each:.1f}" for each in result["ratios"])
    yield f"Total ÷ raw in each turn, beside the raw paths before and after it: {turns}; median {median(result['ratios']):.1f}."
    yield (
        f"Starting the command costs {steps['start']['wall']:.2f} s, {starts:.1f} s of the total; "
        f"without that {ratio(steps['total']['wall'] - starts, raw)} × raw. "
        f"Generating took {result['generate_wall']:.1f} s."
    )
    yield ""


def day_table(results: Sequence[dict[str, Any]]) -> Iterator[str]:
    least = results[0]
    yield f"### One day of {least['changes']:,} changes, medians of {least['days']}"
    yield ""
    yield "| step | " + " | ".join(f"{each['persons']:,} persons, s" for each in results) + " | ratio | peak MB |"
    yield "|---|" + "---:|" * (len(results) + 2)
    for name in ("receive", "resolve", "deliver", "total"):
        walls = [each["steps"][name]["wall"] for each in results]
        peak = in_mb(results[-1]["steps"][name]["peak_mb"])
        compared = " | ".join(f"{wall:.2f}" for wall in walls)
        yield f"| {name} | {compared} | {ratio(walls[-1], walls[0])} | {peak} |"
    beyond = [each["steps"]["total"]["wall"] - starting(each, 3) for each in results]
    yield ""
    yield f"Without starting the commands the ratio of the totals is {ratio(beyond[-1], beyond[0])}."
    yield ""


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--persons", type=int, nargs="*", default=[100_000], help="sizes of the whole job")
    parser.add_argument(
        "--day-persons", type=int, nargs="*", default=[30_000, 300_000], help="sizes to compare a day on"
    )
    parser.add_argument("--day-changes", type=int, default=2000)
    parser.add_argument("--municipalities", type=int, default=62)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=5, help="turns of which the median is told")
    parser.add_argument("--days", type=int, default=3, help="days of which the median is told")
    parser.add_argument("--work", type=Path, help="folder for files and databases (default: a temporary one)")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    return parser.parse_args(arguments)


def main() -> int:
    options = options_of()
    compile_packages()
    with contextlib.ExitStack() as stack:
        if options.work is None:
            work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kokuho-benchmark-")))
        else:
            options.work.mkdir(parents=True, exist_ok=True)
            work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="run-", dir=options.work.resolve())))
        try:
            whole = [measure_whole(persons, options, work) for persons in options.persons]
            days = [measure_day(persons, options, work) for persons in options.day_persons]
        except StepFailed as failed:
            tell(str(failed))
            return 1
    machine = {"python": platform.python_version(), "system": platform.system(), "processors": os.cpu_count()}
    print(f"Python {machine['python']}, {machine['system']}, {machine['processors']} processors, ", end="")
    print(f"medians of {options.repeat}\n")
    for result in whole:
        print("\n".join(whole_table(result)))
    if days:
        print("\n".join(day_table(days)))
    if options.json is not None:
        text = json.dumps({"machine": machine, "repeat": options.repeat, "whole": whole, "day": days}, indent=2)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
