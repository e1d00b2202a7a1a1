"""ファイル名: ``{FILE_ID}_{SENDER}_{CREATED_AT}_{SEQUENCE:04d}.csv`` (X-1, X-2)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from attrs import frozen

from kokuho_core.errors import FileRefused, Problem

_FORM: Final = re.compile(r"([A-Z][A-Z0-9]{0,19})_([0-9]{6})_([0-9]{14})_([0-9]{4}|[1-9][0-9]{4,8})\.csv")


def parse_timestamp(text: str) -> datetime | None:
    """``YYYYMMDDHHMMSS`` of a real moment, else None. No ``strptime``: it takes far more than the form allows."""
    if len(text) != 14 or not (text.isascii() and text.isdigit()) or text[8:10] == "24":
        return None  # some versions of Python take 24:00 for the next day
    try:
        return datetime.fromisoformat(f"{text[:8]}T{text[8:]}")
    except ValueError:
        return None


def format_timestamp(moment: datetime) -> str:
    """``YYYYMMDDHHMMSS``. No ``strftime``: it does not pad early years on every platform."""
    text = moment.isoformat(timespec="seconds")
    return f"{text[:4]}{text[5:7]}{text[8:10]}{text[11:13]}{text[14:16]}{text[17:19]}"


@frozen
class FileName:
    """ファイル名. ``insurer_number`` is the sender, or the addressee of a file made by the aggregation.

    Raises :class:`FileRefused` (KKH-F001) when its parts make no name.
    """

    file_id: str
    insurer_number: str
    created_at: datetime
    sequence: int

    def __attrs_post_init__(self) -> None:
        if self.sequence < 1 or not _FORM.fullmatch(str(self)):
            raise FileRefused(Problem("KKH-F001"))

    @classmethod
    def parse(cls, name: str) -> FileName:
        """Raises :class:`FileRefused` (KKH-F001) for any other form."""
        match = _FORM.fullmatch(name)
        created_at = parse_timestamp(match[3]) if match else None
        if match is None or created_at is None:
            raise FileRefused(Problem("KKH-F001"))
        return cls(match[1], match[2], created_at, int(match[4]))

    def __str__(self) -> str:
        return f"{self.file_id}_{self.insurer_number}_{format_timestamp(self.created_at)}_{self.sequence:04d}.csv"
