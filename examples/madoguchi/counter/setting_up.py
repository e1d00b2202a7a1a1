"""準備: an installation of the library in the system's own folder. It keeps the individual numbers, their keys, the list of
insurers and the record of who did what; all the rest is in the system's own tables."""

from __future__ import annotations

import argparse
import os
import secrets
from pathlib import Path

from kokuho_adapters.composition import Installation, initialise, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.insurers_list import read_insurers

PREFECTURE = "13"
INSURER = "139519"
"""東見本市, whose counter this is."""


def opened(folder: Path) -> Installation:
    """The installation in ``folder``, made where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("outbox", "returned"):
        (folder / name).mkdir(exist_ok=True)
    file = folder / "numbers.sqlite3"
    configuration = Configuration(f"sqlite:///{file.as_posix()}")
    if not file.exists():
        insurers = read_insurers(Path(__file__).parent.parent / "insurers.csv", PREFECTURE)
        initialise(configuration, PREFECTURE, insurers)
    return open_installation(configuration)


def secret_of(folder: Path) -> str:
    """What signs sessions and forms; made once, readable by its owner alone."""
    file = folder / "secret"
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
            made.write(secrets.token_hex(32))
    return file.read_text()


def asked(description: str) -> argparse.Namespace:
    """Folder and port from the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--folder", type=Path, default=Path("madoguchi-data"), help="where everything is kept")
    parser.add_argument("--port", type=int, default=8000)
    return parser.parse_args()
