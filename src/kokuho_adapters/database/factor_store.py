"""第二の認証の保管 (S-31). The secrets are sealed before they come here; of tokens there are digests alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Row, insert, select, update

from kokuho_adapters.database.tables import operator_factor, operator_login
from kokuho_core.access.operators import OperatorId, compared_name
from kokuho_core.access.second_factor import Login, SecondFactor
from kokuho_core.errors import Conflict, Problem

_factors, _logins = operator_factor.c, operator_login.c


@frozen
class SqlFactorStore:
    """:class:`kokuho_core.ports.authentication.FactorStore` on SQL tables. One person has one spelling there."""

    connection: Connection

    def is_anybody_enrolled(self) -> bool:
        return self.connection.execute(select(_factors.operator).limit(1)).first() is not None

    def of(self, operator: str) -> SecondFactor | None:
        query = select(operator_factor).where(_factors.operator == compared_name(operator))
        row = self.connection.execute(query).first()
        return _factor(row) if row is not None else None

    def all(self) -> list[SecondFactor]:
        rows = self.connection.execute(select(operator_factor).order_by(_factors.operator))
        return [_factor(row) for row in rows]

    def save(self, factor: SecondFactor) -> None:
        values = {
            "sealed": factor.sealed,
            "enrolled_by": factor.enrolled_by,
            "enrolled_at": factor.enrolled_at,
            "last_step": factor.last_step,
            "failures": factor.failures,
            "locked_at": factor.locked_at,
            "version": factor.version,
        }
        name = compared_name(factor.operator)
        if factor.version == 1:
            self.connection.execute(insert(operator_factor).values(operator=name, **values))
            return
        same = (_factors.operator == name) & (_factors.version == factor.version - 1)
        if self.connection.execute(update(operator_factor).where(same).values(**values)).rowcount != 1:
            raise Conflict(Problem("KKH-X001", field="second_factor"))

    def open_login(self, login: Login) -> None:
        self.connection.execute(
            insert(operator_login).values(
                digest=login.digest,
                operator=compared_name(login.operator),
                terminal=login.terminal,
                opened_at=login.opened_at,
                expires_at=login.expires_at,
            )
        )

    def login(self, digest: bytes) -> Login | None:
        row = self.connection.execute(select(operator_login).where(_logins.digest == digest)).first()
        return Login(*row) if row is not None else None

    def close_logins(self, operator: str, at: datetime, digest: bytes | None = None) -> None:
        wanted = (_logins.operator == compared_name(operator)) & _logins.closed_at.is_(None)
        if digest is not None:
            wanted &= _logins.digest == digest
        self.connection.execute(update(operator_login).where(wanted).values(closed_at=at))


def _factor(row: Row[Any]) -> SecondFactor:
    return SecondFactor(
        OperatorId(row.operator), row.sealed, row.enrolled_by, row.enrolled_at, row.last_step, row.failures, row.locked_at,
        row.version,
    )  # fmt: skip
