"""継続候補世帯: the aggregate of one pair (household left, household entered) and what was decided about it (H-6)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from attrs import evolve, frozen

from kokuho_core.errors import Problem, RecordRefused
from kokuho_core.high_cost_history.history import HighCostMonth, occurrence_count
from kokuho_core.household_continuity.comparison import Comparison
from kokuho_core.vocabulary.codes import CandidateStatus, Decision, Suggestion, SuggestionReason
from kokuho_core.vocabulary.identifiers import Addressee, HouseholdKey, PrefecturalInsuredId
from kokuho_core.vocabulary.month import Month


@frozen(order=True)
class HouseholdPair:
    """転出元世帯と転入先世帯."""

    left: HouseholdKey
    entered: HouseholdKey


@frozen
class Candidate:
    """継続候補世帯, as judged by the last resolve.

    ``left_months`` are the months the household left would carry over (X-19), ``entered_months`` those the household
    entered has itself. ``movers`` is empty when the facts vanished (取下げ).
    """

    number: str
    pair: HouseholdPair
    moved_on: date
    movers: tuple[PrefecturalInsuredId, ...]
    head: Addressee | None
    comparison: Comparison
    is_protected: bool
    left_months: tuple[HighCostMonth, ...]
    entered_months: tuple[HighCostMonth, ...]
    decision: Decision | None = None
    decided_on: date | None = None

    @classmethod
    def unjudged(cls, number: str, pair: HouseholdPair, moved_on: date) -> Candidate:
        """A pair that has not been judged yet; it counts as withdrawn until movers are found."""
        unknown = Comparison(Suggestion.UNCLEAR, SuggestionReason.UNRESOLVED, ())
        return cls(number, pair, moved_on, (), None, unknown, False, (), ())

    @property
    def is_withdrawn(self) -> bool:
        """取下げ: the facts it rested on are gone (H-6)."""
        return not self.movers

    @property
    def is_confirmed(self) -> bool:
        """確定: the counts go on. A later finding reopens it for review but does not undo it (X-18)."""
        return self.decision == Decision.CONTINUED and not self.is_withdrawn

    @property
    def status(self) -> CandidateStatus:
        """状態 (X-28)."""
        if self.is_withdrawn:
            return CandidateStatus.WITHDRAWN
        if self.decision == Decision.NOT_CONTINUED:
            return CandidateStatus.DECIDED
        if self.decision == Decision.CONTINUED and self.comparison.suggestion != Suggestion.UNCLEAR:
            return CandidateStatus.DECIDED
        return CandidateStatus.WAITING

    @property
    def move_month(self) -> Month:
        return Month.containing(self.moved_on)

    @property
    def carried_months(self) -> tuple[HighCostMonth, ...]:
        """引継月: what is carried over, nothing unless confirmed (H-6)."""
        return self.left_months if self.is_confirmed else ()

    @property
    def left_count(self) -> int:
        """直近12月該当回数 of the household left at the month of the move (X-20)."""
        return occurrence_count(self.left_months, self.move_month)

    @property
    def carried_count(self) -> int:
        """引継月数: carried months of kind 1 (X-20)."""
        return occurrence_count(self.carried_months, self.move_month)

    @property
    def entered_count(self) -> int:
        """直近12月該当回数 of the household entered, with what is carried over; one month counts once (H-2, H-8, X-36)."""
        return occurrence_count({*self.entered_months, *self.carried_months}, self.move_month)

    def decide(self, decision: Decision, decided_on: date) -> Candidate:
        """確定指示: a later decision replaces an earlier one (X-18).

        Raises :class:`RecordRefused`: KKH-H002 «yes» while unclear, KKH-H003 nothing to revoke, KKH-H004 withdrawn.
        """
        if self.is_withdrawn:
            raise RecordRefused(Problem("KKH-H004", field="candidate_number"))
        if decision == Decision.CONTINUED and self.comparison.suggestion == Suggestion.UNCLEAR:
            raise RecordRefused(Problem("KKH-H002", field="decision"))
        if decision == Decision.REVOKED and self.decision in (None, Decision.REVOKED):
            raise RecordRefused(Problem("KKH-H003", field="decision"))
        return evolve(self, decision=decision, decided_on=decided_on)

    def judged_anew(
        self,
        moved_on: date,
        movers: Iterable[PrefecturalInsuredId],
        head: Addressee | None,
        comparison: Comparison,
        is_protected: bool,
        left_months: Iterable[HighCostMonth],
        entered_months: Iterable[HighCostMonth],
    ) -> Candidate:
        """With what the facts say now; number and decision stay, so a candidate that returns keeps its decision (X-28)."""
        return evolve(
            self,
            moved_on=moved_on,
            movers=tuple(sorted(movers)),
            head=head,
            comparison=comparison,
            is_protected=is_protected,
            left_months=tuple(left_months),
            entered_months=tuple(entered_months),
        )

    def withdrawn(self) -> Candidate:
        """取下げ."""
        return evolve(self, movers=())


def candidate_number(prefecture: str, serial: int) -> str:
    """候補番号: ``K``, prefecture, ten digits."""
    return f"K{prefecture}{serial:010d}"
