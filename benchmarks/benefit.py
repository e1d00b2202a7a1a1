"""給付の測定: a year of receipts of a prefecture through the bulk calculation, beside a columnar script that only adds up.

    python benchmarks/benefit.py --persons 300000 --processes 2

Both read the same generated file, each as a process of its own, in one run. What counts is the ratio.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kokuho_adapters.benefit.bulk import COLUMNS, HISTORY_COLUMNS, settle_file

if TYPE_CHECKING:
    from run import Cost


MONTHS = [202608, 202609, 202610, 202611, 202612, *range(202701, 202708)]
UNDER_70 = (("ア", 3), ("イ", 4), ("ウ", 25), ("エ", 38), ("オ", 30))
FROM_70 = (("現役並みⅢ", 2), ("現役並みⅡ", 2), ("現役並みⅠ", 5), ("一般", 52), ("低所得Ⅱ", 22), ("低所得Ⅰ", 17))


def drawn(rng: random.Random, classes: tuple[tuple[str, int], ...]) -> str:
    return rng.choices([name for name, _ in classes], [weight for _, weight in classes])[0]


def generate(persons: int, seed: int, receipts: Path, history: Path) -> int:
    """Synthetic receipts, ten a year for each person on average, most small, two in a hundred in hospital. Returns the lines."""
    rng = random.Random(seed)
    lines = household = made = 0
    with (
        receipts.open("w", encoding="utf-8", newline="") as out,
        history.open("w", encoding="utf-8", newline="") as past,
    ):
        out.write(",".join(COLUMNS) + "\n")
        past.write(",".join(HISTORY_COLUMNS) + "\n")
        while made < persons:
            household += 1
            number = f"{household:09d}"
            size = min(rng.choices((1, 2, 3, 4), (58, 30, 8, 4))[0], persons - made)
            ages = [2 if rng.random() < 0.32 else 1 for _ in range(size)]
            made += size
            if rng.random() < 0.02:
                past.writelines(f"{number},{month},1\n" for month in (202603, 202605, 202607))
            for line in _household_year(rng, number, ages):
                out.write(line)
                lines += 1
    return lines


def _household_year(rng: random.Random, number: str, ages: list[int]) -> Iterator[str]:
    younger, elder = drawn(rng, UNDER_70), drawn(rng, FROM_70)
    frail = [rng.random() < 0.06 for _ in ages]
    for month in MONTHS:
        for person, age in enumerate(ages):
            share = 30 if age == 1 or elder.startswith("現役") else 20
            monthly = 1.35 if age == 2 else 0.62
            for _ in range(_poisson(rng, monthly * (2.2 if frail[person] else 0.93))):
                inpatient = rng.random() < (0.09 if frail[person] else 0.008)
                points = int(rng.lognormvariate(10.4, 0.8) if inpatient else rng.lognormvariate(6.7, 0.85))
                marked = rng.random()
                houbetsu, cap = ("54", "10000") if marked < 0.008 else ("", "")
                disease = "1" if 0.008 <= marked < 0.011 else ""
                yield (
                    f"{number},{month},{younger},{elder},0,p{person},{age},0,h{rng.randrange(2000)},"
                    f"{1 if inpatient else 2},{int(rng.random() < 0.15)},{points},{share},,{int(inpatient)},,"
                    f"{disease},{houbetsu},{cap}\n"
                )


def _poisson(rng: random.Random, mean: float) -> int:
    limit, product, count = 2.718281828**-mean, rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def sums_only(receipts: Path) -> dict[str, int]:
    """What a columnar script does without the rules: copayments by household and month, and what is above one amount."""
    import polars as pl

    copay = (pl.col("points") * pl.col("share") / 10).round().cast(pl.Int64)
    sums = (
        pl.scan_csv(receipts)
        .group_by("household", "month")
        .agg(copay.sum().alias("paid"), (copay * (pl.col("age") == 2)).sum().alias("elder"))
        .with_columns((pl.col("paid") - 44_400).clip(0).alias("above"))
        .select(pl.len().alias("months"), pl.col("paid").sum(), pl.col("above").sum())
        .collect(engine="streaming")
    )
    return dict(zip(sums.columns, sums.row(0), strict=True))


def bulk(receipts: Path, history: Path, processes: int) -> dict[str, int]:
    found = {"months": 0, "multiple": 0, "in_kind": 0, "refund": 0}
    for month in settle_file(receipts, history, processes=processes):
        found["months"] += 1
        found["multiple"] += month.is_multiple
        found["in_kind"] += month.in_kind
        found["refund"] += month.refund
    return found


def measured(step: str, *args: str, folder: Path) -> tuple[Cost, dict[str, int]]:
    """One step as a process of its own. What is imported here stays out of the processes that the bulk path starts."""
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from run import run

    cost, printed = run([sys.executable, str(Path(__file__).resolve()), "--step", step, *args], folder)
    return cost, json.loads(printed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, nargs="+", default=[300_000])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--step", choices=("sums", "bulk"), help=argparse.SUPPRESS)
    parser.add_argument("--files", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step == "sums":
        print(json.dumps(sums_only(options.files[0])))
        return
    if options.step == "bulk":
        print(json.dumps(bulk(*options.files, options.processes)))
        return
    results = []
    print("| persons | receipts | sums alone | bulk | ratio | rows/s | peak sums | peak bulk | paid months |")
    print("|---|---|---|---|---|---|---|---|---|")
    for persons in options.persons:
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            receipts, history = folder / "receipts.csv", folder / "history.csv"
            started = time.perf_counter()
            lines = generate(persons, options.seed, receipts, history)
            generated = time.perf_counter() - started
            files = ("--files", str(receipts), str(history))
            turns = []
            for _ in range(options.repeat):
                sums, _ = measured("sums", *files, folder=folder)
                whole, found = measured("bulk", "--processes", str(options.processes), *files, folder=folder)
                turns.append((whole.wall / sums.wall, sums, whole, found))
            ratio, sums, whole, found = sorted(turns, key=lambda turn: turn[0])[len(turns) // 2]
            results.append(
                {
                    "persons": persons, "receipts": lines, "generated_s": generated, "sums_s": sums.wall,
                    "bulk_s": whole.wall, "ratio": ratio, "sums_peak_mb": sums.peak_mb, "bulk_peak_mb": whole.peak_mb,
                    **found,
                }
            )  # fmt: skip
            print(
                f"| {persons:,} | {lines:,} | {sums.wall:.2f} s | {whole.wall:.2f} s | {ratio:.1f} | "
                f"{lines / whole.wall:,.0f} | {sums.peak_mb or 0:.0f} MB | {whole.peak_mb or 0:.0f} MB | "
                f"{found['months']:,} |",
                flush=True,
            )
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
