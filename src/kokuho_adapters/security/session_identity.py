"""端末と利用者: who is logged in to this computer, for a session that names nobody else (S-4)."""

from __future__ import annotations

import getpass
import platform
import re
import secrets
import unicodedata

from kokuho_core.access import AccessContext, OperatorId

_FOREIGN = re.compile(r"[^\w.@\\-]")


def operating_system_operator() -> OperatorId:
    """The account name; what no operator name may have becomes ``_``."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name, as in some containers
        name = "unknown"
    return OperatorId(_FOREIGN.sub("_", unicodedata.normalize("NFKC", name))[:64] or "unknown")


def terminal_name() -> str:
    """The name of this computer."""
    return platform.node() or "unknown"


def operating_system_context() -> AccessContext:
    """The account of the operating system on this computer."""
    return AccessContext(operating_system_operator(), terminal_name())


def new_session_id() -> str:
    """A name for a session, to find its entries by; it is no secret."""
    return secrets.token_hex(6)
