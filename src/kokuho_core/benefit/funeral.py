"""葬祭費: a fixed amount by ordinance to whoever holds the funeral of an insured person (国保法58条1項)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from attrs import frozen

from kokuho_core.errors import InvalidValue, Problem


@frozen
class FuneralRate:
    """葬祭費の額 (yen) by the ordinance of one municipality, for deaths from ``since`` on. Every municipality has its own."""

    since: date
    amount: int
    ordinance: str

    def __attrs_post_init__(self) -> None:
        if self.amount < 0:
            raise InvalidValue(Problem("KKH-T007", field="amount"))


@frozen
class FuneralGrant:
    """葬祭費の支給: to the one who holds the funeral (喪主), of whom no more than a name for the answer is kept."""

    died_on: date
    amount: int
    recipient: str
    ordinance: str


def funeral_grant(died_on: date, recipient: str, rates: Sequence[FuneralRate]) -> FuneralGrant:
    """The amount in force on the day of death. Raises :class:`InvalidValue` (KKH-T027) when the ordinance has none."""
    found = [rate for rate in sorted(rates, key=lambda each: each.since) if rate.since <= died_on]
    if not found:
        raise InvalidValue(Problem("KKH-T027", field="died_on"))
    return FuneralGrant(died_on, found[-1].amount, recipient, found[-1].ordinance)
