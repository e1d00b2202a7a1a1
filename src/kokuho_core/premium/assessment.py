"""保険料の算定: income part and per-person part of each of the four kinds, up to its cap (国保法施行令29条の7)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from attrs import field, frozen

from kokuho_core.errors import InvalidValue, Problem


def _rate(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        raise InvalidValue(Problem("KKH-T007", field="rate")) from None
    if not 0 <= rate <= 1:
        raise InvalidValue(Problem("KKH-T007", field="rate"))
    return rate


@frozen
class PremiumRate:
    """料率: ``income_rate`` 所得割 as decimal text (0.0751), ``per_person`` 均等割 and ``cap`` 賦課限度額 in yen."""

    income_rate: Decimal = field(converter=_rate)
    per_person: int
    cap: int


def assess(rates: Mapping[str, PremiumRate], income: int, basic_deduction: int, members: int) -> dict[str, int]:
    """保険料 by kind (医療・支援・介護・子ども), in yen; a fraction of the income part is dropped.

    One income earner and no reductions: those are the ordinance's business. Raises :class:`InvalidValue` (KKH-T007).
    """
    if min(income, basic_deduction, members) < 0:
        raise InvalidValue(Problem("KKH-T007", field="income"))
    base = max(income - basic_deduction, 0)
    return {
        name: min(int(base * rate.income_rate) + rate.per_person * members, rate.cap) for name, rate in rates.items()
    }
