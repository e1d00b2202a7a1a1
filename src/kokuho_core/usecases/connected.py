"""連結: everybody who was ever sent under a common 個人番号, so that identity can be judged as a whole (I-1)."""

from __future__ import annotations

from collections.abc import Iterable

from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.ports.stores import PersonStore
from kokuho_core.vocabulary.identifiers import Addressee
from kokuho_core.vocabulary.individual_number import NumberIndex


def connected_groups(persons: PersonStore, start: Iterable[Addressee]) -> list[list[PersonFact]]:
    """All messages of the connected groups around ``start``, each in received order; groups by their lowest addressee."""
    facts: dict[Addressee, list[PersonFact]] = {}
    numbers: set[NumberIndex] = set()
    frontier = set(start)
    while frontier:
        for addressee in frontier:
            facts[addressee] = []
        met: set[NumberIndex] = set()
        for fact in persons.facts_of(frontier):
            facts[fact.addressee].append(fact)
            met.update(number for number in (fact.number, fact.previous_number) if number is not None)
        met -= numbers
        numbers |= met
        frontier = persons.addressees_under(met) - facts.keys() if met else set()
    return _grouped(facts)


def _grouped(facts: dict[Addressee, list[PersonFact]]) -> list[list[PersonFact]]:
    """Join addressees that share a number (union-find over numbers)."""
    leader: dict[Addressee, Addressee] = {addressee: addressee for addressee in facts}

    def find(addressee: Addressee) -> Addressee:
        while leader[addressee] != addressee:
            leader[addressee] = leader[leader[addressee]]
            addressee = leader[addressee]
        return addressee

    owner: dict[NumberIndex, Addressee] = {}
    for addressee, messages in facts.items():
        for fact in messages:
            for number in (fact.number, fact.previous_number):
                if number is not None:
                    other = owner.setdefault(number, addressee)
                    if other is not addressee:
                        leader[find(addressee)] = find(other)
    groups: dict[Addressee, list[Addressee]] = {}
    for addressee in sorted(facts):
        if facts[addressee]:
            groups.setdefault(find(addressee), []).append(addressee)
    merged = []
    for members in groups.values():
        messages = [fact for member in members for fact in facts[member]]
        if len(members) > 1:
            messages.sort(key=lambda fact: fact.received)
        merged.append(messages)
    return merged
