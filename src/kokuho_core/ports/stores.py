"""保管の口: what the use cases need of a database. Facts are only ever added; everything else can be derived anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from attrs import frozen

from kokuho_core.errors import Problem
from kokuho_core.high_cost_history.history import HighCostFact
from kokuho_core.high_cost_history.record import HighCostRecord
from kokuho_core.household.household import HouseholdFact
from kokuho_core.household.record import HouseholdRecord
from kokuho_core.household_continuity.candidate import Candidate, HouseholdPair
from kokuho_core.household_continuity.decision import DecisionFact
from kokuho_core.identity.insured_ids import IssuedId
from kokuho_core.insured_person.application_period import PeriodKey
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.insured_person.record import PersonRecord
from kokuho_core.ports.files import Columns, FileHeader
from kokuho_core.ports.vault import SealedNumber
from kokuho_core.qualification.findings import FindingKind
from kokuho_core.qualification.moves import Move
from kokuho_core.reception.ledger import FileResult, Ledger, LedgerEntry
from kokuho_core.returning.rows import ReturnKey, Row
from kokuho_core.vocabulary.identifiers import (
    Addressee,
    HouseholdKey,
    InsurerNumber,
    MunicipalInsuredId,
    PrefecturalInsuredId,
    Source,
)
from kokuho_core.vocabulary.individual_number import NumberIndex
from kokuho_core.vocabulary.insurers import Insurer, InsurerRegister

if TYPE_CHECKING:  # hardly a process uses all of these stores
    from kokuho_core.ports.access import ApprovalStore, RightsStore
    from kokuho_core.ports.assigned import NewcomerStore, Numbering
    from kokuho_core.ports.audit import AuditStore
    from kokuho_core.ports.authentication import FactorStore
    from kokuho_core.ports.gates import GateStore
    from kokuho_core.ports.keys import KeyRegister
    from kokuho_core.ports.look_ups import LookUpStore
    from kokuho_core.ports.municipal import NumberedStore
    from kokuho_core.ports.recall import RecallStore
    from kokuho_core.ports.registration import CardUseStore, CoverStore, RegistrationStore
    from kokuho_core.ports.retention import RetentionStore
    from kokuho_core.ports.second_look import SecondLookStore
    from kokuho_core.ports.status import StatusStore

Answer = TypeVar("Answer")


class Clock(Protocol):
    """時計: nothing in the core reads the time by itself."""

    def now(self) -> datetime: ...

    def today(self) -> date: ...


@frozen
class FileCounts:
    """件数: in = accepted + rejected + held (S-16)."""

    accepted: int = 0
    rejected: int = 0
    held: int = 0


@frozen
class RecordOutcome:
    """処理結果 of one record that was not simply accepted, or of the file (line 0). ``result`` is the SHOKEKKA code."""

    line: int
    result: str
    problem: Problem | None = None


@frozen
class HeldFile:
    """保留中のファイル."""

    file_no: int
    sender: InsurerNumber
    name: str
    encoding: str | None


@frozen
class ReceivedFile:
    """受渡簿の1行, as SHOKEKKA reports it."""

    file_no: int
    name: str
    result: FileResult
    counts: FileCounts


class FileStore(Protocol):
    """受渡簿."""

    def ledger(self, sender: InsurerNumber, file_id: str) -> Ledger: ...

    def entry(self, sender: InsurerNumber, file_id: str, sequence: int) -> LedgerEntry | None:
        """The applied or held file that stands under a sequence number."""
        ...

    def enter(
        self,
        name: str,
        header: FileHeader | None,
        sender: InsurerNumber | None,
        fingerprint: bytes,
        result: FileResult,
        recorded_at: datetime,
    ) -> int:
        """Write a line of the 受渡簿; returns its number, which counts up. ``sender`` is who will be answered."""
        ...

    def finish(self, file_no: int, counts: FileCounts) -> None: ...

    def add_outcomes(self, file_no: int, outcomes: Iterable[RecordOutcome]) -> None: ...

    def hold(self, file_no: int, blocks: Iterable[bytes], encoding: str | None) -> None:
        """Keep the encrypted content of a held file."""
        ...

    def held(self, sender: InsurerNumber, file_id: str, sequence: int) -> HeldFile | None: ...

    def due_held(self) -> list[HeldFile]:
        """Held files whose turn has come (after an interruption)."""
        ...

    def held_blocks(self, file_no: int) -> Iterator[bytes]: ...

    def release(self, file_no: int) -> None:
        """The held content was applied or refused: forget it."""
        ...

    def unreported(self, insurer: InsurerNumber, *, everything: bool) -> list[ReceivedFile]: ...

    def outcomes(self, file_no: int) -> Iterator[RecordOutcome]: ...

    def mark_reported(self, file_nos: Iterable[int]) -> None: ...

    def sources(self, file_nos: Iterable[int]) -> Mapping[int, tuple[str, datetime]]:
        """Name and time of reception of each file."""
        ...


class PersonStore(Protocol):
    """資格情報(個人)の保管."""

    def add(
        self,
        file_no: int,
        records: Sequence[tuple[int, PersonRecord, SealedNumber | None, SealedNumber | None]],
    ) -> None:
        """Add records as received, each with its line and its sealed numbers (present, previous)."""
        ...

    def bound(self, records: Sequence[tuple[int, PersonRecord, SealedNumber | None, SealedNumber | None]]) -> Any:
        """The records of :meth:`add` in the form in which this database takes them; another process may :meth:`keep` them."""
        ...

    def keep(self, file_no: int, records: Any) -> None:
        """Add what :meth:`bound` made."""
        ...

    def groups_to_judge(self, file_no: int) -> Iterator[tuple[list[PersonFact], list[PersonFact]]]:
        """Per addressee, what was known and what this file sent; addressees with one new record alone may be left out."""
        ...

    def discard(self, file_no: int, lines: Iterable[int]) -> None:
        """Take refused records of the file being received out again."""
        ...

    def sharing_numbers(self, file_no: int) -> list[Addressee]:
        """Addressees of the file whose numbers can conflict with others (a superset)."""
        ...

    def contradicted_other_insurers(self, file_no: int) -> list[int]:
        """Lines whose other_insurer_number names none of the municipalities the same person's periods touch (X-23)."""
        ...

    def mark_pending(self, file_no: int) -> None:
        """The persons of this file wait for the next resolve."""
        ...

    def wake(self, as_of: date) -> None:
        """So do those for whom a wait ends by ``as_of`` (P-6)."""
        ...

    def count_pending(self) -> int:
        """How many wait."""
        ...

    def take_pending(self, limit: int) -> list[Addressee]:
        """The first waiting addressees in order; they no longer wait."""
        ...

    def settle_pending(self, addressees: Iterable[Addressee]) -> None:
        """These no longer wait either."""
        ...

    def facts_of(self, addressees: Iterable[Addressee], known_at: datetime | None = None) -> list[PersonFact]:
        """All messages about these addressees in received order."""
        ...

    def sharing_with(self, addressees: Iterable[Addressee], known_at: datetime | None = None) -> set[Addressee]:
        """Everybody else who ever was sent under a number, present or previous, of one of these.

        With ``known_at``, those of recalled files too.
        """
        ...

    def naming(
        self, households: Iterable[HouseholdKey], known_at: datetime | None = None
    ) -> list[tuple[HouseholdKey, Addressee]]:
        """Everybody who ever named one of these households; with ``known_at``, in recalled files too."""
        ...

    def held(self, addressees: Iterable[Addressee]) -> frozenset[Source]:
        """Records of these addressees that are held."""
        ...

    def held_by(self, insurer: InsurerNumber) -> frozenset[Source]:
        """Records of one municipality that are held."""
        ...

    def sealed(self, insurer: InsurerNumber, number: NumberIndex) -> SealedNumber | None:
        """The sealed number of one municipality under its index."""
        ...

    def hold(self, addressees: Iterable[Addressee], held: Iterable[PersonFact]) -> None:
        """Replace what is held of these addressees."""
        ...

    def add_verdict(self, held: Source, verdict: str, decided_by: str, recorded_at: datetime) -> None:
        """Keep what a person decided about a held record (X-25); its addressee waits for the next resolve."""
        ...


