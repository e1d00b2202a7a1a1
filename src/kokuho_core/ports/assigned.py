"""発番済みの一束: what follows from connected groups once their IDs are known, before any of it is kept (Q-2, I-3, I-4).

Another process may work it out (:mod:`kokuho_core.ports.forerunner`): it needs no more than what was committed before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date
from typing import Any, Protocol

from attrs import frozen

from kokuho_core.identity.insured_ids import IssuedId
from kokuho_core.identity.settlement import SettledPerson, Settlement
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.ports.stores import KnownAddressee, QualificationSpan
from kokuho_core.qualification.judgement import PersonJudgement
from kokuho_core.returning.rows import ReturnKey, Row
from kokuho_core.vocabulary.identifiers import Addressee, HouseholdKey, MunicipalInsuredId

Numbering = Mapping[str, int]
"""採番: the last number issued of each kind of insured ID that the unit of work met."""


@frozen
class AssignedGroup:
    """One connected group with everything that follows from it."""

    facts: Sequence[PersonFact]
    settlement: Settlement
    persons: list[tuple[SettledPerson, IssuedId, PersonJudgement]]
    municipal_ids: dict[Addressee, MunicipalInsuredId]


@frozen
class Newcomer:
    """新しく知る人: nothing was kept about him before, and his records raise no question and tell of no move inside."""

    issued: IssuedId
    municipal_ids: Mapping[Addressee, MunicipalInsuredId]
    look_again_on: date | None
    spans: Sequence[QualificationSpan]
    rows: Mapping[ReturnKey, Row]
    """What is to be told, all of it due."""
    households: Set[HouseholdKey]


@frozen
class Assigned:
    """The groups around some who wait.

    ``others`` are those of the groups who did not wait themselves, ``known`` the IDs that all of them had before, ``issued`` the
    new IDs of ``groups``. ``newcomers`` are in the form in which the database takes them. ``met`` are the serials of the IDs
    from before that the groups have to do with: where one of them was changed meanwhile, none of this counts.
    """

    others: frozenset[Addressee]
    known: dict[Addressee, KnownAddressee]
    groups: list[AssignedGroup]
    issued: list[IssuedId]
    newcomers: Any
    newcomer_count: int
    met: frozenset[int]
    numbering: Numbering


class NewcomerStore(Protocol):
    """新しく知る人の保管: rows that need no comparison with what was there before."""

    def bound(self, newcomers: Iterable[Newcomer]) -> Any:
        """As the database takes them; nothing is written."""
        ...

    def keep(self, bound: Any) -> None:
        """Keep what :meth:`bound` made, their households waiting for judgement."""
        ...
