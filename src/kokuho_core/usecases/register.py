"""登録 (5-①〜⑤): what changed goes into the entrusted partition, and from there to the intermediate server (R-1 … R-3, R-8).

1. everybody whose records or qualification changed is looked at: what should be registered, against what was (R-8)
2. what cannot be registered yet is kept aside with its reason; what was registered of it before stays
3. cancellations and registrations wait in a queue, in the order in which they must take effect
4. they leave in numbered batches; a batch is kept before it is sent, and sent again as it was until its 受付番号 is known

A crash between any two steps loses nothing: what was not committed is found again by step 1, what was is sent by step 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Final

from attrs import frozen

from kokuho_core.access import Operation
from kokuho_core.eligibility_history.versions import Version, Wanted, changes
from kokuho_core.entrusted_partition.characters import Repertoire
from kokuho_core.entrusted_partition.due_dates import notice_of
from kokuho_core.entrusted_partition.exchanged import Exchange, Line, ReceptionNumber, RegistrationLine
from kokuho_core.entrusted_partition.subscriber import (
    CardDetails,
    DerivedQualification,
    LoneRecord,
    RowInForce,
    Subscriber,
    subscriber_of,
)
from kokuho_core.errors import NotFound, Problem
from kokuho_core.insured_person.application_period import application_periods
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.insured_person.person import live_rows
from kokuho_core.ports.registration import Block, Judged, PartitionCounts, RegistrationStore, SentBatch, card_of
from kokuho_core.ports.registry import Batch, RegistryGateway
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.usecases.admission import admitted, count
from kokuho_core.usecases.office import BATCH, Office
from kokuho_core.vocabulary.identifiers import Addressee, InsurerNumber, Source

NO_NUMBER: Final = "KKH-K001"
HELD: Final = "KKH-K002"
CHARACTERS: Final = "KKH-K003"
BRANCH_TAKEN: Final = "KKH-K004"

_History = Sequence[tuple[PersonFact, CardDetails]]


@frozen
class Prepared:
    """準備の件数."""

    persons: int
    registrations: int
    cancellations: int
    blocked: int


@frozen
class Registered:
    """登録の結果: the batches that were sent now, and how the partition stands."""

    insurer_number: InsurerNumber
    prepared: Prepared
    batches: tuple[SentBatch, ...]
    counts: PartitionCounts


@admitted(Operation.REGISTER, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def register(office: Office, insurer: InsurerNumber, gateway: RegistryGateway, *, again: bool = False) -> Registered:
    """加入者情報一括登録 of one municipality: prepare, then send whatever waits.

    With ``again``, records that the receiver refused are sent anew. Raises :class:`NotFound` (KKH-N002), and what the gateway
    raises: then what was not sent waits, and the next call goes on with it.
    """
    if again:
        office.database.repeated(partial(_again, office, insurer))
    prepared = update_partition(office, insurer)
    sent = list(send_batches(office, Exchange.REGISTRATION, insurer, gateway))
    with office.database.begin(read_only=True) as work:
        return Registered(insurer, prepared, tuple(sent), work.registrations.counts(insurer))


def _again(office: Office, insurer: InsurerNumber) -> None:
    with office.database.begin() as work:
        require_insurer(work, insurer)
        work.registrations.retry_refused(insurer, office.clock.now())
        work.commit()


def require_insurer(work: UnitOfWork, insurer: InsurerNumber) -> None:
    """Raises :class:`NotFound` (KKH-N002)."""
    if insurer not in work.register():
        raise NotFound(Problem("KKH-N002", field="insurer"))


# --- preparing ---


@admitted(Operation.REGISTER, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def prepare(office: Office, insurer: InsurerNumber) -> Prepared:
    """委託区画(中継)の更新: bring versions and queue up to what is known. Raises :class:`NotFound` (KKH-N002)."""
    return update_partition(office, insurer)


def update_partition(office: Office, insurer: InsurerNumber) -> Prepared:
    """As :func:`prepare`, for other use cases: part of what they are admitted for."""
    return office.database.repeated(partial(_prepare, office, insurer))


def _prepare(office: Office, insurer: InsurerNumber) -> Prepared:
    persons = registrations = cancellations = blocked = 0
    with office.database.begin() as work:
        require_insurer(work, insurer)
        work.registrations.wake_blocked(insurer)
        work.registrations.feed_certificates(insurer)
        total = work.registrations.pending(insurer)
        step = _Preparation(office.settings.repertoire, insurer, work, office.clock.today())
        while waiting := work.registrations.take_pending(insurer, BATCH):
            judged = step.judge(waiting)
            work.registrations.save(insurer, judged, office.clock.now())
            persons += len(waiting)
            registrations += sum(len(each.changes.registered) for each in judged)
            cancellations += sum(len(each.changes.cancelled) for each in judged)
            blocked += sum(len(each.blocks) for each in judged)
            office.progress("prepare", persons, total)
        count(persons=persons, registrations=registrations, cancellations=cancellations)
        work.commit()
    return Prepared(persons, registrations, cancellations, blocked)


@frozen
class _Preparation:
    """準備 of some people of one municipality."""

    repertoire: Repertoire
    insurer: InsurerNumber
    work: UnitOfWork
    today: date

    @property
    def store(self) -> RegistrationStore:
        return self.work.registrations

    def judge(self, addressees: Sequence[Addressee]) -> list[Judged]:
        """What is to be told of each, in order."""
        alone = self.store.lone_records(self.insurer, addressees)
        others = [each for each in addressees if each not in alone]
        histories = self.store.histories(others)
        told = self.store.qualifications(others)
        standing = self.store.standing(others)
        held = self.work.persons.held(others)
        looked_at = [
            self._look_at_alone(each, alone[each])
            if each in alone
            else self._look_at(each, histories[each], told.get(each, {}), standing.get(each, ()), held)
            for each in addressees
        ]
        self._block_taken_cards(looked_at)
        return [each.judged() for each in looked_at]

    def _look_at_alone(self, addressee: Addressee, record: LoneRecord) -> _Person:
        person = _Person(addressee, (), [], [], record.updated_on)
        if record.derived is not None:
            self._want(person, record.history_number, record, record.details, record.derived)
        return person

    def _look_at(
        self,
        addressee: Addressee,
        history: _History,
        told: Mapping[int, DerivedQualification],
        standing: Sequence[Version],
        held: frozenset[Source],
    ) -> _Person:
        changed_on = history[-1][0].updated_on if history else self.today  # nothing is left of a recalled person
        person = _Person(addressee, standing, [], [], changed_on)
        for period in application_periods(live_rows([fact for fact, _ in history], held)):
            row = told.get(period.key.history_number)
            if row is not None:  # same-day periods cover no day and are not told
                self._want(
                    person, period.key.history_number, period.current, _details_of(history, period.current), row
                )
        return person

    def _want(
        self, person: _Person, key: int, row: RowInForce, details: CardDetails, told: DerivedQualification
    ) -> None:
        municipal_id, days = told.municipal_insured_id, (told.start, told.end)
        if told.acquired is None:
            notified_on = details.end_notified or details.start_notified or row.updated_on
            person.blocks.append(Block(key, municipal_id, row.source, HELD, (), *days, notified_on))
            return
        original = subscriber_of(row, details, told, told.acquired)
        content, replaced, unfit = self.repertoire.fitted(original)
        before = next((each.content for each in person.standing if each.period == key), None)
        notified_on = notice_of(row, details, content, before)
        if unfit:
            person.blocks.append(Block(key, municipal_id, row.source, CHARACTERS, unfit, *days, notified_on))
        elif row.number is None:
            person.blocks.append(
                Block(key, municipal_id, row.source, NO_NUMBER, ("individual_number",), *days, notified_on)
            )
        else:
            person.wanted.append(Wanted(key, content, row.number, row.source, notified_on, replaced))

    def _block_taken_cards(self, persons: Iterable[_Person]) -> None:
        """枝番: two digits that are one person's under one 記号・番号 on any day; who stands there already goes before."""
        wanted = [(person, each, card) for person in persons for each in person.wanted if (card := _card(each.content))]
        holders = self.store.holders_of(self.insurer, {card for *_, card in wanted})
        for person, each, card in wanted:
            content = each.content
            own = (content.municipal_insured_id, content.application_start, content.application_end)
            others = holders.get(card)
            if others is None:  # most cards
                holders[card] = [own]
            elif any(other != own[0] and _meet(content, start, end) for other, start, end in others):
                person.wanted.remove(each)
                block = Block(
                    each.period, own[0], each.source, BRANCH_TAKEN, ("branch_number",), *own[1:], each.notified_on
                )
                person.blocks.append(block)
            else:
                others.append(own)