class HouseholdStore(Protocol):
    """資格情報(世帯)の保管."""

    def add(self, file_no: int, records: Sequence[tuple[int, HouseholdRecord]]) -> None: ...

    def bound(self, records: Sequence[tuple[int, HouseholdRecord]]) -> Any: ...

    def keep(self, file_no: int, records: Any) -> None: ...

    def groups_to_judge(self, file_no: int) -> Iterator[tuple[list[HouseholdFact], list[HouseholdFact]]]: ...

    def discard(self, file_no: int, lines: Iterable[int]) -> None: ...

    def mark_pending(self, file_no: int) -> None: ...

    def facts_of(
        self, households: Iterable[HouseholdKey], known_at: datetime | None = None
    ) -> list[HouseholdFact]: ...

    def mark_households(self, households: Iterable[HouseholdKey]) -> None:
        """These households wait for the next look at their candidates."""
        ...

    def clear_pending(self) -> None: ...


class HighCostStore(Protocol):
    """高額該当情報の保管."""

    def add(self, file_no: int, records: Sequence[tuple[int, HighCostRecord]]) -> None: ...

    def bound(self, records: Sequence[tuple[int, HighCostRecord]]) -> Any: ...

    def keep(self, file_no: int, records: Any) -> None: ...

    def groups_to_judge(self, file_no: int) -> Iterator[tuple[list[HighCostFact], list[HighCostFact]]]: ...

    def discard(self, file_no: int, lines: Iterable[int]) -> None: ...

    def mark_pending(self, file_no: int) -> None: ...

    def facts_of(self, households: Iterable[HouseholdKey], known_at: datetime | None = None) -> list[HighCostFact]: ...


