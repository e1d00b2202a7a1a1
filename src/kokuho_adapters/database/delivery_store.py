"""配信の記録."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from attrs import frozen
from sqlalchemy import Connection, func, insert, select, update

from kokuho_adapters.database.tables import delivery
from kokuho_core.ports.stores import Delivery
from kokuho_core.vocabulary.identifiers import InsurerNumber

_delivery = delivery.c


@frozen
class SqlDeliveryStore:
    """:class:`kokuho_core.ports.stores.DeliveryStore` on SQL tables."""

    connection: Connection

    def next_sequence(self, insurer: InsurerNumber, file_id: str) -> int:
        last = self.connection.execute(
            select(func.max(_delivery.sequence)).where(
                _delivery.insurer_number == insurer, _delivery.file_id == file_id
            )
        ).scalar()
        return int(last or 0) + 1

    def prepare(self, each: Delivery, folder: str, created_at: datetime) -> None:
        self.connection.execute(
            insert(delivery).values(
                insurer_number=each.insurer,
                file_id=each.file_id,
                sequence=each.sequence,
                name=each.name,
                folder=folder,
                created_at=created_at,
                records=each.records,
                is_published=False,
                provided_by=each.provided_by,
                purpose=each.purpose,
            )
        )

    def unpublished(self) -> list[tuple[str, str]]:
        query = select(_delivery.folder, _delivery.name).where(_delivery.is_published.is_(False))
        return [(row.folder, row.name) for row in self.connection.execute(query.order_by(_delivery.name))]

    def mark_published(self, folder: str, names: Iterable[str]) -> None:
        for name in names:
            where = (_delivery.is_published.is_(False), _delivery.folder == folder, _delivery.name == name)
            self.connection.execute(update(delivery).where(*where).values(is_published=True))
