"""安全弁の保管: what a file changes is measured by one statement over the file and what stood before it (S-28)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from attrs import frozen
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    case,
    cast,
    distinct,
    exists,
    func,
    literal,
    or_,
    select,
    type_coerce,
    update,
)

from kokuho_adapters.database.statements import insert_or_ignore
from kokuho_adapters.database.tables import (
    gate_stop,
    high_cost_record,
    household_record,
    other_record,
    person_record,
    received_file,
)
from kokuho_core.gates.thresholds import GateKind, GateLimits, GateStop, Measure, Threshold
from kokuho_core.gates.watched import WATCHED, Watched
from kokuho_core.ports.gates import StoppedFile, StopState
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import InsurerNumber

_stops, _files = gate_stop.c, received_file.c
_RENAMED: Final = {"individual_number": "number_index"}
_DIGITS_AND_DASH: Final = "0123456789-"

Field = Callable[[Any, str], ColumnElement[Any]]
"""The value of a layout key in a row of an alias."""


@frozen
class _Kind:
    """Where the records of one kind of file stand: ``subject`` is whom they are about, ``identity`` which record it is."""

    table: Table
    subject: tuple[str, ...]
    identity: tuple[str, ...]


_KINDS: Final = {
    "SKKOJIN": _Kind(person_record, ("insurer_number", "addressee_number"), ("history_number",)),
    "SKSETAI": _Kind(household_record, ("insurer_number", "household_number"), ("history_number",)),
    "KOGAKU": _Kind(
        high_cost_record, ("insurer_number", "household_number"), ("treatment_month", "occurrence_kind")
    ),
}


@frozen
class SqlGateStore:
    """:class:`kokuho_core.ports.gates.GateStore` on SQL tables."""

    connection: Connection

    def measure(self, file_no: int, sender: InsurerNumber, file_id: str, limits: GateLimits) -> list[Measure]:
        watched = WATCHED.get(file_id)
        if watched is None:
            return []
        dialect = self.connection.dialect.name
        met = self.connection.execute(_measuring(dialect, file_id), {"received": file_no}).one()
        counted = {key: int(value or 0) for key, value in met._mapping.items()}
        found = [
            Measure(GateKind.EMPTY, key, counted[f"emptied_{key}"], counted[f"filled_{key}"]) for key in watched.emptied
        ]
        changed = {key: counted[f"changed_{key}"] for key in watched.changes}
        lost = counted["lost"]
        if max([*changed.values(), 0]) >= limits.change.at_least or lost >= limits.loss.at_least:
            standing = self.connection.execute(
                _standing(dialect, file_id), {"received": file_no, "sender": sender}
            ).scalar_one()
            found += [Measure(GateKind.CHANGE, key, count, standing) for key, count in changed.items()]
            found.append(Measure(GateKind.LOSS, "", lost, standing))
        return found

    def stop(self, file_no: int, sender: InsurerNumber, stops: Sequence[GateStop], at: datetime) -> None:
        values = {
            "file_no": file_no,
            "insurer_number": sender,
            "stopped_at": at,
            "measures": json.dumps([_measure_row(each) for each in stops]),
            "state": StopState.STOPPED.value,
        }
        self.connection.execute(insert_or_ignore(self.connection, gate_stop), values)

    def is_released(self, file_no: int) -> bool:
        state = self.connection.execute(select(_stops.state).where(_stops.file_no == file_no)).scalar()
        return bool(state == StopState.RELEASED.value)

    def find(self, file_no: int) -> StoppedFile | None:
        row = self.connection.execute(_stopped_files().where(_stops.file_no == file_no)).first()
        return _stopped_file(row) if row is not None else None

    def files(self, insurer: InsurerNumber | None = None, *, stopped_only: bool = True) -> Iterable[StoppedFile]:
        query = _stopped_files().order_by(_stops.file_no)
        if insurer is not None:
            query = query.where(_stops.insurer_number == insurer)
        if stopped_only:
            query = query.where(_stops.state == StopState.STOPPED.value)
        return [_stopped_file(row) for row in self.connection.execute(query)]

    def settle(self, file_no: int, state: StopState, by: str, agreed_by: str | None, reason: str, at: datetime) -> None:
        self.connection.execute(
            update(gate_stop)
            .where(_stops.file_no == file_no)
            .values(state=state.value, settled_by=by, agreed_by=agreed_by, reason=reason, settled_at=at)
        )


def is_stopped() -> ColumnElement[bool]:
    """Whether a line of the 受渡簿 stands behind closed gates."""
    return exists().where(_stops.file_no == _files.file_no, _stops.state == StopState.STOPPED.value)


# --- measuring ---


@cache
def _measuring(dialect: str, file_id: str) -> Select[Any]:
    """Each record of the file beside the one that stood before it: that of the same identity, else the subject's latest."""
    watched = WATCHED[file_id]
    sent, stood, order, value = _met(dialect, file_id, watched)
    columns: list[ColumnElement[Any]] = [sent.c.line]
    for key in dict.fromkeys((*watched.changes, *watched.emptied, *watched.ends)):
        columns += [value(sent, key).label(f"now_{key}"), value(stood, key).label(f"was_{key}")]
    place = func.row_number().over(
        partition_by=sent.c.line, order_by=(*order, stood.c.file_no.desc(), stood.c.line.desc())
    )
    beside = select(*columns, sent.c.update_kind, place.label("place")).where(*_joined(sent, stood, file_id, value))
    met = beside.subquery("met")
    column = met.c

    def now(key: str) -> ColumnElement[Any]:
        return column[f"now_{key}"]

    def was(key: str) -> ColumnElement[Any]:
        return column[f"was_{key}"]

    cancelled = column.update_kind == UpdateKind.CANCELLATION.value
    stays = or_(column.update_kind.is_(None), ~cancelled)
    sums = [_count(and_(stays, now(key) != was(key))).label(f"changed_{key}") for key in watched.changes]
    for key in watched.emptied:
        sums.append(_count(and_(stays, was(key).is_not(None), now(key).is_(None))).label(f"emptied_{key}"))
        sums.append(_count(and_(stays, was(key).is_not(None))).label(f"filled_{key}"))
    ended = (and_(was(key).is_(None), now(key).is_not(None)) for key in watched.ends)
    sums.append(_count(or_(cancelled, *ended)).label("lost"))
    return select(*sums).where(column.place == 1)


