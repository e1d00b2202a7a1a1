"""監査記録の口: who did what, when, from where, about whom and why, also what was denied (S-4, S-5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Protocol

from attrs import field, frozen

from kokuho_core.access.operations import Operation
from kokuho_core.access.roles import Role
from kokuho_core.vocabulary.identifiers import InsurerNumber


class AuditResult(Enum):
    """結果. One act leaves ``admitted`` before it begins and, where it changes something, ``done`` with each change."""

    ADMITTED = "admitted"
    """許可: written before anything is read or changed."""
    DENIED = "denied"
    """拒否."""
    DONE = "done"
    """完了: written in the same transaction as the change itself."""
    FAILED = "failed"
    """失敗: nothing, or nothing more, was changed."""


@frozen
class AuditEntry:
    """監査記録の1件. ``subject`` is a reference (insured ID, finding number, file name), never a 個人番号 or a name.

    ``code`` is the error code of a denial or failure. ``counts`` sums up a bulk act: one entry per file or run, never per record.
    """

    at: datetime
    session: str
    operator: str
    terminal: str
    role: Role | None
    operation: Operation
    result: AuditResult
    subject: str = ""
    insurer: InsurerNumber | None = None
    purpose: str = ""
    code: str = ""
    counts: Mapping[str, int] = field(factory=dict)


@frozen
class ChainedEntry:
    """連鎖した記録: ``mac`` is a keyed digest of the entry, its number and the digest before it (S-5)."""

    sequence: int
    entry: AuditEntry
    mac: bytes


class AuditStore(Protocol):
    """監査記録の保管: it grows and nothing else."""

    def take_turn(self) -> tuple[int, bytes] | None:
        """From here to the end of the transaction nobody else continues the chain. Number and digest of its last entry,
        None before the first."""
        ...

    def add(self, chained: ChainedEntry) -> None: ...

    def count(self, operator: str, operation: Operation, result: AuditResult, since: datetime) -> int:
        """How many such entries one operator left from ``since`` on."""
        ...

    def read(self, after: int = 0) -> Iterator[ChainedEntry]:
        """Entries with higher numbers, in order. Raises :class:`ValueError` at one that cannot be an entry."""
        ...


class AuditLog(Protocol):
    """監査記録: the chain and its checkpoint outside the database."""

    def append(self, store: AuditStore, entry: AuditEntry) -> ChainedEntry:
        """Continue the chain inside a unit of work."""
        ...

    def witness(self, chained: ChainedEntry) -> None:
        """After the commit: keep number and digest outside the database. Raises :class:`OSError`, :class:`KokuhoError`."""
        ...
