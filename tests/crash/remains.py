"""遺留物: what a killed process leaves, without killing it at every operation.

Whatever a process did not give to the operating system dies with it; the files are all that is left. Most operations (reading,
statements of a transaction that was not committed) leave the files as they were, so many moments of death leave the same. One run
in a process of its own is watched at every operation, and wherever the files are others than at any moment before they are
copied. Going on from each copy is going on from every moment.
"""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Final

from attrs import frozen

from .operations import Meet, Operation

HOW: Final = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
_SHARED_MEMORY: Final = "-shm"
"""SQLite's index of the log, which the first process that opens the database after a death makes anew."""


@frozen
class Remains:
    """``moments``: operations that were watched; ``folders``: one copy for each state of the files that stood at some of them."""

    moments: int
    folders: tuple[Path, ...]


def fingerprint(folder: Path) -> bytes:
    """By which two states of the files are told apart."""
    digest = blake2b()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.endswith(_SHARED_MEMORY):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return digest.digest()


def remains_of(act: Callable[[Path, Meet], None], folder: Path, kept: Path) -> Remains:
    """Let ``act`` run on ``folder`` in a process of its own, and keep what stood at each moment below ``kept``."""
    kept.mkdir()
    process = multiprocessing.get_context(HOW).Process(target=_watch, args=(act, folder, kept))
    process.start()
    process.join()
    assert process.exitcode == 0, "it did not come to its end"
    moments = int((kept / "moments").read_text("ascii"))
    return Remains(moments, tuple(sorted(_copies(kept))))


def _copies(kept: Path) -> Iterator[Path]:
    return (each for each in kept.iterdir() if each.is_dir())


def _watch(act: Callable[[Path, Meet], None], folder: Path, kept: Path) -> None:
    seen: set[bytes] = set()
    moments = count()

    def meet(_: Operation) -> None:
        number = next(moments)
        stands = fingerprint(folder)
        if stands not in seen:
            seen.add(stands)
            shutil.copytree(folder, kept / f"{number:05d}")

    act(folder, meet)
    (kept / "moments").write_text(str(next(moments)), "ascii")
