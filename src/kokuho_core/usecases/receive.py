"""受信: one file of a municipality, from its name to its effect (1-③ … 1-⑤; X-1 … X-5).

1. name and control record agree, the sender belongs to the prefecture
2. the 受渡簿 says: apply, duplicate, held or rejected
3. each record is judged; what is wrong inside a field refuses only its record
4. what the file changed waits for the next resolve
5. what changes too much at once is held for two people to look at (S-28)
6. files held for this one follow

One file is one transaction: a broken structure undoes all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any, Final

from attrs import frozen

from kokuho_core.access import Operation
from kokuho_core.errors import FileRefused, Problem, SetupFault
from kokuho_core.ports.files import FileHeader, IncomingFile, ReadRecord
from kokuho_core.ports.forerunner import ForerunnerLost, TakenRecords
from kokuho_core.ports.stores import FileCounts, HeldFile, RecordOutcome, UnitOfWork
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases.admission import Given, admitted, count
from kokuho_core.usecases.gates import GatesClosed, pass_gates
from kokuho_core.usecases.office import BATCH, Office
from kokuho_core.usecases.reception_kinds import ACCEPTED_FILES, HELD, REFUSED, Reception, lane_of, reception_for
from kokuho_core.vocabulary.identifiers import InsurerNumber


@frozen
class FileAnswer:
    """受付結果 of one file, as the sender is answered."""

    file: str
    file_id: str
    insurer_number: str
    result: FileResult
    counts: FileCounts = FileCounts()
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def _sender_in_name(given: Given) -> InsurerNumber | None:
    """The sender must agree with the name, or the file is refused (X-2)."""
    return InsurerNumber(_names_of(given["incoming"].name)[1]) or None


@frozen
class _Received:
    """受付の後: whatever became of a file, held ones may follow, for a process may have died before an earlier release.

    None do when an applied file saw, before its commit, that none was due: it is alone until then, and who holds a file after it
    looks for himself.
    """

    answer: FileAnswer
    others_may_follow: bool = True


@admitted(Operation.RECEIVE, subject=lambda given: _presentable(given["incoming"].name), insurer=_sender_in_name)
def receive(office: Office, incoming: IncomingFile, encoding: str | None = None) -> list[FileAnswer]:
    """Receive one file. The answers are this file's and those of held files that it released (X-2)."""
    received = _receive_one(office, incoming, encoding)
    answers = [received.answer]
    if received.others_may_follow:
        answers.extend(release_held(office))
    return answers


@admitted(Operation.RECEIVE)
def release_held(office: Office) -> Iterator[FileAnswer]:
    """Apply held files whose turn has come, in order (X-2)."""
    while True:
        with office.database.begin(read_only=True) as work:
            due = work.files.due_held()
        if not due:
            return
        for held in due:
            answer = _receive_released(office, held)
            if answer is not None:
                yield answer


class _TakenElsewhere(Exception):
    """Another process released the held file first; it answers for it."""


def _receive_released(office: Office, held: HeldFile) -> FileAnswer | None:
    """Apply one held file. Kept content that cannot be opened any more is refused alone (KKH-F023); it may be sent again."""

    def open_blocks() -> Iterator[bytes]:
        with office.database.begin(read_only=True) as work:
            kept = list(work.files.held_blocks(held.file_no))
            if not kept:
                raise _TakenElsewhere
            return office.protection.decrypt(work.keys, held.sender, kept, held.name)

    incoming = office.reopen(held.name, open_blocks, held.encoding)
    try:
        return _receive_one(office, incoming, held.encoding, released=held.file_no).answer
    except _TakenElsewhere:
        return None
    except SetupFault as fault:
        if fault.code != "KKH-C011":
            raise
        return _refuse(office, incoming, None, FileRefused(Problem("KKH-F023")), held.file_no)


def _receive_one(
    office: Office, incoming: IncomingFile, encoding: str | None, released: int | None = None
) -> _Received:
    header: FileHeader | None = None
    try:
        header = incoming.header()
        if header.file_id not in ACCEPTED_FILES:
            raise FileRefused(Problem("KKH-F013"))
        fingerprint = office.protection.fingerprint(incoming.blocks())
        enter = partial(_enter, office, incoming, encoding, header, fingerprint, released)
        try:
            try:
                return office.database.repeated(enter)
            except ForerunnerLost:
                return office.database.repeated(enter)  # nobody helps with the same file twice
        except GatesClosed as closed:
            stop = partial(_stop, office, incoming, encoding, header, fingerprint, released, closed)
            return _Received(office.database.repeated(stop))
    except FileRefused as refusal:
        return _Received(_refuse(office, incoming, header, refusal, released))


