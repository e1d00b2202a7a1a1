"""本人確認不一致の判定 (X-25): a person decides whether a held record is the person known under its number."""

from __future__ import annotations

from kokuho_core.errors import NotFound, Problem
from kokuho_core.insured_person.fact import IdentityVerdict, PersonFact
from kokuho_core.ports.stores import StoredFinding, UnitOfWork
from kokuho_core.qualification.findings import FindingKind
from kokuho_core.usecases.office import Office


def decide_identity(office: Office, finding_number: str, verdict: IdentityVerdict, decided_by: str) -> None:
    """Decide an open identity conflict; it takes effect with the next resolve and stays in the history (P-7).

    Raises :class:`NotFound` (KKH-I002) unless ``finding_number`` is an open identity conflict.
    """

    def decide() -> None:
        with office.database.begin() as work:
            finding = work.findings.by_number(finding_number)
            held = _held_record(work, finding) if finding is not None and finding.is_open else None
            if held is None:
                raise NotFound(Problem("KKH-I002", field="finding_number"))
            work.persons.add_verdict(held.source, verdict.value, decided_by, office.clock.now())
            work.commit()

    office.database.repeated(decide)


def _held_record(work: UnitOfWork, finding: StoredFinding) -> PersonFact | None:
    """The record that the finding holds: the newest held version of its history row."""
    if finding.kind is not FindingKind.IDENTITY or finding.entered is None:
        return None
    addressee, history_number = finding.entered
    held = work.persons.held([addressee])
    versions = [
        fact
        for fact in work.persons.facts_of([addressee])
        if fact.history_number == history_number and fact.source in held
    ]
    return versions[-1] if versions else None
