"""二人で行う行為: what is asked for, and who agreed to it (S-7)."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from kokuho_core.approval.content import ContentDigest, digest_of
from kokuho_core.approval.kinds import ApprovalKind
from kokuho_core.vocabulary.identifiers import InsurerNumber


@frozen
class Act:
    """行為. ``content`` names, in references, everything that makes it this act and no other (see :func:`digest_of`).

    ``insurer`` is the municipality concerned, None for the prefecture.
    """

    kind: ApprovalKind
    subject: str
    content: Mapping[str, str] = field(factory=dict)
    insurer: InsurerNumber | None = None

    @property
    def digest(self) -> ContentDigest:
        """要約値: once anything of the act is another, it is another act."""
        return digest_of(self.kind, self.subject, {**self.content, "insurer": self.insurer or ""})


@frozen
class Agreement:
    """合意: who asked, who agreed, and why; both are the same person only where one person is enough."""

    asked_by: str
    agreed_by: str
    reason: str
