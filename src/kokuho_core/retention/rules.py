"""保存期間の規則, as data with their sources (S-29, S-33, S-35)."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from attrs import frozen


class RecordKind(StrEnum):
    """保存する記録の種類."""

    PERSON = "person"
    """被保険者ファイル: a person's records in all municipalities of the prefecture, with his numbers, households and findings."""
    LEDGER = "ledger"
    """受渡簿: received files and the results of their records."""
    PROVIDED = "provided"
    """提供記録: files delivered."""
    MEDIA = "media"
    """媒体の受渡簿."""
    HELD_CONTENT = "held_content"
    """保留中のファイルの内容."""
    TEMPORARY = "temporary"
    """一時ファイル: files and folders that were begun and never finished."""
    QUARANTINE = "quarantine"
    """隔離: sendings in exchange folders that were set aside because they were not right."""


@frozen
class RetentionRule:
    """一つの保存期間: ``years`` and ``days`` from ``since``; ``source`` says where it comes from."""

    kind: RecordKind
    years: int
    days: int
    since: str
    source: str

    def last_day(self, as_of: date) -> date:
        """満了: what ended on this day or before is due on ``as_of``."""
        return years_before(as_of, self.years) - timedelta(days=self.days)


RULES: Final = {
    rule.kind: rule
    for rule in (
        RetentionRule(RecordKind.PERSON, 5, 0, "県内の資格喪失(県内異動を除く、D-8)", "S-35: 被保険者ファイルは喪失後5年"),
        RetentionRule(RecordKind.LEDGER, 5, 0, "受付日", "S-33: 受渡簿は5年"),
        RetentionRule(RecordKind.PROVIDED, 5, 0, "配信日", "S-33: 提供記録は5年"),
        RetentionRule(RecordKind.MEDIA, 5, 0, "返却または廃棄の記録", "S-33: 受渡簿は5年"),
        RetentionRule(RecordKind.HELD_CONTENT, 1, 0, "受付日", "この製品の決定: 1年適用されない内容は使われない"),
        RetentionRule(RecordKind.TEMPORARY, 0, 7, "最後の書込み", "この製品の決定: 中断した書込みは翌週まで再開しない"),
        RetentionRule(RecordKind.QUARANTINE, 0, 90, "隔離した日", "この製品の決定: 相手に確かめて送り直してもらうのに足りる"),
    )
}
"""委託区画 is kept permanently (R-1, S-35), and is no part of these. Records of disposals hold no personal data and stay."""


def years_before(day: date, years: int) -> date:
    """The same day ``years`` earlier; 29 February becomes 28 February where the year has none."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
