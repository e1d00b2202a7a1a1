"""自庁の交付: which document each insured person is to get from the municipality, and which to give back (C-2 … C-5).

The decision is that of :mod:`kokuho_core.certificates`; here it rests on what the municipality has itself: its own rows, what
it issued (FUZOKU), and what came back of people's cards (RIYOTO, KAIJOKEKKA). What only the federation knows, a mismatch in the
number check or a registration that is blocked, decides there (``kokuho documents``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from operator import itemgetter
from typing import Final

from attrs import frozen

from kokuho_core.certificates.card_use import CardRegistrationState, CardUse, WithdrawalResultCode, Withdrawn
from kokuho_core.certificates.documents import Document, DocumentReason, Holder, decide_document
from kokuho_core.certificates.issuing import HeldDocument, is_to_be_issued, to_be_collected
from kokuho_core.municipal_office.other_rows import CertificateRecord
from kokuho_core.municipal_office.own_person import OwnPerson
from kokuho_core.ports.municipal import HistoryAndDocuments, ReturnedResults
from kokuho_core.returning.rows import HihoidRow, KaijokekkaRow, RiyotoRow
from kokuho_core.vocabulary.identifiers import AddresseeNumber, InsurerNumber

BATCH: Final = 1000
_BASIC: Final = (Document.CERTIFICATE.value, Document.NOTICE.value)


@frozen
class DocumentDue:
    """交付・回収の一件. ``to_collect``: history numbers (FUZOKU) of documents to take back."""

    addressee_number: AddresseeNumber
    document: Document
    reason: DocumentReason
    snapshot_on: date | None
    expires_on: date | None
    to_issue: bool
    to_collect: tuple[int, ...]


def documents_due(store: HistoryAndDocuments, insurer: InsurerNumber, as_of: date) -> Iterator[DocumentDue]:
    """要交付・要回収 of everybody insured here on ``as_of``, by addressee number; nobody for whom there is nothing to do."""
    persons = store.persons(insurer)
    while batch := list(islice(persons, BATCH)):
        since = {
            each.addressee_number: day
            for each in batch
            if each.is_insured and (day := each.card_since) is not None and day <= as_of
        }
        cards = _cards(store, insurer, list(since), as_of)
        held = _held(store, insurer, since)
        for person in batch:
            number = person.addressee_number
            if number in since:
                due = _due(person, since[number], cards.get(number), held.get(number, ()), as_of)
                if due.to_issue or due.to_collect:
                    yield due


def _due(
    person: OwnPerson, since: date, card: CardUse | None, held: Sequence[HeldDocument], as_of: date
) -> DocumentDue:
    items = person.items()
    holder = Holder(items.birth_date, self_view_stopped=items.self_view_stopped == "1", card=card)
    decision = decide_document(holder, as_of)
    return DocumentDue(
        person.addressee_number,
        decision.document,
        decision.reason,
        decision.snapshot_on,
        decision.expires_on,
        is_to_be_issued(decision, since, held, as_of),
        tuple(each.history_number for each in to_be_collected(decision, since, held, as_of)),
    )


def _cards(
    store: ReturnedResults, insurer: InsurerNumber, addressees: Sequence[AddresseeNumber], as_of: date
) -> dict[AddresseeNumber, CardUse]:
    """利用登録の状態: by the municipal ID that HIHOID gave each person."""
    owners: dict[str, AddresseeNumber] = {}
    for item in store.returned_of(insurer, "HIHOID", addressees):
        if isinstance(item.row, HihoidRow):
            owners[item.row.municipal_insured_id] = AddresseeNumber(item.subject)
    withdrawn = _withdrawn(store, insurer, owners, as_of)
    cards = {}
    for item in store.returned_of(insurer, "RIYOTO", owners):
        row = item.row
        if isinstance(row, RiyotoRow):
            cards[owners[item.subject]] = CardUse.told(
                row.snapshot_on,
                CardRegistrationState(row.card_registration),
                row.certificate_expires_on,
                withdrawn.get(item.subject),
            )
    return cards


def _withdrawn(
    store: ReturnedResults, insurer: InsurerNumber, municipal_ids: Iterable[str], as_of: date
) -> Mapping[str, Withdrawn]:
    """解除申請 that were accepted, by municipal ID: of each person the last."""
    accepted = [
        (item.row.applied_on, item.subject, item.row.effective_on)
        for item in store.returned_of(insurer, "KAIJOKEKKA", municipal_ids)
        if isinstance(item.row, KaijokekkaRow)
        and item.row.result == WithdrawalResultCode.ACCEPTED
        and item.row.applied_on <= as_of
    ]
    return {subject: Withdrawn(on, effective_on) for on, subject, effective_on in sorted(accepted, key=itemgetter(0))}


def _held(
    store: HistoryAndDocuments, insurer: InsurerNumber, addressees: Iterable[AddresseeNumber]
) -> dict[AddresseeNumber, list[HeldDocument]]:
    """交付済みの書類 of each person."""
    found: dict[AddresseeNumber, list[HeldDocument]] = {}
    for row in store.others_of(insurer, "FUZOKU", addressees):
        record = row.record
        if isinstance(record, CertificateRecord) and not row.is_cancelled and record.certificate_kind in _BASIC:
            found.setdefault(record.addressee_number, []).append(
                HeldDocument(
                    record.history_number, Document(record.certificate_kind), record.issued_on, record.expires_on,
                    record.collected_on,
                )
            )  # fmt: skip
    return found
