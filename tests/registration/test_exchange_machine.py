"""Random edits, sendings and results with an unreliable line between: each record takes effect once, and nothing is lost."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from kokuho_adapters.composition import open_installation
from kokuho_core.entrusted_partition.exchanged import Exchange
from kokuho_core.errors import ChannelFault
from kokuho_core.vocabulary.identifiers import InsurerNumber

from ..aggregation.support import entered, insured
from ..prefecture.office import A, B
from .counter import Counter
from .edits import Edit, Municipalities, edits
from .model_receiver import Partition
from .two_ways import judged_both_ways

SCHEDULES = 200 if os.environ.get("KOKUHO_TEST_PROFILE") == "long" else 30
STEPS = 8


class Line:
    """回線: fails at the steps it was told to, counted from when it was told."""

    def __init__(self, failing: frozenset[int]) -> None:
        self.failing = failing
        self.steps = 0

    def __call__(self, step: str) -> str | None:
        self.steps += 1
        return step if self.steps in self.failing else None


_FAILING = st.frozensets(st.integers(1, 5), max_size=3).map(Line)


class Exchanging(RuleBasedStateMachine):
    """Two partitions behind one line."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(self.template, self.folder, dirs_exist_ok=True)
        self.counter = Counter(self.folder)
        self.counter.receiver.batch_lines = 2
        self.municipalities = Municipalities()

    @rule(some=st.lists(edits(), min_size=1, max_size=3), insurer=st.sampled_from((A, B)), line=_FAILING)
    def edit_and_send(self, some: list[Edit], insurer: str, line: Line) -> None:
        for edit in some:
            for sender, row in self.municipalities.apply(edit):
                answer = self.counter.persons(sender, row)
                assert answer.counts.accepted == 1, answer.errors
        self.counter.resolve()
        short, long, _ = judged_both_ways(self.counter, insurer)
        assert short == long
        self._over(line, lambda: self.counter.register(insurer))

    @rule(insurer=st.sampled_from((A, B)), line=_FAILING)
    def send(self, insurer: str, line: Line) -> None:
        self._over(line, lambda: self.counter.register(insurer))

    @rule(insurer=st.sampled_from((A, B)), line=_FAILING, seed=st.integers(0, 9), ready=st.booleans())
    def take(self, insurer: str, line: Line, seed: int, ready: bool) -> None:
        receiver, chance = self.counter.receiver, random.Random(seed)

        def arrange(answers: list[Any]) -> list[Any]:
            """Some twice, some missing, none in its place."""
            some = [each for each in answers for _ in range(chance.choice((0, 1, 1, 2)))]
            chance.shuffle(some)
            return some

        receiver.arrange, receiver.ready = arrange, lambda exchange, number: ready or number % 2 == 0
        self._over(line, lambda: self.counter.results(insurer))
        receiver.arrange, receiver.ready = (lambda answers: answers), (lambda exchange, number: True)

    @rule()
    def restart(self) -> None:
        """The process ended; only the database is left."""
        self.counter.installation.close()
        self.counter.installation = open_installation(self.counter.configuration, clock=self.counter.clock)

    def _over(self, line: Line, call: Callable[[], Any]) -> None:
        self.counter.receiver.fault = line
        try:
            call()
        except ChannelFault:
            pass
        finally:
            self.counter.receiver.fault = lambda step: None

    def teardown(self) -> None:
        try:
            self.counter.resolve()
            for insurer in (A, B):
                self.counter.exchange(insurer)
                self._judge(insurer)
        finally:
            self.counter.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _judge(self, insurer: str) -> None:
        partition = self.counter.receiver.of(insurer)
        # exactly once in effect
        assert len(partition.effects) == len(set(partition.effects))
        # nothing lost: what stands at the municipality is what is live at the receiver
        assert live_at(partition) == self.municipalities.standing(insurer)
        # and we know it: nothing waits, both sides agree on every date
        counts = self.counter.counts(insurer)
        assert (counts.waiting, counts.sent, counts.refused, counts.blocked) == (0, 0, 0, 0)
        assert counts.registered == len(partition.live)
        assert self.counter.reconcile(insurer).agrees
        assert not list(self._unfinished(insurer))

    def _unfinished(self, insurer: str) -> Iterator[Any]:
        with self.counter.installation.database.begin(read_only=True) as work:
            yield from work.registrations.unfinished(Exchange.REGISTRATION, InsurerNumber(insurer))


def live_at(partition: Partition) -> list[tuple[Any, ...]]:
    """(serial of the number, start, end, name) of each live record."""
    return sorted(
        (
            (
                int(each.individual_number.reveal()[:11]) - 90_000_000_000,
                each.application_start,
                each.application_end,
                each.name,
            )
            for each in partition.live.values()
        ),
        key=repr,
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prefecture just set up, to be copied: setting one up takes longer than a whole schedule."""
    folder = tmp_path_factory.mktemp("template")
    Counter(folder).close()
    return folder


def test_an_unreliable_line(template: Path) -> None:
    """Rules: R-3, R-8, S-24, S-27. Lost answers, interruptions, restarts, results twice, late and in any order."""
    machine = type("Exchanging", (Exchanging,), {"template": template})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=SCHEDULES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def scenario(counter: Counter) -> Iterator[Callable[[], Any]]:
    """A day at the counter, call by call. Each may be made again after it failed."""
    first = insured(A, "10", 1)
    counter.told(A, first, insured(A, "20", 2, branch_number="02"), insured(A, "30", 3))
    yield counter.register
    yield counter.results
    counter.told(A, insured(A, "10", 1, start="2020-05-01", kind="2"), {**insured(A, "20", 2), "update_kind": "3"})
    counter.told(B, entered(B, "70", 3, start="2024-06-01"))
    counter.told(A, insured(A, "30", 3, end="2024-06-01", kind="2"))
    yield counter.register
    yield counter.results
    yield lambda: counter.register(B)
    yield lambda: counter.results(B)


def _run(folder: Path, fault: Line) -> tuple[list[Any], list[Any], int]:
    with Counter(folder) as counter:
        counter.receiver.batch_lines = 2
        for call in scenario(counter):
            counter.receiver.fault = fault
            for attempt in itertools.count():
                try:
                    call()
                    break
                except ChannelFault:
                    assert attempt == 0, "the next attempt goes through"
                    counter.receiver.fault = lambda step: None
            counter.receiver.fault = lambda step: None
        both = [counter.receiver.of(insurer) for insurer in (A, B)]
        assert [counter.counts(insurer).sent for insurer in (A, B)] == [0, 0]
        assert [counter.reconcile(insurer).agrees for insurer in (A, B)] == [True, True]
        return [live_at(each) for each in both], [each.effects for each in both], fault.steps


def test_a_failure_at_every_step(tmp_path: Path) -> None:
    """Rules: R-3, S-27. Whatever step fails, the next attempt ends where an undisturbed exchange ends."""
    live, effects, steps = _run(tmp_path / "undisturbed", Line(frozenset()))
    assert steps > 20
    for failing in range(1, steps + 1):
        assert _run(tmp_path / str(failing), Line(frozenset({failing})))[:2] == (live, effects), failing
