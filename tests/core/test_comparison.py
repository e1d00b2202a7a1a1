"""What became of a household that moved (H-4, H-5, X-16 … X-18): one row for each case, through ``compare``."""

from __future__ import annotations

from typing import Any

import pytest

from kokuho_core.household.household import HouseholdFact
from kokuho_core.household_continuity.comparison import Comparison, compare
from kokuho_core.household_continuity.counting_segments import own_months, segment_of, segment_starts
from kokuho_core.household_continuity.residents import Residents
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.qualification.findings import find_conflicts
from kokuho_core.qualification.moves import find_moves
from kokuho_core.vocabulary.identifiers import PrefecturalInsuredId

from .builders import REGISTER, A, B, C, addressee, d, fact, head_row, household, key_of, months, resident

LEFT, ENTERED, OTHER = (A, "1"), (B, "7"), (C, "9")
MOVE = "2024-05-15"

Rows = list[tuple[tuple[str, str], dict[str, Any]]]


def at(home: tuple[str, str], start: str, reason: str, end: str | None = None, end_reason: str | None = None) -> Any:
    return home, {"start": start, "reason": reason, "end": end, "end_reason": end_reason}


def stays(home: tuple[str, str]) -> Rows:
    return [at(home, "2020-01-01", "01")]


def leaves(reason: str, home: tuple[str, str] = LEFT) -> Rows:
    return [at(home, "2020-01-01", "01", MOVE, reason)]


def moves(to: tuple[str, str] = ENTERED, day: str = MOVE) -> Rows:
    return [at(LEFT, "2020-01-01", "01", day, "57"), at(to, day, "07")]


def comes(reason: str) -> Rows:
    return [at(ENTERED, MOVE, reason)]


NOMINAL: Rows = []


def h(name: str, start: str = "2020-01-01", end: str | None = None, history: int = 1, **more: Any) -> dict[str, Any]:
    return {"head": name, "start": start, "end": end, "history": history, **more}


SAME_HEAD = {LEFT: [h("h", end=MOVE)], ENTERED: [h("h", MOVE)]}
C_STAYS_HEAD = {LEFT: [h("h", end=MOVE)], ENTERED: [h("c")]}
NEW_HEAD = {LEFT: [h("h", end=MOVE)], ENTERED: [h("m", MOVE)]}

YES, NO, CHECK = "1", "2", "3"

