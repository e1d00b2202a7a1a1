"""委託区画の保管の口: versions, the queue towards the receiver, and what came back (R-1 … R-8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from attrs import frozen

from kokuho_core.eligibility_history.reconciliation import Cause, OurRecord
from kokuho_core.eligibility_history.results import SentMessage
from kokuho_core.eligibility_history.versions import Changes, Version
from kokuho_core.entrusted_partition.card_numbers import CardHolder
from kokuho_core.entrusted_partition.duplicate_cover import StandingQualification
from kokuho_core.entrusted_partition.exchanged import (
    CardRegistration,
    DuplicateCover,
    Exchange,
    ReceptionNumber,
    RecordKey,
    RegistrationResult,
    SymbolLine,
    Verification,
    WithdrawalLine,
)
from kokuho_core.entrusted_partition.subscriber import (
    CardDetails,
    DerivedQualification,
    LoneRecord,
    RegisteredPerson,
    Subscriber,
)
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.ports.vault import SealedColumn
from kokuho_core.vocabulary.identifiers import Addressee, InsurerNumber, MunicipalInsuredId, Source


class Block(NamedTuple):
    """登録できない理由 of one application period: an error code KKH-K001 … KKH-K006 with the fields concerned.

    ``municipal_insured_id`` is None while it is not known whose record it is (KKH-K006).
    """

    period: int
    municipal_insured_id: MunicipalInsuredId | None
    source: Source
    code: str
    fields: tuple[str, ...]
    start: date | None
    end: date | None
    notified_on: date


class Judged(NamedTuple):
    """判定済みの加入者: what is to be told of one addressee, and what of him cannot be."""

    addressee: Addressee
    changes: Changes
    blocks: tuple[Block, ...]
    cancelled_on: date
    """届出年月日 of cancellations."""
    hands_over: bool = False
    """Whether a cancellation gives a 記号・番号・枝番 free that somebody else is registered under at the same time."""


@frozen
class SentBatch:
    """送信した一括. ``reception`` is None while it may not have arrived, ``settled_at`` while results are missing."""

    exchange: Exchange
    insurer_number: InsurerNumber
    number: int
    first: int
    last: int
    lines: int
    channel: str
    created_at: datetime
    reception: ReceptionNumber | None
    sent_at: datetime | None
    settled_at: datetime | None


class DueRegistration(NamedTuple):
    """登録されていない変更 (R-5): one record that the receiver has not confirmed, or that is blocked."""

    insurer_number: InsurerNumber
    municipal_insured_id: str | None
    addressee_number: str
    record_key: str | None
    update_kind: str | None
    state: str
    """``waiting``, ``sent``, ``refused`` or ``blocked``."""
    code: str | None
    """Code of the receiver's refusal or of the block."""
    fields: tuple[str, ...]
    notified_on: date


class QueuedLine(NamedTuple):
    """送信する1件, without its number."""

    record_key: RecordKey
    update_kind: str
    content: Subscriber
    notified_on: date


class QueuedLines(NamedTuple):
    """送信する何件か, with their numbers sealed."""

    lines: Sequence[QueuedLine]
    numbers: SealedColumn


class PartitionCounts(NamedTuple):
    """委託区画の件数."""

    registered: int
    waiting: int
    sent: int
    refused: int
    blocked: int


