"""発番: connected groups are judged and get their IDs, without anything being written yet (Q-2, I-3, I-4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from attrs import frozen

from kokuho_core.identity.insured_ids import IssuedId, assign_ids
from kokuho_core.identity.settlement import SettledPerson
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.ports.assigned import Assigned, AssignedGroup, Newcomer
from kokuho_core.ports.stores import KnownAddressee, QualificationSpan, UnitOfWork
from kokuho_core.qualification.derivation import Qualification
from kokuho_core.qualification.groups import JudgedGroup, PlainGroup, judge_group, judge_plainly
from kokuho_core.qualification.spans import standing_spans
from kokuho_core.returning.rows import person_rows
from kokuho_core.usecases.connected import connected_groups
from kokuho_core.usecases.office import Office
from kokuho_core.vocabulary.identifiers import Addressee, HouseholdKey, MunicipalInsuredId
from kokuho_core.vocabulary.individual_number import NumberIndex
from kokuho_core.vocabulary.insurers import InsurerRegister


def assigned_around(
    office: Office, work: UnitOfWork, waiting: Sequence[Addressee], register: InsurerRegister, as_of: date
) -> Assigned:
    """Judge the connected groups around ``waiting``, in order of their lowest addressee, and number everybody in them.

    Of the unit of work only what was committed before it is asked, and the numbers that it issued so far.
    """
    return numbered(work, judged_around(office, work, waiting, register, as_of), register)


def spans_of(
    qualifications: Iterable[Qualification], issued: IssuedId, register: InsurerRegister
) -> Iterator[QualificationSpan]:
    """The days on which a person's qualification stands, under his ID (S-21)."""
    for span in standing_spans(qualifications, register):
        yield QualificationSpan(span.period, issued.serial, span.days.start, span.days.end_day)


@frozen
class Judged:
    """判定済みの一束: connected groups, before anybody in them gets a number; with the IDs that they have to do with."""

    waiting: Sequence[Addressee]
    everybody: set[Addressee]
    groups: Sequence[PlainGroup | JudgedGroup]
    known: dict[Addressee, KnownAddressee]
    under_number: dict[NumberIndex, IssuedId]

    def without(self, waiting: Sequence[Addressee]) -> Judged:
        """The same around ``waiting``, when the others were judged meanwhile, each with everybody connected to him."""
        gone = set(self.waiting).difference(waiting)
        if not gone:
            return self
        groups = [group for group in self.groups if gone.isdisjoint(fact.addressee for fact in group.facts)]
        everybody = {fact.addressee for group in groups for fact in group.facts}
        named = everybody.union(waiting)
        numbers = {fact.number for group in groups for fact in group.facts}
        serials = {issued.serial for number, issued in self.under_number.items() if number in numbers}
        return Judged(
            waiting,
            everybody,
            groups,
            {addressee: each for addressee, each in self.known.items() if addressee in named},
            {number: issued for number, issued in self.under_number.items() if issued.serial in serials},
        )


def judged_around(
    office: Office, work: UnitOfWork, waiting: Sequence[Addressee], register: InsurerRegister, as_of: date
) -> Judged:
    """The first half of :func:`assigned_around`, for which it does not matter what was numbered before."""
    wait_days = office.settings.unmatched_wait_days
    groups = [judge_plainly(facts, register, as_of, wait_days) for facts in connected_groups(work.persons, waiting)]
    everybody = {fact.addressee for group in groups for fact in group.facts}
    known = work.ids.of_addressees(everybody.union(waiting))  # some may have no record left
    numbers = {fact.number for group in groups for fact in group.facts if fact.number is not None}
    under_number: dict[NumberIndex, IssuedId] = {
        number: issued for issued in work.ids.under_numbers(numbers) for number in issued.numbers
    }

    def is_known(plain: PlainGroup) -> bool:
        return plain.fact.addressee in known or plain.fact.number in under_number

    return Judged(
        waiting,
        everybody,
        [
            judge_group(each.facts, register, as_of, wait_days)
            if isinstance(each, PlainGroup) and is_known(each)
            else each
            for each in groups
        ],
        known,
        under_number,
    )


