"""Hand-written cases for the reference models, one table per rule, from the text of the rules."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from kokuho_core.conformance.reference.continuity import (
    Calendar,
    Candidate,
    Continued,
    Cover,
    Fact,
    Head,
    Household,
    Member,
    World,
    candidates,
    carried,
    segment_starts,
)
from kokuho_core.conformance.reference.counting import Month, is_multiple, months_in_window, occurrence_number
from kokuho_core.conformance.reference.identity import Message, identities
from kokuho_core.conformance.reference.periods import gaps, overlaps
from kokuho_core.conformance.reference.qualification import P, Ref, findings, tokuso

A, B, C, B2 = "130013", "130021", "130039", "130047"
AS_OF = date(2025, 12, 31)


def d(text: str) -> date:
    """``2024-05-01`` or, in 2024, ``05-01``."""
    return date.fromisoformat(text if len(text) == 10 else f"2024-{text}")


def optional(text: str | None) -> date | None:
    return None if text is None else d(text)


# --- periods ---------------------------------------------------------------------------------------

RANGES = [
    ("touching (P-1)", [("01-01", "02-01"), ("02-01", None)], set(), []),
    ("one common day", [("01-01", "02-02"), ("02-01", None)], {(0, 1)}, []),
    ("both open", [("01-01", None), ("05-01", None)], {(0, 1)}, []),
    ("open from the last date", [("01-01", None), ("01-01", None)], {(0, 1)}, []),
    ("empty takes no part (P-2)", [("01-01", "03-01"), ("02-01", "02-01")], set(), []),
    ("empty fills no gap (P-2)", [("01-01", "01-10"), ("01-15", "01-15"), ("01-20", None)], set(),
     [("01-10", "01-20", {0}, {2})]),
    ("all pairs, not only neighbours (P-5)", [("01-01", "12-01"), ("02-01", "03-01"), ("04-01", None)],
     {(0, 1), (0, 2)}, []),
    ("latest end, not the neighbour's (P-5)", [("01-01", "06-01"), ("02-01", "03-01"), ("07-01", None)],
     {(0, 1)}, [("06-01", "07-01", {0}, {2})]),
    ("several at both ends (X-8)", [("01-01", "02-01"), ("01-05", "02-01"), ("03-01", None), ("03-01", None)],
     {(0, 1), (2, 3)}, [("02-01", "03-01", {0, 1}, {2, 3})]),
    ("only empty ranges", [("01-01", "01-01")], set(), []),
    ("nothing", [], set(), []),
]  # fmt: skip


@pytest.mark.parametrize(("ranges", "pairs", "runs"), [r[1:] for r in RANGES], ids=[r[0] for r in RANGES])
def test_periods(ranges, pairs, runs) -> None:  # type: ignore[no-untyped-def]
    given = [(d(start), optional(end)) for start, end in ranges]
    assert overlaps(given) == pairs
    assert gaps(given) == [(d(a), d(b), ends, starts) for a, b, ends, starts in runs]


def test_a_reversed_period_is_invalid() -> None:
    with pytest.raises(ValueError, match="P-2"):
        overlaps([(d("02-01"), d("01-01"))])


# --- findings and qualification --------------------------------------------------------------------


def one(a: str, b: str) -> bool:
    """B and its successor B2 are one (X-31)."""
    return a == b or {a, b} == {B, B2}


def p(insurer: str, start: str, begun: str, end: str | None = None, ended: str | None = None, **more) -> P:  # type: ignore[no-untyped-def]
    """A period whose key is its start, so that a case can name it."""
    key = int(d(start).strftime("%Y%m%d"))
    dates: dict[str, Any] = {k: d(v) if k in ("acquired", "lost") else v for k, v in more.items()}
    return P(insurer, key, d(start), optional(end), begun, ended, **dates)


def ref(insurer: str, start: str) -> Ref:
    return (insurer, int(d(start).strftime("%Y%m%d")))


# name, periods, findings (kind, from, to, start, end, days),
# rows {(insurer, start): (acquired, reason, lost, reason, carried_from, status)}
HELD = (None, None, None, None, None, "9")
PERSONS = [
    ("normal move (P-5, Q-4)",
     [p(A, "01-01", "01", "05-01", "57"), p(B, "05-01", "07")],
     [],
     {(A, "01-01"): ("01-01", "01", None, None, None, "1"),
      (B, "05-01"): ("01-01", "01", None, None, A, "2")}),
    ("a chain of three is lost at the last only (X-10, X-11)",
     [p(A, "01-01", "03", "03-01", "57"), p(B, "03-01", "07", "05-01", "57"),
      p(C, "05-01", "07", "06-01", "53")],
     [],
     {(A, "01-01"): ("01-01", "03", None, None, None, "1"),
      (B, "03-01"): ("01-01", "03", None, None, A, "2"),
      (C, "05-01"): ("01-01", "03", "06-01", "53", B, "3")}),
    ("only the first period's acquisition is read (Q-9, X-10)",
     [p(A, "2018-01-01", "07", "05-01", "57", acquired="2015-02-03", acquired_reason="02"),
      p(B, "05-01", "07", acquired="05-01", acquired_reason="99")],
     [],
     {(A, "2018-01-01"): ("2015-02-03", "02", None, None, None, "1"),
      (B, "05-01"): ("2015-02-03", "02", None, None, A, "2")}),
    ("the loss of the last where set, else its end (Q-4)",
     [p(A, "01-01", "03", "06-01", "53", lost="06-02", lost_reason="55")],
     [],
     {(A, "01-01"): ("01-01", "03", "06-02", "55", None, "3")}),
    ("gap claimed by both (P-6): a new qualification (Q-4)",
     [p(A, "01-01", "01", "05-01", "57"), p(B, "05-11", "07")],
     [("gap", (A, "01-01"), (B, "05-11"), "05-01", "05-11", 10)],
     {(A, "01-01"): ("01-01", "01", None, None, None, "1"),
      (B, "05-11"): ("05-11", "07", None, None, None, "1")}),
    ("gap claimed by the one that entered (P-6)",
     [p(A, "01-01", "01", "05-01", "53"), p(B, "05-02", "07")],
     [("gap", (A, "01-01"), (B, "05-02"), "05-01", "05-02", 1)],
     {(A, "01-01"): ("01-01", "01", "05-01", "53", None, "3"),
      (B, "05-02"): ("05-02", "07", None, None, None, "1")}),
    ("no claim, no gap (P-6)",
     [p(A, "01-01", "01", "05-01", "53"), p(B, "06-01", "03")],
     [],
     {(A, "01-01"): ("01-01", "01", "05-01", "53", None, "3"),
      (B, "06-01"): ("06-01", "03", None, None, None, "1")}),
    ("touching without a claim: a new qualification (Q-4)",
     [p(A, "01-01", "01", "05-01", "51"), p(B, "05-01", "01")],
     [],
     {(A, "01-01"): ("01-01", "01", "05-01", "51", None, "3"),
      (B, "05-01"): ("05-01", "01", None, None, None, "1")}),
    ("somebody else fills the gap (X-8)",
     [p(A, "01-01", "01", "05-01", "57"), p(C, "02-01", "01", "06-01", "53"), p(B, "06-01", "07")],
     [("overlap", (A, "01-01"), (C, "02-01"), "02-01", "05-01", 90),
      ("one_sided", (C, "02-01"), (B, "06-01"), "06-01", "06-01", 0)],
     {(A, "01-01"): HELD, (C, "02-01"): HELD, (B, "06-01"): HELD}),
    ("overlap, A open (P-5)",
     [p(A, "01-01", "01"), p(B, "05-01", "07", "05-11", "53")],
     [("overlap", (A, "01-01"), (B, "05-01"), "05-01", "05-11", 10)],
     {(A, "01-01"): HELD, (B, "05-01"): HELD}),
    ("overlap of two open periods has no end",
     [p(A, "01-01", "01"), p(B, "05-01", "07")],
     [("overlap", (A, "01-01"), (B, "05-01"), "05-01", None, None)],
     {(A, "01-01"): HELD, (B, "05-01"): HELD}),
    ("same start: the one with the earlier end is «from», open last (P-5)",
     [p(A, "05-01", "01"), p(B, "05-01", "01", "06-01", "53")],
     [("overlap", (B, "05-01"), (A, "05-01"), "05-01", "06-01", 31)],
     {(A, "05-01"): HELD, (B, "05-01"): HELD}),
    ("same dates: by insurer number (P-5)",
     [p(B, "05-01", "01"), p(A, "05-01", "01")],
     [("overlap", (A, "05-01"), (B, "05-01"), "05-01", None, None)],
     {(A, "05-01"): HELD, (B, "05-01"): HELD}),
    ("all that continues a held period is held, what went before is not (X-9)",
     [p(C, "01-01", "01", "02-01", "57"), p(A, "02-01", "07", "05-11", "57"),
      p(B, "05-01", "01", "06-01", "57"), p(C, "06-01", "07")],
     [("overlap", (A, "02-01"), (B, "05-01"), "05-01", "05-11", 10)],
     {(C, "01-01"): ("01-01", "01", None, None, None, "1"),
      (A, "02-01"): HELD, (B, "05-01"): HELD, (C, "06-01"): HELD}),
    ("one-sided, out only (P-6, X-26)",
     [p(A, "01-01", "01", "05-01", "57"), p(B, "05-01", "01")],
     [("one_sided", (A, "01-01"), (B, "05-01"), "05-01", "05-01", 0)],
     {(A, "01-01"): HELD, (B, "05-01"): HELD}),
    ("one-sided, in only; likewise what continues (X-9)",
     [p(A, "01-01", "01", "05-01", "53"), p(B, "05-01", "07", "06-01", "57"), p(A, "06-01", "07")],
     [("one_sided", (A, "01-01"), (B, "05-01"), "05-01", "05-01", 0)],
     {(A, "01-01"): HELD, (B, "05-01"): HELD, (A, "06-01"): HELD}),
    ("unmatched, left: no loss (P-6, X-11)",
     [p(A, "01-01", "01", "05-01", "57")],
     [("unmatched", (A, "01-01"), None, "05-01", None, None)],
     {(A, "01-01"): ("01-01", "01", None, None, None, "1")}),
    ("unmatched, entered (P-6)",
     [p(B, "05-01", "07")],
     [("unmatched", None, (B, "05-01"), "05-01", None, None)],
     {(B, "05-01"): ("05-01", "07", None, None, None, "1")}),
    ("not unmatched where another's period covers the day (X-26)",
     [p(A, "01-01", "01", "05-01", "57"), p(B, "04-01", "01")],
     [("overlap", (A, "01-01"), (B, "04-01"), "04-01", "05-01", 30)],
     {(A, "01-01"): HELD, (B, "04-01"): HELD}),
    ("out and in again on one day in one municipality is matched",
     [p(A, "01-01", "01", "05-01", "57"), p(A, "05-01", "07")],
     [],
     {(A, "01-01"): ("01-01", "01", None, None, None, "1"),
      (A, "05-01"): ("01-01", "01", None, None, None, "2")}),
    ("a gap inside one municipality is none (X-8): both unmatched",
     [p(A, "01-01", "01", "05-01", "57"), p(A, "05-11", "07")],
     [("unmatched", (A, "01-01"), None, "05-01", None, None),
      ("unmatched", None, (A, "05-11"), "05-11", None, None)],
     {(A, "01-01"): ("01-01", "01", None, None, None, "1"),
      (A, "05-11"): ("05-11", "07", None, None, None, "1")}),
    ("58 and 08 inside one municipality (Q-4, D-9); carried from the nearest other (X-37)",
     [p(A, "01-01", "02", "03-01", "57"), p(B, "03-01", "07", "05-01", "58"), p(B, "05-01", "08")],
     [],
     {(A, "01-01"): ("01-01", "02", None, None, None, "1"),
      (B, "03-01"): ("01-01", "02", None, None, A, "2"),
      (B, "05-01"): ("01-01", "02", None, None, A, "2")}),
    ("58 without 08 is a loss (X-37)",
     [p(A, "01-01", "02", "03-01", "58")],
     [],
     {(A, "01-01"): ("01-01", "02", "03-01", "58", None, "3")}),
    ("58 and 08 in two municipalities do not continue (Q-4)",
     [p(A, "01-01", "02", "03-01", "58"), p(B, "03-01", "08")],
     [],
     {(A, "01-01"): ("01-01", "02", "03-01", "58", None, "3"),
      (B, "03-01"): ("03-01", "08", None, None, None, "1")}),
    ("same-day period: no row, no part (P-2, X-12)",
     [p(A, "01-01", "01", "05-01", "57"), p(C, "05-01", "07", "05-01", "57"), p(B, "05-01", "07")],
     [],
     {(A, "01-01"): ("01-01", "01", None, None, None, "1"),
      (B, "05-01"): ("01-01", "01", None, None, A, "2")}),
    ("before 2018-04-01 a move was a loss and an acquisition (Q-9, X-30)",
     [p(A, "2010-01-01", "01", "2018-03-31", "57"), p(B, "2018-03-31", "07")],
     [],
     {(A, "2010-01-01"): ("2010-01-01", "01", "2018-03-31", "57", None, "3"),
      (B, "2018-03-31"): ("2018-03-31", "07", None, None, None, "1")}),
    ("on 2018-04-01 it continues (Q-9)",
     [p(A, "2010-01-01", "01", "2018-04-01", "57"), p(B, "2018-04-01", "07")],
     [],
     {(A, "2010-01-01"): ("2010-01-01", "01", None, None, None, "1"),
      (B, "2018-04-01"): ("2010-01-01", "01", None, None, A, "2")}),
    ("before 2018-04-01: no unmatched, no gap, but overlaps (X-30)",
     [p(A, "2010-01-01", "07", "2015-01-01", "57"), p(B, "2016-01-01", "07", "2017-01-01", "57"),
      p(C, "2016-12-31", "01")],
     [("overlap", (B, "2016-01-01"), (C, "2016-12-31"), "2016-12-31", "2017-01-01", 1)],
     {(A, "2010-01-01"): ("2010-01-01", "07", "2015-01-01", "57", None, "3"),
      (B, "2016-01-01"): HELD, (C, "2016-12-31"): HELD}),
    ("merger of municipalities: touching continues whatever the reasons (X-31, Q-10)",
     [p(A, "01-01", "01", "02-01", "57"), p(B, "02-01", "07", "05-01", "99"), p(B2, "05-01", "99")],
     [],
     {(A, "01-01"): ("01-01", "01", None, None, None, "1"),
      (B, "02-01"): ("01-01", "01", None, None, A, "2"),
      (B2, "05-01"): ("01-01", "01", None, None, A, "2")}),
    ("there and back again (X-10)",
     [p(A, "01-01", "01", "02-01", "57"), p(B, "02-01", "07", "05-01", "57"), p(A, "05-01", "07")],
     [],
     {(A, "01-01"): ("01-01", "01", None, None, None, "1"),
      (B, "02-01"): ("01-01", "01", None, None, A, "2"),
      (A, "05-01"): ("01-01", "01", None, None, B, "2")}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("periods", "found", "rows"), [c[1:] for c in PERSONS], ids=[c[0] for c in PERSONS]
)
def test_findings_and_rows(periods, found, rows) -> None:  # type: ignore[no-untyped-def]
    expected = {
        (kind, a and ref(*a), b and ref(*b), d(start), optional(end), days)
        for kind, a, b, start, end, days in found
    }
    assert findings(periods, AS_OF, 30, one) == expected
    expected_rows = {
        ref(*key): (optional(row[0]), row[1], optional(row[2]), *row[3:]) for key, row in rows.items()
    }
    assert tokuso(periods, one) == expected_rows


@pytest.mark.parametrize(("days", "told"), [(29, False), (30, False), (31, True)])
def test_unmatched_waits_more_than_n_days(days: int, told: bool) -> None:
    left, entered = [p(A, "01-01", "01", "05-01", "57")], [p(B, "05-01", "07")]
    as_of = d("05-01") + timedelta(days=days)
    assert bool(findings(left, as_of)) is told
    assert bool(findings(entered, as_of)) is told


# --- counting --------------------------------------------------------------------------------------


def months(*given: str) -> set[Month]:
    return {(int(m[:4]), int(m[5:])) for m in given}


COUNTS = [
    ("first", ["2024-05"], "2024-05", 1, False),
    ("the fourth", ["2024-01", "2024-02", "2024-03", "2024-04"], "2024-04", 4, True),
    ("eleven months back is within", ["2023-06", "2023-07", "2023-08", "2024-05"], "2024-05", 4, True),
    ("twelve months back is not", ["2023-05", "2023-07", "2023-08", "2024-05"], "2024-05", 3, False),
    ("later months do not count", ["2024-05", "2024-06", "2024-07", "2024-08"], "2024-05", 1, False),
    ("no payment that month: no occurrence", ["2024-01", "2024-02", "2024-03"], "2024-04", 0, True),
]


@pytest.mark.parametrize(
    ("given", "month", "number", "multiple"), [c[1:] for c in COUNTS], ids=[c[0] for c in COUNTS]
)
def test_occurrences(given: list[str], month: str, number: int, multiple: bool) -> None:
    (asked,) = months(month)
    assert occurrence_number(months(*given), asked) == number
    assert is_multiple(months(*given), asked) is multiple


def test_the_window_is_twelve_months_over_the_year_end() -> None:
    given = months("2023-02", "2023-03", "2023-12", "2024-02", "2024-03")
    assert months_in_window(given, (2024, 2)) == [(2023, 3), (2023, 12), (2024, 2)]


# --- continuity ------------------------------------------------------------------------------------

LEFT: Household = (A, "1")
ENTERED: Household = (B, "7")
OTHER: Household = (C, "9")
REST: Household = (A, "2")
MOVE = "05-15"


def at(household: Household, start: str, begun: str, end: str | None = None, ended: str | None = None) -> Cover:
    """A period in one household."""
    return Cover(p(household[0], start, begun, end, ended), (Member(household[1], 1),))


def moved(first: Household = LEFT, then: Household = ENTERED, day: str = MOVE) -> list[Cover]:
    """A regular move from one household to another."""
    return [at(first, "2020-01-01", "01", day, "57"), at(then, day, "07")]


def head(
    person: str, start: str = "2020-01-01", end: str | None = None, nominal: bool = False, history: int = 1
) -> Head:
    return Head(history, person, nominal, d(start), optional(end))


def stays(household: Household) -> list[Cover]:
    return [at(household, "2020-01-01", "01")]


def world(persons: dict[str, list[Cover]], heads: dict[Household, list[Head]], **more) -> World:  # type: ignore[no-untyped-def]
    return World(AS_OF, persons, heads, **more)


H_HEADS = {LEFT: [head("h", end=MOVE)], ENTERED: [head("h", MOVE)]}

# name, persons, heads, {pair: (suggestion, reason)}
H5 = [
    ("whole household moves, same head: yes, address only",
     {"h": moved(), "m": moved()}, H_HEADS, ("1", "1")),
    ("whole household moves, head changes inside it: yes",
     {"h": moved(), "m": moved()}, {LEFT: [head("h", end=MOVE)], ENTERED: [head("m", MOVE)]}, ("1", "2")),
    ("head leaves and is head again: yes for him",
     {"h": moved(), "m": stays(LEFT)},
     {LEFT: [head("h", end=MOVE), head("m", MOVE, history=2)], ENTERED: [head("h", MOVE)]}, ("1", "5")),
    ("a member leaves and becomes head: no for him",
     {"h": stays(LEFT), "m": moved()}, {LEFT: [head("h")], ENTERED: [head("m", MOVE)]}, ("2", "5")),
    ("A joins C's household, C stays head: only C's counts",
     {"h": moved(), "c": stays(ENTERED)}, {LEFT: [head("h", end=MOVE)], ENTERED: [head("c")]}, ("2", "6")),
    ("A moves in and is head over C: A's counts",
     {"h": moved(), "c": stays(ENTERED)},
     {LEFT: [head("h", end=MOVE)], ENTERED: [head("c", end=MOVE), head("h", MOVE, history=2)]}, ("1", "6")),
    ("nominal head stays head: yes",
     {"m": moved(), "n": []},
     {LEFT: [head("n", end=MOVE, nominal=True)], ENTERED: [head("n", MOVE, nominal=True)]}, ("1", "1")),
    ("head alone joins employee insurance, becomes nominal head, all move: yes",
     {"h": [at(LEFT, "2020-01-01", "01", MOVE, "53")], "m": moved()},
     {LEFT: [head("h", end=MOVE)], ENTERED: [head("h", MOVE, nominal=True)]}, ("1", "1")),
    ("out of the prefecture and back: no candidate",
     {"h": [at(LEFT, "2020-01-01", "01", "04-15", "51"), at(ENTERED, MOVE, "01")]}, H_HEADS, None),
    ("open overlap: cannot be confirmed yet",
     {"h": [at(LEFT, "2020-01-01", "01"), at(ENTERED, MOVE, "07")]}, H_HEADS, ("3", "9")),
    ("gap: cannot be confirmed yet",
     {"h": [at(LEFT, "2020-01-01", "01", "05-10", "57"), at(ENTERED, MOVE, "07")]}, H_HEADS, ("3", "9")),
    ("one-sided: candidate to be checked (X-26)",
     {"h": [at(LEFT, "2020-01-01", "01", MOVE, "57"), at(ENTERED, MOVE, "01")]}, H_HEADS, ("3", "9")),
    ("an overlap nobody claims is no candidate (H-6)",
     {"h": [at(LEFT, "2020-01-01", "01"), at(ENTERED, MOVE, "03")]}, H_HEADS, None),
    ("head unknown before (X-18)",
     {"h": moved()}, {ENTERED: [head("h", MOVE)]}, ("3", "9")),
    ("head unknown after (X-18)",
     {"h": moved()}, {LEFT: [head("h", end=MOVE)]}, ("3", "9")),
    ("a finding of a later step names the entered period too (X-28)",
     {"h": [at(LEFT, "2020-01-01", "01", MOVE, "57"), at(ENTERED, MOVE, "07", "08-01", "57")]},
     H_HEADS, ("3", "9")),
    ("child born that day: more (H-4 (3))",
     {"h": moved(), "k": [at(ENTERED, MOVE, "02")]}, H_HEADS, ("1", "3")),
    ("one leaves employee insurance that day: more (H-4 (3))",
     {"h": moved(), "k": [at(ENTERED, MOVE, "03")]}, H_HEADS, ("1", "3")),
    ("one comes from outside that day: merger, head stays (X-16)",
     {"h": moved(), "k": [at(ENTERED, MOVE, "01")]}, H_HEADS, ("1", "6")),
    ("death on the day: fewer, no split (X-17)",
     {"h": moved(), "m": [at(LEFT, "2020-01-01", "01", MOVE, "52")]}, H_HEADS, ("1", "4")),
    ("head dies on the day: head changed goes before fewer (X-16)",
     {"h": [at(LEFT, "2020-01-01", "01", MOVE, "52")], "m": moved()},
     {LEFT: [head("h", end=MOVE)], ENTERED: [head("m", MOVE)]}, ("1", "2")),
    ("employee insurance on the day: fewer (X-17)",
     {"h": moved(), "m": [at(LEFT, "2020-01-01", "01", MOVE, "53")]}, H_HEADS, ("1", "4")),
    ("one leaves the prefecture on the day: split (X-16)",
     {"h": moved(), "m": [at(LEFT, "2020-01-01", "01", MOVE, "51")]}, H_HEADS, ("1", "5")),
    ("head leaves the prefecture, the others move: split, no (X-29)",
     {"h": [at(LEFT, "2020-01-01", "01", MOVE, "51")], "m": moved()},
     {LEFT: [head("h", end=MOVE)], ENTERED: [head("m", MOVE)]}, ("2", "5")),
    ("nominal head stays behind as a head: split, no (X-17)",
     {"m": moved(), "n": []}, {LEFT: [head("n", nominal=True)], ENTERED: [head("m", MOVE)]}, ("2", "5")),
    ("a new nominal head from nowhere: merger, no (X-16)",
     {"m": moved()}, {LEFT: [head("m", end=MOVE)], ENTERED: [head("n", MOVE, nominal=True)]}, ("2", "6")),
    ("split and merger both: merger (X-16)",
     {"h": moved(), "m": stays(LEFT), "c": stays(ENTERED)},
     {LEFT: [head("h", end=MOVE), head("m", MOVE, history=2)], ENTERED: [head("c")]}, ("2", "6")),
    ("movers on two days, judged on the earliest, all counted (X-35)",
     {"h": moved(), "m": moved(day="05-20")},
     {LEFT: [head("h", end="05-20")], ENTERED: [head("h", MOVE)]}, ("1", "1")),
    ("the highest history number is the head (X-20)",
     {"h": moved(), "m": moved()},
     {LEFT: [head("h")], ENTERED: [head("m", MOVE, history=2), head("h", MOVE, history=1)]}, ("1", "2")),
    ("before 2018-04-01: no candidate (X-30)",
     {"h": [at(LEFT, "2016-01-01", "01", "2018-03-31", "57"), at(ENTERED, "2018-03-31", "07")]},
     {LEFT: [head("h", "2016-01-01")], ENTERED: [head("h", "2018-03-31")]}, None),
    ("a member who changed household by a later row is in the new one (X-32)",
     {"h": moved(),
      "m": [Cover(p(A, "2020-01-01", "01"), (Member("1", 1), Member("2", 2, d("05-01"))))]},
     H_HEADS, ("1", "1")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("persons", "heads", "expected"), [c[1:] for c in H5], ids=[c[0] for c in H5]
)
def test_candidates(persons, heads, expected) -> None:  # type: ignore[no-untyped-def]
    found = candidates(world(persons, heads))
    if expected is None:
        assert found == {}
    else:
        assert set(found) == {(LEFT, ENTERED)}
        assert (found[LEFT, ENTERED].suggestion, found[LEFT, ENTERED].reason) == expected


def test_a_nominal_head_alone_makes_no_candidate() -> None:
    heads = {LEFT: [head("n", end=MOVE, nominal=True)], ENTERED: [head("n", MOVE, nominal=True)]}
    assert candidates(world({"n": [], "m": stays(LEFT)}, heads)) == {}


def test_an_identity_finding_on_the_entered_period_blocks() -> None:
    found = candidates(world({"h": moved()}, H_HEADS, blocked={("h", ref(B, MOVE))}))
    assert (found[LEFT, ENTERED].suggestion, found[LEFT, ENTERED].reason) == ("3", "9")


def test_those_left_keep_nothing_and_the_head_keeps_all() -> None:
    """H-5, H-1: the head is head again elsewhere; those left under a new head move on later."""
    persons = {"h": moved(), "m": moved(then=OTHER, day="08-15")}
    heads = {
        LEFT: [head("h", end=MOVE), head("m", MOVE, "08-15", history=2)],
        ENTERED: [head("h", MOVE)],
        OTHER: [head("m", "08-15")],
    }
    facts = [Fact(LEFT, (2024, month)) for month in (2, 5, 6, 7)]
    found = candidates(world(persons, heads, facts=facts))
    assert found[LEFT, ENTERED] == Candidate(
        d(MOVE), frozenset({"h"}), "1", "5", frozenset({((2024, 2), "1"), ((2024, 5), "1")}), 2
    )
    # A month belongs to the segment of its first day: May stays with the head who left.
    assert found[LEFT, OTHER] == Candidate(
        d("08-15"), frozenset({"m"}), "1", "1", frozenset({((2024, 6), "1"), ((2024, 7), "1")}), 2
    )


SEGMENTS = [
    ("head leaves for another household, others stay (H-1)",
     {"h": moved(), "m": stays(LEFT)}, [head("h", end=MOVE), head("m", MOVE, history=2)], [MOVE]),
    ("head leaves the prefecture, others stay (X-29)",
     {"h": [at(LEFT, "2020-01-01", "01", MOVE, "51")], "m": stays(LEFT)},
     [head("h", end=MOVE), head("m", MOVE, history=2)], [MOVE]),
    ("head dies, others stay: the household goes on (H-4)",
     {"h": [at(LEFT, "2020-01-01", "01", MOVE, "52")], "m": stays(LEFT)},
     [head("h", end=MOVE), head("m", MOVE, history=2)], []),
    ("head joins employee insurance and stays as nominal head (H-4)",
     {"h": [at(LEFT, "2020-01-01", "01", MOVE, "53")], "m": stays(LEFT)},
     [head("h", end=MOVE), head("h", MOVE, nominal=True, history=2)], []),
    ("head changes among those who are there (H-4 (2))",
     {"h": stays(LEFT), "m": stays(LEFT)}, [head("h", end=MOVE), head("m", MOVE, history=2)], []),
    ("a member leaves, the head stays (H-5)",
     {"h": stays(LEFT), "m": moved()}, [head("h")], []),
    ("all leave: nobody stays for whom a segment could begin",
     {"h": moved(), "m": moved()}, [head("h", end=MOVE)], []),
    ("somebody moves in and is head over them (X-21)",
     {"h": stays(LEFT), "a": moved(OTHER, LEFT)}, [head("h", end=MOVE), head("a", MOVE, history=2)], [MOVE]),
    ("somebody joins without another household and is head (H-4 (2)(3))",
     {"h": stays(LEFT), "a": [at(LEFT, MOVE, "03")]}, [head("h", end=MOVE), head("a", MOVE, history=2)], []),
    ("head leaves within the municipality (H-1)",
     {"h": [Cover(p(A, "2020-01-01", "01"), (Member("1", 1, None, d(MOVE)), Member("2", 2, d(MOVE))))],
      "m": stays(LEFT)},
     [head("h", end=MOVE), head("m", MOVE, history=2)], [MOVE]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("persons", "heads", "starts"), [c[1:] for c in SEGMENTS], ids=[c[0] for c in SEGMENTS]
)
def test_counting_segments(persons, heads, starts) -> None:  # type: ignore[no-untyped-def]
    calendar = Calendar(world(persons, {LEFT: heads}))
    assert segment_starts(calendar, LEFT) == [d(start) for start in starts]


def carried_from(built: World, left: Household, moved_on: str) -> set[tuple[Month, str]]:
    return set(carried(built, Calendar(built), left, d(moved_on)))


def test_carried_are_twelve_months_ending_with_the_move_not_cancelled_both_kinds() -> None:
    facts = [
        Fact(LEFT, (2023, 5)),
        Fact(LEFT, (2023, 6)),
        Fact(LEFT, (2024, 1), cancelled=True),
        Fact(LEFT, (2024, 3), kind="2"),
        Fact(LEFT, (2024, 5)),
        Fact(LEFT, (2024, 6)),
        Fact(REST, (2024, 4)),
    ]
    built = world({"h": moved()}, H_HEADS, facts=facts)
    expected = {((2023, 6), "1"), ((2024, 3), "2"), ((2024, 5), "1")}
    assert carried_from(built, LEFT, MOVE) == expected
    assert candidates(built)[LEFT, ENTERED].carried_months == 2


def test_nothing_is_carried_from_before_2018_04() -> None:
    facts = [Fact(LEFT, (2018, 3)), Fact(LEFT, (2018, 4))]
    built = world({"h": moved(day="2018-06-01")}, {}, facts=facts)
    built.persons["h"] = [at(LEFT, "2016-01-01", "01", "2018-06-01", "57"), at(ENTERED, "2018-06-01", "07")]
    assert carried_from(built, LEFT, "2018-06-01") == {((2018, 4), "1")}


CHAIN_PERSONS = {
    "h": [
        at(LEFT, "2020-01-01", "01", MOVE, "57"),
        at(ENTERED, MOVE, "07", "2025-03-10", "57"),
        at(OTHER, "2025-03-10", "07"),
    ]
}
CHAIN_FACTS = [Fact(LEFT, (2024, 3)), Fact(LEFT, (2024, 5)), Fact(ENTERED, (2024, 9)), Fact(OTHER, (2025, 1))]


def test_months_go_on_along_a_chain_of_confirmed_pairs() -> None:
    """H-7, X-19: A → B → C, within C's own twelve months."""
    built = world(CHAIN_PERSONS, {}, facts=CHAIN_FACTS, continued=[Continued(LEFT, ENTERED, d(MOVE))])
    assert carried_from(built, ENTERED, "2025-03-10") == {((2024, 5), "1"), ((2024, 9), "1")}


