"""レコードの値: one record as the text of each layout key, ready to be put into columns.

Text rather than domain records, because a prefecture has millions of them; every row makes a valid domain record.
"""

from __future__ import annotations

from datetime import date
from typing import Final

Row = dict[str, str]
"""Layout key to text; empty is «not set»."""
Message = tuple[int, str, Row]
"""Sequence number, FILE_ID and the row; the sender is the row's ``insurer_number``."""

PERSON: Final = "SKKOJIN"
HOUSEHOLD: Final = "SKSETAI"
HIGH_COST: Final = "KOGAKU"
FILE_IDS: Final = (HOUSEHOLD, PERSON, HIGH_COST)


class _DayTexts(dict[int, str]):
    """``YYYYMMDD`` of a day by its ordinal; a prefecture knows some ten thousand days."""

    def __missing__(self, ordinal: int) -> str:
        day = date.fromordinal(ordinal)
        text = self[ordinal] = f"{day.year:04d}{day.month:02d}{day.day:02d}"
        return text


DAY: Final = _DayTexts()
"""Ordinal of a day to its text."""


def ordinal_of(text: str) -> int:
    """The way back from :data:`DAY`."""
    return date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()


def next_row(row: Row, stamp: str, **changes: str) -> Row:
    """The next history row of the same person or household: another record (更新区分 新規)."""
    history = str(int(row["history_number"]) + 1)
    return {**row, "history_number": history, "update_kind": "1", "updated_at": stamp, **changes}


def corrected(row: Row, stamp: str, **changes: str) -> Row:
    """A correction of the same record; without changes it is sent once more as it was."""
    return {**row, "update_kind": "2", "updated_at": stamp, **changes}


def cancelled(row: Row, stamp: str) -> Row:
    """The cancellation of a record."""
    return {**row, "update_kind": "3", "updated_at": stamp}
