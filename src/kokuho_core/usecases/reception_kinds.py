"""受信レコードの扱い: for each kind of file, how a record is judged, kept and answered (1-④, 1-⑤)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from kokuho_core.errors import FileRefused, Problem, RecordRefused
from kokuho_core.high_cost_history.record import HIGH_COST_KEYS, HighCostRecord
from kokuho_core.household.record import HOUSEHOLD_KEYS, HouseholdRecord
from kokuho_core.household_continuity.decision import DecisionFact
from kokuho_core.identity.settlement import settle
from kokuho_core.insured_person.record import PERSON_KEYS, PersonRecord
from kokuho_core.ports.files import FileHeader, ReadRecord
from kokuho_core.ports.forerunner import ForerunnerLost, SealedWith, TakenRecords
from kokuho_core.ports.keys import KeyPurpose
from kokuho_core.ports.stores import RecordOutcome, UnitOfWork
from kokuho_core.ports.vault import SealedNumber
from kokuho_core.reception.ledger import FIRST_SEQUENCE
from kokuho_core.reception.lifecycle import refusals_of
from kokuho_core.usecases.connected import connected_groups
from kokuho_core.usecases.office import BATCH, Office
from kokuho_core.usecases.second_look import as_if_confirmed, await_second_look, take_effect
from kokuho_core.usecases.within_file import HIGH_COST, HOUSEHOLDS, PERSONS, FirstFile, Judging
from kokuho_core.vocabulary.codes import Decision
from kokuho_core.vocabulary.identifiers import Addressee
from kokuho_core.vocabulary.individual_number import IndividualNumber

ACCEPTED: Final = "1"
REFUSED: Final = "2"
HELD: Final = "3"

Record = TypeVar("Record")


class Reception(ABC, Generic[Record]):
    """One file of one kind while it is received. ``keys`` are the layout keys it reads."""

    keys: tuple[str, ...]
    judges_while_reading: bool = False
    """Whether :meth:`make` already looks at what others may change."""
    can_be_taken_ahead: bool = False
    """Whether another process may read the file: :meth:`bound` and :meth:`keep`."""
    judging: Judging | None = None
    """How records are judged beside others of whom they are about; None where a first file is judged like any other."""

    work: UnitOfWork
    file_no: int

    def __init__(self, office: Office, header: FileHeader, first_file: FirstFile | None) -> None:
        self.office = office
        self.header = header
        self.total = 0
        self._has_entered = False
        self._batches: list[list[tuple[int, Record]]] = [[]]
        self._outcomes: list[RecordOutcome] = []
        self._first_file = first_file
        self._judged_ahead: Mapping[int, Problem] | None = None

    def enter(self, work: UnitOfWork, file_no: int) -> None:
        """From here on records are kept in ``work``, those taken before too."""
        self.work, self.file_no, self._has_entered = work, file_no, True
        self._flush()

    def take(self, record: ReadRecord) -> None:
        """Take one record; what is wrong inside a field refuses it alone (X-1)."""
        self.total += 1
        if record.warnings:
            self._warn(record.warnings)
        if record.problems:
            self._refuse(record.problems)
            return
        try:
            made = self.make(record.values, record.line)
        except RecordRefused as refusal:
            self._refuse([problem.at(record.line) for problem in refusal.problems])
            return
        batch = self._batches[-1]
        batch.append((record.line, made))
        if len(batch) >= BATCH:
            self._batches.append([])
            self._flush()

    def taken_ahead(self, work: UnitOfWork, fault: Sequence[Problem], *, is_last: bool) -> TakenRecords:
        """What was taken since the last time, for the process that has the file's transaction. ``work`` is only read."""
        batches, self._batches = self._batches, [[]]
        outcomes, self._outcomes = self._outcomes, []
        total, self.total = self.total, 0
        records = [record for batch in batches for record in batch]
        bound, sealed = self.bound(work, records)
        refused = None
        if self._first_file is not None:
            self._first_file.add(records)
            refused = self._first_file.refused() if is_last else None
        return TakenRecords(total, tuple(outcomes), bound, sealed, tuple(fault), is_last, refused)

    def take_over(self, taken: TakenRecords) -> None:
        """Keep what another process took. Raises :class:`ForerunnerLost`, and :class:`FileRefused` for its fault."""
        self.total += taken.total
        self._outcomes.extend(taken.outcomes)
        if taken.sealed is not None:
            self._count_sealed(taken.sealed)
        self.keep(taken.bound)
        self._first_file, self._judged_ahead = None, taken.refused
        if taken.fault:
            raise FileRefused(*taken.fault)

    def _count_sealed(self, sealed: SealedWith) -> None:
        """Numbers sealed ahead count as sealed here, as long as the keys are still those for new values (S-10)."""
        keys = self.work.keys
        key = keys.current(KeyPurpose.DATA, self.header.sender)
        is_current = keys.replaced_index_key() is None and key.key_id == sealed.key_id
        if not is_current or keys.current(KeyPurpose.INDEX).version != sealed.index_version:
            raise ForerunnerLost
        keys.count(key, sealed.numbers)

    def bound(self, work: UnitOfWork, batch: Sequence[tuple[int, Record]]) -> tuple[Any, SealedWith | None]:
        """Records as the database takes them. Raises :class:`ForerunnerLost` where they cannot be made so ahead."""
        raise ForerunnerLost

    def keep(self, bound: Any) -> None:
        """Keep what :meth:`bound` made."""
        raise ForerunnerLost

    def finish(self) -> list[RecordOutcome]:
        """Judge what needs the whole file, and return every outcome but plain acceptance."""
        self._flush()
        self.work.alone()
        refused = self._judged()
        if refused:
            self.discard(refused)
            self._outcomes = [each for each in self._outcomes if each.line not in refused]
            self._refuse(list(refused.values()))
        self.after()
        return sorted(self._outcomes, key=lambda outcome: outcome.line)

    def _judged(self) -> Mapping[int, Problem]:
        """What :meth:`judge` says, which needs not be asked about a first file: it tells by itself."""
        refused = self._judged_ahead
        if refused is None and self._first_file is not None:
            refused = self._first_file.refused()
        return self.judge() if refused is None else refused

    def _flush(self) -> None:
        if self._has_entered:
            batches, self._batches = self._batches, [[]]
            for batch in batches:
                if batch:
                    self.add(batch)
                    if self._first_file is not None:
                        self._first_file.add(batch)

    def _refuse(self, problems: Sequence[Problem]) -> None:
        self._outcomes.extend(RecordOutcome(problem.line, REFUSED, problem) for problem in problems)

    def _hold(self, problem: Problem) -> None:
        self._outcomes.append(RecordOutcome(problem.line, HELD, problem))

    def _warn(self, problems: Sequence[Problem]) -> None:
        self._outcomes.extend(RecordOutcome(problem.line, ACCEPTED, problem) for problem in problems)

    @abstractmethod
    def make(self, values: tuple[Any, ...], line: int) -> Record:
        """The domain record, or :class:`RecordRefused`."""

    @abstractmethod
    def add(self, batch: Sequence[tuple[int, Record]]) -> None:
        """Keep a batch of records."""

    @abstractmethod
    def judge(self) -> Mapping[int, Problem]:
        """Refusals by line that need all records of the file and what was known before."""

    @abstractmethod
    def discard(self, refused: Mapping[int, Problem]) -> None:
        """Take refused records out again."""

    @abstractmethod
    def after(self) -> None:
        """What follows from the accepted records."""


