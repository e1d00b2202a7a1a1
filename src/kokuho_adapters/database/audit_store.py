"""監査記録の保管: rows are added and read; triggers refuse everything else (S-5)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, Row, insert, select

from kokuho_adapters.database.beyond_scope import prefecture_wide
from kokuho_adapters.database.one_message import rows_of_each
from kokuho_adapters.database.tables import audit_entry
from kokuho_core.access.operations import Operation
from kokuho_core.access.roles import Role
from kokuho_core.ports.audit import AuditEntry, AuditResult, ChainedEntry

_entries = audit_entry.c
_READ_TOGETHER: Final = 1000
# Each is made once: every file has entries, and to put a statement together costs more than to run it.
_ADD: Final = insert(audit_entry)
_LAST: Final = select(_entries.sequence, _entries.mac).order_by(_entries.sequence.desc()).limit(1)

# One at a time continues the chain, until its transaction ends; «ko» in front as for the other advisory locks.
_CHAIN: Final = "SELECT pg_advisory_xact_lock(1802436613, 0)"
_LAST_TEXT: Final = "SELECT sequence, mac FROM audit_entry ORDER BY sequence DESC LIMIT 1"


@frozen
class SqlAuditStore:
    """:class:`kokuho_core.ports.audit.AuditStore` on SQL tables."""

    connection: Connection

    def take_turn(self) -> tuple[int, bytes] | None:
        """SQLite has one writer at a time by itself."""
        if self.connection.dialect.name != "postgresql":
            return self.last()
        with prefecture_wide(self.connection):
            _, last = rows_of_each(self.connection, _CHAIN, _LAST_TEXT)
        return (last[0][0], last[0][1]) if last else None

    def last(self) -> tuple[int, bytes] | None:
        with prefecture_wide(self.connection):
            row = self.connection.execute(_LAST).first()
        return (row.sequence, row.mac) if row is not None else None

    def add(self, chained: ChainedEntry) -> None:
        entry = chained.entry
        with prefecture_wide(self.connection):
            self.connection.execute(
                _ADD,
                {
                    "sequence": chained.sequence,
                    "recorded_at": entry.at,
                    "session": entry.session,
                    "operator": entry.operator,
                    "terminal": entry.terminal,
                    "role": entry.role.value if entry.role is not None else None,
                    "operation": entry.operation.value,
                    "result": entry.result.value,
                    "subject": entry.subject,
                    "insurer": entry.insurer,
                    "purpose": entry.purpose,
                    "code": entry.code,
                    "counts": json.dumps(dict(entry.counts), sort_keys=True, separators=(",", ":")),
                    "mac": chained.mac,
                },
            )

    def count(self, operator: str, operation: Operation, result: AuditResult, since: datetime) -> int:
        """Read from the end, as far as ``since``: of a long log, the last day alone."""
        wanted = (operator.casefold(), operation.value, result.value)
        columns = (_entries.sequence, _entries.recorded_at, _entries.operator, _entries.operation, _entries.result)
        found, before = 0, None
        with prefecture_wide(self.connection):
            while True:
                query = select(*columns).order_by(_entries.sequence.desc()).limit(_READ_TOGETHER)
                rows = self.connection.execute(query if before is None else query.where(_entries.sequence < before)).all()
                late = [row for row in rows if row.recorded_at >= since]
                found += sum((row.operator.casefold(), row.operation, row.result) == wanted for row in late)
                if len(rows) < _READ_TOGETHER or not late:
                    return found
                before = rows[-1].sequence

    def read(self, after: int = 0) -> Iterator[ChainedEntry]:
        while True:
            rows = self.connection.execute(
                select(audit_entry).where(_entries.sequence > after).order_by(_entries.sequence).limit(_READ_TOGETHER)
            ).all()
            for row in rows:
                yield _chained(row)
            if len(rows) < _READ_TOGETHER:
                return
            after = rows[-1].sequence


def _chained(row: Row[Any]) -> ChainedEntry:
    entry = AuditEntry(
        at=row.recorded_at,
        session=row.session,
        operator=row.operator,
        terminal=row.terminal,
        role=Role(row.role) if row.role is not None else None,
        operation=Operation(row.operation),
        result=AuditResult(row.result),
        subject=row.subject,
        insurer=row.insurer,
        purpose=row.purpose,
        code=row.code,
        counts=json.loads(row.counts),
    )
    return ChainedEntry(row.sequence, entry, row.mac)
