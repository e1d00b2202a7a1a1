"""承認の依頼と決定 (S-7, S-34): asked for by whoever is about to act, decided by another, used by the act itself."""

from __future__ import annotations

from attrs import frozen

from kokuho_core.access import Operation
from kokuho_core.access.operators import is_same_operator
from kokuho_core.approval import Act, Agreement, Approval, ApprovalKind, ContentDigest
from kokuho_core.errors import NotApproved, NotFound, Problem
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.usecases.admission import admitted, now_of, operator_of
from kokuho_core.usecases.office import Office


@frozen
class Consent:
    """同意: the agreement the act rests on, or the request that it waits for."""

    agreement: Agreement | None
    waiting: str = ""

    def require(self) -> None:
        """After the commit. Raises :class:`NotApproved` (KKH-A007) with the number to be approved."""
        if self.agreement is None:
            raise self.refusal()

    def refusal(self) -> NotApproved:
        """What is raised while it waits for a second person (KKH-A007)."""
        return NotApproved(Problem("KKH-A007", field=self.waiting))


def ask_consent(office: Office, work: UnitOfWork, act: Act, reason: str) -> Consent:
    """Ask for the consent of a second person to exactly this act, inside the transaction that does it.

    Where it was given, the approval is used up and the act must follow in the same transaction; a second person who does what
    the first one asked for gives it by that. Where not, the request is made: commit, then :meth:`Consent.require`.
    Raises :class:`NotApproved` (KKH-A007) where the same request waits already, so that nothing is to be changed;
    :class:`InvalidValue` (KKH-A021) without a reason for a new one.
    """
    operator, now, store = operator_of(office), now_of(office), work.approvals
    if not is_required(office, work, act.kind):
        return Consent(Agreement(operator, operator, reason))
    same = [each for each in store.of_subject(act.kind, act.subject) if each.digest == act.digest]
    waiting = [each for each in same if each.is_waiting(now)]
    usable = [each for each in same if each.is_usable(now)]
    if not usable:
        for asked in waiting:
            if not is_same_operator(asked.requested_by, operator):
                approved = asked.approve(operator, now, act.digest)
                store.save(approved)
                usable = [approved]
                break
    if usable:
        store.save(usable[0].use(operator, now, act.digest))
        return Consent(usable[0].agreement)
    if waiting:
        raise NotApproved(Problem("KKH-A007", field=waiting[0].number))
    return Consent(None, leave_request(office, work, act, reason).number)


def leave_request(office: Office, work: UnitOfWork, act: Act, reason: str) -> Approval:
    """依頼: ask for consent to an act that follows later, whoever does it. Raises :class:`InvalidValue` (KKH-A021)."""
    request = Approval.requested(work.approvals.next_number(), act, operator_of(office), reason, now_of(office))
    work.approvals.add(request)
    return request


def is_required(office: Office, work: UnitOfWork, kind: ApprovalKind) -> bool:
    """Whether two people are needed: for some acts always, else as set, else once more than one person has rights here."""
    if kind.always_takes_two:
        return True
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
