"""点検: the sender's dry run: what `receive` would refuse or warn about without knowing anything but the file (X-38).

Each record goes through the very classes that receive it. Only the desk they work at is empty: nothing was received
before, nobody else is known, and nothing stays. What another file may already have said is taken in the sender's favour:
a correction or cancellation counts as having its first record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, cast

from attrs import evolve, field, frozen, mutable

from kokuho_core.errors import FileRefused, Problem
from kokuho_core.ports.files import FileHeader, IncomingFile, ReadRecord
from kokuho_core.ports.keys import KeyRegister
from kokuho_core.ports.stores import FileCounts, RecordOutcome, UnitOfWork
from kokuho_core.ports.vault import SealedColumn, SealedNumber
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases.office import Office, Progress, Settings, silent
from kokuho_core.usecases.receive import FileAnswer
from kokuho_core.usecases.reception_kinds import ACCEPTED_FILES, HELD, REFUSED, Reception, reception_for
from kokuho_core.usecases.within_file import HIGH_COST, HOUSEHOLDS, PERSONS, Judging
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import InsurerNumber, Source
from kokuho_core.vocabulary.individual_number import IndividualNumber, NumberIndex


def check(incoming: IncomingFile, settings: Settings | None = None, progress: Progress = silent) -> FileAnswer:
    """Check one file of a municipality. ``result`` is ``rejected`` for the whole file, else ``applied`` (X-38)."""
    header: FileHeader | None = None
    try:
        header = incoming.header()
        if header.file_id not in ACCEPTED_FILES:
            raise FileRefused(Problem("KKH-F013"))
        total, outcomes = _examined(incoming, header, settings or Settings(), progress)
    except FileRefused as refusal:
        file_id, sender = (header.file_id, header.sender) if header is not None else _said_by(incoming.name)
        return FileAnswer(incoming.name, file_id, sender, FileResult.REJECTED, errors=refusal.problems)
    rejected = {outcome.line for outcome in outcomes if outcome.result == REFUSED}
    held = {outcome.line for outcome in outcomes if outcome.result == HELD}
    problems = [outcome.problem for outcome in outcomes if outcome.problem is not None]
    return FileAnswer(
        incoming.name,
        header.file_id,
        header.sender,
        FileResult.APPLIED,
        FileCounts(total - len(rejected) - len(held), len(rejected), len(held)),
        errors=tuple(problem for problem in problems if not problem.is_warning),
        warnings=tuple(problem for problem in problems if problem.is_warning),
    )


def _said_by(name: str) -> tuple[str, str]:
    """File id and sender as far as the name tells them."""
    parts = name.split("_")
    return (parts[0], parts[1]) if len(parts) == 4 else ("", "")


def _examined(
    incoming: IncomingFile, header: FileHeader, settings: Settings, progress: Progress
) -> tuple[int, Sequence[RecordOutcome]]:
    reception = _reception(header, settings)
    total = 0
    for record in incoming.records(reception.keys):
        reception.take(record)
        total += 1
        if total % 10_000 == 0:
            progress(incoming.name, total)
    return total, reception.finish()


# --- the empty desk ---


def _reception(header: FileHeader, settings: Settings) -> _Decisions | Reception[Any]:
    if header.file_id == "KEISHIJI":
        return _Decisions()
    nothing = cast(Any, None)  # no database, clock or kept file is ever asked for
    office = Office(nothing, _NoVault(), nothing, nothing, nothing, settings)
    reception = reception_for(office, header, may_follow_others=True)
    reception.enter(cast(UnitOfWork, _EmptyDesk()), 0)
    return reception


@mutable
class _Decisions:
    """確定指示: whether a candidate exists only the aggregation knows, so what the reader finds is all there is."""

    keys: tuple[str, ...] = ()
    _outcomes: list[RecordOutcome] = field(factory=list)

    def take(self, record: ReadRecord) -> None:
        self._outcomes += [RecordOutcome(problem.line, REFUSED, problem) for problem in record.problems]
        self._outcomes += [RecordOutcome(problem.line, "1", problem) for problem in record.warnings]

    def finish(self) -> list[RecordOutcome]:
        return self._outcomes


_FORGOTTEN: Final = SealedNumber(InsurerNumber(""), NumberIndex(b""), 0, "", b"")


class _NoVault:
    """番号保管庫 that keeps nothing: whether a number conflicts with another person is for the aggregation to find."""

    def seal(
        self, keys: KeyRegister | None, insurer: InsurerNumber, numbers: Sequence[IndividualNumber]
    ) -> list[SealedNumber]:
        return [_FORGOTTEN] * len(numbers)

    def indexes(self, keys: KeyRegister, number: IndividualNumber) -> tuple[NumberIndex, ...]:
        return ()

    def reveal(self, keys: KeyRegister, sealed: SealedNumber) -> IndividualNumber:
        raise NotImplementedError  # nothing was kept

    def reveal_column(self, keys: KeyRegister, sealed: SealedColumn) -> list[IndividualNumber | None]:
        raise NotImplementedError  # nothing was kept


@frozen
class _Store:
    """Facts of the file, by whom they are about."""

    facts: dict[Any, list[Any]] = field(factory=dict)

    def put(self, subject: Any, fact: Any) -> None:
        self.facts.setdefault(subject, []).append(fact)

    def groups_to_judge(self, file_no: int) -> Iterator[tuple[list[Any], list[Any]]]:
        """What the file said about each subject. A row that begins with a change is taken to have been sent before."""
        for sent in self.facts.values():
            before: dict[Any, Any] = {}
            for fact in sent:
                before.setdefault(self.row_of(fact), fact)
            yield [self.as_first(fact) for fact in before.values() if self.kind_of(fact) != UpdateKind.NEW], sent

    def row_of(self, fact: Any) -> Any:
        return fact.history_number

    def kind_of(self, fact: Any) -> Any:
        return fact.update_kind

    def as_first(self, fact: Any) -> Any:
        return evolve(fact, update_kind=UpdateKind.NEW.value)

    def discard(self, file_no: int, lines: Iterable[int]) -> None:
        """Nothing is kept."""

    def mark_pending(self, file_no: int) -> None:
        """Nothing waits."""


@frozen
class _Told(_Store):
    """Records that are judged beside others of whom they are about."""

    judging: Judging = field(kw_only=True)

    def add(self, file_no: int, records: Sequence[tuple[Any, ...]]) -> None:
        for subject, told in self.judging.told((line, record) for line, record, *_ in records):
            self.put(subject, self.judging.fact(*told))


class _Persons(_Told):
    def held_by(self, insurer: str) -> frozenset[Source]:
        return frozenset()

    def sharing_numbers(self, file_no: int) -> list[Any]:
        return []

    def contradicted_other_insurers(self, file_no: int) -> list[int]:
        return []


class _HighCost(_Told):
    def row_of(self, fact: Any) -> Any:
        return fact.high_cost_month


class _Others(_Store):
    """その他のレコード: ``(line, update kind)`` by identity; the kind is None where the file has none."""

    def add(self, file_no: int, file_id: str, records: Sequence[tuple[int, str, Mapping[str, Any]]]) -> None:
        for line, identity, content in records:
            self.put(identity, (line, content.get("update_kind")))

    def row_of(self, fact: Any) -> Any:
        return None

    def kind_of(self, fact: Any) -> Any:
        return fact[1] or UpdateKind.NEW

    def as_first(self, fact: Any) -> Any:
        return (0, UpdateKind.NEW.value)


@frozen
class _EmptyDesk:
    """What the reception classes ask of a unit of work, with no database behind it."""

    persons: _Persons = field(factory=lambda: _Persons(judging=PERSONS))
    households: _Told = field(factory=lambda: _Told(judging=HOUSEHOLDS))
    high_cost: _HighCost = field(factory=lambda: _HighCost(judging=HIGH_COST))
    others: _Others = field(factory=_Others)
    keys: None = None

    def alone(self) -> None:
        """Nobody else is here."""

    def prefecture_wide(self) -> AbstractContextManager[None]:
        """There is nothing to see beyond."""
        return nullcontext()
