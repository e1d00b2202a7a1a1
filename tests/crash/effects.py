"""Effects counted by the database itself, beside the audit log: which transactions changed anything (S-4).

A trigger on every table notes the last entry there was when a row changed. The entry of a change is the last thing its
transaction writes, so each transaction with an effect must be followed by exactly one entry «done», and no entry «done» may
stand where nothing changed, but for a run that found nothing to do and says so by its counts.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from kokuho_adapters.database.tables import metadata

EFFECT: Final = "seen_effect"
_BOOKKEEPING: Final = frozenset({"audit_entry", "counter", "key_usage"})
"""Written with the commit itself, behind the entry."""
_LAST: Final = "SELECT coalesce(max(sequence), 0) AS last FROM audit_entry"
_RUNS: Final = frozenset({"resolve", "deliver"})
"""They end with an entry also when there was nothing to do."""
_SESSION: Final = ("open_session", "close_session")


def watch_effects(database: Path) -> None:
    """From here on. Done again, nothing changes."""
    with closing(sqlite3.connect(database)) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (EFFECT,)).fetchone():
            return
        connection.execute(f"CREATE TABLE IF NOT EXISTS {EFFECT} (after INTEGER, is_first INTEGER, PRIMARY KEY (after, is_first))")
        connection.execute(
            f"INSERT INTO {EFFECT} SELECT last, 1 FROM ({_LAST}) WHERE NOT EXISTS (SELECT 1 FROM {EFFECT})"
        )
        for table in metadata.sorted_tables:
            for event in ("INSERT", "UPDATE", "DELETE") if table.name not in _BOOKKEEPING else ():
                connection.execute(
                    f"CREATE TRIGGER IF NOT EXISTS {EFFECT}_{table.name}_{event} AFTER {event} ON {table.name} BEGIN"
                    f" INSERT INTO {EFFECT} SELECT last, 0 FROM ({_LAST})"
                    f" WHERE NOT EXISTS (SELECT 1 FROM {EFFECT} WHERE after = last AND NOT is_first); END"
                )
        connection.commit()


def effects_and_entries(database: Path) -> tuple[list[int], list[int]]:
    """Entries that must be «done» since somebody watches, because something changed; and those that are."""
    with closing(sqlite3.connect(database)) as connection:
        first = connection.execute(f"SELECT min(after) FROM {EFFECT} WHERE is_first").fetchone()[0]
        effects = connection.execute(f"SELECT after + 1 FROM {EFFECT} WHERE NOT is_first ORDER BY 1").fetchall()
        done = connection.execute(
            "SELECT sequence, operation, counts FROM audit_entry WHERE result = 'done' AND sequence > ?"
            " AND operation NOT IN (?, ?) ORDER BY 1",
            (first, *_SESSION),
        ).fetchall()
    changed = {row[0] for row in effects}
    kept = [
        sequence
        for sequence, operation, counts in done
        if sequence in changed or operation not in _RUNS or any(json.loads(counts).values())
    ]
    return sorted(changed), kept


def require_one_entry_for_each_effect(database: Path) -> int:
    """How many there are."""
    effects, done = effects_and_entries(database)
    assert effects == done, f"changed, but not on record: {set(effects) - set(done)}; on record: {set(done) - set(effects)}"
    return len(effects)
