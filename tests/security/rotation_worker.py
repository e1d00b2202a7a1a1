"""A process to be killed: rotates keys of a prefecture. Run as a script with the folder, the kind, the size of a batch and the
step at which it waits to be killed (0: never). A step is a statement to the database or a file put in its place. It prints a
line when it begins, one when it waits, and the number of steps when it is done."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path
from typing import Any

from attrs import evolve
from sqlalchemy import Engine, event

from kokuho_adapters.composition import open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.security.key_rotation import rotate_data_keys, rotate_index_key, rotate_wrapping_keys

KINDS = {"data": rotate_data_keys, "index": rotate_index_key, "master": rotate_wrapping_keys}


def run(folder: Path, kind: str, batch: int, waits_at: int) -> int:
    database = folder / "kokuho.sqlite3"
    steps = count(1)

    def step() -> None:
        if next(steps) == waits_at:
            print("waiting", flush=True)
            sys.stdin.read()

    def replaced(name: str, _arguments: Any) -> None:
        if name == "os.rename":
            step()

    with open_installation(Configuration(database=f"sqlite:///{database.as_posix()}")) as installation:
        print("begun", flush=True)
        event.listen(Engine, "before_cursor_execute", lambda *_: step())
        sys.addaudithook(replaced)
        KINDS[kind](evolve(installation.custody, batch=batch, pause_seconds=0))
        return next(steps) - 1


if __name__ == "__main__":
    print("done", run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])), flush=True)
