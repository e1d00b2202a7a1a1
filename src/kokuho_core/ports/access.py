"""アクセス権限と承認の保管の口 (S-7, S-31)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from kokuho_core.access.rights import Grant, Rights
from kokuho_core.approval.approval import Approval
from kokuho_core.approval.kinds import ApprovalKind


class RightsStore(Protocol):
    """権限の台帳の保管. Grants are added and revoked, never changed otherwise or removed."""

    def all(self) -> Rights: ...

    def next_number(self) -> str: ...

    def save(self, grants: Iterable[Grant]) -> None:
        """New grants are added; of known ones the revocation alone is kept."""
        ...


class ApprovalStore(Protocol):
    """承認の保管."""

    def all(self) -> list[Approval]:
        """By number, oldest first."""
        ...

    def by_number(self, number: str) -> Approval | None: ...

    def of_subject(self, kind: ApprovalKind, subject: str) -> list[Approval]:
        """Everything that was ever asked about one act, oldest first."""
        ...

    def next_number(self) -> str: ...

    def add(self, approval: Approval) -> None: ...

    def save(self, approval: Approval) -> None:
        """The next state. Raises :class:`Conflict` (KKH-X001) when another one was kept meanwhile."""
        ...
