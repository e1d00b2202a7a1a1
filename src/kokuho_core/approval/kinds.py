"""承認の種類: the acts that no one may do alone (S-7)."""

from __future__ import annotations

from enum import Enum
from typing import Final

APPROVAL_DAYS: Final = 7
"""承認の有効日数 from the request: what was agreed to is done within this many days, or asked for again."""


class ApprovalKind(Enum):
    """承認の種類. The value is what the database, the audit log and the command line say."""

    NUMBER_LINK = "number_link"
    """個人番号の紐付け・変更: an identity conflict decided by a person (X-25)."""
    NUMBER_LOOK_UP = "number_look_up"
    """照会した番号の結び付け where a character may be a variant of the other (I-2, S-23)."""
    EX_OFFICIO_LOSS = "ex_officio_loss"
    """職権による喪失 (S-25)."""
    HOLD_RELEASE = "hold_release"
    """保留の解除・一括の変更: the only way in which what a safety gate measured as a bulk change takes effect (S-28)."""
    FILE_RECALL = "file_recall"
    """受付済みファイルの取消し."""
    KEY_DISPOSAL = "key_disposal"
    """鍵の破棄 (S-29)."""
    RETENTION_RUN = "retention_run"
    """保存期間が満了した記録の廃棄 (S-29)."""
    IMPORTED_DECISION = "imported_decision"
    """取り込んだ判断 (継続世帯確定指示など): where a setting asks for a second look (S-34)."""
    BULK_LISTING = "bulk_listing"
    """上限を超える一覧の出力 (S-6)."""

    @property
    def always_takes_two(self) -> bool:
        """Whether it takes two people in the trial of one person too: it destroys, it overrides a safety, or a setting
        asked for the second person."""
        return self in _ALWAYS


_ALWAYS: Final = frozenset(
    {
        ApprovalKind.EX_OFFICIO_LOSS, ApprovalKind.HOLD_RELEASE, ApprovalKind.FILE_RECALL, ApprovalKind.KEY_DISPOSAL,
        ApprovalKind.RETENTION_RUN, ApprovalKind.IMPORTED_DECISION, ApprovalKind.NUMBER_LOOK_UP,
    }
)  # fmt: skip
