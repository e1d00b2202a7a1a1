"""承認: one request from its asking to its use (S-7, S-34).

requested → approved → used, or requested → refused, or requested → withdrawn. Each step is a method that gives the next state or
raises; nothing leads back. Who may approve at all is a matter of rights (:mod:`kokuho_core.access`); that it is somebody else
than the one who asked is decided here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from attrs import evolve, frozen

from kokuho_core.access.operators import is_same_operator
from kokuho_core.approval.act import Act, Agreement
from kokuho_core.approval.content import ContentDigest
from kokuho_core.approval.kinds import APPROVAL_DAYS, ApprovalKind
from kokuho_core.errors import InvalidValue, NotApproved, Problem
from kokuho_core.vocabulary.identifiers import InsurerNumber


class ApprovalState(Enum):
    """承認の状態."""

    REQUESTED = "requested"
    """承認待ち."""
    APPROVED = "approved"
    """承認済み: it may be used once."""
    REFUSED = "refused"
    """却下."""
    WITHDRAWN = "withdrawn"
    """取下げ by the one who asked."""
    USED = "used"
    """使用済み: the act was done."""


@frozen
class Approval:
    """承認の一件. Times are local. ``subject`` is a reference (finding number, file number …), never a name or 個人番号.

    ``insurer`` is the municipality concerned, None for the prefecture. ``version`` counts the changes, so that two people who
    decide at once are noticed.
    """

    number: str
    kind: ApprovalKind
    subject: str
    digest: ContentDigest
    insurer: InsurerNumber | None
    requested_by: str
    reason: str
    requested_at: datetime
    expires_at: datetime
    state: ApprovalState = ApprovalState.REQUESTED
    decided_by: str | None = None
    decided_at: datetime | None = None
    decided_reason: str | None = None
    used_by: str | None = None
    used_at: datetime | None = None
    version: int = 1

    @classmethod
    def requested(
        cls,
        number: str,
        act: Act,
        by: str,
        reason: str,
        at: datetime,
        days: int = APPROVAL_DAYS,
    ) -> Approval:
        """Ask for an approval. Raises :class:`InvalidValue` (KKH-A021) without a person, a reason or at least one day."""
        missing = [
            name
            for name, given in (("requested_by", by.strip()), ("reason", reason.strip()), ("days", days > 0))
            if not given
        ]
        if missing:
            raise InvalidValue(*(Problem("KKH-A021", field=name) for name in missing))
        expires_at = at + timedelta(days=days)
        return cls(number, act.kind, act.subject, act.digest, act.insurer, by, reason, at, expires_at)

    @property
    def agreement(self) -> Agreement:
        """合意 that it stands for, once it is approved."""
        return Agreement(self.requested_by, self.decided_by or "", self.reason)

    def is_expired(self, at: datetime) -> bool:
        """Whether its time is over; a used one no longer expires."""
        return self.state in (ApprovalState.REQUESTED, ApprovalState.APPROVED) and at >= self.expires_at

    def is_waiting(self, at: datetime) -> bool:
        """承認待ち: somebody else may still decide."""
        return self.state is ApprovalState.REQUESTED and not self.is_expired(at)

    def is_usable(self, at: datetime) -> bool:
        """承認済み and neither used nor expired."""
        return self.state is ApprovalState.APPROVED and not self.is_expired(at)

    def approve(self, by: str, at: datetime, digest: ContentDigest) -> Approval:
        """承認. ``digest`` is that of what the approver saw.

        Raises :class:`NotApproved`: KKH-A008 by the one who asked, KKH-A009 the content is another one, KKH-A010 expired,
        KKH-A011 decided already.
        """
        self._require_open(at)
        self._require_another(by)
        self._require_same(digest)
        return self._decided(ApprovalState.APPROVED, by, at, None)

    def refuse(self, by: str, at: datetime, reason: str) -> Approval:
        """却下, by another person. Raises :class:`NotApproved`: KKH-A008, KKH-A010, KKH-A011."""
        self._require_open(at)
        self._require_another(by)
        return self._decided(ApprovalState.REFUSED, by, at, reason)

    def withdraw(self, by: str, at: datetime) -> Approval:
        """取下げ, by the one who asked, before it is used. Raises :class:`NotApproved`: KKH-A008 by another, KKH-A011."""
        if self.state not in (ApprovalState.REQUESTED, ApprovalState.APPROVED):
            raise NotApproved(Problem("KKH-A011", field=self.state.value))
        if not is_same_operator(by, self.requested_by):
            raise NotApproved(Problem("KKH-A008", field="withdraw"))
        return self._decided(ApprovalState.WITHDRAWN, by, at, None)

    def use(self, by: str, at: datetime, digest: ContentDigest) -> Approval:
        """使用: the act is done now, in the same transaction. ``digest`` is that of what is about to be done.

        Raises :class:`NotApproved`: KKH-A007 not approved yet, KKH-A009 changed since, KKH-A010 expired, KKH-A011 used,
        refused or withdrawn.
        """
        if self.state is ApprovalState.REQUESTED and not self.is_expired(at):
            raise NotApproved(Problem("KKH-A007", field=self.number))
        if self.state not in (ApprovalState.REQUESTED, ApprovalState.APPROVED):
            raise NotApproved(Problem("KKH-A011", field=self.state.value))
        self._require_time(at)
        self._require_same(digest)
        return evolve(self, state=ApprovalState.USED, used_by=by, used_at=at, version=self.version + 1)

    def _decided(self, state: ApprovalState, by: str, at: datetime, reason: str | None) -> Approval:
        return evolve(self, state=state, decided_by=by, decided_at=at, decided_reason=reason, version=self.version + 1)

    def _require_open(self, at: datetime) -> None:
        if self.state is not ApprovalState.REQUESTED:
            raise NotApproved(Problem("KKH-A011", field=self.state.value))
        self._require_time(at)

    def _require_time(self, at: datetime) -> None:
        if self.is_expired(at):
            raise NotApproved(Problem("KKH-A010", field=self.number))

    def _require_another(self, by: str) -> None:
        if not by.strip() or is_same_operator(by, self.requested_by):
            raise NotApproved(Problem("KKH-A008", field=self.number))

    def _require_same(self, digest: ContentDigest) -> None:
        if digest != self.digest:
            raise NotApproved(Problem("KKH-A009", field=self.number))
