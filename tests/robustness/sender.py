"""A process that gives one file to ``receive``, and may die around the commit. Run as a script:
``sender.py FOLDER FILE whole|before|after N``. It prints «ready», waits for a line on its input, and prints each answer.
With ``before`` or ``after`` it dies there at the Nth commit, as a process does that is killed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from kokuho_adapters.composition import open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.database.unit_of_work import SqlUnitOfWork
from kokuho_core.usecases.receive import receive

DIED = 9


def die_around_commit(moment: str, number: int) -> None:
    real, seen = SqlUnitOfWork.commit, -1  # the first commit is that of the admission

    def commit(work: SqlUnitOfWork) -> None:
        nonlocal seen
        seen += 1
        if seen == number and moment == "before":
            os._exit(DIED)
        real(work)
        if seen == number:
            os._exit(DIED)

    SqlUnitOfWork.commit = commit  # type: ignore[method-assign,assignment]


def run(folder: Path, file: Path, moment: str, number: int) -> None:
    database = folder / "kokuho.sqlite3"
    with open_installation(Configuration(database=f"sqlite:///{database.as_posix()}")) as installation:
        incoming = installation.incoming(file, installation.register())
        if moment != "whole":
            die_around_commit(moment, number)
        print("ready", flush=True)
        sys.stdin.readline()
        for answer in receive(installation.office, incoming):
            print(answer.file, answer.result.value, answer.counts.accepted, flush=True)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
