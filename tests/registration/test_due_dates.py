"""Within five days of the notice: what is due, what is overdue, and from which notice it counts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from kokuho_core.entrusted_partition.due_dates import due_on, is_overdue
from kokuho_core.errors import NotFound
from kokuho_core.usecases.due_registrations import due_registrations
from kokuho_core.vocabulary.identifiers import InsurerNumber

from ..aggregation.support import insured
from ..prefecture.office import A, B, day, person
from .counter import Counter


def due(counter: Counter, as_of: str, insurer: str | None = A) -> list[tuple[Any, ...]]:
    """(addressee, state, code, due day, overdue) of everything."""
    items = due_registrations(counter.office, None if insurer is None else InsurerNumber(insurer), day(as_of))
    return [
        (each.registration.addressee_number, each.registration.state, each.registration.code, each.due_on, each.is_overdue)
        for each in items
    ]  # fmt: skip


@pytest.mark.parametrize(("as_of", "overdue"), [("2024-06-06", False), ("2024-06-07", True)])
def test_the_fifth_day_is_in_time(as_of: str, overdue: bool) -> None:
    """Rules: R-5."""
    assert due_on(date(2024, 6, 1)) == date(2024, 6, 6)
    assert is_overdue(date(2024, 6, 1), day(as_of)) is overdue


def test_from_the_notice_to_the_answer(counter: Counter) -> None:
    """Rules: R-5. Due until the receiver has confirmed it."""
    counter.told(A, insured(A, "10", 1, start="2024-05-30", application_start_notified="2024-06-01"))
    on = day("2024-06-06")
    assert due(counter, "2024-06-06") == [("10", "waiting", None, on, False)]
    assert due(counter, "2024-06-07") == [("10", "waiting", None, on, True)]
    counter.register()
    assert due(counter, "2024-06-07") == [("10", "sent", None, on, True)]
    counter.results()
    assert due(counter, "2024-06-07") == []


def test_each_change_from_its_own_notice(counter: Counter) -> None:
    """Rules: R-5. A loss from the notice of the loss, a corrected name from the day of the record."""
    counter.told(A, insured(A, "10", 1, application_start_notified="2020-04-03"))
    counter.exchange()
    row = insured(A, "10", 1, kind="2", name="見本　次郎", application_start_notified="2020-04-03")
    counter.told(A, {**row, "updated_at": datetime(2024, 6, 10, 9, 0)})
    assert [each[3] for each in due(counter, "2024-06-10")] == [day("2024-06-15")] * 2
    counter.exchange()
    row = insured(
        A, "10", 1, kind="2", name="見本　次郎", end="2024-06-01", end_reason="53", application_start_notified="2020-04-03",
        application_end_notified="2024-06-20",
    )  # fmt: skip
    counter.told(A, row)
    assert max(each[3] for each in due(counter, "2024-06-20")) == day("2024-06-25")


def test_what_is_refused_or_blocked_is_due_all_the_same(counter: Counter) -> None:
    """Rules: R-5."""
    counter.receiver.refuses = lambda line: "E1"
    counter.told(A, insured(A, "10", 1), person(A, "20"))
    counter.exchange()
    assert {each[:3] for each in due(counter, "2024-06-30")} == {
        ("10", "refused", "E1"), ("20", "blocked", "KKH-K001"),
    }  # fmt: skip


def test_everybody_at_once(counter: Counter) -> None:
    """Rules: R-5."""
    counter.told(A, insured(A, "10", 1))
    counter.told(B, insured(B, "70", 7))
    assert {each[0] for each in due(counter, "2024-06-30", None)} == {"10", "70"}
    with pytest.raises(NotFound):
        due(counter, "2024-06-30", "999999")
