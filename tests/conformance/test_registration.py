"""The registration interface through its door: this library's receiver over TLS and by folder, and receivers with a mistake."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from kokuho_core.conformance import ConformanceSettings
from kokuho_core.conformance.choices import SeededChoices
from kokuho_core.conformance.trials import PORT_RULES, Port, PortReport, ReceiverTrial, Registry, run_port_conformance
from kokuho_core.entrusted_partition.exchanged import ReceptionNumber
from kokuho_core.ports.registry import Batch, ResultCode

from ..registration.model_receiver import ModelReceiver
from ..registry.pool import Pool, pooled


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    with pooled(tmp_path_factory.mktemp("pool")) as made:
        yield made


def of(receiver: type[ModelReceiver]) -> Callable[[], AbstractContextManager[Registry]]:
    @contextmanager
    def make() -> Iterator[Registry]:
        yield Registry(receiver(channel="server"))

    return make


def judged(receiver: type[ModelReceiver], exchanges: int) -> PortReport:
    return run_port_conformance([ReceiverTrial(of(receiver))], ConformanceSettings(stories=exchanges))


@pytest.mark.parametrize("channel", ["server", "file"])
def test_this_librarys_receiver_keeps_the_rules(pool: Pool, channel: str) -> None:
    """Rules: R-1, R-3, R-4, R-8. The simulated intermediate server, over TLS with client certificates and by folder."""

    @contextmanager
    def make() -> Iterator[Registry]:
        yield Registry(pool.side.gateway(channel), (pool.fresh(), pool.fresh()), pool.persons() * 10)

    found = run_port_conformance([ReceiverTrial(make, lambda: time.sleep(0.01))], ConformanceSettings(stories=12))
    assert found.is_conformant, found.faults
    assert all(found.exercised(Port.RECEIVER).values()), found.exercised(Port.RECEIVER)


def test_a_receiver_written_from_the_rules_passes() -> None:
    """Rules: R-1, R-3, R-4, R-8. No false alarm in many exchanges."""
    found = judged(ModelReceiver, 400)
    assert found.is_conformant, found.faults


class RegistersTwice(ModelReceiver):
    """A batch whose answer was lost takes effect a second time, under another number."""

    def send(self, batch: Batch) -> ReceptionNumber:
        reception = super().send(batch)
        return ReceptionNumber(f"{reception}/{next(self.clock)}")

    def results(self, exchange: Any, insurer: Any, number: int, reception: Any) -> Any:
        return super().results(exchange, insurer, number, ReceptionNumber(reception.rpartition("/")[0]))


class TakesUsedNumbers(ModelReceiver):
    """A number that was used for another content is taken again."""

    def send(self, batch: Batch) -> ReceptionNumber:
        batches = self.of(batch.insurer_number).batches
        key = (batch.exchange, batch.number)
        known = batches.get(key)
        if known is not None and len(known[1]) != 0 and [e[1] for e in known[1]] != [x.record_key for x in batch.lines()]:
            return ReceptionNumber(known[0])
        return super().send(batch)


class ForgetsCancellations(ModelReceiver):
    """A cancelled record is shown for ever."""

    def _register(self, partition: Any, line: Any, at: Any) -> Any:
        before = dict(partition.live)
        answer = super()._register(partition, line, at)
        if line.update_kind == "3" and line.record_key in before:
            partition.live[line.record_key] = before[line.record_key]
        return answer

    @staticmethod
    def _require_no_overlap(partition: Any, line: Any) -> None:
        """It has records of one day twice."""


class MixesPartitions(ModelReceiver):
    """Whoever asks sees everybody's records."""

    def shown(self, insurer: Any) -> Any:
        for each in list(self.partitions):
            yield from super().shown(each)  # type: ignore[arg-type]


class NewBranchEachTime(ModelReceiver):
    """A person gets another 被保険者枝番 with every record."""

    def _register(self, partition: Any, line: Any, at: Any) -> Any:
        if line.update_kind == "1":
            partition.branches.pop(line.municipal_insured_id, None)
            partition.branches[line.municipal_insured_id] = f"{len(partition.effects) + 100:08d}"
        return super()._register(partition, line, at)


class OneBranchForAll(ModelReceiver):
    def _register(self, partition: Any, line: Any, at: Any) -> Any:
        partition.branches[line.municipal_insured_id] = "00000001"
        return super()._register(partition, line, at)


class CallsEverythingDone(ModelReceiver):
    def _register(self, partition: Any, line: Any, at: Any) -> Any:
        return super()._register(partition, line, at)._replace(result=ResultCode.DONE.value)


class AnswersTheNewestAlone(ModelReceiver):
    """Results of a batch are gone when the next one came."""

    def results(self, exchange: Any, insurer: Any, number: int, reception: Any) -> Any:
        later = any(known > number for _, known in self.of(insurer).batches)
        return None if later else super().results(exchange, insurer, number, reception)


class TakesRecordsAnew(ModelReceiver):
    """A record key that was answered before is registered once more."""

    def _register(self, partition: Any, line: Any, at: Any) -> Any:
        partition.taken.pop((line.record_key, line.update_kind), None)
        return super()._register(partition, line, at)

    @staticmethod
    def _require_no_overlap(partition: Any, line: Any) -> None:
        """It has records of one day twice."""


class LosesTheEnd(ModelReceiver):
    def shown(self, insurer: Any) -> Any:
        return (each._replace(application_end=None) for each in super().shown(insurer))


MISTAKEN: dict[type[ModelReceiver], str] = {
    RegistersTwice: "R-3",
    TakesUsedNumbers: "R-3",
    ForgetsCancellations: "R-8",
    MixesPartitions: "R-1",
    NewBranchEachTime: "R-4",
    OneBranchForAll: "R-4",
    CallsEverythingDone: "R-3",
    LosesTheEnd: "R-4",
    AnswersTheNewestAlone: "R-3",
    TakesRecordsAnew: "R-3",
}


@pytest.mark.parametrize(("receiver", "rule"), MISTAKEN.items(), ids=lambda each: getattr(each, "__name__", each))
def test_a_mistake_is_found_in_a_short_exchange(receiver: type[ModelReceiver], rule: str) -> None:
    """Rules: R-1, R-3, R-4, R-8. Each mistaken receiver breaks its rule, shown by at most three batches."""
    report = judged(receiver, 100)
    assert rule in {each.rule for each in report.faults}
    for fault in report.faults:
        assert len(fault.acts) <= 3, fault
        assert fault.expected != fault.actual and fault.rule in {each.number for each in PORT_RULES}


def test_an_exchange_reads_as_a_story() -> None:
    trial = ReceiverTrial(of(ModelReceiver))
    told = [str(act) for number in range(20) for act in trial.history(SeededChoices(f"told/{number}"))]
    assert any("取消" in each for each in told) and any("もう一度送る" in each for each in told)


def test_no_path_to_a_number() -> None:
    """Rules: S-1, S-3. What a fault says of an exchange has no 個人番号 in it."""
    faults = judged(LosesTheEnd, 20).faults
    assert faults
    said = " ".join(f"{each}" for each in faults)
    assert not any(part.isdigit() and len(part) == 12 for part in said.replace("'", " ").split())