@frozen
class _Person:
    """判定中の加入者. ``changed_on``: when the municipality made its last record of him."""

    addressee: Addressee
    standing: Sequence[Version]
    wanted: list[Wanted]
    blocks: list[Block]
    changed_on: date

    def judged(self) -> Judged:
        waiting = [each.period for each in self.blocks]
        return Judged(self.addressee, changes(self.standing, self.wanted, waiting), tuple(self.blocks), self.changed_on)


def _details_of(history: _History, row: PersonFact) -> CardDetails:
    return next(details for fact, details in reversed(history) if fact.received == row.received)


def _card(content: Subscriber) -> str | None:
    return card_of(content.card_symbol, content.card_number, content.branch_number)


def _meet(content: Subscriber, start: date, end: date | None) -> bool:
    """Whether two application periods share a day."""
    return (end is None or content.application_start < end) and (
        content.application_end is None or start < content.application_end
    )


# --- sending ---


def send_batches(
    office: Office, exchange: Exchange, insurer: InsurerNumber, gateway: RegistryGateway
) -> Iterator[SentBatch]:
    """Send what waits of one exchange, batch by batch; first those whose arrival is not known. Raises what the gateway raises."""
    with office.database.begin(read_only=True) as work:
        unsent = [each for each in work.registrations.unfinished(exchange, insurer) if each.reception is None]
    for batch in unsent:
        yield _send(office, batch, gateway)
    while True:
        made = office.database.repeated(partial(_next_batch, office, exchange, insurer, gateway))
        if made is None:
            return
        yield _send(office, made, gateway)


