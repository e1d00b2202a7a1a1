"""頼む側: starts the second process when there is enough to do, and asks it."""

from __future__ import annotations

import os
import queue
import subprocess  # nosec B404 - only this program itself is started
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from math import inf
from pathlib import Path
from threading import Thread
from typing import IO, TYPE_CHECKING, Any, Final

from kokuho_adapters.configuration import Configuration
from kokuho_adapters.files import OpenFormatFile, OpenFormatFolder
from kokuho_adapters.forerunner.parcels import Question, receive_packed, send, unpacked
from kokuho_core.ports.assigned import Assigned, Numbering
from kokuho_core.ports.files import FileHeader, IncomingFile, OutgoingFiles
from kokuho_core.ports.forerunner import (
    ForerunnerLost,
    JudgingAhead,
    LinesAhead,
    NobodyWrites,
    TakenRecords,
    WritingAhead,
)
from kokuho_core.vocabulary.identifiers import Addressee, InsurerNumber
from kokuho_core.vocabulary.insurers import InsurerRegister

if TYPE_CHECKING:
    from kokuho_core.ports.municipal import RowPlace

if sys.platform == "linux":
    import fcntl

    def _widen(pipe: IO[bytes]) -> None:
        """Let a whole answer fit in: who answers goes on at once, however busy we are."""
        with suppress(OSError):  # where less is allowed, it stays as it is
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
else:

    def _widen(pipe: IO[bytes]) -> None:
        """Elsewhere the width of a pipe cannot be chosen."""


WORTH_WAITING: Final = 3000
"""Waiting persons from whom on it pays to start a process, which takes about as long as to judge these."""
WORTH_BYTES: Final = 4_000_000
"""The same for files to receive: about 10,000 records."""
LARGE_BYTES: Final = 1_000_000
"""A file that takes longer to read alone than to wait for a process that is about to be ready."""
_PATIENCE_SECONDS: Final[float] = 0.5
"""How long it is waited for, once."""
WORTH_WRITING: Final = 100_000
"""The same for rows to send, which are written quickly."""
_PIPE_BYTES: Final = 1024 * 1024
"""As much as Linux gives to everybody."""
_FILES_AHEAD: Final = 3
_ANSWERS_AHEAD: Final = 3
"""How many files are announced, and answers waited with, so that memory does not grow with what there is to do."""
_LEAST_BETWEEN: Final = 2
"""Batches between two that are left to who asks: as many as he knows beyond the next one."""
_WORTH_LEAVING: Final = 1 / 8
"""Of what a batch costs him: what he waited for those between. Less than that is the way of the answers alone."""
_WORTH_LEAVING_BESIDE_SERVER: Final = 2
"""The same where a server, which may be on this machine too, works for both of them meanwhile."""


