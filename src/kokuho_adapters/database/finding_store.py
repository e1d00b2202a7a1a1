"""確認事項の保管."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Row, func, or_, select

from kokuho_adapters.database.counters import Counters
from kokuho_adapters.database.statements import under_keys, upsert
from kokuho_adapters.database.tables import finding
from kokuho_core.ports.stores import StoredFinding
from kokuho_core.qualification.findings import FindingKind
from kokuho_core.vocabulary.identifiers import Addressee, AddresseeNumber, InsurerNumber

_finding = finding.c


@frozen
class SqlFindingStore:
    """:class:`kokuho_core.ports.stores.FindingStore` on SQL tables."""

    connection: Connection
    counters: Counters
    prefecture: str

    def naming(self, addressees: Iterable[Addressee]) -> list[StoredFinding]:
        found: dict[str, StoredFinding] = {}
        keys = [(each.insurer_number, each.addressee_number) for each in addressees]
        left = (_finding.left_insurer, _finding.left_addressee)
        entered = (_finding.entered_insurer, _finding.entered_addressee)
        for side in (left, entered):
            for wanted in under_keys(self.connection, *side, keys):
                for row in self.connection.execute(select(finding).where(wanted)):
                    found[row.number] = _stored(row)
        return [found[number] for number in sorted(found)]

    def by_number(self, number: str) -> StoredFinding | None:
        row = self.connection.execute(select(finding).where(_finding.number == number)).first()
        return _stored(row) if row is not None else None

    def next_number(self) -> str:
        return f"F{self.prefecture}{self.counters.next('finding'):010d}"

    def save(self, findings: Iterable[StoredFinding]) -> None:
        rows = [_row(each) for each in findings]
        if rows:
            self.connection.execute(upsert(self.connection, finding), rows)

    def all(self, insurer: InsurerNumber | None, *, open_only: bool) -> Iterator[StoredFinding]:
        query = select(finding).order_by(_finding.number)
        if insurer is not None:
            query = query.where(or_(_finding.left_insurer == insurer, _finding.entered_insurer == insurer))
        if open_only:
            query = query.where(_finding.is_open.is_(True))
        return (_stored(row) for row in self.connection.execute(query))

    def count_open(self) -> int:
        return int(self.connection.execute(select(func.count()).where(_finding.is_open.is_(True))).scalar_one())


def _side(insurer: str | None, addressee: str | None, history: int | None) -> tuple[Addressee, int] | None:
    if insurer is None or addressee is None or history is None:
        return None
    return (Addressee(InsurerNumber(insurer), AddresseeNumber(addressee)), history)


def _stored(row: Row[Any]) -> StoredFinding:
    return StoredFinding(
        row.number,
        FindingKind(row.kind),
        row.person,
        _side(row.left_insurer, row.left_addressee, row.left_history),
        _side(row.entered_insurer, row.entered_addressee, row.entered_history),
        row.period_start,
        row.period_end,
        row.days,
        row.is_open,
        row.detected_on,
    )


def _row(each: StoredFinding) -> dict[str, Any]:
    left, entered = each.left, each.entered
    return {
        "number": each.number,
        "kind": each.kind.value,
        "person": each.person,
        "left_insurer": left[0].insurer_number if left else None,
        "left_addressee": left[0].addressee_number if left else None,
        "left_history": left[1] if left else None,
        "entered_insurer": entered[0].insurer_number if entered else None,
        "entered_addressee": entered[0].addressee_number if entered else None,
        "entered_history": entered[1] if entered else None,
        "period_start": each.period_start,
        "period_end": each.period_end,
        "days": each.days,
        "is_open": each.is_open,
        "detected_on": each.detected_on,
    }
