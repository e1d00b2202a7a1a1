"""再送: the same file twice is one effect, whatever happened to the first try (S-14)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import kokuho_core
from kokuho_adapters.files import FileName, OpenFormatFile
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases.receive import receive, release_held

from ..aggregation.support import Dump, codes, dump, effect, insured
from ..prefecture.office import A, B, PrefectureOffice
from .sender import DIED

SENDER_SCRIPT = Path(__file__).with_name("sender.py")
SOURCES = Path(kokuho_core.__file__).parent.parent
FILES = 4
APPLIED, HELD, DUPLICATE, REJECTED = FileResult.APPLIED, FileResult.HELD, FileResult.DUPLICATE, FileResult.REJECTED


def rows_of(sequence: int) -> list[dict[str, Any]]:
    """A person of its own, and person 1 once more under another name: the order is visible."""
    own = insured(A, f"10{sequence}", 10 + sequence)
    return [own, insured(A, "1", 1, kind="1" if sequence == 1 else "2", name=f"見本　{'一二三四'[sequence - 1]}子")]


# --- any course of events ---


class Interrupted(RuntimeError):
    """The medium was pulled out, the network went down, the machine stopped."""


class Resending(RuleBasedStateMachine):
    """A sender and a receiver with bad luck, beside what must have come of it."""

    prepared: Path
    work: Iterator[Path]

    @initialize()
    def begin(self) -> None:
        self.folder = next(self.work)
        shutil.copytree(self.prepared, self.folder)
        self.office = PrefectureOffice(self.folder)
        self.paths = {n: self.office.write("SKKOJIN", A, rows_of(n), n) for n in range(1, FILES + 1)}
        self.contents = {n: path.read_bytes() for n, path in self.paths.items()}
        self.applied: list[int] = []
        self.held: set[int] = set()

    def teardown(self) -> None:
        if hasattr(self, "office"):
            self.office.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def give(self, path: Path, content: bytes) -> list[Any]:
        path.write_bytes(content)
        return self.office.receive(path)

    @rule(n=st.integers(1, FILES))
    def send(self, n: int) -> None:
        answers = self.give(self.paths[n], self.contents[n])
        given = [(answer.file, answer.result) for answer in answers]
        name = self.paths[n].name
        if n in self.applied:
            assert given == [(name, DUPLICATE)]
        elif n != len(self.applied) + 1:
            assert given == [(name, HELD)]
            self.held.add(n)
        else:
            freed = [n]
            while freed[-1] + 1 in self.held:
                freed.append(freed[-1] + 1)
            assert given == [(self.paths[each].name, APPLIED) for each in freed]
            assert [answer.counts.accepted for answer in answers] == [2] * len(freed)
            self.applied += freed
            self.held -= set(freed)

    def known(self) -> list[int]:
        return sorted({*self.applied, *self.held})

    @precondition(lambda self: self.known())
    @rule(data=st.data())
    def send_other_content(self, data: st.DataObject) -> None:
        n = data.draw(st.sampled_from(self.known()))
        changed = self.contents[n].replace("見本町１".encode(), "見本町２".encode(), 1)
        assert changed != self.contents[n]
        [answer] = self.give(self.paths[n], changed)
        assert (answer.result, codes(answer)) == (REJECTED, [("KKH-F020", 0, "")])

    @precondition(lambda self: self.known())
    @rule(data=st.data(), later=st.integers(1, 1000))
    def send_under_another_name(self, data: st.DataObject, later: int) -> None:
        n = data.draw(st.sampled_from(self.known()))
        name = FileName.parse(self.paths[n].name)
        other = FileName(name.file_id, name.insurer_number, name.created_at + timedelta(days=later), n)
        was, now = (f"{moment:%Y%m%d%H%M%S}".encode() for moment in (name.created_at, other.created_at))
        [answer] = self.give(self.office.inbox / str(other), self.contents[n].replace(was, now, 1))
        assert (answer.result, codes(answer)) == (REJECTED, [("KKH-F020", 0, "")])

    @rule(n=st.integers(1, FILES), lost=st.integers(1, 200))
    def send_cut(self, n: int, lost: int) -> None:
        [answer] = self.give(self.paths[n], self.contents[n][:-lost])
        assert answer.result is REJECTED

    @rule(n=st.integers(1, FILES), reading=st.integers(1, 4), at=st.integers(0, 300))
    def fail_while_reading(self, n: int, reading: int, at: int) -> None:
        """The file is read up to three times: control record, fingerprint, records. Any of them may end in the middle."""
        opened = 0

        def blocks() -> Iterator[bytes]:
            nonlocal opened
            opened += 1
            if opened == reading:
                yield self.contents[n][:at]
                raise Interrupted
            yield self.contents[n]

        name = self.paths[n].name
        incoming = OpenFormatFile.from_blocks(name, blocks, self.office.book, self.office.installation.register())
        due = (n not in self.known() and 3) or (n in self.held and n == len(self.applied) + 1 and 3) or 2
        if reading > due:
            return
        with pytest.raises(Interrupted):
            receive(self.office.office, incoming)

    @rule()
    def restart(self) -> None:
        self.office.close()
        self.office = PrefectureOffice(self.folder)

    @rule()
    def resolve(self) -> None:
        self.office.resolve()

    @rule()
    def release(self) -> None:
        assert list(release_held(self.office.office)) == []

    @invariant()
    def each_file_has_its_effect_once(self) -> None:
        if not hasattr(self, "office"):
            return
        found = dump(self.office.database_file)
        names = {row[0]: row[1] for row in found["received_file"]}
        kept = sorted((names[row[0]], row[1]) for row in found["person_record"])
        assert kept == sorted((self.paths[n].name, line) for n in self.applied for line in (2, 3))
        waiting = {names[row[0]] for row in found["held_content"]}
        assert waiting == {self.paths[n].name for n in self.held}
        assert self.applied == list(range(1, len(self.applied) + 1))


def test_any_course_of_sending_failing_and_resending(prepared: Path, tmp_path: Path) -> None:
    """Rules: S-14, S-15, S-16, X-2."""

    class Course(Resending):
        pass

    Course.prepared = prepared
    Course.work = (tmp_path / str(number) for number in count())
    examples = 25 if settings().max_examples <= 100 else 400  # the profile «long»
    run_state_machine_as_test(Course, settings=settings(max_examples=examples, stateful_step_count=25))


# --- the process dies ---


def start(folder: Path, file: Path, moment: str = "whole", number: int = 1) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCES), "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(
        [sys.executable, str(SENDER_SCRIPT), str(folder), str(file), moment, str(number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()[1]
    return process


def finish(process: subprocess.Popen[str]) -> tuple[int, list[str], str]:
    output, errors = process.communicate("\n", timeout=120)
    return process.returncode, output.splitlines(), errors


def stands(office: PrefectureOffice) -> Dump:
    """What files can have an effect on, without what differs from one encryption to the next."""
    found = effect(office)
    found["number_vault"] = sorted({row[0] for row in found["number_vault"]})
    return found


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_the_commit_and_sent_again(office: PrefectureOffice, moment: str) -> None:
    """Rules: S-14, X-2. Died before the commit: nothing stands, the resent file is applied. Died after it, before anybody was
    answered: all of it stands, and the resent file is a duplicate."""
    path = office.write("SKKOJIN", A, rows_of(1))
    before = stands(office)
    assert finish(start(office.folder, path, moment))[0] == DIED
    stood = stands(office)
    assert (stood == before) == (moment == "before")
    [answer] = office.receive(path)
    assert answer.result is (APPLIED if moment == "before" else DUPLICATE)
    after = stands(office)
    assert moment == "before" or after == stood
    assert len(after["person_record"]) == 2
    assert [answer.result for answer in office.receive(path)] == [DUPLICATE]


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_while_held_files_follow(office: PrefectureOffice, moment: str, number: int) -> None:
    """Rules: S-14, X-2. One commit for each file: whole files stand, and the next reception lets the others follow."""
    paths = [office.write("SKKOJIN", A, rows_of(n), n) for n in (1, 2, 3)]
    for path in paths[1:]:
        assert [answer.result for answer in office.receive(path)] == [HELD]
    assert finish(start(office.folder, paths[0], moment, number))[0] == DIED
    applied = number - (moment == "before")
    assert len(effect(office)["person_record"]) == 2 * applied
    again = office.receive(paths[0])
    assert again[0].result is (APPLIED if applied == 0 else DUPLICATE)
    assert [answer.result for answer in again[1:]] == [APPLIED] * (3 - max(applied, 1))
    found = dump(office.database_file)
    assert len(found["person_record"]) == 6 and found["held_content"] == []


@pytest.mark.parametrize("given", ["the last file", "a cut file of another sender"])
def test_whatever_comes_next_lets_held_files_follow(office: PrefectureOffice, given: str) -> None:
    """Rules: S-14, X-2. Nobody need know that a process died before it released what was held."""
    paths = [office.write("SKKOJIN", A, rows_of(n), n) for n in (1, 2, 3)]
    office.receive(paths[1])
    assert finish(start(office.folder, paths[0], "after"))[0] == DIED
    if given == "the last file":
        answers = office.receive(paths[2])
        assert [(answer.file, answer.result) for answer in answers] == [
            (paths[2].name, HELD), (paths[1].name, APPLIED), (paths[2].name, APPLIED)
        ]  # fmt: skip
    else:
        cut = office.write("SKKOJIN", B, [insured(B, "1", 77)])
        cut.write_bytes(cut.read_bytes()[:-1])
        assert [answer.result for answer in office.receive(cut)] == [REJECTED, APPLIED]
    assert effect(office)["held_content"] == []


# --- two at once ---


@pytest.mark.parametrize("processes", [2, 4])
def test_one_file_given_by_several_processes_at_once(office: PrefectureOffice, processes: int) -> None:
    """Rules: S-14, X-2. One of them applies it, the others are told that it is a duplicate."""
    for round_ in range(1, 4):
        path = office.write("SKKOJIN", A, rows_of(round_), round_)
        started = [start(office.folder, path) for _ in range(processes)]
        for process in started:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        ended = [finish(process) for process in started]
        assert [code for code, _, _ in ended] == [0] * processes, ended
        answered = sorted(line for _, output, _ in ended for line in output)
        assert answered == sorted([f"{path.name} applied 2"] + [f"{path.name} duplicate 0"] * (processes - 1))
        assert len(effect(office)["person_record"]) == 2 * round_


@pytest.mark.parametrize("round_", range(3))
def test_held_files_are_released_once_by_several_processes(office: PrefectureOffice, round_: int) -> None:
    """Rules: S-14, X-2. Each of them may find the held files due; one applies a file and answers for it, nobody refuses it."""
    paths = [office.write("SKKOJIN", A, rows_of(n), n) for n in (1, 2, 3, 4)]
    for path in paths[1:]:
        office.receive(path)
    before = len(dump(office.database_file)["received_file"])
    started = [start(office.folder, paths[0]) for _ in range(3)]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    ended = [finish(process) for process in started]
    assert [code for code, _, _ in ended] == [0, 0, 0], ended
    answered = sorted(line for _, output, _ in ended for line in output)
    due = [f"{path.name} applied 2" for path in paths] + [f"{paths[0].name} duplicate 0"] * 2
    assert answered == sorted(due)
    found = dump(office.database_file)
    assert len(found["received_file"]) == before + len(due)
    assert (len(found["person_record"]), found["held_content"]) == (8, [])


def test_a_held_file_released_by_another_process_is_left_alone(office: PrefectureOffice) -> None:
    """Rules: S-14, X-2. Found due, but taken by somebody else before its turn: no second answer, no refusal in the 受渡簿."""
    first = {}
    for sender in (A, B):
        one, two = (office.write("SKKOJIN", sender, [insured(sender, str(n), n + int(sender))], n) for n in (1, 2))
        first[sender] = one
        assert [answer.result for answer in office.receive(two)] == [HELD]
    for sender in (A, B):
        assert finish(start(office.folder, first[sender], "after"))[0] == DIED
    elsewhere: list[str] = []

    def reopen(name: str, *rest: Any) -> Any:
        if B in name and not elsewhere:  # found due; before its turn comes, somebody else is quicker
            elsewhere.append(name)
            elsewhere.extend(answer.insurer_number for answer in release_held(office.office))
        return office.office.reopen(name, *rest)

    found = [answer.insurer_number for answer in release_held(evolve(office.office, reopen=reopen))]
    assert (found, elsewhere[1:]) == ([A], [B])
    results = sorted(row[8] for row in dump(office.database_file)["received_file"])
    assert results == ["applied"] * 4 + ["held"] * 2


def test_two_files_for_one_number_given_at_once(office: PrefectureOffice) -> None:
    """Rules: S-14, X-2. The first takes the sequence number, the other is refused, whichever it is."""
    one = office.write("SKKOJIN", A, rows_of(1), 1)
    other = office.write("SKKOJIN", A, [insured(A, "900", 900)], 1)
    started = [start(office.folder, path) for path in (one, other)]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    results = sorted(line.split()[1] for process in started for line in finish(process)[1])
    assert results == ["applied", "rejected"]
    files = {row[0] for row in effect(office)["person_record"]}
    assert len(files) == 1
