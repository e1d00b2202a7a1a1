"""A process to be killed: rotates keys of a prefecture. ``python -m`` with the folder, the kind, the size of a batch and what
:mod:`tests.prefecture.steps` adds; it prints a line when it begins and one when it is done."""

from __future__ import annotations

import sys
from pathlib import Path

from attrs import evolve

from kokuho_adapters.composition import open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.security.key_rotation import rotate_data_keys, rotate_index_key, rotate_wrapping_keys

from ..prefecture.steps import announce

KINDS = {"data": rotate_data_keys, "index": rotate_index_key, "master": rotate_wrapping_keys}


def run(folder: Path, kind: str, batch: int, waits_at: int, stays: bool) -> int:
    database = folder / "kokuho.sqlite3"
    with open_installation(Configuration(database=f"sqlite:///{database.as_posix()}")) as installation:
        print("begun", flush=True)
        steps = announce(waits_at, stays=stays)
        KINDS[kind](evolve(installation.custody, batch=batch, pause_seconds=0))
        return steps()


if __name__ == "__main__":
    folder, kind, batch, waits_at, stays = sys.argv[1:]
    print("done", run(Path(folder), kind, int(batch), int(waits_at), stays == "1"), flush=True)
