"""期間: one half-open range of whole days (P-1, P-2)."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Final

from attrs import frozen

from kokuho_core.errors import InvalidValue, Problem


class OpenEnd(Enum):
    """終了なし: an open end is a value of its own, never a sentinel date (P-1)."""

    OPEN = "open"


OPEN: Final = OpenEnd.OPEN
End = date | OpenEnd


@frozen
class DayRange:
    """期間 ``[start, end)``: ``end`` is the first day no longer covered (P-1).

    ``start == end`` is a same-day 得喪: it covers no day but stays in the history (P-2).
    Raises :class:`InvalidValue` (KKH-P002) when reversed.
    """

    start: date
    end: End = OPEN

    def __attrs_post_init__(self) -> None:
        if self.end is not OPEN and self.end < self.start:
            raise InvalidValue(Problem("KKH-P002"))

    @classmethod
    def of(cls, start: date, end: date | None) -> DayRange:
        """From a record, where an empty end means open."""
        return cls(start, OPEN if end is None else end)

    @property
    def end_day(self) -> date | None:
        """The end as a record writes it: None when open."""
        return None if self.end is OPEN else self.end

    @property
    def is_empty(self) -> bool:
        """同日得喪: covers no day (P-2)."""
        return self.end is not OPEN and self.end <= self.start

    def covers(self, day: date) -> bool:
        return self.start <= day and (self.end is OPEN or day < self.end)

    def ends_before(self, day: date) -> bool:
        """Whether ``day`` lies at or after the end."""
        return self.end is not OPEN and self.end <= day

    def touches(self, later: DayRange) -> bool:
        """Whether this ends on the very day ``later`` starts: the normal move (P-5)."""
        return self.end is not OPEN and self.end == later.start

    def intersection(self, other: DayRange) -> DayRange | None:
        """The days both cover, or None."""
        if self.is_empty or other.is_empty:
            return None
        start = max(self.start, other.start)
        end = earlier_end(self.end, other.end)
        if end is not OPEN and end <= start:
            return None
        return DayRange(start, end)

    def until_the_later(self, other: DayRange) -> DayRange:
        """From the start of this one to the later end of both."""
        if self.end is OPEN or other.end is OPEN:
            return DayRange(self.start)
        return DayRange(self.start, max(self.end, other.end))

    @property
    def days(self) -> int | None:
        """Number of days, None when open."""
        return None if self.end is OPEN else (self.end - self.start).days

    def sort_key(self) -> tuple[date, bool, date]:
        """Order of P-5: start, then end, open last."""
        return (self.start, self.end is OPEN, self.start if self.end is OPEN else self.end)


def earlier_end(one: End, other: End) -> End:
    """The earlier of two ends; an open end is later than any day."""
    if one is OPEN:
        return other
    if other is OPEN:
        return one
    return min(one, other)
