"""資格履歴の版: each version has its own key for ever; a correction is 取消 of the old one and 新規 of the new one (R-8).

Nothing is overwritten and nothing comes back: a version that ended, ended; the same content later is another version with another
key. So a receiver that joins touching periods, or takes «the newest», cannot revive what was cancelled (Q-7, S-24).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import Enum
from typing import NamedTuple

from attrs import frozen

from kokuho_core.entrusted_partition.exchanged import RecordKey
from kokuho_core.entrusted_partition.subscriber import Subscriber
from kokuho_core.vocabulary.identifiers import InsurerNumber, Source
from kokuho_core.vocabulary.individual_number import NumberIndex


def record_key(insurer: InsurerNumber, serial: int) -> RecordKey:
    """レコード識別番号: insurer number, ``R`` and a number that counts up per municipality; never given twice."""
    return RecordKey(f"{insurer}R{serial:010d}")


class Standing(Enum):
    """登録の状態 of a version that has not ended."""

    QUEUED = "queued"
    """送信待ち: it has left in no batch."""
    SENT = "sent"
    """結果待ち: it is in a batch, and perhaps in effect."""
    REGISTERED = "registered"
    """登録済み."""
    REFUSED = "refused"
    """登録エラー: the receiver did not take it."""


class Version(NamedTuple):
    """版: one that has not ended. ``period`` is the history number by which its application period is known (X-32).

    ``source`` is the history row it was made from.
    """

    record_key: RecordKey
    period: int
    content: Subscriber
    number: NumberIndex | None
    standing: Standing
    source: Source

    def is_of(self, period: int, start: date | None) -> bool:
        """Whether it tells of this application period: one start is one period, whatever row it is known by now (P-3)."""
        return self.period == period or self.content.application_start == start


class Waiting(NamedTuple):
    """待っている適用期間: one that stands but cannot be registered yet (held, no number …)."""

    period: int
    start: date | None


class Wanted(NamedTuple):
    """登録すべき内容 of one application period, as everything received says now.

    ``replaced`` names the fields in which a rule replaced characters (:class:`Repertoire`).
    """

    period: int
    content: Subscriber
    number: NumberIndex
    source: Source
    notified_on: date
    replaced: tuple[str, ...] = ()


@frozen
class Changes:
    """差分, in the order in which it takes effect: what ends goes first, so that no day is ever covered twice (R-8).

    ``dropped`` never left and needs no cancellation, ``cancelled`` may be in effect at the receiver, ``registered`` is new.
    """

    dropped: tuple[RecordKey, ...] = ()
    cancelled: tuple[RecordKey, ...] = ()
    registered: tuple[Wanted, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.dropped or self.cancelled or self.registered)


def changes(standing: Sequence[Version], wanted: Sequence[Wanted], waiting: Sequence[Waiting] = ()) -> Changes:
    """What must be told of one person so that the receiver shows what is ``wanted``, given what it was told.

    What was registered of a period that is ``waiting`` stays until it can be replaced, unless a day of it is wanted otherwise:
    no day is covered twice. A refused version is not sent again as it is: first something about it must change.
    """
    if not standing:  # most people, the first time
        return Changes(registered=tuple(wanted))
    remaining = list(wanted)
    dropped, cancelled = [], []
    for version in standing:
        same = next(
            (each for each in remaining if each.content == version.content and each.number == version.number), None
        )
        if same is not None:
            remaining.remove(same)
        elif _stays(version, wanted, waiting):
            continue
        elif version.standing in (Standing.QUEUED, Standing.REFUSED):
            dropped.append(version.record_key)
        else:
            cancelled.append(version.record_key)
    return Changes(tuple(dropped), tuple(cancelled), tuple(remaining))


def _stays(version: Version, wanted: Sequence[Wanted], waiting: Sequence[Waiting]) -> bool:
    return any(version.is_of(*each) for each in waiting) and not any(
        each.content.meets(version.content.application_start, version.content.application_end) for each in wanted
    )
