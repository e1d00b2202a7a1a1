"""番号の照会の保管 (S-23)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Row, func, insert, literal, select

from kokuho_adapters.database.municipal_store import PERSON
from kokuho_adapters.database.tables import office_look_up, office_row
from kokuho_core.identity.basic_items import LinkEvidence
from kokuho_core.identity.number_lookup import LookUpOutcome, NumberLookUp
from kokuho_core.vocabulary.identifiers import AddresseeNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import NumberIndex

_look_up, _row = office_look_up.c, office_row.c


@frozen
class SqlLookUpStore:
    """:class:`kokuho_core.ports.look_ups.LookUpStore` on SQL tables."""

    connection: Connection

    def next_number(self, insurer_number: InsurerNumber) -> int:
        query = select(func.max(_look_up.number)).where(_look_up.insurer_number == insurer_number)
        return int(self.connection.execute(query).scalar() or 0) + 1

    def add(self, look_up: NumberLookUp) -> None:
        self.connection.execute(
            insert(office_look_up).values(
                insurer_number=look_up.insurer_number, number=look_up.number, addressee_number=look_up.addressee_number,
                looked_up_at=look_up.at, asked_by=look_up.asked_by, agreed_by=look_up.agreed_by,
                outcome=look_up.outcome.value, candidates=look_up.candidates,
                matched=json.dumps(sorted(look_up.evidence.matched)), code=look_up.code, notice=look_up.notice,
            )
        )  # fmt: skip

    def latest(self, insurer_number: InsurerNumber) -> list[NumberLookUp]:
        newest = select(func.max(_look_up.number)).where(_look_up.insurer_number == insurer_number)
        query = select(office_look_up).where(
            _look_up.insurer_number == insurer_number, _look_up.number.in_(newest.group_by(_look_up.addressee_number))
        )
        return [_read(row) for row in self.connection.execute(query.order_by(_look_up.number))]

    def bears(self, insurer_number: InsurerNumber, indexes: Sequence[NumberIndex]) -> bool:
        query = select(literal(1)).where(
            _row.insurer_number == insurer_number, _row.kind == PERSON, _row.number_index.in_(indexes),
            _row.superseded_at.is_(None), _row.is_cancelled.is_(False),
        )  # fmt: skip
        return self.connection.execute(query.limit(1)).first() is not None


def _read(row: Row[Any]) -> NumberLookUp:
    return NumberLookUp(
        InsurerNumber(row.insurer_number), row.number, AddresseeNumber(row.addressee_number), row.looked_up_at, row.asked_by,
        row.agreed_by, LookUpOutcome(row.outcome), row.candidates, LinkEvidence(frozenset(json.loads(row.matched))),
        row.code, row.notice,
    )  # fmt: skip