def test_an_unconfirmed_pair_hands_nothing_on() -> None:
    built = world(CHAIN_PERSONS, {}, facts=CHAIN_FACTS)
    assert carried_from(built, ENTERED, "2025-03-10") == {((2024, 9), "1")}


def test_the_head_over_anothers_household_leaves_its_months_closed() -> None:
    """X-21: A is head over C's household; C's own earlier months are not A's when A moves on."""
    persons = {
        "a": [
            at(LEFT, "2020-01-01", "01", MOVE, "57"),
            at(ENTERED, MOVE, "07", "09-10", "57"),
            at(OTHER, "09-10", "07"),
        ],
        "c": [at(ENTERED, "2020-01-01", "01", "09-10", "57"), at(OTHER, "09-10", "07")],
    }
    heads = {
        LEFT: [head("a", end=MOVE)],
        ENTERED: [head("c", end=MOVE), head("a", MOVE, "09-10", history=2)],
        OTHER: [head("a", "09-10")],
    }
    facts = [Fact(LEFT, (2024, 2)), Fact(ENTERED, (2024, 3)), Fact(ENTERED, (2024, 7))]
    built = world(persons, heads, facts=facts, continued=[Continued(LEFT, ENTERED, d(MOVE))])
    found = candidates(built)
    assert found[LEFT, ENTERED].carried == {((2024, 2), "1")}
    assert found[ENTERED, OTHER].carried == {((2024, 2), "1"), ((2024, 7), "1")}


