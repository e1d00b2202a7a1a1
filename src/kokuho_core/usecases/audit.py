"""監査記録の閲覧 (S-4, S-32): what was done, by whom, and what of it outside of business hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from attrs import frozen

from kokuho_core.access import BusinessHours, Operation, is_same_operator
from kokuho_core.errors import AccessDenied, Problem
from kokuho_core.ports.audit import ChainedEntry
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.usecases.admission import admitted
from kokuho_core.usecases.office import Office


@frozen
class AuditFilter:
    """絞り込み. ``since`` is included, ``until`` not."""

    since: datetime | None = None
    until: datetime | None = None
    operator: str | None = None
    operation: Operation | None = None
    off_hours: BusinessHours | None = None
    """Only what lies outside of these hours (休業日・業務時間外)."""

    def keeps(self, chained: ChainedEntry) -> bool:
        entry = chained.entry
        return (
            (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
            and (self.operator is None or is_same_operator(entry.operator, self.operator))
            and (self.operation is None or entry.operation is self.operation)
            and (self.off_hours is None or not self.off_hours.covers(entry.at))
        )


@admitted(Operation.READ_AUDIT)
def list_audit(office: Office, wanted: AuditFilter = AuditFilter()) -> list[ChainedEntry]:
    """監査記録 that ``wanted`` keeps, in order. Raises :class:`AccessDenied` (KKH-A013) beyond the limit of a list."""
    with office.database.begin(read_only=True) as work:
        listed: list[ChainedEntry] = []
        for chained in _kept(work, wanted):
            if len(listed) == office.settings.list_limit:
                raise AccessDenied(Problem("KKH-A013", field=Operation.READ_AUDIT.value))
            listed.append(chained)
    return listed


def _kept(work: UnitOfWork, wanted: AuditFilter) -> Iterator[ChainedEntry]:
    return (chained for chained in work.audit.read() if wanted.keeps(chained))
