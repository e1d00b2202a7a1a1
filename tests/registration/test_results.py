"""What comes back: taken once, whatever comes twice, late, wrong or from elsewhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from kokuho_core.entrusted_partition.exchanged import Verification
from kokuho_core.errors import ChannelFault, FileRefused, Problem
from kokuho_core.usecases.registration_results import ResultSummary
from kokuho_core.vocabulary.identifiers import MunicipalInsuredId

from ..aggregation.support import insured
from ..prefecture.office import A, B
from .counter import Counter


def problems(summary: ResultSummary) -> list[str]:
    return [each.problem.code for each in summary.problems]


@pytest.fixture
def sent(counter: Counter) -> Counter:
    """Two people, sent and not answered."""
    counter.told(A, insured(A, "10", 1), insured(A, "20", 2))
    counter.register()
    return counter


def test_a_result_for_an_unknown_record(sent: Counter) -> None:
    """Rules: R-3."""
    sent.receiver.arrange = lambda answers: [*answers, answers[0]._replace(record_key=f"{A}R9999999999")]
    summary = sent.results()
    assert (problems(summary), summary.registered, summary.not_applied) == (["KKH-K010"], 2, 1)


def test_a_result_for_another_municipalitys_record(sent: Counter) -> None:
    """Rules: R-1, R-3."""
    sent.receiver.arrange = lambda answers: [answers[0]._replace(insurer_number=B), answers[1]]
    summary = sent.results()
    assert (problems(summary), summary.registered, summary.waiting) == (["KKH-K011"], 1, 1)
    sent.receiver.arrange = lambda answers: answers
    assert sent.results().settled == 1


def test_a_result_twice_takes_effect_once(sent: Counter) -> None:
    """Rules: R-3."""
    sent.receiver.arrange = lambda answers: [*answers, *answers]
    summary = sent.results()
    assert (problems(summary), summary.registered, summary.repeated) == (["KKH-K012"] * 2, 2, 2)
    assert summary.counts.registered == 2


def test_contradictory_results_leave_the_first(sent: Counter) -> None:
    """Rules: R-3."""
    sent.receiver.arrange = lambda answers: [
        *answers,
        answers[0]._replace(result="2", error_code="E1"),
        answers[1]._replace(internal_branch_number="77777777"),
    ]
    summary = sent.results()
    assert (problems(summary), summary.registered, summary.refused) == (["KKH-K013", "KKH-K013"], 2, 0)
    assert summary.counts.registered == 2


def test_another_internal_branch_number_is_not_believed(sent: Counter) -> None:
    """Rules: R-3."""
    sent.results()
    sent.told(A, insured(A, "10", 1, name="見本　次郎", kind="2"))
    sent.register()
    sent.receiver.arrange = lambda answers: [each._replace(internal_branch_number="99999999") for each in answers]
    summary = sent.results()
    assert (problems(summary), summary.waiting) == (["KKH-K014", "KKH-K014"], 1)


def test_a_registration_without_internal_branch_number(sent: Counter) -> None:
    """Rules: R-3."""
    sent.receiver.arrange = lambda answers: [each._replace(internal_branch_number=None) for each in answers]
    summary = sent.results()
    assert (problems(summary), summary.waiting) == (["KKH-K015", "KKH-K015"], 1)


def test_an_error_stays_until_something_changes(counter: Counter) -> None:
    """Rules: R-3, R-5."""
    counter.receiver.refuses = lambda line: "E123" if line.name.endswith("太郎") else None
    counter.told(A, insured(A, "10", 1, name="見本　太郎"), insured(A, "20", 2))
    summary = counter.exchange()
    assert (problems(summary), summary.registered, summary.refused) == (["KKH-K016"], 1, 1)
    assert summary.problems[0].receiver_code == "E123"
    assert counter.register().batches == ()
    assert counter.counts().refused == 1
    counter.told(A, insured(A, "10", 1, name="見本　次郎", kind="2"))
    done = counter.register()
    assert (done.prepared.registrations, done.prepared.cancellations) == (1, 0)
    counter.results()
    assert counter.counts().refused == 0
    assert counter.reconcile().agrees


def test_a_refused_record_can_be_sent_again(counter: Counter) -> None:
    """Rules: R-3. Under a key of its own: a key names one version for ever."""
    counter.receiver.refuses = lambda line: "E500"
    counter.told(A, insured(A, "10", 1))
    counter.exchange()
    counter.receiver.refuses = lambda line: None
    counter.register(again=True)
    assert counter.results().registered == 1
    assert len({key for key, _ in counter.receiver.of(A).taken}) == 2


def test_results_that_are_not_there_yet(sent: Counter) -> None:
    """Rules: R-3."""
    sent.receiver.ready = lambda exchange, number: False
    assert sent.results().waiting == 1
    sent.receiver.ready = lambda exchange, number: True
    assert sent.results().settled == 1
    assert sent.results() == ResultSummary(A, counts=sent.counts())


def test_results_in_parts_and_out_of_order(sent: Counter) -> None:
    """Rules: R-3."""
    sent.told(A, insured(A, "30", 3))
    sent.register()
    sent.receiver.ready = lambda exchange, number: number == 2
    assert (sent.results().registered, sent.counts().registered) == (1, 1)
    sent.receiver.ready = lambda exchange, number: True
    sent.receiver.arrange = lambda answers: reversed(answers[1:])
    assert (sent.results().registered, sent.counts().registered) == (1, 2)
    sent.receiver.arrange = reversed
    assert (sent.results().settled, sent.counts().registered) == (1, 3)


@pytest.mark.parametrize("error", [ChannelFault, FileRefused])
def test_an_answer_that_breaks_off_has_no_effect(sent: Counter, error: type[Exception]) -> None:
    """Rules: R-3, S-27."""

    def broken(answers: list[Any]) -> Any:
        yield answers[0]
        raise error(Problem("KKH-F005"))

    sent.receiver.arrange = broken
    with pytest.raises(error):
        sent.results()
    assert sent.counts().registered == 0
    sent.receiver.arrange = lambda answers: answers
    assert sent.results().registered == 2


class TestVerification:
    """Rules: R-6."""

    def state(self, counter: Counter, addressee: str = "10") -> Any:
        person = MunicipalInsuredId(counter.municipal_id(A, addressee))
        with counter.installation.database.begin(read_only=True) as work:
            return work.registrations.registered_persons(A, [person])[person]

    def test_what_may_be_seen(self, counter: Counter) -> None:
        """Rules: R-6."""
        counter.receiver.verifies = lambda line: "0"
        counter.told(A, insured(A, "10", 1))
        counter.exchange()
        assert self.state(counter).verification is Verification.UNVERIFIED
        assert not self.state(counter).is_viewable
        for code, viewable in (("1", True), ("2", False), ("3", True)):
            counter.receiver.verifies = lambda line, code=code: code  # type: ignore[misc]
            counter.told(A, insured(A, "10", 1, name=f"見本　{code}", kind="2"))
            counter.exchange()
            assert self.state(counter).is_viewable is viewable

    def test_an_older_answer_changes_nothing(self, counter: Counter) -> None:
        """Rules: R-6. The newest answer was read first."""
        counter.told(A, insured(A, "10", 1))
        counter.register()
        counter.told(A, insured(A, "10", 1, name="見本　次郎", kind="2"))
        counter.register()
        late = datetime(2026, 1, 1)

        def dated(answers: list[Any]) -> list[Any]:
            newer = len(answers) == 2
            return [
                each._replace(
                    processed_at=late if newer else late - timedelta(days=9), verification="1" if newer else "2"
                )
                for each in answers
            ]

        counter.receiver.arrange = dated
        counter.receiver.ready = lambda exchange, number: number == 2
        counter.results()
        assert self.state(counter).verification is Verification.MATCHED
        counter.receiver.ready = lambda exchange, number: True
        assert counter.results().settled == 1
        assert self.state(counter).verification is Verification.MATCHED
        assert self.state(counter).internal_branch_number is not None
