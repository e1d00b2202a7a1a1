"""業務時間 (S-32): when somebody is expected to work; what is done outside of it is listed by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time

from attrs import field, frozen

from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.vocabulary.business_days import is_business_day


@frozen
class Hours:
    """一日の業務時間: ``opens`` included, ``closes`` not. Raises :class:`InvalidValue` (KKH-C010) when it closes first."""

    opens: time = time(8, 30)
    closes: time = time(17, 15)

    def __attrs_post_init__(self) -> None:
        if self.opens >= self.closes:
            raise InvalidValue(Problem("KKH-C010", field="business_hours"))


@frozen
class BusinessHours:
    """業務時間 of the week. ``by_weekday`` (Monday is 0) goes before ``usual``; None is a day on which nobody works.

    土日・祝日・年末年始 are never business hours.
    """

    usual: Hours = Hours()
    by_weekday: Mapping[int, Hours | None] = field(factory=dict)

    def covers(self, at: datetime) -> bool:
        """Whether ``at`` lies in business hours of a business day (開庁日)."""
        hours = self.by_weekday.get(at.weekday(), self.usual)
        return hours is not None and is_business_day(at.date()) and hours.opens <= at.time() < hours.closes