def numbered(work: UnitOfWork, judged: Judged, register: InsurerRegister) -> Assigned:
    """The second half of :func:`assigned_around`: everybody gets his IDs."""
    known, under_number = judged.known, judged.under_number
    known_ids = {addressee: each.issued for addressee, each in known.items()}
    step = _Assigning(work, register, known, known_ids, under_number)
    assigned: list[AssignedGroup] = []
    newcomers: list[Newcomer] = []
    issued: list[IssuedId] = []
    for each in judged.groups:  # in order, so that IDs do not depend on arrival
        if isinstance(each, PlainGroup):
            newcomers.append(step.plain_newcomer(each))
        elif step.is_newcomer(each):
            newcomers.append(step.newcomer(each))
        else:
            assigned.append(step.group(each, issued))
    met = {each.issued.serial for each in known.values()}.union(each.serial for each in under_number.values())
    return Assigned(
        others=frozenset(judged.everybody.difference(judged.waiting)),
        known=known,
        groups=assigned,
        issued=issued,
        newcomers=work.newcomers.bound(newcomers),
        newcomer_count=len(newcomers),
        met=frozenset(met),
        numbering=work.ids.numbering(),
    )


@frozen
class _Assigning:
    work: UnitOfWork
    register: InsurerRegister
    known: dict[Addressee, KnownAddressee]
    known_ids: dict[Addressee, IssuedId]
    under_number: dict[NumberIndex, IssuedId]

    def group(self, judged: JudgedGroup, issued: list[IssuedId]) -> AssignedGroup:
        def issue() -> IssuedId:
            issued.append(self.work.ids.issue())
            return issued[-1]

        settled = judged.settlement.persons
        under = [
            self.under_number[number] for person in settled for number in person.numbers if number in self.under_number
        ]
        assigned = assign_ids(settled, self.known_ids, under, issue)
        persons = []
        municipal_ids = {}
        for person, judgement in zip(settled, judged.judgements, strict=True):
            persons.append((person, assigned[person], judgement))
            for addressee in person.addressees:
                municipal_ids[addressee] = self._municipal_id(addressee)
        return AssignedGroup(judged.facts, judged.settlement, persons, municipal_ids)

    def is_newcomer(self, judged: JudgedGroup) -> bool:
        """Whether the group is one person of whom there is nothing but IDs, rows to tell and spans to keep."""
        settlement = judged.settlement
        if len(settlement.persons) != 1 or settlement.conflicts or settlement.held:
            return False
        [judgement] = judged.judgements
        return not (
            judgement.findings
            or judgement.moves
            or any(fact.addressee in self.known or fact.number in self.under_number for fact in judged.facts)
        )

    def newcomer(self, judged: JudgedGroup) -> Newcomer:
        [person], [judgement] = judged.settlement.persons, judged.judgements
        return self._newcomer(person, judgement.qualifications, judgement.look_again_on, judged.facts)

    def plain_newcomer(self, plain: PlainGroup) -> Newcomer:
        fact = plain.fact
        numbers = frozenset((fact.number,)) if fact.number is not None else frozenset[NumberIndex]()
        return self._newcomer(SettledPerson((fact.addressee,), numbers), (plain.qualification,), None, plain.facts)

    def _newcomer(
        self,
        person: SettledPerson,
        qualifications: Sequence[Qualification],
        look_again_on: date | None,
        facts: Iterable[PersonFact],
    ) -> Newcomer:
        fresh = self.work.ids.issue()
        new = IssuedId(fresh.serial, fresh.insured_id, person.numbers)
        municipal_ids = {each: self.work.ids.issue_municipal(each.insurer_number) for each in person.addressees}
        rows = person_rows(person.addressees, qualifications, municipal_ids, new.insured_id)
        spans = list(spans_of(qualifications, new, self.register))
        households = {HouseholdKey(fact.insurer_number, fact.household_number) for fact in facts}
        return Newcomer(new, municipal_ids, look_again_on, spans, rows, households)

    def _municipal_id(self, addressee: Addressee) -> MunicipalInsuredId:
        known = self.known.get(addressee)
        return known.municipal_id if known is not None else self.work.ids.issue_municipal(addressee.insurer_number)
