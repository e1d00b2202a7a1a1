"""監査の控え: number and digest of the last entry, kept outside the database, so that a shortened log is noticed (S-5).

A file of lines, each added at its end and sealed with the audit key: ``number digest seal``. It should stand where those who
administer the database cannot write. Old lines are dropped when it grows; the newest ones stay.
"""

from __future__ import annotations

import hmac
import os
import re
from pathlib import Path
from typing import IO, Final

from attrs import frozen
from cryptography.hazmat.primitives.hmac import HMAC

from kokuho_adapters.durable_files import sync_file, write_durably
from kokuho_adapters.security.file_lock import locked
from kokuho_adapters.security.framing import framed

_LINE: Final = re.compile(r"([1-9]\d{0,18}) ([0-9a-f]{64}) ([0-9a-f]{64})", re.ASCII)
_WAIT_SECONDS: Final = 30.0
_MAX_BYTES: Final = 1_000_000
_KEPT_LINES: Final = 1000
_TAIL_BYTES: Final = 1024


@frozen
class Checkpoint:
    """控え: how many entries there were, and the digest of the last."""

    sequence: int
    mac: bytes


@frozen(eq=False, repr=False)
class CheckpointFile:
    """控えのファイル at ``path``, sealed by copies of ``seal_base``."""

    path: Path
    seal_base: HMAC

    def __repr__(self) -> str:
        return f"CheckpointFile({str(self.path)!r})"

    def kept(self) -> dict[int, bytes]:
        """Digest by number of every line that is kept: a log that was cut and has grown again differs from an earlier one.

        Raises :class:`ValueError` for a damaged line, :class:`OSError`.
        """
        try:
            lines = self.path.read_text("ascii").splitlines()
        except FileNotFoundError:
            return {}
        return {each.sequence: each.mac for each in map(self._read, lines)}

    def last(self) -> Checkpoint | None:
        """The newest line; None without a file. Raises :class:`ValueError` for a damaged one, :class:`OSError`."""
        try:
            with self.path.open("rb") as file:
                return self._newest_in(_tail(file))
        except FileNotFoundError:
            return None

    def _newest_in(self, tail: bytes) -> Checkpoint:
        *_, line, rest = ("", *tail.decode("ascii").split("\n"))
        if rest:
            raise ValueError("checkpoint damaged")
        return self._read(line)

    def _read(self, line: str) -> Checkpoint:
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError("checkpoint damaged")
        checkpoint = Checkpoint(int(found[1]), bytes.fromhex(found[2]))
        if not hmac.compare_digest(self._line(checkpoint).split(" ")[2], f"{found[3]}\n"):
            raise ValueError("checkpoint not sealed with this key")
        return checkpoint

    def advance(self, checkpoint: Checkpoint) -> None:
        """Keep ``checkpoint`` unless a later one is kept already; durable when it returns.

        Raises :class:`OSError`, :class:`ValueError` where the file is damaged.
        """
        with locked(self.path.with_name(f"{self.path.name}.lock"), _WAIT_SECONDS):
            with self.path.open("a+b") as file:
                before = self._whole_newest(file)
                if before is not None and before.sequence >= checkpoint.sequence:
                    return
                file.write(self._line(checkpoint).encode("ascii"))
                sync_file(file)
                grown = file.tell() > _MAX_BYTES
            if grown:
                self._drop_old()

    def _whole_newest(self, file: IO[bytes]) -> Checkpoint | None:
        """The newest line, after the rest of one that a crash cut short was taken away."""
        tail = _tail(file)
        if not tail.endswith(b"\n"):
            file.truncate(file.tell() - len(tail) + tail.rfind(b"\n") + 1)
            tail = _tail(file)
        return self._newest_in(tail) if tail else None

    def _drop_old(self) -> None:
        lines = self.path.read_bytes().splitlines(keepends=True)[-_KEPT_LINES:]
        write_durably(self.path, b"".join(lines))

    def _line(self, checkpoint: Checkpoint) -> str:
        seal = self.seal_base.copy()
        seal.update(framed(str(checkpoint.sequence), checkpoint.mac))
        return f"{checkpoint.sequence} {checkpoint.mac.hex()} {seal.finalize().hex()}\n"


def _tail(file: IO[bytes]) -> bytes:
    """Its last lines; it stands at its end then."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL_BYTES))
    return file.read()
