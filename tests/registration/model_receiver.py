"""A receiver in memory, written from the rules alone: what it was sent, what it shows, and faults on request.

It takes batches in their order, answers each record, issues 被保険者枝番, and shows live records. It is the model that the state
machine and the sweeps are judged against, so it knows nothing of the library but the values that go over the line.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from attrs import define, field

from kokuho_core.entrusted_partition.exchanged import (
    CardRegistration,
    DuplicateCover,
    DuplicateList,
    Exchange,
    ReceptionNumber,
    RegistrationLine,
    RegistrationResult,
    ShownRecord,
    SymbolResult,
    WithdrawalResult,
)
from kokuho_core.errors import ChannelFault, ChannelRefused, Problem
from kokuho_core.ports.registry import Batch
from kokuho_core.vocabulary.identifiers import InsurerNumber

NO_ANSWER = "KKH-K101"


class LostAnswer(ChannelFault):
    """The model's own: something was done, and nobody heard of it."""


@define
class Partition:
    """What the receiver keeps of one municipality."""

    live: dict[str, RegistrationLine] = field(factory=dict)
    taken: dict[tuple[str, str], str] = field(factory=dict)
    effects: list[tuple[str, str]] = field(factory=list)
    """What took effect, in order: record key and 更新区分."""
    lines: list[RegistrationLine] = field(factory=list)
    """The lines that took effect, in order."""
    branches: dict[str, str] = field(factory=dict)
    batches: dict[tuple[Exchange, int], tuple[str, list[Any], list[Any]]] = field(factory=dict)
    numbers: dict[str, str] = field(factory=dict)


