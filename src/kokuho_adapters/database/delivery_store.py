"""配信の記録."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from attrs import frozen
from sqlalchemy import Connection, bindparam, func, insert, select, update

from kokuho_adapters.database.tables import delivery
from kokuho_core.ports.stores import Delivery
from kokuho_core.vocabulary.identifiers import InsurerNumber

_delivery = delivery.c

# Made once: to put a statement together costs more than to execute it.
_LAST: Final = select(func.max(_delivery.sequence)).where(
    _delivery.insurer_number == bindparam("insurer"), _delivery.file_id == bindparam("file")
)
_PREPARE: Final = insert(delivery)
_PUBLISHED: Final = (
    update(delivery)
    .where(
        _delivery.is_published.is_(False), _delivery.folder == bindparam("where"), _delivery.name == bindparam("which")
    )
    .values(is_published=True)
)


@frozen
class SqlDeliveryStore:
    """:class:`kokuho_core.ports.stores.DeliveryStore` on SQL tables."""

    connection: Connection

    def next_sequence(self, insurer: InsurerNumber, file_id: str) -> int:
        last = self.connection.execute(_LAST, {"insurer": insurer, "file": file_id}).scalar()
        return int(last or 0) + 1

    def prepare(self, each: Delivery, folder: str, created_at: datetime) -> None:
        self.connection.execute(
            _PREPARE,
            {
                "insurer_number": each.insurer,
                "file_id": each.file_id,
                "sequence": each.sequence,
                "name": each.name,
                "folder": folder,
                "created_at": created_at,
                "records": each.records,
                "is_published": False,
                "provided_by": each.provided_by,
                "purpose": each.purpose,
            },
        )

    def unpublished(self) -> list[tuple[str, str]]:
        query = select(_delivery.folder, _delivery.name).where(_delivery.is_published.is_(False))
        return [(row.folder, row.name) for row in self.connection.execute(query.order_by(_delivery.name))]

    def mark_published(self, folder: str, names: Iterable[str]) -> None:
        rows = [{"where": folder, "which": name} for name in names]
        if rows:
            self.connection.execute(_PUBLISHED, rows)
