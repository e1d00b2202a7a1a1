"""登録 (5-①〜⑤): what changed goes into the entrusted partition, and from there to the intermediate server (R-1 … R-3, R-8).

1. everybody whose records or qualification changed is looked at: what should be registered, against what was (R-8)
2. what cannot be registered yet is kept aside with its reason; what was registered of it before stays
3. cancellations and registrations wait in a queue, in the order in which they must take effect
4. they leave in numbered batches; a batch is kept before it is sent, and sent again as it was until its 受付番号 is known

A crash between any two steps loses nothing: what was not committed is found again by step 1, what was is sent by step 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Final, NamedTuple

from attrs import field, frozen, mutable

from kokuho_core.access import Operation
from kokuho_core.eligibility_history.versions import Changes, Version, Waiting, Wanted, changes
from kokuho_core.entrusted_partition.card_numbers import give_cards
from kokuho_core.entrusted_partition.characters import Repertoire
from kokuho_core.entrusted_partition.due_dates import Told, notice_of
from kokuho_core.entrusted_partition.exchanged import Exchange, Line, ReceptionNumber, RecordKey, RegistrationLine
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
UNDECIDED: Final = "KKH-K006"

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
        person = _Person(addressee, record.updated_on)
        if record.derived is not None:
            self._want(person, record.history_number, record, record.details, record.derived, None)
        return person

    def _look_at(
        self,
        addressee: Addressee,
        history: _History,
        told: Mapping[int, DerivedQualification],
        standing: Sequence[Version],
        held: frozenset[Source],
    ) -> _Person:
        person = _Person(addressee, self._changed_on(history, standing), standing)
        details = {fact.source: of_it for fact, of_it in history}
        facts = [fact for fact, _ in history]
        for period in application_periods(live_rows(facts, held)):
            key, row = period.key.history_number, period.current
            derived = told.get(key)
            if derived is not None:  # same-day periods cover no day and are not told
                before = person.version_of(key, derived.start)
                answered = None if before is None else Told(before.content, before.source, details.get(before.source))
                self._want(person, key, row, details[row.source], derived, answered)
        if held:
            self._block_undecided(person, facts, details, held)
        return person

    def _changed_on(self, history: _History, standing: Sequence[Version]) -> date:
        """The day of the municipality's last record; today, where what changes rests on none that is new."""
        known = max((each.source for each in standing), default=None)
        if not history or (known is not None and history[-1][0].source <= known):
            return self.today
        return history[-1][0].updated_on

    def _want(
        self,
        person: _Person,
        key: int,
        row: RowInForce,
        details: CardDetails,
        derived: DerivedQualification,
        before: Told | None,
    ) -> None:
        if person.standing:
            person.flags[key] = _Flags((row.address_withheld, details.self_view_stopped), row)
        municipal_id, days = derived.municipal_insured_id, (derived.start, derived.end)
        if derived.acquired is None:
            notified_on = details.end_notified or details.start_notified or row.updated_on
            person.blocks.append(Block(key, municipal_id, row.source, HELD, (), *days, notified_on))
            return
        original = subscriber_of(row, details, derived, derived.acquired)
        content, replaced, unfit = self.repertoire.fitted(original)
        notified_on = notice_of(row, details, content, before, self.today)
        if unfit:
            person.blocks.append(Block(key, municipal_id, row.source, CHARACTERS, unfit, *days, notified_on))
        elif row.number is None:
            person.blocks.append(
                Block(key, municipal_id, row.source, NO_NUMBER, ("individual_number",), *days, notified_on)
            )
        else:
            person.wanted.append(Wanted(key, content, row.number, row.source, notified_on, replaced))

    @staticmethod
    def _block_undecided(
        person: _Person, facts: Sequence[PersonFact], details: Mapping[Source, CardDetails], held: frozenset[Source]
    ) -> None:
        """Records in an identity conflict have no effect (I-1), but their notice was received and the days are counted (R-5)."""
        newest = {fact.history_number: fact for fact in facts}
        waiting = {each.period for each in person.blocks}
        for fact in newest.values():
            if fact.source in held and fact.history_number not in waiting and fact.application_start is not None:
                notified_on = details[fact.source].start_notified or fact.updated_on
                person.blocks.append(
                    Block(
                        fact.history_number, None, fact.source, UNDECIDED, (), fact.application_start,
                        fact.application_end, notified_on,
                    )
                )  # fmt: skip

    def _block_taken_cards(self, persons: Sequence[_Person]) -> None:
        """枝番: two digits that are one person's under one 記号・番号 on any day; who stands there and stays goes before.

        Who gives his up in the same step makes room. If he cannot after all, nobody gets it: so it is judged until nothing more
        has to wait.
        """
        wanted = [(person, each, card) for person in persons for each in person.wanted if (card := _card(each.content))]
        holders = self.store.holders_of(self.insurer, {card for *_, card in wanted})
        while True:
            leaving = {key: each for each in persons if holders and each.standing for key in each.leaving()}
            cards = give_cards([(each.content, card) for _, each, card in wanted], holders, leaving)
            if not cards.taken:
                for key in cards.freed:
                    leaving[key].hands_over = True
                return
            for place in cards.taken:
                person, each, _ = wanted[place]
                content = each.content
                block = Block(
                    each.period, content.municipal_insured_id, each.source, BRANCH_TAKEN, ("branch_number",),
                    content.application_start, content.application_end, each.notified_on,
                )  # fmt: skip
                person.block(each, block)
            wanted = [entry for place, entry in enumerate(wanted) if place not in cards.taken]


