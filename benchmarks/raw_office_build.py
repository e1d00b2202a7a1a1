"""比較対象 (素のパス): what any program must do that writes the files of a municipal office from this database, and no more.

One joined query in the order of the file, JSON to cells, one number deciphered per person, a file by ``csv``, flushed to disk;
which row stood on which line, and the round of sending moved on, in one transaction. No check of any value, no layout.
"""

from __future__ import annotations

import csv
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from raw_path import PRAGMAS

BATCH = 1000
NUMBER = 4
UPDATE_KIND = 3
ROWS = """SELECT r.subject, r.history_number, r.content, v.ciphertext, v.number_index FROM office_row r
    LEFT JOIN number_vault v ON v.insurer_number = r.insurer_number AND v.number_index = r.number_index
    WHERE r.insurer_number = ? AND r.kind = ? AND r.waits_in = 1 AND r.superseded_at IS NULL
    ORDER BY r.subject, r.history_number"""


def build_raw(database: Path, folder: Path, insurer: str, decipher: Callable[[bytes, bytes], str]) -> None:
    """Both files into ``folder``."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        for kind, name in (("H", "SKSETAI"), ("P", "SKKOJIN")):
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\r\n")
                reading = connection.execute(ROWS, (insurer, kind))
                writing = connection.cursor()
                line = 2
                for rows in batches(reading):
                    writer.writerows(cells(rows, decipher))
                    sent = json.dumps([(row[0], row[1], "1") for row in rows])
                    writing.execute("INSERT INTO office_sent_lines VALUES (?, ?, ?, ?)", (insurer, name, line, sent))
                    line += len(rows)
                file.flush()
                os.fsync(file.fileno())
            connection.execute("INSERT INTO office_round VALUES (?, ?, 2)", (insurer, name))
        connection.execute("COMMIT")


def batches(reading: Iterator[Any]) -> Iterator[list[Any]]:
    while rows := list(islice(reading, BATCH)):
        yield rows


def cells(rows: list[Any], decipher: Callable[[bytes, bytes], str]) -> Iterator[list[Any]]:
    for row in rows:
        values = json.loads(row[2])
        values[UPDATE_KIND] = "1"
        if row[3] is not None:
            values[NUMBER] = decipher(row[3], row[4])
        yield values
