"""照合: what the receiver shows must equal ours, for every person and every date of the history (R-8, S-24).

Dates are compared by stretches of days on which neither side changes, so every day is covered and none is looked at alone. What
is known to be under way explains a difference; the rest has no good reason and needs somebody to look at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import Enum
from itertools import pairwise
from typing import Any, Final, NamedTuple

from attrs import frozen

from kokuho_core.eligibility_history.versions import Standing
from kokuho_core.entrusted_partition.exchanged import RecordKey, ShownRecord
from kokuho_core.entrusted_partition.subscriber import Subscriber
from kokuho_core.vocabulary.identifiers import MunicipalInsuredId

COMPARED: Final = tuple(
    key for key in ShownRecord._fields if key in Subscriber._fields and key != "municipal_insured_id"
)
"""The keys that both sides have of a record."""
_OURS: Final = tuple(Subscriber._fields.index(key) for key in COMPARED)
_SHOWN: Final = tuple(ShownRecord._fields.index(key) for key in COMPARED)


class DifferenceKind(Enum):
    """差異の種別."""

    NOT_SHOWN = "not_shown"
    """未反映: ours, but the receiver shows nothing."""
    ONLY_SHOWN = "only_shown"
    """余分: the receiver shows it, ours says nothing."""
    OTHER_CONTENT = "other_content"
    """内容相違."""
    SHOWN_TWICE = "shown_twice"
    """二重: two records of the receiver cover the same day."""


class Cause(Enum):
    """差異の原因."""

    WAITING = "waiting"
    """まだ送っていない."""
    UNANSWERED = "unanswered"
    """送信済み、結果待ち."""
    REFUSED = "refused"
    """登録エラー."""
    BLOCKED = "blocked"
    """登録できない理由がある (保留・番号なし・文字 …)."""
    CANCELLATION_WAITING = "cancellation_waiting"
    """取消をまだ送っていない."""
    CANCELLATION_UNANSWERED = "cancellation_unanswered"
    """取消を送信済み、結果待ち."""
    CANCELLATION_REFUSED = "cancellation_refused"
    """取消が登録エラー."""
    REVIVED = "revived"
    """取消済みの記録が残っている: the receiver confirmed its cancellation and shows it all the same."""
    UNKNOWN_RECORD = "unknown_record"
    """当方が送っていない記録."""
    UNEXPLAINED = "unexplained"
    """原因不明."""

    @property
    def is_under_way(self) -> bool:
        """Whether it will go away by itself as the exchange goes on."""
        return self in (
            Cause.WAITING, Cause.UNANSWERED, Cause.CANCELLATION_WAITING, Cause.CANCELLATION_UNANSWERED,
        )  # fmt: skip


class OurRecord(NamedTuple):
    """当方の記録: a version that has not ended."""

    record_key: RecordKey
    standing: Standing
    content: Subscriber


class OurPerson(NamedTuple):
    """当方の加入者: everything that has not ended, what is blocked, and how each ended version stands with the receiver."""

    municipal_insured_id: MunicipalInsuredId
    records: Sequence[OurRecord]
    blocked: Sequence[tuple[date | None, date | None]] = ()
    """[start, end) of application periods that cannot be registered yet; an unknown start reaches back without limit."""
    ended: Mapping[RecordKey, Cause] = {}


@frozen
class Difference:
    """差異 over the days ``[start, end)``; ``end`` None: on and on. ``fields`` are the keys that differ."""

    municipal_insured_id: MunicipalInsuredId
    kind: DifferenceKind
    cause: Cause
    start: date
    end: date | None
    record_key: str
    fields: tuple[str, ...] = ()


_CAUSES: Final = {
    Standing.QUEUED: Cause.WAITING,
    Standing.SENT: Cause.UNANSWERED,
    Standing.REFUSED: Cause.REFUSED,
    Standing.REGISTERED: Cause.UNEXPLAINED,
}


def differences_of(ours: OurPerson, shown: Iterable[ShownRecord]) -> Iterator[Difference]:
    """差異 of one person, in order of time."""
    theirs = list(shown)
    if len(ours.records) == len(theirs) == 1 and not ours.blocked and _same(ours.records[0], theirs[0]):
        return  # nearly everybody
    found = (
        difference
        for start, end in _stretches(ours.records, theirs)
        for difference in _on_days(ours, theirs, start, end)
    )
    yield from _joined(found)


def _same(our: OurRecord, shown: ShownRecord) -> bool:
    return our.record_key == shown.record_key and not _differing(our.content, shown)


def _differing(content: Subscriber, shown: ShownRecord) -> tuple[str, ...]:
    return tuple(key for key, mine, other in zip(COMPARED, _OURS, _SHOWN, strict=True) if content[mine] != shown[other])


def _stretches(ours: Sequence[OurRecord], theirs: Sequence[ShownRecord]) -> Iterator[tuple[date, date | None]]:
    """[start, end) between the days on which one side begins or ends; the last one is open."""
    days: set[date] = set()
    is_open = False
    for start, end in [
        *((each.content.application_start, each.content.application_end) for each in ours),
        *((each.application_start, each.application_end) for each in theirs),
    ]:
        days.add(start)
        if end is None:
            is_open = True
        else:
            days.add(end)
    ordered = sorted(days)
    yield from pairwise(ordered)
    if is_open:
        yield ordered[-1], None


def _on_days(ours: OurPerson, theirs: Sequence[ShownRecord], start: date, end: date | None) -> Iterator[Difference]:
    mine = next((each for each in ours.records if each.content.covers(start)), None)
    others = [each for each in theirs if _covers(each, start)]
    if mine is not None:  # the same record is compared first, so that of two the other one is too many
        others.sort(key=lambda each: each.record_key != mine.record_key)

    def difference(kind: DifferenceKind, cause: Cause, key: str, fields: tuple[str, ...] = ()) -> Difference:
        return Difference(ours.municipal_insured_id, kind, cause, start, end, key, fields)

    is_blocked = any(
        (since is None or since <= start) and (until is None or start < until) for since, until in ours.blocked
    )
    if mine is not None and not others:
        cause = _CAUSES[mine.standing]
        yield difference(DifferenceKind.NOT_SHOWN, cause, mine.record_key)
        return
    for extra in others[1:]:
        yield difference(DifferenceKind.SHOWN_TWICE, _cause_of_shown(ours, extra), extra.record_key)
    if not others:
        return
    shown = others[0]
    if mine is None:
        yield difference(DifferenceKind.ONLY_SHOWN, _cause_of_shown(ours, shown), shown.record_key)
        return
    fields = _differing(mine.content, shown)
    if not fields and mine.standing is Standing.REGISTERED and mine.record_key != shown.record_key:
        fields = ("record_key",)  # it says the same, but is not the record that a later cancellation will name
    if fields:
        cause = _CAUSES[mine.standing]
        if cause is Cause.UNEXPLAINED:
            cause = Cause.BLOCKED if is_blocked else _cause_of_shown(ours, shown)
        yield difference(DifferenceKind.OTHER_CONTENT, cause, shown.record_key, fields)


def _covers(shown: ShownRecord, day: date) -> bool:
    return shown.application_start <= day and (shown.application_end is None or day < shown.application_end)


def _cause_of_shown(ours: OurPerson, shown: ShownRecord) -> Cause:
    if any(each.record_key == shown.record_key for each in ours.records):
        return Cause.UNEXPLAINED
    return ours.ended.get(RecordKey(shown.record_key), Cause.UNKNOWN_RECORD)


def _joined(found: Iterable[Difference]) -> Iterator[Difference]:
    """Touching stretches with the same difference become one."""
    open_ones: dict[tuple[Any, ...], Difference] = {}
    order: list[tuple[Any, ...]] = []
    for each in found:
        key = (each.kind, each.cause, each.record_key, each.fields)
        before = open_ones.get(key)
        if before is not None and before.end == each.start:
            open_ones[key] = Difference(
                each.municipal_insured_id, each.kind, each.cause, before.start, each.end, each.record_key, each.fields
            )
            continue
        if before is not None:
            order.append((key, before))
        open_ones[key] = each
    finished = [before for _, before in order]
    yield from sorted([*finished, *open_ones.values()], key=lambda each: (each.start, each.kind.value, each.record_key))
