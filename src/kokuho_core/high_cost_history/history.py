"""高額該当の履歴: facts per household and month of treatment, and the twelve-month count (H-1 … H-3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from attrs import fields, frozen

from kokuho_core.errors import Problem, RecordRefused
from kokuho_core.reception.lifecycle import Standing, receive_in_order, refusal_of, standing_after
from kokuho_core.vocabulary.codes import OccurrenceKind, UpdateKind
from kokuho_core.vocabulary.identifiers import HouseholdKey, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.month import Month
from kokuho_core.vocabulary.reasons import INTRA_PREFECTURE_SINCE

MONTHS_BEFORE_MULTIPLE: Final = 3
"""三月以上: with so many counted months before it, a month is the fourth or later (H-2; 国保法施行令29条の3)."""
WINDOW_MONTHS: Final = 12
"""直近12月: the month itself and the eleven before it (H-2; 国保法施行令29条の3)."""
CARRIED_SINCE: Final = Month.containing(INTRA_PREFECTURE_SINCE)
"""Counts carry over for treatment months from 2018-04 on (H-3)."""


@frozen(order=True)
class HighCostMonth:
    """高額該当月: one month of treatment and its kind (世帯 or 外来のみ)."""

    month: Month
    kind: str


@frozen
class HighCostFact:
    """高額該当情報の事実: one received KOGAKU record. ``paid_amount`` in yen, 0 counts too (X-20)."""

    file_no: int
    line: int
    insurer_number: InsurerNumber
    household_number: HouseholdNumber
    treatment_month: Month
    occurrence_kind: str
    update_kind: str
    paid_amount: int

    @property
    def key(self) -> HouseholdKey:
        return HouseholdKey(self.insurer_number, self.household_number)

    @property
    def high_cost_month(self) -> HighCostMonth:
        return HighCostMonth(self.treatment_month, self.occurrence_kind)


HIGH_COST_FACT_KEYS: Final = tuple(attribute.name for attribute in fields(HighCostFact))
"""Attribute names of :class:`HighCostFact`, in order."""


@frozen
class HighCostHistory:
    """高額該当の履歴 of one household number: all messages in received order."""

    messages: tuple[HighCostFact, ...] = ()

    def receive(self, fact: HighCostFact) -> HighCostHistory:
        """With one more message; a cancelled month may be sent anew (X-4). Raises :class:`RecordRefused`."""
        code = refusal_of(fact.update_kind, self._standing(fact), may_return=True)
        if code is not None:
            raise RecordRefused(Problem(code, fact.line, "treatment_month"))
        return HighCostHistory((*self.messages, fact))

    def _standing(self, fact: HighCostFact) -> Standing:
        month, kind = fact.treatment_month, fact.occurrence_kind
        for message in reversed(self.messages):
            if message.occurrence_kind == kind and message.treatment_month == month:
                return standing_after(message.update_kind)
        return Standing.NEVER_SENT

    def months(self) -> list[HighCostMonth]:
        """The months that stand, in order."""
        live: set[HighCostMonth] = set()
        for message in self.messages:
            if message.update_kind == UpdateKind.CANCELLATION:
                live.discard(message.high_cost_month)
            else:
                live.add(message.high_cost_month)
        return sorted(live)


def histories_of(facts: Iterable[HighCostFact]) -> dict[HouseholdKey, HighCostHistory]:
    """高額該当の履歴 from their messages in received order."""
    messages: dict[HouseholdKey, list[HighCostFact]] = {}
    for fact in facts:
        messages.setdefault(fact.key, []).append(fact)
    return {key: HighCostHistory(tuple(each)) for key, each in messages.items()}


def judge_file(known: Iterable[HighCostFact], sent: Sequence[HighCostFact]) -> dict[int, Problem]:
    """Refusals, by line, of one household's months in one file, each judged in the order of the file (X-4)."""
    return receive_in_order(HighCostHistory(tuple(known)), sent)[1]


def first_in_window(last: Month) -> Month:
    """直近12月の最初の月: the first of the twelve months that end with ``last`` (H-2)."""
    return last.plus(1 - WINDOW_MONTHS)


def within_window(months: Iterable[HighCostMonth], last: Month) -> list[HighCostMonth]:
    """Those within the twelve months that end with ``last``, each once (H-2, X-19)."""
    first = first_in_window(last)
    return sorted({month for month in months if first <= month.month <= last})


def occurrence_count(months: Iterable[HighCostMonth], last: Month) -> int:
    """直近12月該当回数: household months in the twelve months that end with ``last``; outpatient-only ones never count (H-2)."""
    return sum(1 for month in within_window(months, last) if month.kind == OccurrenceKind.HOUSEHOLD)


def is_multiple_occurrence(months: Iterable[HighCostMonth], month: Month) -> bool:
    """多数回該当: whether ``month`` is the fourth or later, i.e. three or more counted months lie before it (H-2)."""
    return occurrence_count((each for each in months if each.month < month), month) >= MONTHS_BEFORE_MULTIPLE


def carried_over(months: Iterable[HighCostMonth], moved_in: Month) -> list[HighCostMonth]:
    """引継対象: months of both kinds that a move in ``moved_in`` carries over (H-3, X-19)."""
    return [month for month in within_window(months, moved_in) if month.month >= CARRIED_SINCE]