class PersonReception(Reception[PersonRecord]):
    """資格情報(個人)ファイル (SKKOJIN)."""

    keys = PERSON_KEYS
    can_be_taken_ahead = True
    judging = PERSONS

    def make(self, values: tuple[Any, ...], line: int) -> PersonRecord:
        record = PersonRecord(*values)
        warnings = self.office.settings.date_rules.warnings(record, line, self.header.created_at)
        if warnings:
            self._warn(warnings)
        return record

    def add(self, batch: Sequence[tuple[int, PersonRecord]]) -> None:
        self.work.persons.add(self.file_no, self._sealed(self.work, batch))

    def bound(self, work: UnitOfWork, batch: Sequence[tuple[int, PersonRecord]]) -> tuple[Any, SealedWith | None]:
        if work.keys.replaced_index_key() is not None:
            raise ForerunnerLost  # which of two indexes counts is known only inside the transaction
        rows = self._sealed(work, batch)
        sealed = [number for _, _, *both in rows for number in both if number is not None]
        sealed_with = SealedWith(sealed[0].index_version, sealed[0].key_id, len(sealed)) if sealed else None
        return work.persons.bound(rows), sealed_with

    def keep(self, bound: Any) -> None:
        self.work.persons.keep(self.file_no, bound)

    def _sealed(
        self, work: UnitOfWork, batch: Sequence[tuple[int, PersonRecord]]
    ) -> list[tuple[int, PersonRecord, SealedNumber | None, SealedNumber | None]]:
        """Numbers go through the vault, all of a batch at once; the record keeps only their index (I-5)."""
        numbers: list[IndividualNumber] = []
        for _, record in batch:
            if record.individual_number is not None:
                numbers.append(record.individual_number)
            if record.previous_individual_number is not None:
                numbers.append(record.previous_individual_number)
        sealed = iter(self.office.vault.seal(work.keys, self.header.sender, numbers))
        return [
            (
                line,
                record,
                next(sealed) if record.individual_number is not None else None,
                next(sealed) if record.previous_individual_number is not None else None,
            )
            for line, record in batch
        ]

    def judge(self) -> dict[int, Problem]:
        refused: dict[int, Problem] = {}
        held = self.work.persons.held_by(self.header.sender)
        for known, sent in self.work.persons.groups_to_judge(self.file_no):
            refused.update(self.judging.judge(known, sent, held))
        return refused

    def discard(self, refused: Mapping[int, Problem]) -> None:
        self.work.persons.discard(self.file_no, refused)

    def after(self) -> None:
        self.work.persons.mark_pending(self.file_no)
        with self.work.prefecture_wide():  # who else bears the same number; the sender learns of his own records alone
            self._hold_identity_conflicts()
            contradicted = self.work.persons.contradicted_other_insurers(self.file_no)
        for line in contradicted:
            self._warn([Problem("KKH-Q001", line, "other_insurer_number", "X-23")])

    def _hold_identity_conflicts(self) -> None:
        """I-1: tell the sender at once which of his records conflict; the finding itself is opened by resolve."""
        suspects = self.work.persons.sharing_numbers(self.file_no)
        done: set[Addressee] = set()
        for start in range(0, len(suspects), BATCH):
            chunk = [addressee for addressee in suspects[start : start + BATCH] if addressee not in done]
            for group in connected_groups(self.work.persons, chunk):
                members = {fact.addressee for fact in group}
                done |= members
                settlement = settle(group)
                self.work.persons.hold(members, [fact for fact in group if fact.source in settlement.held])
                for conflict in settlement.conflicts:
                    if conflict.held.file_no == self.file_no:
                        self._hold(Problem("KKH-I001", conflict.held.line, "individual_number", "I-1"))


