"""A process to be killed: rotates keys of a prefecture. Run as a script with the folder, the kind and the size of a batch; it
prints a line when it begins and one when it is done."""

from __future__ import annotations

import sys
from pathlib import Path

from attrs import evolve

from kokuho_adapters.composition import open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.security.key_rotation import rotate_data_keys, rotate_index_key, rotate_wrapping_keys

KINDS = {"data": rotate_data_keys, "index": rotate_index_key, "master": rotate_wrapping_keys}


def run(folder: Path, kind: str, batch: int) -> None:
    database = folder / "kokuho.sqlite3"
    with open_installation(Configuration(database=f"sqlite:///{database.as_posix()}")) as installation:
        print("begun", flush=True)
        KINDS[kind](evolve(installation.custody, batch=batch, pause_seconds=0))


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    print("done", flush=True)
