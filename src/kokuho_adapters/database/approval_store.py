"""承認の保管 (S-7)."""

from __future__ import annotations

from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Row, insert, select, update

from kokuho_adapters.database.counters import Counters
from kokuho_adapters.database.tables import approval as approval_table
from kokuho_core.approval import Approval, ApprovalKind, ApprovalState, ContentDigest
from kokuho_core.errors import Conflict, Problem

_approvals = approval_table.c


@frozen
class SqlApprovalStore:
    """:class:`kokuho_core.ports.access.ApprovalStore` on SQL tables."""

    connection: Connection
    counters: Counters

    def all(self) -> list[Approval]:
        return [_approval(row) for row in self.connection.execute(select(approval_table).order_by(_approvals.number))]

    def by_number(self, number: str) -> Approval | None:
        if not (number.isascii() and number.isdigit() and len(number) <= 18):
            return None
        row = self.connection.execute(select(approval_table).where(_approvals.number == int(number))).first()
        return _approval(row) if row is not None else None

    def of_subject(self, kind: ApprovalKind, subject: str) -> list[Approval]:
        wanted = (_approvals.kind == kind.value) & (_approvals.subject == subject)
        rows = self.connection.execute(select(approval_table).where(wanted).order_by(_approvals.number))
        return [_approval(row) for row in rows]

    def next_number(self) -> str:
        return str(self.counters.next(approval_table.name))

    def add(self, approval: Approval) -> None:
        self.connection.execute(insert(approval_table).values(number=int(approval.number), **_columns(approval)))

    def save(self, approval: Approval) -> None:
        done = self.connection.execute(
            update(approval_table)
            .where(_approvals.number == int(approval.number), _approvals.version == approval.version - 1)
            .values(**_columns(approval))
        )
        if done.rowcount != 1:
            raise Conflict(Problem("KKH-X001", field="approval"))


def _columns(approval: Approval) -> dict[str, Any]:
    return {
        "kind": approval.kind.value,
        "subject": approval.subject,
        "digest": approval.digest,
        "insurer": approval.insurer,
        "requested_by": approval.requested_by,
        "reason": approval.reason,
        "requested_at": approval.requested_at,
        "expires_at": approval.expires_at,
        "state": approval.state.value,
        "decided_by": approval.decided_by,
        "decided_at": approval.decided_at,
        "decided_reason": approval.decided_reason,
        "used_by": approval.used_by,
        "used_at": approval.used_at,
        "version": approval.version,
    }


def _approval(row: Row[Any]) -> Approval:
    return Approval(
        number=str(row.number),
        kind=ApprovalKind(row.kind),
        subject=row.subject,
        digest=ContentDigest(row.digest),
        insurer=row.insurer,
        requested_by=row.requested_by,
        reason=row.reason,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        state=ApprovalState(row.state),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        decided_reason=row.decided_reason,
        used_by=row.used_by,
        used_at=row.used_at,
        version=row.version,
    )
