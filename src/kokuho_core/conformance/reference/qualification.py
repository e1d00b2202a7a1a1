"""Findings and qualification of ONE person over all municipalities, day by day (P, Q).

Input: the live application periods of the person. Nothing here is clever: days are sets, chains are
walked link by link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from kokuho_core.conformance.reference.periods import days_of, gaps, horizon

CONTINUATION_FROM = date(2018, 4, 1)
"""Q-9, X-30: before this day a claim of an intra-prefecture move counts as none."""

NEW, CONTINUED, LOST, HELD = "1", "2", "3", "9"
"""``status`` of TOKUSO: 新規, 継続, 喪失, 保留."""

Ref = tuple[str, int]
One = Callable[[str, str], bool]


class P(NamedTuple):
    """One live application period; inside one insurer they never overlap (P-3)."""

    insurer: str
    key: int
    start: date
    end: date | None
    start_reason: str
    end_reason: str | None
    acquired: date | None = None
    acquired_reason: str | None = None
    lost: date | None = None
    lost_reason: str | None = None

    @property
    def ref(self) -> Ref:
        """What names the period."""
        return (self.insurer, self.key)

    @property
    def empty(self) -> bool:
        """Start == end: covers no day, takes no part in the checks (P-2)."""
        return self.start == self.end


class Finding(NamedTuple):
    """One finding about a pair of periods (P-5, P-6, X-8, X-26); comparable with a bare tuple."""

    kind: str
    from_: Ref | None
    to: Ref | None
    period_start: date
    period_end: date | None
    days: int | None


class Row(NamedTuple):
    """One TOKUSO row (Q-4, X-9 to X-12, X-37); comparable with a bare tuple."""

    acquired: date | None
    acquired_reason: str | None
    lost: date | None
    lost_reason: str | None
    carried_from: str | None
    status: str


def same_number(a: str, b: str) -> bool:
    """The plain case of X-31: one municipality is one insurer number."""
    return a == b


def in_order(periods: Iterable[P]) -> list[P]:
    """Non-empty periods by start, then end (open last), then insurer number (P-2, P-5)."""
    live = [p for p in periods if not p.empty]
    return sorted(live, key=lambda p: (p.start, p.end is None, p.end or date.max, p.insurer, p.key))


def claims_out(p: P) -> bool:
    """It ended for 県内転出 57, on or after 2018-04-01 (P-6, X-30)."""
    return p.end_reason == "57" and p.end is not None and p.end >= CONTINUATION_FROM


def claims_in(p: P) -> bool:
    """It began for 県内転入 07, on or after 2018-04-01 (P-6, X-30)."""
    return p.start_reason == "07" and p.start >= CONTINUATION_FROM


def continues(a: P, b: P, one: One = same_number) -> bool:
    """B continues A's qualification: they touch, and (Q-4, Q-9, X-30, X-31) one of

    both claim an intra-prefecture move (in two municipalities, or out and in again on one day in one);
    58 and then 08 inside one municipality; a predecessor and its successor, whatever the reasons.
    """
    if a is b or a.empty or b.empty or a.end is None or a.end != b.start:
        return False
    if claims_out(a) and claims_in(b):
        return True
    if a.insurer == b.insurer:
        return a.end_reason == "58" and b.start_reason == "08"
    return one(a.insurer, b.insurer)


def overlap_findings(periods: Iterable[P], one: One = same_number) -> set[Finding]:
    """Every pair of different municipalities with a common day, whenever it was (P-4, P-5, X-30, X-31)."""
    live = in_order(periods)
    if not live:
        return set()
    _, until = horizon([(p.start, p.end) for p in live])
    found: set[Finding] = set()
    for i, a in enumerate(live):
        for b in live[i + 1 :]:
            if one(a.insurer, b.insurer):
                continue
            common = days_of((a.start, a.end), until) & days_of((b.start, b.end), until)
            if not common:
                continue
            if a.end is None and b.end is None:
                found.add(Finding("overlap", a.ref, b.ref, b.start, None, None))
            else:
                end = min(e for e in (a.end, b.end) if e is not None)
                found.add(Finding("overlap", a.ref, b.ref, min(common), end, len(common)))
    return found


def gap_findings(periods: Iterable[P], one: One = same_number) -> set[Finding]:
    """Runs of days nobody covers, for the pairs at the two ends, if either claims a move (P-6, X-8, X-30)."""
    live = in_order(periods)
    found: set[Finding] = set()
    for gap in gaps([(p.start, p.end) for p in live]):
        for i in gap.ends_here:
            for j in gap.starts_here:
                a, b = live[i], live[j]
                if one(a.insurer, b.insurer) or not (claims_out(a) or claims_in(b)):
                    continue
                days = (gap.first_covered_again - gap.first_uncovered).days
                found.add(
                    Finding("gap", a.ref, b.ref, gap.first_uncovered, gap.first_covered_again, days)
                )
    return found


def one_sided_findings(periods: Iterable[P], one: One = same_number) -> set[Finding]:
    """Two municipalities touch, and exactly one side claims an intra-prefecture move (P-6, X-26, X-30)."""
    live = in_order(periods)
    return {
        Finding("one_sided", a.ref, b.ref, b.start, b.start, 0)
        for a in live
        for b in live
        if a.end is not None
        and a.end == b.start
        and not one(a.insurer, b.insurer)
        and claims_out(a) != claims_in(b)
    }


def unmatched_findings(
    periods: Iterable[P], as_of: date, wait_days: int = 30, one: One = same_number
) -> set[Finding]:
    """A claim that nobody answers, more than ``wait_days`` after the day of the move (P-6, X-26, X-30).

    Answered is: continued; touched by another municipality's period; another municipality's period
    covers the day of the move; or a gap finding already names the pair.
    """
    live = in_order(periods)
    if not live:
        return set()
    _, until = horizon([(p.start, p.end) for p in live])
    gap_list = gap_findings(live, one)
    found: set[Finding] = set()
    for p in live:
        others = [q for q in live if q is not p and not one(p.insurer, q.insurer)]
        if claims_out(p) and p.end is not None and (as_of - p.end).days > wait_days:
            answered = (
                any(continues(p, q, one) for q in live)
                or any(p.end in days_of((q.start, q.end), until) for q in others)
                or any(f.from_ == p.ref for f in gap_list)
            )
            if not answered:
                found.add(Finding("unmatched", p.ref, None, p.end, None, None))
        if claims_in(p) and (as_of - p.start).days > wait_days:
            answered = (
                any(continues(q, p, one) for q in live)
                or any(p.start in days_of((q.start, q.end), until) for q in others)
                or any(q.end == p.start for q in others)
                or any(f.to == p.ref for f in gap_list)
            )
            if not answered:
                found.add(Finding("unmatched", None, p.ref, p.start, None, None))
    return found


def findings(
    periods: Iterable[P], as_of: date, wait_days: int = 30, one: One = same_number
) -> set[Finding]:
    """All findings of the person (P-4 to P-6, X-8, X-26, X-30, X-31)."""
    live = list(periods)
    return (
        overlap_findings(live, one)
        | gap_findings(live, one)
        | one_sided_findings(live, one)
        | unmatched_findings(live, as_of, wait_days, one)
    )


def held_periods(periods: Iterable[P], one: One = same_number) -> set[Ref]:
    """Periods of an overlap or one-sided touch and all that (later) continues them (Q-4, X-9)."""
    live = in_order(periods)
    held: set[Ref] = set()
    for finding in overlap_findings(live, one) | one_sided_findings(live, one):
        held |= {ref for ref in (finding.from_, finding.to) if ref is not None}
    grown = True
    while grown:
        grown = False
        for a in live:
            for b in live:
                if a.ref in held and b.ref not in held and continues(a, b, one):
                    held.add(b.ref)
                    grown = True
    return held


def tokuso(periods: Iterable[P], one: One = same_number) -> dict[Ref, Row]:
    """The returned row of every non-empty period (Q-4, Q-9, X-9 to X-12, X-30, X-31, X-37)."""
    live = in_order(periods)
    held = held_periods(live, one)
    rows: dict[Ref, Row] = {}
    for p in live:
        if p.ref in held:
            rows[p.ref] = Row(None, None, None, None, None, HELD)
            continue
        first = p
        carried_from: str | None = None
        while True:
            before = [a for a in live if continues(a, first, one)]
            if not before:
                break
            first = before[-1]
            if carried_from is None and not one(first.insurer, p.insurer):
                carried_from = first.insurer
        goes_on = any(continues(p, b, one) for b in live)
        lost: date | None = None
        lost_reason: str | None = None
        if not goes_on and not claims_out(p):
            if p.end is not None:  # the end of the application decides, whatever ``lost`` says
                lost = p.lost or p.end
                lost_reason = p.lost_reason or p.end_reason
        rows[p.ref] = Row(
            first.acquired or first.start,
            (first.acquired and first.acquired_reason) or first.start_reason,
            lost,
            lost_reason,
            carried_from,
            LOST if lost is not None else NEW if first is p else CONTINUED,
        )
    return rows
