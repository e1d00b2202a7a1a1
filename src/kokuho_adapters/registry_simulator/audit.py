"""証跡: who asked for what and how it ended, refusals above all (R-1, S-4)."""

from __future__ import annotations

import sqlite3
from typing import Final

from attrs import frozen

ADMITTED: Final = "admitted"
REFUSED: Final = "refused"


@frozen
class AuditEntry:
    """証跡の一件. ``subject`` is the name in the client's certificate, or the folder it came by; empty where none was shown."""

    entry: int
    at: str
    channel: str
    subject: str
    act: str
    insurer_number: str
    outcome: str
    reason: str


def write_entry(
    connection: sqlite3.Connection,
    at: str,
    channel: str,
    subject: str,
    act: str,
    insurer_number: str,
    outcome: str,
    reason: str = "",
) -> None:
    """Add one entry to the transaction."""
    connection.execute(
        "INSERT INTO audit (at, channel, subject, act, insurer_number, outcome, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (at, channel, subject, act, insurer_number, outcome, reason),
    )


def read_entries(connection: sqlite3.Connection, after: int, limit: int) -> list[AuditEntry]:
    """The entries after number ``after`` in their order."""
    rows = connection.execute(
        "SELECT entry, at, channel, subject, act, insurer_number, outcome, reason FROM audit WHERE entry > ? ORDER BY entry"
        " LIMIT ?",
        (after, limit),
    )
    return [AuditEntry(*row) for row in rows]
