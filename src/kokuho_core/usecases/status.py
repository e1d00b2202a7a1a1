"""状況: when each municipality last sent what, what is overdue, and what waits for somebody (S-28, S-33).

Silence is the fault that nobody notices: a dead terminal sends no error. A file that was only refused or held counts as silence
too, since nothing of it took effect.
"""

from __future__ import annotations

from datetime import date, datetime

from attrs import frozen

from kokuho_core.access import Operation
from kokuho_core.gates.feeds import is_overdue
from kokuho_core.ports.status import LastReceived, Provided, UnknownOnMedium
from kokuho_core.usecases.admission import admitted
from kokuho_core.usecases.office import Office
from kokuho_core.vocabulary.business_days import business_days_between
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.insurers import Insurer


@frozen
class Feed:
    """受信状況 of one kind of file: ``silent_days`` are business days since the last, ``interval`` those that may pass.

    ``name`` is None for a municipality that never sent one; it has not begun yet, and is not called overdue.
    """

    file_id: str
    name: str | None
    received_at: datetime | None
    silent_days: int | None
    interval: int
    is_overdue: bool


@frozen
class MunicipalityStatus:
    """市区町村の状況."""

    insurer_number: InsurerNumber
    name: str
    feeds: tuple[Feed, ...]
    waiting_files: int
    stopped_files: int
    rejected_files: int
    pending_persons: int
    untold_rows: int
    delivered_at: datetime | None

    @property
    def overdue(self) -> tuple[str, ...]:
        """未着のファイルID."""
        return tuple(feed.file_id for feed in self.feeds if feed.is_overdue)


@frozen
class Status:
    """状況 of the prefecture on a day."""

    as_of: date
    municipalities: tuple[MunicipalityStatus, ...]

    @property
    def has_overdue(self) -> bool:
        return any(each.overdue for each in self.municipalities)


@admitted(Operation.SHOW_STATUS, insurer=lambda given: given["insurer"])
def status(office: Office, as_of: date | None = None, insurer: InsurerNumber | None = None) -> Status:
    """状況 of every municipality that exists on ``as_of`` (today if not given), or of ``insurer`` alone."""
    day = as_of or office.clock.today()
    with office.database.begin(read_only=True) as work:
        last: dict[InsurerNumber, dict[str, LastReceived]] = {}
        for received in work.status.last_received():
            last.setdefault(received.sender, {})[received.file_id] = received
        store = work.status
        waiting, stopped, rejected = store.waiting(), store.stopped(), store.rejected()
        pending, untold, delivered = store.pending(), store.untold(), store.last_delivered()
        insurers = [each for each in work.register() if insurer in (None, each.insurer_number) and _exists(each, day)]
    return Status(
        day,
        tuple(
            MunicipalityStatus(
                each.insurer_number,
                each.name,
                _feeds(office, each.insurer_number, last.get(each.insurer_number, {}), day),
                waiting.get(each.insurer_number, 0),
                stopped.get(each.insurer_number, 0),
                rejected.get(each.insurer_number, 0),
                pending.get(each.insurer_number, 0),
                untold.get(each.insurer_number, 0),
                delivered.get(each.insurer_number),
            )
            for each in insurers
        ),
    )


@admitted(Operation.SHOW_STATUS, insurer=lambda given: given["insurer"])
def provided(
    office: Office, insurer: InsurerNumber | None = None, since: date | None = None, until: date | None = None
) -> list[Provided]:
    """提供記録: what was delivered to whom, when, by whom, what for, and on which medium it left (S-33)."""
    with office.database.begin(read_only=True) as work:
        return work.status.provided(insurer, since, until)


@admitted(Operation.SHOW_STATUS, insurer=lambda given: given["insurer"])
def unknown_on_media(office: Office, insurer: InsurerNumber | None = None) -> list[UnknownOnMedium]:
    """突合: what the ledger of media says left this office, and the 提供記録 does not know (S-33)."""
    with office.database.begin(read_only=True) as work:
        return work.status.unknown_on_media(insurer)


def _exists(insurer: Insurer, day: date) -> bool:
    return (insurer.valid_from is None or insurer.valid_from <= day) and (
        insurer.valid_until is None or day < insurer.valid_until
    )


def _feeds(office: Office, sender: InsurerNumber, last: dict[str, LastReceived], day: date) -> tuple[Feed, ...]:
    settings = office.settings.feeds
    feeds = []
    for kind in sorted({*last, *(kind for kind in settings.kinds() if settings.interval(sender, kind))}):
        interval, received = settings.interval(sender, kind), last.get(kind)
        if received is None:
            feeds.append(Feed(kind, None, None, None, interval, False))
            continue
        on = received.recorded_at.date()
        late = is_overdue(on, interval, day)
        silent = business_days_between(on, day)
        feeds.append(Feed(kind, received.name, received.recorded_at, silent, interval, late))
    return tuple(feeds)
