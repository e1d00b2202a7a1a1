"""識別子: the names by which insurers, persons and households are known."""

from __future__ import annotations

from typing import NamedTuple, NewType

InsurerNumber = NewType("InsurerNumber", str)
"""保険者番号, 6 digits with Luhn check digit."""
MunicipalityCode = NewType("MunicipalityCode", str)
"""市町村コード, 6 digits with check digit (another number than the 保険者番号)."""
AddresseeNumber = NewType("AddresseeNumber", str)
"""宛名番号, at most 15 digits: the municipality's own person number."""
HouseholdNumber = NewType("HouseholdNumber", str)
"""世帯番号, at most 15 digits: the municipality's own household number."""
PrefecturalInsuredId = NewType("PrefecturalInsuredId", str)
"""都道府県被保険者ID, issued by the aggregation: one per person in the prefecture (Q-2)."""
MunicipalInsuredId = NewType("MunicipalInsuredId", str)
"""市町村被保険者ID, issued by the aggregation: one per person and municipality (Q-2)."""


class Addressee(NamedTuple):
    """宛名: one person as one municipality knows him. A tuple, because bulk work hashes and sorts millions of them."""

    insurer_number: InsurerNumber
    addressee_number: AddresseeNumber


class HouseholdKey(NamedTuple):
    """世帯: one household as one municipality knows it."""

    insurer_number: InsurerNumber
    household_number: HouseholdNumber


class Source(NamedTuple):
    """出所: where a fact was received. ``file_no`` counts received files, so sources sort in received order."""

    file_no: int
    line: int
