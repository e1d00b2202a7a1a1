"""二人目の口: acts that one person asks for and another one must have agreed to (S-7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from attrs import field, frozen

from kokuho_core.vocabulary.identifiers import InsurerNumber

if TYPE_CHECKING:
    from kokuho_core.ports.stores import UnitOfWork

HOLD_RELEASE: Final = "hold_release"
FILE_RECALL: Final = "file_recall"
RETENTION_RUN: Final = "retention_run"


@frozen
class Act:
    """二人で行う行為: ``content`` names, in references, everything that makes it this act and no other."""

    kind: str
    subject: str
    content: Mapping[str, str] = field(factory=dict)
    insurer: InsurerNumber | None = None


@frozen
class Agreement:
    """合意: who asked, who agreed, and why."""

    asked_by: str
    agreed_by: str
    reason: str


class SecondPerson(Protocol):
    """二人目の確認."""

    def agreed(self, work: UnitOfWork, act: Act) -> Agreement:
        """Use up the agreement of two people to exactly this act, in the transaction that does it.

        Raises a :class:`KokuhoError` when nobody asked, nobody else agreed, or they agreed to something else.
        """
        ...


@frozen
class ActRequest:
    """依頼: an act that one person asked for. ``digest`` tells whether it is still the same act."""

    kind: str
    subject: str
    digest: str
    asked_by: str
    reason: str
    asked_at: datetime


class RequestStore(Protocol):
    """依頼の保管: one per act at a time."""

    def find(self, kind: str, subject: str) -> ActRequest | None: ...

    def put(self, request: ActRequest) -> None:
        """Keep a request; an older one for the same act is replaced."""
        ...

    def remove(self, kind: str, subject: str) -> None: ...
