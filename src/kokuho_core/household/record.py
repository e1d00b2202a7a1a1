"""資格情報(世帯): one record as a municipality sends it (Q-1)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from attrs import fields, frozen

from kokuho_core.errors import Problem, RecordRefused
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber


@frozen
class HouseholdRecord:
    """資格情報(世帯)レコード (SKSETAI). Attribute names are the layout keys; an empty field is None.

    Raises :class:`RecordRefused` (KKH-P002) when a period is reversed (P-2).
    """

    insurer_number: InsurerNumber
    household_number: HouseholdNumber
    history_number: int
    update_kind: str
    card_symbol: str | None
    card_number: str
    head_addressee_number: AddresseeNumber
    head_kind: str
    head_start: date
    head_start_notified: date | None
    head_end: date | None
    head_end_notified: date | None
    household_start: date
    household_end: date | None
    change_reason: str
    changed_on: date
    notified_on: date
    other_insurer_number: str | None
    updated_at: datetime

    def __attrs_post_init__(self) -> None:
        problems = [
            Problem("KKH-P002", field=key)
            for key, start, end in (
                ("head_end", self.head_start, self.head_end),
                ("household_end", self.household_start, self.household_end),
            )
            if end is not None and end < start
        ]
        if problems:
            raise RecordRefused(*problems)


HOUSEHOLD_KEYS: Final = tuple(attribute.name for attribute in fields(HouseholdRecord))
"""The layout keys of SKSETAI in the order of :class:`HouseholdRecord`."""
