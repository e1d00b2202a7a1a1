"""登録期限の一覧: what the receiver has not confirmed yet, due and overdue (R-5)."""

from __future__ import annotations

from datetime import date
from functools import partial

from attrs import frozen

from kokuho_core.access import Operation
from kokuho_core.entrusted_partition.due_dates import due_on, is_overdue
from kokuho_core.ports.registration import DueRegistration
from kokuho_core.usecases.admission import admitted
from kokuho_core.usecases.listings import require_short
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.register import require_insurer, update_partition
from kokuho_core.vocabulary.identifiers import InsurerNumber


@frozen
class DueItem:
    """登録期限のある1件."""

    registration: DueRegistration
    due_on: date
    is_overdue: bool


@admitted(Operation.LIST_DUE, subject=lambda given: given["insurer"] or "", insurer=lambda given: given["insurer"])
def due_registrations(
    office: Office, insurer: InsurerNumber | None, as_of: date | None = None, *, bulk_reason: str | None = None
) -> list[DueItem]:
    """未登録の一覧 of one municipality or all, by due date. The queue is brought up to date first; nothing is sent.

    Raises :class:`NotFound` (KKH-N002); beyond the limit of a list as :func:`~kokuho_core.usecases.listings.list_findings` (S-6).
    """
    day = as_of or office.clock.today()
    with office.database.begin(read_only=True) as work:
        if insurer is not None:
            require_insurer(work, insurer)
        all_insurers = [InsurerNumber(each.insurer_number) for each in work.register()]
    for each in [insurer] if insurer is not None else all_insurers:
        update_partition(office, each)
    items = office.database.repeated(partial(_listed, office, insurer, day))
    require_short(office, Operation.LIST_DUE, len(items), insurer, bulk_reason)
    return items


def _listed(office: Office, insurer: InsurerNumber | None, day: date) -> list[DueItem]:
    with office.database.begin(read_only=True) as work:
        items = [
            DueItem(each, due_on(each.notified_on), is_overdue(each.notified_on, day))
            for each in work.registrations.due(insurer)
        ]
    return sorted(items, key=lambda item: (item.due_on, item.registration.insurer_number))
