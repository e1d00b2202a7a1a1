"""What was sent and never answered: listed when it waits too long, and sent once more as it was."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from kokuho_adapters.registry_simulator.faults import Fault, FaultKind, FaultPlace
from kokuho_adapters.registry_simulator.folders import CHANNEL
from kokuho_adapters.registry_simulator.receiver import Caller
from kokuho_adapters.registry_simulator.server import OPERATOR
from kokuho_core.entrusted_partition.answer_time import ANSWERED_WITHIN
from kokuho_core.errors import ChannelFault
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.registration_results import take_results
from kokuho_core.usecases.unanswered import UnansweredBatch, send_unanswered, unanswered_batches
from kokuho_core.vocabulary.identifiers import InsurerNumber

from ..aggregation.support import insured
from ..crash.registering import Registering
from ..prefecture.office import A
from .counter import Counter

INSURER = InsurerNumber(A)
NEVER = timedelta(0)


@frozen
class Later:
    """The clock of the office, later."""

    clock: Any
    by: timedelta

    def now(self) -> datetime:
        moment: datetime = self.clock.now() + self.by
        return moment

    def today(self) -> date:
        return self.now().date()


def later(counter: Counter, by: timedelta = 2 * ANSWERED_WITHIN) -> Office:
    office: Office = evolve(counter.office, clock=Later(counter.clock, by))
    return office


def waiting(office: Office) -> list[UnansweredBatch]:
    return unanswered_batches(office, INSURER)


@pytest.fixture
def silent(counter: Counter) -> Counter:
    """Two batches arrived, and the receiver says nothing."""
    counter.receiver.batch_lines = 2
    counter.receiver.ready = lambda exchange, number: False
    counter.told(A, *(insured(A, f"{each}0", each) for each in range(1, 4)))
    counter.exchange()
    return counter


def test_it_is_overdue_after_a_while(silent: Counter) -> None:
    """Rules: R-3."""
    assert [(each.batch.number, each.is_overdue) for each in waiting(silent.office)] == [(1, False), (2, False)]
    nearly = ANSWERED_WITHIN - timedelta(minutes=10)
    assert [each.is_overdue for each in waiting(later(silent, nearly))] == [False, False]
    assert [each.is_overdue for each in waiting(later(silent, ANSWERED_WITHIN))] == [True, True]


def test_sent_again_it_has_one_effect_and_waits_anew(silent: Counter) -> None:
    """Rules: R-3, S-14."""
    assert send_unanswered(silent.office, INSURER, silent.receiver) == []  # not yet
    office, before = later(silent), silent.receiver.sendings
    assert [each.number for each in send_unanswered(office, INSURER, silent.receiver)] == [1, 2]
    assert silent.receiver.sendings == before + 2
    assert [each.is_overdue for each in waiting(office)] == [False, False]
    silent.receiver.ready = lambda exchange, number: True
    assert silent.results().settled == 2
    assert waiting(office) == []
    effects = silent.receiver.of(A).effects
    assert len(effects) == len(set(effects)) == 3
    assert silent.reconcile().agrees


def test_what_could_not_be_sent_again_is_still_listed(silent: Counter) -> None:
    """Rules: R-3, S-27."""
    silent.receiver.fault = lambda step: step if step == "on the way" else None
    with pytest.raises(ChannelFault):
        send_unanswered(later(silent), INSURER, silent.receiver)
    assert [each.is_overdue for each in waiting(later(silent))] == [True, True]


def test_a_batch_whose_arrival_nobody_knows_of_is_listed_too(counter: Counter) -> None:
    """Rules: R-3, S-27."""
    counter.told(A, insured(A, "10", 1))
    counter.receiver.fault = lambda step: step if step == "after effect" else None
    with pytest.raises(ChannelFault):
        counter.register()
    counter.receiver.fault = lambda step: None
    (lost,) = waiting(counter.office)
    assert lost.batch.reception is None
    send_unanswered(later(counter), INSURER, counter.receiver)
    assert counter.results().settled == 1
    assert len(counter.receiver.of(A).effects) == 1


def test_a_file_that_the_server_lost(tmp_path: Path) -> None:
    """Rules: R-3, S-13, S-14. By folder nobody ever says that a file was lost."""
    both = Registering(tmp_path / "both")
    both.make()
    both.send()
    with both.receiver() as receiver:
        receiver.order_fault(Caller(CHANNEL, OPERATOR), Fault(FaultKind.LOST_REQUEST, FaultPlace.SEND))
    both.serve()
    with both.site() as site:
        gateway = both.gateway(site)
        assert take_results(site.office, INSURER, gateway).waiting == 3
        assert [each.is_overdue for each in unanswered_batches(site.office, INSURER, NEVER - timedelta(1))] == [True] * 3
        assert len(send_unanswered(site.office, INSURER, gateway, NEVER - timedelta(1))) == 3
    both.serve()
    with both.site() as site:
        summary = take_results(site.office, INSURER, both.gateway(site))
    assert (summary.registered, summary.settled, summary.waiting) == (5, 3, 0)
