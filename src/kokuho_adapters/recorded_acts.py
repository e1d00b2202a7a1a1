"""記録の口: where acts go on record that are no use case of the core, such as those on files (S-4).

Two fulfil it: the audit log of an installation, behind its gatekeeper, and, on a terminal without a database, the terminal's
own log. In both an act is on record before anything is read or written, and again before it takes hold.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from kokuho_core.access import Operation
from kokuho_core.vocabulary.identifiers import InsurerNumber

What = TypeVar("What")
BeforeItHolds = Callable[[What], None]
"""Called with what is ready, before any of it takes hold; where it raises, nothing does."""


class Act(Protocol):
    """許可された行為, while it lasts."""

    def done(self, subject: str, **counts: int) -> None:
        """完了: ``subject`` names what was sent, taken or made.

        Raises :class:`AccessDenied` (KKH-A005) and what a store raises.
        """
        ...


class ActLog(Protocol):
    """行為の記録."""

    def admitted(
        self, operation: Operation, subject: str = "", insurer: InsurerNumber | None = None
    ) -> AbstractContextManager[Act]:
        """Put an act on record for the time of the block; leaving it by an exception is recorded too.

        Raises :class:`AccessDenied` as the gatekeeper does; KKH-A005 where it cannot be recorded: no log, no access.
        """
        ...


def recorded_elsewhere(what: object) -> None:
    """For whoever calls the functions of the exchange and keeps a record of his own."""
