"""コード: code values of the open format that rules are written in. Their texts stand in the layouts."""

from __future__ import annotations

from enum import StrEnum


class UpdateKind(StrEnum):
    """更新区分."""

    NEW = "1"
    CORRECTION = "2"
    CANCELLATION = "3"


class InsuredKind(StrEnum):
    """被保険者区分: a nominal head (擬制世帯主) is head of the household but not insured himself."""

    INSURED = "1"
    NOMINAL_HEAD = "2"


class HeadKind(StrEnum):
    """世帯主区分."""

    INSURED = "1"
    NOMINAL = "2"


class OccurrenceKind(StrEnum):
    """該当区分: OUTPATIENT months (70歳以上の外来のみ) never count towards 多数回該当 (H-2)."""

    HOUSEHOLD = "1"
    OUTPATIENT = "2"


class SpecialCase(StrEnum):
    """特例区分."""

    NONE = "0"
    STUDENT = "1"  # マル学
    REMOTE = "2"  # マル遠
    RESIDENCE = "3"  # 住所地特例


class Decision(StrEnum):
    """確定区分."""

    CONTINUED = "1"
    NOT_CONTINUED = "2"
    REVOKED = "3"


class CandidateStatus(StrEnum):
    """継続候補世帯の状態."""

    WAITING = "1"
    WITHDRAWN = "2"
    DECIDED = "3"


class Suggestion(StrEnum):
    """判定参考."""

    CONTINUED = "1"
    NOT_CONTINUED = "2"
    UNCLEAR = "3"


class SuggestionReason(StrEnum):
    """判定参考理由."""

    ADDRESS_ONLY = "1"
    HEAD_CHANGED = "2"
    MORE_MEMBERS = "3"
    FEWER_MEMBERS = "4"
    SPLIT = "5"
    MERGER = "6"
    UNRESOLVED = "9"


class QualificationStatus(StrEnum):
    """資格状態."""

    NEW = "1"
    CONTINUED = "2"
    LOST = "3"
    HELD = "9"


class CarryResult(StrEnum):
    """引継結果."""

    CARRIED = "1"
    NO_MONTHS = "2"
    TAKEN_BACK = "3"