class HouseholdReception(Reception[HouseholdRecord]):
    """資格情報(世帯)ファイル (SKSETAI)."""

    keys = HOUSEHOLD_KEYS
    can_be_taken_ahead = True
    judging = HOUSEHOLDS

    def make(self, values: tuple[Any, ...], line: int) -> HouseholdRecord:
        return HouseholdRecord(*values)

    def add(self, batch: Sequence[tuple[int, HouseholdRecord]]) -> None:
        self.work.households.add(self.file_no, batch)

    def bound(self, work: UnitOfWork, batch: Sequence[tuple[int, HouseholdRecord]]) -> tuple[Any, SealedWith | None]:
        return work.households.bound(batch), None

    def keep(self, bound: Any) -> None:
        self.work.households.keep(self.file_no, bound)

    def judge(self) -> dict[int, Problem]:
        refused: dict[int, Problem] = {}
        for known, sent in self.work.households.groups_to_judge(self.file_no):
            refused.update(self.judging.judge(known, sent))
        return refused

    def discard(self, refused: Mapping[int, Problem]) -> None:
        self.work.households.discard(self.file_no, refused)

    def after(self) -> None:
        self.work.households.mark_pending(self.file_no)


class HighCostReception(Reception[HighCostRecord]):
    """高額該当情報ファイル (KOGAKU)."""

    keys = HIGH_COST_KEYS
    can_be_taken_ahead = True
    judging = HIGH_COST

    def make(self, values: tuple[Any, ...], line: int) -> HighCostRecord:
        return HighCostRecord(*values)

    def add(self, batch: Sequence[tuple[int, HighCostRecord]]) -> None:
        self.work.high_cost.add(self.file_no, batch)

    def bound(self, work: UnitOfWork, batch: Sequence[tuple[int, HighCostRecord]]) -> tuple[Any, SealedWith | None]:
        return work.high_cost.bound(batch), None

    def keep(self, bound: Any) -> None:
        self.work.high_cost.keep(self.file_no, bound)

    def judge(self) -> dict[int, Problem]:
        refused: dict[int, Problem] = {}
        for known, sent in self.work.high_cost.groups_to_judge(self.file_no):
            refused.update(self.judging.judge(known, sent))
        return refused

    def discard(self, refused: Mapping[int, Problem]) -> None:
        self.work.high_cost.discard(self.file_no, refused)

    def after(self) -> None:
        self.work.high_cost.mark_pending(self.file_no)


