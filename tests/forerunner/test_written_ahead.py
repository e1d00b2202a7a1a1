"""Files of a municipal office that a second process helps to write are those that one process writes (S-26)."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from attrs import evolve, frozen

from kokuho_adapters.cli.incoming import csv_files
from kokuho_adapters.composition import initialise, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.forerunner import process
from kokuho_adapters.forerunner.process import SecondProcess
from kokuho_adapters.insurers_list import INSURERS_FILE, read_insurers
from kokuho_adapters.synthetic import generate_prefecture
from kokuho_core.errors import KokuhoError, Problem
from kokuho_core.household.record import HOUSEHOLD_KEYS
from kokuho_core.insured_person.record import PERSON_KEYS
from kokuho_core.ports.forerunner import LinesAhead
from kokuho_core.usecases import municipal_office
from kokuho_core.vocabulary.check_digits import individual_number_digit

from ..crash.commands import DATABASE, CommandClock, configuration
from ..prefecture.servers import Server
from .readiness import ready

PREFECTURE = "13"
PERSONS = 2600
"""Three batches of persons, and two of households."""
OUT = "out"


@frozen
class Built:
    """What a building left behind: names and bytes of the files, and the lines noted; or what was wrong."""

    files: dict[str, bytes]
    lines: list[Any]
    problems: tuple[Problem, ...] = ()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    generate_prefecture(PERSONS, 1, 7, folder, PREFECTURE)
    return folder


def load(files: Path, at: Configuration) -> None:
    insurers = read_insurers(files / INSURERS_FILE, PREFECTURE)
    initialise(at, PREFECTURE, insurers)
    with open_installation(at, clock=CommandClock()) as opened:
        for path in csv_files(files):
            if path.name.startswith(("SKKOJIN", "SKSETAI")):
                incoming = opened.incoming(path, opened.register())
                municipal_office.load(opened.office, incoming.header().sender, incoming, is_sent=False)


@pytest.fixture(scope="module")
def loaded(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office of which everybody waits to be sent."""
    folder = tmp_path_factory.mktemp("loaded")
    load(files, configuration(folder))
    return folder


def build(folder: Path, at: Configuration, encoding: str | None = None, *, with_forerunner: bool) -> Built:
    out = folder / OUT
    out.mkdir()
    problems: tuple[Problem, ...] = ()
    with open_installation(at, clock=CommandClock(), with_forerunner=with_forerunner) as opened:
        if with_forerunner:
            ready(opened)
        [insurer] = (each.insurer_number for each in opened.register())
        sending = opened.sending(out, insurer)
        try:
            municipal_office.build(opened.office, insurer, evolve(sending, encoding=encoding or "utf-8"), OUT)
        except KokuhoError as error:
            problems = error.problems
        with opened.database.begin(read_only=True) as work:
            sent = work.municipal.sent_files(insurer)
            told = [
                (each.name, work.municipal.sent_line(insurer, each.name, line))
                for each in sent
                for line in (1, 2, 1001, 1002, each.records + 1, each.records + 2)
            ]
    return Built({path.name: path.read_bytes() for path in sorted(out.iterdir())}, told, problems)


def both(
    loaded: Path, folder: Path, change: Callable[[sqlite3.Connection], None] = lambda _: None, encoding: str | None = None
) -> tuple[Built, Built]:
    """Built alone and with help, from the same office."""
    ran = []
    for name in ("alone", "helped"):
        shutil.copytree(loaded, folder / name)
        with closing(sqlite3.connect(folder / name / DATABASE)) as database:
            change(database)
            database.commit()
        at = configuration(folder / name)
        ran.append(build(folder / name, at, encoding, with_forerunner=name == "helped"))
    return ran[0], ran[1]


def changed(kind: str, key: str, texts: Callable[[int], str | None], places: Iterable[int]) -> Callable[[Any], None]:
    """Other contents of these rows, counted from 0 in the order of the file."""
    place = (PERSON_KEYS if kind == "P" else HOUSEHOLD_KEYS).index(key)

    def change(database: sqlite3.Connection) -> None:
        rows = database.execute(
            "SELECT rowid, content FROM office_row WHERE kind = ? AND waits_in = 1 ORDER BY subject, history_number", (kind,)
        ).fetchall()
        for each in places:
            rowid, content = rows[each]
            values = orjson.loads(content)
            values[place] = texts(each)
            database.execute("UPDATE office_row SET content = ? WHERE rowid = ?", (orjson.dumps(values).decode(), rowid))

    return change


def number_of(each: int) -> str:
    return f"{each:011d}{individual_number_digit(f'{each:011d}')}"


def parts(answers: Iterable[Any]) -> list[LinesAhead]:
    return [each for each in answers if isinstance(each, LinesAhead)]


