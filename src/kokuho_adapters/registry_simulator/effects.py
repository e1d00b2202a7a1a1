"""効果: what took effect in the partitions, and what was refused, for those who judge a client (R-3, R-8)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from attrs import frozen

from kokuho_adapters.registry_simulator.receiver import Receiver
from kokuho_adapters.registry_simulator.state import KEPT, SEPARATOR

_EFFECTS: Final = (
    "SELECT r.insurer_number, r.record_key, n.number_index, r.cancelled_in IS NULL, r.sent FROM record r"
    " JOIN number n ON n.number = r.number ORDER BY r.insurer_number, r.registered_in, r.record_key"
)
_REFUSED_RECORDS: Final = (
    "SELECT e.insurer_number, r.subject, r.error_code, n.number_index FROM result r"
    " JOIN reception e ON e.reception = r.reception LEFT JOIN number n ON n.number = r.number"
    " WHERE r.result = '2' ORDER BY r.reception, r.place"
)
_REFUSED_REQUESTS: Final = (
    "SELECT insurer_number, '', reason, NULL FROM audit WHERE outcome = 'refused' AND act LIKE 'send %' ORDER BY entry"
)


@frozen
class RecordInEffect:
    """有効になった記録. ``texts`` by layout key as they were sent; ``number_index`` as :meth:`State.number_index` makes it."""

    insurer_number: str
    record_key: str
    number_index: bytes
    is_live: bool
    texts: Mapping[str, str]


def records_in_effect(receiver: Receiver, insurers: Collection[str]) -> list[RecordInEffect]:
    """Everything registered in some partitions, what was cancelled later among it."""
    with receiver.state.work() as work:
        rows = work.execute(_EFFECTS).fetchall()
    return [
        RecordInEffect(insurer, key, index, bool(live), dict(zip(KEPT, sent.split(SEPARATOR), strict=True)))
        for insurer, key, index, live, sent in rows
        if insurer in insurers
    ]


def refused(receiver: Receiver, insurers: Collection[str]) -> Iterator[tuple[str, str, bytes | None]]:
    """(record key, code, index of the number) of what was refused in some partitions: whole requests, then records."""
    with receiver.state.work() as work:
        rows = [*work.execute(_REFUSED_REQUESTS), *work.execute(_REFUSED_RECORDS)]
    return ((key, code, index) for insurer, key, code, index in rows if insurer in insurers)
