"""判定: over what changed since the last time (2-①, 3-4).

1. the same person is recognised by 個人番号, IDs are issued (Q-2, I-1 … I-4)
2. overlap, gap, one-sided and unmatched moves are found (Q-3, P-4 … P-6)
3. the prefecture-level qualification is derived (Q-4)
4. households that moved become continuity candidates (H-6)
5. what each municipality must be told is brought up to date (Q-5)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import partial

from attrs import evolve, frozen, mutable

from kokuho_core.access import Operation
from kokuho_core.identity.insured_ids import IssuedId, assign_ids
from kokuho_core.identity.settlement import IdentityConflict, SettledPerson, Settlement
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.ports.stores import (
    KnownAddressee,
    PersonMove,
    PersonStore,
    QualificationSpan,
    StoredFinding,
    UnitOfWork,
)
from kokuho_core.qualification.derivation import Qualification
from kokuho_core.qualification.findings import Finding, FindingKind
from kokuho_core.qualification.groups import JudgedGroup, PlainGroup, judge_group, judge_plainly
from kokuho_core.qualification.judgement import PersonJudgement
from kokuho_core.qualification.spans import standing_spans
from kokuho_core.returning.rows import (
    FindingSide,
    NumberedFinding,
    ReturnKey,
    Row,
    addressee_subject,
    finding_rows,
    insured_id_row,
    qualification_rows,
)
from kokuho_core.usecases.admission import admitted, count
from kokuho_core.usecases.candidates import judge_candidates
from kokuho_core.usecases.connected import connected_groups
from kokuho_core.usecases.office import BATCH, Office
from kokuho_core.usecases.returns import retell
from kokuho_core.vocabulary.identifiers import Addressee, HouseholdKey, MunicipalInsuredId, PrefecturalInsuredId
from kokuho_core.vocabulary.individual_number import NumberIndex
from kokuho_core.vocabulary.insurers import InsurerRegister


@mutable
class ResolveSummary:
    """判定の件数. ``findings_opened`` counts reopened ones too (X-38)."""

    as_of: date
    persons: int = 0
    findings_opened: int = 0
    findings_solved: int = 0
    candidates_opened: int = 0
    candidates_withdrawn: int = 0
    findings_open: int = 0


@admitted(Operation.RESOLVE)
def resolve(office: Office, as_of: date | None = None) -> ResolveSummary:
    """Resolve everything that changed, for business date ``as_of`` (today if not given), in one transaction."""
    return office.database.repeated(partial(_resolve, office, as_of or office.clock.today()))


def _resolve(office: Office, as_of: date) -> ResolveSummary:
    summary = ResolveSummary(as_of)
    with office.database.begin() as work:
        work.persons.wake(summary.as_of)
        step = _PersonStep(office, work, work.register(), summary)
        with office.forerunner.judging(as_of) as ahead:
            waiting = work.persons.take_pending(BATCH)
            while waiting:
                groups = ahead.answer()
                if groups is None:
                    groups = judged_around(office, work.persons, waiting, step.register, as_of)
                everybody = {fact.addressee for group in groups for fact in group.facts}
                work.persons.settle_pending(everybody.difference(waiting))
                following = work.persons.take_pending(BATCH)
                ahead.ask(following)
                step.resolve(groups, everybody.union(waiting))  # some may have no record left
                office.progress("resolve", summary.persons)
                waiting = following
        judged = judge_candidates(work)
        summary.candidates_opened, summary.candidates_withdrawn = judged
        summary.findings_open = work.findings.count_open()
        count(persons=summary.persons, findings_opened=summary.findings_opened, findings_solved=summary.findings_solved)
        work.commit()
    return summary


def judged_around(
    office: Office, persons: PersonStore, waiting: Iterable[Addressee], register: InsurerRegister, as_of: date
) -> list[PlainGroup | JudgedGroup]:
    """Judge the connected groups around ``waiting``, in order of their lowest addressee."""
    wait_days = office.settings.unmatched_wait_days
    return [judge_plainly(facts, register, as_of, wait_days) for facts in connected_groups(persons, waiting)]


@frozen
class _JudgedGroup:
    """One connected group with everything that follows from it."""

    facts: Sequence[PersonFact]
    settlement: Settlement
    persons: list[tuple[SettledPerson, IssuedId, PersonJudgement]]
    municipal_ids: dict[Addressee, MunicipalInsuredId]


@frozen
class _PlainPerson:
    """Somebody of whom one record alone was ever sent, and who raises no question."""

    fact: PersonFact
    qualification: Qualification
    known: KnownAddressee


@frozen
class _PersonStep:
    """Steps 1 to 3 and 5 for a batch of persons."""

    office: Office
    work: UnitOfWork
    register: InsurerRegister
    summary: ResolveSummary

    def resolve(self, groups: Sequence[PlainGroup | JudgedGroup], everybody: set[Addressee]) -> None:
        known = self.work.ids.of_addressees(everybody)  # nobody else has findings, moves or rows from before
        judged, plain = self._judge(groups, known)
        ids = self._save_ids(judged, plain, known)
        self.work.spans.replace(known, _spans_of(judged, plain, self.register))
        numbered = self._save_findings(judged, known, ids)
        moves = [
            PersonMove(issued.insured_id, move)
            for group in judged
            for _, issued, judgement in group.persons
            for move in judgement.moves
        ]
        self.work.candidates.replace_moves(known, moves)
        with_held = (group for group in judged if group.settlement.held)
        self.work.persons.hold(
            everybody, [fact for group in with_held for fact in group.facts if fact.source in group.settlement.held]
        )
        self.work.households.mark_households(
            {HouseholdKey(f.insurer_number, f.household_number) for group in groups for f in group.facts}
        )
        self._retell(judged, plain, known, ids, numbered)
        self.work.registrations.mark(everybody)
        self.summary.persons += len(plain) + sum(len(group.persons) for group in judged)

    def _judge(
        self, groups: Sequence[PlainGroup | JudgedGroup], known: dict[Addressee, KnownAddressee]
    ) -> tuple[list[_JudgedGroup], list[_PlainPerson]]:
        """Every group in order, so that IDs do not depend on arrival. Most are plain, and nothing more is asked of these."""
        numbers = {fact.number for group in groups for fact in group.facts if fact.number is not None}
        under_number: dict[NumberIndex, IssuedId] = {
            number: issued for issued in self.work.ids.under_numbers(numbers) for number in issued.numbers
        }
        known_ids = {addressee: each.issued for addressee, each in known.items()}
        judged: list[_JudgedGroup] = []
        plain: list[_PlainPerson] = []
        for each in groups:
            if isinstance(each, PlainGroup):
                if each.fact.addressee not in known and each.fact.number not in under_number:
                    plain.append(self._issued(each.fact, each.qualification))
                    continue
                group = judge_group(
                    each.facts, self.register, self.summary.as_of, self.office.settings.unmatched_wait_days
                )
            else:
                group = each
            settlement = group.settlement
            under = [
                under_number[number]
                for person in settlement.persons
                for number in person.numbers
                if number in under_number
            ]
            assigned = assign_ids(settlement.persons, known_ids, under, self.work.ids.issue)
            persons = []
            municipal_ids = {}
            for person, judgement in zip(settlement.persons, group.judgements, strict=True):
                persons.append((person, assigned[person], judgement))
                for addressee in person.addressees:
                    municipal_ids[addressee] = self._municipal_id(addressee, known.get(addressee))
            judged.append(_JudgedGroup(group.facts, settlement, persons, municipal_ids))
        return judged, plain

    def _issued(self, fact: PersonFact, qualification: Qualification) -> _PlainPerson:
        new = self.work.ids.issue()
        numbers = frozenset((fact.number,)) if fact.number is not None else new.numbers
        issued = IssuedId(new.serial, new.insured_id, numbers)
        return _PlainPerson(fact, qualification, KnownAddressee(issued, self._municipal_id(fact.addressee, None)))

    def _municipal_id(self, addressee: Addressee, known: KnownAddressee | None) -> MunicipalInsuredId:
        return known.municipal_id if known is not None else self.work.ids.issue_municipal(addressee.insurer_number)

    def _save_ids(
        self,
        judged: Sequence[_JudgedGroup],
        plain: Sequence[_PlainPerson],
        known: dict[Addressee, KnownAddressee],
    ) -> dict[Addressee, KnownAddressee]:
        ids = {each.fact.addressee: each.known for each in plain}
        nothing: frozenset[NumberIndex] = frozenset()
        numbers = {each.known.issued.serial: (nothing, each.known.issued.numbers) for each in plain}
        look_again: dict[int, date | None] = {}
        for group in judged:
            for person, issued, judgement in group.persons:
                under = IssuedId(issued.serial, issued.insured_id, person.numbers)
                for addressee in person.addressees:
                    ids[addressee] = KnownAddressee(under, group.municipal_ids[addressee])
                if issued.numbers != person.numbers:
                    numbers[issued.serial] = (issued.numbers, person.numbers)
                look_again[issued.serial] = judgement.look_again_on
        self.work.ids.save(ids, known, numbers, look_again)
        return ids

    def _save_findings(
        self,
        judged: Sequence[_JudgedGroup],
        known: dict[Addressee, KnownAddressee],
        ids: dict[Addressee, KnownAddressee],
    ) -> list[tuple[StoredFinding, bool]]:
        """Open, update, solve and reopen; returns what changed, each with whether its person is protected."""
        before = {finding.identity: finding for finding in self.work.findings.naming(known)}
        changed: list[tuple[StoredFinding, bool]] = []
        for group in judged:
            for found, is_protected in _findings_of(group, ids, self.summary.as_of):
                old = before.pop(found.identity, None)
                if old is None:
                    self.summary.findings_opened += 1
                    changed.append((evolve(found, number=self.work.findings.next_number()), is_protected))
                    continue
                self.summary.findings_opened += not old.is_open
                now = evolve(found, number=old.number, detected_on=old.detected_on)
                changed.append((now, is_protected))
        for old in before.values():  # solved ones too: a person may have become protected since
            self.summary.findings_solved += old.is_open
            changed.append((evolve(old, is_open=False), self._is_protected(old, judged)))
        self.work.findings.save(finding for finding, _ in changed)
        return changed

    @staticmethod
    def _is_protected(finding: StoredFinding, judged: Sequence[_JudgedGroup]) -> bool:
        named = {side[0] for side in (finding.left, finding.entered) if side is not None}
        return any(
            judgement.is_protected and named & set(person.addressees)
            for group in judged
            for person, _, judgement in group.persons
        )

    def _retell(
        self,
        judged: Sequence[_JudgedGroup],
        plain: Sequence[_PlainPerson],
        known: dict[Addressee, KnownAddressee],
        ids: dict[Addressee, KnownAddressee],
        findings: Sequence[tuple[StoredFinding, bool]],
    ) -> None:
        municipal_ids = {addressee: each.municipal_id for addressee, each in ids.items()}
        rows: dict[ReturnKey, Row] = {}
        for each in plain:
            insured_id = each.known.issued.insured_id
            rows.update(qualification_rows((each.qualification,), municipal_ids, insured_id))
            key, row = insured_id_row(each.fact.addressee, each.known.municipal_id, insured_id)
            rows[key] = row
        for group in judged:
            for person, issued, judgement in group.persons:
                rows.update(qualification_rows(judgement.qualifications, municipal_ids, issued.insured_id))
                for addressee in person.addressees:
                    key, row = insured_id_row(addressee, municipal_ids[addressee], issued.insured_id)
                    rows[key] = row
        for finding, is_protected in findings:
            rows.update(finding_rows(_numbered(finding, ids, is_protected)))
        subjects = [addressee_subject(addressee) for addressee in known]
        subjects.extend(finding.number for finding, _ in findings)
        retell(self.work, subjects, rows)


def _spans_of(
    judged: Iterable[_JudgedGroup], plain: Iterable[_PlainPerson], register: InsurerRegister
) -> Iterator[QualificationSpan]:
    """The days on which everybody's qualification stands (S-21)."""
    for each in plain:
        period = each.qualification.period
        yield QualificationSpan(period.key, each.known.issued.serial, period.days.start, period.days.end_day)
    for group in judged:
        for _, issued, judgement in group.persons:
            for span in standing_spans(judgement.qualifications, register):
                yield QualificationSpan(span.period, issued.serial, span.days.start, span.days.end_day)


