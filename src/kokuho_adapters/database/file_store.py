"""受渡簿の保管."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import field, frozen
from sqlalchemy import Connection, and_, bindparam, delete, exists, func, insert, or_, select, update

from kokuho_adapters.database.gate_store import is_stopped
from kokuho_adapters.database.statements import batches
from kokuho_adapters.database.tables import held_content, received_file, record_outcome
from kokuho_adapters.database.turns import Turns
from kokuho_core.errors import Problem
from kokuho_core.ports.files import FileHeader
from kokuho_core.ports.stores import FileCounts, HeldFile, ReceivedFile, RecordOutcome
from kokuho_core.reception.ledger import FileResult, Ledger, LedgerEntry
from kokuho_core.vocabulary.identifiers import InsurerNumber

_files = received_file.c

# Statements of every file, made once: to put them together costs more than to execute them.
_OF_ONE_KIND: Final = (_files.sender == bindparam("sender"), _files.file_id == bindparam("file_id"))
_UNDER_SEQUENCE: Final = (*_OF_ONE_KIND, _files.sequence == bindparam("sequence"))
_IS_APPLIED: Final = _files.result == FileResult.APPLIED.value
_LAST_APPLIED: Final = select(func.max(_files.sequence)).where(*_OF_ONE_KIND, _IS_APPLIED)
_ENTRY: Final = (
    select(_files.name, _files.sequence, _files.fingerprint, _files.result)
    .where(*_UNDER_SEQUENCE, or_(_IS_APPLIED, _files.is_waiting.is_(True)))
    .order_by(_files.result)  # «applied» before «held»
    .limit(1)
)
_ENTER: Final = insert(received_file)
_FINISH: Final = update(received_file).where(_files.file_no == bindparam("received"))
_HELD: Final = (
    select(_files.file_no, _files.sender, _files.name, held_content.c.encoding)
    .join(held_content, and_(held_content.c.file_no == _files.file_no, held_content.c.block_no == 0))
    .where(_files.is_waiting.is_(True))
)
_HELD_UNDER_SEQUENCE: Final = _HELD.where(*_UNDER_SEQUENCE)
_before = received_file.alias("before").c
_DUE_HELD: Final = _HELD.where(
    ~is_stopped(),
    exists().where(
        _before.sender == _files.sender,
        _before.file_id == _files.file_id,
        _before.sequence == _files.sequence - 1,
        _before.result == FileResult.APPLIED.value,
    ),
).order_by(_files.file_no)

_OF_SENDER: Final = select(received_file).where(_files.sender == bindparam("insurer")).order_by(_files.file_no)
_UNREPORTED: Final = _OF_SENDER.where(_files.is_reported.is_(False))
_OUTCOMES: Final = (
    select(record_outcome)
    .where(record_outcome.c.file_no == bindparam("received"))
    .order_by(*record_outcome.primary_key)
)


@frozen
class SqlFileStore:
    """:class:`kokuho_core.ports.stores.FileStore` on SQL tables."""

    connection: Connection
    turns: Turns
    _senders: dict[int, InsurerNumber | None] = field(factory=dict)
    """Of the files entered here, so that what belongs to them stands in the same municipality (S-1)."""

    def ledger(self, sender: InsurerNumber, file_id: str) -> Ledger:
        last = self.connection.execute(_LAST_APPLIED, {"sender": sender, "file_id": file_id}).scalar()
        return Ledger(sender, file_id, int(last or 0))

    def entry(self, sender: InsurerNumber, file_id: str, sequence: int) -> LedgerEntry | None:
        row = self.connection.execute(_ENTRY, {"sender": sender, "file_id": file_id, "sequence": sequence}).first()
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
        file_no = self.turns.enter()
        self._senders[file_no] = sender
        self.connection.execute(
            _ENTER,
            {
                "file_no": file_no,
                "name": name,
                "file_id": header.file_id if header else None,
                "sender": sender,
                "sequence": header.sequence if header else None,
                "created_at": header.created_at if header else None,
                "layout_version": header.layout_version if header else None,
                "fingerprint": fingerprint,
                "result": result.value,
                "recorded_at": recorded_at,
                "accepted": 0,
                "rejected": 0,
                "held": 0,
                "is_waiting": False,
                "is_reported": False,
            },
        )
        return file_no

    def finish(self, file_no: int, counts: FileCounts) -> None:
        values = {"accepted": counts.accepted, "rejected": counts.rejected, "held": counts.held}
        self.connection.execute(_FINISH, {"received": file_no, **values})

    def add_outcomes(self, file_no: int, outcomes: Iterable[RecordOutcome]) -> None:
        source = {"file_no": file_no, "insurer_number": self._senders[file_no]}
        for batch in batches(enumerate(outcomes)):
            self.connection.execute(insert(record_outcome), [source | _outcome_row(i, each) for i, each in batch])

    def hold(self, file_no: int, blocks: Iterable[bytes], encoding: str | None) -> None:
        self.connection.execute(update(received_file).where(_files.file_no == file_no).values(is_waiting=True))
        for number, block in enumerate(blocks):
            self.connection.execute(
                insert(held_content).values(
                    file_no=file_no,
                    block_no=number,
                    insurer_number=self._senders[file_no],
                    content=block,
                    encoding=encoding,
                )
            )

    def held(self, sender: InsurerNumber, file_id: str, sequence: int) -> HeldFile | None:
        wanted = {"sender": sender, "file_id": file_id, "sequence": sequence}
        row = self.connection.execute(_HELD_UNDER_SEQUENCE, wanted).first()
        return _held_file(row) if row else None

    def due_held(self) -> list[HeldFile]:
        return [_held_file(row) for row in self.connection.execute(_DUE_HELD)]

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
        query = _OF_SENDER if everything else _UNREPORTED
        return [
            ReceivedFile(
                row.file_no, row.name, FileResult(row.result), FileCounts(row.accepted, row.rejected, row.held)
            )
            for row in self.connection.execute(query, {"insurer": insurer})
        ]

    def outcomes(self, file_no: int) -> Iterator[RecordOutcome]:
        for row in self.connection.execute(_OUTCOMES, {"received": file_no}):
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


def _outcome_row(ordinal: int, outcome: RecordOutcome) -> dict[str, Any]:
    problem = outcome.problem
    return {
        "line": outcome.line,
        "ordinal": ordinal,
        "result": outcome.result,
        "code": problem.code if problem else None,
        "field": problem.field or None if problem else None,
        "rule": problem.rule or None if problem else None,
    }
