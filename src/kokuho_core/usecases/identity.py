"""本人確認不一致の判定 (X-25): a person decides whether a held record is the person known under its number."""

from __future__ import annotations

from kokuho_core.access import Operation
from kokuho_core.approval import Act, ApprovalKind
from kokuho_core.errors import NotFound, Problem
from kokuho_core.insured_person.fact import IdentityVerdict, PersonFact
from kokuho_core.ports.stores import StoredFinding, UnitOfWork
from kokuho_core.qualification.findings import FindingKind
from kokuho_core.usecases.admission import admitted
from kokuho_core.usecases.approvals import Consent, ask_consent
from kokuho_core.usecases.office import Office


@admitted(Operation.DECIDE_IDENTITY, subject=lambda given: given["finding_number"])
def decide_identity(office: Office, finding_number: str, verdict: IdentityVerdict, reason: str = "") -> None:
    """Decide an open identity conflict; it takes effect with the next resolve and stays in the history (P-7).

    Where two people are needed (S-7), the first call asks, with a ``reason``, and the call after the approval or by another
    person decides. Raises :class:`NotFound` (KKH-I002) unless ``finding_number`` is an open identity conflict,
    :class:`NotApproved` (KKH-A007) while it waits.
    """

    def decide() -> Consent:
        with office.database.begin() as work:
            finding = work.findings.by_number(finding_number)
            held = _held_record(work, finding) if finding is not None and finding.is_open else None
            if finding is None or held is None:
                raise NotFound(Problem("KKH-I002", field="finding_number"))
            consent = ask_consent(office, work, _act(finding, held, verdict), reason)
            if consent.agreement is not None:
                work.persons.add_verdict(held.source, verdict.value, consent.agreement.asked_by, office.clock.now())
            work.commit()
            return consent

    office.database.repeated(decide).require()


def _act(finding: StoredFinding, held: PersonFact, verdict: IdentityVerdict) -> Act:
    """Bound to the verdict, the held record and the one it conflicts with: any of them changed is another act."""
    left = "" if finding.left is None else f"{finding.left[0].insurer_number}/{finding.left[0].addressee_number}"
    content = {
        "verdict": verdict.value,
        "held": f"{held.source.file_no}/{held.source.line}",
        "known": f"{left}/{finding.left[1] if finding.left is not None else ''}",
    }
    return Act(ApprovalKind.NUMBER_LINK, finding.number, content, held.insurer_number)


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
