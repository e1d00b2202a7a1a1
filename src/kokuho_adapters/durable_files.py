"""消えない書込み: files and names that a power failure does not take once a call has returned (S-27)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


def sync_file(file: IO[Any]) -> None:
    """What was written to ``file`` so far reaches the disk. Raises :class:`OSError`."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """The names in ``folder`` reach the disk, where folders can be synchronised (not on Windows). Raises :class:`OSError`."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_new(path: Path, content: bytes) -> None:
    """Write ``content`` to a file of one's own (mode 0600) that does not exist yet; its name is not synchronised.

    Raises :class:`FileExistsError` where something stands, :class:`OSError`.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        sync_file(file)


def write_durably(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path``, in the place of what stood there, complete or not at all. Raises :class:`OSError`."""
    descriptor, temporary = tempfile.mkstemp(prefix=".kokuho-", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            sync_file(file)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextmanager
def text_put_at(path: Path) -> Iterator[IO[str]]:
    """A text file (UTF-8, line ends as written) that gets its name once it is complete, and is gone otherwise.

    Raises :class:`OSError`.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
            sync_file(file)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)
