"""A process to be killed: receives every file of a folder by name, resolves and delivers. ``python -m`` with the folder of an
initialised prefecture and what :mod:`tests.prefecture.steps` adds; it prints a line when it begins and one when it is done."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path

from kokuho_adapters.composition import open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_core.usecases.deliver import deliver
from kokuho_core.usecases.receive import receive, release_held
from kokuho_core.usecases.resolve import resolve

from ..prefecture.steps import announce


class StandingClock:
    """One moment for everything, so that two runs keep the same."""

    def now(self) -> datetime:
        return datetime(2024, 6, 1, 9, 0, 0)

    def today(self) -> date:
        return date(2024, 6, 1)


def run(folder: Path) -> None:
    database = folder / "kokuho.sqlite3"
    with open_installation(
        Configuration(database=f"sqlite:///{database.as_posix()}"), clock=StandingClock()
    ) as installation:
        register = installation.register()
        list(release_held(installation.office))
        for path in sorted((folder / "inbox").iterdir()):
            receive(installation.office, installation.incoming(path, register))
        resolve(installation.office, date(2024, 6, 30))
        outbox = folder / "outbox"
        for insurer in register:
            deliver(installation.office, insurer.insurer_number, installation.outgoing(outbox), str(outbox))


if __name__ == "__main__":
    print("begun", flush=True)
    steps = announce(int(sys.argv[2]), stays=sys.argv[3] == "1")
    run(Path(sys.argv[1]))
    print("done", steps(), flush=True)
