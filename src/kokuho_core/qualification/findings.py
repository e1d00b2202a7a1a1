"""確認事項: overlap, gap, one-sided and unmatched moves of one person between municipalities (P-4 … P-6).

A finding is data, not an error: it is kept, listed to both municipalities and never silently repaired.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from kokuho_core.insured_person.application_period import ApplicationPeriod, PeriodKey
from kokuho_core.periods import gaps, overlapping_pairs
from kokuho_core.vocabulary.insurers import InsurerRegister

UNMATCHED_WAIT_DAYS: Final = 30
"""相手なしの待機日数: default of the setting N of P-6, in days of business date."""


class FindingKind(StrEnum):
    """確認区分."""

    OVERLAP = "overlap"
    GAP = "gap"
    IDENTITY = "identity"
    ONE_SIDED = "one_sided"
    UNMATCHED = "unmatched"


@frozen
class Finding:
    """確認事項. Identified by its kind and the pair of periods (P-5); the dates may move without making it another one.

    ``period_end`` is exclusive; None where the overlap is open or there is no end to tell. ``days`` likewise.
    """

    kind: FindingKind
    left: PeriodKey | None
    entered: PeriodKey | None
    period_start: date | None = field(eq=False)
    period_end: date | None = field(eq=False)
    days: int | None = field(eq=False)

    @property
    def identity(self) -> tuple[FindingKind, PeriodKey | None, PeriodKey | None]:
        return (self.kind, self.left, self.entered)

    def names(self, period: PeriodKey) -> bool:
        """Whether this finding is about ``period``."""
        return period in (self.left, self.entered)


@frozen
class Conflicts:
    """判定結果 of one person: his findings, and the next day on which time alone may add one (P-6)."""

    findings: tuple[Finding, ...]
    look_again_on: date | None


_NO_CONFLICTS: Final = Conflicts((), None)


def find_conflicts(
    periods: Sequence[ApplicationPeriod],
    register: InsurerRegister,
    as_of: date,
    wait_days: int = UNMATCHED_WAIT_DAYS,
) -> Conflicts:
    """All findings of one person on business date ``as_of``, from his application periods in all municipalities."""
    covered = [period for period in periods if not period.days.is_empty]
    if not covered or (len(covered) == 1 and not (covered[0].claims_entry or covered[0].claims_exit)):
        return _NO_CONFLICTS
    covered.sort(key=ApplicationPeriod.order)
    gap_findings = list(_gaps(covered, register))
    findings = [*_overlaps(covered, register), *gap_findings, *_one_sided(covered, register)]
    look_again: list[date] = []
    for moved_on, unmatched in _unmatched(covered, gap_findings, register):
        told_from = moved_on + timedelta(days=wait_days + 1)
        if as_of >= told_from:
            findings.append(unmatched)
        else:
            look_again.append(told_from)
    return Conflicts(tuple(findings), min(look_again, default=None))


def _overlaps(periods: Sequence[ApplicationPeriod], register: InsurerRegister) -> Iterator[Finding]:
    """P-5: all pairs of different municipalities that share a day, not only neighbours."""
    for i, j in overlapping_pairs([p.days for p in periods]):
        earlier, later = periods[i], periods[j]
        shared = earlier.days.intersection(later.days)
        if shared is not None and not register.is_one_municipality(earlier.insurer_number, later.insurer_number):
            yield Finding(FindingKind.OVERLAP, earlier.key, later.key, shared.start, shared.end_day, shared.days)


def _gaps(periods: Sequence[ApplicationPeriod], register: InsurerRegister) -> Iterator[Finding]:
    """X-8, P-6: maximal uncovered runs, for the pairs at their ends where either side claims an intra-prefecture move."""
    for gap in gaps([p.days for p in periods]):
        for before in (periods[i] for i in gap.before):
            for after in (periods[i] for i in gap.after):
                if register.is_one_municipality(before.insurer_number, after.insurer_number):
                    continue
                if before.claims_exit or after.claims_entry:
                    run = gap.days
                    yield Finding(FindingKind.GAP, before.key, after.key, run.start, run.end_day, run.days)


def _one_sided(periods: Sequence[ApplicationPeriod], register: InsurerRegister) -> Iterator[Finding]:
    """P-6, X-26: the periods touch, but only one side claims an intra-prefecture move."""
    for before in periods:
        for after in periods:
            if before.days.touches(after.days) and before.claims_exit != after.claims_entry:
                if register.is_one_municipality(before.insurer_number, after.insurer_number):
                    continue
                day = after.days.start
                yield Finding(FindingKind.ONE_SIDED, before.key, after.key, day, day, 0)


def _unmatched(
    periods: Sequence[ApplicationPeriod], gap_findings: Sequence[Finding], register: InsurerRegister
) -> Iterator[tuple[date, Finding]]:
    """P-6, X-26: claimed moves that nobody answers, each with its day; before the wait is over they are only expected."""
    left_in_gap = {finding.left for finding in gap_findings}
    entered_in_gap = {finding.entered for finding in gap_findings}
    for period in periods:
        end = period.days.end_day
        if end is not None and period.claims_exit and period.key not in left_in_gap:
            if not any(_answers_exit(period, other, end, register) for other in periods):
                yield end, Finding(FindingKind.UNMATCHED, period.key, None, end, None, None)
        if period.claims_entry and period.key not in entered_in_gap:
            if not any(_answers_entry(period, other, register) for other in periods):
                start = period.days.start
                yield start, Finding(FindingKind.UNMATCHED, None, period.key, start, None, None)


def _answers_exit(left: ApplicationPeriod, other: ApplicationPeriod, day: date, register: InsurerRegister) -> bool:
    if other.key == left.key:
        return False
    if register.is_one_municipality(left.insurer_number, other.insurer_number):
        return continues(left, other, register)
    return other.days.covers(day)


def _answers_entry(entered: ApplicationPeriod, other: ApplicationPeriod, register: InsurerRegister) -> bool:
    if other.key == entered.key:
        return False
    if register.is_one_municipality(entered.insurer_number, other.insurer_number):
        return continues(other, entered, register)
    return other.days.covers(entered.days.start) or other.days.touches(entered.days)


def continues(before: ApplicationPeriod, after: ApplicationPeriod, register: InsurerRegister) -> bool:
    """Whether two touching periods are one qualification (Q-4, X-30, X-31).

    Both sides claim an intra-prefecture move; or 58 → 08 inside one insurer (D-9); or the municipality merged (Q-10).
    """
    if not before.days.touches(after.days):
        return False
    if before.claims_exit and after.claims_entry:
        return True
    if before.insurer_number == after.insurer_number:
        return before.ends_for_residence_special and after.begins_for_residence_special
    return register.is_one_municipality(before.insurer_number, after.insurer_number)
