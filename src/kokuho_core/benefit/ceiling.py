"""自己負担限度額: one ceiling, its halves and quarters, and the rounding of its 1 % (H-8; 国保法施行令29条の3)."""

from __future__ import annotations

from enum import IntEnum

from attrs import frozen

from kokuho_core.errors import InvalidValue, Problem


class Share(IntEnum):
    """限度額の割合: the whole, a half (75歳到達月 or 県内転居月), or a quarter (both in one month). The value divides."""

    WHOLE = 1
    HALF = 2
    QUARTER = 4

    def of(self, amount: int) -> int:
        """``amount`` divided exactly: every figure of the law tables is a multiple of four."""
        return amount // self

    @property
    def halved(self) -> Share:
        """The share of a person who turns 75 in a month of which his household has this share."""
        return Share(min(self.value * 2, Share.QUARTER.value))


def rounded_to_yen(hundredths: int) -> int:
    """円未満の端数: under 50 sen down, 50 sen and more up. Only the fraction is rounded, never a sum with a base."""
    return (hundredths + 50) // 100


def percentage_of(cost: int, percent: int) -> int:
    """``percent`` of ``cost`` in whole yen."""
    return rounded_to_yen(cost * percent)


@frozen
class Ceiling:
    """限度額: ``base`` yen, and with a ``threshold`` 1 % of what the cost exceeds it by."""

    base: int
    threshold: int | None = None

    @property
    def needs_cost(self) -> bool:
        return self.threshold is not None

    def of(self, cost: int | None) -> int:
        """The ceiling for ``cost`` (医療費10割, yen); a cost below the threshold counts as the threshold.

        Raises :class:`InvalidValue` (KKH-T004) when the cost is needed and not known.
        """
        if self.threshold is None:
            return self.base
        if cost is None:
            raise InvalidValue(Problem("KKH-T004", field="total_cost"))
        return self.base + rounded_to_yen(max(cost - self.threshold, 0))

    def shared(self, share: Share) -> Ceiling:
        """半額・4分の1: base and threshold are divided, the 1 % stays."""
        if share is Share.WHOLE:
            return self
        return Ceiling(share.of(self.base), None if self.threshold is None else share.of(self.threshold))
