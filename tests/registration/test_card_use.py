"""The My Number card used as an insurance card: snapshots in and on, withdrawals out and their results back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kokuho_core.certificates.card_use import usable_until, withdrawal_effective_on
from kokuho_core.entrusted_partition.exchanged import CardRegistration
from kokuho_core.errors import ChannelFault, FileRefused
from kokuho_core.usecases.card_use import CardUseSummary, exchange_card_use, take_snapshot, withdrawals
from kokuho_core.vocabulary.identifiers import InsurerNumber

from ..aggregation.support import insured
from ..prefecture.office import A, B, day
from .counter import Counter


def snapshot(
    counter: Counter, on: str, *states: tuple[str, str], insurer: str = A, expires: str | None = None
) -> list[CardRegistration]:
    """Give the receiver a snapshot: (addressee, 利用登録区分) of each person."""
    rows = [
        CardRegistration(
            insurer, counter.municipal_id(insurer, addressee), day(on), state, None if expires is None else day(expires)
        )
        for addressee, state in states
    ]
    counter.receiver.cards[insurer] = rows
    return rows


def exchange(counter: Counter, insurer: str = A) -> CardUseSummary:
    return exchange_card_use(counter.office, InsurerNumber(insurer), counter.receiver)


def apply(counter: Counter, addressee: str = "10", on: str = "2024-06-10", insurer: str = A) -> None:
    row = {
        "insurer_number": insurer,
        "municipal_insured_id": counter.municipal_id(insurer, addressee),
        "applied_on": day(on),
    }
    counter.send("KAIJO", insurer, [row])


def codes(summary: CardUseSummary) -> list[str]:
    return [each.problem.code for each in summary.problems]


@pytest.fixture
def known(counter: Counter) -> Counter:
    counter.told(A, insured(A, "10", 1), insured(A, "20", 2))
    return counter


class TestSnapshots:
    def test_it_goes_on_to_the_municipality(self, known: Counter) -> None:
        """Rules: C-1."""
        rows = snapshot(known, "2024-06-01", ("10", "1"), ("20", "2"), expires="2029-03-01")
        summary = exchange(known)
        assert (summary.snapshot_on, summary.registrations) == (day("2024-06-01"), 2)
        told = known.deliver(A)["RIYOTO"]
        assert [tuple(each.values()) for each in told] == [tuple(each) for each in rows]
        assert "RIYOTO" not in known.deliver(A)

    def test_the_next_month_is_told_anew(self, known: Counter) -> None:
        """Rules: C-1, X-13."""
        snapshot(known, "2024-06-01", ("10", "1"))
        exchange(known)
        known.deliver(A)
        snapshot(known, "2024-07-01", ("10", "3"))
        exchange(known)
        (row,) = known.deliver(A)["RIYOTO"]
        assert (row["snapshot_on"], row["card_registration"]) == (day("2024-07-01"), "3")

    def test_the_same_once_more_has_no_effect(self, known: Counter) -> None:
        """Rules: C-1."""
        snapshot(known, "2024-06-01", ("10", "1"))
        exchange(known)
        assert exchange(known).snapshot_on is None

    def test_one_older_than_the_last_is_refused(self, known: Counter) -> None:
        """Rules: C-1."""
        snapshot(known, "2024-06-01", ("10", "1"))
        exchange(known)
        snapshot(known, "2024-05-01", ("10", "2"))
        with pytest.raises(FileRefused) as refused:
            exchange(known)
        assert refused.value.code == "KKH-K020"
        (row,) = known.deliver(A, everything=True)["RIYOTO"]
        assert row["card_registration"] == "1"

    @pytest.mark.parametrize(
        ("changed", "code"),
        [({"insurer_number": B}, "KKH-K011"), ({"snapshot_on": date(2024, 6, 2)}, "KKH-K022")],
        ids=["another municipality", "two days"],
    )
    def test_one_that_cannot_be_is_refused_as_a_whole(self, known: Counter, changed: dict[str, Any], code: str) -> None:
        """Rules: C-1, R-1."""
        rows = snapshot(known, "2024-06-01", ("10", "1"), ("20", "1"))
        known.receiver.cards[A] = [rows[0], rows[1]._replace(**changed)]
        with pytest.raises(FileRefused) as refused:
            exchange(known)
        assert refused.value.code == code
        assert "RIYOTO" not in known.deliver(A)

    @pytest.mark.parametrize("between", [0, 1000], ids=["side by side", "far apart"])
    @pytest.mark.parametrize("state", ["1", "2"], ids=["the same", "contradictory"])
    def test_a_person_named_twice(self, known: Counter, between: int, state: str) -> None:
        """Rules: C-1. Nobody can say what he is; on every database the whole snapshot is refused."""
        first, last = snapshot(known, "2024-06-01", ("10", "1"), ("20", "1"))
        others = [last._replace(municipal_insured_id=f"M{each}") for each in range(between)]
        known.receiver.cards[A] = [first, *others, first._replace(card_registration=state)]
        with pytest.raises(FileRefused) as refused:
            exchange(known)
        assert refused.value.code == "KKH-K023"
        assert "RIYOTO" not in known.deliver(A)

    def test_an_unknown_person_is_left_out(self, known: Counter) -> None:
        """Rules: C-1. Another municipality's ID is as unknown as an invented one."""
        known.told(B, insured(B, "70", 7))
        rows = snapshot(known, "2024-06-01", ("10", "1"))
        strangers = ["M9999999999999998", known.municipal_id(B, "70")]
        known.receiver.cards[A] = [*rows, *(rows[0]._replace(municipal_insured_id=each) for each in strangers)]
        assert codes(exchange(known)) == ["KKH-K021", "KKH-K021"]
        assert len(known.deliver(A)["RIYOTO"]) == 1

    def test_interrupted_it_is_taken_the_next_time(self, known: Counter) -> None:
        """Rules: C-1, S-27."""
        snapshot(known, "2024-06-01", ("10", "1"))
        known.receiver.fault = lambda step: step if step == "before cards" else None
        with pytest.raises(ChannelFault):
            take_snapshot(known.office, InsurerNumber(A), known.receiver)
        known.receiver.fault = lambda step: None
        assert exchange(known).registrations == 1