class _Flags(NamedTuple):
    """フラグ as the row in force has them now."""

    now: tuple[str, str]
    row: RowInForce


@mutable
class _Person:
    """判定中の加入者. ``changed_on``: when the municipality made its last record of him."""

    addressee: Addressee
    changed_on: date
    standing: Sequence[Version] = ()
    wanted: list[Wanted] = field(factory=list)
    blocks: list[Block] = field(factory=list)
    flags: dict[int, _Flags] = field(factory=dict)
    hands_over: bool = False
    told: Changes | None = None
    """差分 as they are, until something more has to wait."""

    def version_of(self, period: int, start: date | None) -> Version | None:
        """What stands of an application period."""
        return next((each for each in self.standing if each.is_of(period, start)), None)

    def judged(self) -> Judged:
        if self.blocks and self.standing:
            self._renew_flags()
        return Judged(self.addressee, self.changes(), tuple(self.blocks), self.changed_on, self.hands_over)

    def leaving(self) -> tuple[RecordKey, ...]:
        """Versions that end as things are."""
        found = self.changes()
        return found.dropped + found.cancelled

    def block(self, wanted: Wanted, block: Block) -> None:
        """Let something wait that was wanted."""
        self.wanted.remove(wanted)
        self.blocks.append(block)
        self.told = None

    def changes(self) -> Changes:
        """差分 as things are."""
        if self.told is None:
            waiting = [Waiting(each.period, each.start) for each in self.blocks if each.code != UNDECIDED]
            self.told = changes(self.standing, self.wanted, waiting)
        return self.told

    def _renew_flags(self) -> None:
        """What stands of a period that waits stays as it was, but for the two flags: who hides is hidden at once (R-2)."""
        leaving = self.leaving()
        for block in self.blocks:
            before, flags = self.version_of(block.period, block.start), self.flags.get(block.period)
            if before is None or flags is None or before.record_key in leaving or before.number != flags.row.number:
                continue
            if before.number is not None and before.content.flags != flags.now:
                content = before.content.with_flags(flags.now)
                self.wanted.append(
                    Wanted(before.period, content, before.number, flags.row.source, flags.row.updated_on)
                )
                self.told = None


def _card(content: Subscriber) -> str | None:
    return card_of(content.card_symbol, content.card_number, content.branch_number)


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
