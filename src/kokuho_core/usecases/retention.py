"""保存期間の満了と廃棄: what is due, and its destruction in batches that go on where they were interrupted (S-29, S-35).

A dead person's records are due like a living one's: five years after the loss of the qualification, and not a day earlier.
"""

from __future__ import annotations

from datetime import date

from kokuho_core.access import Operation
from kokuho_core.errors import NotFound, Problem
from kokuho_core.ports.retention import Disposal, DueCounts
from kokuho_core.ports.second_person import RETENTION_RUN, Act, SecondPerson
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.usecases.admission import admitted
from kokuho_core.usecases.office import Office

_TOGETHER = 200
"""Persons destroyed in one transaction."""


@admitted(Operation.LIST_RETENTION)
def due_records(office: Office, as_of: date | None = None) -> DueCounts:
    """廃棄対象の件数 on ``as_of``."""
    with office.database.begin(read_only=True) as work:
        return work.retention.due(as_of or office.clock.today())


@admitted(Operation.LIST_RETENTION)
def disposal_of(office: Office, as_of: date | None = None) -> Act:
    """What two people must agree to: to destroy what is due on this day, so and so many.

    Raises :class:`NotFound` (KKH-G009) when nothing is.
    """
    with office.database.begin(read_only=True) as work:
        return _act(work, as_of or office.clock.today())


@admitted(Operation.RUN_RETENTION)
def run_disposal(office: Office, as_of: date | None, second: SecondPerson) -> Disposal:
    """廃棄. One that was interrupted is brought to its end first, under the agreement it was begun with.

    Raises :class:`NotFound` (KKH-G009) when nothing is due, and what ``second`` raises.
    """
    day = as_of or office.clock.today()

    def begin() -> tuple[int, date]:
        with office.database.begin() as work:
            unfinished = work.retention.unfinished()
            if unfinished is not None:
                return unfinished.number, unfinished.as_of
            agreement = second.agreed(work, _act(work, day))
            number = work.retention.begin(day, agreement, office.clock.now())
            work.commit()
            return number, day

    number, day = office.database.repeated(begin)
    done = 0
    while destroyed := office.database.repeated(lambda: _next_persons(office, number)):
        done += destroyed
        office.progress("retention", done)
    office.database.repeated(lambda: _finish(office, number, day))
    return next(each for each in disposals(office) if each.number == number)


@admitted(Operation.LIST_RETENTION)
def disposals(office: Office) -> list[Disposal]:
    """廃棄記録の一覧."""
    with office.database.begin(read_only=True) as work:
        return work.retention.all()


def _next_persons(office: Office, number: int) -> int:
    with office.database.begin() as work:
        destroyed = work.retention.dispose_persons(number, _TOGETHER)
        work.commit()
        return destroyed


def _finish(office: Office, number: int, day: date) -> None:
    with office.database.begin() as work:
        work.retention.dispose_receipts(number, day)
        work.retention.complete(number, office.clock.now())
        work.commit()


def _act(work: UnitOfWork, day: date) -> Act:
    due = work.retention.due(day)
    if not due:
        raise NotFound(Problem("KKH-G009", field="as_of"))
    content = {f"{kind.value}/{insurer or '*'}": str(count) for (kind, insurer), count in due.items()}
    return Act(RETENTION_RUN, f"as of {day.isoformat()}", content)
