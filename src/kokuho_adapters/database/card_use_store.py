"""利用登録と書類の保管 (C-1 … C-5)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from kokuho_adapters.database.counters import Counters
from kokuho_adapters.database.registration_store import content_of
from kokuho_adapters.database.statements import batches, bulk_insert, one_of, upsert
from kokuho_adapters.database.tables import (
    card_registration,
    card_snapshot,
    card_withdrawal,
    document_decision,
    document_request,
    known_addressee,
    other_record,
    person_record,
    recalled_file,
    registration_batch,
    registration_block,
    registration_message,
    registration_version,
    relay_certificate,
)
from kokuho_core.entrusted_partition.exchanged import CardRegistration, Exchange, ResultCode, WithdrawalLine
from kokuho_core.entrusted_partition.subscriber import Subscriber
from kokuho_core.ports.registration import (
    Certificate,
    DocumentRequest,
    KnownSubscriber,
    SentBatch,
    StoredDocument,
    Withdrawal,
)
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId

_snapshot, _card, _withdrawal = card_snapshot.c, card_registration.c, card_withdrawal.c
_document, _request, _version = document_decision.c, document_request.c, registration_version.c
_LATER_DAYS: Final = ("expires_on", "collected_on", "collect_reason_on")


@frozen
class SqlCardUseStore:
    """:class:`kokuho_core.ports.registration.CardUseStore` on SQL tables."""

    connection: Connection
    counters: Counters

    # --- snapshots ---

    def last_snapshot(self, insurer: InsurerNumber) -> date | None:
        query = select(func.max(_snapshot.snapshot_on)).where(_snapshot.insurer_number == insurer)
        return self.connection.execute(query).scalar()

    def begin_snapshot(self, insurer: InsurerNumber, snapshot_on: date, at: datetime) -> None:
        self.connection.execute(
            insert(card_snapshot).values(insurer_number=insurer, snapshot_on=snapshot_on, taken_at=at, persons=0)
        )

    def known_persons(self, insurer: InsurerNumber, persons: Sequence[str]) -> set[str]:
        known: set[str] = set()
        own = known_addressee.c
        for batch in batches(persons, 1000):
            query = select(own.municipal_id).where(
                own.insurer_number == insurer, one_of(self.connection, own.municipal_id, batch)
            )
            known.update(self.connection.execute(query).scalars())
        return known

    def keep(self, insurer: InsurerNumber, rows: Sequence[CardRegistration]) -> None:
        columns = ("insurer_number", "municipal_id", "snapshot_on", "registration", "certificate_expires_on")
        values = (
            (insurer, each.municipal_insured_id, each.snapshot_on, each.card_registration, each.certificate_expires_on)
            for each in rows
        )
        bulk_insert(self.connection, card_registration, columns, values, upsert(self.connection, card_registration))

    def finish_snapshot(self, insurer: InsurerNumber, snapshot_on: date, persons: int) -> None:
        self.connection.execute(
            update(card_snapshot)
            .where(_snapshot.insurer_number == insurer, _snapshot.snapshot_on == snapshot_on)
            .values(persons=persons)
        )

    def registrations(
        self, insurer: InsurerNumber, persons: Sequence[MunicipalInsuredId]
    ) -> dict[MunicipalInsuredId, CardRegistration]:
        found = {}
        for batch in batches(persons, 1000):
            query = select(_card.municipal_id, _card.snapshot_on, _card.registration, _card.certificate_expires_on)
            wanted = (_card.insurer_number == insurer, one_of(self.connection, _card.municipal_id, batch))
            for person, on, registration, expires_on in self.connection.execute(query.where(*wanted)):
                found[MunicipalInsuredId(person)] = CardRegistration(insurer, person, on, registration, expires_on)
        return found

    # --- withdrawals ---

    def _batched(self, insurer: InsurerNumber) -> int:
        last = select(func.max(registration_batch.c.last_message)).where(
            registration_batch.c.insurer_number == insurer,
            registration_batch.c.exchange == Exchange.CARD_WITHDRAWAL.value,
        )
        return int(self.connection.execute(last).scalar() or 0)

    def has_left(self, insurer: InsurerNumber, file_no: int) -> bool:
        brought = (_withdrawal.insurer_number == insurer, _withdrawal.file_no == file_no)
        first = self.connection.execute(select(func.min(_withdrawal.number)).where(*brought)).scalar()
        return first is not None and int(first) <= self._batched(insurer)

    def feed_withdrawals(self, insurer: InsurerNumber) -> list[str]:
        batched = self._batched(insurer)
        recalled = select(recalled_file.c.file_no).where(recalled_file.c.insurer_number == insurer)
        self.connection.execute(
            delete(card_withdrawal).where(
                _withdrawal.insurer_number == insurer, _withdrawal.number > batched, _withdrawal.file_no.in_(recalled)
            )
        )
        sent = other_record.c
        query = select(sent.file_no, sent.line, sent.content).where(
            sent.insurer_number == insurer, sent.file_id == "KAIJO"
        )
        applied: dict[tuple[str, date], tuple[int, int]] = {}
        for file_no, line, text in self.connection.execute(query.order_by(sent.file_no, sent.line)):
            content = json.loads(text)
            key = (content["municipal_insured_id"], date.fromisoformat(content["applied_on"]))
            applied.setdefault(key, (file_no, line))
        known = self.known_persons(insurer, [person for person, _ in applied])
        queued = {(each.municipal_insured_id, each.applied_on) for each in self.withdrawals(insurer)}
        rows = [
            (insurer, self.counters.next(f"card_withdrawal/{insurer}"), person, on, *source)
            for (person, on), source in applied.items()
            if person in known and (person, on) not in queued
        ]
        columns = ("insurer_number", "number", "municipal_id", "applied_on", "file_no", "line")
        bulk_insert(self.connection, card_withdrawal, columns, rows)
        return sorted({person for person, _ in applied if person not in known})

    def withdrawal_lines(self, batch: SentBatch) -> Iterator[WithdrawalLine]:
        for each in self.withdrawals(batch.insurer_number, batch):
            yield WithdrawalLine(batch.insurer_number, each.municipal_insured_id, each.applied_on)

    def withdrawals(self, insurer: InsurerNumber, batch: SentBatch | None = None) -> list[Withdrawal]:
        query = select(
            _withdrawal.number, _withdrawal.municipal_id, _withdrawal.applied_on, _withdrawal.result,
            _withdrawal.effective_on,
        ).where(_withdrawal.insurer_number == insurer)  # fmt: skip
        if batch is not None:
            query = query.where(_withdrawal.number.between(batch.first, batch.last))
        return [Withdrawal(*row) for row in self.connection.execute(query.order_by(_withdrawal.number))]

    def answer_withdrawal(self, insurer: InsurerNumber, number: int, result: str, effective_on: date | None) -> None:
        self.connection.execute(
            update(card_withdrawal)
            .where(_withdrawal.insurer_number == insurer, _withdrawal.number == number, _withdrawal.result.is_(None))
            .values(result=result, effective_on=effective_on)
        )

    # --- documents ---

    def subscribers(self, insurer: InsurerNumber, as_of: date) -> Iterator[list[KnownSubscriber]]:
        message, known = registration_message.c, set[str]()
        registered_by = and_(
            message.insurer_number == _version.insurer_number,
            message.record_key == _version.record_key,
            message.update_kind == UpdateKind.NEW.value,
        )
        query = (
            select(_version.municipal_id, _version.addressee_number, _version.content, message.result)
            .join(registration_message, registered_by)
            .where(_version.insurer_number == insurer, _version.ended_at.is_(None))
            .order_by(_version.municipal_id, _version.record_key)
        )
        # all at once: while they are decided about, the same connection writes
        for batch in batches(self.connection.execute(query).all(), 1000):
            people = []
            for person, addressee, text, result in batch:
                content = content_of(text)
                if content.covers(as_of):
                    known.add(person)
                    people.append(
                        KnownSubscriber(
                            MunicipalInsuredId(person), addressee, content.birth_date, content.self_view_stopped,
                            content.card_symbol, content.card_number, content.branch_number, content.application_start,
                            result != ResultCode.ERROR.value,
                        )
                    )  # fmt: skip
            if people:
                yield people
        for blocked in batches(self._blocked(insurer, as_of), 1000):
            yield [each for each in blocked if each.municipal_insured_id not in known]

    def _blocked(self, insurer: InsurerNumber, as_of: date) -> list[KnownSubscriber]:
        """People insured that day of whom nothing can be registered yet."""
        block, record = registration_block.c, person_record.c
        query = (
            select(
                block.municipal_id, block.addressee_number, record.birth_date, record.self_view_stopped,
                record.card_symbol, record.card_number, record.branch_number, block.start_day,
            )
            .join(person_record, (record.file_no == block.file_no) & (record.line == block.line))
            .where(
                block.insurer_number == insurer,
                block.municipal_id.is_not(None),  # nobody can say yet whose record it is
                block.start_day <= as_of,
                or_(block.end_day.is_(None), block.end_day > as_of),
            )
            .order_by(block.municipal_id, block.period)
        )  # fmt: skip
        return [KnownSubscriber(*row, False) for row in self.connection.execute(query)]

    def cards_since(
        self, insurer: InsurerNumber, persons: Sequence[MunicipalInsuredId]
    ) -> dict[MunicipalInsuredId, date]:
        since: dict[MunicipalInsuredId, date] = {}
        newest: dict[str, tuple[str | None, ...]] = {}
        for batch in batches(persons, 1000):
            query = select(_version.municipal_id, _version.record_key, _version.content, _version.notified_on).where(
                _version.insurer_number == insurer, one_of(self.connection, _version.municipal_id, batch)
            )
            versions = [
                (content_of(text), key, who, on) for who, key, text, on in self.connection.execute(query)
            ]
            for content, _, person, notified_on in sorted(versions, key=_in_order_of_periods):
                card = (*content.card, content.branch_number)
                if newest.setdefault(person, card) != card:
                    newest[person] = card
                    since[MunicipalInsuredId(person)] = notified_on
        return since

    def certificates(self, insurer: InsurerNumber, addressees: Sequence[str]) -> dict[str, list[Certificate]]:
        own = relay_certificate.c
        standing: dict[str, dict[str, Certificate]] = {}
        for batch in batches(addressees, 1000):
            query = (
                select(own.addressee_number, own.identity, own.update_kind, own.content)
                .where(
                    own.insurer_number == insurer,
                    one_of(self.connection, own.addressee_number, batch),
                    own.is_recalled.is_(False),
                )
                .order_by(own.file_no, own.line)
            )
            for addressee, identity, kind, text in self.connection.execute(query):
                mine = standing.setdefault(addressee, {})
                mine.pop(identity, None)
                if kind != UpdateKind.CANCELLATION.value:
                    mine[identity] = _certificate(addressee, json.loads(text))
        return {addressee: list(each.values()) for addressee, each in standing.items() if each}

    def documents(
        self, insurer: InsurerNumber, persons: Sequence[MunicipalInsuredId]
    ) -> dict[MunicipalInsuredId, StoredDocument]:
        found: dict[MunicipalInsuredId, StoredDocument] = {}
        for batch in batches(persons, 1000):
            query = select(*(_document[name] for name in _DOCUMENT_COLUMNS[1:])).where(
                _document.insurer_number == insurer, one_of(self.connection, _document.municipal_id, batch)
            )
            for row in self.connection.execute(query.order_by(_document.number)):
                found[MunicipalInsuredId(row[0])] = StoredDocument(*row)
        return found

    def decide_documents(self, insurer: InsurerNumber, decided: Sequence[StoredDocument]) -> None:
        bulk_insert(self.connection, document_decision, _DOCUMENT_COLUMNS, ((insurer, *each) for each in decided))

    def requests(self, insurer: InsurerNumber) -> list[DocumentRequest]:
        query = select(
            _request.municipal_id, _request.kind, _request.requested_on, _request.requested_by, _request.recorded_at
        ).where(_request.insurer_number == insurer, _request.ended_at.is_(None))
        rows = self.connection.execute(query.order_by(_request.municipal_id, _request.kind))
        return [DocumentRequest(*row) for row in rows]

    def add_request(self, insurer: InsurerNumber, request: DocumentRequest) -> None:
        columns = ("insurer_number", "municipal_id", "kind", "requested_on", "requested_by", "recorded_at")
        bulk_insert(self.connection, document_request, columns, [(insurer, *request)])

    def end_requests(self, insurer: InsurerNumber, person: MunicipalInsuredId, kind: str, at: datetime) -> int:
        mine = and_(
            _request.insurer_number == insurer,
            _request.municipal_id == person,
            _request.kind == kind,
            _request.ended_at.is_(None),
        )
        return self.connection.execute(update(document_request).where(mine).values(ended_at=at)).rowcount


_DOCUMENT_COLUMNS: Final = (
    "insurer_number", "municipal_id", "number", "document", "reason", "snapshot_on", "expires_on", "card", "made_out_since",
    "decided_at",
)  # fmt: skip


def _in_order_of_periods(version: tuple[Subscriber, str, str, date]) -> tuple[date, str]:
    return version[0].application_start, version[1]


def _certificate(addressee: str, content: dict[str, Any]) -> Certificate:
    days = {key: date.fromisoformat(content[key]) if content.get(key) else None for key in _LATER_DAYS}
    return Certificate(
        addressee,
        int(content["history_number"]),
        content["certificate_kind"],
        content["issue_kind"],
        date.fromisoformat(content["issued_on"]),
        date.fromisoformat(content["effective_on"]),
        days["expires_on"],
        days["collected_on"],
        days["collect_reason_on"],
    )
