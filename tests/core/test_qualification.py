"""Findings, derived qualifications and moves of one person, compared with the model (P-4 … P-6, Q-4, H-6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given

from kokuho_core.conformance.reference import qualification as model
from kokuho_core.insured_person.application_period import ApplicationPeriod, PeriodKey
from kokuho_core.qualification.derivation import Qualification, derive_qualifications
from kokuho_core.qualification.findings import (
    UNMATCHED_WAIT_DAYS,
    Finding,
    FindingKind,
    continues,
    find_conflicts,
)
from kokuho_core.qualification.judgement import is_protected, judge_person, plain_qualification, prefectural_periods
from kokuho_core.qualification.moves import find_moves
from kokuho_core.vocabulary.codes import QualificationStatus

from . import strategies
from .builders import MERGED, REGISTER, A, B, C, D, addressee, d, fact, insurer_number, one, period
from .strategies import History

UNKNOWN = insurer_number(1)

cases = strategies.drawn(strategies.histories)


def dated_histories(rng: Random) -> tuple[History, Any, int]:
    as_of, wait = strategies.business_dates(rng)
    return strategies.histories(rng), as_of, wait


def modelled(history: History) -> list[model.P]:
    return [
        model.P(
            stay.insurer, key, stay.start, stay.end, stay.reason, stay.end_reason,
            stay.acquired, stay.acquired_reason, stay.lost, stay.lost_reason,
        )
        for key, stay in history.stays
    ]  # fmt: skip


def ref(key: PeriodKey | None) -> model.Ref | None:
    return None if key is None else (key.addressee.insurer_number, key.history_number)


def plain(findings: Iterable[Finding]) -> list[tuple[Any, ...]]:
    return [(f.kind.value, ref(f.left), ref(f.entered), f.period_start, f.period_end, f.days) for f in findings]


def for_all(make: Callable[[Random], Any], count: int, check: Callable[..., None]) -> None:
    """Check seeded histories, and say which one failed."""
    for seed, case in strategies.seeded(make, count):
        try:
            check(*case) if make is dated_histories else check(case)
        except Exception as error:
            raise AssertionError(seed, case) from error


# --- findings ---


def check_findings(history: History, as_of: Any, wait: int) -> None:
    periods, stays = prefectural_periods(history.rows), modelled(history)
    conflicts = find_conflicts(periods, REGISTER, as_of, wait)
    found = plain(conflicts.findings)
    assert len(found) == len(set(found))
    assert set(found) == {tuple(finding) for finding in model.findings(stays, as_of, wait, one)}
    identities = [finding.identity for finding in conflicts.findings]
    assert len(set(identities)) == len(identities)
    # On which day time alone adds one (P-6):
    horizon = strategies.FIRST_DAY + timedelta(days=strategies.SPAN + wait + 30)
    later = [as_of + timedelta(days=n) for n in range(1, (horizon - as_of).days + 1)]
    now = model.findings(stays, as_of, wait, one)
    assert model.findings(stays, horizon, wait, one) >= now
    if conflicts.look_again_on is None:
        assert model.findings(stays, horizon, wait, one) == now
    else:
        assert conflicts.look_again_on in later
        assert model.findings(stays, conflicts.look_again_on - timedelta(days=1), wait, one) == now
        assert model.findings(stays, conflicts.look_again_on, wait, one) > now


def test_findings_as_modelled() -> None:
    """Rules: P-2 … P-6, Q-9, X-8, X-26, X-30, X-31."""
    for_all(dated_histories, 10_000, check_findings)


@strategies.some
@given(strategies.drawn(dated_histories))
def test_findings_shrinking(case: tuple[History, Any, int]) -> None:
    """Rules: P-2 … P-6, Q-9, X-8, X-26, X-30, X-31."""
    check_findings(*case)


# --- derivation ---


def check_derivation(history: History) -> None:
    periods = prefectural_periods(history.rows)
    findings = find_conflicts(periods, REGISTER, strategies.FIRST_DAY, UNMATCHED_WAIT_DAYS).findings
    found = derive_qualifications(periods, findings, REGISTER)
    rows = {
        ref(q.key): (q.acquired, q.acquired_reason, q.lost, q.lost_reason, q.carried_from, q.status.value) for q in found
    }
    assert len(rows) == len(found)
    assert rows == {key: tuple(row) for key, row in model.tokuso(modelled(history), one).items()}
    assert found == sorted(found, key=lambda q: q.period.order())


def test_qualifications_as_modelled() -> None:
    """Rules: Q-4, Q-9, X-9 … X-12, X-30, X-31, X-37."""
    for_all(strategies.histories, 10_000, check_derivation)


@strategies.some
@given(cases)
def test_qualifications_shrinking(history: History) -> None:
    """Rules: Q-4, Q-9, X-9 … X-12, X-30, X-31, X-37."""
    check_derivation(history)


def test_histories_are_of_every_kind() -> None:
    """The generator: every finding and every status occurs often enough to mean something."""
    seen: Counter[str] = Counter()
    for number in range(1_000):
        history, as_of, wait = dated_histories(Random(f"dated_histories/{number}"))
        stays = modelled(history)
        seen.update(finding.kind for finding in model.findings(stays, as_of, wait, one))
        for row in model.tokuso(stays, one).values():
            seen.update([f"status {row.status}", "carried" if row.carried_from else "not carried"])
    assert min(seen.values()) >= 50
    assert len(seen) == 10


# --- invariants ---


@strategies.some
@given(strategies.drawn(dated_histories), strategies.randoms)
def test_the_order_of_rows_does_not_matter(case: tuple[History, Any, int], rng: Random) -> None:
    """Rules: Q-3, X-7."""
    history, as_of, wait = case
    shuffled = list(history.rows)
    rng.shuffle(shuffled)
    judged = judge_person(history.rows, REGISTER, as_of, wait)
    assert judge_person(shuffled, REGISTER, as_of, wait) == judged
    assert judged.findings == find_conflicts(judged.periods, REGISTER, as_of, wait).findings
    assert judged.look_again_on == find_conflicts(judged.periods, REGISTER, as_of, wait).look_again_on
    assert judged.is_protected is is_protected(history.rows)
    assert judge_person([evolve(row, address_withheld="1") for row in history.rows], REGISTER, as_of, wait).is_protected is (
        history.rows != []
    )
    assert judged.moves == tuple(find_moves(judged.periods, REGISTER))
    assert judged.qualifications == tuple(derive_qualifications(judged.periods, judged.findings, REGISTER))


def check_plain(case: tuple[History, Any, int]) -> None:
    history, as_of, wait = case
    for row in history.rows:
        judged = judge_person([row], REGISTER, as_of, wait)
        found = plain_qualification(row, REGISTER)
        if found is None:
            assert judged.findings or judged.look_again_on or not judged.qualifications or row_claims(judged)
        else:
            assert judged.qualifications == (found,)
            assert not (judged.findings or judged.look_again_on or judged.moves)


def row_claims(judged: Any) -> bool:
    return any(each.claims_entry or each.claims_exit for each in judged.periods)


def test_the_short_way_finds_what_the_long_one_finds() -> None:
    """Rules: Q-3, Q-4. Somebody with one row alone, from the rows of all histories."""
    for_all(dated_histories, 2_000, lambda *case: check_plain(case))


@strategies.some
@given(cases)
def test_everybody_with_a_claimed_conflict_free_move_goes_on(history: History) -> None:
    """Rules: Q-4, X-10: whoever continues has the acquisition date of the one he continues."""
    periods = prefectural_periods(history.rows)
    judged = {q.key: q for q in judge_person(history.rows, REGISTER, strategies.FIRST_DAY).qualifications}
    live = [p for p in periods if not p.days.is_empty]
    for before in live:
        for after in live:
            if continues(before, after, REGISTER) and judged[after.key].status is not QualificationStatus.HELD:
                assert judged[after.key].acquired == judged[before.key].acquired
                assert judged[before.key].lost is None


# --- by hand ---


def test_the_dates_of_a_finding_are_no_part_of_its_identity() -> None:
    """Rules: P-5."""
    left, entered = PeriodKey(addressee(A, "1"), 1), PeriodKey(addressee(B, "1"), 1)
    first = Finding(FindingKind.GAP, left, entered, d("05-01"), d("05-03"), 2)
    assert first == evolve(first, period_end=d("05-09"), days=8)
    assert first.identity == (FindingKind.GAP, left, entered)
    assert first.names(left)
    assert first.names(entered)
    assert not first.names(PeriodKey(addressee(C, "1"), 1))


def test_unmatched_after_the_wait_and_not_before() -> None:
    """Rules: P-6, X-26."""
    left = period(A, end="2024-05-01", end_reason="57")
    on_time = find_conflicts([left], REGISTER, d("05-31"))
    assert (on_time.findings, on_time.look_again_on) == ((), d("06-01"))
    (late,) = find_conflicts([left], REGISTER, d("06-01")).findings
    assert plain([late]) == [("unmatched", (A, 1), None, d("05-01"), None, None)]
    assert find_conflicts([left], REGISTER, d("06-01")).look_again_on is None
    two = [left, period(B, start="2021-05-09", reason="07", end="2021-06-01", end_reason="53")]
    assert find_conflicts(two, REGISTER, d("2021-05-20")).look_again_on == d("06-01")


def test_nothing_is_reported_inside_one_municipality() -> None:
    """Rules: P-3, P-4, X-31: predecessor and successor are one, even where their periods overlap or leave days open."""
    over = [period(C, end="2024-06-01", end_reason="59"), period(MERGED, start="2024-05-01", reason="99")]
    assert find_conflicts(over, REGISTER, d("12-31")).findings == ()
    apart = [period(C, end="2024-05-01", end_reason="57"), period(MERGED, start="2024-05-09", reason="07")]
    assert {f.kind.value for f in find_conflicts(apart, REGISTER, d("12-31")).findings} == {"unmatched"}
    again = [period(A, end="2024-05-01", end_reason="57"), period(A, history=2, start="2024-05-01", reason="03")]
    (left,) = find_conflicts(again, REGISTER, d("12-31")).findings
    assert plain([left]) == [("unmatched", (A, 1), None, d("05-01"), None, None)]


def test_all_pairs_at_both_ends_are_reported() -> None:
    """Rules: P-5, X-8: one pair that is no finding hides no other."""
    left = period(C, end="2024-05-01", end_reason="57")
    entered = [
        period(C, history=2, start="2024-05-09", reason="03", end="2024-05-10", end_reason="53"),
        period(D, start="2024-05-09", reason="07"),
    ]
    for order in (entered, entered[::-1]):
        found = plain(find_conflicts([left, *order], REGISTER, d("12-31")).findings)
        assert ("gap", (C, 1), (D, 1), d("05-01"), d("05-09"), 8) in found
    at_once = [
        period(C, history=2, start="2024-05-01", reason="03", end="2024-05-10", end_reason="53"),
        period(D, start="2024-05-01", reason="01"),
    ]
    for order in (at_once, at_once[::-1]):
        found = plain(find_conflicts([left, *order], REGISTER, d("12-31")).findings)
        assert ("one_sided", (C, 1), (D, 1), d("05-01"), d("05-01"), 0) in found


def test_insurers_that_are_not_listed_are_just_themselves() -> None:
    """Rules: X-31."""
    pair = [period(A, end="2024-05-01", end_reason="57"), period(UNKNOWN, start="2024-05-01", reason="07")]
    assert find_conflicts(pair, REGISTER, d("12-31")).findings == ()


CONTINUES = [
    ("both claim", (A, "57"), (B, "07"), True),
    ("only the exit", (A, "57"), (B, "01"), False),
    ("only the entry", (A, "51"), (B, "07"), False),
    ("58 then 08 in one insurer", (A, "58"), (A, "08"), True),
    ("58 then 08 in two", (A, "58"), (B, "08"), False),
    ("58 then 03", (A, "58"), (A, "03"), False),
    ("53 then 08", (A, "53"), (A, "08"), False),
    ("57 then 07 in one insurer", (A, "57"), (A, "07"), True),
    ("a merger, whatever the reasons", (C, "99"), (MERGED, "99"), True),
]


@pytest.mark.parametrize(("left", "entered", "expected"), [c[1:] for c in CONTINUES], ids=[c[0] for c in CONTINUES])
def test_what_continues(left: tuple[str, str], entered: tuple[str, str], expected: bool) -> None:
    """Rules: Q-4, D-9, X-31."""
    end_reason = "59" if left[1] == "99" else left[1]
    before = period(left[0], end="2024-05-01", end_reason=end_reason)
    after = period(entered[0], history=2, start="2024-05-01", reason=entered[1])
    assert continues(before, after, REGISTER) is expected
    later = period(entered[0], history=2, start="2024-05-02", reason=entered[1])
    assert not continues(before, later, REGISTER)


def qualifications(*periods: ApplicationPeriod) -> list[Qualification]:
    findings = find_conflicts(periods, REGISTER, d("12-31")).findings
    return derive_qualifications(periods, findings, REGISTER)


def test_rules_that_led_to_a_qualification() -> None:
    """Rules: Q-4, Q-9, X-9 … X-11, X-37."""
    first, then = qualifications(
        period(A, acquired="2019-01-01", end="2024-05-01", end_reason="57"), period(B, start="2024-05-01", reason="07")
    )
    assert first.rules == ("Q-4", "X-10", "Q-9")
    assert then.rules == ("Q-4", "X-10", "Q-9")
    assert (then.acquired, then.acquired_reason, then.carried_from) == (d("2019-01-01"), "03", A)
    first, then = qualifications(
        period(A, end="2024-05-01", end_reason="58"),
        period(A, history=2, start="2024-05-01", reason="08", end="2024-06-01", end_reason="53"),
    )
    assert first.rules == ("Q-4", "X-10")
    assert then.rules == ("Q-4", "X-10", "X-37", "X-11")
    assert (then.status, then.carried_from, then.lost, then.lost_reason) == ("3", None, d("06-01"), "53")
    (alone,) = qualifications(period(A, end="2024-05-01", end_reason="57"))
    assert (alone.rules, alone.status, alone.lost) == (("Q-4", "X-10", "X-11"), QualificationStatus.NEW, None)
    held = qualifications(period(A), period(B, start="2024-05-01", reason="07"))
    assert {(q.rules, q.status, q.acquired, q.acquired_reason) for q in held} == {
        (("Q-4", "X-9"), QualificationStatus.HELD, None, None)
    }
    assert {(q.lost, q.lost_reason, q.carried_from) for q in held} == {(None, None, None)}


def test_an_open_period_is_not_lost_whatever_the_qualification_says() -> None:
    """Rules: Q-4: the end of the application decides."""
    (row,) = qualifications(period(A, lost="2024-05-01", lost_reason="53"))
    assert (row.status, row.lost, row.lost_reason) == (QualificationStatus.NEW, None, None)


def test_protection_follows_the_newest_row() -> None:
    """Rules: X-27."""
    older = fact(A, address_withheld="1", updated_at=datetime(2024, 5, 1))
    newer = fact(B, address_withheld="0", updated_at=datetime(2024, 5, 2))
    assert not is_protected([])
    assert is_protected([older])
    assert not is_protected([older, newer])
    assert is_protected([older, evolve(newer, updated_at=datetime(2024, 4, 30))])
    same_time = [fact(A, history=1), fact(A, history=2, address_withheld="1"), fact(A, history=3)]
    assert not is_protected(same_time)
    assert is_protected(same_time[:2])


# --- moves ---


def test_households_of_a_move() -> None:
    """Rules: H-6, X-15, X-32."""
    left = period(A, household="3", end="2024-05-01", end_reason="57")
    entered = period(B, household="7", start="2024-05-01", reason="07")
    (move,) = find_moves([left, entered], REGISTER)
    assert (move.left, move.entered, move.moved_on) == (left.key, entered.key, d("05-01"))
    assert (move.from_household.household_number, move.to_household.household_number) == ("3", "7")


MOVES = [
    ("a gap", ("2024-04-01", "57"), ("2024-05-01", "07"), True),
    ("an overlap", (None, None), ("2024-05-01", "07"), True),
    ("one-sided", ("2024-05-01", "57"), ("2024-05-01", "01"), True),
    ("nobody claims", ("2024-05-01", "51"), ("2024-05-01", "01"), False),
    ("a gap that nobody claims", ("2024-04-01", "51"), ("2024-05-01", "01"), False),
]


@pytest.mark.parametrize(("left", "entered", "expected"), [c[1:] for c in MOVES], ids=[c[0] for c in MOVES])
def test_what_is_a_move(left: tuple[Any, Any], entered: tuple[str, str], expected: bool) -> None:
    """Rules: H-6, X-15, X-26, X-30."""
    periods = [period(A, end=left[0], end_reason=left[1]), period(B, start=entered[0], reason=entered[1])]
    assert len(find_moves(periods, REGISTER)) == expected


def test_no_move_between_one_municipality_or_out_of_no_household() -> None:
    """Rules: X-31, X-32."""
    merger = [period(C, end="2024-05-01", end_reason="57"), period(MERGED, start="2024-05-01", reason="07")]
    assert find_moves(merger, REGISTER) == []
    end = {"end": "2024-05-01", "end_reason": "57"}
    entered = period(B, start="2024-05-01", reason="07")
    assert find_moves([period(A, member_end="2024-04-30", **end), entered], REGISTER) == []
    assert find_moves([period(A, **end), period(B, start="2024-05-01", reason="07", member_start="2024-05-02")], REGISTER) == []
    assert len(find_moves([period(A, member_start="2024-04-30", **end), entered], REGISTER)) == 1
    assert find_moves([entered], REGISTER) == []


def test_a_pair_that_is_none_hides_no_later_one() -> None:
    """Rules: H-6, X-30, X-31: the merger and the end that nobody claims come first, the move after them counts."""
    merger = [period(C, end="2023-05-01", end_reason="57"), period(MERGED, start="2023-05-01", reason="07", end="2024-01-01",
                                                                   end_reason="51")]  # fmt: skip
    unclaimed = period(A, start="2024-02-01", reason="01", end="2024-05-01", end_reason="57")
    (move,) = find_moves([*merger, unclaimed, period(B, start="2024-05-01", reason="07")], REGISTER)
    assert (move.left.addressee.insurer_number, move.moved_on) == (A, d("05-01"))


def test_the_household_left_is_that_of_the_last_day_there() -> None:
    """Rules: X-15, X-32."""
    left = period(A, member_end="2024-04-10", end="2024-04-10", end_reason="57")
    (gap,) = find_moves([left, period(B, start="2024-05-01", reason="07")], REGISTER)
    assert gap.from_household.household_number == "1"
    left = period(A, member_start="2024-04-09", end="2024-04-10", end_reason="57")
    assert len(find_moves([left, period(B, start="2024-05-01", reason="07")], REGISTER)) == 1
    (overlap,) = find_moves([period(A, member_end="2024-05-01"), period(B, start="2024-05-01", reason="07")], REGISTER)
    assert overlap.from_household.insurer_number == A
    assert find_moves([period(A, member_end="2024-04-30"), period(B, start="2024-05-01", reason="07")], REGISTER) == []
    (same_day,) = find_moves([period(A, start="2024-05-01", end="2024-06-01", end_reason="57"),
                              period(D, start="2024-05-01", reason="07")], REGISTER)  # fmt: skip
    assert same_day.moved_on == d("05-01")