class DecisionReception(Reception[DecisionFact]):
    """継続世帯確定指示ファイル (KEISHIJI): each decision is judged by the last resolve and takes effect at once (H-6, X-18).

    Where the setting asks for a second look, or an earlier one on the same candidate waits for it, it waits too (S-34).
    """

    judges_while_reading = True
    keys = ("insurer_number", "candidate_number", "decision", "decided_on", "decided_by", "reason")
    _waiting: dict[str, list[DecisionFact]] | None = None

    def make(self, values: tuple[Any, ...], line: int) -> DecisionFact:
        with self.work.prefecture_wide():  # a decision about two households is told to both municipalities
            return self._decided(values, line)

    def _decided(self, values: tuple[Any, ...], line: int) -> DecisionFact:
        insurer, number, decision, decided_on, decided_by, reason = values
        candidate = self.work.candidates.by_number(number)
        if candidate is None or candidate.pair.entered.insurer_number != insurer:
            raise RecordRefused(Problem("KKH-H001", field="candidate_number"))
        waiting = self._waiting_on(number)
        decided = as_if_confirmed(candidate, waiting).decide(Decision(decision), decided_on)
        fact = DecisionFact(self.file_no, line, self.header.sender, number, decision, decided_on, decided_by, reason)
        self.work.candidates.add_decision(fact)
        if waiting or self.office.settings.second_look_at_decisions:
            await_second_look(self.office, self.work, fact, candidate)
            waiting.append(fact)
            self._hold(Problem("KKH-H005", line, "decision", "S-34"))
        else:
            take_effect(self.work, decided)
        return fact

    def _waiting_on(self, candidate: str) -> list[DecisionFact]:
        """What waits on a candidate, this file's own records included; read once per file."""
        if self._waiting is None:
            self._waiting = {}
            for each in self.work.looks.waiting_from(self.header.sender):
                self._waiting.setdefault(each.candidate_number, []).append(each)
        return self._waiting.setdefault(candidate, [])

    def add(self, batch: Sequence[tuple[int, DecisionFact]]) -> None:
        """Already kept, since a later decision in the same file builds on an earlier one."""

    def judge(self) -> dict[int, Problem]:
        return {}

    def discard(self, refused: Mapping[int, Problem]) -> None:
        """Nothing is refused after the fact."""

    def after(self) -> None:
        """Everything was done record by record."""


