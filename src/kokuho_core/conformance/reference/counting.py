"""Multiple occurrences 多数回該当, month by month (H-1, H-2)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

Month = tuple[int, int]


def month_before(month: Month) -> Month:
    """The calendar month before this one."""
    year, number = month
    return (year - 1, 12) if number == 1 else (year, number - 1)


def window(end_month: Month) -> list[Month]:
    """The twelve months that end with ``end_month``, earliest first (H-2)."""
    months = [end_month]
    while len(months) < 12:
        months.append(month_before(months[-1]))
    months.reverse()
    return months


def months_in_window(months: AbstractSet[Month], end_month: Month) -> list[Month]:
    """Those of ``months`` within the twelve months ending with ``end_month`` (H-2, X-19).

    One month counts once, however many payments it had: a set is given.
    """
    return [month for month in window(end_month) if month in months]


def occurrence_number(months: AbstractSet[Month], month: Month) -> int:
    """Which occurrence ``month`` is within the 12 months that end with it; 0 if it is none (H-2).

    ``months`` are the months with a payment that counts (kind 1, X-20; not cancelled, H-1).
    """
    if month not in months:
        return 0
    earlier = [m for m in months_in_window(months, month) if m != month]
    return len(earlier) + 1


def is_multiple(months: AbstractSet[Month], month: Month) -> bool:
    """Three or more *earlier* months within the window: a payment in ``month`` is the 4th or later (H-2).

    Whether ``month`` itself has a payment (already) plays no part.
    """
    return len([m for m in months_in_window(months, month) if m != month]) >= 3