# what, persons, heads, movers, suggestion, reason
CASES = [
    # H-5
    ("H-5: the whole household moves, same head", {"h": moves(), "m": moves()}, SAME_HEAD, "h m", YES, "1"),
    ("H-5: the whole household moves, the head changes inside it", {"h": moves(), "m": moves()}, NEW_HEAD, "h m", YES, "2"),
    ("H-5: the head leaves and is head again: yes for him", {"h": moves(), "m": stays(LEFT)},
     {LEFT: [h("h", end=MOVE), h("m", MOVE, history=2)], ENTERED: [h("h", MOVE)]}, "h", YES, "5"),
    ("H-5: a member leaves and becomes head: no for him", {"h": stays(LEFT), "m": moves()},
     {LEFT: [h("h")], ENTERED: [h("m", MOVE)]}, "m", NO, "5"),
    ("H-5: A joins C's household, C stays head: only C's counts", {"h": moves(), "c": stays(ENTERED)}, C_STAYS_HEAD,
     "h", NO, "6"),
    ("H-5: A moves in and is head over C: A's counts", {"h": moves(), "c": stays(ENTERED)},
     {LEFT: [h("h", end=MOVE)], ENTERED: [h("c", end=MOVE), h("h", MOVE, history=2)]}, "h", YES, "6"),
    ("H-5: a nominal head stays head", {"m": moves(), "n": NOMINAL},
     {LEFT: [h("n", end=MOVE, nominal=True)], ENTERED: [h("n", MOVE, nominal=True)]}, "m", YES, "1"),
    ("H-5: the head alone joins employee insurance, all move", {"h": leaves("53"), "m": moves()},
     {LEFT: [h("h", end=MOVE)], ENTERED: [h("h", MOVE, nominal=True)]}, "m", YES, "1"),
    # X-16, X-17
    ("X-16: another stays covered elsewhere: split", {"h": moves(), "m": stays(LEFT)}, SAME_HEAD, "h", YES, "5"),
    ("X-16: another goes elsewhere in the prefecture: split", {"h": moves(), "m": moves(OTHER)}, SAME_HEAD, "h", YES, "5"),
    ("X-16: another left by 57, nobody knows where to: split", {"h": moves(), "m": leaves("57")}, SAME_HEAD, "h", YES, "5"),
    ("X-16: another left by 51: split", {"h": moves(), "m": leaves("51")}, SAME_HEAD, "h", YES, "5"),
    ("X-29: the head left by 51, the others moved: split", {"h": leaves("51"), "m": moves()}, NEW_HEAD, "m", NO, "5"),
    ("X-16: a member of now was covered elsewhere: merger", {"h": moves(), "c": stays(ENTERED)},
     {LEFT: [h("h", end=MOVE)], ENTERED: [h("h", MOVE)]}, "h", YES, "6"),
    ("X-16: somebody comes from a third household: merger",
     {"h": moves(), "c": [at(OTHER, "2020-01-01", "01", MOVE, "57"), at(ENTERED, MOVE, "07")]}, SAME_HEAD, "h", YES, "6"),
    ("X-16: somebody came by 07: merger", {"h": moves(), "c": comes("07")}, SAME_HEAD, "h", YES, "6"),
    ("X-16: somebody came by 01: merger", {"h": moves(), "c": comes("01")}, SAME_HEAD, "h", YES, "6"),
    ("X-16: the new head was not of the old household: merger", {"m": moves(), "n": NOMINAL},
     {LEFT: [h("m", end=MOVE)], ENTERED: [h("n", MOVE, nominal=True)]}, "m", NO, "6"),
    ("X-16: split and merger both: merger", {"h": moves(), "m": stays(LEFT), "c": stays(ENTERED)}, C_STAYS_HEAD, "h",
     NO, "6"),
    ("X-16: head changed goes before more and fewer",
     {"h": leaves("52"), "m": moves(), "k": comes("02")}, NEW_HEAD, "m", YES, "2"),
    ("X-16: more goes before fewer", {"h": moves(), "m": leaves("52"), "k": comes("02")}, SAME_HEAD, "h", YES, "3"),
    ("X-16: born on the day: more", {"h": moves(), "k": comes("02")}, SAME_HEAD, "h", YES, "3"),
    ("X-16: out of employee insurance on the day: more", {"h": moves(), "k": comes("03")}, SAME_HEAD, "h", YES, "3"),
    ("X-17: death on the day: fewer", {"h": moves(), "m": leaves("52")}, SAME_HEAD, "h", YES, "4"),
    ("X-17: employee insurance on the day: fewer", {"h": moves(), "m": leaves("53")}, SAME_HEAD, "h", YES, "4"),
    ("X-17: a nominal head stays behind as a head: split", {"m": moves(), "n": NOMINAL},
     {LEFT: [h("n", nominal=True)], ENTERED: [h("m", MOVE)]}, "m", NO, "5"),
    ("X-17: a nominal head of elsewhere does not: head changed", {"m": moves(), "n": NOMINAL},
     {LEFT: [h("n", end=MOVE, nominal=True)], ENTERED: [h("m", MOVE)], OTHER: [h("n", nominal=True)]}, "m", YES, "2"),
    ("the same head is no merger by himself", {"m": moves(), "n": NOMINAL},
     {LEFT: [h("n", end=MOVE)], ENTERED: [h("n", MOVE, nominal=True)]}, "m", YES, "3"),
    ("X-35: a mover of a later day counts in both", {"h": moves(), "m": moves(day="2024-05-20")},
     {LEFT: [h("h", end="2024-05-20")], ENTERED: [h("h", MOVE)]}, "h m", YES, "1"),
    # X-18
    ("X-18: head before unknown", {"h": moves()}, {ENTERED: [h("h", MOVE)]}, "h", CHECK, "9"),
    ("X-18: head now unknown", {"h": moves()}, {LEFT: [h("h", end=MOVE)]}, "h", CHECK, "9"),
    ("X-5: the head's own record has not come", {"h": moves()}, {LEFT: [h("h", end=MOVE)], ENTERED: [h("x", MOVE)]}, "h",
     CHECK, "9"),
    ("X-18: the head ended the day before", {"h": moves()}, {LEFT: [h("h", end="2024-05-14")], ENTERED: [h("h", MOVE)]},
     "h", CHECK, "9"),
    ("X-18: the head begins the day after", {"h": moves()}, {LEFT: [h("h", end=MOVE)], ENTERED: [h("h", "2024-05-16")]},
     "h", CHECK, "9"),
]  # fmt: skip


