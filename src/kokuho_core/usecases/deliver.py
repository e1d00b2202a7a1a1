"""配信 (2-④, 3-6, 4-5): writes what one municipality must be told since its last delivery (Q-5, X-13)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any, Final

from attrs import frozen

from kokuho_core.access import Operation
from kokuho_core.errors import NotFound, Problem
from kokuho_core.ports.files import FIRST_LINE, Columns, OutgoingFiles
from kokuho_core.ports.stores import Delivery, NewRows, ReceivedFile, RecordOutcome, UnitOfWork
from kokuho_core.reception.ledger import FileResult
from kokuho_core.returning.rows import RETURNED_FILES, ROW_TYPES, Row, kept_values, row_keys
from kokuho_core.returning.telling import what_to_tell, what_to_tell_first
from kokuho_core.usecases.admission import admitted, count, operator_of, purpose_of
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.publishing import publish_committed_files
from kokuho_core.vocabulary.identifiers import InsurerNumber


@frozen
class DeliveredFile:
    """配信したファイル."""

    file: str
    file_id: str
    records: int


@admitted(Operation.DELIVER, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def deliver(
    office: Office, insurer: InsurerNumber, outgoing: OutgoingFiles, folder: str, *, everything: bool = False
) -> list[DeliveredFile]:
    """Write the due files into ``folder``; with ``everything``, all that stands. No file where nothing is due (X-13).

    Files are complete under a temporary name before the delivery is committed, and get their names afterwards; after an
    interruption the next delivery publishes what was committed. Raises :class:`NotFound` (KKH-N002) for an unknown insurer.
    """
    publish_committed(office, outgoing, folder)
    written = office.database.repeated(partial(_deliver, office, insurer, outgoing, folder, everything))
    publish_committed(office, outgoing, folder)
    return written


def _deliver(
    office: Office, insurer: InsurerNumber, outgoing: OutgoingFiles, folder: str, everything: bool
) -> list[DeliveredFile]:
    written = []
    created_at = office.clock.now()
    with office.database.begin() as work:
        if insurer not in work.register():
            raise NotFound(Problem("KKH-N002", field="insurer"))
        for file_id in RETURNED_FILES:
            delivered = _write(office, work, insurer, file_id, outgoing, folder, created_at, everything)
            if delivered is not None:
                written.append(delivered)
                office.progress(file_id, delivered.records)
        count(**{each.file_id: each.records for each in written})
        work.commit()
    return written


@admitted(Operation.DELIVER)
def publish_committed(office: Office, outgoing: OutgoingFiles, folder: str) -> None:
    """Give their names to files that were committed but not yet published."""
    publish_committed_files(
        office,
        outgoing,
        lambda work: [name for where, name in work.deliveries.unpublished() if where == folder],
        lambda work, names: work.deliveries.mark_published(folder, names),
    )


def _write(
    office: Office,
    work: UnitOfWork,
    insurer: InsurerNumber,
    file_id: str,
    outgoing: OutgoingFiles,
    folder: str,
    created_at: datetime,
    everything: bool,
) -> DeliveredFile | None:
    is_kept = file_id in ROW_TYPES
    reported: list[ReceivedFile] = []
    due: Iterator[Sequence[Any]]
    if is_kept:
        keys = row_keys(file_id)
        due = _due_columns(work, insurer, file_id, everything)
    else:
        keys = _RESULT_KEYS
        reported = work.files.unreported(insurer, everything=everything)
        due = _results(work, insurer, reported)
    first = next(due, None)
    if first is None:
        return None
    sequence = work.deliveries.next_sequence(insurer, file_id)
    write = outgoing.write_columns if is_kept else outgoing.write
    name, records = write(file_id, insurer, created_at, sequence, keys, chain([first], due))
    delivery = Delivery(insurer, file_id, sequence, name, records, operator_of(office), purpose_of(office))
    work.deliveries.prepare(delivery, folder, created_at)
    if is_kept:
        work.returns.mark_told(insurer, file_id)
    else:
        work.files.mark_reported(file.file_no for file in reported)
    return DeliveredFile(name, file_id, records)


def _due_columns(work: UnitOfWork, insurer: InsurerNumber, file_id: str, everything: bool) -> Iterator[Columns]:
    kind = ROW_TYPES[file_id]
    for some in work.returns.due(insurer, file_id, everything=everything):
        if isinstance(some, NewRows):
            columns = what_to_tell_first(kind, some.columns)
        else:
            columns = list(zip(*map(kept_values, _due_rows(some, everything)), strict=True))
        if columns and columns[0]:
            yield columns


def _due_rows(rows: Iterable[tuple[Row | None, Row | None]], everything: bool) -> Iterator[Row]:
    for current, told in rows:
        row = what_to_tell(current, told)
        if row is None and everything and told is not None:
            row = current
        if row is not None:
            yield row


_RESULT_KEYS: Final = ("insurer_number", "source_file", "line", "result", "error_code", "error_field", "message")
"""処理結果 (SHOKEKKA)."""


def _results(work: UnitOfWork, insurer: InsurerNumber, files: Iterable[ReceivedFile]) -> Iterator[Sequence[Any]]:
    """処理結果 (SHOKEKKA): every record of an applied file, line 0 for a file that was not applied (X-3).

    What is told of single records afterwards, such as a refusal at the second look (S-34), names their lines.
    """
    for file in files:
        name = file.name[:80]
        by_line: dict[int, list[RecordOutcome]] = {}
        for outcome in work.files.outcomes(file.file_no):
            by_line.setdefault(outcome.line, []).append(outcome)
        if file.result is FileResult.APPLIED:
            total = file.counts.accepted + file.counts.rejected + file.counts.held
            lines: Iterable[int] = range(FIRST_LINE, FIRST_LINE + total)
        else:
            lines = sorted(by_line)
        for line in lines:
            told = _told_result(by_line[line]) if line in by_line else _ACCEPTED
            yield (insurer, name, line, *told)


_ACCEPTED: Final = ("1", None, None, None)


def _told_result(outcomes: Iterable[RecordOutcome]) -> tuple[str, str | None, str | None, str | None]:
    """One record: the gravest outcome gives result, code and field, all of them the message."""
    ordered = sorted(outcomes, key=lambda outcome: outcome.result, reverse=True)
    problems = [outcome.problem for outcome in ordered if outcome.problem is not None]
    message = " ".join(
        f"{problem.code}({problem.field}) {problem.entry.message_ja}" if problem.field else problem.entry.message_ja
        for problem in problems
    )
    code = problems[0].code if problems else None
    field = problems[0].field[:40] or None if problems else None
    return ordered[0].result, code, field, message[:200] or None
