"""重複・空白: what several ranges cover together (P-5, X-8). The input need not be sorted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from attrs import frozen

from kokuho_core.periods.day_range import OPEN, DayRange, End


@frozen
class Gap:
    """空白: a maximal run of days that no range covers, between two that do (X-8).

    ``before`` are the positions of the ranges that end where it begins, ``after`` of those that start where it ends.
    """

    days: DayRange
    before: tuple[int, ...]
    after: tuple[int, ...]


def overlapping_pairs(ranges: Sequence[DayRange]) -> list[tuple[int, int]]:
    """All pairs of positions whose ranges share a day, the earlier range (P-5 order) first.

    Sweeps the sorted ranges against those still running, so only true pairs cost time. Equal ranges keep input order.
    """
    order = sorted((i for i, r in enumerate(ranges) if not r.is_empty), key=lambda i: ranges[i].sort_key())
    pairs: list[tuple[int, int]] = []
    running: list[int] = []
    for position in order:
        start = ranges[position].start
        running = [other for other in running if not ranges[other].ends_before(start)]
        pairs.extend((other, position) for other in running)
        running.append(position)
    return pairs


def gaps(ranges: Sequence[DayRange]) -> list[Gap]:
    """All maximal runs of uncovered days between the non-empty ranges, in order of time."""
    order = sorted((i for i, r in enumerate(ranges) if not r.is_empty), key=lambda i: ranges[i].start)
    found: list[Gap] = []
    reach: End | None = None
    for position in order:
        start = ranges[position].start
        if reach is not None and reach is not OPEN and reach < start:
            found.append(_gap(ranges, order, reach, start))
        if reach is None or (reach is not OPEN and not ranges[position].ends_before(reach)):
            reach = ranges[position].end
    return found


def _gap(ranges: Sequence[DayRange], order: Sequence[int], begin: date, end: date) -> Gap:
    return Gap(
        DayRange(begin, end),
        before=tuple(i for i in order if ranges[i].end == begin),
        after=tuple(i for i in order if ranges[i].start == end),
    )
