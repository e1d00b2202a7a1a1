"""見本県の登録: after the last round everybody is registered with the simulated intermediate server (R-1 … R-8, C-1, C-2).

The simulator works beside, on folders of its own, as it would on another computer: what is sent is answered a little later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from threading import Thread
from typing import Final, TypeVar

from attrs import frozen

from kokuho_adapters.composition import Installation
from kokuho_adapters.registry.folder_channel import FolderGateway
from kokuho_adapters.registry_simulator.folders import CHANNEL, FolderService
from kokuho_adapters.registry_simulator.receiver import CARDS, Caller, Receiver
from kokuho_adapters.registry_simulator.server import FEDERATION, OPERATOR, open_receiver, prepare
from kokuho_core.certificates.documents import Document
from kokuho_core.errors import ChannelFault, Problem
from kokuho_core.usecases.card_use import exchange_card_use
from kokuho_core.usecases.documents import DocumentItem, decide_documents
from kokuho_core.usecases.reconcile import Reconciliation, reconcile
from kokuho_core.usecases.register import Registered, register
from kokuho_core.usecases.registration_results import ResultSummary, take_results
from kokuho_core.vocabulary.identifiers import InsurerNumber

Answer = TypeVar("Answer")

_PAUSE: Final = 0.02
_LONGEST: Final = 60.0
"""Seconds in which the simulator must have answered."""
_PERSON: Final = 1
"""Where the 市町村被保険者ID stands in a record that is shown."""


@frozen
class RegisteredInsurer:
    """一つの市町村の登録: what was sent and answered, how both sides compare, and which document everybody gets."""

    insurer_number: InsurerNumber
    sent: Registered
    results: ResultSummary
    reconciliation: Reconciliation
    snapshot_on: date | None
    documents: Sequence[DocumentItem]

    def number_of(self, document: Document) -> int:
        """How many people get that document."""
        return sum(each.document is document for each in self.documents)


def register_sample(opened: Installation, folder: Path, as_of: date) -> list[RegisteredInsurer]:
    """Register everybody of every municipality, take the results, compare, and decide on documents for ``as_of``.

    ``folder`` gets the simulator with its certificates, and the folders between both sides; it must be new.
    Raises :class:`ChannelFault` (KKH-K101) when no answer comes.
    """
    insurers = [each.insurer_number for each in opened.register()]
    settings = prepare(folder, insurers)
    receiver = open_receiver(settings)
    ways = settings.to_server(FEDERATION), settings.from_server(FEDERATION)
    gateway = FolderGateway(
        *ways, folder / "federation", opened.book, opened.office.clock.now, _LONGEST, pause_seconds=_PAUSE
    )
    try:
        with _working(FolderService(receiver)):
            return [_registered(opened, insurer, gateway, receiver, as_of) for insurer in insurers]
    finally:
        receiver.state.close()


def _registered(
    opened: Installation, insurer: InsurerNumber, gateway: FolderGateway, receiver: Receiver, as_of: date
) -> RegisteredInsurer:
    office = opened.office
    sent = register(office, insurer, gateway)
    results = _answered(lambda: take_results(office, insurer, gateway), lambda taken: not taken.waiting)
    agreement = reconcile(office, insurer, gateway)
    _register_cards(receiver, insurer, as_of)
    _answered(lambda: gateway.card_registrations(insurer), lambda rows: rows is not None)
    cards = exchange_card_use(office, insurer, gateway)  # without a day where the snapshot names nobody
    documents = decide_documents(office, insurer, as_of)
    return RegisteredInsurer(insurer, sent, results, agreement, cards.snapshot_on, documents)


def _register_cards(receiver: Receiver, insurer: InsurerNumber, as_of: date) -> None:
    """Every second person registers his card for insurance; then the monthly snapshot is made (C-1)."""
    operator = Caller(CHANNEL, OPERATOR)
    people = sorted({shown[_PERSON] for shown in receiver.shown(Caller(CHANNEL, FEDERATION), insurer)})
    for person in people[::2]:
        receiver.register_card(operator, insurer, person, registered=True, expires_on=as_of.replace(year=as_of.year + 2))
    receiver.cut(operator, CARDS, insurer, as_of)


def _answered(ask: Callable[[], Answer], is_there: Callable[[Answer], bool]) -> Answer:
    due = time.monotonic() + _LONGEST
    while not is_there(answer := ask()):
        if time.monotonic() > due:
            raise ChannelFault(Problem("KKH-K101"))
        time.sleep(_PAUSE)
    return answer


@contextmanager
def _working(service: FolderService) -> Iterator[None]:
    """The other side, at work until the end of the block."""
    thread = Thread(target=service.work_until_stopped, args=(_PAUSE,), name="simulator-folders")
    thread.start()
    try:
        yield
    finally:
        service.stop()
        thread.join()
