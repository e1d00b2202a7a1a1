"""What the receiver shows against ours, for every date, each difference with its cause."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kokuho_core.eligibility_history.reconciliation import Cause, DifferenceKind
from kokuho_core.errors import FileRefused

from ..aggregation.support import entered, insured
from ..prefecture.office import A, B, day, person
from .counter import Counter


def found(counter: Counter, insurer: str = A) -> list[tuple[Any, ...]]:
    """(kind, cause, start, end, fields) of each difference."""
    return [(e.kind, e.cause, e.start, e.end, e.fields) for e in counter.differences(insurer)]


@pytest.fixture
def registered(counter: Counter) -> Counter:
    counter.told(A, insured(A, "10", 1, start="2020-04-01"), insured(A, "20", 2, start="2021-04-01"))
    counter.exchange()
    return counter


def test_both_agree(registered: Counter) -> None:
    """Rules: R-8."""
    result = registered.reconcile()
    assert (result.persons, result.records, result.agreeing, result.agrees) == (2, 2, 2, True)


def test_not_sent_yet(registered: Counter) -> None:
    """Rules: R-8."""
    registered.told(A, insured(A, "30", 3, start="2022-04-01"))
    registered.counts()
    assert found(registered) == [(DifferenceKind.NOT_SHOWN, Cause.WAITING, day("2022-04-01"), None, ())]
    assert registered.reconcile().unexplained == 0


def test_sent_and_on_its_way(registered: Counter) -> None:
    """Rules: R-8. The receiver has it, we have not heard of it: no difference is shown."""
    registered.told(A, insured(A, "30", 3, start="2022-04-01"))
    registered.register()
    assert found(registered) == []
    key, line = registered.receiver.of(A).live.popitem()
    assert found(registered) == [(DifferenceKind.NOT_SHOWN, Cause.UNANSWERED, day("2022-04-01"), None, ())]
    registered.receiver.of(A).live[key] = line


def test_refused(registered: Counter) -> None:
    """Rules: R-8."""
    registered.receiver.refuses = lambda line: "E1"
    registered.told(A, insured(A, "30", 3, start="2022-04-01"))
    registered.exchange()
    assert found(registered) == [(DifferenceKind.NOT_SHOWN, Cause.REFUSED, day("2022-04-01"), None, ())]


def test_blocked_while_the_old_one_stands(registered: Counter) -> None:
    """Rules: R-8, X-9. An overlap holds both; what was registered before stays, and agrees with the version we keep."""
    registered.told(B, entered(B, "70", 1, start="2024-06-01"))
    registered.exchange(A)
    registered.exchange(B)
    assert found(registered, A) == []
    assert found(registered, B) == []
    assert registered.counts(B).blocked == 1


def test_a_correction_half_way(registered: Counter) -> None:
    """Rules: R-8."""
    registered.told(A, insured(A, "10", 1, start="2020-05-01", kind="2"))
    registered.counts()
    # the old record still stands at the receiver, so April is shown though ours says nothing
    assert found(registered) == [
        (DifferenceKind.ONLY_SHOWN, Cause.CANCELLATION_WAITING, day("2020-04-01"), day("2020-05-01"), ()),
        (
            DifferenceKind.OTHER_CONTENT, Cause.WAITING, day("2020-05-01"), None,
            ("qualification_acquired", "application_start"),
        ),
    ]  # fmt: skip
    assert registered.reconcile().unexplained == 0


def test_a_record_that_was_altered(registered: Counter) -> None:
    """Rules: R-8."""
    live = registered.receiver.of(A).live
    key = next(iter(live))
    live[key] = live[key]._replace(qualification_lost=date(2024, 1, 1), application_end=date(2024, 1, 1))
    assert found(registered) == [
        (
            DifferenceKind.OTHER_CONTENT, Cause.UNEXPLAINED, day("2020-04-01"), day("2024-01-01"),
            ("qualification_lost", "application_end"),
        ),
        (DifferenceKind.NOT_SHOWN, Cause.UNEXPLAINED, day("2024-01-01"), None, ()),
    ]  # fmt: skip
    assert registered.reconcile().unexplained == 2


def test_a_record_that_vanished(registered: Counter) -> None:
    """Rules: R-8."""
    registered.receiver.of(A).live.popitem()
    assert found(registered) == [(DifferenceKind.NOT_SHOWN, Cause.UNEXPLAINED, day("2021-04-01"), None, ())]


def test_a_record_that_is_not_ours(registered: Counter) -> None:
    """Rules: R-8."""
    partition = registered.receiver.of(A)
    line = next(iter(partition.live.values()))
    stranger = {"record_key": "Z", "municipal_insured_id": "M999", "application_start": date(2019, 1, 1)}
    partition.live["Z"] = line._replace(**stranger)  # type: ignore[arg-type]
    partition.branches["M999"] = "1"
    assert found(registered) == [(DifferenceKind.ONLY_SHOWN, Cause.UNKNOWN_RECORD, day("2019-01-01"), None, ())]


def test_shown_twice(registered: Counter) -> None:
    """Rules: R-8."""
    partition = registered.receiver.of(A)
    line = next(iter(partition.live.values()))
    partition.live["Z"] = line._replace(record_key="Z", application_start=date(2023, 1, 1))  # type: ignore[arg-type]
    assert found(registered) == [(DifferenceKind.SHOWN_TWICE, Cause.UNKNOWN_RECORD, day("2023-01-01"), None, ())]


def test_shown_twice_it_is_the_other_one_that_is_too_many(registered: Counter) -> None:
    """Rules: R-8, Q-7. Whichever of the two the receiver names first."""
    partition = registered.receiver.of(A)
    before = dict(partition.live)
    registered.told(A, insured(A, "10", 1, start="2020-04-01", name="改名　花子", kind="2"))
    registered.exchange()
    [old] = [key for key in before if key not in partition.live]
    partition.live[old] = before[old]
    for order in (sorted, lambda keys: sorted(keys, reverse=True)):
        partition.live = {key: partition.live[key] for key in order(partition.live)}
        [found_] = registered.differences()
        assert (found_.kind, found_.cause, found_.record_key) == (DifferenceKind.SHOWN_TWICE, Cause.REVIVED, old)


def test_the_same_under_another_key_is_not_the_same_record(registered: Counter) -> None:
    """Rules: R-8, S-24. Corrected and set back: the receiver kept the first record, which it says is cancelled."""
    partition = registered.receiver.of(A)
    before = dict(partition.live)
    for name in ("改名　花子", "見本　花子"):
        registered.told(A, insured(A, "10", 1, start="2020-04-01", name=name, kind="2"))
        registered.exchange()
    assert found(registered) == []
    partition.live = before
    assert found(registered) == [
        (DifferenceKind.OTHER_CONTENT, Cause.REVIVED, day("2020-04-01"), None, ("record_key",))
    ]


def test_a_cancelled_record_that_came_back(registered: Counter) -> None:
    """Rules: R-8, Q-7, S-24. The receiver confirmed the cancellation and shows the record all the same."""
    partition = registered.receiver.of(A)
    before = dict(partition.live)
    registered.told(A, {**insured(A, "10", 1, start="2020-04-01"), "update_kind": "3"})
    registered.exchange()
    partition.live.update(before)
    assert found(registered) == [(DifferenceKind.ONLY_SHOWN, Cause.REVIVED, day("2020-04-01"), None, ())]
    assert registered.reconcile().unexplained == 1


def test_a_cancellation_on_its_way_and_refused(registered: Counter) -> None:
    """Rules: R-8."""
    partition = registered.receiver.of(A)
    before = dict(partition.live)
    registered.told(A, {**insured(A, "10", 1, start="2020-04-01"), "update_kind": "3"})
    registered.register()
    partition.live.update(before)
    assert [each.cause for each in registered.differences()] == [Cause.CANCELLATION_UNANSWERED]
    registered.receiver.arrange = lambda answers: [each._replace(result="2", error_code="E9") for each in answers]
    registered.results()
    assert [each.cause for each in registered.differences()] == [Cause.CANCELLATION_REFUSED]


def test_another_municipalitys_record_is_no_answer(registered: Counter) -> None:
    """Rules: R-1."""
    partition = registered.receiver.of(A)
    key, line = partition.live.popitem()
    partition.live[key] = line._replace(insurer_number=B)
    with pytest.raises(FileRefused) as refused:
        registered.reconcile()
    assert refused.value.code == "KKH-K011"


def test_same_content_in_more_pieces_is_no_difference(counter: Counter) -> None:
    """Rules: R-8. Ours in two periods that touch; every day of both is compared."""
    counter.told(
        A,
        person(
            A,
            "10",
            1,
            start="2020-04-01",
            end="2021-04-01",
            end_reason="58",
            number=insured(A, "10", 1)["individual_number"],
        ),
        person(A, "10", 2, start="2021-04-01", reason="08", number=insured(A, "10", 1)["individual_number"]),
    )
    counter.exchange()
    assert len(counter.live()) == 2
    assert counter.reconcile().agrees
