"""廃棄の口: what the disposal of records needs of a database (S-29)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Protocol

from attrs import frozen

from kokuho_core.approval import Agreement
from kokuho_core.retention.rules import RecordKind
from kokuho_core.vocabulary.identifiers import InsurerNumber

DueCounts = Mapping[tuple[RecordKind, InsurerNumber | None], int]
"""How many are due, by kind and municipality; a person counts once in each municipality that knew him."""


@frozen
class Disposal:
    """廃棄記録: what was destroyed, of which period, by whom and when. No names, no numbers. Kept for good."""

    number: int
    as_of: date
    asked_by: str
    agreed_by: str
    reason: str
    started_at: datetime
    completed_at: datetime | None
    counts: DueCounts
    destroyed_keys: tuple[str, ...] = ()


class FilesKept(Protocol):
    """残ったファイル outside the database: unfinished and quarantined ones, whose time ends too."""

    def due(self, as_of: date) -> DueCounts: ...

    def destroy(self, as_of: date) -> None:
        """Delete what is due. Raises :class:`SetupFault` (KKH-C021) when something cannot be deleted."""
        ...


class RetentionStore(Protocol):
    """保存期間が満了した記録の保管."""

    def due(self, as_of: date) -> DueCounts: ...

    def unfinished(self) -> Disposal | None:
        """A disposal that was begun and not ended."""
        ...

    def begin(self, as_of: date, agreement: Agreement, at: datetime) -> int:
        """Write the record of a disposal, and who is concerned, before anything is destroyed."""
        ...

    def dispose_persons(self, number: int, limit: int) -> int:
        """Destroy the next persons; how many, 0 when none is left."""
        ...

    def dispose_receipts(self, number: int, as_of: date) -> None:
        """Destroy what is due of ledgers, deliveries, media and held content."""
        ...

    def add_counts(self, number: int, added: DueCounts) -> None:
        """More that this disposal destroys."""
        ...

    def complete(self, number: int, at: datetime) -> None: ...

    def add_destroyed_keys(self, number: int, key_ids: list[str]) -> None: ...

    def folders(self) -> list[str]:
        """Folders that files were delivered into."""
        ...

    def all(self) -> list[Disposal]: ...