# --- identity --------------------------------------------------------------------------------------

BORN, OTHER_BORN = date(1980, 1, 2), date(1980, 1, 3)
N1, N2, N3 = "111111111118", "222222222226", "333333333334"


def m(
    insurer: str,
    addressee: str,
    history: int,
    number: str | None,
    kind: str = "1",
    previous: str | None = None,
    born: date = BORN,
    sex: str = "1",
) -> Message:
    return Message(insurer, addressee, history, kind, number, previous, born, sex)


# name, messages, standing {identity: index}, held, groups, refused
IDENTITIES = [
    ("one number in two municipalities is one person (I-1)",
     [m(A, "1", 1, N1), m(B, "5", 1, N1)],
     {(A, "1", 1): 0, (B, "5", 1): 1}, [], ["A1 B5"], []),
    ("another birth date is held (I-1, X-6)",
     [m(A, "1", 1, N1), m(B, "5", 1, N1, born=OTHER_BORN)], {(A, "1", 1): 0}, [1], ["A1"], []),
    ("another sex is held (I-1, X-6)",
     [m(A, "1", 1, N1), m(B, "5", 1, N1, sex="2")], {(A, "1", 1): 0}, [1], ["A1"], []),
    ("a second addressee of one municipality is held (X-6)",
     [m(A, "1", 1, N1), m(A, "2", 1, N1)], {(A, "1", 1): 0}, [1], ["A1"], []),
    ("a second number without the previous one is held (X-6)",
     [m(A, "1", 1, N1), m(A, "1", 2, N2)], {(A, "1", 1): 0}, [1], ["A1"], []),
    ("a second number naming another previous one is held (X-6)",
     [m(A, "1", 1, N1), m(A, "1", 2, N2, previous=N3)], {(A, "1", 1): 0}, [1], ["A1"], []),
    ("a second number naming the first is taken and links both (I-4, X-6)",
     [m(A, "1", 1, N1), m(A, "1", 2, N2, previous=N1), m(A, "1", 3, N2), m(B, "5", 1, N1), m(C, "8", 1, N2)],
     {(A, "1", 1): 0, (A, "1", 2): 1, (A, "1", 3): 2, (B, "5", 1): 3, (C, "8", 1): 4}, [],
     ["A1 B5 C8"], []),
    ("the change before the first number: the order does not matter (X-7)",
     [m(A, "1", 2, N2, previous=N1), m(A, "1", 1, N1)],
     {(A, "1", 2): 0, (A, "1", 1): 1}, [], ["A1"], []),
    ("the link goes with its row",
     [m(A, "1", 1, N2, previous=N1), m(B, "5", 1, N1), m(C, "8", 1, N2), m(A, "1", 1, N2, "3")],
     {(B, "5", 1): 1, (C, "8", 1): 2}, [], ["B5", "C8"], []),
    ("without a number one is alone (I-3)",
     [m(A, "1", 1, None), m(B, "5", 1, None)], {(A, "1", 1): 0, (B, "5", 1): 1}, [], ["A1", "B5"], []),
    ("the number comes later (I-3)",
     [m(A, "1", 1, N1), m(B, "5", 1, None), m(B, "5", 1, N1, "2")],
     {(A, "1", 1): 0, (B, "5", 1): 2}, [], ["A1 B5"], []),
    ("a held record takes effect when the other is cancelled (X-6)",
     [m(A, "1", 1, N1), m(A, "2", 1, N1), m(A, "1", 1, N1, "3")], {(A, "2", 1): 1}, [], ["A2"], []),
    ("a held record takes effect when the other is corrected (X-6)",
     [m(A, "1", 1, N1, born=OTHER_BORN), m(B, "5", 1, N1), m(A, "1", 1, N1, "2")],
     {(A, "1", 1): 2, (B, "5", 1): 1}, [], ["A1 B5"], []),
    ("one release makes the next possible",
     [m(A, "1", 1, N1), m(B, "5", 1, N1), m(C, "8", 1, N1, born=OTHER_BORN),
      m(B, "5", 1, N1, "2", born=OTHER_BORN), m(A, "1", 1, N1, "3")],
     {(B, "5", 1): 3, (C, "8", 1): 2}, [], ["B5 C8"], []),
    ("a held record holds no other one, and finds it standing when its own conflict is gone",
     [m(A, "1", 1, N1), m(A, "1", 2, N2), m(A, "2", 1, N2), m(A, "1", 1, N1, "3")],
     {(A, "2", 1): 2}, [1], ["A2"], []),
    ("compared is the newest row of the other",
     [m(A, "1", 1, N1, born=OTHER_BORN), m(A, "1", 2, N1), m(B, "5", 1, N1), m(C, "8", 1, N1, born=OTHER_BORN)],
     {(A, "1", 1): 0, (A, "1", 2): 1, (B, "5", 1): 2}, [3], ["A1 B5"], []),
    ("a held correction leaves the old version (X-6)",
     [m(A, "1", 1, N1), m(B, "5", 1, N1), m(B, "5", 1, N1, "2", born=OTHER_BORN)],
     {(A, "1", 1): 0, (B, "5", 1): 1}, [2], ["A1 B5"], []),
    ("a later correction replaces the one that waits",
     [m(A, "1", 1, N1), m(B, "5", 1, N1), m(B, "5", 1, N1, "2", born=OTHER_BORN), m(B, "5", 1, N1, "2")],
     {(A, "1", 1): 0, (B, "5", 1): 3}, [], ["A1 B5"], []),
    ("cancelling a held record takes effect (X-6)",
     [m(A, "1", 1, N1), m(A, "2", 1, N1), m(A, "2", 1, N1, "3"), m(A, "1", 1, N1, "3")], {}, [], [], []),
    ("a cancelled identity is never used again (P-7, X-4)",
     [m(A, "1", 1, N1), m(A, "1", 1, N1, "3"), m(A, "1", 1, N1), m(A, "1", 1, N1, "2")],
     {}, [], [], [2, 3]),
    ("the only record corrected to another number is held (X-34)",
     [m(A, "1", 1, N1), m(A, "1", 1, N2, "2")], {(A, "1", 1): 0}, [1], ["A1"], []),
    ("the only record corrected, naming the previous number (X-34)",
     [m(A, "1", 1, N1), m(A, "1", 1, N2, "2", previous=N1)], {(A, "1", 1): 1}, [], ["A1"], []),
    ("not the only record of the person: a wrong link is undone (X-34, I-4)",
     [m(A, "1", 1, N1), m(B, "5", 1, N1), m(B, "5", 1, N2, "2")],
     {(A, "1", 1): 0, (B, "5", 1): 2}, [], ["A1", "B5"], []),
]  # fmt: skip

LETTERS = {A: "A", B: "B", C: "C"}


@pytest.mark.parametrize(
    ("messages", "standing", "held", "groups", "refused"),
    [c[1:] for c in IDENTITIES],
    ids=[c[0] for c in IDENTITIES],
)
def test_identities(messages, standing, held, groups, refused) -> None:  # type: ignore[no-untyped-def]
    result = identities(messages)
    named = sorted(" ".join(sorted(LETTERS[i] + a for i, a in group)) for group in result.groups)
    assert (result.standing, result.held, named, result.refused) == (standing, held, groups, refused)


def test_the_other_reading_of_x34() -> None:
    messages = [m(A, "1", 1, N1), m(B, "5", 1, N1), m(B, "5", 1, N2, "2")]
    assert identities(messages, hold_every_number_correction=True).held == [2]


def test_the_other_reading_of_the_newest_row() -> None:
    messages = [m(A, "1", 1, N1), m(A, "1", 2, None), m(B, "5", 1, N1, born=OTHER_BORN)]
    assert identities(messages).held == [2]
    assert identities(messages, number_from="newest").held == []