def _enter(
    office: Office,
    incoming: IncomingFile,
    encoding: str | None,
    header: FileHeader,
    fingerprint: bytes,
    released: int | None,
) -> _Received:
    """What the 受渡簿 says of a file that can be one, done in one transaction."""
    reading = _Reading.begun(office, incoming, header)
    with office.database.begin(lane=lane_of(header)) as work:
        if released is not None and _held_number(work, header) != released:
            raise _TakenElsewhere
        known = work.files.entry(header.sender, header.file_id, header.sequence)
        ledger = work.files.ledger(header.sender, header.file_id)
        result, code = ledger.judge(incoming.name, header.sequence, fingerprint, known)
        if result is FileResult.APPLIED:
            held = released if released is not None else _held_number(work, header)
            answer = _apply(office, work, reading, header, fingerprint, held)
            if held is not None:
                work.files.release(held)
            received = _Received(answer, others_may_follow=bool(work.files.due_held()))
            work.commit()
            return received
        work.alone()
        if released is not None:
            work.files.release(released)
        if result is FileResult.HELD and known is None:
            _hold(office, work, incoming, header, fingerprint, encoding)
        else:
            _note(office, work, incoming.name, header, fingerprint, result, code)
        work.commit()
        return _Received(_unapplied(incoming.name, header, result, code))


def _stop(
    office: Office,
    incoming: IncomingFile,
    encoding: str | None,
    header: FileHeader,
    fingerprint: bytes,
    released: int | None,
    closed: GatesClosed,
) -> FileAnswer:
    """Hold a file that met closed gates (S-28). Nothing of it was applied."""
    code = closed.stops[0].code
    with office.database.begin() as work:
        held = _held_number(work, header)
        if released is not None and held != released:
            raise _TakenElsewhere
        known = work.files.entry(header.sender, header.file_id, header.sequence)
        ledger = work.files.ledger(header.sender, header.file_id)
        result, other_code = ledger.judge(incoming.name, header.sequence, fingerprint, known)
        if result is not FileResult.APPLIED:  # somebody sent something else meanwhile
            _note(office, work, incoming.name, header, fingerprint, result, other_code)
            work.commit()
            return _unapplied(incoming.name, header, result, other_code)
        if held is None:
            held = _hold(office, work, incoming, header, fingerprint, encoding, code)
        else:
            _note(office, work, incoming.name, header, fingerprint, FileResult.HELD, code)
        work.gates.stop(held, header.sender, closed.stops, office.clock.now())
        work.commit()
    problems = tuple(Problem(stop.code, field=stop.measure.field) for stop in closed.stops)
    return FileAnswer(incoming.name, header.file_id, header.sender, FileResult.HELD, errors=problems)


def _refuse(
    office: Office, incoming: IncomingFile, header: FileHeader | None, refusal: FileRefused, released: int | None
) -> FileAnswer:
    """Refuse a whole file: nothing of it is applied, but the 受渡簿 knows of it."""
    name = _presentable(incoming.name)

    def note() -> None:
        with office.database.begin() as work:
            _note(office, work, name, header, b"", FileResult.REJECTED, refusal.code)
            if released is not None:
                work.files.release(released)
            work.commit()

    office.database.repeated(note)
    file_id, sender = (header.file_id, header.sender) if header else _names_of(name)
    return FileAnswer(name, file_id, sender, FileResult.REJECTED, errors=refusal.problems)


def _names_of(name: str) -> tuple[str, str]:
    """File id and sender as far as the name tells them, for the answer to a file that is refused."""
    parts = name.split("_")
    return (parts[0], parts[1]) if len(parts) == 4 else ("", "")


def _presentable(name: str) -> str:
    """A refused name may hold anything: control characters, undecodable bytes, even twelve digits that are a 個人番号."""
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name)
    return re.sub(r"(?<!\d)\d{12}(?!\d)", "*" * 12, shown)


def _held_number(work: UnitOfWork, header: FileHeader) -> int | None:
    held = work.files.held(header.sender, header.file_id, header.sequence)
    return held.file_no if held is not None else None


_AHEAD: Final = 5 * BATCH
"""Records read before the transaction begins, so that others need not wait for them (S-26)."""


