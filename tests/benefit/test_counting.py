"""多数回該当: the window against brute force, carry-over that changes the result, and the KOGAKU record of a month."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokuho_adapters.benefit.json_input import parse_requests
from kokuho_adapters.benefit.kogaku import write_kogaku
from kokuho_adapters.files import LayoutBook, OpenFormatFile
from kokuho_core.benefit.law_tables import month_of
from kokuho_core.benefit.occurrences import Occurrence, PaymentKind, counted_months, records_of
from kokuho_core.errors import InvalidValue
from kokuho_core.high_cost_history.history import HighCostFact, HighCostHistory, HighCostMonth
from kokuho_core.household_continuity.candidate import Candidate, HouseholdPair
from kokuho_core.household_continuity.comparison import Comparison
from kokuho_core.usecases import check as checking
from kokuho_core.usecases.benefit import KnownMonths, settle_months
from kokuho_core.usecases.office import Settings
from kokuho_core.vocabulary.codes import Decision, OccurrenceKind, Suggestion, SuggestionReason
from kokuho_core.vocabulary.identifiers import HouseholdKey, HouseholdNumber, InsurerNumber, PrefecturalInsuredId
from kokuho_core.vocabulary.month import Month

from .households import LAW, household, receipt

_NOW = datetime(2026, 11, 21, 9, 0, 0)
KEY = HouseholdKey(InsurerNumber("130013"), HouseholdNumber("1001"))
some_months = st.lists(
    st.tuples(st.integers(2017 * 12, 2020 * 12), st.sampled_from("12")).map(lambda m: HighCostMonth(Month(m[0]), m[1])),
    max_size=20,
)


@given(some_months, some_months, st.integers(2018 * 12, 2020 * 12).map(Month), st.integers(0, 14))
def test_the_window_agrees_with_brute_force(
    own: list[HighCostMonth], carried: list[HighCostMonth], month: Month, ago: int
) -> None:
    """Rules: H-2, H-3: one calendar month after the other is looked at, as a clerk would on paper."""
    moved_in = month.plus(-ago)
    found = counted_months(own, carried, month, moved_in)
    expected = []
    for back in range(11, 0, -1):
        at = month.plus(-back)
        here = any(each.month == at and each.kind == "1" for each in own)
        brought = any(
            each.month == at and each.kind == "1" and at >= Month.of(2018, 4)
            and any(at == moved_in.plus(-before) for before in range(12))
            for each in carried
        )  # fmt: skip
        if here or brought:
            expected.append(at)
    assert list(found.counted) == expected
    assert found.is_multiple == (len(expected) >= 3)


HOSPITAL = receipt(points=100_000)


def history(*months: str, insurer: str = "130013", cancelled: str = "") -> HighCostHistory:
    """The aggregate of the months a municipality sent, with a cancellation after them."""
    sent = [(month, "1") for month in months] + ([(cancelled, "3")] if cancelled else [])
    made = HighCostHistory()
    for line, (month, update) in enumerate(sent, 2):
        made = made.receive(
            HighCostFact(1, line, InsurerNumber(insurer), HouseholdNumber("1"), month_of(month), "1", update, 10_000)
        )
    return made


def test_months_carried_over_by_continuity_change_the_result() -> None:
    """Rules: H-1 … H-3: the fourth month costs 44,400 yen with them, 87,430 without."""
    before = history("2025-01", "2025-02", "2025-03", insurer="130021").months()
    case = household("2025-05", HOSPITAL, under="ウ")
    [alone] = settle_months([case], KnownMonths(), LAW)
    [together] = settle_months([case], KnownMonths(carried=tuple(before), moved_in=month_of("2025-04")), LAW)
    assert (alone.settlement.patient_total, together.settlement.patient_total) == (87_430, 44_400)
    corrected = history("2025-01", "2025-02", "2025-03", insurer="130021", cancelled="2025-02").months()
    [less] = settle_months([case], KnownMonths(carried=tuple(corrected)), LAW)
    assert less.settlement.patient_total == 87_430


@pytest.mark.parametrize(
    ("decision", "to_pay"),
    [(None, 87_430), (Decision.CONTINUED, 44_400), (Decision.NOT_CONTINUED, 87_430), (Decision.REVOKED, 87_430)],
)
def test_only_a_confirmed_candidate_carries_months_over(decision: Decision | None, to_pay: int) -> None:
    """Rules: H-3, H-6: from the aggregate of months and the candidate that entered the household, to what is to be paid."""
    left = HouseholdKey(InsurerNumber("130021"), HouseholdNumber("1"))
    comparison = Comparison(Suggestion.CONTINUED, SuggestionReason.ADDRESS_ONLY, ("H-4",))
    candidate = Candidate(
        "K130000000001", HouseholdPair(left, KEY), date(2025, 4, 10), (PrefecturalInsuredId("P1"),), None, comparison, False,
        tuple(history("2025-01", "2025-02", "2025-04", insurer="130021").months()), (), decision, date(2025, 4, 20),
    )  # fmt: skip
    known = KnownMonths.of(history("2025-04"), [candidate])
    [found] = settle_months([household("2025-05", HOSPITAL, under="ウ")], known, LAW)
    assert found.settlement.patient_total == to_pay
    assert len(found.counted.counted) == (3 if to_pay == 44_400 else 1), "the month of the move counts once"


def test_months_before_2018_04_are_never_carried_over() -> None:
    """Rules: H-3."""
    months = tuple(history("2018-02", "2018-03", "2018-04").months())
    case = household("2018-06", HOSPITAL, under="ウ")
    [carried] = settle_months([case], KnownMonths(carried=months), LAW)
    [own] = settle_months([case], KnownMonths(own=months), LAW)
    assert (carried.counted.is_multiple, own.counted.is_multiple) == (False, True)


def test_a_month_settled_counts_for_the_next_and_one_settled_anew_is_not_counted_twice() -> None:
    """Rules: H-2."""
    names = ["2025-01", "2025-02", "2025-03", "2025-04"]
    cases = [household(month, HOSPITAL, under="ウ") for month in names]
    for given_months in (cases, list(reversed(cases))):
        found = settle_months(given_months, KnownMonths(own=tuple(history("2025-02").months())), LAW)
        assert [each.settlement.patient_total for each in found] == [87_430, 87_430, 87_430, 44_400]
    with pytest.raises(InvalidValue, match="KKH-T005"):
        settle_months([cases[0], cases[0]], KnownMonths(), LAW)


def test_outpatient_months_do_not_count() -> None:
    """Rules: H-2."""
    cases = [
        household(f"2025-{month:02d}", receipt("父", points=15_000, share=20), elder="父", over="一般")
        for month in range(1, 6)
    ]
    found = settle_months(cases, KnownMonths(), LAW)
    assert {each.occurrence.kind for each in found if each.occurrence} == {OccurrenceKind.OUTPATIENT}
    assert not any(each.counted.is_multiple for each in found)


def entering(moved_on: str, *months: str) -> Candidate:
    """A confirmed candidate that brings ``months`` into the household on ``moved_on``."""
    left = HouseholdKey(InsurerNumber("130021"), HouseholdNumber("1"))
    comparison = Comparison(Suggestion.CONTINUED, SuggestionReason.ADDRESS_ONLY, ("H-4",))
    return Candidate(
        "K130000000001", HouseholdPair(left, KEY), date.fromisoformat(moved_on), (PrefecturalInsuredId("P1"),), None, comparison,
        False, tuple(history(*months, insurer="130021").months()), (), Decision.CONTINUED, date(2025, 4, 20),
    )  # fmt: skip


def counted(known: KnownMonths, month: str) -> list[str]:
    return [str(each) for each in known.counted(month_of(month)).counted]


def test_what_lies_in_another_counting_segment_does_not_count() -> None:
    """Rules: X-21, X-29: own months and those brought in, each by the segment of its day."""
    entered = [entering("2025-04-10", "2025-01", "2025-02"), entering("2025-08-20", "2025-06")]
    known = KnownMonths.of(history("2025-03", "2025-05", "2025-07"), entered, [date(2025, 4, 10), date(2025, 8, 20)])
    assert counted(known, "2025-04") == ["202503"]
    assert counted(known, "2025-06") == ["202501", "202502", "202505"]
    assert counted(known, "2025-08") == ["202501", "202502", "202505", "202507"]
    assert counted(known, "2025-09") == ["202506"]
    whole = KnownMonths.of(history("2025-03", "2025-05"), entered)
    assert counted(whole, "2025-03") == [], "nothing is brought in before its move"
    assert counted(whole, "2025-04") == ["202501", "202502", "202503"]
    assert counted(whole, "2025-09") == ["202501", "202502", "202503", "202505", "202506"]
    assert [each.candidate_number for each in whole.entered] == ["K130000000001"] * 2


def test_months_settled_anew_are_those_that_count_from_then_on() -> None:
    """Rules: H-2: wherever they were known from; nothing paid now, nothing counted."""
    nothing = [household(f"2025-0{n}", under="ウ") for n in (1, 2, 3)]
    last = household("2025-04", HOSPITAL, under="ウ")
    for known in (
        KnownMonths(own=tuple(history("2025-01", "2025-02", "2025-03").months())),
        KnownMonths(carried=tuple(history("2025-01", "2025-02", "2025-03").months())),
        KnownMonths.of(HighCostHistory(), [entering("2025-01-10", "2025-01", "2025-02", "2025-03")]),
    ):
        assert settle_months([last], known, LAW)[0].settlement.patient_total == 44_400
        assert settle_months([*nothing, last], known, LAW)[-1].settlement.patient_total == 87_430


def test_the_month_of_the_move_bounds_what_is_carried() -> None:
    """Rules: H-3, X-19: twelve months that end with it."""
    carried = tuple(history("2024-06", "2024-08", "2025-01").months())
    assert counted(KnownMonths(carried=carried, moved_in=month_of("2025-01")), "2025-02") == ["202406", "202408", "202501"]
    assert counted(KnownMonths(carried=carried, moved_in=month_of("2024-07")), "2025-02") == ["202406"]


def test_two_months_in_any_order() -> None:
    known = KnownMonths(own=tuple(history("2024-11", "2024-12").months()))
    cases = [household(month, HOSPITAL, under="ウ") for month in ("2025-02", "2025-01")]
    assert [each.settlement.patient_total for each in settle_months(cases, known, LAW)] == [87_430, 44_400]


def test_a_month_may_be_told_to_be_the_fourth() -> None:
    """Rules: H-2: only that one."""
    cases = [household(month, HOSPITAL, under="ウ") for month in ("2025-01", "2025-02")]
    found = settle_months(cases, KnownMonths(), LAW, judged={Month.of(2025, 1): True})
    assert [(each.counted.is_multiple, each.settlement.patient_total) for each in found] == [(True, 44_400), (False, 87_430)]
    known = KnownMonths(own=tuple(history("2024-10", "2024-11", "2024-12").months()))
    [never] = settle_months(cases[:1], known, LAW, judged={Month.of(2025, 1): False})
    assert never.settlement.patient_total == 87_430


# --- KOGAKU ---


def occurrence(kind: OccurrenceKind = OccurrenceKind.HOUSEHOLD, amount: int = 5_000) -> Occurrence:
    return Occurrence(Month.of(2026, 8), kind, PaymentKind.REFUND, amount)


@pytest.mark.parametrize(
    ("sent", "now", "expected"),
    [
        (None, None, []),
        (None, OccurrenceKind.HOUSEHOLD, [("1", "1", 5_000)]),
        (OccurrenceKind.HOUSEHOLD, OccurrenceKind.HOUSEHOLD, [("2", "1", 5_000)]),
        (OccurrenceKind.HOUSEHOLD, None, [("3", "1", 0)]),
        (OccurrenceKind.HOUSEHOLD, OccurrenceKind.OUTPATIENT, [("3", "1", 0), ("1", "2", 5_000)]),
    ],
)
def test_what_was_sent_before_is_corrected_or_cancelled(
    sent: OccurrenceKind | None, now: OccurrenceKind | None, expected: list[tuple[str, str, int]]
) -> None:
    """Rules: H-1, X-4."""
    stands = None if now is None else occurrence(now)
    found = records_of(KEY, Month.of(2026, 8), stands, _NOW, sent, date(2026, 11, 1))
    assert [(each.update_kind, each.occurrence_kind, each.paid_amount) for each in found] == expected
    assert all((each.paid_on is None) == (each.update_kind == "3") for each in found)


def test_the_file_passes_the_check_of_the_aggregation(tmp_path: Path) -> None:
    """Rules: H-1, X-1, X-2: what is written is what ``check`` accepts."""
    text = """{"insurer_number": "130013", "household_number": "1001", "months": [
      {"month": "2026-08", "income_class_under70": "ウ", "sent": "household",
       "persons": [{"name": "夫", "age_group": "under70"}],
       "receipts": [{"person": "夫", "setting": "inpatient", "points": 100000, "copay_rate": 0.3}]},
      {"month": "2026-09", "income_class_70plus": "一般", "paid_on": "2026-12-25",
       "persons": [{"name": "母", "birth_date": "1954-03-03"}],
       "receipts": [{"person": "母", "setting": "outpatient", "points": 20000, "copay_rate": 0.2}]}]}"""
    [request] = parse_requests(text)
    months = settle_months([each.case for each in request.months], request.known, LAW)  # type: ignore[union-attr]
    [name] = write_kogaku(tmp_path, [(request, months)], 7, _NOW)  # type: ignore[list-item]
    rows = list(csv.reader((tmp_path / name).read_text("utf-8").splitlines()))
    assert name == "KOGAKU_130013_20261121090000_0007.csv"
    assert rows[1:-1] == [
        ["2", "130013", "1001", "202608", "2", "1", "2", "", "207060", "20261121090000"],
        ["2", "130013", "1001", "202609", "1", "2", "2", "20261225", "18000", "20261121090000"],
    ]
    answer = checking.check(OpenFormatFile.from_path(tmp_path / name, LayoutBook.shipped()), Settings())
    assert (answer.counts.accepted, answer.errors) == (2, ())
    nameless = parse_requests(text.replace('"insurer_number": "130013", ', ""))
    with pytest.raises(InvalidValue, match="KKH-T026"):
        write_kogaku(tmp_path, [(nameless[0], months)], 1, _NOW)  # type: ignore[list-item]