class SecondProcess:
    """先回り: a :class:`kokuho_core.ports.forerunner.Forerunner`. Close it."""

    def __init__(self, configuration: Configuration, *, beside_server: bool = False) -> None:
        self._configuration = configuration
        self._worth_leaving = _WORTH_LEAVING_BESIDE_SERVER if beside_server else _WORTH_LEAVING
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[bytes | None] = queue.Queue(_ANSWERS_AHEAD)
        self._is_ready = self._has_failed = False
        self._asked = 0
        self._announced: list[tuple[int, OpenFormatFile]] = []

    # --- what the use cases ask ---

    def files(
        self, paths: Sequence[Path], register: InsurerRegister, encoding: str | None, make: Callable[[Path], OpenFormatFile]
    ) -> Iterator[OpenFormatFile]:
        """The files of ``paths``, made by ``make``, some of them announced to the second process before they are given out."""
        sizes = [path.stat().st_size if path.is_file() else 0 for path in paths]
        if sum(sizes) >= WORTH_BYTES:
            self.start()
            self.ask(Question.REGISTER, register)
        made: dict[int, OpenFormatFile] = {}
        following = 0
        patience = _PATIENCE_SECONDS
        for place, path in enumerate(paths):
            is_large = sizes[place] >= LARGE_BYTES
            if self._is_ready_within(patience if is_large else 0):
                first = place if is_large else place + 1  # a small file is read as soon as it would be asked for
                for ahead in range(max(following, first), min(place + _FILES_AHEAD + 1, len(paths))):
                    made[ahead] = make(paths[ahead])
                    self._announced.append((self.ask(Question.FILE, (paths[ahead].absolute(), encoding)), made[ahead]))
                    following = ahead + 1
            elif is_large:
                patience = 0  # one that is not ready by now may never be
            yield made.pop(place) if place in made else make(path)

    def taken(self, incoming: IncomingFile, header: FileHeader) -> Iterator[TakenRecords] | None:
        number, file = next(((n, each) for n, each in self._announced if each is incoming), (0, None))
        if file is None:
            return None
        self._announced = [(n, each) for n, each in self._announced if n > number]
        first = self.answer(number)
        return self._parts(number, file, first) if first is not None else None

    def _parts(
        self, number: int, file: OpenFormatFile, answer: tuple[TakenRecords, Any] | None
    ) -> Iterator[TakenRecords]:
        while True:
            if answer is None:
                raise ForerunnerLost
            part, seen = answer
            if part.is_last and seen != file.seen:
                raise ForerunnerLost  # another file of this name was read
            yield part
            if part.is_last:
                return
            answer = self.answer(number)

    @contextmanager
    def judging(self, as_of: date, waiting: int) -> Iterator[JudgingAhead]:
        if waiting >= WORTH_WAITING:
            self.start()
        ahead = _Judging(self, as_of, _Share(self._worth_leaving))
        try:
            yield ahead
        except BaseException:
            self.close()  # its view of the database must not outlive the unit of work
            raise
        ahead.end()

    @contextmanager
    def writing(self, outgoing: OutgoingFiles, insurer: InsurerNumber, waiting: int) -> Iterator[WritingAhead]:
        if not isinstance(outgoing, OpenFormatFolder):
            yield NobodyWrites()
            return
        if waiting >= WORTH_WRITING:
            self.start()
        ahead = _Writing(self, outgoing, insurer)
        try:
            yield ahead
        except BaseException:
            self.close()  # it may be in the midst of a file
            raise

    # --- the process ---

    def start(self) -> None:
        """Start it, unless no processor is free for it. It gets ready while the work goes on here."""
        if self._process is not None or self._has_failed:
            return
        if not _has_free_processor() or not sys.executable or getattr(sys, "frozen", False):
            self._has_failed = True
            return
        try:
            process = subprocess.Popen(  # nosec B603 - no shell, and nothing from outside
                [sys.executable, "-m", "kokuho_adapters.forerunner"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError:
            self._has_failed = True
            return
        self._process = process
        if process.stdout is not None:
            _widen(process.stdout)
        Thread(target=_collect, args=(process.stdout, self._answers), daemon=True).start()
        self._send(self._configuration)

    @property
    def is_ready(self) -> bool:
        """Whether it has said so; asked without waiting."""
        return self._is_ready_within(0)

    def _is_ready_within(self, seconds: float) -> bool:
        if self._process is None or self._has_failed:
            return False
        if not self._is_ready:
            with suppress(queue.Empty):
                self._is_ready = self._answers.get(timeout=seconds) is not None
                self._has_failed = not self._is_ready
        return self._is_ready

    def ask(self, kind: Question, content: Any) -> int:
        """The number that its answers will have."""
        self._asked += 1
        self._send((self._asked, kind, content))
        return self._asked

    def answer(self, wanted: int) -> Any:
        """The next answer with a number; those before it are no longer wanted. None where there is none."""
        while not self._has_failed:
            packed = self._answers.get()
            if packed is None:
                self._has_failed = True
                break
            number, content = unpacked(packed)
            if number == wanted:
                return content
        return None

    def close(self) -> None:
        """End the process at once: it keeps nothing, and may be busy with what nobody will take."""
        process, self._process, self._has_failed = self._process, None, True
        if process is not None:
            process.kill()
            process.wait()
            with suppress(OSError):
                if process.stdin is not None:
                    process.stdin.close()

    def _send(self, message: Any) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):  # where nobody reads any more, there will be no answer
                send(message, self._process.stdin)


class _Judging:
    """先回りの判定 of one unit of work."""

    def __init__(self, process: SecondProcess, as_of: date, share: _Share) -> None:
        self._process = process
        self._as_of = as_of
        self._has_begun = False
        self._unanswered: deque[int] = deque()
        self._prepared: list[frozenset[Addressee]] = []
        self._share = share

    def ask(self, waiting: Sequence[Addressee], numbering: Numbering) -> None:
        is_left = self._share.asked()
        if is_left or self._unanswered or not waiting or not self._process.is_ready:
            return
        if not self._has_begun:
            self._process.ask(Question.BEGIN_JUDGING, self._as_of)
            self._has_begun = True
            self._share.is_left = True  # the first answer takes long, so it prepares the following ones instead
            return
        self._unanswered.append(self._process.ask(Question.JUDGE, (list(waiting), dict(numbering))))

    def follow(self, coming: Sequence[Sequence[Addressee]]) -> None:
        if self._share.is_left:
            self._prepare(coming)
        elif self._unanswered and coming[0]:
            if self._share.leave():
                self._prepare(coming[1:])
            else:
                self._unanswered.append(self._process.ask(Question.JUDGE, (list(coming[0]), None)))

    def _prepare(self, coming: Sequence[Sequence[Addressee]]) -> None:
        """What the other process can do while a batch is left to who asks."""
        before, self._prepared = self._prepared, []
        for batch in filter(None, coming):
            asked = next((each for each in before if each.issuperset(batch)), None)  # it may have lost some who were covered
            if asked is None:
                self._process.ask(Question.PREPARE, list(batch))
            self._prepared.append(asked or frozenset(batch))

    def answer(self) -> Assigned | None:
        if not self._unanswered:
            self._share.alone()
            return None
        with self._share.waiting():
            answer: Assigned | None = self._process.answer(self._unanswered.popleft())
        return answer

    def forget(self) -> None:
        self._unanswered.clear()

    def end(self) -> None:
        """Its view of the database ends before the unit of work is committed."""
        if self._has_begun:
            self._process.answer(self._process.ask(Question.END_JUDGING, None))


class _Writing:
    """先回りの書出し of one unit of work."""

    def __init__(self, process: SecondProcess, outgoing: OpenFormatFolder, insurer: InsurerNumber) -> None:
        self._process, self._outgoing, self._insurer = process, outgoing, insurer
        self._asked: int | None = None

    @property
    def is_ready(self) -> bool:
        return self._process.is_ready

    def ask(self, file_id: str, keys: Sequence[str], after: RowPlace | None, line: int) -> None:
        form = self._outgoing.form_of(file_id, keys)
        if form is not None:
            self._asked = self._process.ask(Question.LINES, (self._insurer, file_id, form, after, line))

    def answer(self) -> LinesAhead | None:
        if self._asked is None:
            return None
        answer: LinesAhead | None = self._process.answer(self._asked)
        return answer

    def forget(self) -> None:
        self._asked = None
        self._process.close()


class _Share:
    """分担: now and then a batch is left to who asks, who would only wait for the answer to another one meanwhile.

    While he judges it, the other prepares the following ones; while he writes those, the other numbers them. So as many lie
    between two that are left as are prepared, and more where he need not wait for them: the processes may be differently busy.
    """

    def __init__(self, worth_leaving: float) -> None:
        self._worth_leaving = worth_leaving
        self._waited = 0.0
        self._answered = 0
        self._cost = inf
        self._alone_since: float | None = None
        self.is_left = False
        """Whether the batch that was followed last is left to who asks, as :meth:`asked` tells him once."""

    @contextmanager
    def waiting(self) -> Iterator[None]:
        since = time.monotonic()
        yield
        self._waited += time.monotonic() - since
        self._answered += 1

    def alone(self) -> None:
        """Who asks judges a batch himself, until he asks about the following one."""
        self._alone_since = time.monotonic()

    def asked(self) -> bool:
        """Whether the batch that is asked about is left."""
        if self._alone_since is not None:
            self._cost, self._alone_since = time.monotonic() - self._alone_since, None
            self.is_left = False
        return self.is_left

    def leave(self) -> bool:
        """Whether to leave the next batch."""
        if self._answered >= _LEAST_BETWEEN and self._waited >= self._worth_leaving * self._cost:
            self._waited, self._answered, self.is_left = 0.0, 0, True
        return self.is_left


def _has_free_processor() -> bool:
    """Two processes cost more than one together, so it pays only where the second one takes nobody's place.

    This command and the one before it may be among the processes that are counted as running.
    """
    processors = os.cpu_count() or 1
    running = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0  # not on Windows
    return processors >= 2 and running < processors + 1


def _collect(source: IO[bytes], answers: queue.Queue[bytes | None]) -> None:
    """Take answers from the pipe as they come, so that the other side can go on to the next question."""
    packed: bytes | None = b""
    with source:
        while packed is not None:
            packed = receive_packed(source)
            answers.put(packed)
