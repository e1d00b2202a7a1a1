"""レコードの一生: new, corrected, cancelled, never used again (P-7, X-4)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, Protocol, Self, TypeVar

from kokuho_core.errors import Problem, RecordRefused
from kokuho_core.vocabulary.codes import UpdateKind


class Standing(Enum):
    """What is known of one record identity before a message arrives."""

    NEVER_SENT = "never sent"
    LIVE = "live"
    CANCELLED = "cancelled"


def refusal_of(update_kind: str, standing: Standing, *, may_return: bool = False) -> str | None:
    """Error code if a message of ``update_kind`` cannot be taken, else None.

    A cancelled identity is never used again (P-7, X-4), but for a 高額該当 month (``may_return``), which may be sent anew.
    """
    if update_kind == UpdateKind.NEW:
        if standing is Standing.LIVE:
            return "KKH-R002"
        return "KKH-P007" if standing is Standing.CANCELLED and not may_return else None
    if standing is Standing.NEVER_SENT:
        return "KKH-R001"
    return "KKH-P007" if standing is Standing.CANCELLED else None


def standing_after(update_kind: str) -> Standing:
    """The standing once the message is taken."""
    return Standing.CANCELLED if update_kind == UpdateKind.CANCELLATION else Standing.LIVE


class Receives(Protocol):
    """An aggregate that takes messages one after the other."""

    def receive(self, fact: Any, /) -> Self: ...


Aggregate = TypeVar("Aggregate", bound=Receives)


def receive_in_order(aggregate: Aggregate, sent: Iterable[Any]) -> tuple[Aggregate, dict[int, Problem]]:
    """Take the records of one file in their order; a refused one changes nothing. Also the refusals by line (X-4)."""
    refused: dict[int, Problem] = {}
    for fact in sent:
        try:
            aggregate = aggregate.receive(fact)
        except RecordRefused as refusal:
            refused[fact.line] = refusal.problems[0].at(fact.line)
    return aggregate, refused


def refusals_of(known: Iterable[str | None], sent: Iterable[str | None]) -> list[str | None]:
    """Per update kind of ``sent``, in order, its error code or None; ``known`` are the kinds of the messages before (X-4).

    For records of which nothing else is judged. A message without a kind is always taken and replaces the one before it.
    """
    standing = Standing.NEVER_SENT
    for kind in known:
        standing = standing_after(kind or UpdateKind.NEW)
    codes: list[str | None] = []
    for kind in sent:
        code = refusal_of(kind, standing) if kind is not None else None
        codes.append(code)
        if code is None:
            standing = standing_after(kind or UpdateKind.NEW)
    return codes
