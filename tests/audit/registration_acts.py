"""Every act that writes on the way to and from the intermediate server (R-1 … R-10, C-1 … C-5), with a receiver in memory."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Final

from kokuho_core.access import Role
from kokuho_core.entrusted_partition.exchanged import CardRegistration, DuplicateList
from kokuho_core.errors import NotApproved
from kokuho_core.usecases.card_use import exchange_card_use
from kokuho_core.usecases.documents import CARE, decide_documents, request_document, withdraw_request
from kokuho_core.usecases.due_registrations import due_registrations
from kokuho_core.usecases.duplicate_covers import decide_loss, take_covers
from kokuho_core.usecases.institution_symbols import exchange_symbols, request_symbols
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.reconcile import reconcile
from kokuho_core.usecases.register import prepare as prepare_partition
from kokuho_core.usecases.register import register
from kokuho_core.usecases.registration_results import take_results
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId

from ..aggregation.support import insured
from ..crash.effects import watch_effects
from ..prefecture.clerks import grant, in_session_of
from ..prefecture.office import A, PrefectureOffice, day
from ..registration.model_receiver import ModelReceiver, duplicate
from .acts import FIRST, REASON, SECOND, Act

INSURER: Final = InsurerNumber(A)
MAY, JUNE = date(2024, 5, 15), date(2024, 6, 15)


def prepare(folder: Path) -> None:
    """A municipality with four people: two lists of other covers were taken, and one loss waits for a second person."""
    with PrefectureOffice(folder) as site:
        site.persons(A, *(insured(A, str(each), each, start="2024-04-01") for each in (10, 20, 30, 40)))
        site.resolve()
        person = person_of(site)
        receiver = ModelReceiver()
        for listed_on in (MAY, JUNE):
            receiver.covers[A] = DuplicateList(listed_on, [duplicate(A, person, listed_on)])
            take_covers(site.office, INSURER, receiver)
        site.send("KAIJO", A, [{"insurer_number": A, "municipal_insured_id": person, "applied_on": day("2024-06-10")}])
        for name in (FIRST, SECOND):
            grant(site, name, Role.FEDERATION)
        with suppress(NotApproved):
            decide_loss(in_session_of(site, FIRST), INSURER, person, REASON)
        database = site.database_file
    watch_effects(database)


def person_of(site: PrefectureOffice) -> MunicipalInsuredId:
    with site.installation.database.begin(read_only=True) as work:
        known = [each for some in work.card_use.subscribers(INSURER, date(2024, 6, 1)) for each in some]
        if known:
            return known[0].municipal_insured_id
    rows = site.deliver(A, everything=True)["HIHOID"]
    return MunicipalInsuredId(str(min(row["municipal_insured_id"] for row in rows)))


def _receiver(batch_lines: int = 2) -> ModelReceiver:
    return ModelReceiver(batch_lines=batch_lines)


def register_and_take_results(site: PrefectureOffice) -> None:
    receiver = _receiver()
    register(site.office, INSURER, receiver)
    take_results(site.office, INSURER, receiver)


def send_again(site: PrefectureOffice) -> None:
    """Refused at first: the receiver cannot hold something."""
    receiver = _receiver()
    receiver.refuses = lambda line: "E901"
    register(site.office, INSURER, receiver)
    take_results(site.office, INSURER, receiver)
    receiver.refuses = lambda line: None
    register(site.office, INSURER, receiver, again=True)
    take_results(site.office, INSURER, receiver)


def hear_of_checks(site: PrefectureOffice) -> None:
    """Nobody is verified at first; the results told anew say another thing, and what is shown a third one."""
    receiver = _receiver()
    receiver.verifies = lambda line: "0"
    register(site.office, INSURER, receiver)
    take_results(site.office, INSURER, receiver)
    take_results(site.office, INSURER, receiver)
    receiver.arrange = lambda answers: [each._replace(verification="2") for each in answers]
    take_results(site.office, INSURER, receiver)
    receiver.verifies = lambda line: "3"
    reconcile(site.office, INSURER, receiver)


def exchange_cards(site: PrefectureOffice) -> None:
    receiver = _receiver()
    receiver.cards[A] = [CardRegistration(A, person_of(site), day("2024-06-01"), "1", None)]
    exchange_card_use(site.office, INSURER, receiver)


def take_list(site: PrefectureOffice) -> None:
    receiver = _receiver()
    receiver.covers[A] = DuplicateList(date(2024, 7, 15), [])
    take_covers(site.office, INSURER, receiver)


def lose(site: PrefectureOffice) -> None:
    office: Office = in_session_of(site, SECOND)
    decide_loss(office, INSURER, person_of(site), REASON)


def ask_for_symbols(site: PrefectureOffice) -> None:
    request_symbols(site.office, INSURER, [person_of(site)])
    exchange_symbols(site.office, INSURER, _receiver())


def take_down_requests(site: PrefectureOffice) -> None:
    prepare_partition(site.office, INSURER)
    person = person_of(site)
    request_document(site.office, INSURER, person, CARE, "窓口", day("2024-06-01"))
    decide_documents(site.office, INSURER, day("2024-06-20"))
    withdraw_request(site.office, INSURER, person, CARE)


REGISTRATION_ACTS: Final[dict[str, Act]] = {
    "prepare": lambda site: prepare_partition(site.office, INSURER),
    "register": register_and_take_results,
    "register again": send_again,
    "checks": hear_of_checks,
    "due": lambda site: due_registrations(site.office, INSURER),
    "card use": exchange_cards,
    "documents": take_down_requests,
    "covers": take_list,
    "loss": lose,
    "symbols": ask_for_symbols,
}
