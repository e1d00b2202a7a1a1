"""仮置き: bytes are copied to a private place while they are hashed; only those bytes are used from then on (S-13)."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from attrs import frozen

from kokuho_adapters.durable_files import sync_file
from kokuho_core.errors import FileRefused, Problem

BLOCK_BYTES: Final = 1 << 20
STAGING_PREFIX: Final = ".kokuho-"
STAGING_SUFFIX: Final = ".staging"
_FORGOTTEN_SECONDS: Final = 2 * 24 * 3600


@frozen
class Digest:
    """大きさとSHA-256: ``size`` in bytes, ``sha256`` as 64 lower-case hexadecimal digits."""

    size: int
    sha256: str


def open_regular(path: Path) -> IO[bytes]:
    """``path`` opened for reading, if it is a plain file and no link to one.

    Raises :class:`FileRefused` (KKH-F015) when it cannot be read, (KKH-E003) when it is a link or no plain file.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        if path.is_symlink():
            raise FileRefused(Problem("KKH-E003", field="link"))
        descriptor = os.open(path, flags)
    except OSError:
        raise FileRefused(Problem("KKH-F015")) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileRefused(Problem("KKH-E003", field="no plain file"))
    return os.fdopen(descriptor, "rb")


def blocks_of(source: IO[bytes]) -> Iterator[bytes]:
    """The rest of ``source``, a megabyte at a time."""
    while block := source.read(BLOCK_BYTES):
        yield block


def digest_of(path: Path) -> Digest:
    """Size and hash of a file as it is read now."""
    with open_regular(path) as source:
        return _digest(blocks_of(source))


def _digest(blocks: Iterator[bytes]) -> Digest:
    sha256, size = hashlib.sha256(), 0
    for block in blocks:
        sha256.update(block)
        size += len(block)
    return Digest(size, sha256.hexdigest())


def copy_hashed(source: IO[bytes], target: Path, most: int) -> Digest:
    """Copy ``source`` to the new file ``target``, durably; the digest is that of the bytes copied.

    Stops with :class:`FileRefused` (KKH-E004) after ``most`` bytes, however much more there may be.
    """
    return write_hashed(blocks_of(source), target, most)


def write_hashed(blocks: Iterator[bytes], target: Path, most: int) -> Digest:
    """As :func:`copy_hashed`, from blocks."""
    with target.open("xb") as file:
        digest = _digest(_written(blocks, file, most))
        sync_file(file)
    return digest


def _written(blocks: Iterator[bytes], file: IO[bytes], most: int) -> Iterator[bytes]:
    left = most
    for block in blocks:
        left -= len(block)
        if left < 0:
            raise FileRefused(Problem("KKH-E004", field="size"))
        file.write(block)
        yield block


@contextmanager
def private_folder(beside: Path) -> Iterator[Path]:
    """A folder of one's own on the same disk as ``beside``, gone afterwards with all that is still in it."""
    beside.mkdir(parents=True, exist_ok=True)
    _remove_forgotten(beside)
    made = Path(tempfile.mkdtemp(prefix=STAGING_PREFIX, suffix=STAGING_SUFFIX, dir=beside))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _remove_forgotten(beside: Path) -> None:
    """What a run left that was killed: whole days old, so that nobody works in it any more."""
    for each in beside.glob(f"{STAGING_PREFIX}*{STAGING_SUFFIX}"):
        try:
            if time.time() - each.stat().st_mtime > _FORGOTTEN_SECONDS:
                shutil.rmtree(each, ignore_errors=True)
        except OSError:
            continue
