"""二人による承認: what one person asks for takes effect only when another one has agreed to exactly that (S-7, S-34)."""

from kokuho_core.approval.act import Act, Agreement
from kokuho_core.approval.approval import Approval, ApprovalState
from kokuho_core.approval.content import ContentDigest, digest_of
from kokuho_core.approval.kinds import APPROVAL_DAYS, ApprovalKind

__all__ = ["APPROVAL_DAYS", "Act", "Agreement", "Approval", "ApprovalKind", "ApprovalState", "ContentDigest", "digest_of"]