def rows_of(name: str, stays_: Rows) -> list[PersonFact]:
    if not stays_:
        return [fact(insurer, name, 1, start=None, reason=None, insured_kind="2") for insurer in (A, B, C)]
    rows = []
    for number, (home, fields) in enumerate(stays_, 1):
        rows.append(fact(home[0], name, number, household=home[1], **fields))
    known = {home[0] for home, _ in stays_}  # as a nominal head he has a record everywhere else
    rows += [fact(i, name, 9, start=None, reason=None, insured_kind="2") for i in (A, B, C) if i not in known]
    return rows


def head_rows(home: tuple[str, str], heads: list[dict[str, Any]]) -> list[HouseholdFact]:
    return [head_row(*home, each["head"], each["start"], each["end"],
                     history=each["history"], nominal=each.get("nominal", False)) for each in heads]  # fmt: skip


def residents_of(persons: dict[str, Rows], heads: dict[tuple[str, str], list[dict[str, Any]]]) -> Residents:
    return Residents(
        [resident(name, rows_of(name, stays_)) for name, stays_ in persons.items()],
        {key_of(*home): household(*head_rows(home, each)) for home, each in heads.items()},
    )


def compared(residents: Residents, movers: str, *, has_open_finding: bool = False) -> Comparison:
    return compare(
        residents, key_of(*LEFT), key_of(*ENTERED), [PrefecturalInsuredId(m) for m in movers.split()], d(MOVE),
        has_open_finding=has_open_finding,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("persons", "heads", "movers", "suggestion", "reason"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_what_became_of_a_household(persons: Any, heads: Any, movers: str, suggestion: str, reason: str) -> None:
    """Rules: H-4, H-5, X-14, X-16 … X-18, X-35."""
    found = compared(residents_of(persons, heads), movers)
    assert (found.suggestion.value, found.reason.value) == (suggestion, reason)
    expected = {CHECK: ("X-18", "X-28")}.get(suggestion)
    if expected is None:
        expected = ("H-4", "H-5", "X-16", "X-17") if reason in "56" else ("H-4", "X-16")
    assert found.rules == expected


def test_an_open_finding_leaves_it_unclear() -> None:
    """Rules: H-5, X-18: open overlap or gap: candidate, cannot be confirmed yet."""
    residents = residents_of({"h": moves()}, SAME_HEAD)
    assert compared(residents, "h").suggestion == YES
    found = compared(residents, "h", has_open_finding=True)
    assert (found.suggestion, found.reason) == (CHECK, "9")


NOT_DECIDED = [
    ("an open overlap", [at(LEFT, "2020-01-01", "01"), at(ENTERED, MOVE, "07")], "overlap", 1),
    ("a gap", [at(LEFT, "2020-01-01", "01", "2024-05-10", "57"), at(ENTERED, MOVE, "07")], "gap", 1),
    ("one-sided", [at(LEFT, "2020-01-01", "01", MOVE, "57"), at(ENTERED, MOVE, "01")], "one_sided", 1),
    ("out of the prefecture and back", [at(LEFT, "2020-01-01", "01", "2024-04-15", "51"), at(ENTERED, MOVE, "01")], None, 0),
]


@pytest.mark.parametrize(("stays_", "kind", "pairs"), [c[1:] for c in NOT_DECIDED], ids=[c[0] for c in NOT_DECIDED])
def test_moves_that_cannot_be_confirmed(stays_: Rows, kind: str | None, pairs: int) -> None:
    """Rules: H-5, X-18, X-26: a candidate with an open finding on the entered period; out and back is none."""
    periods = resident("h", rows_of("h", stays_)).periods
    assert len(find_moves(periods, REGISTER)) == pairs
    findings = find_conflicts(periods, REGISTER, d("12-31")).findings
    assert [finding.kind.value for finding in findings] == ([] if kind is None else [kind])
    for move in find_moves(periods, REGISTER):
        assert any(finding.names(move.entered) for finding in findings)


# --- who is where ---


def test_who_belongs_to_a_household_on_a_day() -> None:
    """Rules: X-14, X-20, X-32."""
    residents = residents_of(
        {"h": moves(), "m": stays(LEFT), "n": NOMINAL, "x": stays(OTHER)},
        {LEFT: [h("h", end=MOVE), h("n", MOVE, nominal=True, history=2)]},
    )
    assert residents.members_on(key_of(*LEFT), d("05-14")) == {"h", "m"}
    assert residents.members_on(key_of(*LEFT), d(MOVE)) == {"m", "n"}
    assert residents.members_on(key_of(*ENTERED), d(MOVE)) == {"h"}
    assert residents.head_on(key_of(*LEFT), d("05-14")) == "h"
    assert residents.head_on(key_of(*ENTERED), d(MOVE)) is None
    assert residents.head_addressee_on(key_of(*LEFT), d(MOVE)) == addressee(A, "n")
    assert residents.head_addressee_on(key_of(*LEFT), d("2019-12-31")) is None
    assert residents.head_addressee_on(key_of(*ENTERED), d(MOVE)) is None
    assert residents.head_changes(key_of(*LEFT)) == [d("2020-01-01"), d(MOVE)]
    assert residents.head_changes(key_of(*ENTERED)) == []
    assert residents[PrefecturalInsuredId("h")].period_on(d("2019-12-31")) is None


def test_an_insured_head_who_is_nobody_there_is_no_member() -> None:
    """Rules: X-14: only a nominal head belongs to a household without being covered in it."""
    residents = residents_of({"h": NOMINAL, "m": stays(LEFT)}, {LEFT: [h("h")]})
    assert residents.members_on(key_of(*LEFT), d(MOVE)) == {"m"}
    unknown = residents_of({"m": stays(LEFT)}, {LEFT: [h("y", nominal=True)]})
    assert unknown.members_on(key_of(*LEFT), d(MOVE)) == {"m"}


# --- counting segments ---

SEGMENTS = [
    ("H-1: the head leaves, others stay", {"h": moves(), "m": stays(LEFT)}, [h("h", end=MOVE), h("m", MOVE, history=2)], [MOVE]),
    ("H-1: nobody follows him at once", {"h": moves(), "m": stays(LEFT)},
     [h("h", end=MOVE), h("m", "2024-05-17", history=2)], [MOVE]),
    ("H-1: the one before is head again", {"h": moves(), "m": stays(LEFT)}, [h("m"), h("h", "2021-01-01", MOVE, history=2)], [MOVE]),
    ("X-29: the head leaves the prefecture", {"h": leaves("51"), "m": stays(LEFT)},
     [h("h", end=MOVE), h("m", MOVE, history=2)], [MOVE]),
    ("H-4: the head dies", {"h": leaves("52"), "m": stays(LEFT)}, [h("h", end=MOVE), h("m", MOVE, history=2)], []),
    ("H-4: the head changes inside", {"h": stays(LEFT), "m": stays(LEFT)}, [h("h", end=MOVE), h("m", MOVE, history=2)], []),
    ("H-5: a member leaves", {"h": stays(LEFT), "m": moves()}, [h("h")], []),
    ("all leave", {"h": moves(), "m": moves()}, [h("h", end=MOVE)], []),
    ("X-21: somebody moves in and is head over them",
     {"h": stays(LEFT), "a": [at(OTHER, "2020-01-01", "01", MOVE, "57"), at(LEFT, MOVE, "07")]},
     [h("h", end=MOVE), h("a", MOVE, history=2)], [MOVE]),
    ("X-21: also where no head was known", {"h": stays(LEFT), "a": [at(LEFT, MOVE, "07")]}, [h("a", MOVE)], [MOVE]),
    ("H-4: somebody is born to be head", {"h": stays(LEFT), "a": [at(LEFT, MOVE, "02")]},
     [h("h", end=MOVE), h("a", MOVE, history=2)], []),
    ("the first head of an empty household", {"a": [at(LEFT, MOVE, "07")]}, [h("a", MOVE)], []),
]  # fmt: skip


@pytest.mark.parametrize(("persons", "heads", "starts"), [c[1:] for c in SEGMENTS], ids=[c[0] for c in SEGMENTS])
def test_where_counting_begins_anew(persons: Any, heads: Any, starts: list[str]) -> None:
    """Rules: H-1, H-4, X-21, X-29."""
    residents = residents_of(persons, {LEFT: heads})
    assert segment_starts(residents, key_of(*LEFT)) == [d(start) for start in starts]


def test_a_month_belongs_to_the_segment_of_its_first_day() -> None:
    """Rules: X-29."""
    starts = [d("05-01"), d("06-15")]
    assert [segment_of(starts, d(day)) for day in ("04-30", "05-01", "06-14", "06-15")] == [0, 1, 1, 2]
    given = months("202404", "202405", "202406", "202407", "202406o")
    assert own_months(given, starts, d("04-30")) == months("202404")
    assert own_months(given, starts, d("06-14")) == months("202405", "202406", "202406o")
    assert own_months(given, starts, d("06-15")) == months("202407")
    assert own_months(given, [], d("06-15")) == given
