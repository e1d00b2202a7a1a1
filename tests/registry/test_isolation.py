"""区画の分離: two clients, two channels, and everything they might try; neither ever sees or touches what is the other's (R-1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from kokuho_adapters.registry.server_channel import ServerGateway
from kokuho_adapters.registry_simulator.receiver import CARDS, DUPLICATES, REGISTRATION
from kokuho_core.errors import ChannelRefused
from kokuho_core.ports.registry import Exchange, ReceptionNumber
from kokuho_core.vocabulary.identifiers import InsurerNumber

from .kit import FEDERATION, NEIGHBOUR, OPERATOR, batch, line, told
from .pool import Pool

EXAMPLES = 40 if settings().max_examples <= 100 else 300

CLIENTS = (FEDERATION, NEIGHBOUR)
PLACES = st.integers(0, 2)
CHANNELS = st.sampled_from(["file", "server", "server"])


class Clients(RuleBasedStateMachine):
    """二つの連合会 with two municipalities and one; the same people live in all of them."""

    pool: Pool

    @initialize()
    def begin(self) -> None:
        self.owner: dict[InsurerNumber, str] = {
            self.pool.fresh(): FEDERATION,
            self.pool.fresh(): FEDERATION,
            self.pool.fresh_far(): NEIGHBOUR,
        }
        self.places = list(self.owner)
        self.persons = self.pool.persons() + 50_000
        self.registered: dict[InsurerNumber, set[str]] = {each: set() for each in self.places}
        self.next: dict[InsurerNumber, int] = dict.fromkeys(self.places, 1)
        self.receptions: list[tuple[InsurerNumber, int, ReceptionNumber]] = []
        self.entries = self._refusals()

    def _refusals(self) -> int:
        return len(self.pool.side.refusals())

    def _may(self, client: str, insurer: InsurerNumber) -> bool:
        return self.owner[insurer] == client

    def _refused(self, client: str, insurer: InsurerNumber, call: Callable[[], object]) -> None:
        """It is refused, and the audit says by whom, what and where."""
        before = self.pool.side.refusals()
        with pytest.raises(ChannelRefused) as refused:
            call()
        assert refused.value.code in ("KKH-K103", "KKH-K105")
        after = self.pool.side.refusals()
        assert len(after) > len(before)
        assert (after[-1][0], after[-1][2]) == (client, insurer)

    @rule(client=st.sampled_from(CLIENTS), channel=CHANNELS, place=PLACES, person=st.integers(1, 3))
    def send(self, client: str, channel: str, place: int, person: int) -> None:
        """A record whose key says whose it is, into one's own partition or another's."""
        insurer, gateway = self.places[place], self.pool.side.gateway(channel, client)
        number = self.next[insurer]
        start = date(2026, 4, 1) + timedelta(days=number)
        sent = batch(
            number,
            [
                line(
                    f"{insurer}{number:04d}", self.persons * 1000 + person, insurer=insurer, start=start,
                    end=start + timedelta(days=1),
                )
            ],
            insurer,
        )  # fmt: skip
        if not self._may(client, insurer):
            self._refused(client, insurer, lambda: told(gateway, sent, gateway.send(sent)))
            return
        reception = gateway.send(sent)
        assert [each.result for each in told(gateway, sent, reception)] == ["1"]
        self.next[insurer] += 1
        self.registered[insurer].add(f"{insurer}{number:04d}")
        self.receptions.append((insurer, number, reception))

    @rule(client=st.sampled_from(CLIENTS), own=PLACES, other=PLACES)
    def smuggle(self, client: str, own: int, other: int) -> None:
        """A record of another partition inside a batch for one's own."""
        insurer, foreign = self.places[own], self.places[other]
        if not self._may(client, insurer) or foreign == insurer:
            return
        gateway = self.pool.side.gateway("server", client)
        sent = batch(self.next[insurer], [line("X1", self.persons * 1000, insurer=foreign)], insurer)
        self._refused(client, insurer, lambda: gateway.send(sent))

    @precondition(lambda self: self.receptions)
    @rule(client=st.sampled_from(CLIENTS), at=st.integers(0, 9), place=PLACES)
    def fetch(self, client: str, at: int, place: int) -> None:
        """Any 受付番号 that anybody ever got, asked for in any partition."""
        insurer, number, reception = self.receptions[at % len(self.receptions)]
        asked = self.places[place]
        gateway = self.pool.side.gateway("server", client)
        if not reception.startswith("R"):
            return  # by folder a 受付番号 opens nothing
        if asked == insurer and self._may(client, insurer):
            found = gateway.results(Exchange.REGISTRATION, insurer, number, reception)
            assert found is not None
            assert {each.record_key for each in found} == {f"{insurer}{number:04d}"}
        else:
            self._refused(client, asked, lambda: gateway.results(Exchange.REGISTRATION, asked, number, reception))

    @rule(client=st.sampled_from(CLIENTS), channel=CHANNELS, place=PLACES)
    def look(self, client: str, channel: str, place: int) -> None:
        insurer, gateway = self.places[place], self.pool.side.gateway(channel, client)
        if self._may(client, insurer):
            shown = list(gateway.shown(insurer))
            assert {each.record_key for each in shown} == self.registered[insurer]
            assert {each.insurer_number for each in shown} <= {insurer}
        else:
            self._refused(client, insurer, lambda: list(gateway.shown(insurer)))

    @rule(client=st.sampled_from(CLIENTS), place=PLACES, file_id=st.sampled_from([CARDS, DUPLICATES]))
    def list_(self, client: str, place: int, file_id: str) -> None:
        """Snapshots and lists: other people's covers are named, other partitions' people never."""
        insurer, gateway = self.places[place], self.pool.side.gateway("server", client)
        assert isinstance(gateway, ServerGateway)
        self.pool.side.receiver.cut(OPERATOR, file_id, insurer, date(2026, 4, 2))
        ask = gateway.card_registrations if file_id == CARDS else lambda one: _rows(gateway, one)
        if self._may(client, insurer):
            assert {each.insurer_number for each in ask(insurer) or ()} <= {insurer}
        else:
            self._refused(client, insurer, lambda: ask(insurer))

    @rule(client=st.sampled_from(CLIENTS))
    def operate(self, client: str) -> None:
        """No client is an operator."""
        gateway = self.pool.side.gateway("server", client)
        assert isinstance(gateway, ServerGateway)
        self._refused(client, InsurerNumber(""), lambda: gateway._ask("GET", "/operator/audit"))

    def teardown(self) -> None:
        """What the receiver holds is what was rightly sent, in each partition for itself."""
        for insurer in getattr(self, "places", ()):
            shown = self.pool.side.gateway("server", self.owner[insurer]).shown(insurer)
            assert {each.record_key for each in shown} == self.registered[insurer]
            assert self.pool.side.receiver.next_number(REGISTRATION, insurer) == self.next[insurer]
        for client in CLIENTS:
            for answer in (self.pool.side.own / client / "received").glob("*.csv"):
                owner = NEIGHBOUR if answer.name.split("_")[1].startswith("8") else FEDERATION
                assert owner == client or answer.name.startswith("SHOKEKKA"), answer.name


def _rows(gateway: ServerGateway, insurer: InsurerNumber) -> list[object]:
    found = gateway.duplicates(insurer)
    return list(found.rows) if found is not None else []


def test_nothing_leaks_between_two_clients(pool: Pool) -> None:
    """Rules: R-1, S-1, S-4. Whatever they try, by both channels; every refusal is in the audit."""
    run_state_machine_as_test(
        type("Clients", (Clients,), {"pool": pool}),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=20,
            deadline=timedelta(minutes=2),
            suppress_health_check=list(HealthCheck),
        ),
    )
