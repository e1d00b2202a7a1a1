"""被保険者ID: which ID a settled person keeps, and when a new one is issued (Q-2, I-3, I-4, X-33)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from kokuho_core.identity.settlement import SettledPerson
from kokuho_core.vocabulary.check_digits import luhn_digit
from kokuho_core.vocabulary.identifiers import Addressee, MunicipalInsuredId, PrefecturalInsuredId
from kokuho_core.vocabulary.individual_number import NumberIndex


@frozen
class IssuedId:
    """発番済みの都道府県被保険者ID: ``serial`` tells which was issued first; without numbers it is provisional (I-3)."""

    serial: int
    insured_id: PrefecturalInsuredId
    numbers: frozenset[NumberIndex]

    @property
    def is_provisional(self) -> bool:
        return not self.numbers


def prefectural_id(prefecture: str, serial: int) -> PrefecturalInsuredId:
    """都道府県被保険者ID: ``P``, prefecture, nine digits, Luhn digit."""
    payload = f"{prefecture}{serial:09d}"
    return PrefecturalInsuredId(f"P{payload}{luhn_digit(payload)}")


def municipal_id(insurer_number: str, serial: int) -> MunicipalInsuredId:
    """市町村被保険者ID: ``M``, insurer number, nine digits, Luhn digit."""
    payload = f"{insurer_number}{serial:09d}"
    return MunicipalInsuredId(f"M{payload}{luhn_digit(payload)}")


def assign_ids(
    persons: Sequence[SettledPerson],
    ids_of_addressees: Mapping[Addressee, IssuedId],
    ids_under_numbers: Sequence[IssuedId],
    issue: Callable[[], IssuedId],
) -> dict[SettledPerson, IssuedId]:
    """都道府県被保険者ID of each person of one settled group (X-33).

    Where several IDs turn out to be one person, an ID under a number goes before a provisional one, then the first issued.
    Where one ID turns out to be several persons, who keeps the number keeps the ID.
    """
    assigned: dict[SettledPerson, IssuedId] = {}
    taken: set[int] = set()
    for person in persons if ids_under_numbers else ():
        own = [known for known in ids_under_numbers if known.serial not in taken and known.numbers & person.numbers]
        if own:
            assigned[person] = min(own, key=lambda known: known.serial)
            taken.update(known.serial for known in own)
    for person in persons:
        if person in assigned:
            continue
        free = [
            ids_of_addressees[addressee]
            for addressee in person.addressees
            if addressee in ids_of_addressees and ids_of_addressees[addressee].serial not in taken
        ]
        chosen = min(free, key=lambda known: (known.is_provisional, known.serial)) if free else issue()
        assigned[person] = chosen
        taken.add(chosen.serial)
    return assigned