class RegistrationStore(Protocol):
    """委託区画(中継)の保管."""

    # --- feeding ---

    def mark(self, addressees: Iterable[Addressee]) -> None:
        """Whatever is known of these may be another now."""
        ...

    def wake_blocked(self, insurer: InsurerNumber) -> None:
        """Look at everybody who is blocked once more."""
        ...

    def pending(self, insurer: InsurerNumber) -> int:
        """How many wait to be looked at."""
        ...

    def take_pending(self, insurer: InsurerNumber, limit: int) -> list[Addressee]: ...

    def lone_records(self, insurer: InsurerNumber, addressees: Sequence[Addressee]) -> dict[Addressee, LoneRecord]:
        """Those of these addressees of one municipality of whom there is one record alone, which nobody holds, and no version.

        For them this says all that the four following questions would.
        """
        ...

    def histories(self, addressees: Sequence[Addressee]) -> dict[Addressee, list[tuple[PersonFact, CardDetails]]]:
        """All messages about these addressees in received order, with the items of registration."""
        ...

    def qualifications(self, addressees: Sequence[Addressee]) -> dict[Addressee, dict[int, DerivedQualification]]:
        """What the last resolve derived, by the history number of the application period."""
        ...

    def standing(self, addressees: Sequence[Addressee]) -> dict[Addressee, list[Version]]:
        """Versions that have not ended."""
        ...

    def holders_of(self, insurer: InsurerNumber, cards: Iterable[str]) -> dict[str, list[CardHolder]]:
        """Who stands under 記号・番号・枝番 (as :func:`card_of` writes it)."""
        ...

    def save(self, insurer: InsurerNumber, judged: Iterable[Judged], at: datetime) -> None: ...

    def feed_certificates(self, insurer: InsurerNumber) -> int:
        """Take over what FUZOKU brought since the last time, and what was recalled; returns how many records."""
        ...

    # --- sending ---

    def unfinished(self, exchange: Exchange, insurer: InsurerNumber) -> list[SentBatch]:
        """Batches without a reception number or without all their results, in order."""
        ...

    def to_be_verified(
        self, insurer: InsurerNumber, numbers: Collection[int] = ()
    ) -> list[tuple[SentBatch, ReceptionNumber]]:
        """Settled batches of registrations whose results may say more by now, in order, each with its 受付番号.

        Those with the newest record of somebody who is not verified, or found to differ (R-6), and those of these numbers.
        """
        ...

    def next_batch(
        self, exchange: Exchange, insurer: InsurerNumber, limit: int, channel: str, at: datetime
    ) -> SentBatch | None:
        """Put what waits, at most ``limit`` lines, into a new batch; None when nothing waits."""
        ...

    def lines(self, batch: SentBatch) -> Iterator[QueuedLines]:
        """The lines of a registration in order, some at a time."""
        ...

    def batch(self, exchange: Exchange, insurer: InsurerNumber, number: int) -> SentBatch:
        """A batch as it stands."""
        ...

    def received(self, batch: SentBatch, reception: ReceptionNumber, at: datetime) -> None: ...

    def sent_again(self, batch: SentBatch, at: datetime) -> None:
        """A batch that was received has gone once more."""
        ...

    # --- results ---

    def messages(
        self, batch: SentBatch, keys: Sequence[str]
    ) -> dict[RecordKey, tuple[SentMessage, RegisteredPerson]]: ...

    def apply(
        self,
        insurer: InsurerNumber,
        answered: Iterable[tuple[SentMessage, RegistrationResult]],
        persons: Mapping[MunicipalInsuredId, RegistrationResult],
    ) -> None:
        """Keep answers that count; ``persons`` has the newest one of each person."""
        ...

    def verify(self, insurer: InsurerNumber, found: Mapping[MunicipalInsuredId, Verification]) -> None:
        """Keep the 本人確認状態 of persons as the receiver shows it (R-6)."""
        ...

    def settle(self, batch: SentBatch, at: datetime) -> bool:
        """Note that all results are there; False while some are missing."""
        ...

    def retry_refused(self, insurer: InsurerNumber, at: datetime) -> int:
        """Look again at everybody with a refused record, as if nothing had been sent of it; returns how many."""
        ...

    # --- looking ---

    def due(self, insurer: InsurerNumber | None) -> Iterator[DueRegistration]: ...

    def counts(self, insurer: InsurerNumber) -> PartitionCounts: ...

    def ours(self, insurer: InsurerNumber) -> Iterator[tuple[MunicipalInsuredId, OurRecord]]:
        """Versions that have not ended, by person and application start."""
        ...

    def blocked_days(
        self, insurer: InsurerNumber, persons: Sequence[MunicipalInsuredId]
    ) -> dict[MunicipalInsuredId, list[tuple[date | None, date | None]]]: ...

    def ended(self, insurer: InsurerNumber, keys: Sequence[str]) -> dict[RecordKey, Cause]:
        """How the cancellation of ended versions stands with the receiver."""
        ...

    def registered_persons(
        self, insurer: InsurerNumber, persons: Sequence[MunicipalInsuredId]
    ) -> dict[MunicipalInsuredId, RegisteredPerson]: ...

    # --- 機関別符号 (R-10) ---

    def request_symbols(self, insurer: InsurerNumber, persons: Sequence[MunicipalInsuredId], on: date) -> int:
        """Queue requests for persons without one; returns how many are new."""
        ...

    def symbol_lines(self, batch: SentBatch) -> Iterator[SymbolLine]: ...

    def answer_symbol(self, batch: SentBatch, person: str, result: str, processed_at: datetime) -> bool:
        """False when nothing was asked of this person in the batch."""
        ...

    def symbols(self, insurer: InsurerNumber) -> list[tuple[MunicipalInsuredId, date, str | None, datetime | None]]: ...


def card_of(symbol: str | None, number: str, branch: str | None) -> str | None:
    """記号・番号・枝番 as one text; None without a branch number, which then distinguishes nobody."""
    return None if branch is None else f"{symbol or ''}/{number}/{branch}"


class KnownSubscriber(NamedTuple):
    """加入者: somebody of the partition as a decision about documents looks at him."""

    municipal_insured_id: MunicipalInsuredId
    addressee_number: str
    birth_date: date
    self_view_stopped: str
    card_symbol: str | None
    card_number: str
    branch_number: str | None
    application_start: date
    is_registered: bool
    """Whether the receiver may know him: False while he is blocked or refused."""


class StoredDocument(NamedTuple):
    """交付の判定, as it was kept."""

    municipal_insured_id: MunicipalInsuredId
    number: int
    document: str
    reason: str
    snapshot_on: date | None
    expires_on: date | None
    card: str
    made_out_since: date
    """From which day on an issued document is this one (C-4)."""
    decided_at: datetime


