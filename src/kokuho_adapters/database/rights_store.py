"""権限の台帳の保管 (S-31)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import frozen
from sqlalchemy import Connection, insert, select, update

from kokuho_adapters.database.beyond_scope import prefecture_wide
from kokuho_adapters.database.counters import Counters
from kokuho_adapters.database.tables import operator_grant
from kokuho_core.access.operators import OperatorId
from kokuho_core.access.rights import Grant, Rights
from kokuho_core.access.roles import Role

_grants = operator_grant.c
_ALL: Final = select(operator_grant).order_by(_grants.number)


@frozen
class SqlRightsStore:
    """:class:`kokuho_core.ports.access.RightsStore` on SQL tables."""

    connection: Connection
    counters: Counters

    def all(self) -> Rights:
        with prefecture_wide(self.connection):
            rows = self.connection.execute(_ALL).all()
        return Rights(
            tuple(
                Grant(
                    str(row.number), OperatorId(row.operator), Role(row.role), row.scope, row.valid_from, row.valid_until,
                    row.granted_by, row.granted_at, row.revoked_at, row.revoked_by,
                )
                for row in rows
            )
        )  # fmt: skip

    def next_number(self) -> str:
        return str(self.counters.next(operator_grant.name))

    def save(self, grants: Iterable[Grant]) -> None:
        known = set(self.connection.execute(select(_grants.number)).scalars())
        for grant in grants:
            number = int(grant.number)
            if number in known:
                self.connection.execute(
                    update(operator_grant)
                    .where(_grants.number == number, _grants.revoked_at.is_(None))
                    .values(revoked_at=grant.revoked_at, revoked_by=grant.revoked_by)
                )
                continue
            self.connection.execute(
                insert(operator_grant).values(
                    number=number,
                    operator=grant.operator,
                    role=grant.role.value,
                    scope=grant.scope,
                    valid_from=grant.valid_from,
                    valid_until=grant.valid_until,
                    granted_by=grant.granted_by,
                    granted_at=grant.granted_at,
                    revoked_at=grant.revoked_at,
                    revoked_by=grant.revoked_by,
                )
            )
