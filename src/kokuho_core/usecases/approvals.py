"""承認の依頼と決定 (S-7, S-34): asked for by whoever is about to act, decided by another, used by the act itself."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from kokuho_core.access import Operation
from kokuho_core.approval import Approval, ApprovalKind, ContentDigest, digest_of
from kokuho_core.errors import NotApproved, NotFound, Problem
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.usecases.admission import admitted, now_of, operator_of
from kokuho_core.usecases.office import Office
from kokuho_core.vocabulary.identifiers import InsurerNumber


@frozen
class Consent:
    """同意: whether the act may be done now, and the approval it rests on; None where one person is enough."""

    is_given: bool
    approval: Approval | None

    def require(self) -> None:
        """After the commit. Raises :class:`NotApproved` (KKH-A007) with the number to be approved."""
        if not self.is_given:
            raise NotApproved(Problem("KKH-A007", field=self.approval.number if self.approval is not None else ""))


def ask_consent(
    office: Office,
    work: UnitOfWork,
    kind: ApprovalKind,
    subject: str,
    content: Mapping[str, str],
    reason: str,
    insurer: InsurerNumber | None = None,
) -> Consent:
    """Ask for the consent of a second person to exactly this act, inside the transaction that does it.

    Where it was given, the approval is used up and the act must follow in the same transaction. Where not, the request stands or
    is made: commit, then :meth:`Consent.require`. Raises :class:`InvalidValue` (KKH-A021) without a reason.
    """
    operator, now = operator_of(office), now_of(office)
    if not is_required(office, work):
        return Consent(True, None)
    digest = digest_of(kind, subject, content)
    same = [each for each in work.approvals.of_subject(kind, subject) if each.digest == digest]
    for approval in same:
        if approval.is_usable(now):
            used = approval.use(operator, now, digest)
            work.approvals.save(used)
            return Consent(True, used)
    for approval in same:
        if approval.is_waiting(now):
            return Consent(False, approval)
    asked = Approval.requested(work.approvals.next_number(), kind, subject, digest, operator, reason, now, insurer)
    work.approvals.add(asked)
    return Consent(False, asked)


def is_required(office: Office, work: UnitOfWork) -> bool:
    """Whether two people are needed: as set, else as soon as more than one person has rights here."""
    if office.settings.two_person_approval is not None:
        return office.settings.two_person_approval
    return not work.rights.all().is_sole(now_of(office))


@admitted(Operation.LIST_APPROVALS)
def list_approvals(office: Office, *, waiting_only: bool = False) -> list[Approval]:
    """承認の一覧, oldest first."""
    now = now_of(office)
    with office.database.begin(read_only=True) as work:
        return [each for each in work.approvals.all() if not waiting_only or each.is_waiting(now)]


@admitted(Operation.DECIDE_APPROVAL, subject=lambda given: given["number"])
def approve(office: Office, number: str, digest: ContentDigest) -> Approval:
    """承認する. ``digest`` is that of the request as the approver saw it.

    Raises :class:`NotFound` (KKH-A012), :class:`NotApproved` (KKH-A008 … KKH-A011).
    """
    with office.database.begin() as work:
        decided = _found(work, number).approve(operator_of(office), now_of(office), digest)
        work.approvals.save(decided)
        work.commit()
    return decided


@admitted(Operation.DECIDE_APPROVAL, subject=lambda given: given["number"])
def refuse(office: Office, number: str, reason: str) -> Approval:
    """却下する. Raises :class:`NotFound` (KKH-A012), :class:`NotApproved` (KKH-A008, KKH-A010, KKH-A011)."""
    with office.database.begin() as work:
        decided = _found(work, number).refuse(operator_of(office), now_of(office), reason)
        work.approvals.save(decided)
        work.commit()
    return decided


@admitted(Operation.DECIDE_APPROVAL, subject=lambda given: given["number"])
def withdraw(office: Office, number: str) -> Approval:
    """取り下げる, by the one who asked. Raises :class:`NotFound` (KKH-A012), :class:`NotApproved` (KKH-A008, KKH-A011)."""
    with office.database.begin() as work:
        decided = _found(work, number).withdraw(operator_of(office), now_of(office))
        work.approvals.save(decided)
        work.commit()
    return decided


def _found(work: UnitOfWork, number: str) -> Approval:
    found = work.approvals.by_number(number)
    if found is None:
        raise NotFound(Problem("KKH-A012", field="number"))
    return found
