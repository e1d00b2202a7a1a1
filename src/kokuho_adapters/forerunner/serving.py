"""手伝う側: the second process. It answers one question after another until the first one closes the pipe."""

from __future__ import annotations

import signal
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import date
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from attrs import field, mutable

from kokuho_adapters.composition import Installation, open_installation
from kokuho_adapters.files.prepared import LineForm
from kokuho_adapters.files.preparing import LinePreparer
from kokuho_adapters.forerunner.parcels import Question, receive, send
from kokuho_core.errors import FileRefused, KokuhoError, Problem
from kokuho_core.ports.assigned import Assigned, Numbering
from kokuho_core.ports.forerunner import ForerunnerLost, LinesAhead, TakenRecords
from kokuho_core.ports.municipal import LineParts, RowPlace
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.usecases.assigning import Judged, judged_around, numbered
from kokuho_core.usecases.reception_kinds import reception_for
from kokuho_core.vocabulary.identifiers import Addressee, InsurerNumber
from kokuho_core.vocabulary.insurers import InsurerRegister

_PREPARED: Final = 3
"""Batches that are kept prepared; more would be of no use by the time they are asked for."""
READY: Final = 0
"""Number of the first answer, which says that questions may come."""
PART: Final = 2500
"""Records of a file that go over together; a divisor of what progress is told of, as the other one is."""
PART_FOR_SERVER: Final = 5000
"""The same where they go on to a server, which is better sent fewer and larger ones."""


def serve() -> None:
    """Serve on standard input and output, from which everybody else is kept away."""
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is interrupted closes the pipe
    with suppress(EOFError, BrokenPipeError), open_installation(receive(questions)) as installation:
        send((READY, None), answers)
        _Desk(installation, answers).serve(questions)


@mutable
class _Desk:
    """Where the questions are worked on. Whatever fails ends the process: who asked then finds out by himself.

    It reads for the operation that was admitted and recorded over there (S-5), and nobody else can ask.
    """

    installation: Installation
    answers: IO[bytes]
    register: InsurerRegister = field(factory=lambda: InsurerRegister(()))
    judging: tuple[UnitOfWork, InsurerRegister, date] | None = None
    covered: frozenset[Addressee] = frozenset()
    """Who was judged last without having been asked for."""
    prepared: deque[Judged] = field(factory=lambda: deque(maxlen=_PREPARED))

    def serve(self, questions: IO[bytes]) -> None:
        with ExitStack() as view:
            while True:
                number, kind, content = receive(questions)
                match kind:
                    case Question.REGISTER:
                        self.register = content
                    case Question.FILE:
                        for part in self._taken(*content):
                            send((number, part), self.answers)
                    case Question.BEGIN_JUDGING:
                        work = view.enter_context(self.installation.database.begin(read_only=True))
                        self.judging = work, work.register(), content
                    case Question.JUDGE:
                        send((number, self._assigned(*content)), self.answers)
                    case Question.PREPARE:
                        self.prepared.append(self._judged(content))
                    case Question.LINES:
                        for lines in self._lines(*content):
                            send((number, lines), self.answers)
                    case Question.END_JUDGING:
                        view.close()
                        self.judging = None
                        self.prepared.clear()
                        send((number, None), self.answers)

    def _judged(self, waiting: Sequence[Addressee]) -> Judged:
        if self.judging is None:
            raise ForerunnerLost
        work, register, as_of = self.judging
        return judged_around(self.installation.office, work, waiting, register, as_of)

    def _assigned(self, waiting: Sequence[Addressee], numbering: Numbering | None) -> Assigned:
        if self.judging is None:
            raise ForerunnerLost
        work, register, _ = self.judging
        if numbering is None:
            waiting = [each for each in waiting if each not in self.covered]
        else:
            work.ids.go_on_from(numbering)
        prepared = next((each for each in self.prepared if set(waiting).issubset(each.waiting)), None)
        if prepared is not None:
            self.prepared.remove(prepared)
            judged = prepared.without(waiting)
        else:
            judged = self._judged(waiting)
        assigned = numbered(work, judged, register)
        self.covered = assigned.others
        return assigned

    def _taken(self, path: Path, encoding: str | None) -> Iterator[tuple[TakenRecords, Any] | None]:
        """The parts of a file, each with the state in which the file was found. None: it is not for this process."""
        office, database = self.installation.office, self.installation.database
        together = PART if database.is_file else PART_FOR_SERVER
        incoming = self.installation.incoming(path, self.register, encoding)
        try:
            reception = reception_for(office, incoming.header())
            records = incoming.records(reception.keys)
            is_last = not reception.can_be_taken_ahead
            if is_last:
                yield None
            while not is_last:
                fault: tuple[Problem, ...] = ()
                before = reception.total
                try:
                    for record in islice(records, together):
                        reception.take(record)
                except FileRefused as refusal:
                    fault = refusal.problems
                is_last = bool(fault) or reception.total - before < together
                with database.begin(read_only=True) as work:
                    part = reception.taken_ahead(work, fault, is_last=is_last)
                yield part, incoming.seen
        except (KokuhoError, ForerunnerLost, KeyError):
            yield None

    def _lines(
        self, insurer: InsurerNumber, file_id: str, form: LineForm, after: RowPlace | None, line: int
    ) -> Iterator[LinesAhead | None]:
        """What waits for a file, as the store gives it. None where it ends, or who writes it has to find out what is wrong."""
        preparer = LinePreparer(form)
        with self.installation.database.begin(read_only=True) as work:
            for batch in work.municipal.lines_going_out(insurer, file_id, after, LineParts.CONTENT):
                try:
                    prepared = preparer.prepared(batch.columns, len(batch.rows), line)
                except KokuhoError:
                    break
                if prepared is None:
                    break
                yield LinesAhead(batch.rows, prepared)
                line += len(batch.rows)
        yield None
