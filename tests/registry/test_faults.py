"""障害: answers that are lost, late, doubled, cut or out of order, at every step of the exchange, by both channels.

What a sender must do is little: keep each batch until its results are there, and send it again as it was until then.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from kokuho_adapters.registry.server_channel import ServerGateway
from kokuho_adapters.registry_simulator.faults import Fault, FaultKind, FaultPlace
from kokuho_adapters.registry_simulator.receiver import REGISTRATION
from kokuho_core.errors import ChannelFault, FileRefused
from kokuho_core.ports.registry import Batch, ReceptionNumber, RegistrationLine, RegistryGateway

from .kit import EAST, OPERATOR, PATIENCE, Side, batch, cancelled, exchanged, line, told
from .pool import Pool

BY_LINE = ("slow", "error", "lost_request", "lost_answer", "cut_answer")
OF_RESULTS = ("late_result", "repeated_result", "shuffled_result")
SCHEDULES = 105
"""Of each channel; together more than 200."""


class TestOneFault:
    """Each fault once, at each place, by the gateway's own repetitions or the sender's."""

    @pytest.mark.parametrize("kind", BY_LINE)
    @pytest.mark.parametrize("place", ["send", "results", "shown", "listings"])
    def test_the_gateway_repeats_by_itself(self, side: Side, kind: str, place: str) -> None:
        """Rules: R-3, S-14. Nobody notices, and there is one effect."""
        gateway, sent = side.server_gateway(), batch(1, [line("K1"), line("K2", 2)])
        side.order(Fault(FaultKind(kind), FaultPlace(place), times=2, seconds=0.05))
        assert [each.result for each in exchanged(gateway, sent)] == ["1", "1"]
        assert [each.record_key for each in gateway.shown(EAST)] == ["K1", "K2"]
        assert gateway.card_registrations(EAST) is None
        assert side.receiver.next_number(REGISTRATION, EAST) == 2

    @pytest.mark.parametrize("kind", ["error", "lost_request", "lost_answer", "cut_answer"])
    def test_it_gives_up_and_goes_on_later(self, side: Side, kind: str) -> None:
        """Rules: R-3, S-14, S-27. After its last try it says that the call may be made again, and then it is right."""
        gateway, sent = side.server_gateway(attempts=2), batch(1, [line("K1")])
        side.order(f"{kind}@send*2")
        with pytest.raises(ChannelFault) as fault:
            gateway.send(sent)
        assert fault.value.code == "KKH-K101"
        arrived = side.receiver.next_number(REGISTRATION, EAST) == 2
        assert arrived == (kind in ("lost_answer", "cut_answer"))
        assert [each.result for each in exchanged(gateway, sent)] == ["1"]
        assert side.receiver.next_number(REGISTRATION, EAST) == 2

    def test_a_server_too_slow_for_our_patience(self, side: Side) -> None:
        """Rules: R-3, S-14. It does the work after we have hung up; the repetition finds it done."""
        gateway, sent = side.server_gateway(timeout_seconds=0.5), batch(1, [line("K1")])
        side.order(Fault(FaultKind.SLOW, FaultPlace.SEND, seconds=0.8))
        assert [each.result for each in exchanged(gateway, sent)] == ["1"]
        time.sleep(0.6)
        assert side.receiver.next_number(REGISTRATION, EAST) == 2

    @pytest.mark.parametrize("kind", OF_RESULTS)
    def test_results_that_are_late_double_or_mixed(self, side: Side, channel: str, kind: str) -> None:
        """Rules: R-3. All of them come, whenever and in whatever order."""
        gateway = side.gateway(channel)
        lines = [line(f"K{each}", each) for each in range(1, 40)]
        batches = [batch(1, lines[:20]), batch(2, lines[20:])]
        side.order(f"{kind}@results")
        receptions = [gateway.send(each) for each in batches]
        first = told(gateway, batches[0], receptions[0])
        second = told(gateway, batches[1], receptions[1])
        if kind == "repeated_result":
            due = time.monotonic() + PATIENCE
            while len(first) < 40 and time.monotonic() < due:
                first = told(gateway, batches[0], receptions[0])
            assert len(first) == 40 and len(set(first)) == 20
        keys = [each.record_key for each in first]
        assert set(keys) == {each.record_key for each in lines[:20]}
        assert (keys != sorted(keys, key=lambda key: int(key[1:]))) == (kind in ("shuffled_result", "repeated_result"))
        assert [each.record_key for each in second] == [each.record_key for each in lines[20:]]

    @pytest.mark.parametrize("kind", ["error", "lost_request", "lost_answer"])
    def test_by_folder_the_batch_is_put_there_again(self, side: Side, kind: str) -> None:
        """Rules: R-3, S-14, S-27. Without an answer for a while it is sent again as it was."""
        gateway, sent = side.folder_gateway(), batch(1, [line("K1")])
        side.order(f"{kind}@send")
        reception = gateway.send(sent)
        results, tries = None, 0
        while results is None and tries < 100:
            tries += 1
            gateway.send(sent)
            time.sleep(0.05)
            results = gateway.results(sent.exchange, EAST, 1, reception)
        assert results is not None and {each.result for each in results} == {"1"}
        assert side.receiver.next_number(REGISTRATION, EAST) == 2


class TestStrangeAnswers:
    """A server that is not as it should be: nothing of a broken answer is given out."""

    @pytest.mark.parametrize(
        "answer",
        [
            {"status": "done", "rows": [["139519", "K1", "1"]]},
            {"status": "done", "rows": [["139519", "K1", "7", "", "", "", "", "20260401090000"]]},
            {"status": "done", "rows": [["139519", "K1", "1", "", "", "", "", "2026-04-01"]]},
            {"status": "done", "rows": [["139519", "K1", "1", None, "", "", "", "20260401090000"]]},
            {"status": "done", "rows": [["139519", "K\x1b1", "1", "", "", "", "", "20260401090000"]]},
            {"status": "done", "rows": "K1"},
            {"status": "done"},
            {"rows": []},
        ],
    )
    def test_results(self, side: Side, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]) -> None:
        """Rules: S-16, S-18."""
        gateway = side.server_gateway()
        monkeypatch.setattr(ServerGateway, "_ask", lambda *_, **__: answer)
        with pytest.raises(FileRefused) as refused:
            gateway.results(batch(1, []).exchange, EAST, 1, ReceptionNumber("R00000000001"))
        assert refused.value.code == "KKH-K106"

    @pytest.mark.parametrize("answer", [{"rows": []}, {"rows": [], "more": True}, {"rows": [], "more": 1}])
    def test_pages(self, side: Side, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]) -> None:
        """Rules: S-16. A page without an end is none."""
        gateway = side.server_gateway()
        monkeypatch.setattr(ServerGateway, "_ask", lambda *_, **__: answer)
        with pytest.raises(FileRefused):
            list(gateway.shown(EAST))

    @pytest.mark.parametrize(
        "answer", [{"sequence": "1"}, {"sequence": 1, "listed_on": "today"}, {"sequence": 1, "listed_on": None}]
    )
    def test_lists(self, side: Side, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]) -> None:
        """Rules: S-16."""
        gateway = side.server_gateway()
        monkeypatch.setattr(ServerGateway, "_ask", lambda *_, **__: {**answer, "rows": [], "more": False})
        with pytest.raises(FileRefused):
            gateway.duplicates(EAST)

    def test_a_reception_number_that_is_none(self, side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
        """Rules: R-3, S-18."""
        gateway = side.server_gateway()
        for wrong in (None, "", "R\n1", "R" * 65, 7):
            monkeypatch.setattr(ServerGateway, "_ask", lambda *_, wrong=wrong, **__: {"reception_number": wrong})
            with pytest.raises(FileRefused):
                gateway.send(batch(1, [line("K1")]))


class Sender(RuleBasedStateMachine):
    """送り手: keeps its batches, on a line on which anything may happen. ``kinds`` are the faults of its channel."""

    pool: Pool
    gateway: RegistryGateway
    kinds: tuple[str, ...]

    @initialize()
    def begin(self) -> None:
        self.pool.side.receiver.order_fault(OPERATOR, None)
        self.insurer, self.persons = self.pool.fresh(), self.pool.persons() + 20_000
        self.live: dict[str, RegistrationLine] = {}
        self.batches: list[Batch] = []
        self.receptions: dict[int, ReceptionNumber] = {}
        self.done: dict[int, dict[str, str]] = {}
        self.keys = 0

    @rule(
        kind=st.integers(0, 7),
        place=st.sampled_from(["send", "results", "any"]),
        skip=st.integers(0, 2),
        times=st.integers(1, 3),
    )
    def let_go_wrong(self, kind: int, place: str, skip: int, times: int) -> None:
        self.pool.side.order(
            Fault(FaultKind(self.kinds[kind % len(self.kinds)]), FaultPlace(place), skip, times, seconds=0.01)
        )

    @precondition(lambda self: len(self.batches) < 6)
    @rule(new=st.integers(0, 3), cancel=st.booleans())
    def prepare(self, new: int, cancel: bool) -> None:
        """A further batch, kept before it is sent."""
        lines = []
        if cancel and self.live:
            key = min(self.live)
            lines.append(cancelled(self.live.pop(key)))
        for _ in range(new):
            self.keys += 1
            made = line(f"K{self.keys:03d}", self.persons * 1000 + self.keys, insurer=self.insurer)
            lines.append(made)
            self.live[made.record_key] = made
        if lines:
            self.batches.append(batch(len(self.batches) + 1, lines, self.insurer))

    @precondition(lambda self: len(self.receptions) < len(self.batches))
    @rule()
    def send_next(self) -> None:
        self._send(self.batches[len(self.receptions)])

    @precondition(lambda self: self.receptions)
    @rule(place=st.integers(0, 5))
    def send_again(self, place: int) -> None:
        self._send(self.batches[place % len(self.receptions)])

    @precondition(lambda self: self.receptions)
    @rule(place=st.integers(0, 5))
    def fetch(self, place: int) -> None:
        self._fetch(self.batches[place % len(self.receptions)])

    def _send(self, one: Batch) -> None:
        try:
            reception = self.gateway.send(one)
        except ChannelFault:
            return
        assert self.receptions.setdefault(one.number, reception) == reception

    def _fetch(self, one: Batch) -> None:
        try:
            found = self.gateway.results(one.exchange, one.insurer_number, one.number, self.receptions[one.number])
        except ChannelFault:
            return
        if found is None:
            return
        seen = self.done.setdefault(one.number, {})
        for each in found:
            assert each.insurer_number == self.insurer
            assert seen.setdefault(each.record_key, each.result) == each.result
        assert seen.keys() == {each.record_key for each in one.lines()}  # type: ignore[union-attr]

    def teardown(self) -> None:
        """The line becomes good; all that is open is sent and fetched; then everything is there exactly once."""
        if not hasattr(self, "insurer"):
            return
        self.pool.side.receiver.order_fault(OPERATOR, None)
        due = time.monotonic() + PATIENCE
        again = time.monotonic()
        while len(self.done) < len(self.batches):
            assert time.monotonic() < due, "it was never answered"
            open_ones = [each for each in self.batches if each.number not in self.done]
            if time.monotonic() >= again:
                for each in open_ones:
                    self._send(each)
                again = time.monotonic() + 0.3
            for each in open_ones:
                if each.number in self.receptions:
                    self._fetch(each)
            time.sleep(0.005)
        assert {answer for answers in self.done.values() for answer in answers.values()} <= {"1"}
        assert [each.record_key for each in self.gateway.shown(self.insurer)] == sorted(self.live)
        assert self.pool.side.receiver.next_number(REGISTRATION, self.insurer) == len(self.batches) + 1


@pytest.mark.parametrize("channel", ["server", "file"])
def test_random_schedules_of_faults(pool: Pool, channel: str) -> None:
    """Rules: R-3, R-8, S-14, S-27. Each record is in effect exactly once and nothing is lost, whatever went wrong and when."""
    by_file = channel == "file"
    described = {
        "pool": pool,
        "gateway": pool.side.gateway("file") if by_file else pool.side.server_gateway(attempts=2, timeout_seconds=0.5),
        "kinds": ("error", "lost_request", "lost_answer", *OF_RESULTS) if by_file else (*BY_LINE, *OF_RESULTS),
    }
    run_state_machine_as_test(
        type("Sender", (Sender,), described),
        settings=settings(
            max_examples=SCHEDULES,
            stateful_step_count=10,
            deadline=timedelta(minutes=2),
            suppress_health_check=list(HealthCheck),
        ),
    )