class TestTheSame:
    @pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932"])
    def test_everything(self, encoding: str, loaded: Path, helped: list[Any], tmp_path: Path) -> None:
        """Rules: S-26, Q-1, X-22, I-5. No number goes from one process to the other."""
        alone, with_help = both(loaded, tmp_path, changed("P", "name", lambda _: '見本,"一', [5, 1500]), encoding)
        assert with_help == alone and not alone.problems
        assert len(alone.files) == 2
        told = parts(helped)
        assert len(told) >= 3 and None not in helped  # all but the first batches of both files
        [persons] = (raw for name, raw in alone.files.items() if name.startswith("SKKOJIN"))
        numbers = {line.split(b",")[5] for line in persons.split(b"\r\n") if line.startswith(b"2,")} - {b""}
        assert len(numbers) > 2000
        handed = b"".join(each.lines.raw for each in told)
        assert not any(number in handed for number in numbers)

    def test_on_postgresql(self, files: Path, loaded: Path, helped: list[Any], tmp_path: Path, server: Server) -> None:
        """Rules: S-26, Q-1. The same as from the other database."""
        alone, _ = both(loaded, tmp_path)
        helped.clear()
        folder = tmp_path / "server"
        folder.mkdir()
        at = Configuration(server.new_database(), folder / "keys.json", allow_unbound_role=True)
        load(files, at)
        assert build(folder, at, with_forerunner=True) == alone
        assert len(parts(helped)) >= 3

    @pytest.mark.parametrize("nth", [1, 2, 3])
    def test_when_it_is_killed(
        self, nth: int, loaded: Path, helped: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rules: S-26, S-27. What it did counts, and the rest is written without it."""
        ask = SecondProcess.answer
        killed = []

        def answer(self: SecondProcess, wanted: int) -> Any:
            if len(helped) + 1 == nth and self._process is not None:
                self._process.kill()
                killed.append(self._process.wait())
            return ask(self, wanted)

        monkeypatch.setattr(SecondProcess, "answer", answer)
        alone, with_help = both(loaded, tmp_path)
        assert with_help == alone and not alone.problems
        assert killed

    def test_when_other_rows_are_answered(
        self, loaded: Path, helped: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rules: S-26, I-5. A number never comes to stand on the line of another row."""
        ask = SecondProcess.answer
        shifted = []

        def answer(self: SecondProcess, wanted: int) -> Any:
            found = ask(self, wanted)
            if isinstance(found, LinesAhead) and len(helped) == 2:
                shifted.append(found)
                return LinesAhead([*found.rows[1:], found.rows[0]], found.lines)
            return found

        monkeypatch.setattr(SecondProcess, "answer", answer)
        alone, with_help = both(loaded, tmp_path)
        assert with_help == alone and not alone.problems
        assert shifted


class TestWhatIsWrong:
    """It is told as when one process writes, whichever of them comes upon it."""

    @pytest.mark.parametrize(
        ("change", "code", "line", "encoding"),
        [
            pytest.param(changed("P", "name", lambda _: "名\a", [1234]), "KKH-V010", 1236, "utf-8", id="a value"),
            pytest.param(changed("P", "address", lambda _: "\U00020000", [1999]), "KKH-F010", 2001, "cp932", id="encoding"),
            pytest.param(changed("P", "address", number_of, [1100]), "KKH-E009", 1102, "utf-8", id="a number"),
            pytest.param(
                changed("P", "household_number", number_of, range(990, 2100)), "KKH-E009", 992, "utf-8", id="a column"
            ),
        ],
    )
    def test_is_told_with_its_line(
        self, change: Any, code: str, line: int, encoding: str, loaded: Path, helped: list[Any], tmp_path: Path
    ) -> None:
        """Rules: S-6, S-26, X-22. Nothing of the file is left behind, and no line noted."""
        alone, with_help = both(loaded, tmp_path, change, encoding)
        assert with_help == alone
        assert not any(name.startswith("SKKOJIN") for name in alone.files) and not alone.lines
        assert [(each.code, each.line) for each in alone.problems] == [(code, line)]
        assert parts(helped)


@pytest.mark.parametrize("what", ["little to do", "one processor", "nobody allowed it"])
def test_it_is_not_started_in_vain(what: str, loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: S-26."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr("subprocess.Popen", refuse)
    monkeypatch.setattr("os.cpu_count", lambda: 1 if what == "one processor" else 2)
    monkeypatch.setattr("os.getloadavg", lambda: (1.0, 1.0, 1.0), raising=False)
    if what != "little to do":
        monkeypatch.setattr(process, "WORTH_WRITING", 1)
    shutil.copytree(loaded, tmp_path / "office")
    at = configuration(tmp_path / "office")
    with open_installation(at, clock=CommandClock(), with_forerunner=what != "nobody allowed it") as opened:
        [insurer] = (each.insurer_number for each in opened.register())
        built = municipal_office.build(opened.office, insurer, opened.sending(tmp_path, insurer), OUT)
    assert sum(each.records for each in built) > PERSONS