@cache
def _standing(dialect: str, file_id: str) -> Select[Any]:
    """How many subjects the sender had told of before this file."""
    before: ColumnElement[Any] = bindparam("received")
    if file_id in _KINDS:
        kind = _KINDS[file_id]
        own = kind.table.c
        return select(func.count(distinct(own[kind.subject[1]]))).where(
            own.insurer_number == bindparam("sender"), own.file_no < before
        )
    other = other_record.c
    prefix: ColumnElement[Any] = bindparam("sender") + literal("/")
    return select(func.count(distinct(_subject_of(other_record)))).where(
        other.file_id == file_id, other.file_no < before, other.identity.startswith(prefix)
    )


def _met(
    dialect: str, file_id: str, watched: Watched
) -> tuple[Any, Any, list[ColumnElement[Any]], Field]:
    if file_id in _KINDS:
        kind = _KINDS[file_id]
        sent, stood = kind.table.alias("sent"), kind.table.alias("stood")
        same = and_(*(sent.c[key] == stood.c[key] for key in kind.identity))
        return sent, stood, [_first(same)], _plain
    sent, stood = other_record.alias("sent"), other_record.alias("stood")
    return sent, stood, [_first(sent.c.identity == stood.c.identity)], _json_field(dialect)


def _joined(sent: Any, stood: Any, file_id: str, value: Field) -> list[ColumnElement[bool]]:
    """Of the file, and what was received before it about the same subject and is not cancelled."""
    conditions = [
        sent.c.file_no == bindparam("received"),
        stood.c.file_no < sent.c.file_no,
        or_(stood.c.update_kind.is_(None), stood.c.update_kind != UpdateKind.CANCELLATION.value),
    ]
    if file_id in _KINDS:
        conditions += [sent.c[key] == stood.c[key] for key in _KINDS[file_id].subject]
        return conditions
    together = WATCHED[file_id].together
    if together is not None:
        conditions.append(value(sent, together) == value(stood, together))
    subject = _subject_of(sent)
    conditions += [
        stood.c.file_id == sent.c.file_id,
        stood.c.identity >= subject + literal("/"),
        stood.c.identity < subject + literal("0"),  # the character after «/»: all identities of this subject
    ]
    return conditions


def _subject_of(record: Any) -> ColumnElement[Any]:
    """Whom another record is about: its identity without the last part, a number or a day."""
    return func.rtrim(func.rtrim(record.c.identity, _DIGITS_AND_DASH), "/")


def _plain(alias: Any, key: str) -> ColumnElement[Any]:
    column: ColumnElement[Any] = alias.c[_RENAMED.get(key, key)]
    return column


def _json_field(dialect: str) -> Field:
    def value(alias: Any, key: str) -> ColumnElement[Any]:
        content = alias.c.content
        found: ColumnElement[Any] = (type_coerce if dialect == "sqlite" else cast)(content, JSON)[key].as_string()
        return found

    return value


def _count(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))


def _first(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return case((condition, 0), else_=1)


# --- rows ---


def _stopped_files() -> Select[Any]:
    return select(gate_stop, _files.name, _files.fingerprint).join(received_file, _files.file_no == _stops.file_no)


def _measure_row(stop: GateStop) -> list[Any]:
    measure, threshold = stop.measure, stop.threshold
    return [
        measure.kind.value, measure.field, measure.affected, measure.standing, threshold.percent, threshold.at_least
    ]  # fmt: skip


def _stopped_file(row: Row[Any]) -> StoppedFile:
    stops = tuple(
        GateStop(Measure(GateKind(kind), field, affected, standing), Threshold(percent, at_least))
        for kind, field, affected, standing, percent, at_least in json.loads(row.measures)
    )
    return StoppedFile(
        row.file_no, row.name, InsurerNumber(row.insurer_number), row.fingerprint, stops, row.stopped_at,
        StopState(row.state), row.settled_by, row.agreed_by, row.reason, row.settled_at,
    )  # fmt: skip
