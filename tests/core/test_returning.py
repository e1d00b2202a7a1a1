"""What is told to a municipality, and when (Q-5, H-6, X-11 … X-13, X-27, X-28, X-36)."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given

from kokuho_core.household_continuity.candidate import Candidate, HouseholdPair
from kokuho_core.household_continuity.comparison import Comparison
from kokuho_core.qualification.findings import FindingKind
from kokuho_core.qualification.judgement import judge_person
from kokuho_core.returning.rows import (
    RETURNED_FILES,
    FindingSide,
    HihoidRow,
    KakuninRow,
    KeikakuRow,
    KeikohoRow,
    KohikekkaRow,
    KohikiRow,
    NumberedFinding,
    ReturnKey,
    Row,
    TokusoRow,
    candidate_rows,
    finding_rows,
    insured_id_row,
    kept_values,
    qualification_rows,
    row_keys,
)
from kokuho_core.returning.telling import what_to_tell, what_to_tell_first
from kokuho_core.vocabulary.codes import Decision, Suggestion, SuggestionReason
from kokuho_core.vocabulary.identifiers import MunicipalInsuredId, PrefecturalInsuredId
from kokuho_core.vocabulary.month import Month

from . import strategies
from .builders import REGISTER, A, B, addressee, d, fact, key_of, months

# --- when ---

TOKUSO = TokusoRow(A, "1", "M1", "P1", d("04-01"), "03", None, None, None, "1", d("04-01"), None)
HIHOID = HihoidRow(A, "1", "M1", "P1", "1", None)
KAKUNIN = KakuninRow(A, "F1", "1", "M1", "1", A, B, d("04-01"), None, None, "1", d("05-01"))
KEIKOHO = KeikohoRow(B, "K1", "7", A, "1", d("05-15"), "M1", 1, 0, "1", "1", "1")
KEIKAKU = KeikakuRow(B, "K1", "7", A, "1", d("05-15"), "1", d("06-10"), 2)
KOHIKI = KohikiRow(B, "7", A, "1", Month.of(2024, 4), "1", "1")
KOHIKEKKA = KohikekkaRow(B, "K1", "7", A, "1", "1", 2, 2)

VERSIONS: dict[type[Any], list[Row | None]] = {
    TokusoRow: [None, TOKUSO, evolve(TOKUSO, status="3", qualification_lost=d("06-01"))],
    HihoidRow: [HIHOID, evolve(HIHOID, prefectural_insured_id="P2"), evolve(HIHOID, prefectural_insured_id="P3")],
    KakuninRow: [None, KAKUNIN, evolve(KAKUNIN, days=3), evolve(KAKUNIN, status="2"), evolve(KAKUNIN, status="2", days=3)],
    KeikohoRow: [None, KEIKOHO, evolve(KEIKOHO, status="3"), evolve(KEIKOHO, status="2"), evolve(KEIKOHO, status="2", moved_members=2)],
    KeikakuRow: [None, KEIKAKU, evolve(KEIKAKU, decision="2"), evolve(KEIKAKU, decision="3"), evolve(KEIKAKU, decision="3", carried_months=0)],
    KohikiRow: [None, KOHIKI],
    KohikekkaRow: [None, KOHIKEKKA, evolve(KOHIKEKKA, result="2"), evolve(KOHIKEKKA, result="3"), evolve(KOHIKEKKA, result="3", carried_months=0)],
}  # fmt: skip


def tellings(rng: Random) -> list[Row | None]:
    """What one row was from one delivery to the next."""
    return rng.choices(VERSIONS[rng.choice(list(VERSIONS))], k=rng.randrange(1, 8))


@strategies.some
@given(strategies.drawn(tellings))
def test_after_telling_nothing_is_due(steps: list[Row | None]) -> None:
    """Rules: X-13: a delivery at once after another has nothing to say, whatever happened before."""
    told: Row | None = None
    for current in steps:
        due = what_to_tell(current, told)
        if due is not None:
            told = due
        assert what_to_tell(current, told) is None
        if isinstance(told, HihoidRow) and isinstance(current, HihoidRow):
            assert told.prefectural_insured_id == current.prefectural_insured_id


TELLING = [
    ("told anew", TOKUSO, None, TOKUSO),
    ("no change", TOKUSO, TOKUSO, None),
    ("a change", VERSIONS[TokusoRow][2], TOKUSO, VERSIONS[TokusoRow][2]),
    ("a row that vanishes is not told", None, TOKUSO, None),
    ("nothing at all", None, None, None),
    ("a finding", KAKUNIN, None, KAKUNIN),
    ("solved before it was told", evolve(KAKUNIN, status="2"), None, None),
    ("solved", evolve(KAKUNIN, status="2"), KAKUNIN, evolve(KAKUNIN, status="2")),
    ("solved, then other dates", evolve(KAKUNIN, status="2", days=3), evolve(KAKUNIN, status="2"), None),
    ("reopened", KAKUNIN, evolve(KAKUNIN, status="2"), KAKUNIN),
    ("withdrawn before it was told", evolve(KEIKOHO, status="2"), None, None),
    ("withdrawn", evolve(KEIKOHO, status="2"), KEIKOHO, evolve(KEIKOHO, status="2")),
    ("decided before it was told", evolve(KEIKOHO, status="3"), None, evolve(KEIKOHO, status="3")),
    ("revoked before it was told", evolve(KEIKAKU, decision="3"), None, None),
    ("revoked", evolve(KEIKAKU, decision="3"), KEIKAKU, evolve(KEIKAKU, decision="3")),
    ("no", evolve(KEIKAKU, decision="2"), None, evolve(KEIKAKU, decision="2")),
    ("taken back before it was told", evolve(KOHIKEKKA, result="3"), None, None),
    ("taken back", evolve(KOHIKEKKA, result="3"), KOHIKEKKA, evolve(KOHIKEKKA, result="3")),
    ("no months", evolve(KOHIKEKKA, result="2"), None, evolve(KOHIKEKKA, result="2")),
    ("the first ID", HIHOID, None, HIHOID),
    ("the same ID", HIHOID, evolve(HIHOID, update_kind="2", previous_prefectural_insured_id="P9"), None),
    ("another ID (I-3)", evolve(HIHOID, prefectural_insured_id="P2"), HIHOID,
     HihoidRow(A, "1", "M1", "P2", "2", "P1")),
    ("a month", KOHIKI, None, KOHIKI),
    ("a month again", KOHIKI, KOHIKI, None),
    ("a month vanishes", None, KOHIKI, evolve(KOHIKI, update_kind="3")),
    ("it had vanished", None, evolve(KOHIKI, update_kind="3"), None),
    ("it returns", KOHIKI, evolve(KOHIKI, update_kind="3"), KOHIKI),
]  # fmt: skip


@pytest.mark.parametrize(("current", "told", "due"), [c[1:] for c in TELLING], ids=[c[0] for c in TELLING])
def test_what_is_due(current: Row | None, told: Row | None, due: Row | None) -> None:
    """Rules: I-3, H-6, H-7, X-13, X-28, X-36."""
    assert what_to_tell(current, told) == due


@strategies.some
@given(strategies.drawn(lambda rng: rng.choices([each for each in rng.choice(list(VERSIONS.values())) if each], k=rng.randrange(1, 9))))
def test_many_rows_told_first_are_told_as_each_of_them(rows: list[Row]) -> None:
    """Rules: X-13, X-36. A column at a time, and as they are kept."""
    columns = list(zip(*map(kept_values, rows), strict=True))
    due = [row for row in rows if what_to_tell(row, None) is not None]
    told = what_to_tell_first(type(rows[0]), columns)
    assert list(zip(*told, strict=True)) == [kept_values(row) for row in due]
    assert all(what_to_tell(row, None) in (row, None) for row in rows)


# --- what ---


def test_qualification_rows_for_each_municipality() -> None:
    """Rules: Q-4, Q-5, X-10, X-12."""
    rows = [
        fact(A, "1", 1, acquired="2019-01-01", end="2024-05-01", end_reason="57"),
        fact(B, "5", 3, start="2024-05-01", reason="07", end="2024-06-01", end_reason="53", lost="2024-06-02", lost_reason="59"),
    ]
    judged = judge_person(rows, REGISTER, d("12-31"))
    ids = {addressee(A, "1"): MunicipalInsuredId("MA"), addressee(B, "5"): MunicipalInsuredId("MB")}
    found = qualification_rows(judged.qualifications, ids, PrefecturalInsuredId("P1"))
    assert found == {
        ReturnKey(f"{A}/1", "TOKUSO", A, "1"): TokusoRow(
            A, "1", "MA", "P1", d("2019-01-01"), "03", None, None, None, "1", d("2020-04-01"), d("05-01")
        ),
        ReturnKey(f"{B}/5", "TOKUSO", B, "3"): TokusoRow(
            B, "5", "MB", "P1", d("2019-01-01"), "03", d("06-02"), "59", A, "3", d("05-01"), d("06-01")
        ),
    }


def test_the_id_row() -> None:
    """Rules: Q-5, I-3."""
    key, row = insured_id_row(addressee(A, "1"), MunicipalInsuredId("M1"), PrefecturalInsuredId("P1"))
    assert key == ReturnKey(f"{A}/1", "HIHOID", A)
    assert row == HIHOID


def numbered(kind: FindingKind = FindingKind.OVERLAP, **more: Any) -> NumberedFinding:
    values: dict[str, Any] = {
        "number": "F1",
        "kind": kind,
        "sides": [FindingSide(addressee(A, "1"), "M1", True), FindingSide(addressee(B, "5"), None, False)],
        "from_insurer": A,
        "to_insurer": B,
        "period_start": d("05-01"),
        "period_end": d("05-03"),
        "days": 2,
        "is_open": True,
        "detected_on": d("06-01"),
        "is_protected": False,
    }
    return NumberedFinding(**{**values, **more})


def test_a_finding_is_told_to_both_sides() -> None:
    """Rules: P-4, Q-5."""
    assert finding_rows(numbered()) == {
        ReturnKey("F1", "KAKUNIN", A, "1"): KakuninRow(
            A, "F1", "1", "M1", "1", A, B, d("05-01"), d("05-03"), 2, "1", d("06-01")
        ),
        ReturnKey("F1", "KAKUNIN", B, "5"): KakuninRow(
            B, "F1", "1", None, "5", A, B, d("05-01"), d("05-03"), 2, "1", d("06-01")
        ),
    }
    assert {row.status for row in finding_rows(numbered(is_open=False)).values() if isinstance(row, KakuninRow)} == {"2"}


def test_where_a_protected_person_went_is_not_told_to_the_municipality_left() -> None:
    """Rules: Q-5, X-27."""
    left, entered = finding_rows(numbered(is_protected=True)).values()
    assert isinstance(left, KakuninRow)
    assert isinstance(entered, KakuninRow)
    assert (left.from_insurer, left.to_insurer) == (A, None)
    assert (entered.from_insurer, entered.to_insurer) == (A, B)
    inside = [FindingSide(addressee(A, "1"), None, True), FindingSide(addressee(A, "2"), None, False)]
    rows = finding_rows(numbered(FindingKind.IDENTITY, is_protected=True, sides=inside, to_insurer=A))
    assert [row.to_insurer for row in rows.values() if isinstance(row, KakuninRow)] == [A, A]


@pytest.mark.parametrize(
    ("kind", "code"),
    [(FindingKind.OVERLAP, "1"), (FindingKind.GAP, "2"), (FindingKind.IDENTITY, "3"), (FindingKind.ONE_SIDED, "4"), (FindingKind.UNMATCHED, "5")],
)  # fmt: skip
def test_codes_of_findings(kind: FindingKind, code: str) -> None:
    """Rules: Q-5."""
    assert {row.kind for row in finding_rows(numbered(kind)).values() if isinstance(row, KakuninRow)} == {code}


PAIR = HouseholdPair(key_of(A, "1"), key_of(B, "7"))


def candidate(**more: Any) -> Candidate:
    values: dict[str, Any] = {
        "number": "K1",
        "pair": PAIR,
        "moved_on": d("05-15"),
        "movers": (PrefecturalInsuredId("p1"), PrefecturalInsuredId("p2")),
        "head": None,
        "comparison": Comparison(Suggestion.NOT_CONTINUED, SuggestionReason.SPLIT, ()),
        "is_protected": False,
        "left_months": tuple(months("202403o", "202404", "202405")),
        "entered_months": tuple(months("202401", "202404")),
    }
    return Candidate(**{**values, **more})


def test_an_undecided_candidate_is_listed_and_nothing_more() -> None:
    """Rules: H-6."""
    assert candidate_rows(candidate(), "MH") == {
        ReturnKey("K1", "KEIKOHO", B): KeikohoRow(B, "K1", "7", A, "1", d("05-15"), "MH", 2, 2, "1", "2", "5")
    }


def decided(decision: Decision, **more: Any) -> dict[ReturnKey, Row]:
    return candidate_rows(candidate(decision=decision, decided_on=d("06-10"), **more), None)


def test_yes_carries_the_months() -> None:
    """Rules: H-6, X-19, X-20, X-36."""

    def carried(month: Month, kind: str) -> KohikiRow:
        return KohikiRow(B, "7", A, "1", month, kind, "1")

    assert decided(Decision.CONTINUED) == {
        ReturnKey("K1", "KEIKOHO", B): KeikohoRow(B, "K1", "7", A, "1", d("05-15"), None, 2, 2, "3", "2", "5"),
        ReturnKey("K1", "KEIKAKU", B): KeikakuRow(B, "K1", "7", A, "1", d("05-15"), "1", d("06-10"), 2),
        ReturnKey("K1", "KEIKAKU", A): KeikakuRow(B, "K1", "7", A, "1", d("05-15"), "1", d("06-10"), 2),
        ReturnKey("K1", "KOHIKEKKA", B): KohikekkaRow(B, "K1", "7", A, "1", "1", 2, 3),
        ReturnKey("K1", "KOHIKI", B, "202403/2"): carried(Month.of(2024, 3), "2"),
        ReturnKey("K1", "KOHIKI", B, "202404/1"): carried(Month.of(2024, 4), "1"),
        ReturnKey("K1", "KOHIKI", B, "202405/1"): carried(Month.of(2024, 5), "1"),
    }


RESULTS = [
    ("only outpatient months", Decision.CONTINUED, {"left_months": tuple(months("202403o"))}, "1", "2", 1, 0),
    ("no", Decision.NOT_CONTINUED, {}, "2", "3", 0, 0),
    ("revoked", Decision.REVOKED, {}, "3", "3", 0, 0),
    ("withdrawn after yes", Decision.CONTINUED, {"movers": ()}, "3", "3", 0, 0),
    ("withdrawn after no", Decision.NOT_CONTINUED, {"movers": ()}, "3", "3", 0, 0),
]


@pytest.mark.parametrize(
    ("decision", "fields", "told", "result", "listed", "count"), [c[1:] for c in RESULTS], ids=[c[0] for c in RESULTS]
)
def test_what_a_decision_leads_to(
    decision: Decision, fields: dict[str, Any], told: str, result: str, listed: int, count: int
) -> None:
    """Rules: H-6, X-28, X-36."""
    rows = decided(decision, **fields)
    for insurer in (A, B):
        plan = rows[ReturnKey("K1", "KEIKAKU", insurer)]
        assert isinstance(plan, KeikakuRow)
        assert (plan.decision, plan.carried_months) == (told, count)
    outcome = rows[ReturnKey("K1", "KOHIKEKKA", B)]
    assert isinstance(outcome, KohikekkaRow)
    assert (outcome.result, outcome.carried_months, outcome.occurrence_count) == (result, count, 2)
    assert sum(key.file_id == "KOHIKI" for key in rows) == listed


def test_a_protected_movers_new_place_is_left_out_for_the_municipality_left() -> None:
    """Rules: X-27."""
    rows = decided(Decision.CONTINUED, is_protected=True)
    left, entered = rows[ReturnKey("K1", "KEIKAKU", A)], rows[ReturnKey("K1", "KEIKAKU", B)]
    assert isinstance(left, KeikakuRow)
    assert isinstance(entered, KeikakuRow)
    assert (left.insurer_number, left.household_number, left.from_insurer) == (None, None, A)
    assert (entered.insurer_number, entered.household_number) == (B, "7")


def test_a_decision_without_its_day_is_not_told() -> None:
    """Rules: H-6."""
    assert len(candidate_rows(candidate(decision=Decision.CONTINUED), None)) == 1


def test_returned_files_and_their_keys() -> None:
    """Rules: Q-5, H-6."""
    assert RETURNED_FILES == (
        "TOKUSO", "HIHOID", "KAKUNIN", "KEIKOHO", "KEIKAKU", "KOHIKI", "KOHIKEKKA", "RIYOTO", "KAIJOKEKKA", "SHOKEKKA",
    )  # fmt: skip
    assert row_keys("HIHOID") == (
        "insurer_number", "addressee_number", "municipal_insured_id", "prefectural_insured_id", "update_kind",
        "previous_prefectural_insured_id",
    )  # fmt: skip
    assert isinstance(TOKUSO.application_start, date)
