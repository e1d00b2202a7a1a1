"""再現: everything that follows from a handful of facts, derived in memory by the same rules as the daily work.

Used to explain a value (what if this fact were missing?) and to answer «as known at time Y».
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from attrs import evolve, frozen

from kokuho_core.high_cost_history.history import HighCostFact, histories_of
from kokuho_core.household.household import HouseholdFact, households_of
from kokuho_core.household_continuity.candidate import Candidate, HouseholdPair
from kokuho_core.household_continuity.judgement import CarriedIn, PairFacts, judge
from kokuho_core.household_continuity.residents import Resident, Residents
from kokuho_core.identity.connection import group_connected
from kokuho_core.identity.settlement import IdentityConflict, SettledPerson, settle
from kokuho_core.insured_person.application_period import PeriodKey
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.qualification.judgement import PersonJudgement, judge_person
from kokuho_core.qualification.moves import Move
from kokuho_core.vocabulary.codes import Decision
from kokuho_core.vocabulary.identifiers import Addressee, HouseholdKey, PrefecturalInsuredId, Source
from kokuho_core.vocabulary.insurers import InsurerRegister


@frozen
class DecidedPair:
    """確定指示 about one pair of households."""

    source: Source
    pair: HouseholdPair
    decision: Decision
    decided_on: date


@frozen
class Evidence:
    """材料: received facts around a person, and what else the rules look at."""

    persons: tuple[PersonFact, ...]
    households: tuple[HouseholdFact, ...]
    high_cost: tuple[HighCostFact, ...]
    decisions: tuple[DecidedPair, ...]
    register: InsurerRegister
    as_of: date
    wait_days: int

    def sources(self) -> set[Source]:
        """Where all of it was received."""
        return {
            *(fact.source for fact in self.persons),
            *(Source(fact.file_no, fact.line) for fact in self.households),
            *(Source(fact.file_no, fact.line) for fact in self.high_cost),
            *(each.source for each in self.decisions),
        }

    def without(self, sources: frozenset[Source]) -> Evidence:
        """The same, had these records never been received."""
        return evolve(
            self,
            persons=tuple(fact for fact in self.persons if fact.source not in sources),
            households=tuple(f for f in self.households if Source(f.file_no, f.line) not in sources),
            high_cost=tuple(f for f in self.high_cost if Source(f.file_no, f.line) not in sources),
            decisions=tuple(each for each in self.decisions if each.source not in sources),
        )


@frozen
class KnownPerson:
    """再現した一人."""

    settled: SettledPerson
    judgement: PersonJudgement


@frozen
class World:
    """再現した全体: persons, identity conflicts and candidates that follow from the evidence."""

    persons: tuple[KnownPerson, ...]
    conflicts: tuple[IdentityConflict, ...]
    candidates: tuple[Candidate, ...]

    def persons_among(self, addressees: frozenset[Addressee]) -> list[KnownPerson]:
        return [person for person in self.persons if addressees & set(person.settled.addressees)]

    def candidates_of(self, person: KnownPerson) -> list[Candidate]:
        name = _name(person.settled)
        return [candidate for candidate in self.candidates if name in candidate.movers]


def derive_world(evidence: Evidence) -> World:
    """Derive everything: identity, findings, qualification, candidates with their carried months."""
    by_addressee: dict[Addressee, list[PersonFact]] = {}
    for fact in sorted(evidence.persons, key=lambda each: each.received):
        by_addressee.setdefault(fact.addressee, []).append(fact)
    persons: list[KnownPerson] = []
    residents: list[Resident] = []
    conflicts: list[IdentityConflict] = []
    for group in group_connected(by_addressee):
        settlement = settle(group)
        conflicts.extend(settlement.conflicts)
        for settled in settlement.persons:
            judgement = judge_person(settled.rows, evidence.register, evidence.as_of, evidence.wait_days)
            persons.append(KnownPerson(settled, judgement))
            periods = tuple(period for period in judgement.periods if not period.days.is_empty)
            residents.append(
                Resident(_name(settled), frozenset(settled.addressees), periods, judgement.is_protected)
            )
    candidates = _candidates(evidence, persons, residents, conflicts)
    return World(tuple(persons), tuple(conflicts), tuple(candidates))


def _name(person: SettledPerson) -> PrefecturalInsuredId:
    """In a world of its own a person is known by his first addressee."""
    first = person.addressees[0]
    return PrefecturalInsuredId(f"{first.insurer_number}/{first.addressee_number}")


def _candidates(
    evidence: Evidence,
    persons: Sequence[KnownPerson],
    residents: Sequence[Resident],
    conflicts: Sequence[IdentityConflict],
) -> list[Candidate]:
    movers: dict[HouseholdPair, dict[PrefecturalInsuredId, list[Move]]] = {}
    disputed = {PeriodKey(each.held.addressee, each.held.history_number) for each in conflicts}
    for person in persons:
        for move in person.judgement.moves:
            pair = HouseholdPair(move.from_household, move.to_household)
            movers.setdefault(pair, {}).setdefault(_name(person.settled), []).append(move)
        for finding in person.judgement.findings:
            disputed.update(key for key in (finding.left, finding.entered) if key is not None)
    view = Residents(residents, households_of(evidence.households))
    histories = histories_of(evidence.high_cost)
    decided = {each.pair: each for each in sorted(evidence.decisions, key=lambda each: each.source)}
    carried_in: dict[HouseholdKey, list[CarriedIn]] = {}
    judged = []
    for moved_on, pair in sorted((min(m.moved_on for ms in who.values() for m in ms), p) for p, who in movers.items()):
        facts = PairFacts(
            movers=movers[pair],
            has_open_finding=any(m.entered in disputed for moves in movers[pair].values() for m in moves),
            residents=view,
            histories=histories,
            carried_in=carried_in,
        )
        number = f"{pair.left}{pair.entered}"
        candidate = judge(Candidate.unjudged(number, pair, moved_on), facts)
        if pair in decided:
            candidate = evolve(candidate, decision=decided[pair].decision, decided_on=decided[pair].decided_on)
        carried_in.setdefault(pair.entered, []).append(CarriedIn(number, moved_on, candidate.carried_months))
        judged.append(candidate)
    return judged
