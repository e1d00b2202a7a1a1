"""回答のない送信 (R-3): batches that arrived, or should have, and whose results are not all there after a while.

A file can be lost on its way or at the server, and its results too; nobody would ever tell. So what has no answer in time is
listed, and can be sent once more as it was: the receiver takes it once, and answers it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from attrs import frozen

from kokuho_core.access import Operation
from kokuho_core.entrusted_partition.answer_time import ANSWERED_WITHIN
from kokuho_core.entrusted_partition.exchanged import Exchange, ReceptionNumber
from kokuho_core.ports.registration import SentBatch
from kokuho_core.ports.registry import RegistryGateway
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.usecases.admission import admitted, count
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.register import batch_to_send, require_insurer
from kokuho_core.vocabulary.identifiers import InsurerNumber


@frozen
class UnansweredBatch:
    """回答のない送信の一件. ``waits_since`` is when it was sent last, or made; ``is_overdue``: longer than it should."""

    batch: SentBatch
    waits_since: datetime
    is_overdue: bool


@admitted(Operation.LIST_DUE, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def unanswered_batches(
    office: Office, insurer: InsurerNumber, within: timedelta = ANSWERED_WITHIN
) -> list[UnansweredBatch]:
    """Every batch of one municipality that is not answered whole, oldest first. Raises :class:`NotFound` (KKH-N002)."""
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
        found = list(_unanswered(work, insurer, office.clock.now(), within))
    return sorted(found, key=lambda each: (each.waits_since, each.batch.exchange.value, each.batch.number))


@admitted(Operation.REGISTER, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def send_unanswered(
    office: Office, insurer: InsurerNumber, gateway: RegistryGateway, within: timedelta = ANSWERED_WITHIN
) -> list[SentBatch]:
    """Send what waits longer than ``within`` once more, as it was, in order; its time of waiting begins anew.

    Raises :class:`NotFound` (KKH-N002), and what the gateway raises: what was not sent is still listed.
    """
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
        overdue = [each.batch for each in _unanswered(work, insurer, office.clock.now(), within) if each.is_overdue]
    for batch in overdue:
        reception = gateway.send(batch_to_send(office, batch))
        office.database.repeated(partial(_note, office, batch, reception))
        office.progress("send", batch.lines)
    return overdue


def _note(office: Office, batch: SentBatch, reception: ReceptionNumber) -> None:
    with office.database.begin() as work:
        now = office.clock.now()
        work.registrations.received(batch, reception, now)
        work.registrations.sent_again(batch, now)
        count(provided=batch.lines)
        work.commit()


def _unanswered(
    work: UnitOfWork, insurer: InsurerNumber, now: datetime, within: timedelta
) -> Iterator[UnansweredBatch]:
    for exchange in Exchange:
        for batch in work.registrations.unfinished(exchange, insurer):
            since = batch.sent_at or batch.created_at
            yield UnansweredBatch(batch, since, now - since > within)
