"""The second process: with its help everything is as without, whatever becomes of it (S-26)."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from kokuho_adapters.cli.incoming import csv_files
from kokuho_adapters.composition import Installation, initialise, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.forerunner import process
from kokuho_adapters.forerunner.parcels import Question
from kokuho_adapters.forerunner.process import SecondProcess
from kokuho_adapters.forerunner.serving import PART
from kokuho_adapters.insurers_list import INSURERS_FILE, read_insurers
from kokuho_adapters.security.key_rotation import rotate_data_keys, rotate_index_key
from kokuho_adapters.synthetic import generate_day, generate_prefecture
from kokuho_core.ports.assigned import Assigned
from kokuho_core.ports.forerunner import TakenRecords
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases.deliver import deliver
from kokuho_core.usecases.receive import FileAnswer, receive
from kokuho_core.usecases.resolve import resolve
from kokuho_core.vocabulary.identifiers import Addressee

from ..aggregation.support import Dump
from ..crash.commands import DATABASE, OUTBOX, CommandClock, configuration
from ..crash.states import delivered, state_of
from ..prefecture.servers import Server
from .readiness import ready

PREFECTURE = "13"
AS_OF = date(2024, 6, 30)
NOTHING_MORE: Callable[[Installation], None] = lambda _: None  # noqa: E731


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two municipalities, the larger files in several parts; fields that are wrong, records that come twice, and one file that
    ends too early."""
    folder = tmp_path_factory.mktemp("files")
    generate_prefecture(2 * PART + 200, 2, 7, folder, PREFECTURE)
    persons = [path for path in csv_files(folder) if path.name.startswith("SKKOJIN")]
    assert persons[0].read_bytes().count(b"\r\n") > PART
    _spoil(persons[0], 3, PART + 1)
    _repeat(persons[0], 5, PART - 1)
    _cut(persons[-1])
    return folder


def _spoil(path: Path, *places: int) -> None:
    """A birth date that there is not, on these lines."""
    lines = path.read_bytes().split(b"\r\n")
    for place in places:
        cells = lines[place].split(b",")
        births = [at for at, cell in enumerate(cells) if len(cell) == 8 and cell.startswith((b"19", b"20"))]
        cells[births[0]] = b"20230230"
        lines[place] = b",".join(cells)
    path.write_bytes(b"\r\n".join(lines))


def _repeat(path: Path, *places: int) -> None:
    """The records on these lines once more, at the end."""
    lines = path.read_bytes().split(b"\r\n")
    *before, end, _ = lines
    count = int(end.split(b",")[1]) + len(places)
    path.write_bytes(b"\r\n".join([*before, *(lines[place] for place in places), b"9,%d" % count, b""]))


def _cut(path: Path) -> None:
    path.write_bytes(b"\r\n".join(path.read_bytes().split(b"\r\n")[:-2]) + b"\r\n")


@frozen
class Ran:
    """What one run left behind."""

    answers: list[FileAnswer]
    summary: Any
    state: Dump
    delivered: dict[str, tuple[bytes, ...]]


def of_files(answers: Sequence[Any]) -> list[TakenRecords]:
    return [each[0] for each in answers if isinstance(each, tuple)]


def run(
    folder: Path,
    paths: Sequence[Path],
    *,
    with_forerunner: bool,
    before: Callable[[Installation], None] = NOTHING_MORE,
    between: Callable[[Installation, int], None] = lambda _, __: None,
    after: Callable[[Installation], None] = NOTHING_MORE,
    at: Configuration | None = None,
) -> Ran:
    folder.mkdir()
    made_as = at or configuration(folder)
    insurers = read_insurers(paths[0].parent / INSURERS_FILE, PREFECTURE)
    initialise(made_as, PREFECTURE, insurers)
    with open_installation(made_as, clock=CommandClock(), with_forerunner=with_forerunner) as opened:
        before(opened)
        if with_forerunner:
            ready(opened)
        answers: list[FileAnswer] = []
        for place, incoming in enumerate(opened.all_incoming(paths)):
            between(opened, place)
            answers += receive(opened.office, incoming)
        summary = resolve(opened.office, AS_OF)
        after(opened)
        for insurer in opened.register():
            outbox = folder / OUTBOX / insurer.insurer_number
            outbox.mkdir(parents=True)
            deliver(opened.office, insurer.insurer_number, opened.outgoing(outbox), str(outbox.relative_to(folder)))
    return Ran(answers, summary, state_of(folder), delivered(folder))


