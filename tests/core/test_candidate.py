"""Candidates: what was decided and what it carries (H-6, H-7, X-15, X-18 … X-20, X-28, X-36)."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from kokuho_core.errors import RecordRefused
from kokuho_core.high_cost_history.history import HighCostHistory
from kokuho_core.household_continuity.candidate import Candidate, HouseholdPair, candidate_number
from kokuho_core.household_continuity.comparison import Comparison
from kokuho_core.household_continuity.judgement import CarriedIn, PairFacts, judge
from kokuho_core.household_continuity.residents import Residents
from kokuho_core.qualification.moves import find_moves
from kokuho_core.vocabulary.codes import CandidateStatus, Decision, Suggestion, SuggestionReason
from kokuho_core.vocabulary.identifiers import PrefecturalInsuredId
from kokuho_core.vocabulary.month import Month

from .builders import REGISTER, A, B, C, addressee, d, fact, head_row, high_cost, household, key_of, months, resident

PAIR = HouseholdPair(key_of(A, "1"), key_of(B, "7"))
PERSON = PrefecturalInsuredId("p1")
CLEAR = Comparison(Suggestion.CONTINUED, SuggestionReason.ADDRESS_ONLY, ())
UNCLEAR = Comparison(Suggestion.UNCLEAR, SuggestionReason.UNRESOLVED, ())
YES, NO, REVOKED = Decision.CONTINUED, Decision.NOT_CONTINUED, Decision.REVOKED


def candidate(**fields: Any) -> Candidate:
    values: dict[str, Any] = {
        "number": "K1",
        "pair": PAIR,
        "moved_on": d("05-15"),
        "movers": (PERSON,),
        "head": None,
        "comparison": CLEAR,
        "is_protected": False,
        "left_months": tuple(months("202305", "202306", "202404", "202405", "202403o")),
        "entered_months": tuple(months("202404", "202401")),
    }
    return Candidate(**{**values, **fields})


STATUS = [
    ("nothing decided", {}, CandidateStatus.WAITING, False),
    ("yes", {"decision": YES}, CandidateStatus.DECIDED, True),
    ("no", {"decision": NO}, CandidateStatus.DECIDED, False),
    ("revoked", {"decision": REVOKED}, CandidateStatus.WAITING, False),
    ("yes, then a finding: reopened, but not undone", {"decision": YES, "comparison": UNCLEAR}, CandidateStatus.WAITING, True),
    ("no is never reopened", {"decision": NO, "comparison": UNCLEAR}, CandidateStatus.DECIDED, False),
    ("unclear", {"comparison": UNCLEAR}, CandidateStatus.WAITING, False),
    ("withdrawn", {"movers": ()}, CandidateStatus.WITHDRAWN, False),
    ("withdrawn after yes", {"movers": (), "decision": YES}, CandidateStatus.WITHDRAWN, False),
    ("withdrawn after no", {"movers": (), "decision": NO}, CandidateStatus.WITHDRAWN, False),
]


@pytest.mark.parametrize(("fields", "status", "confirmed"), [c[1:] for c in STATUS], ids=[c[0] for c in STATUS])
def test_status(fields: dict[str, Any], status: CandidateStatus, confirmed: bool) -> None:
    """Rules: H-6, X-18, X-28."""
    each = candidate(**fields)
    assert (each.status, each.is_confirmed, each.is_withdrawn) == (status, confirmed, not each.movers)
    assert each.carried_months == (each.left_months if confirmed else ())
    assert each.carried_count == (3 if confirmed else 0)


def test_counts_as_of_the_month_of_the_move() -> None:
    """Rules: H-2, H-8, X-20, X-36: one month counts once, outpatient months never."""
    waiting = candidate()
    assert waiting.move_month == Month.of(2024, 5)
    assert (waiting.left_count, waiting.entered_count, waiting.carried_count) == (3, 2, 0)
    assert (candidate(decision=YES).left_count, candidate(decision=YES).entered_count) == (3, 4)


DECISIONS = [
    ("yes", {}, YES, None),
    ("no", {}, NO, None),
    ("nothing to revoke", {}, REVOKED, "KKH-H003"),
    ("revoked twice", {"decision": REVOKED}, REVOKED, "KKH-H003"),
    ("revoke yes", {"decision": YES}, REVOKED, None),
    ("revoke no", {"decision": NO}, REVOKED, None),
    ("revoke yes while unclear", {"decision": YES, "comparison": UNCLEAR}, REVOKED, None),
    ("no replaces yes", {"decision": YES}, NO, None),
    ("yes replaces no", {"decision": NO}, YES, None),
    ("yes while unclear", {"comparison": UNCLEAR}, YES, "KKH-H002"),
    ("no while unclear", {"comparison": UNCLEAR}, NO, None),
    ("yes after withdrawal", {"movers": ()}, YES, "KKH-H004"),
    ("no after withdrawal", {"movers": ()}, NO, "KKH-H004"),
    ("revoke after withdrawal", {"movers": (), "decision": YES}, REVOKED, "KKH-H004"),
]


@pytest.mark.parametrize(("fields", "decision", "code"), [c[1:] for c in DECISIONS], ids=[c[0] for c in DECISIONS])
def test_decisions(fields: dict[str, Any], decision: Decision, code: str | None) -> None:
    """Rules: H-6, X-18, X-28."""
    before = candidate(**fields)
    if code is None:
        after = before.decide(decision, d("06-10"))
        assert after == evolve(before, decision=decision, decided_on=d("06-10"))
        return
    with pytest.raises(RecordRefused) as refused:
        before.decide(decision, d("06-10"))
    (problem,) = refused.value.problems
    assert problem.code == code
    assert problem.field == ("candidate_number" if code == "KKH-H004" else "decision")


def test_a_candidate_that_returns_keeps_number_and_decision() -> None:
    """Rules: H-6, X-28."""
    gone = candidate(decision=YES, decided_on=d("06-10")).withdrawn()
    assert gone.is_withdrawn
    assert gone.movers == ()
    back = gone.judged_anew(
        d("05-16"), [PrefecturalInsuredId("p2"), PERSON], addressee(B, "1"), UNCLEAR, True, months("202404"), months("202403")
    )
    assert back == candidate(
        moved_on=d("05-16"), movers=("p1", "p2"), head=addressee(B, "1"), comparison=UNCLEAR, is_protected=True,
        left_months=tuple(months("202404")), entered_months=tuple(months("202403")), decision=YES, decided_on=d("06-10"),
    )  # fmt: skip
    assert candidate_number("13", 42) == "K130000000042"


def test_a_pair_not_judged_yet() -> None:
    """Rules: H-6."""
    new = Candidate.unjudged("K1", PAIR, d("05-15"))
    assert new == candidate(movers=(), comparison=UNCLEAR, left_months=(), entered_months=())
    assert new.is_withdrawn
    assert (new.decision, new.decided_on, new.is_protected) == (None, None, False)


# --- judging one pair ---


def pair_facts(**more: Any) -> PairFacts:
    rows = [
        fact(A, "1", 1, start="2020-01-01", reason="01", end="2024-05-15", end_reason="57"),
        fact(B, "1", 1, start="2024-05-15", reason="07", household="7"),
    ]
    who = resident("p1", rows, protected=more.pop("protected", False))
    residents = Residents(
        [who],
        {
            PAIR.left: household(head_row(A, "1", "1", "2020-01-01", "2024-05-15")),
            PAIR.entered: household(head_row(B, "7", "1", "2024-05-15")),
        },
    )
    values: dict[str, Any] = {
        "movers": {PERSON: find_moves(who.periods, REGISTER)},
        "has_open_finding": False,
        "residents": residents,
        "histories": {
            PAIR.left: HighCostHistory((high_cost(Month.of(2024, 3)), high_cost(Month.of(2023, 5)))),
            PAIR.entered: HighCostHistory((high_cost(Month.of(2024, 5)), high_cost(Month.of(2023, 6)), high_cost(Month.of(2024, 6)))),
        },
        "carried_in": {},
    }
    return PairFacts(**{**values, **more})


def test_what_the_facts_say() -> None:
    """Rules: H-4, H-6, X-15, X-19."""
    before = candidate(movers=(), moved_on=d("01-01"), left_months=(), entered_months=())
    now = judge(before, pair_facts())
    assert now == candidate(
        head=addressee(B, "1"), comparison=Comparison(Suggestion.CONTINUED, SuggestionReason.ADDRESS_ONLY, ("H-4", "X-16")),
        left_months=tuple(months("202403")), entered_months=tuple(months("202306", "202405")),
    )  # fmt: skip
    assert judge(before, pair_facts(protected=True)).is_protected
    assert judge(before, pair_facts(has_open_finding=True)).comparison.suggestion is Suggestion.UNCLEAR
    assert judge(now, pair_facts(movers={})) == now.withdrawn()
    assert judge(before, pair_facts(histories={})).left_months == ()


def carried(number: str, day: str, *texts: str) -> CarriedIn:
    return CarriedIn(number, d(day), tuple(months(*texts)))


def test_what_was_carried_in_goes_on() -> None:
    """Rules: H-7, X-19: what came before the move, but nothing that came with it or later, and not its own."""
    into_left = [carried("K7", "05-14", "202402"), carried("K8", "05-15", "202401"), carried("K9", "05-16", "202312")]
    into_entered = [carried("K7", "05-15", "202402"), carried("K1", "05-10", "202401"), carried("K9", "05-16", "202312")]
    now = judge(candidate(), pair_facts(carried_in={PAIR.left: into_left, PAIR.entered: into_entered}))
    assert now.left_months == tuple(months("202402", "202403"))
    assert now.entered_months == tuple(months("202306", "202402", "202405"))


def test_what_was_carried_into_a_closed_segment_stays_there() -> None:
    """Rules: X-19, X-21, X-29."""
    rows = [
        fact(A, "1", 1, start="2020-01-01", reason="01", end="2024-05-15", end_reason="57"),
        fact(B, "1", 1, start="2024-05-15", reason="07", household="7"),
    ]
    gone = [
        fact(A, "2", 1, start="2020-01-01", reason="01", end="2024-03-10", end_reason="57"),
        fact(C, "2", 1, start="2024-03-10", reason="07", household="9"),
    ]
    residents = Residents(
        [resident("p1", rows), resident("p2", gone)],
        {
            PAIR.left: household(
                head_row(A, "1", "2", "2020-01-01", "2024-03-10"), head_row(A, "1", "1", "2024-03-10", history=2)
            )
        },
    )
    own = HighCostHistory((high_cost(Month.of(2024, 3)), high_cost(Month.of(2024, 4))))
    into_left = [carried("K7", "03-09", "202312"), carried("K8", "03-10", "202401")]
    facts = pair_facts(residents=residents, histories={PAIR.left: own}, carried_in={PAIR.left: into_left})
    assert judge(candidate(), facts).left_months == tuple(months("202401", "202404"))
    assert judge(candidate(), facts).head is None


def test_the_earliest_entry_is_the_day_of_the_move() -> None:
    """Rules: X-15, X-35."""
    facts = pair_facts()
    (move,) = facts.movers[PERSON]
    later = evolve(move, moved_on=d("05-20"))
    two = evolve(facts, movers={PERSON: [later, move]})
    assert judge(candidate(moved_on=d("01-01")), two).moved_on == d("05-15")
