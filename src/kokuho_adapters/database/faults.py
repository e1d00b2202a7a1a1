"""データベースの誤り: what a driver raises, as an error of this library, without the values of the statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError

from kokuho_core.errors import Conflict, KokuhoError, Problem, SetupFault

CHANGED: Final = "KKH-X001"
RULE_BROKEN: Final = "KKH-X002"
NOT_READY: Final = "KKH-C007"
FAILED: Final = "KKH-C012"
UNREACHABLE: Final = "KKH-B001"
NOT_ALLOWED: Final = "KKH-B002"

_STATES: Final[Mapping[str, str]] = {
    "23505": CHANGED,  # unique_violation: somebody was quicker
    "40001": CHANGED,  # serialization_failure
    "40P01": CHANGED,  # deadlock_detected
    "55P03": CHANGED,  # lock_not_available: waited as long as allowed
    "23": RULE_BROKEN,  # foreign key, check, exclusion, not null
    "3F000": NOT_READY,
    "42P01": NOT_READY,  # undefined_table
    "25006": NOT_ALLOWED,  # read_only_sql_transaction
    "28": NOT_ALLOWED,  # wrong password, role not allowed
    "3D000": UNREACHABLE,  # no such database
    "42501": NOT_ALLOWED,  # insufficient_privilege, row-level security
    "08": UNREACHABLE,
    "53300": UNREACHABLE,  # too_many_connections
    "57P01": UNREACHABLE,  # admin_shutdown
    "57P02": UNREACHABLE,  # crash_shutdown
    "57P03": UNREACHABLE,  # cannot_connect_now
}
"""Code by SQLSTATE of PostgreSQL, or by its class (the first two characters)."""

_SQLITE_TEXTS: Final = (
    ("unique constraint", CHANGED),
    ("locked", CHANGED),
    ("busy", CHANGED),
    ("constraint failed", RULE_BROKEN),
    ("periods overlap", RULE_BROKEN),
    ("readonly", NOT_ALLOWED),
    ("another municipality", NOT_ALLOWED),
    ("because it is a view", NOT_ALLOWED),
    ("no such table", NOT_READY),
)
"""SQLite tells most of its errors by their text alone."""

_CONFLICTS: Final = frozenset({CHANGED, RULE_BROKEN})


def translated(error: DBAPIError) -> KokuhoError:
    """The library's error for a driver's error.

    :class:`Conflict` KKH-X001 may succeed when everything is done again, KKH-X002 will not. :class:`SetupFault`: KKH-C007 no
    tables, KKH-B001 no connection, KKH-B002 not allowed, KKH-C012 everything else, disk full among it.
    """
    code = _code(error)
    return Conflict(Problem(code)) if code in _CONFLICTS else SetupFault(Problem(code))


def _code(error: DBAPIError) -> str:
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return _STATES.get(state) or _STATES.get(state[:2]) or FAILED
    if type(error.orig).__module__.partition(".")[0] == "psycopg":  # told by the client, which has no SQLSTATE
        return UNREACHABLE if error.connection_invalidated or _is_connection_fault(error) else FAILED
    text = str(error.orig).lower()
    found = next((code for part, code in _SQLITE_TEXTS if part in text), FAILED)
    return CHANGED if found == FAILED and isinstance(error, IntegrityError) else found


def _is_connection_fault(error: DBAPIError) -> bool:
    return type(error.orig).__name__ in {"OperationalError", "ConnectionTimeout"}


def is_worth_repeating(error: KokuhoError) -> bool:
    """Whether the same work, begun anew, may succeed."""
    return isinstance(error, Conflict) and error.code == CHANGED
