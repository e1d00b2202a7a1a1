"""Files and records on arrival (X-2, X-4), and the aggregates of received records (P-3, P-7, X-14, X-20, X-32)."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from kokuho_core.errors import RecordRefused
from kokuho_core.household import household as households
from kokuho_core.household.household import Headship, Household
from kokuho_core.household.record import HouseholdRecord
from kokuho_core.insured_person import person as persons
from kokuho_core.insured_person.application_period import application_periods
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.insured_person.person import InsuredPerson, live_rows
from kokuho_core.insured_person.record import PERSON_KEYS
from kokuho_core.periods import DayRange
from kokuho_core.reception.ledger import FileResult, Ledger, LedgerEntry
from kokuho_core.reception.lifecycle import Standing, refusal_of, standing_after
from kokuho_core.vocabulary.identifiers import Source

from . import strategies
from .builders import A, B, addressee, d, days, fact, head_row, key_of, period, record

# --- X-2 ---

OWN, OTHER = b"own", b"other"


def entry(sequence: int, result: FileResult) -> LedgerEntry:
    return LedgerEntry("name", sequence, OWN, result)


LEDGER = [
    ("the first is 1", 0, 1, None, "name", OWN, FileResult.APPLIED, None),
    ("the next", 4, 5, None, "name", OWN, FileResult.APPLIED, None),
    ("one is missing", 4, 6, None, "name", OWN, FileResult.HELD, "KKH-F021"),
    ("the first is missing", 0, 2, None, "name", OWN, FileResult.HELD, "KKH-F021"),
    ("applied before", 4, 3, FileResult.APPLIED, "name", OWN, FileResult.DUPLICATE, "KKH-F022"),
    ("applied before under another name", 4, 3, FileResult.APPLIED, "other", OWN, FileResult.REJECTED, "KKH-F020"),
    ("applied before with other content", 4, 3, FileResult.APPLIED, "name", OTHER, FileResult.REJECTED, "KKH-F020"),
    ("held and sent again", 4, 6, FileResult.HELD, "name", OWN, FileResult.HELD, "KKH-F021"),
    ("held, now with other content", 4, 6, FileResult.HELD, "name", OTHER, FileResult.REJECTED, "KKH-F020"),
    ("held, now under another name", 4, 6, FileResult.HELD, "other", OWN, FileResult.REJECTED, "KKH-F020"),
    ("held, now the next", 4, 5, FileResult.HELD, "name", OWN, FileResult.APPLIED, None),
]


@pytest.mark.parametrize(
    ("last", "sequence", "known", "name", "content", "result", "code"), [c[1:] for c in LEDGER], ids=[c[0] for c in LEDGER]
)
def test_what_becomes_of_a_file(
    last: int, sequence: int, known: FileResult | None, name: str, content: bytes, result: FileResult, code: str | None
) -> None:
    """Rules: X-2."""
    ledger = Ledger(A, "SKKOJIN", last)
    assert ledger.next_sequence == last + 1
    stands = None if known is None else entry(sequence, known)
    assert ledger.judge(name, sequence, content, stands) == (result, code)


# --- X-4 ---

LIFE = [
    ("1", Standing.NEVER_SENT, None, None),
    ("1", Standing.LIVE, "KKH-R002", "KKH-R002"),
    ("1", Standing.CANCELLED, "KKH-P007", None),
    ("2", Standing.NEVER_SENT, "KKH-R001", "KKH-R001"),
    ("2", Standing.LIVE, None, None),
    ("2", Standing.CANCELLED, "KKH-P007", "KKH-P007"),
    ("3", Standing.NEVER_SENT, "KKH-R001", "KKH-R001"),
    ("3", Standing.LIVE, None, None),
    ("3", Standing.CANCELLED, "KKH-P007", "KKH-P007"),
]


@pytest.mark.parametrize(("kind", "standing", "code", "code_of_month"), LIFE)
def test_the_life_of_a_record(kind: str, standing: Standing, code: str | None, code_of_month: str | None) -> None:
    """Rules: P-7, X-4."""
    assert refusal_of(kind, standing) == code
    assert refusal_of(kind, standing, may_return=True) == code_of_month
    assert standing_after(kind) is (Standing.CANCELLED if kind == "3" else Standing.LIVE)


# --- rows in force ---


def messages(rng: Random) -> list[PersonFact]:
    """Messages about three rows of one person, as they come; not all can be taken."""
    found = []
    for line in range(2, rng.randrange(3, 12)):
        start = f"2024-0{rng.randrange(1, 4)}-01"
        end = rng.choice((None, "2024-02-15", "2024-04-01"))
        if end is not None and end < start:
            end = None
        found.append(
            fact(A, "1", rng.randrange(1, 4), kind=rng.choice("123"), line=line, start=start, end=end,
                 end_reason=end and "53", household=str(line))
        )  # fmt: skip
    return found


@strategies.some
@given(strategies.drawn(messages))
def test_a_cancelled_record_never_comes_back(sent: list[PersonFact]) -> None:
    """Rules: P-7, Q-7, X-4: each record is in force from its first message until its cancellation, and never after."""
    person = InsuredPerson()
    last: dict[int, PersonFact] = {}
    cancelled: set[int] = set()
    for message in sent:
        number = message.history_number
        taken = number not in cancelled and (message.update_kind == "1") == (number not in last)
        before = person
        try:
            person = person.receive(message)
        except RecordRefused as refused:
            assert not taken
            (problem,) = refused.problems
            assert (problem.line, problem.field) == (message.line, "history_number")
            expected = "KKH-P007" if number in cancelled else "KKH-R002" if number in last else "KKH-R001"
            assert problem.code == expected
            assert person == before
        else:
            assert taken
            if message.update_kind == "3":
                cancelled.add(number)
                del last[number]
            else:
                last[number] = message
        assert person.live_rows() == [last[n] for n in sorted(last)]
    assert [row.history_number for period in person.application_periods() for row in period.rows] == [
        row.history_number for start in sorted({r.application_start for r in last.values()}) for row in person.live_rows()
        if row.application_start == start
    ]  # fmt: skip


def test_a_held_version_leaves_the_one_before() -> None:
    """Rules: I-1, X-6."""
    first, second, third = fact(line=2), fact(line=3, kind="2"), fact(history=2, line=4)
    held = frozenset({second.source, third.source})
    assert second.source == Source(1, 3)
    assert live_rows([first, second, third], held) == [first]
    assert InsuredPerson((first, second, third), held).live_rows() == [first]
    assert live_rows([first, second, third]) == [second, third]
    assert live_rows([first, second, evolve(first, update_kind="3", line=9)], held) == []


# --- P-3 ---


def two_periods(first_end: str | None, second_start: str) -> list[PersonFact]:
    reason = None if first_end is None else "53"
    return [
        fact(history=1, line=2, start="2024-01-01", end=first_end, end_reason=reason),
        fact(history=2, line=3, start=second_start),
    ]


OVERLAP_INSIDE = [
    ("touching", "2024-02-01", "2024-02-01", False),
    ("one day too long", "2024-02-02", "2024-02-01", True),
    ("open", None, "2024-02-01", True),
    ("a gap", "2024-01-15", "2024-02-01", False),
    ("one period, two rows", "2024-02-02", "2024-01-01", False),
]


@pytest.mark.parametrize(("end", "start", "refused"), [c[1:] for c in OVERLAP_INSIDE], ids=[c[0] for c in OVERLAP_INSIDE])
def test_periods_of_one_municipality_never_overlap(end: str | None, start: str, refused: bool) -> None:
    """Rules: P-2, P-3: judged at the end of the file, and then all records of the person in it are refused."""
    sent = two_periods(end, start)
    found = persons.judge_file([], sent)
    assert {line: (p.code, p.line, p.field) for line, p in found.items()} == (
        {line: ("KKH-P003", line, "application_start") for line in (2, 3)} if refused else {}
    )
    assert bool(persons.judge_file(sent[:1], sent[1:])) is refused
    if refused:
        close = evolve(sent[0], update_kind="2", application_end=sent[1].application_start, application_end_reason="57", line=4)
        assert persons.judge_file([], [*sent, close]) == {}


def test_a_refused_record_keeps_its_own_reason() -> None:
    """Rules: P-3, X-4."""
    sent = [*two_periods(None, "2024-02-01"), fact(history=9, line=4, kind="2")]
    assert {line: p.code for line, p in persons.judge_file([], sent).items()} == {2: "KKH-P003", 3: "KKH-P003", 4: "KKH-R001"}


def test_rows_with_one_start_are_one_period() -> None:
    """Rules: P-3, X-32: the highest history number tells the end, the lowest is its name."""
    rows = [
        fact(history=4, start="2024-01-01", end="2024-03-01", end_reason="57", household="2", member_start="2024-02-01"),
        fact(history=2, start="2024-01-01", household="1", reason="01"),
        fact(history=3, start="2023-01-01", end="2023-05-01", end_reason="53"),
        fact(history=5, start=None, insured_kind="2"),
        fact(history=6, start=None),
        fact(history=7, start="2025-01-01", insured_kind="2"),
    ]
    first, second = application_periods(rows)
    assert (first.key.history_number, second.key.history_number) == (3, 2)
    assert [row.history_number for row in second.rows] == [2, 4]
    assert second.days == DayRange(d("01-01"), d("03-01"))
    assert (second.start_reason, second.end_reason, second.insurer_number) == ("03", "57", A)
    assert second.current is second.rows[-1]
    assert [second.household_on(d(day)) for day in ("01-31", "02-01")] == [key_of(A, "1"), key_of(A, "2")]
    assert second.key.addressee == addressee(A, "1")


def test_the_household_within_the_member_dates() -> None:
    """Rules: X-14, X-32."""
    only = period(member_start="2024-02-01", member_end="2024-03-01", household="4")
    assert [only.household_on(d(day)) for day in ("01-31", "02-01", "02-29", "03-01")] == [
        None, key_of(A, "4"), key_of(A, "4"), None,
    ]  # fmt: skip


CLAIMS = [
    ("07", "2018-04-01", True), ("07", "2018-03-31", False), ("01", "2018-04-01", False), ("08", "2024-05-01", False),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "day", "claims"), CLAIMS)
def test_what_claims_a_move_inside(reason: str, day: str, claims: bool) -> None:
    """Rules: P-6, Q-9, X-30."""
    assert period(start=day, reason=reason).claims_entry is claims
    end_reason = {"07": "57", "01": "51", "08": "58"}[reason]
    assert period(start="2010-01-01", end=day, end_reason=end_reason).claims_exit is claims
    assert not period(start=day, reason=reason).claims_exit
    assert period(start=day, reason=reason).begins_for_residence_special is (reason == "08")
    assert period(start="2010-01-01", end=day, end_reason=end_reason).ends_for_residence_special is (reason == "08")


# --- one record ---

RECORDS = [
    ({}, []),
    ({"application_end": "2020-04-01", "application_end_reason": "53"}, []),
    ({"member_start": "2020-04-02", "member_end": "2020-04-01"}, [("KKH-P002", "member_end")]),
    ({"application_end": "2020-03-31", "application_end_reason": "53"}, [("KKH-P002", "application_end")]),
    ({"qualification_acquired": "2020-04-02", "qualification_lost": "2020-04-01"}, [("KKH-P002", "qualification_lost")]),
    ({"special_case_start": "2020-04-02", "special_case_end": "2020-04-01"}, [("KKH-P002", "special_case_end")]),
    ({"application_start": None}, [("KKH-V012", "application_start")]),
    ({"application_start_reason": None}, [("KKH-V012", "application_start_reason")]),
    ({"application_end": "2021-04-01"}, [("KKH-V014", "application_end_reason")]),
    ({"application_end_reason": "53"}, [("KKH-V015", "application_end")]),
    ({"insured_kind": "2"}, [("KKH-V013", "application_start")]),
    ({"insured_kind": "2", "application_start": None, "application_end": "2020-04-01"}, [("KKH-V013", "application_start")]),
    ({"insured_kind": "2", "application_start": None, "application_start_reason": None}, []),
    ({"application_start": None, "application_start_reason": None, "application_end_reason": "53", "member_start": "2020-04-02",
      "member_end": "2020-04-01"},
     [("KKH-P002", "member_end"), ("KKH-V012", "application_start"), ("KKH-V012", "application_start_reason"),
      ("KKH-V015", "application_end")]),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "expected"), RECORDS)
def test_a_person_record_tells_all_that_is_wrong(fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """Rules: P-2, X-1."""
    if not expected:
        assert record(**fields).insurer_number == A
        return
    with pytest.raises(RecordRefused) as refused:
        record(**fields)
    assert [(p.code, p.field) for p in refused.value.problems] == expected
    assert refused.value.code == expected[0][0]


def test_keys_of_a_person_record_are_in_the_order_of_the_layout() -> None:
    """Rules: X-1."""
    assert len(PERSON_KEYS) == 45
    assert (PERSON_KEYS[0], PERSON_KEYS[-1]) == ("insurer_number", "updated_at")


def household_record(**fields: Any) -> HouseholdRecord:
    values: dict[str, Any] = {
        "insurer_number": A, "household_number": "1", "history_number": 1, "update_kind": "1", "card_symbol": None,
        "card_number": "1", "head_addressee_number": "1", "head_kind": "1", "head_start": "2020-04-01",
        "head_start_notified": None, "head_end": None, "head_end_notified": None, "household_start": "2020-04-01",
        "household_end": None, "change_reason": "01", "changed_on": "2020-04-01", "notified_on": "2020-04-01",
        "other_insurer_number": None, "updated_at": None,
    }  # fmt: skip
    return HouseholdRecord(**days({**values, **fields}))


def test_a_household_record_tells_all_that_is_wrong() -> None:
    """Rules: P-2."""
    household_record(head_end="2020-04-01", household_end="2020-04-01")
    with pytest.raises(RecordRefused) as refused:
        household_record(head_end="2020-03-31", household_end="2020-03-31")
    assert [(p.code, p.field) for p in refused.value.problems] == [("KKH-P002", "head_end"), ("KKH-P002", "household_end")]


# --- the head of a household ---


def test_the_head_is_the_one_of_the_highest_history_number() -> None:
    """Rules: X-20."""
    both = Household(
        (head_row(A, "1", "b", "2024-02-01", "2024-04-01", history=2, nominal=True), head_row(A, "1", "a", "2024-01-01"))
    )
    assert both.headships() == [
        Headship(addressee(A, "b"), True, DayRange(d("02-01"), d("04-01"))),
        Headship(addressee(A, "a"), False, DayRange(d("01-01"))),
    ]
    heads = [both.head_on(d(day)) for day in ("01-31", "02-01", "03-31", "04-01")]
    assert [h.head.addressee_number for h in heads if h is not None] == ["a", "b", "b", "a"]
    assert both.head_on(d("2023-12-31")) is None
    assert both.head_changes() == [d("01-01"), d("02-01"), d("04-01")]
    assert both.messages[0].key == key_of(A, "1")


def test_rows_with_one_start_are_one_headship() -> None:
    """Rules: P-3, X-20."""
    rows = [head_row(A, "1", "a", "2024-01-01"), head_row(A, "1", "a", "2024-01-01", "2024-02-01", history=2)]
    assert Household(tuple(rows)).head_on(d("02-01")) is None
    assert len(Household(tuple(rows)).headships()) == 1


def test_messages_about_a_household() -> None:
    """Rules: P-7, X-4."""
    first = head_row(A, "1", "a", "2024-01-01")
    corrected = evolve(first, update_kind="2", head_addressee_number="b", line=3)
    cancelled = evolve(first, update_kind="3", line=4)
    second = evolve(first, history_number=2, line=5)
    world = Household()
    for message, head in ((first, "a"), (corrected, "b"), (cancelled, None), (second, "a")):
        world = world.receive(message)
        found = world.head_on(d("01-01"))
        assert (found and found.head.addressee_number) == head
    for message, code in ((first, "KKH-P007"), (evolve(second, line=6), "KKH-R002"), (evolve(corrected, history_number=3), "KKH-R001")):
        with pytest.raises(RecordRefused) as refused:
            world.receive(message)
        (problem,) = refused.value.problems
        assert (problem.code, problem.line, problem.field) == (code, message.line, "history_number")
    sent = [evolve(first, line=7), evolve(second, update_kind="2", line=8), evolve(first, history_number=4, line=9)]
    assert {line: p.code for line, p in households.judge_file(world.messages, sent).items()} == {7: "KKH-P007"}
    assert households.judge_file([], [evolve(cancelled, line=7), evolve(first, line=8)])[7].line == 7
    assert households.households_of([first, head_row(B, "1", "a", "2024-01-01"), corrected]) == {
        key_of(A, "1"): Household((first, corrected)),
        key_of(B, "1"): Household((head_row(B, "1", "a", "2024-01-01"),)),
    }


@strategies.some
@given(st.permutations(range(4)))
def test_the_order_of_live_rows_does_not_matter(order: list[int]) -> None:
    """Rules: X-7."""
    rows = [
        fact(history=1, start="2024-01-01"), fact(history=2, start="2024-01-01", end="2024-02-01", end_reason="53"),
        fact(history=3, start="2024-02-01"), fact(history=4, start="2023-01-01", end="2023-02-01", end_reason="53"),
    ]  # fmt: skip
    assert application_periods([rows[i] for i in order]) == application_periods(rows)
