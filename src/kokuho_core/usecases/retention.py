"""保存期間の満了と廃棄: what is due, and its destruction in batches that go on where they were interrupted (S-29, S-35).

A dead person's records are due like a living one's: five years after the loss of the qualification, and not a day earlier.
"""

from __future__ import annotations

from datetime import date

from kokuho_core.access import Operation
from kokuho_core.approval import Act, ApprovalKind
from kokuho_core.errors import NotFound, Problem
from kokuho_core.ports.retention import Disposal, DueCounts, FilesKept
from kokuho_core.usecases.admission import admitted, count
from kokuho_core.usecases.approvals import Consent, ask_consent
from kokuho_core.usecases.office import Office

_TOGETHER = 200
"""Persons destroyed in one transaction."""


@admitted(Operation.LIST_RETENTION)
def due_records(office: Office, as_of: date | None = None, files: FilesKept | None = None) -> DueCounts:
    """廃棄対象の件数 on ``as_of``, in the database and, where ``files`` are given, outside of it."""
    day = as_of or office.clock.today()
    with office.database.begin(read_only=True) as work:
        return {**work.retention.due(day), **_files_due(office, files, day)}


@admitted(Operation.RUN_RETENTION)
def run_disposal(
    office: Office, as_of: date | None = None, reason: str = "", files: FilesKept | None = None
) -> Disposal:
    """廃棄 of what is due on this day, so and so many, and of ``files`` outside the database. One that was interrupted is
    brought to its end first, under the agreement it was begun with.

    Raises :class:`NotFound` (KKH-G009) when nothing is due, :class:`NotApproved` (KKH-A007) while it waits for a second person,
    :class:`SetupFault` (KKH-C021) when a file cannot be deleted: then the disposal goes on with the next call.
    """
    day = as_of or office.clock.today()

    def begin() -> tuple[int, date, Consent | None]:
        with office.database.begin() as work:
            unfinished = work.retention.unfinished()
            if unfinished is not None:
                return unfinished.number, unfinished.as_of, None
            due = {**work.retention.due(day), **_files_due(office, files, day)}
            consent = ask_consent(office, work, _act(due, day), reason)
            agreed = consent.agreement
            number = work.retention.begin(day, agreed, office.clock.now()) if agreed is not None else 0
            work.commit()
            return number, day, consent

    number, day, consent = office.database.repeated(begin)
    if consent is not None:
        consent.require()
    done = 0
    while destroyed := office.database.repeated(lambda: _next_persons(office, number)):
        done += destroyed
        office.progress("retention", done)
    files_due = _files_due(office, files, day)
    office.database.repeated(lambda: _dispose_receipts(office, number, day, files_due))
    if files is not None and files_due:
        files.destroy(_of_files(office, day))
    office.database.repeated(lambda: _complete(office, number))
    return next(each for each in disposals(office) if each.number == number)


@admitted(Operation.LIST_RETENTION)
def disposals(office: Office) -> list[Disposal]:
    """廃棄記録の一覧."""
    with office.database.begin(read_only=True) as work:
        return work.retention.all()


def _next_persons(office: Office, number: int) -> int:
    with office.database.begin() as work:
        destroyed = work.retention.dispose_persons(number, _TOGETHER)
        if destroyed:
            count(persons=destroyed)
            work.commit()
        return destroyed


def _dispose_receipts(office: Office, number: int, day: date, files_due: DueCounts) -> None:
    """What files are about to go is on record before they do."""
    with office.database.begin() as work:
        work.retention.dispose_receipts(number, day)
        work.retention.add_counts(number, files_due)
        work.commit()


def _complete(office: Office, number: int) -> None:
    with office.database.begin() as work:
        work.retention.complete(number, office.clock.now())
        work.commit()


def _files_due(office: Office, files: FilesKept | None, day: date) -> DueCounts:
    return files.due(_of_files(office, day)) if files is not None else {}


def _of_files(office: Office, day: date) -> date:
    """Files are at work today: a later day would take those of now."""
    return min(day, office.clock.today())


def _act(due: DueCounts, day: date) -> Act:
    if not due:
        raise NotFound(Problem("KKH-G009", field="as_of"))
    content = {f"{kind.value}/{insurer or '*'}": str(count) for (kind, insurer), count in due.items()}
    return Act(ApprovalKind.RETENTION_RUN, f"as of {day.isoformat()}", content)
