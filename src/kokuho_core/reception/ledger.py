"""受渡簿: which sequence numbers of one sender and file kind were used, and what to do with the next file (X-2)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from attrs import frozen

from kokuho_core.vocabulary.identifiers import InsurerNumber

FIRST_SEQUENCE: Final = 1
"""通番の初め: when it is applied, nothing of its kind was received from its sender before (X-2)."""


class FileResult(StrEnum):
    """受付結果 of one file."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    HELD = "held"
    REJECTED = "rejected"


@frozen
class LedgerEntry:
    """One file that used or waits for its sequence number. ``fingerprint`` is the keyed digest of its content."""

    name: str
    sequence: int
    fingerprint: bytes
    result: FileResult


@frozen
class Ledger:
    """受渡簿 of one (sender, FILE_ID).

    ``last_applied`` is the highest sequence applied, 0 before the first. Sequences begin with :data:`FIRST_SEQUENCE` and are
    applied without a break, so every sequence up to it was used.
    """

    sender: InsurerNumber
    file_id: str
    last_applied: int

    @property
    def next_sequence(self) -> int:
        return self.last_applied + 1

    def judge(
        self, name: str, sequence: int, fingerprint: bytes, known: LedgerEntry | None
    ) -> tuple[FileResult, str | None]:
        """What becomes of a file that says ``sequence``, with the error code that tells why it is not applied.

        ``known`` is the entry that already stands under this sequence, applied or held.
        """
        if known is not None:
            if known.name != name or known.fingerprint != fingerprint:
                return FileResult.REJECTED, "KKH-F020"
            if known.result is FileResult.APPLIED:
                return FileResult.DUPLICATE, "KKH-F022"
        elif sequence < self.next_sequence:
            return FileResult.REJECTED, "KKH-F020"  # used, and its line was disposed of since (S-33)
        if sequence > self.next_sequence:
            return FileResult.HELD, "KKH-F021"
        return FileResult.APPLIED, None
