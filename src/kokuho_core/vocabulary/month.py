"""診療年月: calendar months with arithmetic."""

from __future__ import annotations

from datetime import date

from attrs import frozen

from kokuho_core.errors import InvalidValue, Problem


@frozen
class Month:
    """A calendar month (暦月), counted from year 0 so that months subtract and compare.

    Comparisons are written out: generated ones make tuples first, and bulk work compares millions of months.
    """

    ordinal: int

    def __lt__(self, other: Month) -> bool:
        return self.ordinal < other.ordinal

    def __le__(self, other: Month) -> bool:
        return self.ordinal <= other.ordinal

    def __gt__(self, other: Month) -> bool:
        return self.ordinal > other.ordinal

    def __ge__(self, other: Month) -> bool:
        return self.ordinal >= other.ordinal

    @classmethod
    def of(cls, year: int, month: int) -> Month:
        """Raises :class:`InvalidValue` (KKH-V005) for a month that does not exist."""
        if not (1 <= year <= 9999 and 1 <= month <= 12):
            raise InvalidValue(Problem("KKH-V005"))
        return cls(year * 12 + month - 1)

    @classmethod
    def containing(cls, day: date) -> Month:
        return cls(day.year * 12 + day.month - 1)

    @classmethod
    def parse(cls, text: str) -> Month:
        """From ``YYYYMM``."""
        return cls.of(int(text[:4]), int(text[4:]))

    @property
    def first_day(self) -> date:
        return date(self.ordinal // 12, self.ordinal % 12 + 1, 1)

    def plus(self, months: int) -> Month:
        return Month(self.ordinal + months)

    def __str__(self) -> str:
        return f"{self.ordinal // 12:04d}{self.ordinal % 12 + 1:02d}"
