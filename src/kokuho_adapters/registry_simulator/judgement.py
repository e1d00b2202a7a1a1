"""登録の判定: what becomes of the records of one batch. Each rule is one question to the database about all of them at once.

The order of the records inside a batch does not matter: cancellations take effect first, and whether periods overlap is judged
when all is done, so that one batch may move the border between two periods (P-3).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Final

from kokuho_adapters.registry_simulator.answers import Refusal, Refused
from kokuho_adapters.registry_simulator.contents import Fault
from kokuho_adapters.registry_simulator.state import JUDGED, KEPT, SEPARATOR, State

KANYUSHA_KEYS: Final = ("insurer_number", "record_key", "update_kind", "individual_number", *KEPT)

_COLUMNS: Final = ", ".join((*JUDGED, "sent"))
_PLACES: Final = ", ".join("?" * (9 + len(JUDGED)))
_LOAD: Final = f"""
    INSERT INTO incoming (place, record_key, update_kind, number_index, content, code, field, answer, {_COLUMNS})
    VALUES ({_PLACES})
"""  # noqa: S608 - names of columns alone # nosec B608
_JUDGED_OF: Final = itemgetter(*(KANYUSHA_KEYS.index(key) for key in JUDGED))

# Of records that are sound in themselves: (code, layout key, condition). Texts of days compare as the days do.
_SOUND: Final = (
    ("R003", "update_kind", "update_kind = '2'"),
    ("R005", "application_end", "application_end <> '' AND application_end < application_start"),
    ("R005", "qualification_lost", "qualification_lost <> '' AND qualification_lost < qualification_acquired"),
    ("R006", "reason_of_loss", "(qualification_lost = '') <> (reason_of_loss = '')"),
)
_KNOWN: Final = "SELECT 1 FROM record r WHERE r.insurer_number = :insurer AND r.record_key = incoming.record_key"
_OF_ANOTHER: Final = (
    "(r.number <> incoming.number OR r.municipal_insured_id <> incoming.municipal_insured_id"
    " OR r.application_start <> incoming.application_start)"
)
# Against what was registered before, for each 更新区分. The first condition that holds decides.
_AGAINST_REGISTERED: Final = (
    ("1", "2", "R002", f"EXISTS ({_KNOWN} AND r.content <> incoming.content)"),
    ("1", "3", None, f"EXISTS ({_KNOWN})"),
    ("3", "2", "R001", f"NOT EXISTS ({_KNOWN})"),
    ("3", "2", "R002", f"EXISTS ({_KNOWN} AND {_OF_ANOTHER})"),
    ("3", "3", None, f"EXISTS ({_KNOWN} AND r.cancelled_in IS NOT NULL)"),
)  # fmt: skip
_OVERLAPPING: Final = """
    SELECT place, record_key FROM incoming n WHERE update_kind = '1' AND answer = '1' AND EXISTS (
        SELECT 1 FROM record o WHERE o.number = n.number AND o.insurer_number = :insurer
        AND o.record_key <> n.record_key AND o.cancelled_in IS NULL
        AND (n.application_end = '' OR n.application_start < n.application_end)
        AND (o.application_end = '' OR o.application_start < o.application_end)
        AND (n.application_end = '' OR o.application_start < n.application_end)
        AND (o.application_end = '' OR n.application_start < o.application_end)
    )