class OtherRecordStore(Protocol):
    """その他の受信レコード (FUZOKU, SHOTOKU, KAIJO): kept as sent for those who need them later."""

    def add(self, file_no: int, file_id: str, records: Sequence[tuple[int, str, Mapping[str, Any]]]) -> None:
        """Add records, each with its line and its identity."""
        ...

    def groups_to_judge(
        self, file_no: int
    ) -> Iterator[tuple[list[tuple[int, str | None]], list[tuple[int, str | None]]]]:
        """Per identity, (line, update kind) of what was known and of what this file sent."""
        ...

    def discard(self, file_no: int, lines: Iterable[int]) -> None: ...


@frozen
class KnownAddressee:
    """宛名に発番済みのID."""

    issued: IssuedId
    municipal_id: MunicipalInsuredId


class IdStore(Protocol):
    """被保険者IDの発番."""

    def of_addressees(self, addressees: Iterable[Addressee]) -> dict[Addressee, KnownAddressee]: ...

    def under_numbers(self, numbers: Iterable[NumberIndex]) -> list[IssuedId]: ...

    def issue(self) -> IssuedId:
        """A new 都道府県被保険者ID."""
        ...

    def issue_municipal(self, insurer: InsurerNumber) -> MunicipalInsuredId: ...

    def numbering(self) -> Numbering:
        """The last number of each kind that this unit of work issued or was told of."""
        ...

    def go_on_from(self, numbering: Numbering) -> None:
        """Somebody else issued what this unit of work is to keep: the next numbers follow ``numbering``."""
        ...

    def save(
        self,
        ids: Mapping[Addressee, KnownAddressee],
        before: Mapping[Addressee, KnownAddressee],
        numbers: Mapping[int, tuple[frozenset[NumberIndex], frozenset[NumberIndex]]],
        look_again_on: Mapping[int, date | None],
        issued: Iterable[IssuedId],
    ) -> None:
        """Addressees with their IDs now and ``before``; by serial, numbers that changed (from, to) and the wake day; new IDs."""
        ...

    def addressees_of(self, persons: Iterable[PrefecturalInsuredId]) -> dict[Addressee, PrefecturalInsuredId]: ...

    def find(self, insured_id: str) -> PrefecturalInsuredId | None:
        """The living prefectural ID behind a prefectural (also a retired one) or municipal ID."""
        ...

    def bearer(self, municipal_id: str) -> Addressee | None:
        """The addressee to whom a municipal ID was issued."""
        ...

    def persons_of(self, insurer: InsurerNumber | None) -> Iterator[PrefecturalInsuredId]: ...


