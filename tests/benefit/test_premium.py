"""保険料の合計: no more than rates, per-person amounts and caps; and what cannot be is refused."""

from __future__ import annotations

import pytest

from kokuho_core.errors import InvalidValue
from kokuho_core.premium.assessment import PremiumRate, assess


def test_each_kind_has_its_cap_and_drops_its_fraction() -> None:
    rates = {"medical": PremiumRate("0.0751", 47_600, 670_000), "support": PremiumRate("0.0281", 17_600, 260_000)}
    assert assess(rates, 1_000_001, 430_000, 2) == {"medical": 42_807 + 95_200, "support": 16_017 + 35_200}
    assert assess(rates, 20_000_000, 430_000, 1) == {"medical": 670_000, "support": 260_000}
    assert assess(rates, 100_000, 430_000, 1) == {"medical": 47_600, "support": 17_600}


@pytest.mark.parametrize("rate", ["-0.1", "1.1", "seven", ""])
def test_rates_that_cannot_be_are_refused(rate: str) -> None:
    with pytest.raises(InvalidValue, match="KKH-T007"):
        PremiumRate(rate, 0, 0)


def test_amounts_that_cannot_be_are_refused() -> None:
    with pytest.raises(InvalidValue, match="KKH-T007"):
        assess({}, -1, 0, 1)
