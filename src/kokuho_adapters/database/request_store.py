"""依頼の保管 (S-7)."""

from __future__ import annotations

from attrs import frozen
from sqlalchemy import Connection, delete, insert, select

from kokuho_adapters.database.tables import act_request
from kokuho_core.ports.second_person import ActRequest


@frozen
class SqlRequestStore:
    """:class:`kokuho_core.ports.second_person.RequestStore` on SQL tables."""

    connection: Connection

    def find(self, kind: str, subject: str) -> ActRequest | None:
        asked = act_request.c
        row = self.connection.execute(
            select(act_request).where(asked.kind == kind, asked.subject == subject)
        ).first()
        return ActRequest(*row) if row is not None else None

    def put(self, request: ActRequest) -> None:
        self.remove(request.kind, request.subject)
        values = {column.name: getattr(request, column.name) for column in act_request.columns}
        self.connection.execute(insert(act_request).values(values))

    def remove(self, kind: str, subject: str) -> None:
        asked = act_request.c
        self.connection.execute(delete(act_request).where(asked.kind == kind, asked.subject == subject))