class OtherReception(Reception[tuple[str, Mapping[str, Any]]]):
    """Files that aggregation keeps for others: FUZOKU, SHOTOKU, KAIJO."""

    def make(self, values: tuple[Any, ...], line: int) -> tuple[str, Mapping[str, Any]]:
        content = dict(zip(self.keys, values, strict=True))
        identity = "/".join(str(content[key]) for key in _OTHER_IDENTITY[self.header.file_id])
        return identity, content

    def add(self, batch: Sequence[tuple[int, tuple[str, Mapping[str, Any]]]]) -> None:
        rows = [(line, identity, content) for line, (identity, content) in batch]
        self.work.others.add(self.file_no, self.header.file_id, rows)

    def judge(self) -> dict[int, Problem]:
        """Only records with an update kind have a life of their own (X-4); the others replace each other."""
        refused: dict[int, Problem] = {}
        for known, sent in self.work.others.groups_to_judge(self.file_no):
            codes = refusals_of((kind for _, kind in known), (kind for _, kind in sent))
            for (line, _), code in zip(sent, codes, strict=True):
                if code is not None:
                    refused[line] = Problem(code, line, "update_kind")
        return refused

    def discard(self, refused: Mapping[int, Problem]) -> None:
        self.work.others.discard(self.file_no, refused)

    def after(self) -> None:
        """Nothing is derived from these here."""


class CertificateReception(OtherReception):
    """付属証履歴ファイル (FUZOKU)."""

    keys = (
        "insurer_number", "addressee_number", "history_number", "update_kind", "certificate_kind", "issue_kind",
        "issued_on", "issue_notified", "collected_on", "collect_notified", "collect_reason_on", "effective_on",
        "expires_on", "copay_share", "income_class", "specific_disease", "updated_at",
    )  # fmt: skip


class IncomeReception(OtherReception):
    """世帯所得区分情報ファイル (SHOTOKU)."""

    keys = (
        "insurer_number", "household_number", "valid_from", "valid_until", "income_class_under70",
        "income_class_70plus", "updated_at",
    )  # fmt: skip


class CancellationReception(OtherReception):
    """利用登録解除申請ファイル (KAIJO)."""

    keys = ("insurer_number", "municipal_insured_id", "applied_on")


_OTHER_IDENTITY: Final = {
    "FUZOKU": ("insurer_number", "addressee_number", "history_number"),
    "SHOTOKU": ("insurer_number", "household_number", "valid_from"),
    "KAIJO": ("insurer_number", "municipal_insured_id", "applied_on"),
}

_RECEPTIONS: Final[Mapping[str, type[Reception[Any]]]] = {
    "SKKOJIN": PersonReception,
    "SKSETAI": HouseholdReception,
    "KOGAKU": HighCostReception,
    "KEISHIJI": DecisionReception,
    "FUZOKU": CertificateReception,
    "SHOTOKU": IncomeReception,
    "KAIJO": CancellationReception,
}
ACCEPTED_FILES: Final = frozenset(_RECEPTIONS)
"""File ids a municipality sends to aggregation."""


def lane_of(header: FileHeader) -> str | None:
    """Files of one kind from one sender follow each other; others may be loaded meanwhile (S-26)."""
    if _RECEPTIONS[header.file_id].judges_while_reading:
        return None
    return f"{header.sender}/{header.file_id}"


def reception_for(office: Office, header: FileHeader, *, may_follow_others: bool = False) -> Reception[Any]:
    """The reception of one file. With ``may_follow_others``, not even what is numbered as a first file is taken for one."""
    kind = _RECEPTIONS[header.file_id]
    is_first = header.sequence == FIRST_SEQUENCE and not may_follow_others
    first_file = FirstFile(kind.judging) if is_first and kind.judging is not None else None
    return kind(office, header, first_file)
