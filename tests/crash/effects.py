"""Effects counted by the database itself, beside the audit log: which transactions changed anything (S-4).

A trigger on every table notes the last entry there was when a row changed. The entry of a change is the last thing its
transaction writes, so each transaction with an effect must be followed by exactly one entry «done», and no entry «done» may
stand where nothing changed, but for a run that found nothing to do and says so by its counts. What an admission itself changes
of a second factor (a code that was used, one that was wrong) is followed by the entry of that admission, whatever it says.
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
_CHECKED: Final = "operator_factor"
_CHECKS: Final = ("admitted", "denied")
_LAST: Final = "SELECT coalesce(max(sequence), 0) AS last FROM audit_entry"
_RUNS: Final = frozenset(
    {
        "resolve", "deliver", "register", "take_results", "list_due", "exchange_card_use", "decide_documents", "take_covers",
        "exchange_symbols", "build_files", "apply_files", "hand_over",
    }
)  # fmt: skip
"""They end with an entry also when there was nothing to do."""
_LOOKED_AT: Final = "records"
"""How much a run read, which says nothing of what it changed."""
_SESSION: Final = ("open_session", "close_session")


def watch_effects(database: Path) -> None:
    """From here on. Done again, nothing changes."""
    with closing(sqlite3.connect(database)) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (EFFECT,)).fetchone():
            return
        connection.execute(f"CREATE TABLE IF NOT EXISTS {EFFECT} (after INTEGER, kind TEXT, PRIMARY KEY (after, kind))")
        connection.execute(
            f"INSERT INTO {EFFECT} SELECT last, 'first' FROM ({_LAST}) WHERE NOT EXISTS (SELECT 1 FROM {EFFECT})"
        )
        for table in metadata.sorted_tables:
            kind = "checked" if table.name == _CHECKED else "changed"
            for event in ("INSERT", "UPDATE", "DELETE") if table.name not in _BOOKKEEPING else ():
                connection.execute(
                    f"CREATE TRIGGER IF NOT EXISTS {EFFECT}_{table.name}_{event} AFTER {event} ON {table.name} BEGIN"
                    f" INSERT INTO {EFFECT} SELECT last, '{kind}' FROM ({_LAST})"
                    f" WHERE NOT EXISTS (SELECT 1 FROM {EFFECT} WHERE after = last AND kind = '{kind}'); END"
                )
        connection.commit()


def effects_and_entries(database: Path) -> tuple[list[int], list[int]]:
    """Entries that must be «done» since somebody watches, because something changed; and those that are."""
    with closing(sqlite3.connect(database)) as connection:
        first = connection.execute(f"SELECT min(after) FROM {EFFECT} WHERE kind = 'first'").fetchone()[0]
        effects = connection.execute(
            f"SELECT after + 1 FROM {EFFECT} LEFT JOIN audit_entry ON sequence = after + 1"
            " WHERE kind = 'changed' OR kind = 'checked' AND (result IS NULL OR result NOT IN (?, ?))",
            _CHECKS,
        ).fetchall()
        done = connection.execute(
            "SELECT sequence, operation, counts FROM audit_entry WHERE result = 'done' AND sequence > ?"
            " AND operation NOT IN (?, ?) ORDER BY 1",
            (first, *_SESSION),
        ).fetchall()
    changed = {row[0] for row in effects}
    kept = [
        sequence
        for sequence, operation, counts in done
        if sequence in changed or operation not in _RUNS or _says_changed(counts)
    ]
    return sorted(changed), kept


def _says_changed(counts: str) -> bool:
    return any(count for name, count in json.loads(counts).items() if name != _LOOKED_AT)


def require_one_entry_for_each_effect(database: Path) -> int:
    """How many there are."""
    effects, done = effects_and_entries(database)
    assert effects == done, f"changed, but not on record: {set(effects) - set(done)}; on record: {set(done) - set(effects)}"
    return len(effects)
