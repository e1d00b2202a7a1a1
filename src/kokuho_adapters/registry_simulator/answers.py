"""応答コード: what this receiver says about a record or a request it does not take."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Refusal(Enum):
    """受付拒否 of a whole request. The value is its code; the names of HTTP stand in ``application``."""

    UNKNOWN_CLIENT = "S401"
    PARTITION = "S403"
    NOT_FOUND = "S404"
    NUMBER_USED = "S409"
    NUMBER_GAP = "S410"
    MALFORMED = "S400"
    FOREIGN_RECORD = "S411"
    UNANSWERABLE = "S422"
    TOO_LARGE = "S413"


REFUSALS: Final[Mapping[Refusal, str]] = {
    Refusal.UNKNOWN_CLIENT: "この証明書は登録されていない / this certificate is not registered",
    Refusal.PARTITION: "この区画・操作は許可されていない / not let into this partition, or not allowed to do this",
    Refusal.NOT_FOUND: "該当する受付がない / there is no such reception",
    Refusal.NUMBER_USED: "この番号は別の内容で使われている / this number was used for another content",
    Refusal.NUMBER_GAP: "前の番号が届いていない / an earlier number has not arrived",
    Refusal.MALFORMED: "形式が正しくない / malformed",
    Refusal.FOREIGN_RECORD: "他の保険者のレコードがある / a record names another insurer",
    Refusal.UNANSWERABLE: "レコード識別番号等がない、または重複している / records without a usable key, or with the same one",
    Refusal.TOO_LARGE: "大きすぎる / too large",
}

RECORD_CODES: Final[Mapping[str, str]] = {
    "R001": "取消の対象が登録されていない / there is no such record to cancel",
    "R002": "同じレコード識別番号が別の内容で登録されている / this record key was registered with another content",
    "R003": "訂正は受け付けない(取消と新規で送る) / corrections are not taken: cancel and register anew (R-8)",
    "R004": "同じ人の適用期間が重複する / application periods of one person overlap (P-3)",
    "R005": "終了が開始より前 / ends before it starts (P-2)",
    "R006": "喪失年月日と喪失事由がそろわない / loss and its reason do not stand together",
    "R007": "収容できない文字がある / a character this receiver cannot hold",
}
"""Besides these, a value that its layout does not allow is answered with the library's KKH-V… or KKH-I… code."""


class Refused(Exception):
    """The request was refused; it is in the audit when this is raised."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(f"{refusal.value}: {REFUSALS[refusal]}")
