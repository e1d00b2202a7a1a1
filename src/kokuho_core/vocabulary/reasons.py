"""異動事由: reasons of acquisition and loss, each with the date rule it falls under (D-1 … D-10)."""

from __future__ import annotations

from datetime import date
from typing import Final

from attrs import frozen

INTRA_PREFECTURE_SINCE: Final = date(2018, 4, 1)
"""Moves inside the prefecture keep the qualification from this day on (Q-9; 国保法改正 平成30年4月1日施行)."""


@frozen
class Reason:
    """One reason code of the open format (``reasons.toml``). ``intra`` marks a move inside the prefecture."""

    code: str
    name: str
    date_rule: str
    intra: bool = False


ACQUISITION: Final = {
    reason.code: reason
    for reason in (
        Reason("01", "転入(県外)", "D-1"),
        Reason("02", "出生", "D-1"),
        Reason("03", "社保離脱", "D-2"),
        Reason("04", "生保廃止", "D-1"),
        Reason("05", "国保組合離脱", "D-1"),
        Reason("06", "後期離脱", "D-2"),
        Reason("07", "転入(県内)", "D-8", intra=True),
        Reason("08", "住所地特例再取得", "D-9"),
        Reason("99", "その他", "D-1"),
    )
}
LOSS: Final = {
    reason.code: reason
    for reason in (
        Reason("51", "転出(県外)", "D-3"),
        Reason("52", "死亡", "D-4"),
        Reason("53", "社保加入", "D-5"),
        Reason("54", "生保開始", "D-6"),
        Reason("55", "国保組合加入", "D-6"),
        Reason("56", "後期加入", "D-7"),
        Reason("57", "転出(県内)", "D-8", intra=True),
        Reason("58", "住所地特例喪失", "D-9"),
        Reason("59", "職権喪失", "D-5"),
        Reason("99", "その他", "D-1"),
    )
}

MOVED_IN_FROM_OUTSIDE: Final = "01"
BIRTH: Final = "02"
LEFT_EMPLOYEE_INSURANCE: Final = "03"
WELFARE_ENDED: Final = "04"
LEFT_SOCIETY: Final = "05"
LEFT_LATE_ELDERLY: Final = "06"
OTHER: Final = "99"
MOVED_IN_INSIDE: Final = "07"
RESIDENCE_SPECIAL_ACQUIRED: Final = "08"
MOVED_OUT_OF_PREFECTURE: Final = "51"
DEATH: Final = "52"
EMPLOYEE_INSURANCE: Final = "53"
WELFARE_BEGAN: Final = "54"
JOINED_SOCIETY: Final = "55"
LATE_ELDERLY: Final = "56"
MOVED_OUT_INSIDE: Final = "57"
RESIDENCE_SPECIAL_LOST: Final = "58"
LOST_BY_AUTHORITY: Final = "59"


def claims_intra_entry(reason: str | None, on: date) -> bool:
    """Whether an application period claims to begin with a move inside the prefecture (P-6, X-30)."""
    return reason is not None and on >= INTRA_PREFECTURE_SINCE and ACQUISITION[reason].intra


def claims_intra_exit(reason: str | None, on: date) -> bool:
    """Whether an application period claims to end with a move inside the prefecture (P-6, X-30)."""
    return reason is not None and on >= INTRA_PREFECTURE_SINCE and LOSS[reason].intra
