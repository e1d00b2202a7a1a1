"""資格確認書・資格情報のお知らせの判定 (C-2 … C-5): for everybody insured on a day, which one, why, and whether it is due.

A decision is kept with the snapshot it rests on, and kept anew when document, reason, expiry or card change. What it issued and
collected the municipality tells by FUZOKU.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Final

from attrs import frozen

from kokuho_core.access import Operation
from kokuho_core.certificates.card_use import CardRegistrationState, CardUse, WithdrawalResultCode, Withdrawn
from kokuho_core.certificates.documents import Document, DocumentDecision, DocumentReason, Holder, decide_document
from kokuho_core.certificates.issuing import HeldDocument, is_to_be_issued, to_be_collected
from kokuho_core.entrusted_partition.exchanged import CardRegistration
from kokuho_core.entrusted_partition.subscriber import RegisteredPerson
from kokuho_core.errors import InvalidValue, NotFound, Problem
from kokuho_core.ports.registration import Certificate, DocumentRequest, KnownSubscriber, StoredDocument
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.usecases.admission import admitted
from kokuho_core.usecases.listings import require_short
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.register import require_insurer, update_partition
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId

CARE: Final = "care"
RETURNED: Final = "returned"
REQUEST_KINDS: Final = (CARE, RETURNED)


@frozen
class DocumentItem:
    """交付の一件. ``to_issue``: not issued yet; ``to_collect``: history numbers (FUZOKU) of documents to take back."""

    insurer_number: InsurerNumber
    municipal_insured_id: MunicipalInsuredId
    addressee_number: str
    document: Document
    reason: DocumentReason
    snapshot_on: date | None
    expires_on: date | None
    to_issue: bool
    to_collect: tuple[int, ...]

    @property
    def is_due(self) -> bool:
        """要交付または要回収."""
        return self.to_issue or bool(self.to_collect)


@admitted(Operation.DECIDE_DOCUMENTS, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def decide_documents(
    office: Office, insurer: InsurerNumber, as_of: date | None = None, *,
    due_only: bool = False, person: MunicipalInsuredId | None = None, bulk_reason: str | None = None,
) -> list[DocumentItem]:
    """資格確認書か資格情報のお知らせか, decided for everybody of one municipality on ``as_of``.

    Told is the decision about everybody, about those for whom there is something to issue or to collect (``due_only``), or
    about one ``person``. Raises :class:`NotFound` (KKH-N002). Beyond the limit of a list as any (S-6): the decisions are kept,
    and not told.
    """
    update_partition(office, insurer)

    def is_asked(item: DocumentItem) -> bool:
        return (item.is_due or not due_only) and person in (None, item.municipal_insured_id)

    day, may_be_long = as_of or office.clock.today(), bulk_reason is not None
    number, items = office.database.repeated(partial(_decide, office, insurer, day, is_asked, may_be_long=may_be_long))
    require_short(office, Operation.DECIDE_DOCUMENTS, number, insurer, bulk_reason)
    return items


def _decide(
    office: Office, insurer: InsurerNumber, as_of: date, is_asked: Callable[[DocumentItem], bool], *, may_be_long: bool
) -> tuple[int, list[DocumentItem]]:
    """How many are asked for, and they themselves; not all of them where they are too many for anybody to see."""
    asked = decided = 0
    items: list[DocumentItem] = []
    with office.database.begin() as work:
        require_insurer(work, insurer)
        requests = {
            (each.municipal_insured_id, each.kind)
            for each in work.card_use.requests(insurer)
            if each.requested_on <= as_of
        }
        work.card_use.feed_withdrawals(insurer)  # an application counts at once, before it is sent on (C-3)
        applied = {
            each.municipal_insured_id: Withdrawn(each.applied_on, each.effective_on)
            for each in sorted(work.card_use.withdrawals(insurer), key=lambda each: each.applied_on)
            if each.result in (None, WithdrawalResultCode.ACCEPTED) and each.applied_on <= as_of
        }
        for people in work.card_use.subscribers(insurer, as_of):
            told = list(filter(is_asked, _Decision(office, work, insurer, as_of, requests, applied).decide(people)))
            asked += len(told)
            if may_be_long or office.settings.is_short(asked):
                items += told
            decided += len(people)
            office.progress("documents", decided)
        work.commit()
    return asked, items


@frozen
class _Decision:
    """判定 for some people."""

    office: Office
    work: UnitOfWork
    insurer: InsurerNumber
    as_of: date
    requests: set[tuple[MunicipalInsuredId, str]]
    applied: Mapping[MunicipalInsuredId, Withdrawn]

    def decide(self, people: Sequence[KnownSubscriber]) -> list[DocumentItem]:
        persons = [each.municipal_insured_id for each in people]
        cards = self.work.card_use.registrations(self.insurer, persons)
        registered = self.work.registrations.registered_persons(self.insurer, persons)
        before = self.work.card_use.documents(self.insurer, persons)
        issued = self.work.card_use.certificates(self.insurer, [each.addressee_number for each in people])
        since = self.work.card_use.cards_since(
            self.insurer, [who for each in people if _is_another(before.get(who := each.municipal_insured_id), each)]
        )
        items, changed = [], []
        for person in people:
            key = person.municipal_insured_id
            decision = decide_document(
                self._holder(person, cards.get(key), registered.get(key, RegisteredPerson())), self.as_of
            )
            last = before.get(key)
            kept = self._kept(person, decision, last, since.get(key))
            if kept is not last:
                changed.append(kept)
            items.append(self._item(person, decision, kept, issued.get(person.addressee_number, ())))
        self.work.card_use.decide_documents(self.insurer, changed)
        return items

    def _holder(self, person: KnownSubscriber, card: CardRegistration | None, known: RegisteredPerson) -> Holder:
        key = person.municipal_insured_id
        use = None
        if card is not None:
            use = CardUse.told(
                card.snapshot_on,
                CardRegistrationState(card.card_registration),
                card.certificate_expires_on,
                self.applied.get(key),
            )
        return Holder(
            person.birth_date,
            self_view_stopped=person.self_view_stopped == "1",
            verification=known.verification,
            is_registered=person.is_registered,
            card=use,
            card_returned=(key, RETURNED) in self.requests,
            care_requested=(key, CARE) in self.requests,
        )

    def _kept(
        self, person: KnownSubscriber, decision: DocumentDecision, last: StoredDocument | None, card_since: date | None
    ) -> StoredDocument:
        """The decision as it is kept: the last one, where nothing about it changed but the day of the snapshot."""
        card = _card(person)
        now = (decision.document.value, decision.reason.value, decision.expires_on, card)
        if last is not None and now == (last.document, last.reason, last.expires_on, last.card):
            return last
        if last is not None and last.card == card:
            since = last.made_out_since
        else:
            since = card_since or (person.application_start if last is None else self.as_of)
        return StoredDocument(
            person.municipal_insured_id,
            1 if last is None else last.number + 1,
            decision.document.value,
            decision.reason.value,
            decision.snapshot_on,
            decision.expires_on,
            card,
            since,
            self.office.clock.now(),
        )

    def _item(
        self,
        person: KnownSubscriber,
        decision: DocumentDecision,
        kept: StoredDocument,
        certificates: Sequence[Certificate],
    ) -> DocumentItem:
        held = [
            HeldDocument(
                each.history_number, Document(each.certificate_kind), each.issued_on, each.expires_on, each.collected_on
            )
            for each in certificates
            if each.certificate_kind in (Document.CERTIFICATE.value, Document.NOTICE.value)
        ]
        collect = to_be_collected(decision, kept.made_out_since, held, self.as_of)
        return DocumentItem(
            self.insurer,
            person.municipal_insured_id,
            person.addressee_number,
            decision.document,
            decision.reason,
            decision.snapshot_on,
            decision.expires_on,
            is_to_be_issued(decision, kept.made_out_since, held, self.as_of),
            tuple(each.history_number for each in collect),
        )


def _card(person: KnownSubscriber) -> str:
    return "/".join((person.card_symbol or "", person.card_number, person.branch_number or ""))


def _is_another(last: StoredDocument | None, person: KnownSubscriber) -> bool:
    """Whether nothing was decided for the card that the person has now."""
    return last is None or last.card != _card(person)


@admitted(Operation.DECIDE_DOCUMENTS, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def request_document(
    office: Office, insurer: InsurerNumber, person: MunicipalInsuredId, kind: str, by: str, on: date | None = None
) -> DocumentRequest:
    """申出の記録: ``care`` or ``returned``.

    Raises :class:`NotFound` (KKH-N002, KKH-N001 unknown person), :class:`InvalidValue` (KKH-V001) for another kind.
    """
    if kind not in REQUEST_KINDS:
        raise InvalidValue(Problem("KKH-V001", field="kind"))

    def put() -> DocumentRequest:
        with office.database.begin() as work:
            require_insurer(work, insurer)
            if not work.card_use.known_persons(insurer, [person]):
                raise NotFound(Problem("KKH-N001", field="municipal_insured_id"))
            for each in work.card_use.requests(insurer):
                if (each.municipal_insured_id, each.kind) == (person, kind):
                    return each
            request = DocumentRequest(person, kind, on or office.clock.today(), by, office.clock.now())
            work.card_use.add_request(insurer, request)
            work.commit()
            return request

    return office.database.repeated(put)


@admitted(Operation.DECIDE_DOCUMENTS, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def withdraw_request(office: Office, insurer: InsurerNumber, person: MunicipalInsuredId, kind: str) -> None:
    """申出の取下げ. Raises :class:`NotFound` (KKH-N002, KKH-N001 nothing was requested)."""

    def end() -> None:
        with office.database.begin() as work:
            require_insurer(work, insurer)
            if not work.card_use.end_requests(insurer, person, kind, office.clock.now()):
                raise NotFound(Problem("KKH-N001", field="municipal_insured_id"))
            work.commit()

    office.database.repeated(end)
