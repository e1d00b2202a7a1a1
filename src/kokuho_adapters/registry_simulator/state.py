"""保管: the receiver's own database (SQLite) and the key of its indexes. What is answered has been committed (S-27).

個人番号 are not kept: only their keyed index, under a key that stands in a file of its own (S-9).
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kokuho_adapters.durable_files import write_new

KEPT: Final = (
    "municipal_insured_id", "card_symbol", "card_number", "branch_number", "name", "name_kana", "name_on_card",
    "name_kana_on_card", "true_name", "true_name_kana", "sex_on_back", "birth_date", "sex", "address",
    "qualification_acquired", "qualification_lost", "reason_of_loss", "application_start", "application_end",
    "address_withheld", "self_view_stopped", "notified_on",
)  # fmt: skip
"""The values of a registered record that are kept, by their layout keys: all but the number and what is known besides."""
JUDGED: Final = (
    "municipal_insured_id", "birth_date", "sex", "qualification_acquired", "qualification_lost", "reason_of_loss",
    "application_start", "application_end",
)  # fmt: skip
"""Those of them that rules look at: columns of their own. All of them together stand in one text, as they were sent."""
SEPARATOR: Final = "\x1f"
"""Between the values in that text; no value can hold it."""

TO_TELL: Final = 0
TELLING: Final = 2
"""Results that are being put out. What changes meanwhile sets them to :data:`TO_TELL` again, so that no news is lost."""
TOLD: Final = 1
"""Where it is asked for what is not, it stands written out: only so can the index be used."""

_PRAGMAS: Final = (
    "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON", "temp_store=MEMORY",
    "cache_size=-16384", "wal_autocheckpoint=8000",
)  # fmt: skip
_COLUMNS: Final = ", ".join(f"{key} TEXT NOT NULL" for key in (*JUDGED, "sent"))
_SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS reception (
    reception INTEGER PRIMARY KEY, insurer_number TEXT NOT NULL, exchange TEXT NOT NULL, number INTEGER NOT NULL,
    channel TEXT NOT NULL, content BLOB NOT NULL, received_at TEXT NOT NULL, withheld INTEGER NOT NULL DEFAULT 0,
    published INTEGER NOT NULL DEFAULT 0, idempotency_key TEXT, UNIQUE (insurer_number, exchange, number)
);
CREATE INDEX IF NOT EXISTS reception_to_tell ON reception (reception) WHERE channel = 'file' AND published <> {TOLD};
CREATE TABLE IF NOT EXISTS result (
    reception INTEGER NOT NULL REFERENCES reception, place INTEGER NOT NULL, subject TEXT NOT NULL, day TEXT NOT NULL,
    result TEXT NOT NULL, error_code TEXT, error_field TEXT, effective_on TEXT, number INTEGER,
    PRIMARY KEY (reception, place)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS number (number INTEGER PRIMARY KEY, number_index BLOB NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS record (
    insurer_number TEXT NOT NULL, record_key TEXT NOT NULL, number INTEGER NOT NULL REFERENCES number,
    content BLOB NOT NULL,
    registered_in INTEGER NOT NULL REFERENCES reception, cancelled_in INTEGER REFERENCES reception, {_COLUMNS},
    PRIMARY KEY (insurer_number, record_key)
);
CREATE INDEX IF NOT EXISTS record_person ON record (number, insurer_number);
CREATE INDEX IF NOT EXISTS record_shown ON record (insurer_number, municipal_insured_id, application_start, record_key);
CREATE TABLE IF NOT EXISTS branch (insurer_number TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS person (
    insurer_number TEXT NOT NULL, number INTEGER NOT NULL REFERENCES number, internal_branch INTEGER NOT NULL,
    verification TEXT NOT NULL, PRIMARY KEY (insurer_number, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS card (
    number INTEGER PRIMARY KEY REFERENCES number, registered INTEGER NOT NULL, certificate_expires_on TEXT NOT NULL,
    withdrawn_from TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS other_cover (
    number INTEGER NOT NULL REFERENCES number, other_insurer_number TEXT NOT NULL, acquired_on TEXT NOT NULL,
    lost_on TEXT NOT NULL, PRIMARY KEY (number, other_insurer_number, acquired_on)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS listing (
    listing INTEGER PRIMARY KEY, insurer_number TEXT NOT NULL, file_id TEXT NOT NULL, sequence INTEGER NOT NULL,
    listed_on TEXT NOT NULL, published INTEGER NOT NULL DEFAULT 0, UNIQUE (insurer_number, file_id, sequence)
);
CREATE INDEX IF NOT EXISTS listing_unpublished ON listing (listing) WHERE published = 0;
CREATE TABLE IF NOT EXISTS listed (
    listing INTEGER NOT NULL REFERENCES listing, place INTEGER NOT NULL, municipal_insured_id TEXT NOT NULL,
    first TEXT NOT NULL, second TEXT NOT NULL, PRIMARY KEY (listing, place)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fault (
    fault INTEGER PRIMARY KEY, kind TEXT NOT NULL, place TEXT NOT NULL, skip INTEGER NOT NULL, times INTEGER NOT NULL,
    seconds REAL NOT NULL, status INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS audit (
    entry INTEGER PRIMARY KEY, at TEXT NOT NULL, channel TEXT NOT NULL, subject TEXT NOT NULL, act TEXT NOT NULL,
    insurer_number TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS made (made_at TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit stays'); END;
CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit stays');
END;
CREATE TEMP TABLE incoming (
    place INTEGER PRIMARY KEY, record_key TEXT NOT NULL, update_kind TEXT NOT NULL, number_index BLOB, number INTEGER,
    content BLOB, code TEXT, field TEXT, answer TEXT NOT NULL, {_COLUMNS}
);
CREATE UNIQUE INDEX incoming_key ON incoming (record_key);
"""


class State:
    """The database of one receiver. One writer at a time; every unit of work is one transaction."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        secret = _secret(folder / "index.key")
        self._index = HMAC(_derived(secret, b"number index"), SHA256())
        self._content = HMAC(_derived(secret, b"content"), SHA256())
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            folder / "receiver.sqlite3", isolation_level=None, check_same_thread=False, timeout=30
        )
        for pragma in _PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def work(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed at the end, or nothing of it happened."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def number_index(self, digits: str) -> bytes:
        """個人番号の索引: keyed, so that the number cannot be found from it."""
        mac = self._index.copy()
        mac.update(digits.encode("ascii"))
        return mac.finalize()

    def content_mac(self, content: bytes) -> bytes:
        """By which a content is known again."""
        mac = self._content.copy()
        mac.update(content)
        return mac.finalize()

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _secret(path: Path) -> bytes:
    secret = secrets.token_bytes(32)
    try:
        write_new(path, secret)
    except FileExistsError:
        return path.read_bytes()
    return secret


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, b"kokuho registry simulator: " + purpose).derive(secret)
