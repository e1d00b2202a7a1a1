"""営業日: the days on which municipal offices work, computed from the law, for the years from 2018 on.

Closed are Saturdays, Sundays, national holidays (国民の祝日に関する法律, its special cases of 2019 to 2021 included) and the turn
of the year, 29 December to 3 January (地方自治法4条の2, and the municipalities' by-laws after it).
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Final

_MONDAY, _SATURDAY, _SUNDAY = 0, 5, 6
_FIXED: Final = ((1, 1), (2, 11), (4, 29), (5, 3), (5, 4), (5, 5), (8, 11), (11, 3), (11, 23))
_MONDAYS: Final = ((1, 2), (7, 3), (9, 3), (10, 2))
"""成人の日, 海の日, 敬老の日, スポーツの日: month, and which Monday of it (3条, ハッピーマンデー)."""
_MOVED: Final = {
    # 平成三十二年東京オリンピック・パラリンピック特別措置法: 海の日, 山の日, スポーツの日
    2020: {(7, 23), (7, 24), (8, 10)},
    2021: {(7, 22), (7, 23), (8, 8)},
}
_REPLACED: Final = {2020: {"sea", "sports", "mountain"}, 2021: {"sea", "sports", "mountain"}}
_ENTHRONEMENT: Final = frozenset({date(2019, 5, 1), date(2019, 10, 22)})
"""天皇の即位の日及び即位礼正殿の儀の行われる日を休日とする法律."""


def is_business_day(day: date) -> bool:
    """開庁日 (営業日)."""
    turn_of_year = (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)
    return not (day.weekday() >= _SATURDAY or turn_of_year or day in holidays_of(day.year))


def business_days_between(earlier: date, later: date) -> int:
    """開庁日数: business days after ``earlier`` up to and including ``later``; 0 when ``later`` is not after it."""
    return sum(is_business_day(earlier + timedelta(days=each)) for each in range(1, (later - earlier).days + 1))


@cache
def holidays_of(year: int) -> frozenset[date]:
    """国民の祝日と休日 of one year (2018 to 2099), substitutes (3条2項) and days between two holidays (3条3項) included."""
    named = _named_holidays(year)
    found = set(named)
    for day in sorted(named):
        if day.weekday() == _SUNDAY:
            substitute = day + timedelta(days=1)
            while substitute in named:
                substitute += timedelta(days=1)
            found.add(substitute)
    for day in named:
        between = day + timedelta(days=1)
        if day + timedelta(days=2) in named and between not in found and between.weekday() != _SUNDAY:
            found.add(between)
    return frozenset(found)


def _named_holidays(year: int) -> set[date]:
    replaced = _REPLACED.get(year, set())
    named = {date(year, month, day) for month, day in _FIXED if not (month == 8 and "mountain" in replaced)}
    for month, which in _MONDAYS:
        if not ((month == 7 and "sea" in replaced) or (month == 10 and "sports" in replaced)):
            named.add(_nth_monday(year, month, which))
    named |= {date(year, month, day) for month, day in _MOVED.get(year, ())}
    named |= {date(year, 3, _spring_equinox(year)), date(year, 9, _autumn_equinox(year))}
    if year >= 2020:
        named.add(date(year, 2, 23))  # 天皇誕生日
    elif year <= 2018:
        named.add(date(year, 12, 23))
    return named | {day for day in _ENTHRONEMENT if day.year == year}


def _nth_monday(year: int, month: int, which: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(_MONDAY - first.weekday()) % 7 + 7 * (which - 1))


def _spring_equinox(year: int) -> int:
    """春分日 in March, by the usual approximation for 1980 to 2099; the government announces it a year before."""
    return int(20.8431 + 0.242194 * (year - 1980) - (year - 1980) // 4)


def _autumn_equinox(year: int) -> int:
    """秋分日 in September, likewise."""
    return int(23.2488 + 0.242194 * (year - 1980) - (year - 1980) // 4)
