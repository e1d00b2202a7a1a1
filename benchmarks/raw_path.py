"""比較対象 (素のパス): reads the same files, protects the same numbers, stores the same rows, and judges nothing.

The least that any program must do with these files: ``csv``, HMAC-SHA-256 and AES-256-GCM for every 個人番号, and
``executemany`` of all columns into SQLite, one transaction per file. No rule, no check, no index, no answer.

    python benchmarks/raw_path.py FOLDER DATABASE
"""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

PAGE_CACHE_KIB = 16 * 1024
# The pragmas of kokuho_adapters.database.on_sqlite.
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "recursive_triggers=ON",
    "temp_store=MEMORY",
    f"cache_size=-{PAGE_CACHE_KIB}",
    "wal_autocheckpoint=8000",
)
NUMBER_COLUMNS = {"SKKOJIN": (5, 6)}
"""個人番号 and 旧個人番号, counted with the record kind as column 0."""
BATCH = 1000

_ENCRYPT = AESGCM(os.urandom(32)).encrypt
_HMAC = HMAC(os.urandom(32), SHA256())


def protect(rows: list[list[str | bytes]], columns: tuple[int, ...]) -> None:
    """Put nonce, ciphertext and tag in place of each number, and its index at the end of the row."""
    nonces = os.urandom(12 * len(rows) * len(columns))
    place = 0
    for row in rows:
        for column in columns:
            digits = row[column]
            index = b""
            if digits:
                number = str(digits).encode("ascii")
                nonce = nonces[place : place + 12]
                place += 12
                mac = _HMAC.copy()
                mac.update(number)
                index = mac.finalize()
                row[column] = nonce + _ENCRYPT(nonce, number, index)
            row.append(index)


def batches(reader: Iterator[list[str]]) -> Iterator[list[list[str | bytes]]]:
    """Data records in batches, without their kind."""
    data = (row for row in reader if row[0] == "2")
    while batch := list(islice(data, BATCH)):
        yield batch  # type: ignore[misc]  # a list of str becomes one of str and bytes


def store(database: sqlite3.Connection, path: Path) -> int:
    """One file in one transaction. Returns the number of its data records."""
    file_id = path.name.split("_")[0]
    columns = NUMBER_COLUMNS.get(file_id, ())
    count = 0
    with path.open(encoding="utf-8", newline="") as file, database:
        database.execute("BEGIN")
        for rows in batches(csv.reader(file, strict=True)):
            protect(rows, columns)
            width = len(rows[0])
            names = ", ".join(f"c{column}" for column in range(width))
            database.execute(f"CREATE TABLE IF NOT EXISTS {file_id} ({names})")
            database.executemany(f"INSERT INTO {file_id} VALUES ({', '.join('?' * width)})", rows)
            count += len(rows)
    return count


def main(folder: Path, target: Path) -> None:
    records = 0
    with closing(sqlite3.connect(target, isolation_level=None)) as database:
        for pragma in PRAGMAS:
            database.execute(f"PRAGMA {pragma}")
        for path in sorted(folder.glob("*_*_*_*.csv")):
            records += store(database, path)
    print(json.dumps({"records": records}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
