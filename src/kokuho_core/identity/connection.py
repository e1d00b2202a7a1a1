"""連結: which addressees must be judged together because they were ever sent under a common 個人番号 (I-1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.vocabulary.identifiers import Addressee
from kokuho_core.vocabulary.individual_number import NumberIndex


def group_connected(facts: Mapping[Addressee, Sequence[PersonFact]]) -> list[list[PersonFact]]:
    """The messages of each connected group in received order; groups by their lowest addressee (union-find over numbers)."""
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
