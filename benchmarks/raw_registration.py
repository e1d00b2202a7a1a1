"""比較対象 (素のパス): the least any program must do to register everybody who waits in a database of this product.

One joined query in the order of the people; per person one AES-256-GCM operation, one line of ``csv`` and one row in each of the
two tables of the queue; the file is flushed to disk and the transaction committed with the settings of the product. Nothing is
judged, checked or compared, nobody is left out, and no answer could be recognised.
"""

from __future__ import annotations

import csv
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from raw_path import PRAGMAS

BATCH = 1000
TODAY, NOW = "2024-06-30", "2024-06-30 09:00:00.000000"
DETAILS = (
    "card_symbol", "card_number", "branch_number", "name", "name_kana", "name_on_card", "name_kana_on_card", "true_name",
    "true_name_kana", "sex_on_back", "birth_date", "sex", "address", "address_withheld", "self_view_stopped",
)  # fmt: skip
QUERY = f"""
    SELECT p.addressee_number, p.file_no, p.line, p.history_number, v.ciphertext, r.stands,
        {", ".join(f"p.{each}" for each in DETAILS)}
    FROM pending_registration w
    JOIN person_record p ON p.insurer_number = w.insurer_number AND p.addressee_number = w.addressee_number
    JOIN returned_row r ON r.subject = p.insurer_number || '/' || p.addressee_number AND r.file_id = 'TOKUSO'
        AND r.insurer_number = p.insurer_number AND r.item = CAST(p.history_number AS TEXT) AND r.stands IS NOT NULL
    JOIN number_vault v ON v.number_index = p.number_index AND v.insurer_number = p.insurer_number
    WHERE w.insurer_number = ? ORDER BY w.addressee_number
"""
VERSION = """
    INSERT INTO registration_version (insurer_number, record_key, addressee_number, municipal_id, period, file_no, line, content,
        card, notified_on, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
MESSAGE = """
    INSERT INTO registration_message (insurer_number, number, record_key, update_kind, notified_on) VALUES (?, ?, ?, '1', ?)
"""

_ENCRYPT = AESGCM(os.urandom(32)).encrypt
"""In place of deciphering, which costs the same: the keys of the product are none of this program's business."""


def batches(database: sqlite3.Connection, insurer: str) -> Iterator[list[Any]]:
    cursor = database.execute(QUERY, (insurer,))
    while rows := cursor.fetchmany(BATCH):
        yield rows


def register_raw(source: Path, target: Path, insurer: str) -> int:
    """Register everybody who waits. Returns how many."""
    numbers = count(1)
    nonce = os.urandom(12)
    with (
        closing(sqlite3.connect(source, isolation_level=None)) as database,
        target.open("w", encoding="utf-8", newline="") as file,
    ):
        for pragma in PRAGMAS:
            database.execute(f"PRAGMA {pragma}")
        writer = csv.writer(file, lineterminator="\r\n")
        database.execute("BEGIN IMMEDIATE")
        for rows in batches(database, insurer):
            versions, messages, lines = [], [], []
            for addressee, file_no, line, period, ciphertext, stands, *details in rows:
                number = next(numbers)
                key = f"{insurer}R{number:010d}"
                derived = json.loads(stands)
                digits = _ENCRYPT(nonce, ciphertext[12:24], b"")[:12].hex()[:12]
                content = json.dumps([*details, *derived], ensure_ascii=False)
                card = f"{details[0]}/{details[1]}/{details[2]}"
                versions.append(
                    (insurer, key, addressee, derived[1], period, file_no, line, content, card, TODAY, NOW)
                )
                messages.append((insurer, number, key, TODAY))
                lines.append(("2", insurer, key, "1", digits, *details, *derived, TODAY))
            database.executemany(VERSION, versions)
            database.executemany(MESSAGE, messages)
            writer.writerows(lines)
        database.execute("DELETE FROM pending_registration WHERE insurer_number = ?", (insurer,))
        file.flush()
        os.fsync(file.fileno())
        database.execute("COMMIT")
    return next(numbers) - 1
