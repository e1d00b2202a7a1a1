"""高額該当情報: one record as a municipality sends it (H-1)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from attrs import fields, frozen

from kokuho_core.vocabulary.identifiers import HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.month import Month


@frozen
class HighCostRecord:
    """高額該当情報レコード (KOGAKU). Attribute names are the layout keys; ``paid_amount`` in yen, may be 0 (H-1)."""

    insurer_number: InsurerNumber
    household_number: HouseholdNumber
    treatment_month: Month
    update_kind: str
    occurrence_kind: str
    payment_kind: str | None
    paid_on: date | None
    paid_amount: int
    updated_at: datetime


HIGH_COST_KEYS: Final = tuple(attribute.name for attribute in fields(HighCostRecord))
"""The layout keys of KOGAKU in the order of :class:`HighCostRecord`."""
