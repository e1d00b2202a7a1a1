"""判定: over what changed since the last time (2-①, 3-4).

1. the same person is recognised by 個人番号, IDs are issued (Q-2, I-1 … I-4)
2. overlap, gap, one-sided and unmatched moves are found (Q-3, P-4 … P-6)
3. the prefecture-level qualification is derived (Q-4)
4. households that moved become continuity candidates (H-6)
5. what each municipality must be told is brought up to date (Q-5)
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import date
from functools import partial
from itertools import chain

from attrs import evolve, frozen, mutable

from kokuho_core.access import Operation
from kokuho_core.identity.insured_ids import IssuedId
from kokuho_core.identity.settlement import IdentityConflict
from kokuho_core.ports.assigned import Assigned, AssignedGroup
from kokuho_core.ports.stores import KnownAddressee, PersonMove, StoredFinding, UnitOfWork
from kokuho_core.qualification.findings import Finding, FindingKind
from kokuho_core.returning.rows import (
    FindingSide,
    NumberedFinding,
    ReturnKey,
    Row,
    addressee_subject,
    finding_rows,
    person_rows,
)
from kokuho_core.usecases.admission import admitted, count
from kokuho_core.usecases.assigning import assigned_around, spans_of
from kokuho_core.usecases.candidates import judge_candidates
from kokuho_core.usecases.office import BATCH, Office
from kokuho_core.usecases.returns import retell
from kokuho_core.vocabulary.identifiers import Addressee, HouseholdKey, PrefecturalInsuredId
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
        met: set[int] = set()
        with office.forerunner.judging(as_of, work.persons.count_pending()) as ahead:
            waiting, *coming = (work.persons.take_pending(BATCH) for _ in range(3))
            while waiting or any(coming):
                assigned = ahead.answer()
                if assigned is not None and met.isdisjoint(assigned.met):
                    work.ids.go_on_from(assigned.numbering)
                else:
                    ahead.forget()
                    assigned = assigned_around(office, work, waiting, step.register, as_of)
                met |= assigned.met
                work.persons.settle_pending(assigned.others)
                coming = [[each for each in batch if each not in assigned.others] for batch in coming]
                ahead.ask(coming[0], work.ids.numbering())
                coming.append(work.persons.take_pending(BATCH))
                ahead.follow(coming[1:])
                step.resolve(assigned, assigned.others.union(waiting))
                office.progress("resolve", summary.persons)
                waiting, *coming = coming
        judged = judge_candidates(work)
        summary.candidates_opened, summary.candidates_withdrawn = judged
        summary.findings_open = work.findings.count_open()
        count(persons=summary.persons, findings_opened=summary.findings_opened, findings_solved=summary.findings_solved)
        work.commit()
    return summary


@frozen
class _PersonStep:
    """Steps 1 to 3 and 5 for a batch of persons, whose IDs are known."""

    office: Office
    work: UnitOfWork
    register: InsurerRegister
    summary: ResolveSummary

    def resolve(self, assigned: Assigned, everybody: Set[Addressee]) -> None:
        known = assigned.known  # nobody else has findings, moves or rows from before
        groups = assigned.groups
        ids = self._save_ids(assigned)
        spans = (
            spans_of(judgement.qualifications, issued, self.register)
            for group in groups
            for _, issued, judgement in group.persons
        )
        self.work.spans.replace(known, chain.from_iterable(spans))
        numbered = self._save_findings(groups, known, ids)
        moves = [
            PersonMove(issued.insured_id, move)
            for group in groups
            for _, issued, judgement in group.persons
            for move in judgement.moves
        ]
        self.work.candidates.replace_moves(known, moves)
        with_held = (group for group in groups if group.settlement.held)
        self.work.persons.hold(
            everybody, [fact for group in with_held for fact in group.facts if fact.source in group.settlement.held]
        )
        self.work.households.mark_households(
            {HouseholdKey(f.insurer_number, f.household_number) for group in groups for f in group.facts}
        )
        self._retell(groups, known, ids, numbered)
        self.work.newcomers.keep(assigned.newcomers)
        self.work.registrations.mark(everybody)
        self.summary.persons += assigned.newcomer_count + sum(len(group.persons) for group in groups)

    def _save_ids(self, assigned: Assigned) -> dict[Addressee, KnownAddressee]:
        ids: dict[Addressee, KnownAddressee] = {}
        numbers: dict[int, tuple[frozenset[NumberIndex], frozenset[NumberIndex]]] = {}
        look_again: dict[int, date | None] = {}
        for group in assigned.groups:
            for person, issued, judgement in group.persons:
                under = IssuedId(issued.serial, issued.insured_id, person.numbers)
                for addressee in person.addressees:
                    ids[addressee] = KnownAddressee(under, group.municipal_ids[addressee])
                if issued.numbers != person.numbers:
                    numbers[issued.serial] = (issued.numbers, person.numbers)
                look_again[issued.serial] = judgement.look_again_on
        self.work.ids.save(ids, assigned.known, numbers, look_again, assigned.issued)
        return ids

    def _save_findings(
        self,
        judged: Sequence[AssignedGroup],
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
    def _is_protected(finding: StoredFinding, judged: Sequence[AssignedGroup]) -> bool:
        named = {side[0] for side in (finding.left, finding.entered) if side is not None}
        return any(
            judgement.is_protected and named & set(person.addressees)
            for group in judged
            for person, _, judgement in group.persons
        )

    def _retell(
        self,
        groups: Sequence[AssignedGroup],
        known: dict[Addressee, KnownAddressee],
        ids: dict[Addressee, KnownAddressee],
        findings: Sequence[tuple[StoredFinding, bool]],
    ) -> None:
        municipal_ids = {addressee: each.municipal_id for addressee, each in ids.items()}
        rows: dict[ReturnKey, Row] = {}
        for group in groups:
            for person, issued, judgement in group.persons:
                rows.update(
                    person_rows(person.addressees, judgement.qualifications, municipal_ids, issued.insured_id)
                )
        for finding, is_protected in findings:
            rows.update(finding_rows(_numbered(finding, ids, is_protected)))
        subjects = [addressee_subject(addressee) for addressee in known]
        subjects.extend(finding.number for finding, _ in findings)
        retell(self.work, subjects, rows)


def _findings_of(
    group: AssignedGroup, ids: dict[Addressee, KnownAddressee], as_of: date
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