@pytest.fixture(scope="module")
def alone(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Everything once, and the first files of all a second time, without help."""
    return run(tmp_path_factory.mktemp("alone") / "office", given(files), with_forerunner=False)


def given(files: Path) -> list[Path]:
    paths = csv_files(files)
    return [*paths, *paths[:4]]


class TestTheSame:
    def test_everything(self, files: Path, alone: Ran, helped: list[Any], tmp_path: Path) -> None:
        """Rules: S-26, X-1."""
        ran = run(tmp_path / "office", given(files), with_forerunner=True)
        assert {FileResult.APPLIED, FileResult.REJECTED, FileResult.DUPLICATE} <= {each.result for each in ran.answers}
        assert any(each.errors and each.result is FileResult.APPLIED for each in ran.answers)
        assert ran == alone
        parts = of_files(helped)
        assert {part.is_last for part in parts} == {True, False}
        assert any(part.fault for part in parts) and any(part.outcomes for part in parts)
        assert any(part.refused for part in parts)
        assert sum(isinstance(each, Assigned) for each in helped) >= 3  # batches of judged groups

    def test_on_postgresql(self, files: Path, alone: Ran, helped: list[Any], tmp_path: Path, server: Server) -> None:
        """Rules: S-26. What is answered and delivered is that of the other database."""
        at = Configuration(server.new_database(), tmp_path / "keys.json", allow_unbound_role=True)
        ran = run(tmp_path / "office", given(files), with_forerunner=True, at=at)
        assert (ran.answers, ran.summary, ran.delivered) == (alone.answers, alone.summary, alone.delivered)
        assert of_files(helped) and any(isinstance(each, Assigned) for each in helped)

    def test_with_those_who_are_known(
        self, files: Path, helped: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rules: S-26, I-3. A day of changes, to people who have their IDs already."""
        monkeypatch.setattr("kokuho_core.usecases.resolve.BATCH", 100)
        generate_day(2 * PART + 200, 2, 7, tmp_path / "day", PREFECTURE, changes=300)
        (tmp_path / "day" / INSURERS_FILE).write_bytes((files / INSURERS_FILE).read_bytes())
        further = csv_files(tmp_path / "day")

        def go_on(opened: Installation) -> None:
            helped.clear()
            for incoming in opened.all_incoming(further):
                receive(opened.office, incoming)
            resolve(opened.office, AS_OF)

        without = run(tmp_path / "one", csv_files(files), with_forerunner=False, after=go_on)
        assert run(tmp_path / "other", csv_files(files), with_forerunner=True, after=go_on) == without
        assigned = [each for each in helped if isinstance(each, Assigned)]
        assert any(each.known and each.met for each in assigned)

    def test_when_an_id_was_changed_meanwhile(
        self, files: Path, alone: Ran, helped: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rules: S-26, I-3. What was assigned ahead counts no more, and no number is left out."""
        ask = SecondProcess.answer
        told = []

        def answer(self: SecondProcess, wanted: int) -> Any:
            found = ask(self, wanted)
            if isinstance(found, Assigned):
                told.append(found)
                return evolve(found, met=found.met | {len(told) // 2})  # every second answer follows one about the same ID
            return found

        monkeypatch.setattr(SecondProcess, "answer", answer)
        assert run(tmp_path / "office", given(files), with_forerunner=True) == alone
        assert len(told) >= 3

    def test_when_batches_are_left_to_who_asks(
        self, files: Path, helped: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rules: S-26, I-3. What was judged before it could be numbered counts, unless somebody in it was covered meanwhile."""
        monkeypatch.setattr("kokuho_core.usecases.resolve.BATCH", 150)
        without = run(tmp_path / "one", csv_files(files), with_forerunner=False)
        asked: list[Question] = []
        prepared: list[Addressee] = []
        ask = SecondProcess.ask

        def noted(self: SecondProcess, kind: Question, content: Any) -> int:
            asked.append(kind)
            if kind is Question.PREPARE:
                prepared.extend(content)
            return ask(self, kind, content)

        def always(self: Any) -> bool:
            self.is_left = True
            return True

        monkeypatch.setattr(SecondProcess, "ask", noted)
        monkeypatch.setattr(process._Share, "leave", always)
        assert run(tmp_path / "other", csv_files(files), with_forerunner=True) == without
        assert asked.count(Question.PREPARE) >= 5
        assert len(set(prepared)) == len(prepared)  # nobody twice, though batches lose some who were covered
        assert asked.count(Question.JUDGE) >= 5
        assert sum(isinstance(each, Assigned) for each in helped) == asked.count(Question.JUDGE)

    def test_a_batch_is_left_after_two_others_unless_nobody_waited_for_them(self) -> None:
        """Rules: S-26. Beside a server only where more was waited than the batch costs."""
        for worth, enough in ((process._WORTH_LEAVING, 0.125), (process._WORTH_LEAVING_BESIDE_SERVER, 2.0)):
            share = process._Share(worth)
            share._cost, share._waited = 1.0, 10.0
            assert not share.leave()
            for _ in range(2):
                with share.waiting():
                    pass
            share._waited = enough - 0.01
            assert not share.leave()
            share._waited = enough
            assert share.leave() and share.is_left
            share.alone()
            assert not share.asked() and not share.leave()

    @pytest.mark.parametrize("nth", [1, 2, 9])
    def test_when_it_is_killed(
        self, nth: int, files: Path, alone: Ran, helped: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rules: S-26, S-27."""
        ask = SecondProcess.answer
        killed = []

        def answer(self: SecondProcess, wanted: int) -> Any:
            if len(helped) + 1 >= nth and not killed and self._process is not None:
                self._process.kill()
                killed.append(self._process.wait())
            return ask(self, wanted)

        monkeypatch.setattr(SecondProcess, "answer", answer)
        assert run(tmp_path / "office", given(files), with_forerunner=True) == alone
        assert killed

    def test_while_the_index_key_is_replaced(self, files: Path, helped: list[Any], tmp_path: Path) -> None:
        """Rules: S-10, S-26."""
        paths = [path for path in csv_files(files) if path.name.startswith("SKKOJIN")]

        def begin_rotation(opened: Installation) -> None:
            for incoming in opened.all_incoming(paths[:1]):
                receive(opened.office, incoming)

            def stop(*_: Any) -> None:
                raise InterruptedError

            with pytest.raises(InterruptedError):
                rotate_index_key(evolve(opened.custody, batch=50, pause_seconds=0, progress=stop))

        one = run(tmp_path / "one", paths[1:], with_forerunner=False, before=begin_rotation)
        other = run(tmp_path / "other", paths[1:], with_forerunner=True, before=begin_rotation)
        assert one == other

    def test_when_a_key_is_replaced_after_it_was_used_ahead(
        self, files: Path, alone: Ran, helped: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rules: S-10, S-26. What was sealed ahead under the old key is sealed anew."""
        taken = SecondProcess.taken
        opened_here: list[Installation] = []
        rotated: list[Any] = []

        def rotate_then(self: SecondProcess, incoming: Any, header: Any) -> Iterator[TakenRecords] | None:
            found = taken(self, incoming, header)
            if found is not None and header.file_id == "SKKOJIN" and not rotated:
                rotated.extend(rotate_data_keys(evolve(opened_here[0].custody, pause_seconds=0)).retired)
            return found

        monkeypatch.setattr(SecondProcess, "taken", rotate_then)
        ran = run(tmp_path / "office", given(files), with_forerunner=True, before=opened_here.append)
        assert ran == alone
        assert rotated and of_files(helped)
        database = sqlite3.connect(tmp_path / "office" / DATABASE)
        with closing(database):
            in_use = {row[0] for row in database.execute("select key_id from number_vault")}
        assert not in_use & set(rotated)

    def test_when_a_file_is_replaced_after_it_was_read_ahead(
        self, files: Path, helped: list[Any], tmp_path: Path
    ) -> None:
        """Rules: S-13, S-26. What stands there when the file is received counts."""
        names = [path.name for path in csv_files(files) if path.name.startswith("SKKOJIN")][:2]

        def prepared(name: str) -> list[Path]:
            shutil.copytree(files, tmp_path / name)
            return [tmp_path / name / each for each in names]

        def replace(paths: Sequence[Path]) -> Callable[[Installation, int], None]:
            def at(opened: Installation, place: int) -> None:
                forerunner: Any = opened.office.forerunner
                if place == 0 and isinstance(forerunner, SecondProcess):
                    until = time.monotonic() + 60
                    while forerunner._answers.empty():
                        assert time.monotonic() < until
                        time.sleep(0.01)
                if place == 0:
                    _spoil(paths[1], 5)

            return at

        one, other = prepared("one"), prepared("other")
        without = run(tmp_path / "a", one, with_forerunner=False, between=replace(one))
        assert run(tmp_path / "b", other, with_forerunner=True, between=replace(other)) == without
        assert of_files(helped)


class TestTheProcess:
    def test_it_ends_with_the_installation(self, files: Path, helped: list[Any], tmp_path: Path) -> None:
        """Rules: S-26."""
        initialise(configuration(tmp_path), PREFECTURE, read_insurers(files / INSURERS_FILE, PREFECTURE))
        with open_installation(configuration(tmp_path), with_forerunner=True) as opened:
            started: Any = ready(opened)._process
            assert started.poll() is None
            next(iter(opened.all_incoming(csv_files(files))))  # and is not waited for, whatever it is doing
        assert started.poll() is not None

    def test_a_large_file_waits_until_it_is_ready(
        self, files: Path, helped: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rules: S-26. To read it alone would take longer than the rest of the start."""
        monkeypatch.setattr(process, "LARGE_BYTES", 1)
        monkeypatch.setattr(process, "_PATIENCE_SECONDS", 60)
        ran = run_quietly(tmp_path, _first_of(files, "SKKOJIN"), with_forerunner=True)
        assert ran and all(each.result is FileResult.APPLIED for each in ran)
        assert len(of_files(helped)) == 2  # the first file of all was its own, in its two parts

    def test_one_that_never_gets_ready_is_waited_for_once(
        self, files: Path, helped: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rules: S-26."""
        start = process.subprocess.Popen
        dumb = [sys.executable, "-c", "import sys; sys.stdin.buffer.read()"]
        waited: list[float] = []
        is_ready_within = SecondProcess._is_ready_within

        def noted(self: SecondProcess, seconds: float) -> bool:
            waited.append(seconds)
            return is_ready_within(self, seconds)

        monkeypatch.setattr(process.subprocess, "Popen", lambda _, **how: start(dumb, **how))
        monkeypatch.setattr(SecondProcess, "_is_ready_within", noted)
        monkeypatch.setattr(process, "LARGE_BYTES", 1)
        monkeypatch.setattr(process, "_PATIENCE_SECONDS", 0.01)
        paths = [*_first_of(files, "KOGAKU"), *_first_of(files, "SKKOJIN"), *_first_of(files, "SKSETAI")]
        ran = run_quietly(tmp_path, paths, with_forerunner=True)
        assert len(ran) == len(paths) and all(each.result is FileResult.APPLIED for each in ran)
        assert helped == []
        assert [each for each in waited if each] == [0.01]

    @pytest.mark.parametrize("what", ["little to do", "one processor", "busy processors", "nobody allowed it"])
    def test_it_is_not_started_in_vain(
        self, what: str, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rules: S-26."""

        def refuse(*_: Any, **__: Any) -> None:
            raise AssertionError("a process was started")

        monkeypatch.setattr(process.subprocess, "Popen", refuse)
        monkeypatch.setattr("os.cpu_count", lambda: 1 if what == "one processor" else 2)
        load = 3.0 if what == "busy processors" else 1.0
        monkeypatch.setattr("os.getloadavg", lambda: (load, load, load), raising=False)
        if what != "little to do":
            monkeypatch.setattr(process, "WORTH_WAITING", 1)
            monkeypatch.setattr(process, "WORTH_BYTES", 0)
        kind = "SKSETAI" if what == "little to do" else "SKKOJIN"
        ran = run_quietly(tmp_path, _first_of(files, kind), with_forerunner=what != "nobody allowed it")
        assert ran and all(each.result is FileResult.APPLIED for each in ran)


def _first_of(files: Path, kind: str) -> list[Path]:
    return [path for path in csv_files(files) if path.name.startswith(kind)][:1]


def run_quietly(folder: Path, paths: Sequence[Path], *, with_forerunner: bool) -> list[FileAnswer]:
    initialise(configuration(folder), PREFECTURE, read_insurers(paths[0].parent / INSURERS_FILE, PREFECTURE))
    with open_installation(configuration(folder), with_forerunner=with_forerunner) as opened:
        answers = [each for incoming in opened.all_incoming(paths) for each in receive(opened.office, incoming)]
        resolve(opened.office, AS_OF)
    return answers