class TestWithdrawals:
    def test_it_goes_out_and_its_result_comes_back(self, known: Counter) -> None:
        """Rules: C-3."""
        apply(known)
        first = exchange(known)
        assert (first.sent, first.answered, first.waiting) == (1, 1, 0)
        assert [each.withdrawal.effective_on for each in withdrawals(known.office, InsurerNumber(A))] == [
            day("2024-07-31")
        ]
        (row,) = known.deliver(A)["KAIJOKEKKA"]
        assert (row["applied_on"], row["result"], row["effective_on"]) == (day("2024-06-10"), "1", day("2024-07-31"))
        assert exchange(known).sent == 0

    def test_applied_for_twice_it_goes_once(self, known: Counter) -> None:
        """Rules: C-3."""
        apply(known)
        apply(known)
        assert exchange(known).sent == 1

    def test_for_somebody_unknown_it_does_not_go(self, known: Counter) -> None:
        """Rules: C-3."""
        row = {"insurer_number": A, "municipal_insured_id": "M9999999999999998", "applied_on": day("2024-06-10")}
        known.send("KAIJO", A, [row])
        for _ in range(2):  # it waits, and somebody is told each time
            summary = exchange(known)
            assert (summary.sent, codes(summary)) == (0, ["KKH-K021"])
            assert [each.record_key for each in summary.problems] == ["M9999999999999998"]

    def test_a_lost_answer_sends_it_once(self, known: Counter) -> None:
        """Rules: C-3, R-3."""
        apply(known)
        known.receiver.fault = lambda step: step if step == "after effect" else None
        with pytest.raises(ChannelFault):
            exchange(known)
        known.receiver.fault = lambda step: None
        assert exchange(known).answered == 1
        assert len(known.receiver.of(A).batches) == 1

    @pytest.mark.parametrize(
        ("changed", "code", "answered"),
        [
            ({"insurer_number": B}, "KKH-K011", 0),
            ({"applied_on": date(2024, 6, 11)}, "KKH-K024", 0),
            ({"effective_on": date(2024, 6, 30)}, "KKH-K025", 1),
        ],
        ids=["another municipality", "not applied for", "another day"],
    )
    def test_results_that_cannot_be(self, known: Counter, changed: dict[str, Any], code: str, answered: int) -> None:
        """Rules: C-3, R-1."""
        apply(known)
        known.receiver.arrange = lambda answers: [each._replace(**changed) for each in answers]
        summary = exchange(known)
        assert (codes(summary), summary.answered) == ([code], answered)

    def test_results_twice_and_contradictory(self, known: Counter) -> None:
        """Rules: C-3."""
        apply(known)
        known.receiver.arrange = lambda answers: [
            *answers, *answers, answers[0]._replace(result="2", effective_on=None)
        ]  # fmt: skip
        summary = exchange(known)
        assert (codes(summary), summary.answered) == (["KKH-K012", "KKH-K013"], 1)


@pytest.mark.parametrize(
    ("applied", "effective"),
    [("2024-12-31", "2025-01-31"), ("2024-01-31", "2024-02-29"), ("2025-01-01", "2025-02-28")],
)
def test_the_end_of_the_following_month(applied: str, effective: str) -> None:
    """Rules: C-3."""
    assert withdrawal_effective_on(day(applied)) == day(effective)


@pytest.mark.parametrize(
    ("expires", "until"),
    [("2024-11-30", "2025-02-28"), ("2024-12-01", "2025-03-31"), ("2025-01-15", "2025-04-30")],
)
def test_a_certificate_is_usable_until_the_end_of_the_third_month(expires: str, until: str) -> None:
    """Rules: C-2."""
    assert usable_until(day(expires)) == day(until)
