"""入力パス: files and folders given on the command line, in the order in which they are to be taken."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from attrs import frozen

from kokuho_adapters.files import FileName
from kokuho_adapters.insurers_list import INSURERS_FILE
from kokuho_core.errors import FileRefused

_LAST: Final = datetime.max


@frozen
class GivenPaths:
    """The files to take, and the paths that lead nowhere."""

    files: tuple[Path, ...]
    missing: tuple[Path, ...]


def expand(paths: Iterable[Path]) -> GivenPaths:
    """Folders become their ``*.csv`` files by time of creation, sequence and name; files stay where they were given."""
    files: list[Path] = []
    missing: list[Path] = []
    for path in paths:
        if path.is_dir():
            files.extend(csv_files(path))
        elif path.is_file():
            files.append(path)
        else:
            missing.append(path)
    return GivenPaths(tuple(files), tuple(missing))


def csv_files(folder: Path) -> list[Path]:
    """The files of a folder in the order of sequences. The list of insurers, which may lie beside them, is left out."""
    found = [
        each for each in folder.iterdir() if each.suffix == ".csv" and each.name != INSURERS_FILE and each.is_file()
    ]
    return sorted(found, key=_order)


def _order(path: Path) -> tuple[datetime, int, str]:
    try:
        name = FileName.parse(path.name)
    except FileRefused:
        return (_LAST, 0, path.name)
    return (name.created_at, name.sequence, path.name)
