"""Periods as plain sets of days (P-1, P-2, P-5, X-8)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

ONE_DAY = timedelta(days=1)

Range = tuple[date, date | None]


class Gap(NamedTuple):
    """A maximal run of uncovered days between covered days, with the periods at its two ends."""

    first_uncovered: date
    first_covered_again: date
    ends_here: frozenset[int]
    starts_here: frozenset[int]


def days_between(start: date, end: date) -> Iterator[date]:
    """The days of the half-open period ``[start, end)``, one after the other (P-1)."""
    day = start
    while day < end:
        yield day
        day += ONE_DAY


def horizon(ranges: Sequence[Range]) -> tuple[date, date]:
    """A first day and an exclusive last day wide enough to tell all ranges apart.

    Two days beyond the last date that occurs: an open period (P-1) covers at least one day after every
    date, so that it is seen to overlap whatever else is open.
    """
    known = [day for start, end in ranges for day in (start, end) if day is not None]
    return min(known), max(known) + 2 * ONE_DAY


def days_of(period: Range, until: date) -> set[date]:
    """The days a period covers before ``until``. Reversed: invalid; start == end: none (P-1, P-2)."""
    start, end = period
    if end is not None and end < start:
        raise ValueError(f"reversed period (P-2): {start}..{end}")
    return set(days_between(start, until if end is None else end))


def overlaps(ranges: Sequence[Range]) -> set[tuple[int, int]]:
    """All pairs ``(i, j)``, ``i < j``, of ranges with a common day, not only neighbours (P-5).

    Empty ranges have no day and take no part (P-2).
    """
    if not ranges:
        return set()
    _, until = horizon(ranges)
    covered = [days_of(period, until) for period in ranges]
    return {
        (i, j)
        for i in range(len(ranges))
        for j in range(i + 1, len(ranges))
        if covered[i] & covered[j]
    }


def gaps(ranges: Sequence[Range]) -> list[Gap]:
    """The maximal runs of days that nobody covers between covered days, in order (P-5, X-8).

    ``ends_here``: the non-empty ranges whose first day no longer covered begins the run;
    ``starts_here``: those that begin where it ends. Empty ranges take no part (P-2).
    """
    if not ranges:
        return []
    first, until = horizon(ranges)
    covered = [days_of(period, until) for period in ranges]
    anybody: set[date] = set().union(*covered)
    found: list[Gap] = []
    run: list[date] = []
    seen_covered = False
    for day in days_between(first, until):
        if day not in anybody:
            if seen_covered:
                run.append(day)
            continue
        if run:
            found.append(
                Gap(
                    run[0],
                    day,
                    frozenset(i for i, p in enumerate(ranges) if covered[i] and p[1] == run[0]),
                    frozenset(i for i, p in enumerate(ranges) if covered[i] and p[0] == day),
                )
            )
            run = []
        seen_covered = True
    return found
