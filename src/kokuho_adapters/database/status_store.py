"""状況の保管: one counting statement per question (S-28, S-33)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Final

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, bindparam, func, select

from kokuho_adapters.database.beyond_scope import prefecture_wide
from kokuho_adapters.database.gate_store import is_stopped
from kokuho_adapters.database.rounds import NEXT_RETURN, return_round_of
from kokuho_adapters.database.statements import batches
from kokuho_adapters.database.tables import (
    delivery,
    gate_stop,
    media_handover,
    media_settlement,
    pending_person,
    received_file,
    return_round,
    returned_row,
)
from kokuho_adapters.database.tables import insurer as insurer_table
from kokuho_core.ports.gates import StopState
from kokuho_core.ports.status import Counts, LastReceived, OnMedium, Provided, UnknownOnMedium
from kokuho_core.reception.ledger import FileResult
from kokuho_core.returning.rows import ROW_TYPES
from kokuho_core.vocabulary.identifiers import InsurerNumber

_files = received_file.c
_OUT: Final = "out"
"""The direction of a handover, seen from here."""
_IS_INSURER: Final = media_handover.c.insurer_number.in_(select(insurer_table.c.insurer_number))
_WAITING: Final = (
    returned_row.c.insurer_number == insurer_table.c.insurer_number,
    returned_row.c.file_id == bindparam("file"),
    returned_row.c.waits_in == NEXT_RETURN,
)
_WAIT: Final = select(func.count()).select_from(returned_row).where(*_WAITING).correlate(insurer_table, return_round)
_UNTOLD: Final = select(insurer_table.c.insurer_number, _WAIT.scalar_subquery()).outerjoin(
    return_round, return_round_of(insurer_table.c.insurer_number, bindparam("file"))
)
"""One look into the index for each municipality: what was told long ago is in it too."""


@frozen
class SqlStatusStore:
    """:class:`kokuho_core.ports.status.StatusStore` on SQL tables."""

    connection: Connection

    def last_received(self) -> list[LastReceived]:
        newest = (
            select(_files.sender, _files.file_id, func.max(_files.sequence).label("sequence"))
            .where(_files.result == FileResult.APPLIED.value)
            .group_by(_files.sender, _files.file_id)
            .subquery()
        )
        query = (
            select(_files.sender, _files.file_id, _files.name, _files.sequence, _files.recorded_at)
            .join(
                newest,
                (newest.c.sender == _files.sender)
                & (newest.c.file_id == _files.file_id)
                & (newest.c.sequence == _files.sequence),
            )
            .where(_files.result == FileResult.APPLIED.value)
        )
        return [LastReceived(*row) for row in self.connection.execute(query)]

    def waiting(self) -> Counts:
        return self._count(_files.sender, _files.is_waiting.is_(True), ~is_stopped())

    def stopped(self) -> Counts:
        return self._count(gate_stop.c.insurer_number, gate_stop.c.state == StopState.STOPPED.value)

    def rejected(self) -> Counts:
        return self._count(
            _files.sender,
            _files.sender.is_not(None),
            _files.result == FileResult.REJECTED.value,
            _files.is_reported.is_(False),
        )

    def pending(self) -> Counts:
        return self._count(pending_person.c.insurer_number)

    def untold(self) -> Counts:
        untold: Counter[InsurerNumber] = Counter()
        for file_id in ROW_TYPES:
            for number, count in self.connection.execute(_UNTOLD, {"file": file_id}):
                untold[InsurerNumber(number)] += count
        return +untold

    def last_delivered(self) -> Mapping[InsurerNumber, datetime]:
        newest = select(delivery.c.insurer_number, func.max(delivery.c.created_at, type_=delivery.c.created_at.type))
        rows = self.connection.execute(newest.group_by(delivery.c.insurer_number))
        return {InsurerNumber(row[0]): row[1] for row in rows}

    def provided(self, insurer: InsurerNumber | None, since: date | None, until: date | None) -> list[Provided]:
        given = delivery.c
        query = select(
            given.insurer_number, given.file_id, given.sequence, given.name, given.records, given.created_at,
            given.is_published, given.provided_by, given.purpose,
        ).order_by(given.created_at, given.insurer_number, given.file_id)  # fmt: skip
        if insurer is not None:
            query = query.where(given.insurer_number == insurer)
        if since is not None:
            query = query.where(given.created_at >= datetime.combine(since, time()))
        if until is not None:
            query = query.where(given.created_at < datetime.combine(until + timedelta(days=1), time()))
        on_media = self._on_media(insurer)
        return [
            Provided(*row, media=tuple(on_media.get((row.insurer_number, row.name), ())))
            for row in self.connection.execute(query)
        ]

    def unknown_on_media(self, insurer: InsurerNumber | None) -> list[UnknownOnMedium]:
        given = delivery.c
        on_media = self._on_media(insurer)
        known = {
            tuple(row)
            for names in batches(sorted({name for _, name in on_media}))
            for row in self.connection.execute(select(given.insurer_number, given.name).where(given.name.in_(names)))
        }
        return [
            UnknownOnMedium(each.number, to, name)
            for (to, name), handovers in sorted(on_media.items())
            if (to, name) not in known
            for each in handovers
        ]

    def _on_media(self, insurer: InsurerNumber | None) -> dict[tuple[InsurerNumber, str], list[OnMedium]]:
        """What left this office on media, by municipality and name of the file."""
        handed, settled = media_handover.c, media_settlement.c
        outgoing = select(media_handover).where(handed.direction == _OUT, _IS_INSURER).order_by(handed.handed_at, handed.number)
        if insurer is not None:
            outgoing = outgoing.where(handed.insurer_number == insurer)
        rows = self.connection.execute(outgoing).all()
        with prefecture_wide(self.connection):  # a settlement names no municipality; those of other handovers are not looked at
            outcomes = {
                row.number: row.outcome
                for numbers in batches(row.number for row in rows)
                for row in self.connection.execute(
                    select(settled.number, settled.outcome).where(settled.direction == _OUT, settled.number.in_(numbers))
                )
            }
        found: dict[tuple[InsurerNumber, str], list[OnMedium]] = {}
        for row in rows:
            each = OnMedium(row.number, row.medium, row.handed_by, row.handed_at, row.due_on, outcomes.get(row.number))
            for name, _, _ in json.loads(row.files):
                found.setdefault((InsurerNumber(row.insurer_number), name), []).append(each)
        return found

    def _count(self, insurer: ColumnElement[str], *wanted: ColumnElement[bool]) -> Counts:
        rows = self.connection.execute(select(insurer, func.count()).where(*wanted).group_by(insurer))
        return {InsurerNumber(row[0]): int(row[1]) for row in rows}