"""


def empty(connection: sqlite3.Connection) -> None:
    """Forget what was loaded last."""
    connection.execute("DELETE FROM incoming")


def load(
    connection: sqlite3.Connection, state: State, rows: Iterable[tuple[int, Sequence[str], Fault | None]]
) -> bytes:
    """Load records (place, texts in the order of ``KANYUSHA_KEYS``, fault); returns by what their content is known again.

    Raises :class:`Refused` where one record key is named twice: nobody could say which record an answer is about.
    """
    macs: list[bytes] = []
    keys: set[str] = set()

    def loaded() -> Iterable[tuple[object, ...]]:
        for place, texts, fault in rows:
            key, kind, number = texts[1:4]
            sent = SEPARATOR.join(texts[4:])
            content = state.content_mac(f"{key}{SEPARATOR}{number}{SEPARATOR}{sent}".encode())
            macs.append(kind.encode() + content)
            if key in keys:
                raise Refused(Refusal.UNANSWERABLE)
            keys.add(key)
            index = state.number_index(number) if fault is None else None
            code, field, answer = (None, None, "1") if fault is None else (*fault, "2")
            yield (place, key, kind, index, content, code, field, answer, *_JUDGED_OF(texts), sent)

    connection.executemany(_LOAD, loaded())
    return state.content_mac(b"".join(macs))


def judge(connection: sqlite3.Connection, insurer: str, reception: int, verified_at_once: bool) -> None:
    """Give every loaded record its answer, which is «1» unless something speaks against it, and its effect."""
    named = {"insurer": insurer, "reception": reception}
    connection.execute(
        "INSERT OR IGNORE INTO number (number_index) SELECT number_index FROM incoming WHERE number_index IS NOT NULL"
    )
    connection.execute(
        "UPDATE incoming SET number = (SELECT number FROM number n WHERE n.number_index = incoming.number_index)"
    )
    for code, key, condition in _SOUND:
        connection.execute(
            f"UPDATE incoming SET answer = '2', code = ?, field = ? WHERE answer = '1' AND {condition}",  # noqa: S608 # nosec B608
            (code, key),
        )
    for kind, answer, refusal, condition in _AGAINST_REGISTERED:
        connection.execute(
            f"UPDATE incoming SET answer = :answer, code = :code, field = :field"  # noqa: S608 # nosec B608
            f" WHERE answer = '1' AND update_kind = :kind AND {condition}",
            {**named, "answer": answer, "code": refusal, "field": "record_key" if refusal else None, "kind": kind},
        )
    connection.execute(
        "UPDATE record SET cancelled_in = :reception WHERE insurer_number = :insurer AND record_key IN"
        " (SELECT record_key FROM incoming WHERE answer = '1' AND update_kind = '3')",
        named,
    )
    _register(connection, named, verified_at_once)
    for place, key in connection.execute(_OVERLAPPING, named).fetchall():
        connection.execute(
            "UPDATE incoming SET answer = '2', code = 'R004', field = 'application_start' WHERE place = ?", (place,)
        )
        connection.execute("DELETE FROM record WHERE insurer_number = ? AND record_key = ?", (insurer, key))
    connection.execute(
        "INSERT INTO result (reception, place, subject, day, result, error_code, error_field, number)"
        " SELECT :reception, place, record_key, '', answer, code, field, number FROM incoming",
        named,
    )


def _register(connection: sqlite3.Connection, named: dict[str, object], verified_at_once: bool) -> None:
    """New records, their persons with an internal branch number each, and the check of each person (R-6).

    Verified is a person whose live records, in whatever partition, agree in birth date and sex. What an operator found to be
    without doubt stays so until a record contradicts it.
    """
    new = "incoming WHERE answer = '1' AND update_kind = '1'"
    connection.execute(
        "INSERT INTO record (insurer_number, record_key, number, content, registered_in, "  # noqa: S608 # nosec B608
        f"{_COLUMNS}) SELECT :insurer, record_key, number, content, :reception, {_COLUMNS} FROM {new}",
        named,
    )
    connection.execute("INSERT OR IGNORE INTO branch VALUES (:insurer, 0)", named)
    added = connection.execute(
        "INSERT INTO person (insurer_number, number, internal_branch, verification)"  # noqa: S608 # nosec B608
        " SELECT :insurer, number, (SELECT last FROM branch WHERE insurer_number = :insurer)"
        f" + row_number() OVER (ORDER BY min(place)), :verification FROM {new} AND NOT EXISTS (SELECT 1 FROM person p"
        " WHERE p.insurer_number = :insurer AND p.number = incoming.number) GROUP BY number",
        {**named, "verification": "1" if verified_at_once else "0"},
    ).rowcount
    connection.execute("UPDATE branch SET last = last + ? WHERE insurer_number = ?", (added, named["insurer"]))
    if not verified_at_once:
        return
    connection.execute(
        "UPDATE person SET verification = '1' WHERE insurer_number = :insurer AND verification IN ('0', '2')"  # noqa: S608 # nosec B608
        f" AND number IN (SELECT number FROM {new})",
        named,
    )
    connection.execute(
        "UPDATE person SET verification = '2' WHERE insurer_number = :insurer AND number IN (SELECT number"  # noqa: S608 # nosec B608
        f" FROM {new} AND EXISTS (SELECT 1 FROM record o WHERE o.number = incoming.number AND o.cancelled_in IS NULL"
        " AND (o.birth_date, o.sex) <> (incoming.birth_date, incoming.sex)))",
        named,
    )