@frozen
class _Reading:
    """読取中のファイル, with the fault that was met before the 受渡簿 was asked whether the file counts at all."""

    name: str
    reception: Reception[Any]
    records: Iterator[ReadRecord]
    fault: FileRefused | None
    taken: Iterator[TakenRecords] = iter(())
    """What another process reads, instead of ``records``."""

    @classmethod
    def begun(cls, office: Office, incoming: IncomingFile, header: FileHeader) -> _Reading:
        reception = reception_for(office, header)
        taken = office.forerunner.taken(incoming, header) if reception.can_be_taken_ahead else None
        if taken is not None:
            return cls(incoming.name, reception, iter(()), None, taken)
        records = incoming.records(reception.keys)
        fault = None
        if not reception.judges_while_reading:
            try:
                for record in islice(records, _AHEAD):
                    reception.take(record)
            except FileRefused as refusal:
                fault = refusal
        return cls(incoming.name, reception, records, fault)

    def finish(self, office: Office, work: UnitOfWork, file_no: int) -> list[RecordOutcome]:
        """Read what is left, and judge. Raises :class:`FileRefused` and :class:`ForerunnerLost`."""
        if self.fault is not None:
            raise self.fault
        self.reception.enter(work, file_no)
        for part in self.taken:
            self.reception.take_over(part)
            if part.total and self.reception.total % 10_000 == 0:
                office.progress(self.name, self.reception.total)
        for record in self.records:
            self.reception.take(record)
            if self.reception.total % 10_000 == 0:
                office.progress(self.name, self.reception.total)
        return self.reception.finish()


def _apply(
    office: Office, work: UnitOfWork, reading: _Reading, header: FileHeader, fingerprint: bytes, held_number: int | None
) -> FileAnswer:
    recorded_at = office.clock.now()
    file_no = work.files.enter(reading.name, header, header.sender, fingerprint, FileResult.APPLIED, recorded_at)
    outcomes = reading.finish(office, work, file_no)
    total = reading.reception.total
    pass_gates(office, work, header, file_no, total, held_number)
    rejected = {outcome.line for outcome in outcomes if outcome.result == REFUSED}
    held = {outcome.line for outcome in outcomes if outcome.result == HELD}
    counts = FileCounts(total - len(rejected) - len(held), len(rejected), len(held))
    work.files.add_outcomes(file_no, outcomes)
    work.files.finish(file_no, counts)
    count(accepted=counts.accepted, rejected=counts.rejected, held=counts.held)
    problems = [outcome.problem for outcome in outcomes if outcome.problem is not None]
    return FileAnswer(
        reading.name,
        header.file_id,
        header.sender,
        FileResult.APPLIED,
        counts,
        errors=tuple(problem for problem in problems if not problem.is_warning),
        warnings=tuple(problem for problem in problems if problem.is_warning),
    )


def _hold(
    office: Office,
    work: UnitOfWork,
    incoming: IncomingFile,
    header: FileHeader,
    fingerprint: bytes,
    encoding: str | None,
    code: str = "KKH-F021",
) -> int:
    """Keep a file, encrypted, whose predecessor is missing or that met closed gates; a broken one is refused at once."""
    for _ in incoming.records(()):
        pass
    file_no = _note(office, work, incoming.name, header, fingerprint, FileResult.HELD, code)
    insurer = work.register().get(header.sender)
    in_effect = encoding or (insurer.encoding if insurer is not None else None)  # it may be another one at release
    encrypted = office.protection.encrypt(work.keys, header.sender, incoming.blocks(), incoming.name)
    work.files.hold(file_no, encrypted, in_effect)
    return file_no


_OUTCOME = {FileResult.REJECTED: "2", FileResult.HELD: "3", FileResult.DUPLICATE: "4"}


def _note(
    office: Office,
    work: UnitOfWork,
    name: str,
    header: FileHeader | None,
    fingerprint: bytes,
    result: FileResult,
    code: str | None,
) -> int:
    """Write the file into the 受渡簿 without applying it."""
    sender = header.sender if header is not None else InsurerNumber(_names_of(name)[1])
    answered = sender if sender in work.register() else None
    file_no = work.files.enter(name, header, answered, fingerprint, result, office.clock.now())
    problem = Problem(code) if code is not None else None
    work.files.add_outcomes(file_no, [RecordOutcome(0, _OUTCOME[result], problem)])
    return file_no


def _unapplied(name: str, header: FileHeader, result: FileResult, code: str | None) -> FileAnswer:
    problems = (Problem(code),) if code is not None else ()
    return FileAnswer(
        name,
        header.file_id,
        header.sender,
        result,
        errors=tuple(problem for problem in problems if not problem.is_warning),
        warnings=tuple(problem for problem in problems if problem.is_warning),
    )
