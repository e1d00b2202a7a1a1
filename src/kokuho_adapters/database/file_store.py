"""受渡簿の保管."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, and_, delete, exists, func, insert, or_, select, update

from kokuho_adapters.database.counters import Counters
from kokuho_adapters.database.gate_store import is_stopped
from kokuho_adapters.database.statements import batches
from kokuho_adapters.database.tables import held_content, received_file, record_outcome
from kokuho_core.errors import Problem
from kokuho_core.ports.files import FileHeader
from kokuho_core.ports.stores import FileCounts, HeldFile, ReceivedFile, RecordOutcome
from kokuho_core.reception.ledger import FileResult, Ledger, LedgerEntry
from kokuho_core.vocabulary.identifiers import InsurerNumber

_files = received_file.c


@frozen
class SqlFileStore:
    """:class:`kokuho_core.ports.stores.FileStore` on SQL tables."""

    connection: Connection
    counters: Counters

    def ledger(self, sender: InsurerNumber, file_id: str) -> Ledger:
        last = self.connection.execute(
            select(func.max(_files.sequence)).where(
                _files.sender == sender, _files.file_id == file_id, _files.result == FileResult.APPLIED.value
            )
        ).scalar()
        return Ledger(sender, file_id, int(last or 0))

    def entry(self, sender: InsurerNumber, file_id: str, sequence: int) -> LedgerEntry | None:
        row = self.connection.execute(
            select(_files.name, _files.sequence, _files.fingerprint, _files.result)
            .where(
                _files.sender == sender,
                _files.file_id == file_id,
                _files.sequence == sequence,
                or_(_files.result == FileResult.APPLIED.value, _files.is_waiting.is_(True)),
            )
            .order_by(_files.result)  # «applied» before «held»
            .limit(1)
        ).first()
        return LedgerEntry(row.name, row.sequence, row.fingerprint, FileResult(row.result)) if row else None

    def enter(
        self,
        name: str,
        header: FileHeader | None,
        sender: InsurerNumber | None,
        fingerprint: bytes,
        result: FileResult,
        recorded_at: datetime,
    ) -> int:
        file_no = self.counters.next("received_file")
        self.connection.execute(
            insert(received_file).values(
                file_no=file_no,
                name=name,
                file_id=header.file_id if header else None,
                sender=sender,
                sequence=header.sequence if header else None,
                created_at=header.created_at if header else None,
                layout_version=header.layout_version if header else None,
                fingerprint=fingerprint,
                result=result.value,
                recorded_at=recorded_at,
                accepted=0,
                rejected=0,
                held=0,
                is_waiting=False,
                is_reported=False,
            )
        )
        return file_no

    def finish(self, file_no: int, counts: FileCounts) -> None:
        self.connection.execute(
            update(received_file)
            .where(_files.file_no == file_no)
            .values(accepted=counts.accepted, rejected=counts.rejected, held=counts.held)
        )

    def add_outcomes(self, file_no: int, outcomes: Iterable[RecordOutcome]) -> None:
        numbered = enumerate(outcomes)
        for batch in batches(numbered):
            self.connection.execute(insert(record_outcome), [_outcome_row(file_no, i, each) for i, each in batch])

    def hold(self, file_no: int, blocks: Iterable[bytes], encoding: str | None) -> None:
        self.connection.execute(update(received_file).where(_files.file_no == file_no).values(is_waiting=True))
        for number, block in enumerate(blocks):
            self.connection.execute(
                insert(held_content).values(file_no=file_no, block_no=number, content=block, encoding=encoding)
            )

    def held(self, sender: InsurerNumber, file_id: str, sequence: int) -> HeldFile | None:
        row = self.connection.execute(
            select(_files.file_no, _files.sender, _files.name, held_content.c.encoding)
            .join(held_content, held_content.c.file_no == _files.file_no)
            .where(
                _files.sender == sender,
                _files.file_id == file_id,
                _files.sequence == sequence,
                _files.is_waiting.is_(True),
            )
            .limit(1)
        ).first()
        return _held_file(row) if row else None

    def due_held(self) -> list[HeldFile]:
        before = received_file.alias("before")
        its_turn = exists().where(
            before.c.sender == _files.sender,
            before.c.file_id == _files.file_id,
            before.c.sequence == _files.sequence - 1,
            before.c.result == FileResult.APPLIED.value,
        )
        rows = self.connection.execute(
            select(_files.file_no, _files.sender, _files.name, held_content.c.encoding)
            .join(held_content, and_(held_content.c.file_no == _files.file_no, held_content.c.block_no == 0))
            .where(_files.is_waiting.is_(True), ~is_stopped(), its_turn)
            .order_by(_files.file_no)
        )
        return [_held_file(row) for row in rows]

    def held_blocks(self, file_no: int) -> Iterator[bytes]:
        rows = self.connection.execute(
            select(held_content.c.content)
            .where(held_content.c.file_no == file_no)
            .order_by(held_content.c.block_no)
        )
        return (row.content for row in rows)

    def release(self, file_no: int) -> None:
        self.connection.execute(update(received_file).where(_files.file_no == file_no).values(is_waiting=False))
        self.connection.execute(delete(held_content).where(held_content.c.file_no == file_no))

    def unreported(self, insurer: InsurerNumber, *, everything: bool) -> list[ReceivedFile]:
        query = select(received_file).where(_files.sender == insurer).order_by(_files.file_no)
        if not everything:
            query = query.where(_files.is_reported.is_(False))
        return [
            ReceivedFile(
                row.file_no, row.name, FileResult(row.result), FileCounts(row.accepted, row.rejected, row.held)
            )
            for row in self.connection.execute(query)
        ]

    def outcomes(self, file_no: int) -> Iterator[RecordOutcome]:
        rows = self.connection.execute(
            select(record_outcome).where(record_outcome.c.file_no == file_no).order_by(*record_outcome.primary_key)
        )
        for row in rows:
            problem = Problem(row.code, row.line, row.field or "", row.rule or "") if row.code else None
            yield RecordOutcome(row.line, row.result, problem)

    def mark_reported(self, file_nos: Iterable[int]) -> None:
        for batch in batches(file_nos):
            self.connection.execute(update(received_file).where(_files.file_no.in_(batch)).values(is_reported=True))

    def sources(self, file_nos: Iterable[int]) -> Mapping[int, tuple[str, datetime]]:
        found: dict[int, tuple[str, datetime]] = {}
        for batch in batches(set(file_nos)):
            rows = self.connection.execute(
                select(_files.file_no, _files.name, _files.recorded_at).where(_files.file_no.in_(batch))
            )
            found.update({row.file_no: (row.name, row.recorded_at) for row in rows})
        return found


def _held_file(row: Any) -> HeldFile:
    return HeldFile(row.file_no, InsurerNumber(row.sender), row.name, row.encoding)


def _outcome_row(file_no: int, ordinal: int, outcome: RecordOutcome) -> dict[str, Any]:
    problem = outcome.problem
    return {
        "file_no": file_no,
        "line": outcome.line,
        "ordinal": ordinal,
        "result": outcome.result,
        "code": problem.code if problem else None,
        "field": problem.field or None if problem else None,
        "rule": problem.rule or None if problem else None,
    }
