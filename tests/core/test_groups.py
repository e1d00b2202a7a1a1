"""One connected group as a whole: the short way for plain persons, and the days that stand (Q-3, Q-4, X-9, X-31, S-21)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given

from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.qualification.derivation import Qualification
from kokuho_core.qualification.groups import JudgedGroup, PlainGroup, judge_group, judge_plainly
from kokuho_core.qualification.judgement import judge_person
from kokuho_core.qualification.spans import standing_spans
from kokuho_core.vocabulary.codes import QualificationStatus

from . import strategies
from .builders import MERGED, REGISTER, A, B, C, d, fact, one

AS_OF = strategies.FIRST_DAY + timedelta(days=strategies.SPAN)


# --- the short way ---


def check_short_way(facts: list[PersonFact], as_of: date = AS_OF) -> str:
    """What :func:`judge_plainly` leaves out is what :func:`judge_group` finds nothing of. Says which way was taken."""
    found, due = judge_plainly(facts, REGISTER, as_of), judge_group(facts, REGISTER, as_of)
    if isinstance(found, JudgedGroup):
        assert found == due
        return "long"
    assert found.facts == tuple(facts) == (found.fact,)
    (judged,) = due.judgements
    assert judged.qualifications == (found.qualification,)
    assert not (judged.findings or judged.look_again_on or judged.moves or due.settlement.conflicts)
    return "short"


def test_plain_groups_are_judged_as_all_others() -> None:
    """Rules: Q-3, Q-4: the records of random streams together, and each as if it alone had ever been sent."""
    ways = set()
    for seed, messages in strategies.seeded(strategies.identity_streams, 500):
        for some in ([messages] if messages else []) + [[message] for message in messages]:
            try:
                ways.add(check_short_way(some))
            except Exception as error:
                raise AssertionError(seed, some) from error
    assert ways == {"long", "short"}


@pytest.mark.parametrize(
    ("facts", "plain"),
    [
        ([fact(number="N1")], True),
        ([fact(end="2024-05-01", end_reason="51")], True),
        ([fact(reason="07", start="2024-05-01")], False),  # came from inside: somebody must have left (P-4)
        ([fact(end="2024-05-01", end_reason="57")], False),
        ([fact(start="2024-05-01", end="2024-05-01", end_reason="51")], False),  # no day (P-2)
        ([fact(number="N2", previous="N1")], False),  # tells of another number (I-4)
        ([fact(kind="3")], False),  # nothing stands
        ([fact(), fact(B, "9")], False),
        ([fact(end="2024-05-01", end_reason="51"), fact(history=2, start="2024-06-01")], False),
    ],
)
def test_who_is_plain(facts: list[PersonFact], plain: bool) -> None:
    """Rules: Q-3, P-2, P-4, I-4."""
    assert isinstance(judge_plainly(facts, REGISTER, d("2024-07-01")), PlainGroup) is plain
    check_short_way(facts, d("2024-07-01"))


def test_the_wait_is_handed_on() -> None:
    """Rules: P-6: how long nobody answers before it is a finding."""
    facts = [fact(reason="07", start="2024-05-01", number="N1")]
    found = {}
    for wait in (10, 60):
        group = judge_plainly(facts, REGISTER, d("2024-06-01"), wait)
        assert isinstance(group, JudgedGroup) and group == judge_group(facts, REGISTER, d("2024-06-01"), wait)
        assert group.facts == facts
        found[wait] = len(group.judgements[0].findings)
    assert found == {10: 1, 60: 0}


# --- the days that stand ---


def qualifications(*rows: PersonFact) -> tuple[Qualification, ...]:
    return judge_person(rows, REGISTER, AS_OF).qualifications


def spans(*rows: PersonFact) -> list[tuple[str, date, date | None]]:
    return [
        (each.period.addressee.insurer_number, each.days.start, each.days.end_day)
        for each in standing_spans(qualifications(*rows), REGISTER)
    ]


ENDED = {"end_reason": "51"}
SPANS: list[tuple[str, list[PersonFact], list[tuple[str, str, str | None]]]] = [
    ("nobody", [], []),
    ("one, open", [fact()], [(A, "2020-04-01", None)]),
    ("one, ended", [fact(end="2024-05-01", **ENDED)], [(A, "2020-04-01", "2024-05-01")]),
    ("a move, each municipality its own",
     [fact(end="2024-05-01", end_reason="57"), fact(B, "9", start="2024-05-01", reason="07")],
     [(A, "2020-04-01", "2024-05-01"), (B, "2024-05-01", None)]),
    ("an overlap: both are held and stand for nothing (X-9)", [fact(), fact(B, "9", start="2024-05-01", reason="07")], []),
    ("what was before it stands",
     [fact(end="2021-05-01", **ENDED), fact(history=2, start="2023-04-01"), fact(B, "9", start="2024-05-01", reason="07")],
     [(A, "2020-04-01", "2021-05-01")]),
    ("over in one that took over the other (X-31)",
     [fact(C, end="2024-06-01", **ENDED), fact(MERGED, "9", start="2024-05-01")], [(C, "2020-04-01", None)]),
    ("the later end, whoever has it",
     [fact(C, end="2024-09-01", **ENDED), fact(MERGED, "9", start="2024-05-01", end="2024-06-01", **ENDED)],
     [(C, "2020-04-01", "2024-09-01")]),
    ("and the other way round",
     [fact(C, end="2024-06-01", **ENDED), fact(MERGED, "9", start="2024-05-01", end="2024-09-01", **ENDED)],
     [(C, "2020-04-01", "2024-09-01")]),
    ("open where the first is open",
     [fact(C), fact(MERGED, "9", start="2024-05-01", end="2024-09-01", **ENDED)], [(C, "2020-04-01", None)]),
    ("one after the other is two, also there",
     [fact(C, end="2024-05-01", **ENDED), fact(MERGED, "9", start="2024-05-01")],
     [(C, "2020-04-01", "2024-05-01"), (MERGED, "2024-05-01", None)]),
    ("away in between",
     [fact(C, end="2021-05-01", **ENDED), fact(B, "5", start="2021-06-01", end="2022-01-01", **ENDED),
      fact(C, "1", 2, start="2023-04-01", end="2024-06-01", **ENDED), fact(MERGED, "9", start="2024-05-01")],
     [(C, "2020-04-01", "2021-05-01"), (B, "2021-06-01", "2022-01-01"), (C, "2023-04-01", None)]),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "due"), [c[1:] for c in SPANS], ids=[c[0] for c in SPANS])
def test_which_days_stand(rows: list[PersonFact], due: list[tuple[str, str, str | None]]) -> None:
    """Rules: S-21, X-9, X-31."""
    assert spans(*rows) == [(insurer, d(start), d(end) if end else None) for insurer, start, end in due]


@strategies.some
@given(strategies.drawn(strategies.histories))
def test_the_days_that_stand_are_those_of_what_is_not_held(history: Any) -> None:
    """Rules: S-21, X-9, X-31: day by day; only in municipalities that became one does a span hold several periods."""
    judged = judge_person(history.rows, REGISTER, AS_OF).qualifications
    found = list(standing_spans(judged, REGISTER))
    kept = [each.period for each in judged if each.status is not QualificationStatus.HELD]
    day, last = strategies.FIRST_DAY, AS_OF + timedelta(days=30)
    while day <= last:
        assert sum(span.days.covers(day) for span in found) <= sum(period.days.covers(day) for period in kept)
        assert any(span.days.covers(day) for span in found) == any(period.days.covers(day) for period in kept)
        day += timedelta(days=1)
    for span in found:
        inside = [period for period in kept if span.days.intersection(period.days) is not None]
        assert inside[0].key == span.period and span.days.start == inside[0].days.start
        assert all(one(inside[0].insurer_number, period.insurer_number) for period in inside)
