"""連結: everybody who was ever sent under a common 個人番号, so that identity can be judged as a whole (I-1)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from kokuho_core.identity.connection import group_connected
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.ports.stores import PersonStore
from kokuho_core.vocabulary.identifiers import Addressee


def connected_groups(
    persons: PersonStore, start: Iterable[Addressee], known_at: datetime | None = None
) -> list[list[PersonFact]]:
    """All messages of the connected groups around ``start``, each in received order; groups by their lowest addressee."""
    facts: dict[Addressee, list[PersonFact]] = {}
    frontier = set(start)
    while frontier:
        for addressee in frontier:
            facts[addressee] = []
        for fact in persons.facts_of(frontier, known_at):
            facts[fact.addressee].append(fact)
        frontier = persons.sharing_with(frontier, known_at) - facts.keys()
    return group_connected(facts)