def _findings_of(
    group: _JudgedGroup, ids: dict[Addressee, KnownAddressee], as_of: date
) -> list[tuple[StoredFinding, bool]]:
    """All findings of a group, in a fixed order, so that numbers do not depend on arrival."""
    found = []
    for _, issued, judgement in group.persons:
        for finding in judgement.findings:
            found.append((_stored(finding, issued.insured_id, as_of), judgement.is_protected))
    for conflict in group.settlement.conflicts:
        known = ids.get(conflict.known.addressee)
        is_protected = conflict.held.address_withheld == "1" or any(
            judgement.is_protected
            for person, _, judgement in group.persons
            if conflict.known.addressee in person.addressees
        )
        person_id = known.issued.insured_id if known is not None else None
        found.append((_stored_conflict(conflict, person_id, as_of), is_protected))
    return sorted(found, key=lambda each: each[0].sort_key)


def _stored(finding: Finding, person: PrefecturalInsuredId, as_of: date) -> StoredFinding:
    left, entered = (
        (key.addressee, key.history_number) if key is not None else None for key in (finding.left, finding.entered)
    )
    return StoredFinding(
        "", finding.kind, person, left, entered, finding.period_start, finding.period_end, finding.days, True, as_of
    )


def _stored_conflict(conflict: IdentityConflict, person: PrefecturalInsuredId | None, as_of: date) -> StoredFinding:
    """X-6: both sides are told, with the application start of the held record."""
    held, known = conflict.held, conflict.known
    return StoredFinding(
        "",
        FindingKind.IDENTITY,
        person,
        (known.addressee, known.history_number),
        (held.addressee, held.history_number),
        held.application_start,
        None,
        None,
        True,
        as_of,
    )


def _numbered(
    finding: StoredFinding, ids: dict[Addressee, KnownAddressee], is_protected: bool
) -> NumberedFinding:
    sides = []
    for side, is_left in ((finding.left, True), (finding.entered, False)):
        if side is not None:
            known = ids.get(side[0])
            sides.append(FindingSide(side[0], known.municipal_id if known is not None else None, is_left))
    return NumberedFinding(
        number=finding.number,
        kind=finding.kind,
        sides=sides,
        from_insurer=finding.left[0].insurer_number if finding.left is not None else None,
        to_insurer=finding.entered[0].insurer_number if finding.entered is not None else None,
        period_start=finding.period_start,
        period_end=finding.period_end,
        days=finding.days,
        is_open=finding.is_open,
        detected_on=finding.detected_on,
        is_protected=is_protected,
    )
