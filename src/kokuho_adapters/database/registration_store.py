"""委託区画(中継)の保管: versions that only end, the queue towards the receiver, and its answers.

The queue is numbered per municipality without ever going back; a batch is a stretch of it. So what was batched when, and what
still waits, follows from numbers alone, and 100,000 lines are put into a batch by one row.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from operator import itemgetter
from typing import Any, Final, cast

import orjson
from attrs import frozen
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy import cast as cast_to_text

from kokuho_adapters.database.counters import Counters
from kokuho_adapters.database.person_store import PERSON_COLUMNS
from kokuho_adapters.database.statements import batches, bulk_insert, insert_of, insert_or_ignore, one_of, under_keys
from kokuho_adapters.database.tables import (
    IsoDate,
    card_withdrawal,
    held_record,
    institution_symbol,
    number_vault,
    other_record,
    pending_registration,
    person_record,
    recalled_file,
    recalled_person_record,
    registration_batch,
    registration_block,
    registration_message,
    registration_version,
    relay_certificate,
    returned_row,
    subscriber,
)
from kokuho_core.eligibility_history.reconciliation import Cause, OurRecord
from kokuho_core.eligibility_history.results import SentMessage
from kokuho_core.eligibility_history.versions import Standing, Version, Wanted, record_key
from kokuho_core.entrusted_partition.card_numbers import CardHolder
from kokuho_core.entrusted_partition.exchanged import (
    OPEN_CHECKS,
    Exchange,
    InternalBranchNumber,
    ReceptionNumber,
    RecordKey,
    RegistrationResult,
    ResultCode,
    SymbolLine,
    Verification,
)
from kokuho_core.entrusted_partition.subscriber import (
    CARD_DETAIL_KEYS,
    CardDetails,
    DerivedQualification,
    LoneRecord,
    RegisteredPerson,
    Subscriber,
)
from kokuho_core.errors import NotFound, Problem
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.ports.registration import (
    DueRegistration,
    Judged,
    PartitionCounts,
    QueuedLine,
    QueuedLines,
    SentBatch,
    card_of,
)
from kokuho_core.ports.vault import SealedColumn
from kokuho_core.returning.rows import addressee_subject, row_keys
from kokuho_core.vocabulary.codes import InsuredKind, UpdateKind
from kokuho_core.vocabulary.identifiers import Addressee, AddresseeNumber, InsurerNumber, MunicipalInsuredId, Source
from kokuho_core.vocabulary.individual_number import NumberIndex

_version, _message, _batch = registration_version.c, registration_message.c, registration_batch.c
_block, _pending, _subscriber = registration_block.c, pending_registration.c, subscriber.c
_records, _recalled, _vault = person_record.c, recalled_person_record.c, number_vault.c
_held = held_record.c
_DETAILS: Final = tuple(_records[key] for key in CARD_DETAIL_KEYS)
_FACTS: Final = len(PERSON_COLUMNS)
_NEW, _CANCELLATION = UpdateKind.NEW.value, UpdateKind.CANCELLATION.value
_TAKEN: Final = (ResultCode.DONE.value, ResultCode.RECEIVED_BEFORE.value)
_REFUSED: Final = ResultCode.ERROR.value
_OPEN_CHECKS: Final = sorted(state.value for state in OPEN_CHECKS)
_BATCH_COLUMNS: Final = tuple(registration_batch.columns)
_QUEUES: Final[Mapping[Exchange, Table]] = {
    Exchange.REGISTRATION: registration_message,
    Exchange.CARD_WITHDRAWAL: card_withdrawal,
    Exchange.INSTITUTION_SYMBOL: institution_symbol,
}
"""Where the lines of each exchange wait."""


# --- content as text ---


class _Days(dict[str | None, date | None]):
    """Days by their text; the same few thousand occur everywhere."""

    def __missing__(self, text: str | None) -> date | None:
        day = None if text is None else date.fromisoformat(text)
        if len(self) < 50_000:
            self[text] = day
        return day


_DAYS: Final = _Days()
_DATES: Final = tuple(
    Subscriber._fields.index(key)
    for key in ("birth_date", "qualification_acquired", "qualification_lost", "application_start", "application_end")
)


def content_text(content: Subscriber) -> str:
    """A subscriber record as a JSON list in the order of its fields."""
    return orjson.dumps(tuple(content)).decode()


def content_of(text: str) -> Subscriber:
    """The subscriber record behind :func:`content_text`."""
    values = orjson.loads(text)
    for place in _DATES:
        values[place] = _DAYS[values[place]]
    return Subscriber._make(values)


_DERIVED_KEYS: Final = (
    "municipal_insured_id", "qualification_acquired", "qualification_lost", "qualification_lost_reason",
    "application_start", "application_end",
)  # fmt: skip
_derived_values: Final = itemgetter(*map(row_keys("TOKUSO").index, _DERIVED_KEYS))


def _derived_of(values: list[Any]) -> DerivedQualification:
    """The part of a TOKUSO row that registration needs, from its text."""
    person, acquired, lost, reason, start, end = _derived_values(values)
    return DerivedQualification(
        MunicipalInsuredId(person), _DAYS[acquired], _DAYS[lost], reason, cast(date, _DAYS[start]), _DAYS[end]
    )


# --- queries made once ---

_LONE: Final = 13
"""Columns of :func:`_alone` before the details."""


@cache
def _alone() -> Select[Any]:
    """Records of addressees, each with what was derived of its own period, and whether anything else must be asked about.

    A period is known by its lowest history number, so that of the only record has the number of that record.
    """
    row = returned_row.c
    held = (
        select(literal(1))
        .where(_held.insurer_number == _records.insurer_number, _held.addressee_number == _records.addressee_number)
        .exists()
    )  # fmt: skip
    standing = (
        select(literal(1))
        .where(
            _version.insurer_number == _records.insurer_number,
            _version.addressee_number == _records.addressee_number,
            _version.ended_at.is_(None),
        )
        .exists()
    )
    told = and_(
        row.subject == _records.insurer_number.concat("/").concat(_records.addressee_number),
        row.file_id == "TOKUSO",
        row.insurer_number == _records.insurer_number,
        row.item == cast_to_text(_records.history_number, Text),
        _records.insured_kind == InsuredKind.INSURED.value,
        _records.application_start.is_not(None),
    )
    return (
        select(
            _records.addressee_number, held, standing, _records.update_kind, row.stands, _records.file_no, _records.line,
            _records.history_number, _records.number_index, _records.birth_date, _records.sex, _records.address_withheld,
            func.date(_records.updated_at, type_=IsoDate()), *_DETAILS,
        )
        .select_from(person_record)
        .outerjoin(returned_row, told)
        .where(_records.insurer_number == bindparam("insurer"))
    )  # fmt: skip



def _same_line(records: Table) -> ColumnElement[bool]:
    return and_(records.c.file_no == _version.file_no, records.c.line == _version.line)


_NUMBER_INDEX: Final = func.coalesce(_records.number_index, _recalled.number_index)
"""The number a version was made with: of its history row, wherever that stands now. It follows every rotation of keys."""


@cache
def _lines() -> Select[Any]:
    own = (_vault.number_index == _NUMBER_INDEX) & (_vault.insurer_number == _version.insurer_number)
    return (
        select(
            _message.record_key, _message.update_kind, _version.content, _version.notified_on,
            _vault.number_index, _vault.key_id, _vault.ciphertext,
        )
        .select_from(registration_message)
        .join(
            registration_version,
            (_version.insurer_number == _message.insurer_number) & (_version.record_key == _message.record_key),
        )
        .outerjoin(person_record, _same_line(person_record))
        .outerjoin(recalled_person_record, _same_line(recalled_person_record))
        .outerjoin(number_vault, own)
        .where(
            _message.insurer_number == bindparam("insurer"),
            _message.number >= bindparam("first"),
            _message.number <= bindparam("last"),
        )
        .order_by(_message.number)
        .execution_options(yield_per=1000)
    )  # fmt: skip


def _standing_of(number: int, result: str | None, batched: int) -> Standing:
    if result is None:
        return Standing.SENT if number <= batched else Standing.QUEUED
    return Standing.REFUSED if result == _REFUSED else Standing.REGISTERED


def _keys(addressees: Iterable[Addressee]) -> Iterator[tuple[str, str]]:
    return ((each.insurer_number, each.addressee_number) for each in addressees)


def _addressee(row: Sequence[Any]) -> Addressee:
    return Addressee(InsurerNumber(row[0]), AddresseeNumber(row[1]))


@frozen
class SqlRegistrationStore:
    """:class:`kokuho_core.ports.registration.RegistrationStore` on SQL tables."""

    connection: Connection
    counters: Counters

    # --- feeding ---

    def mark(self, addressees: Iterable[Addressee]) -> None:
        statement = insert_or_ignore(self.connection, pending_registration)
        columns = ("insurer_number", "addressee_number")
        bulk_insert(self.connection, pending_registration, columns, _keys(addressees), statement)

    def wake_blocked(self, insurer: InsurerNumber) -> None:
        blocked = (
            select(_block.insurer_number, _block.addressee_number).where(_block.insurer_number == insurer).distinct()
        )
        self.connection.execute(
            insert_or_ignore(self.connection, pending_registration).from_select(
                ["insurer_number", "addressee_number"], blocked
            )
        )

    def pending(self, insurer: InsurerNumber) -> int:
        query = select(func.count()).select_from(pending_registration).where(_pending.insurer_number == insurer)
        return int(self.connection.execute(query).scalar_one())

    def take_pending(self, insurer: InsurerNumber, limit: int) -> list[Addressee]:
        own = _pending.insurer_number == insurer
        query = select(pending_registration).where(own).order_by(_pending.addressee_number).limit(limit)
        taken = [_addressee(row) for row in self.connection.execute(query).all()]
        if taken:
            last = taken[-1].addressee_number
            self.connection.execute(delete(pending_registration).where(own, _pending.addressee_number <= last))
        return taken

    def lone_records(self, insurer: InsurerNumber, addressees: Sequence[Addressee]) -> dict[Addressee, LoneRecord]:
        found: dict[str, LoneRecord] = {}
        several: set[str] = set()
        asked: dict[str, Addressee] = {each.addressee_number: each for each in addressees}
        wanted = one_of(self.connection, _records.addressee_number, list(asked))
        for row in self.connection.execute(_alone().where(wanted), {"insurer": insurer}).all():
            addressee = row[0]
            if addressee in found or row[1] or row[2] or row[3] != _NEW:
                several.add(addressee)
                continue
            derived = row[4]
            found[addressee] = LoneRecord(
                Source(row[5], row[6]), row[7], row[8], row[9], row[10], row[11], row[12],
                CardDetails(*row[_LONE:]), None if derived is None else _derived_of(orjson.loads(derived)),
            )  # fmt: skip
        return {asked[number]: record for number, record in found.items() if number not in several}

    def histories(self, addressees: Sequence[Addressee]) -> dict[Addressee, list[tuple[PersonFact, CardDetails]]]:
        found: dict[Addressee, list[tuple[PersonFact, CardDetails]]] = {each: [] for each in addressees}
        for wanted in under_keys(
            self.connection, _records.insurer_number, _records.addressee_number, _keys(addressees)
        ):
            query = select(*PERSON_COLUMNS, *_DETAILS).where(wanted).order_by(_records.file_no, _records.line)
            for row in self.connection.execute(query).all():
                fact = PersonFact(*row[:_FACTS])
                found[fact.addressee].append((fact, CardDetails(*row[_FACTS:])))
        return found

    def qualifications(self, addressees: Sequence[Addressee]) -> dict[Addressee, dict[int, DerivedQualification]]:
        found: dict[Addressee, dict[int, DerivedQualification]] = {}
        by_subject = {addressee_subject(each): each for each in addressees}
        row = returned_row.c
        for batch in batches(by_subject, 1000):
            query = select(row.subject, row.item, row.stands).where(
                one_of(self.connection, row.subject, batch), row.file_id == "TOKUSO", row.stands.is_not(None)
            )
            for subject, item, text in self.connection.execute(query).all():
                found.setdefault(by_subject[subject], {})[int(item)] = _derived_of(orjson.loads(text))
        return found

    def standing(self, addressees: Sequence[Addressee]) -> dict[Addressee, list[Version]]:
        found: dict[Addressee, list[Version]] = {}
        batched: dict[str, int] = {}
        for wanted in under_keys(
            self.connection, _version.insurer_number, _version.addressee_number, _keys(addressees)
        ):
            query = (
                select(
                    _version.insurer_number, _version.addressee_number, _version.record_key, _version.period,
                    _version.content, _NUMBER_INDEX, _message.number, _message.result, _version.file_no, _version.line,
                )
                .select_from(registration_version)
                .join(registration_message, _registered_by())
                .outerjoin(person_record, _same_line(person_record))
                .outerjoin(recalled_person_record, _same_line(recalled_person_record))
                .where(wanted, _version.ended_at.is_(None))
            )  # fmt: skip
            # sorted here: asked for the order of keys, SQLite would walk through all of them
            rows = sorted(self.connection.execute(query).all(), key=itemgetter(2))
            for insurer, addressee, key, period, content, index, number, result, file_no, line in rows:
                if insurer not in batched:
                    batched[insurer] = self._batched(Exchange.REGISTRATION, insurer)
                version = Version(
                    RecordKey(key),
                    period,
                    content_of(content),
                    None if index is None else NumberIndex(index),
                    _standing_of(number, result, batched[insurer]),
                    Source(file_no, line),
                )
                found.setdefault(_addressee((insurer, addressee)), []).append(version)
        return found

    def holders_of(self, insurer: InsurerNumber, cards: Iterable[str]) -> dict[str, list[CardHolder]]:
        found: dict[str, list[CardHolder]] = {}
        for batch in batches(cards, 1000):
            query = select(_version.card, _version.record_key, _version.content).where(
                _version.insurer_number == insurer,
                one_of(self.connection, _version.card, batch),
                _version.card.is_not(None),
                _version.ended_at.is_(None),
            )
            for card, key, text in self.connection.execute(query).all():
                content = content_of(text)
                period = (content.application_start, content.application_end)
                found.setdefault(card, []).append(CardHolder(RecordKey(key), content.municipal_insured_id, *period))
        return found

    def save(self, insurer: InsurerNumber, judged: Iterable[Judged], at: datetime) -> None:
        listed = list(judged)
        self._drop(insurer, [key for each in listed for key in each.changes.dropped], at)
        self._end(insurer, [key for each in listed for key in each.changes.cancelled], at)
        news = sum(len(each.changes.registered) for each in listed)
        ends = sum(len(each.changes.cancelled) for each in listed)
        numbers = iter(self.counters.take(f"registration_message/{insurer}", news + ends))
        serials = iter(self.counters.take(f"registration/{insurer}", news))
        versions: list[tuple[Any, ...]] = []
        messages: list[tuple[Any, ...]] = []
        # what ends goes before what begins: of one person, and of all under a number that is handed over
        for each in listed:
            if each.hands_over:
                messages += self._cancellations(each, numbers)
        for each in listed:
            if not each.hands_over:
                messages += self._cancellations(each, numbers)
            for wanted in each.changes.registered:
                key = record_key(insurer, next(serials))
                versions.append(_version_row(key, each.addressee, wanted))
                messages.append((next(numbers), key, _NEW, wanted.notified_on))
        own = {"insurer_number": insurer}
        made = {**own, "recorded_at": at}
        bulk_insert(self.connection, registration_version, _VERSION_COLUMNS, versions, constants=made)
        bulk_insert(self.connection, registration_message, _MESSAGE_COLUMNS, messages, constants=own)
        self._save_blocks(insurer, listed)

    @staticmethod
    def _cancellations(judged: Judged, numbers: Iterator[int]) -> Iterator[tuple[Any, ...]]:
        return ((next(numbers), key, _CANCELLATION, judged.cancelled_on) for key in judged.changes.cancelled)

    def _drop(self, insurer: InsurerNumber, keys: list[RecordKey], at: datetime) -> None:
        """These never left, or were not taken: nothing need be told of their end."""
        if not keys:
            return
        self._end(insurer, keys, at)
        batched = self._batched(Exchange.REGISTRATION, insurer)
        for batch in batches(keys, 1000):
            own = (_message.insurer_number == insurer, one_of(self.connection, _message.record_key, batch))
            self.connection.execute(delete(registration_message).where(*own, _message.number > batched))

    def _end(self, insurer: InsurerNumber, keys: list[RecordKey], at: datetime) -> None:
        for batch in batches(keys, 1000):
            own = (_version.insurer_number == insurer, one_of(self.connection, _version.record_key, batch))
            self.connection.execute(
                update(registration_version).where(*own, _version.ended_at.is_(None)).values(ended_at=at)
            )

    def _save_blocks(self, insurer: InsurerNumber, judged: Sequence[Judged]) -> None:
        everybody = {each.addressee.addressee_number for each in judged}
        blocked = select(_block.addressee_number).where(  # few, and side by side
            _block.insurer_number == insurer,
            _block.addressee_number >= min(everybody, default=""),
            _block.addressee_number <= max(everybody, default=""),
        )
        for batch in batches(everybody.intersection(self.connection.execute(blocked).scalars().all()), 1000):
            own = (_block.insurer_number == insurer, one_of(self.connection, _block.addressee_number, batch))
            self.connection.execute(delete(registration_block).where(*own))
        bulk_insert(
            self.connection,
            registration_block,
            _BLOCK_COLUMNS,
            (
                (
                    insurer, each.addressee.addressee_number, block.period, block.municipal_insured_id, *block.source, block.code,
                    " ".join(block.fields), block.start, block.end, block.notified_on,
                )
                for each in judged
                for block in each.blocks
            ),
        )  # fmt: skip

    def feed_certificates(self, insurer: InsurerNumber) -> int:
        others, kept = other_record.c, relay_certificate.c
        known = and_(kept.file_no == others.file_no, kept.line == others.line)
        query = (
            select(others.file_no, others.line, others.identity, others.update_kind, others.content)
            .outerjoin(relay_certificate, known)
            .where(others.insurer_number == insurer, others.file_id == "FUZOKU", kept.file_no.is_(None))
            .order_by(others.file_no, others.line)
            .limit(1000)
        )
        fed, last = 0, (0, 0)
        while batch := self.connection.execute(
            query.where(tuple_(others.file_no, others.line) > tuple_(*map(literal, last)))
        ).all():
            last = (batch[-1].file_no, batch[-1].line)
            rows = (
                (file_no, line, insurer, identity.split("/")[1], identity, kind, content, False)
                for file_no, line, identity, kind, content in batch
            )
            columns = (
                "file_no", "line", "insurer_number", "addressee_number", "identity", "update_kind", "content", "is_recalled",
            )  # fmt: skip
            bulk_insert(self.connection, relay_certificate, columns, rows)
            fed += len(batch)
        recalled = kept.file_no.in_(select(recalled_file.c.file_no).where(recalled_file.c.insurer_number == insurer))
        changed = self.connection.execute(
            update(relay_certificate)
            .where(kept.insurer_number == insurer, kept.is_recalled.is_(False), recalled)
            .values(is_recalled=True)
        )
        return fed + changed.rowcount

    # --- sending ---

    def _batched(self, exchange: Exchange, insurer: str) -> int:
        """The last number of the queue that is in a batch."""
        query = select(func.max(_batch.last_message)).where(
            _batch.insurer_number == insurer, _batch.exchange == exchange.value
        )
        return int(self.connection.execute(query).scalar() or 0)

    def unfinished(self, exchange: Exchange, insurer: InsurerNumber) -> list[SentBatch]:
        query = (
            select(*_BATCH_COLUMNS)
            .where(
                _batch.insurer_number == insurer,
                _batch.exchange == exchange.value,
                _batch.settled_at.is_(None),
            )
            .order_by(_batch.number)
        )
        return [_sent_batch(row) for row in self.connection.execute(query)]

    def to_be_verified(
        self, insurer: InsurerNumber, numbers: Collection[int] = ()
    ) -> list[tuple[SentBatch, ReceptionNumber]]:
        query = select(*_BATCH_COLUMNS).where(
            _batch.insurer_number == insurer,
            _batch.exchange == Exchange.REGISTRATION.value,
            _batch.settled_at.is_not(None),
        )
        settled = [_sent_batch(row) for row in self.connection.execute(query.order_by(_batch.number))]
        if not settled:
            return []
        firsts = [batch.first for batch in settled]
        wanted = set(numbers)
        for number in self._newest_to_be_verified(insurer):
            batch = settled[max(bisect_right(firsts, number) - 1, 0)]
            if batch.first <= number <= batch.last:
                wanted.add(batch.number)
        return [
            (batch, batch.reception)
            for batch in settled
            if batch.number in wanted and batch.reception is not None
        ]

    def _newest_to_be_verified(self, insurer: InsurerNumber) -> Iterator[int]:
        """The newest message that is in effect, of each person whose 本人確認 is open."""
        query = (
            select(func.max(_message.number))
            .select_from(subscriber)
            .join(
                registration_version,
                and_(
                    _version.insurer_number == _subscriber.insurer_number,
                    _version.municipal_id == _subscriber.municipal_id,
                    _version.ended_at.is_(None),
                ),
            )
            .join(registration_message, _registered_by())
            .where(
                _subscriber.insurer_number == insurer,
                _subscriber.verification.in_(_OPEN_CHECKS),
                _message.result.in_(_TAKEN),
            )
            .group_by(_subscriber.municipal_id)
        )
        yield from self.connection.execute(query, execution_options={"yield_per": 1000}).scalars()

    def next_batch(
        self, exchange: Exchange, insurer: InsurerNumber, limit: int, channel: str, at: datetime
    ) -> SentBatch | None:
        queue = _QUEUES[exchange].c
        batched = self._batched(exchange, insurer)
        waiting = (
            select(queue.number)
            .where(queue.insurer_number == insurer, queue.number > batched)
            .order_by(queue.number)
            .limit(limit)
            .subquery()
        )
        first, last, lines = self.connection.execute(
            select(func.min(waiting.c.number), func.max(waiting.c.number), func.count())
        ).one()
        if not lines:
            return None
        own = (_batch.insurer_number == insurer, _batch.exchange == exchange.value)
        number = int(self.connection.execute(select(func.max(_batch.number)).where(*own)).scalar() or 0) + 1
        made = SentBatch(exchange, insurer, number, first, last, lines, channel, at, None, None, None)
        self.connection.execute(
            insert(registration_batch).values(
                insurer_number=insurer, exchange=exchange.value, number=number, first_message=first, last_message=last,
                line_count=lines, channel=channel, created_at=at,
            )
        )  # fmt: skip
        return made

    def lines(self, batch: SentBatch) -> Iterator[QueuedLines]:
        insurer = batch.insurer_number
        given = {"insurer": insurer, "first": batch.first, "last": batch.last}
        for rows in self.connection.execute(_lines(), given).partitions():
            keys, kinds, contents, days, indexes, key_ids, ciphertexts = zip(*rows, strict=True)
            if None in ciphertexts:  # disposed of since: the line cannot be made any more
                raise NotFound(Problem("KKH-K001", field=keys[ciphertexts.index(None)]))
            made = list(map(QueuedLine, keys, kinds, map(content_of, contents), days))
            yield QueuedLines(made, SealedColumn(insurer, indexes, key_ids, ciphertexts))

    def batch(self, exchange: Exchange, insurer: InsurerNumber, number: int) -> SentBatch:
        own = (_batch.insurer_number == insurer, _batch.exchange == exchange.value, _batch.number == number)
        return _sent_batch(self.connection.execute(select(*_BATCH_COLUMNS).where(*own)).one())

    def received(self, batch: SentBatch, reception: ReceptionNumber, at: datetime) -> None:
        self.connection.execute(
            update(registration_batch)
            .where(*_of_batch(batch), _batch.reception.is_(None))
            .values(reception=reception, sent_at=at)
        )

    def sent_again(self, batch: SentBatch, at: datetime) -> None:
        self.connection.execute(update(registration_batch).where(*_of_batch(batch)).values(sent_at=at))

    # --- results ---

    def messages(self, batch: SentBatch, keys: Sequence[str]) -> dict[RecordKey, tuple[SentMessage, RegisteredPerson]]:
        found: dict[RecordKey, tuple[SentMessage, RegisteredPerson]] = {}
        for some in batches(keys, 1000):
            query = (
                select(
                    _message.number, _message.record_key, _message.update_kind, _version.municipal_id, _message.result,
                    _message.error_code, _subscriber.internal_branch_number, _subscriber.verification,
                )
                .select_from(registration_message)
                .join(
                    registration_version,
                    (_version.insurer_number == _message.insurer_number) & (_version.record_key == _message.record_key),
                )
                .outerjoin(
                    subscriber,
                    (_subscriber.insurer_number == _version.insurer_number)
                    & (_subscriber.municipal_id == _version.municipal_id),
                )
                .where(
                    _message.insurer_number == batch.insurer_number,
                    _message.number.between(batch.first, batch.last),
                    one_of(self.connection, _message.record_key, some),
                )
            )  # fmt: skip
            for number, key, kind, person, result, error, branch, verification in self.connection.execute(query):
                message = SentMessage(number, RecordKey(key), kind, MunicipalInsuredId(person), result, error)
                found[message.record_key] = (message, _registered_person(branch, verification))
        return found

    def apply(
        self,
        insurer: InsurerNumber,
        answered: Iterable[tuple[SentMessage, RegistrationResult]],
        persons: Mapping[MunicipalInsuredId, RegistrationResult],
    ) -> None:
        rows = [
            {
                "of_insurer": insurer, "of_number": message.number, "to_result": answer.result,
                "to_code": answer.error_code, "to_field": answer.error_field, "at": answer.processed_at,
            }
            for message, answer in answered
        ]  # fmt: skip
        if rows:
            self.connection.execute(_answering(), rows)
        bulk_insert(
            self.connection,
            subscriber,
            ("insurer_number", "municipal_id", "internal_branch_number", "verification", "processed_at"),
            (
                (insurer, person, answer.internal_branch_number, answer.verification, answer.processed_at)
                for person, answer in persons.items()
            ),
            _renewing(self.connection.dialect.name),
        )

    def verify(self, insurer: InsurerNumber, found: Mapping[MunicipalInsuredId, Verification]) -> None:
        shown = update(subscriber).where(
            _subscriber.insurer_number == insurer, _subscriber.municipal_id == bindparam("of_person")
        )
        rows = [{"of_person": person, "shown": state.value} for person, state in found.items()]
        if rows:
            self.connection.execute(shown.values(verification=bindparam("shown")), rows)

    def settle(self, batch: SentBatch, at: datetime) -> bool:
        queue = _QUEUES[batch.exchange].c
        missing = select(literal(1)).where(
            queue.insurer_number == batch.insurer_number,
            queue.number.between(batch.first, batch.last),
            queue.result.is_(None),
        )
        if self.connection.execute(missing.limit(1)).first() is not None:
            return False
        self.connection.execute(update(registration_batch).where(*_of_batch(batch)).values(settled_at=at))
        return True

    def retry_refused(self, insurer: InsurerNumber, at: datetime) -> int:
        refused = (_message.insurer_number == insurer, _message.result == _REFUSED)
        own = (_version.insurer_number == _message.insurer_number) & (_version.record_key == _message.record_key)
        standing = select(_version.insurer_number, _version.addressee_number, _version.record_key).join(
            registration_message, own
        )
        registrations = self.connection.execute(
            standing.where(*refused, _message.update_kind == _NEW, _version.ended_at.is_(None))
        ).all()
        if registrations:
            self._end(insurer, [RecordKey(row[2]) for row in registrations], at)
            self.mark(_addressee(row) for row in registrations)
        registered = registration_message.alias("registered")
        cancellations = (
            self.connection.execute(
                select(_message.number)
                .join(
                    registered,
                    and_(
                        registered.c.insurer_number == _message.insurer_number,
                        registered.c.record_key == _message.record_key,
                        registered.c.update_kind == _NEW,
                        registered.c.result.in_(_TAKEN),
                    ),
                )
                .where(*refused, _message.update_kind == _CANCELLATION)
                .order_by(_message.number)
            )
            .scalars()
            .all()
        )
        for number in cancellations:
            again = self.counters.next(f"registration_message/{insurer}")
            self.connection.execute(
                update(registration_message)
                .where(_message.insurer_number == insurer, _message.number == number)
                .values(number=again, result=None, error_code=None, error_field=None, processed_at=None)
            )
        return len(registrations) + len(cancellations)

    # --- looking ---

    def due(self, insurer: InsurerNumber | None) -> Iterator[DueRegistration]:
        registered = registration_message.alias("registered")
        query = (
            select(
                _message.insurer_number, _version.municipal_id, _version.addressee_number, _message.record_key,
                _message.update_kind, _message.number, _message.result, _message.error_code, _message.error_field,
                _message.notified_on,
            )
            .join(
                registration_version,
                (_version.insurer_number == _message.insurer_number) & (_version.record_key == _message.record_key),
            )
            .join(
                registered,
                and_(
                    registered.c.insurer_number == _message.insurer_number,
                    registered.c.record_key == _message.record_key,
                    registered.c.update_kind == _NEW,
                ),
            )
            .where(
                or_(
                    _message.result.is_(None),
                    and_(_message.result == _REFUSED, _message.update_kind == _NEW, _version.ended_at.is_(None)),
                    and_(
                        _message.result == _REFUSED,
                        _message.update_kind == _CANCELLATION,
                        registered.c.result.in_(_TAKEN),
                    ),
                )
            )
            .order_by(_message.notified_on, _message.insurer_number, _message.number)
        )  # fmt: skip
        if insurer is not None:
            query = query.where(_message.insurer_number == insurer)
        batched: dict[str, int] = {}
        for of, person, addressee, key, kind, number, result, code, field, notified_on in self.connection.execute(
            query.execution_options(yield_per=1000)
        ):
            if of not in batched:
                batched[of] = self._batched(Exchange.REGISTRATION, of)
            state = "refused" if result is not None else "sent" if number <= batched[of] else "waiting"
            fields = (field,) if field else ()
            yield DueRegistration(of, person, addressee, key, kind, state, code, fields, notified_on)
        blocked = select(
            _block.insurer_number, _block.municipal_id, _block.addressee_number, _block.code, _block.fields,
            _block.notified_on,
        ).order_by(_block.notified_on, _block.insurer_number, _block.addressee_number)  # fmt: skip
        if insurer is not None:
            blocked = blocked.where(_block.insurer_number == insurer)
        for of, person, addressee, code, fields, notified_on in self.connection.execute(blocked):
            names = tuple(fields.split())
            yield DueRegistration(of, person, addressee, None, None, "blocked", code, names, notified_on)

    def counts(self, insurer: InsurerNumber) -> PartitionCounts:
        batched = self._batched(Exchange.REGISTRATION, insurer)
        own = _message.insurer_number == insurer
        standing = (
            select(func.count())
            .select_from(registration_version)
            .join(registration_message, _registered_by())
            .where(own, _version.ended_at.is_(None))
        )

        def count(query: Select[Any]) -> int:
            return int(self.connection.execute(query).scalar_one())

        unanswered = select(func.count()).select_from(registration_message).where(own, _message.result.is_(None))
        blocked = select(func.count()).select_from(registration_block).where(_block.insurer_number == insurer)
        return PartitionCounts(
            count(standing.where(_message.result.in_(_TAKEN))),
            count(unanswered.where(_message.number > batched)),
            count(unanswered.where(_message.number <= batched)),
            count(standing.where(_message.result == _REFUSED)),
            count(blocked),
        )

    def ours(self, insurer: InsurerNumber) -> Iterator[tuple[MunicipalInsuredId, OurRecord]]:
        batched = self._batched(Exchange.REGISTRATION, insurer)
        query = (
            select(_version.municipal_id, _version.record_key, _version.content, _message.number, _message.result)
            .select_from(registration_version)
            .join(registration_message, _registered_by())
            .where(_version.insurer_number == insurer, _version.ended_at.is_(None))
            .order_by(_version.municipal_id, _version.record_key)
            .execution_options(yield_per=1000)
        )
        for person, key, content, number, result in self.connection.execute(query):
            record = OurRecord(RecordKey(key), _standing_of(number, result, batched), content_of(content))
            yield MunicipalInsuredId(person), record

    def blocked_days(
        self, insurer: InsurerNumber, persons: Sequence[MunicipalInsuredId]
    ) -> dict[MunicipalInsuredId, list[tuple[date | None, date | None]]]:
        found: dict[MunicipalInsuredId, list[tuple[date | None, date | None]]] = {}
        for batch in batches(persons, 1000):
            query = select(_block.municipal_id, _block.start_day, _block.end_day).where(
                _block.insurer_number == insurer, one_of(self.connection, _block.municipal_id, batch)
            )
            for person, start, end in self.connection.execute(query):
                found.setdefault(MunicipalInsuredId(person), []).append((start, end))
        return found

    def ended(self, insurer: InsurerNumber, keys: Sequence[str]) -> dict[RecordKey, Cause]:
        found: dict[RecordKey, Cause] = {}
        batched = self._batched(Exchange.REGISTRATION, insurer)
        cancelled = and_(
            _message.insurer_number == _version.insurer_number,
            _message.record_key == _version.record_key,
            _message.update_kind == _CANCELLATION,
        )
        for batch in batches(keys, 1000):
            query = (
                select(_version.record_key, _message.number, _message.result)
                .select_from(registration_version)
                .outerjoin(registration_message, cancelled)
                .where(
                    _version.insurer_number == insurer,
                    _version.ended_at.is_not(None),
                    one_of(self.connection, _version.record_key, batch),
                )
            )
            for key, number, result in self.connection.execute(query):
                found[RecordKey(key)] = _cause_of_end(number, result, batched)
        return found

    def registered_persons(
        self, insurer: InsurerNumber, persons: Sequence[MunicipalInsuredId]
    ) -> dict[MunicipalInsuredId, RegisteredPerson]:
        found = {}
        for batch in batches(persons, 1000):
            query = select(
                _subscriber.municipal_id, _subscriber.internal_branch_number, _subscriber.verification
            ).where(_subscriber.insurer_number == insurer, one_of(self.connection, _subscriber.municipal_id, batch))
            for person, branch, verification in self.connection.execute(query):
                found[MunicipalInsuredId(person)] = _registered_person(branch, verification)
        return found

    # --- 機関別符号 (R-10) ---

    def request_symbols(self, insurer: InsurerNumber, persons: Sequence[MunicipalInsuredId], on: date) -> int:
        own = institution_symbol.c
        asked: set[str] = set()
        for batch in batches(persons, 1000):
            query = select(own.municipal_id).where(
                own.insurer_number == insurer,
                one_of(self.connection, own.municipal_id, batch),
                or_(own.result.is_(None), own.result == _SYMBOL_THERE),
            )
            asked.update(self.connection.execute(query).scalars())
        new = [person for person in dict.fromkeys(persons) if person not in asked]
        rows = [(insurer, self.counters.next(f"institution_symbol/{insurer}"), person, on) for person in new]
        bulk_insert(
            self.connection, institution_symbol, ("insurer_number", "number", "municipal_id", "requested_on"), rows
        )
        return len(new)

    def symbol_lines(self, batch: SentBatch) -> Iterator[SymbolLine]:
        own = institution_symbol.c
        query = select(own.municipal_id, own.requested_on).where(
            own.insurer_number == batch.insurer_number, own.number.between(batch.first, batch.last)
        )
        for person, on in self.connection.execute(query.order_by(own.number)):
            yield SymbolLine(batch.insurer_number, MunicipalInsuredId(person), on)

    def answer_symbol(self, batch: SentBatch, person: str, result: str, processed_at: datetime) -> bool:
        own = institution_symbol.c
        mine = (
            own.insurer_number == batch.insurer_number,
            own.number.between(batch.first, batch.last),
            own.municipal_id == person,
        )
        if self.connection.execute(select(own.number).where(*mine)).first() is None:
            return False
        self.connection.execute(
            update(institution_symbol)
            .where(*mine, own.result.is_(None))
            .values(result=result, processed_at=processed_at)
        )
        return True

    def symbols(self, insurer: InsurerNumber) -> list[tuple[MunicipalInsuredId, date, str | None, datetime | None]]:
        own = institution_symbol.c
        query = select(own.municipal_id, own.requested_on, own.result, own.processed_at)
        rows = self.connection.execute(query.where(own.insurer_number == insurer).order_by(own.number))
        return [(MunicipalInsuredId(person), on, result, at) for person, on, result, at in rows]


_SYMBOL_THERE: Final = "1"
_VERSION_COLUMNS: Final = (
    "record_key", "addressee_number", "municipal_id", "period", "file_no", "line", "content", "card", "replaced",
    "notified_on",
)  # fmt: skip
_MESSAGE_COLUMNS: Final = ("number", "record_key", "update_kind", "notified_on")
_BLOCK_COLUMNS: Final = (
    "insurer_number", "addressee_number", "period", "municipal_id", "file_no", "line", "code", "fields", "start_day",
    "end_day", "notified_on",
)  # fmt: skip


def _version_row(key: RecordKey, addressee: Addressee, wanted: Wanted) -> tuple[Any, ...]:
    content = wanted.content
    return (
        key, addressee.addressee_number, content.municipal_insured_id, wanted.period, wanted.source.file_no,
        wanted.source.line, content_text(content), card_of(content.card_symbol, content.card_number, content.branch_number),
        " ".join(wanted.replaced) or None, wanted.notified_on,
    )  # fmt: skip


def _registered_by() -> ColumnElement[bool]:
    """The message that registered a version."""
    return and_(
        _message.insurer_number == _version.insurer_number,
        _message.record_key == _version.record_key,
        _message.update_kind == _NEW,
    )


def _of_batch(batch: SentBatch) -> tuple[ColumnElement[bool], ...]:
    return (
        _batch.insurer_number == batch.insurer_number,
        _batch.exchange == batch.exchange.value,
        _batch.number == batch.number,
    )


def _sent_batch(row: Any) -> SentBatch:
    return SentBatch(
        Exchange(row.exchange),
        InsurerNumber(row.insurer_number),
        row.number,
        row.first_message,
        row.last_message,
        row.line_count,
        row.channel,
        row.created_at,
        None if row.reception is None else ReceptionNumber(row.reception),
        row.sent_at,
        row.settled_at,
    )


def _registered_person(branch: str | None, verification: str | None) -> RegisteredPerson:
    return RegisteredPerson(
        None if branch is None else InternalBranchNumber(branch),
        None if verification is None else Verification(verification),
    )


def _cause_of_end(number: int | None, result: str | None, batched: int) -> Cause:
    if number is None:
        return Cause.UNEXPLAINED
    if result is None:
        return Cause.CANCELLATION_UNANSWERED if number <= batched else Cause.CANCELLATION_WAITING
    return Cause.CANCELLATION_REFUSED if result == _REFUSED else Cause.REVIVED


@cache
def _answering() -> Any:
    """What is answered stays answered: a row with a result is left alone."""
    return (
        update(registration_message)
        .where(
            _message.insurer_number == bindparam("of_insurer"),
            _message.number == bindparam("of_number"),
            _message.result.is_(None),
        )
        .values(
            result=bindparam("to_result"),
            error_code=bindparam("to_code"),
            error_field=bindparam("to_field"),
            processed_at=bindparam("at"),
        )
    )


@cache
def _renewing(dialect_name: str) -> Any:
    """The newest state of a person: what an answer leaves out stays as it was, and an older answer only fills in (R-6)."""
    statement = insert_of(dialect_name, subscriber)
    new = statement.excluded
    is_newer = new.processed_at >= _subscriber.processed_at
    return statement.on_conflict_do_update(
        index_elements=[_subscriber.insurer_number, _subscriber.municipal_id],
        set_={
            "internal_branch_number": func.coalesce(_subscriber.internal_branch_number, new.internal_branch_number),
            "verification": case(
                (is_newer, func.coalesce(new.verification, _subscriber.verification)),
                else_=func.coalesce(_subscriber.verification, new.verification),
            ),
            "processed_at": case((is_newer, new.processed_at), else_=_subscriber.processed_at),
        },
    )
