"""What comes back: taken once, whatever comes twice, late, wrong or from elsewhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from kokuho_core.entrusted_partition.exchanged import Exchange, Verification
from kokuho_core.errors import ChannelFault, ChannelRefused, FileRefused, Problem
from kokuho_core.usecases.registration_results import ResultSummary, take_results
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId

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

    def registered(self, counter: Counter, addressee: str = "10") -> Any:
        person = MunicipalInsuredId(counter.municipal_id(A, addressee))
        with counter.installation.database.begin(read_only=True) as work:
            return work.registrations.registered_persons(A, [person])[person]

    def state(self, counter: Counter, addressee: str = "10") -> Any:
        return self.registered(counter, addressee).verification

    def checked(self, counter: Counter, addressee: str, code: str) -> None:
        """The receiver checks a person's number once more; whoever asks for his results, or looks at him, is told how it came out."""
        who = counter.municipal_id(A, addressee)
        keys = {key for key, line in counter.receiver.of(A).live.items() if line.municipal_insured_id == who}
        before, verifies = counter.receiver.arrange, counter.receiver.verifies
        counter.receiver.arrange = lambda answers: [
            each._replace(verification=code) if each.record_key in keys else each for each in before(answers)
        ]
        counter.receiver.verifies = lambda line: code if line.municipal_insured_id == who else verifies(line)

    @pytest.fixture
    def unverified(self, counter: Counter) -> Counter:
        """Two people, registered and not checked yet."""
        counter.receiver.verifies = lambda line: "0"
        counter.told(A, insured(A, "10", 1), insured(A, "20", 2))
        counter.exchange()
        assert [self.state(counter, each) for each in ("10", "20")] == [Verification.UNVERIFIED] * 2
        return counter

    def test_the_check_comes_later(self, unverified: Counter) -> None:
        """Rules: R-6. The batch is settled; what it says of the persons is asked for again, as long as anybody's check is open."""
        assert unverified.results() == ResultSummary(A, counts=unverified.counts())
        self.checked(unverified, "10", "1")
        summary = unverified.results()
        assert (summary.verified, summary.repeated, summary.problems) == (1, 0, [])
        assert self.state(unverified) is Verification.MATCHED
        self.checked(unverified, "20", "2")
        assert (unverified.results().verified, self.state(unverified, "20")) == (1, Verification.MISMATCHED)
        self.checked(unverified, "20", "3")
        assert (unverified.results().verified, self.state(unverified, "20")) == (1, Verification.NO_DOUBT)

    def test_nobody_is_asked_about_for_nothing(self, unverified: Counter) -> None:
        """Rules: R-6. With every check done, settled batches are left alone, but for those that somebody names."""
        for addressee in ("10", "20"):
            self.checked(unverified, addressee, "1")
        assert unverified.results().verified == 2
        unverified.receiver.fault = lambda step: step if step == "before results" else None
        assert unverified.results().verified == 0
        unverified.receiver.fault = lambda step: None
        self.checked(unverified, "10", "2")
        assert unverified.results().verified == 0
        told = take_results(unverified.office, InsurerNumber(A), unverified.receiver, told_anew={1})
        assert (told.verified, self.state(unverified)) == (1, Verification.MISMATCHED)

    def test_only_the_newest_batch_of_a_person_is_asked_for(self, unverified: Counter) -> None:
        """Rules: R-6, R-8. Who was registered anew is asked about there; who is no longer registered, nowhere."""
        unverified.told(A, insured(A, "10", 1, name="見本　次郎", kind="2"), insured(A, "20", 2, kind="3"))
        unverified.exchange()
        asked: list[int] = []

        def is_ready(_: Exchange, number: int) -> bool:
            asked.append(number)
            return True

        unverified.receiver.ready = is_ready
        unverified.results()
        assert asked == [2]

    def test_a_contradiction_is_no_check(self, unverified: Counter) -> None:
        """Rules: R-3, R-6. Results told anew may say more of the person, never another thing of the record."""
        unverified.receiver.arrange = lambda answers: [
            answers[0]._replace(result="2", error_code="E1", verification="1"), answers[1],
        ]  # fmt: skip
        summary = unverified.results()
        assert (problems(summary), summary.verified, summary.not_applied) == (["KKH-K013"], 0, 1)
        assert self.state(unverified) is Verification.UNVERIFIED

    def test_results_that_the_receiver_does_not_tell_again(self, unverified: Counter) -> None:
        """Rules: R-6. It is listed, and the others are taken; a refusal of the whole line is raised as ever."""

        def forgotten(code: str) -> Any:
            def ready(exchange: Any, number: int) -> bool:
                if number == 1:
                    raise ChannelRefused(Problem(code, field="S404"))
                return True

            return ready

        unverified.told(A, insured(A, "30", 3))
        unverified.register()
        unverified.receiver.ready = forgotten("KKH-K105")
        summary = unverified.results()
        assert (problems(summary), summary.registered, summary.not_applied) == (["KKH-K105"], 1, 0)
        unverified.receiver.ready = forgotten("KKH-K103")
        with pytest.raises(ChannelRefused):
            unverified.results()

    def test_the_reconciliation_sees_it_too(self, unverified: Counter) -> None:
        """Rules: R-6, R-8. Also of whom nobody asks any more, since he was verified once; and it is no difference."""
        self.checked(unverified, "10", "1")
        found = unverified.reconcile()
        assert (found.verified, found.agrees, self.state(unverified)) == (1, True, Verification.MATCHED)
        self.checked(unverified, "10", "2")
        assert (unverified.reconcile().verified, self.state(unverified)) == (1, Verification.MISMATCHED)
        assert unverified.reconcile().verified == 0

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
        assert self.state(counter) is Verification.MATCHED
        counter.receiver.ready = lambda exchange, number: True
        assert counter.results().settled == 1
        assert self.state(counter) is Verification.MATCHED
        assert self.registered(counter).internal_branch_number is not None
