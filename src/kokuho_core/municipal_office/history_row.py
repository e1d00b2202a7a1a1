"""履歴行: one row of the office's own history, and what the aggregation knows of it (P-7).

A row that nobody was sent may still change freely; from then on its changes are 訂正 and 取消 under the same history number,
which is never used again.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from attrs import evolve, field, frozen

from kokuho_core.household.record import HouseholdRecord
from kokuho_core.insured_person.record import PersonRecord
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.individual_number import NumberIndex

Content = TypeVar("Content", PersonRecord, HouseholdRecord)
Row = TypeVar("Row", bound="HistoryRow[PersonRecord] | HistoryRow[HouseholdRecord]")


@frozen
class HistoryRow(Generic[Content]):
    """履歴行. ``notice`` is the 届出 that made it, ``changed_by`` the one that changed it last.

    ``is_waiting``: it goes into the next file, also where nothing of it changed (Q-1).
    """

    record: Content = field(repr=False)
    notice: int
    changed_by: int
    is_cancelled: bool = False
    is_sent: bool = False
    is_waiting: bool = True

    @property
    def history_number(self) -> int:
        return self.record.history_number

    @property
    def waits_as(self) -> UpdateKind | None:
        """更新区分 under which it goes into the next file, None if it does not."""
        if not self.is_waiting:
            return None
        if self.is_cancelled:
            return UpdateKind.CANCELLATION if self.is_sent else None
        return UpdateKind.CORRECTION if self.is_sent else UpdateKind.NEW


@frozen
class PersonRow(HistoryRow[PersonRecord]):
    """個人の履歴行. Its record holds no 個人番号, only ``number`` and ``previous_number`` do, as keyed indexes."""

    number: NumberIndex | None = field(default=None, repr=False)
    previous_number: NumberIndex | None = field(default=None, repr=False)


@frozen
class HouseholdRow(HistoryRow[HouseholdRecord]):
    """世帯の履歴行."""


def cancelled(row: Row, notice: int) -> Row:
    """取消 by ``notice``. A row that nobody was sent waits no more."""
    return evolve(row, is_cancelled=True, is_waiting=row.is_sent, changed_by=notice)


def sent(row: Row, kind: UpdateKind) -> Row:
    """As it stands once it was sent as ``kind``."""
    return evolve(row, is_sent=kind is not UpdateKind.CANCELLATION or row.is_sent, is_waiting=False)


def never_taken(row: Row) -> Row:
    """The aggregation refused it as new: it knows nothing of it, and the next sending is 新規 again."""
    return evolve(row, is_sent=False)