def arrived_batches(
    work: UnitOfWork, exchange: Exchange, insurer: InsurerNumber
) -> list[tuple[SentBatch, ReceptionNumber]]:
    """Batches that the receiver took and whose results are not all here, in order, each with its 受付番号."""
    unfinished = work.registrations.unfinished(exchange, insurer)
    return [(each, each.reception) for each in unfinished if each.reception is not None]


def _next_batch(
    office: Office, exchange: Exchange, insurer: InsurerNumber, gateway: RegistryGateway
) -> SentBatch | None:
    with office.database.begin() as work:
        now = office.clock.now().replace(microsecond=0)  # as a file says it
        made = work.registrations.next_batch(exchange, insurer, gateway.batch_lines, gateway.channel, now)
        work.commit()
        return made


def batch_to_send(office: Office, batch: SentBatch) -> Batch:
    """A batch that was kept, as it goes over the line: the same whenever it is sent."""
    lines = partial(_lines, office, batch)
    return Batch(batch.exchange, batch.insurer_number, batch.number, batch.created_at, batch.lines, lines)


def _send(office: Office, batch: SentBatch, gateway: RegistryGateway) -> SentBatch:
    reception = gateway.send(batch_to_send(office, batch))

    def note() -> None:
        with office.database.begin() as work:
            work.registrations.received(batch, reception, office.clock.now())
            count(provided=batch.lines)
            work.commit()

    office.database.repeated(note)
    office.progress("send", batch.last - batch.first + 1)
    with office.database.begin(read_only=True) as work:
        return work.registrations.batch(batch.exchange, batch.insurer_number, batch.number)


def _lines(office: Office, batch: SentBatch) -> Iterator[Line]:
    """The lines of a batch, which are the same however often they are asked for."""
    with office.database.begin(read_only=True) as work:
        if batch.exchange is Exchange.CARD_WITHDRAWAL:
            yield from work.card_use.withdrawal_lines(batch)
            return
        if batch.exchange is Exchange.INSTITUTION_SYMBOL:
            yield from work.registrations.symbol_lines(batch)
            return
        insurer = batch.insurer_number
        for queued in work.registrations.lines(batch):
            numbers = office.vault.reveal_column(work.keys, queued.numbers)
            for (key, kind, content, notified_on), number in zip(queued.lines, numbers, strict=True):
                yield RegistrationLine._make((insurer, key, kind, number, *content, notified_on))
