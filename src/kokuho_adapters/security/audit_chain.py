"""監査記録の連鎖: each entry's HMAC-SHA-256 covers the entry, its number and the digest before it (S-5).

Whoever has the database but not the key can neither change an entry nor make one. The key is derived from the prefecture's
fingerprint key, which is never rotated and never destroyed while the installation lives.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from pathlib import Path

from attrs import frozen
from cryptography.hazmat.primitives.hmac import HMAC

from kokuho_adapters.security.audit_checkpoint import Checkpoint, CheckpointFile
from kokuho_adapters.security.data_keys import OpenedKey
from kokuho_adapters.security.framing import framed
from kokuho_core.ports.audit import AuditEntry, AuditStore, ChainedEntry

_BEGINNING = b"kokuho audit log begins here"


class ChainFault(Enum):
    """連鎖の誤り of the first entry that is not as it was written."""

    CHANGED = "changed"
    """改変: its content or its place is not what its digest says; a removed entry before it shows so too."""
    MISSING = "missing"
    """欠番: entries before it are gone."""
    UNREADABLE = "unreadable"
    """It cannot be an entry at all."""
    TRUNCATED = "truncated"
    """末尾の欠落: the checkpoint knows of later entries, or of another one in its place."""
    NO_CHECKPOINT = "no_checkpoint"
    """控えがないか、壊れている."""


@frozen
class Verification:
    """検証の結果: ``first_bad`` is the number of the first entry that does not hold, None when all do."""

    entries: int
    checkpoint: int | None
    fault: ChainFault | None = None
    first_bad: int | None = None

    @property
    def holds(self) -> bool:
        return self.fault is None


@frozen(eq=False, repr=False)
class ChainedAuditLog:
    """:class:`kokuho_core.ports.audit.AuditLog` with a keyed chain and a checkpoint file."""

    _entries: HMAC
    checkpoint: CheckpointFile

    @classmethod
    def with_key(cls, key: OpenedKey, checkpoint: Path) -> ChainedAuditLog:
        return cls(key.audit("entry"), CheckpointFile(checkpoint, key.audit("checkpoint")))

    def __repr__(self) -> str:
        return f"ChainedAuditLog({self.checkpoint!r})"

    def append(self, store: AuditStore, entry: AuditEntry) -> ChainedEntry:
        sequence, before = store.take_turn() or (0, _BEGINNING)
        chained = ChainedEntry(sequence + 1, entry, self._mac(sequence + 1, before, entry))
        store.add(chained)
        return chained

    def witness(self, chained: ChainedEntry) -> None:
        self.checkpoint.advance(Checkpoint(chained.sequence, chained.mac))

    def verify(self, entries: Iterable[ChainedEntry]) -> Verification:
        """Go through the whole chain, which must be read at one moment, and compare it with all that the checkpoint keeps."""
        try:
            checkpoint, witnessed = self.checkpoint.last(), self.checkpoint.kept()
            checkpoint_fault = checkpoint is None
        except (OSError, ValueError):
            checkpoint, witnessed, checkpoint_fault = None, {}, True
        known = checkpoint.sequence if checkpoint is not None else None
        count, before = 0, _BEGINNING
        reading = iter(entries)
        while True:
            try:
                chained = next(reading, None)
            except (ValueError, TypeError):
                return Verification(count, known, ChainFault.UNREADABLE, count + 1)
            if chained is None:
                break
            if chained.sequence != count + 1:
                return Verification(count, known, ChainFault.MISSING, count + 1)
            if not hmac.compare_digest(self._mac(chained.sequence, before, chained.entry), bytes(chained.mac)):
                return Verification(count, known, ChainFault.CHANGED, chained.sequence)
            if witnessed.get(chained.sequence, bytes(chained.mac)) != bytes(chained.mac):
                return Verification(count, known, ChainFault.TRUNCATED, chained.sequence)
            count, before = chained.sequence, chained.mac
        if known is not None and count < known:
            return Verification(count, known, ChainFault.TRUNCATED, count + 1)
        if checkpoint_fault:
            return Verification(count, None, ChainFault.NO_CHECKPOINT)
        return Verification(count, known)

    def _mac(self, sequence: int, before: bytes, entry: AuditEntry) -> bytes:
        mac = self._entries.copy()
        mac.update(
            framed(
                str(sequence),
                before,
                _moment(entry.at),
                entry.session,
                entry.operator,
                entry.terminal,
                *_optional(entry.role.value if entry.role is not None else None),
                entry.operation.value,
                entry.result.value,
                entry.subject,
                *_optional(entry.insurer),
                entry.purpose,
                entry.code,
                json.dumps(dict(entry.counts), sort_keys=True, separators=(",", ":")),
            )
        )
        return mac.finalize()


def _moment(at: datetime) -> str:
    return at.isoformat(" ", "microseconds")


def _optional(text: str | None) -> tuple[str, str]:
    """Nothing and the empty text are told apart."""
    return ("0", "") if text is None else ("1", text)
