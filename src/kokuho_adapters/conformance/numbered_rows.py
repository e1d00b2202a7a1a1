"""番号の入った行: what a door writes for the serials that a story has in place of 個人番号."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kokuho_core.synthetic.numbers import synthetic_number
from kokuho_core.vocabulary.individual_number import IndividualNumber


def numbered(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with a synthetic 個人番号 wherever the story has a serial."""
    return {
        key: IndividualNumber(synthetic_number(value)) if key.endswith("individual_number") and value else value
        for key, value in row.items()
    }