@frozen
class StoredFinding:
    """番号を持つ確認事項, as kept. ``left`` and ``entered`` are period identities (addressee, history number)."""

    number: str
    kind: FindingKind
    person: PrefecturalInsuredId | None
    left: tuple[Addressee, int] | None
    entered: tuple[Addressee, int] | None
    period_start: date | None
    period_end: date | None
    days: int | None
    is_open: bool
    detected_on: date

    @property
    def identity(self) -> tuple[FindingKind, tuple[Addressee, int] | None, tuple[Addressee, int] | None]:
        """P-5: kind and pair of periods; an identity conflict is that of its held record, whoever it conflicts with."""
        return (self.kind, None if self.kind is FindingKind.IDENTITY else self.left, self.entered)

    @property
    def sort_key(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        return (self.kind.value, _side_key(self.left), _side_key(self.entered))


def _side_key(side: tuple[Addressee, int] | None) -> tuple[str, ...]:
    if side is None:
        return ()
    return (side[0].insurer_number, side[0].addressee_number, f"{side[1]:04d}")


class QualificationSpan(NamedTuple):
    """資格の区間: the part of a person's qualification in one application period; ``end`` is exclusive, None when open (P-1)."""

    period: PeriodKey
    serial: int
    start: date
    end: date | None


class SpanStore(Protocol):
    """資格の区間の保管: the spans of one person never overlap in the prefecture, and the store refuses it if they do (S-21)."""

    def replace(self, addressees: Iterable[Addressee], spans: Iterable[QualificationSpan]) -> None:
        """``spans`` are all there are of their persons; ``addressees`` are those who may have had some before."""
        ...


class FindingStore(Protocol):
    """確認事項の保管."""

    def naming(self, addressees: Iterable[Addressee]) -> list[StoredFinding]: ...

    def by_number(self, number: str) -> StoredFinding | None: ...

    def next_number(self) -> str: ...

    def save(self, findings: Iterable[StoredFinding]) -> None: ...

    def all(self, insurer: InsurerNumber | None, *, open_only: bool) -> Iterator[StoredFinding]: ...

    def count_open(self) -> int: ...


@frozen
class PersonMove:
    """県内異動 of a person."""

    person: PrefecturalInsuredId
    move: Move


class CandidateStore(Protocol):
    """継続候補世帯の保管."""

    def replace_moves(self, addressees: Iterable[Addressee], moves: Iterable[PersonMove]) -> None: ...

    def pending_pairs(self) -> list[tuple[date, HouseholdPair]]:
        """Pairs with a move or a candidate that concern a waiting household, with the day of the (first) move."""
        ...

    def pairs_touching(self, household: HouseholdKey) -> list[tuple[date, HouseholdPair]]:
        """Pairs that leave or enter ``household``."""
        ...

    def moves_of(self, pairs: Iterable[HouseholdPair]) -> dict[HouseholdPair, list[PersonMove]]: ...

    def of_pairs(self, pairs: Iterable[HouseholdPair]) -> dict[HouseholdPair, Candidate]: ...

    def entering(self, households: Iterable[HouseholdKey]) -> list[Candidate]: ...

    def by_number(self, number: str) -> Candidate | None: ...

    def next_number(self) -> str: ...

    def save(self, candidates: Iterable[Candidate]) -> None:
        """Raises :class:`Conflict` when one was changed since it was read."""
        ...

    def add_decision(self, decision: DecisionFact) -> None: ...

    def decisions(self, numbers: Iterable[str], known_at: datetime | None = None) -> list[DecisionFact]:
        """Decisions that count, or counted at ``known_at``; none that waits for a second look (S-34)."""
        ...

    def all(self, insurer: InsurerNumber | None) -> Iterator[Candidate]: ...


@frozen
class NewRows:
    """初めて知らせる行: of what stands and was never told, the values for each attribute of the row class as they are kept."""

    columns: Columns


class ReturnStore(Protocol):
    """返却レコードの保管: what stands now, and what was told last."""

    def of_subjects(self, subjects: Iterable[str]) -> dict[ReturnKey, tuple[Row | None, Row | None]]:
        """Current and told row of everything about these subjects."""
        ...

    def save(self, rows: Iterable[tuple[ReturnKey, Row | None, Row | None, bool]]) -> None:
        """Current row, told row and whether it is due."""
        ...

    def due(
        self, insurer: InsurerNumber, file_id: str, *, everything: bool
    ) -> Iterator[NewRows | list[tuple[Row | None, Row | None]]]:
        """Current and told rows of one municipality's file, some at a time: those that are due, or ``everything``."""
        ...

    def mark_told(self, insurer: InsurerNumber, file_id: str) -> None:
        """All that was due has been told as :func:`what_to_tell` said."""
        ...


@frozen
class Delivery:
    """配信ファイル: written, but perhaps not yet published. ``provided_by`` and ``purpose`` are those of its admission (S-33)."""

    insurer: InsurerNumber
    file_id: str
    sequence: int
    name: str
    records: int
    provided_by: str
    purpose: str


class DeliveryStore(Protocol):
    """配信の記録."""

    def next_sequence(self, insurer: InsurerNumber, file_id: str) -> int: ...

    def prepare(self, delivery: Delivery, folder: str, created_at: datetime) -> None: ...

    def unpublished(self) -> list[tuple[str, str]]:
        """(folder, name) of files that were written but not published."""
        ...

    def mark_published(self, folder: str, names: Iterable[str]) -> None: ...


class UnitOfWork(Protocol):
    """一件の処理: everything inside ``begin`` happens together or not at all."""

    @property
    def keys(self) -> KeyRegister: ...

    @property
    def files(self) -> FileStore: ...

    @property
    def persons(self) -> PersonStore: ...

    @property
    def households(self) -> HouseholdStore: ...

    @property
    def high_cost(self) -> HighCostStore: ...

    @property
    def others(self) -> OtherRecordStore: ...

    @property
    def ids(self) -> IdStore: ...

    @property
    def newcomers(self) -> NewcomerStore: ...

    @property
    def spans(self) -> SpanStore: ...

    @property
    def findings(self) -> FindingStore: ...

    @property
    def candidates(self) -> CandidateStore: ...

    @property
    def returns(self) -> ReturnStore: ...

    @property
    def deliveries(self) -> DeliveryStore: ...

    @property
    def gates(self) -> GateStore: ...

    @property
    def factors(self) -> FactorStore: ...

    @property
    def looks(self) -> SecondLookStore: ...

    @property
    def recalls(self) -> RecallStore: ...

    @property
    def status(self) -> StatusStore: ...

    @property
    def retention(self) -> RetentionStore: ...

    @property
    def rights(self) -> RightsStore: ...

    @property
    def approvals(self) -> ApprovalStore: ...

    @property
    def audit(self) -> AuditStore: ...

    @property
    def registrations(self) -> RegistrationStore: ...

    @property
    def card_use(self) -> CardUseStore: ...

    @property
    def covers(self) -> CoverStore: ...

    @property
    def municipal(self) -> NumberedStore: ...

    @property
    def look_ups(self) -> LookUpStore: ...

    def register(self) -> InsurerRegister:
        """The insurers of the prefecture. Raises :class:`SetupFault` (KKH-C007) before ``init``."""
        ...

    def prefecture(self) -> str:
        """都道府県番号, 2 digits."""
        ...

    def save_register(self, prefecture: str, insurers: Iterable[Insurer]) -> None: ...

    def alone(self) -> None:
        """From here to the commit nobody else writes, and all that was committed before is seen; see :meth:`Database.begin`."""
        ...

    def prefecture_wide(self) -> AbstractContextManager[None]:
        """県全体で: inside the block all municipalities are seen and written, whatever the scope of the unit (S-1).

        For what the office itself must judge about one municipality's work, such as who else bears the same number; of what it
        reads there, no more may be answered than that municipality's own part.
        """
        ...

    def commit(self) -> None: ...


class Database(Protocol):
    """データベース."""

    def begin(
        self, *, read_only: bool = False, lane: str | None = None, scope: InsurerNumber | None = None
    ) -> AbstractContextManager[UnitOfWork]:
        """A unit of work; left without ``commit``, nothing happened.

        Only one writer judges at a time. With ``lane``, the unit may first load beside writers of other lanes, and reads
        nothing that these may write until it asks to be :meth:`UnitOfWork.alone`. ``scope`` is the one municipality whose rows
        are seen and written (S-1); None is the federation.
        """
        ...

    def repeated(self, work: Callable[[], Answer]) -> Answer:
        """Do ``work`` (one or more units of work) again from its beginning, a few times, while others are in its way (S-26)."""
        ...
