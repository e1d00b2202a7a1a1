"""安全の費用: what records, rights, encryption and the partition by municipality cost when files are received.

    python benchmarks/security_cost.py --persons 10000 --repeat 3

The same files are received with everything and with nothing of it, in turns in one process, on SQLite and on PostgreSQL:

* ``bare``: numbers are kept in clear, held files too, nobody is asked for a right, nothing is recorded; on PostgreSQL by a
  superuser, whom row-level security does not bind
* ``federation``: everything, by an operator of the federation
* ``clerk``: everything, by the operators of the municipalities, each inside its own rows

The bare kind exists here alone: no setting of the library turns any of this off. What counts is the ratio of processor time, of
this process and (on Linux) of the server: 1.5 at most is the aim. Wall time besides, which others on the machine disturb.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, cast

from attrs import evolve, frozen
from databases import Place, own_server
from run import PREFECTURE, Cost, StepFailed, middle, tell
from sqlalchemy import create_engine

from kokuho_adapters.composition import initialise, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.insurers_list import INSURERS_FILE, read_insurers
from kokuho_adapters.synthetic import generate_prefecture
from kokuho_core.access import AccessContext, Grant, Operation, Role, fiscal_year_end, operator_id
from kokuho_core.ports.keys import KeyRegister
from kokuho_core.ports.vault import SealedNumber
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases.gatekeeper import Admission, Gatekeeper
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.receive import receive
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber, NumberIndex

KINDS = ("bare", "federation", "clerk")


class ClearVault:
    """Numbers as they are, in the places of ciphertext and index."""

    def seal(
        self, _keys: KeyRegister, insurer: InsurerNumber, numbers: Sequence[IndividualNumber]
    ) -> list[SealedNumber]:
        clear = [each.reveal().encode() for each in numbers]
        return [SealedNumber(insurer, NumberIndex(each.rjust(32, b"0")), 1, "clear", each.rjust(40, b"0")) for each in clear]


class ClearContent:
    """A plain digest as fingerprint; the files here are never held."""

    def fingerprint(self, blocks: Iterable[bytes]) -> bytes:
        digest = hashlib.sha256()
        for block in blocks:
            digest.update(block)
        return digest.digest()


@frozen(eq=False)
class OpenDoor:
    """A gatekeeper that asks nobody and writes nothing."""

    keeper: Gatekeeper

    @contextmanager
    def admitted(
        self, operation: Operation, subject: str = "", insurer: InsurerNumber | None = None, purpose: str | None = None
    ) -> Iterator[Admission]:
        yield Admission(self.keeper, operation, None, None, subject, insurer, purpose or "")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.keeper, name)


def bare(office: Office) -> Office:
    keeper = cast(Gatekeeper, office.gatekeeper)
    return evolve(
        office,
        database=keeper.database,
        vault=cast(Any, ClearVault()),
        protection=cast(Any, ClearContent()),
        gatekeeper=cast(Any, OpenDoor(keeper)),
    )


def clerk_of(office: Office, insurer: str) -> Office:
    keeper = cast(Gatekeeper, office.gatekeeper)
    operator = operator_id(f"clerk-{insurer}")
    with keeper.database.begin() as work:
        now = keeper.clock.now()
        if not work.rights.all().of(operator, now):
            day, number = now.date(), work.rights.next_number()
            given = Grant(
                number, operator, Role.MUNICIPALITY, InsurerNumber(insurer), day, fiscal_year_end(day), "benchmark", now
            )
            work.rights.save([given])
            work.commit()
    own = evolve(keeper, context=AccessContext(operator, "benchmark"))
    return evolve(office, gatekeeper=own, database=evolve(cast(Any, office.database), gatekeeper=own))


def server_seconds(url: str) -> float:
    """Processor time of a server on this machine: of its first process, and of those it has begun and ended."""
    if not url.startswith("postgresql") or not Path("/proc").is_dir():
        return 0.0
    engine = create_engine(url)
    with engine.connect() as connection:
        folder = connection.exec_driver_sql("SHOW data_directory").scalar_one()
    engine.dispose()
    first = (Path(folder) / "postmaster.pid").read_text("ascii").split()[0]
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parts = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if stat.parent.name == first:
            ticks += sum(map(int, parts[11:15]))
        elif parts[1] == first:
            ticks += sum(map(int, parts[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def cost_to_receive(kind: str, files: Path, place: Callable[[Path], Place]) -> Cost:
    """All files, in the order of their names, into a new prefecture."""
    with tempfile.TemporaryDirectory(prefix="kokuho-benchmark-") as folder:
        found = place(Path(folder))
        configuration = Configuration(found.owner, key_ring=Path(folder) / "keys.json", allow_unbound_role=True)
        insurers = read_insurers(files / INSURERS_FILE, PREFECTURE)
        initialise(configuration, PREFECTURE, insurers)
        daily = evolve(configuration, database=found.owner if kind == "bare" else found.worker)
        with open_installation(daily) as opened:
            offices = {each.insurer_number: opened.office for each in insurers}
            if kind == "bare":
                offices = dict.fromkeys(offices, bare(opened.office))
            elif kind == "clerk":
                offices = {number: clerk_of(opened.office, number) for number in offices}
            register = opened.register()
            paths = sorted(files.glob("*_[0-9]*.csv"), key=lambda path: (path.name.split("_")[2], path.name))
            began, spent = time.perf_counter(), time.process_time() + server_seconds(found.owner)
            for path in paths:
                sender = InsurerNumber(path.name.split("_")[1])
                for answer in receive(offices[sender], opened.incoming(path, register)):
                    if answer.result is not FileResult.APPLIED or answer.counts.rejected:
                        raise StepFailed(f"{path.name}: {answer.result.value}")
            wall = time.perf_counter() - began
            return Cost(wall, time.process_time() + server_seconds(found.owner) - spent)


def measure(files: Path, repeat: int, place: Callable[[Path], Place]) -> dict[str, Cost]:
    """Medians, the kinds in turns."""
    found: dict[str, list[Cost]] = {kind: [] for kind in KINDS}
    for turn in range(repeat):
        for kind in KINDS[turn % 3 :] + KINDS[: turn % 3]:
            found[kind].append(cost_to_receive(kind, files, place))
            tell(f"  {kind}: {found[kind][-1].cpu:.2f} s of processors, {found[kind][-1].wall:.2f} s")
    return {kind: middle(costs) for kind, costs in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--persons", type=int, default=10_000)
    parser.add_argument("--municipalities", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()

    def sqlite(folder: Path) -> Place:
        url = f"sqlite:///{(folder / 'kokuho.sqlite3').as_posix()}"
        return Place(url, url)

    with tempfile.TemporaryDirectory(prefix="kokuho-benchmark-") as folder:
        files = Path(folder)
        generate_prefecture(options.persons, options.municipalities, options.seed, files, base_day=date(2024, 6, 1))
        tell("SQLite")
        result = {"sqlite": measure(files, options.repeat, sqlite)}
        tell("PostgreSQL")
        with own_server() as new_place:
            result["postgresql"] = measure(files, options.repeat, lambda _: new_place())
    print(f"receive, {options.persons} persons, {options.municipalities} municipalities, median of {options.repeat}")
    for name, costs in result.items():
        least = costs["bare"].cpu or 0.0
        told = ", ".join(f"{kind} {each.cpu or 0:.2f} s (x{(each.cpu or 0) / least:.2f})" for kind, each in costs.items())
        print(f"{name}: {told}")
    if options.json:
        kept = {name: {kind: asdict(each) for kind, each in costs.items()} for name, costs in result.items()}
        options.json.write_text(json.dumps({**vars(options), "costs": kept}, default=str, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