class DocumentRequest(NamedTuple):
    """本人からの申出: ``kind`` is ``care`` (要配慮者の資格確認書の申請) or ``returned`` (カードの返納)."""

    municipal_insured_id: MunicipalInsuredId
    kind: str
    requested_on: date
    requested_by: str
    recorded_at: datetime


class Withdrawal(NamedTuple):
    """利用登録解除申請, and what became of it."""

    number: int
    municipal_insured_id: MunicipalInsuredId
    applied_on: date
    result: str | None
    effective_on: date | None


class Certificate(NamedTuple):
    """付属証 or basic document as the municipality told it last (FUZOKU), with its dates."""

    addressee_number: str
    history_number: int
    certificate_kind: str
    issue_kind: str
    issued_on: date
    effective_on: date
    expires_on: date | None
    collected_on: date | None
    collect_reason_on: date | None


class CardUseStore(Protocol):
    """利用登録の保管 (C-1 … C-5)."""

    def last_snapshot(self, insurer: InsurerNumber) -> date | None: ...

    def begin_snapshot(self, insurer: InsurerNumber, snapshot_on: date, at: datetime) -> None: ...

    def known_persons(self, insurer: InsurerNumber, persons: Sequence[str]) -> set[str]:
        """Those municipal insured IDs that were issued for this municipality."""
        ...

    def keep(self, insurer: InsurerNumber, rows: Sequence[CardRegistration]) -> None: ...

    def finish_snapshot(self, insurer: InsurerNumber, snapshot_on: date, persons: int) -> None: ...

    def registrations(
        self, insurer: InsurerNumber, persons: Sequence[MunicipalInsuredId]
    ) -> dict[MunicipalInsuredId, CardRegistration]: ...

    def feed_withdrawals(self, insurer: InsurerNumber) -> list[str]:
        """Queue the applications that KAIJO brought, and take back unsent ones that were recalled.

        Returns the municipal insured IDs that were never issued: nothing is queued for them.
        """
        ...

    def has_left(self, insurer: InsurerNumber, file_no: int) -> bool:
        """Whether an application that this file brought is in a batch."""
        ...

    def withdrawal_lines(self, batch: SentBatch) -> Iterator[WithdrawalLine]: ...

    def withdrawals(self, insurer: InsurerNumber, batch: SentBatch | None = None) -> list[Withdrawal]: ...

    def answer_withdrawal(
        self, insurer: InsurerNumber, number: int, result: str, effective_on: date | None
    ) -> None: ...

    def subscribers(self, insurer: InsurerNumber, as_of: date) -> Iterator[list[KnownSubscriber]]:
        """Everybody whose application period covers the day, some at a time, by municipal insured ID."""
        ...

    def cards_since(
        self, insurer: InsurerNumber, persons: Sequence[MunicipalInsuredId]
    ) -> dict[MunicipalInsuredId, date]:
        """届出年月日 by which each person got the 記号・番号・枝番 of the newest version; nobody who never had another (C-4)."""
        ...

    def certificates(self, insurer: InsurerNumber, addressees: Sequence[str]) -> dict[str, list[Certificate]]:
        """The certificates of addressees that stand (neither cancelled nor recalled), in received order."""
        ...

    def documents(
        self, insurer: InsurerNumber, persons: Sequence[MunicipalInsuredId]
    ) -> dict[MunicipalInsuredId, StoredDocument]:
        """The last decision of each person."""
        ...

    def decide_documents(self, insurer: InsurerNumber, decided: Sequence[StoredDocument]) -> None: ...

    def requests(self, insurer: InsurerNumber) -> list[DocumentRequest]:
        """Requests that hold."""
        ...

    def add_request(self, insurer: InsurerNumber, request: DocumentRequest) -> None: ...

    def end_requests(self, insurer: InsurerNumber, person: MunicipalInsuredId, kind: str, at: datetime) -> int: ...


class DecidedLoss(NamedTuple):
    """職権喪失の決定."""

    insurer_number: InsurerNumber
    municipal_insured_id: MunicipalInsuredId
    other_insurer_number: str
    other_acquired_on: date
    lost_on: date
    listed_on: tuple[date, ...]
    asked_by: str
    agreed_by: str
    reason: str
    decided_at: datetime


class CoverStore(Protocol):
    """資格重複状況結果の保管 (R-7)."""

    def lists(self, insurer: InsurerNumber) -> list[date]:
        """The days of all lists, ascending."""
        ...

    def add_list(
        self, insurer: InsurerNumber, listed_on: date, rows: Sequence[DuplicateCover], at: datetime
    ) -> None: ...

    def listings(
        self, insurer: InsurerNumber, person: MunicipalInsuredId | None = None
    ) -> dict[MunicipalInsuredId, dict[date, list[tuple[str, date]]]]:
        """Covers of each person by list: insurer number and first day of each."""
        ...

    def standing(
        self, insurer: InsurerNumber, persons: Sequence[MunicipalInsuredId]
    ) -> dict[MunicipalInsuredId, StandingQualification | None]:
        """The last qualification of each person in this municipality, None while it is held."""
        ...

    def decide(self, loss: DecidedLoss) -> None: ...

    def decided(self, insurer: InsurerNumber) -> list[DecidedLoss]: ...
