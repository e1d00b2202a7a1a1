"""全体: days of edits through aggregation, channel and receiver; both channels lead to one state, and it is ours for every date.

The server is the running simulator, over a real folder and over real TLS, with things going wrong on the line.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kokuho_adapters.registry_simulator.certificates import Authority
from kokuho_adapters.registry_simulator.server import HOSTS, RunningSimulator
from kokuho_adapters.registry_simulator.settings import Client, Settings
from kokuho_core.errors import ChannelFault
from kokuho_core.ports.registry import RegistryGateway
from kokuho_core.usecases.documents import decide_documents
from kokuho_core.vocabulary.identifiers import InsurerNumber

from ..aggregation.support import insured
from ..prefecture.office import A, B
from ..registration.counter import Counter
from ..registration.edits import Edit, Municipalities, edits
from .kit import FEDERATION, OPERATOR, PATIENCE, Side

EXAMPLES = 4 if settings().max_examples <= 100 else 40
BOTH = tuple(InsurerNumber(each) for each in (A, B))
LATE = ("none", "none", "error@send*2", "late_result@results", "repeated_result@results", "shuffled_result@results")
LINE_FAULTS = {"file": LATE, "server": (*LATE, "lost_request@send*2", "lost_answer@send*2", "cut_answer@any")}
"""A file that the other side lost after taking it is asked for by people, so that is not among them (test_faults.py has it)."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office that has received nothing yet, and certificates; copied for each history."""
    folder = tmp_path_factory.mktemp("template")
    Counter(folder / "office").close()
    moment = datetime.now(UTC)
    authority = Authority.made("test authority", moment)
    certificates = folder / "server" / "certificates"
    authority.write(certificates / "ca.pem")
    authority.issue(certificates, "server", moment, HOSTS)
    for client in (FEDERATION, "operator"):
        authority.issue(certificates, client, moment)
    return folder


@contextmanager
def standing(template: Path, channel: str, **more: Any) -> Iterator[tuple[Counter, Side]]:
    """An office and a simulator of their own, connected by one channel."""
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(template, folder, dirs_exist_ok=True)
    clients = [Client(FEDERATION, frozenset({A, B})), Client("operator", operator=True)]
    try:
        with RunningSimulator(Settings(folder / "server", clients, **more), folder_seconds=0.005) as simulator:
            side = Side(simulator, Authority.made("unused", datetime.now(UTC)), folder / "own")
            try:
                with Counter(folder / "office") as counter:
                    counter.receiver = side.gateway(channel)  # type: ignore[assignment]
                    yield counter, side
            finally:
                side.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def exchange_all(counter: Counter, insurer: str) -> None:
    """Register and take results, again and again until nothing is open, as somebody at the federation does."""
    due = time.monotonic() + PATIENCE
    while True:
        assert time.monotonic() < due, "it was never answered"
        try:
            counter.register(insurer)
            counter.results(insurer)
        except ChannelFault:
            continue
        counts = counter.counts(insurer)
        if not (counts.waiting or counts.sent):
            return
        time.sleep(0.02)


def end_of(template: Path, channel: str, history: Sequence[Edit], faults: Sequence[str]) -> dict[str, list[Any]]:
    """What the receiver shows after all of it, agreed with us by reconciliation."""
    municipalities = Municipalities()
    with standing(template, channel) as (counter, side):
        for edit, fault in zip(history, faults, strict=True):
            if fault != "none":
                side.order(fault)
            for sender, row in municipalities.apply(edit):
                assert counter.persons(sender, row).counts.accepted == 1
            counter.resolve()
            for insurer in BOTH:
                exchange_all(counter, insurer)
        side.receiver.order_fault(OPERATOR, None)
        gateway: RegistryGateway = side.gateway(channel)
        for insurer in BOTH:
            assert counter.reconcile(insurer).agrees
        shown = {insurer: list(gateway.shown(insurer)) for insurer in BOTH}
        for insurer in BOTH:
            days = sorted((each.application_start, each.application_end) for each in shown[insurer])
            assert days == sorted((start, end) for _, start, end, _ in municipalities.standing(insurer))
        return {insurer: [tuple(each) for each in rows] for insurer, rows in shown.items()}


@settings(max_examples=EXAMPLES, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
@given(data=st.data(), history=st.lists(edits(2), min_size=3, max_size=5))
def test_both_channels_lead_to_the_same_state(template: Path, data: st.DataObject, history: list[Edit]) -> None:
    """Rules: R-3, R-8, S-14, S-24, S-27. With the faults of the line, each at another step."""
    ends = {}
    for channel, faults in LINE_FAULTS.items():
        schedule = st.lists(st.sampled_from(faults), min_size=len(history), max_size=len(history))
        ends[channel] = end_of(template, channel, history, data.draw(schedule, label=channel))
    assert ends["file"] == ends["server"]


@pytest.mark.parametrize("channel", ["file", "server"])
def test_checks_of_persons_that_come_later(template: Path, channel: str) -> None:
    """Rules: R-6, C-2. Not verified is not visible, so a certificate is due; whatever the check finds is heard of by both channels."""
    with standing(template, channel, verified_at_once=False) as (counter, side):
        counter.told(A, insured(A, "10", 1), insured(A, "20", 2))
        exchange_all(counter, A)
        assert reasons(counter) == {"10": "UNVERIFIED", "20": "UNVERIFIED"}
        for addressee, state in (("10", "1"), ("20", "2"), ("20", "3")):
            side.receiver.verify(OPERATOR, A, counter.municipal_id(A, addressee), state)
            heard_of(counter, 1)
            expected = {"1": "NO_SNAPSHOT", "2": "VERIFICATION_MISMATCH", "3": "NO_SNAPSHOT"}[state]
            assert reasons(counter)[addressee] == expected
        side.receiver.verify(OPERATOR, A, counter.municipal_id(A, "10"), "2")
        found = counter.reconcile()
        assert (found.agrees, found.verified, reasons(counter)["10"]) == (True, 1, "VERIFICATION_MISMATCH")


def reasons(counter: Counter) -> dict[str, str]:
    """Why everybody gets his document."""
    return {each.addressee_number: each.reason.name for each in decide_documents(counter.office, InsurerNumber(A))}


def heard_of(counter: Counter, persons: int) -> None:
    """Take results until the checks of so many have been heard of."""
    due = time.monotonic() + PATIENCE
    while (persons := persons - counter.results(A).verified) > 0:
        assert time.monotonic() < due, "it was never told"
        time.sleep(0.02)
    assert persons == 0
