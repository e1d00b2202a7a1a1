"""廃棄の後始末: files that were never finished, and backups (S-29)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from kokuho_adapters.security.key_custody import KeyCustody
from kokuho_adapters.security.key_disposal import destroy_key
from kokuho_adapters.security.key_rotation import rotate_data_keys
from kokuho_core.ports.keys import KeyPurpose, KeyState
from kokuho_core.retention.rules import RULES, RecordKind
from kokuho_core.vocabulary.identifiers import InsurerNumber

UNFINISHED: Final = ("*.part", "*.tmp")
"""Names under which files are written until they are complete."""


def unfinished_files(folders: Iterable[Path], now: float | None = None) -> Iterator[Path]:
    """一時ファイル in these folders (not below) that nobody has written to since their retention ended."""
    rule = RULES[RecordKind.TEMPORARY]
    before = (time.time() if now is None else now) - timedelta(days=rule.days).total_seconds()
    for folder in dict.fromkeys(folders):
        for pattern in UNFINISHED:
            yield from (file for file in sorted(folder.glob(pattern)) if file.is_file() and file.stat().st_mtime < before)


def shred_backups(custody: KeyCustody, insurers: Iterable[InsurerNumber], by: str, reason: str) -> list[str]:
    """Make the numbers in older backups of these municipalities unreadable: new data keys, and the old ones destroyed.

    What stands is sealed anew first, so nothing of this database is lost. The ids of the destroyed keys.
    """
    destroyed = []
    for insurer in sorted(set(insurers)):
        rotate_data_keys(custody, insurer)
        with custody.database.begin(read_only=True) as work:
            retired = [key for key in work.keys.in_state(KeyPurpose.DATA, KeyState.RETIRED) if key.insurer_number == insurer]
        for key in retired:
            destroy_key(custody, key.key_id, by, reason)
            destroyed.append(key.key_id)
    return destroyed