@define
class ModelReceiver:
    """The receiver as a :class:`~kokuho_core.ports.registry.RegistryGateway`. ``fault`` is asked at every step of every call."""

    channel: str = "file"
    batch_lines: int = 100_000
    partitions: dict[str, Partition] = field(factory=dict)
    fault: Callable[[str], str | None] = lambda step: None
    refuses: Callable[[RegistrationLine], str | None] = lambda line: None
    verifies: Callable[[RegistrationLine], str] = lambda line: "1"
    ready: Callable[[Exchange, int], bool] = lambda exchange, number: True
    arrange: Callable[[list[Any]], Iterable[Any]] = lambda answers: answers
    cards: dict[str, list[CardRegistration]] = field(factory=dict)
    covers: dict[str, DuplicateList] = field(factory=dict)
    sendings: int = 0
    clock: Iterator[int] = field(factory=itertools.count)

    def of(self, insurer: str) -> Partition:
        return self.partitions.setdefault(insurer, Partition())

    # --- the port ---

    def send(self, batch: Batch) -> ReceptionNumber:
        self._step("before send")
        lines = list(batch.lines())
        assert len(lines) == batch.count
        assert all(line.insurer_number == batch.insurer_number for line in lines)
        self._step("on the way")
        self.sendings += 1
        partition = self.of(batch.insurer_number)
        key = (batch.exchange, batch.number)
        content = [_plain(line) for line in lines]
        if key in partition.batches:
            reception, known, _ = partition.batches[key]
            if known != content:
                raise ChannelRefused(Problem("KKH-K104", field="number"))
        else:
            expected = 1 + sum(exchange is batch.exchange for exchange, _ in partition.batches)
            if batch.number != expected:
                raise ChannelRefused(Problem("KKH-K104", field="number"))
            keys = [line.record_key for line in lines if isinstance(line, RegistrationLine)]
            assert len(keys) == len(set(keys)), "a record key twice in one batch"
            reception = f"U{batch.insurer_number}-{batch.exchange.value}-{batch.number}"
            answers = [self._answer(partition, batch.exchange, line) for line in lines]
            partition.batches[key] = (reception, content, answers)
        self._step("after effect")
        return ReceptionNumber(reception)

    def results(
        self, exchange: Exchange, insurer: InsurerNumber, number: int, reception: ReceptionNumber
    ) -> Iterable[Any] | None:
        self._step("before results")
        known, _, answers = self.of(insurer).batches[exchange, number]
        assert known == reception
        if not self.ready(exchange, number):
            return None
        return self._streamed(self.arrange(list(answers)))

    def shown(self, insurer: InsurerNumber) -> Iterator[ShownRecord]:
        self._step("before shown")
        partition = self.of(insurer)
        rows = sorted(partition.live.values(), key=lambda line: (line.municipal_insured_id, line.application_start))
        for line in rows:
            yield shown_as(line, partition.branches[line.municipal_insured_id], self.verifies(line))

    def card_registrations(self, insurer: InsurerNumber) -> Iterable[CardRegistration] | None:
        self._step("before cards")
        return self.cards.get(insurer)

    def duplicates(self, insurer: InsurerNumber) -> DuplicateList | None:
        self._step("before duplicates")
        return self.covers.get(insurer)

    # --- inside ---

    def _streamed(self, answers: Iterable[Any]) -> Iterator[Any]:
        yield from answers
        self._step("end of results")

    def _step(self, name: str) -> None:
        if self.fault(name) is not None:
            raise LostAnswer(Problem(NO_ANSWER, field=name))

    def _answer(self, partition: Partition, exchange: Exchange, line: Any) -> Any:
        at = datetime(2025, 1, 1) + timedelta(seconds=next(self.clock))
        if exchange is Exchange.CARD_WITHDRAWAL:
            following = (line.applied_on.replace(day=1) + timedelta(days=62)).replace(day=1)
            end = following - timedelta(days=1)
            return WithdrawalResult(line.insurer_number, line.municipal_insured_id, line.applied_on, "1", end)
        if exchange is Exchange.INSTITUTION_SYMBOL:
            return SymbolResult(line.insurer_number, line.municipal_insured_id, "1", at)
        return self._register(partition, line, at)

    def _register(self, partition: Partition, line: RegistrationLine, at: datetime) -> RegistrationResult:
        insurer, key, kind = line.insurer_number, line.record_key, line.update_kind
        branch = partition.branches.get(line.municipal_insured_id)

        def answer(result: str, code: str | None = None, where: str | None = None) -> RegistrationResult:
            said = branch if result != "2" else None
            return RegistrationResult(insurer, key, result, said, code, where, self.verifies(line), at)

        if (key, kind) in partition.taken:
            return answer("3") if partition.taken[key, kind] == "1" else answer("2", "E900")
        if kind == "3":
            if key not in partition.live:
                partition.taken[key, kind] = "2"
                return answer("2", "E404", "record_key")
            assert partition.live[key]._replace(update_kind="3", individual_number=line.individual_number) == line
            del partition.live[key]
        else:
            assert kind == "1", "a correction is sent as a cancellation and a registration (R-8)"
            refusal = self.refuses(line)
            if refusal is not None:
                partition.taken[key, kind] = "2"
                return answer("2", refusal, "address")
            self._require_no_overlap(partition, line)
            branch = partition.branches.setdefault(line.municipal_insured_id, f"{len(partition.branches) + 1:08d}")
            partition.live[key] = line
            partition.numbers[line.municipal_insured_id] = line.individual_number.reveal()
        partition.taken[key, kind] = "1"
        partition.effects.append((key, kind))
        partition.lines.append(line)
        return answer("1")

    @staticmethod
    def _require_no_overlap(partition: Partition, line: RegistrationLine) -> None:
        """What is cancelled goes before what takes its place: no day of a person is ever registered twice (R-8)."""
        for other in partition.live.values():
            if other.municipal_insured_id == line.municipal_insured_id:
                assert not days(other) & days(line), "a day is registered twice"


def days(line: Any) -> set[date]:
    """The days a record covers, as far as anybody looks here."""
    end = line.application_end or date(2030, 1, 1)
    return {line.application_start + timedelta(days=n) for n in range((end - line.application_start).days)}


def shown_as(line: RegistrationLine, branch: str, verification: str = "1") -> ShownRecord:
    """A live record as the receiver shows it."""
    own = {"internal_branch_number": branch, "verification": verification}
    return ShownRecord._make(own[key] if key in own else getattr(line, key) for key in ShownRecord._fields)


def duplicate(
    insurer: str, person: str, on: date, other: str = "06130012", since: str = "2024-05-01"
) -> DuplicateCover:
    return DuplicateCover(insurer, person, on, other, date.fromisoformat(since))


def _plain(line: Any) -> tuple[Any, ...]:
    """A line in plain values, so that two sendings can be compared."""
    return tuple(each.reveal() if hasattr(each, "reveal") else each for each in line)
