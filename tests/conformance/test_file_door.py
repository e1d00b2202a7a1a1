"""ファイルの口: vendors' commands as systems under test, run as real processes."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kokuho_adapters.conformance import file_door
from kokuho_adapters.conformance.file_door import FileDoor
from kokuho_adapters.conformance.step_folder import FileForm
from kokuho_adapters.conformance.vendor_command import VendorCommand
from kokuho_adapters.files import LayoutBook, OpenFormatFile
from kokuho_adapters.insurers_list import read_insurers
from kokuho_core.conformance import (
    ConformanceSettings,
    FileToSend,
    Report,
    SystemFailed,
    run_conformance,
    story_of,
)
from kokuho_core.conformance.lives import INSURERS
from kokuho_core.conformance.returned import Returned
from kokuho_core.conformance.run import Post, play
from kokuho_core.errors import SetupFault
from kokuho_core.synthetic.numbers import synthetic_number

from .node import EXAMPLES, vendor_line

BUGS = {"inclusive-end": "P-5", "gap-without-claim": "Q-9", "any-member": "H-4", "revived": "P-7"}
"""The mistakes of the small vendor, and the rule that each shortest story is about."""
AS_OF = date(2024, 6, 1)


def form(**more: Any) -> FileForm:
    return FileForm(LayoutBook.shipped(), **more)


def door(line: str, *, timeout: float = 60, form: FileForm = form(), is_replaying: bool = False) -> FileDoor:  # noqa: B008
    return FileDoor(VendorCommand.parse(line, timeout), form, is_replaying)


def python(script: Path, *more: str) -> str:
    return " ".join(f'"{each}"' for each in (sys.executable, str(script), *more)) + " {in} {out} {state} {as_of}"


def seen(report: Report) -> list[Any]:
    return [(each.rule, each.found_in, each.deviation) for each in report.faults]


# --- systems that keep the rules ---


def test_a_vendor_in_another_language_keeps_the_rules() -> None:
    """Rules: P-1, P-4, P-5, P-6, Q-2, Q-4, I-1, H-2, H-4, H-6, X-2. In Node: it shares no code with this library."""
    report = run_conformance(door(vendor_line()).open, settings=ConformanceSettings(seed="node", stories=32, together=32))
    assert report.is_conformant, seen(report)
    assert report.stories == 32


@pytest.mark.long
@pytest.mark.parametrize("is_replaying", [False, True])
def test_a_vendor_in_another_language_keeps_the_rules_in_many_stories(is_replaying: bool) -> None:
    """Rules: P-1 … P-7, Q-2 … Q-9, I-1, I-3, I-4, H-2 … H-7, X-2, X-4."""
    settings = ConformanceSettings(seed="many", stories=400, together=100)
    report = run_conformance(door(vendor_line(), is_replaying=is_replaying).open, settings=settings)
    assert report.is_conformant, seen(report)


def test_this_library_as_a_command_keeps_the_rules() -> None:
    """Rules: H-6, X-2."""
    line = python(EXAMPLES / "vendor_kokuho.py")
    report = run_conformance(door(line).open, settings=ConformanceSettings(seed="own", stories=8, together=8))
    assert report.is_conformant, seen(report)


@pytest.mark.long
def test_a_vendor_with_layouts_of_his_own_keeps_the_rules(tmp_path: Path) -> None:
    """Rules: P-1. Ends are the last day covered there, in what he gets and in what he returns."""
    layouts = [_inclusive(tmp_path, "SKKOJIN"), _inclusive(tmp_path, "TOKUSO")]
    own = FileForm(LayoutBook.shipped().with_files(layouts))
    line = python(EXAMPLES / "vendor_kokuho.py") + "".join(f' "{each}"' for each in layouts)
    settings = ConformanceSettings(seed="layout", stories=6, together=6)
    report = run_conformance(door(line, form=own).open, settings=settings)
    assert report.is_conformant, seen(report)


def test_files_go_out_and_come_back_in_layouts_of_the_vendors_own(tmp_path: Path) -> None:
    """Rules: P-1. Ends are the last day covered there."""
    own = FileForm(LayoutBook.shipped().with_files([_inclusive(tmp_path, "SKKOJIN"), _inclusive(tmp_path, "TOKUSO")]))
    ended = next(
        each for n in range(50) for step in story_of("order", n).steps for each in step.sendings
        if each.file_id == "SKKOJIN" and any(row["application_end"] for row in each.rows)
    )  # fmt: skip
    own.write_file(tmp_path, FileToSend(ended.file_id, ended.sender, datetime(2024, 5, 31, 8), ended.sequence, ended.rows))
    [path] = tmp_path.glob("SKKOJIN_*.csv")
    lines = path.read_text("utf-8").splitlines()
    assert lines[0].startswith("1,SKKOJIN,2.0,")
    ends = [line.split(",")[30] for line in lines[1:-1]]
    assert ends == [f"{row['application_end'] - timedelta(1):%Y%m%d}" if row["application_end"] else "" for row in ended.rows]
    content = GOOD.replace("TOKUSO,1.0", "TOKUSO,2.0").replace("20220101,\r", "20220101,20220630\r")
    (tmp_path / "vendor").mkdir()
    system = _returns(tmp_path / "vendor", content)
    [[row]] = _take(FileDoor(system.command, own)).values()
    assert row["application_end"] == date(2022, 7, 1)


def _inclusive(folder: Path, file_id: str) -> Path:
    source = Path(file_door.__file__).parents[1] / "files" / "layouts" / f"{file_id}.toml"
    text = source.read_text("utf-8").replace('"exclusive"', '"inclusive"').replace('version = "1.0"', 'version = "2.0"')
    assert "inclusive" in text
    path = folder / f"{file_id}-2.0.toml"
    path.write_text(text, encoding="utf-8")
    return path


# --- systems that do not ---


@pytest.mark.parametrize(
    "bug", ["inclusive-end", "gap-without-claim", *(pytest.param(each, marks=pytest.mark.long) for each in ("any-member", "revived"))]
)
def test_a_seeded_bug_of_the_vendor_is_found_as_a_short_story(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: P-5, P-7, Q-9, H-4."""
    monkeypatch.setenv("VENDOR_BUG", bug)
    settings = ConformanceSettings(seed="1", stories=200, together=25, most_faults=1, most_tries=60)
    report = run_conformance(door(vendor_line()).open, settings=settings)
    [fault] = report.faults
    assert fault.rule == BUGS[bug], fault
    story = fault.played.story
    assert story.people <= 2 and story.files <= 7 and len(story.steps) <= 2, fault


# --- commands that fail ---

READ = "import pathlib, sys\ngiven, out, state = map(pathlib.Path, sys.argv[1:4])\n"


def _script(folder: Path, *lines: str) -> str:
    path = folder / "vendor.py"
    path.write_text(READ + "\n".join(lines) + "\n", encoding="utf-8")
    return python(path)


def _take(system: FileDoor, files: Sequence[FileToSend] = ()) -> Mapping[tuple[str, str], Any]:
    with system.open(INSURERS) as opened:
        return opened.take(files, AS_OF)


def test_an_exit_code_is_a_fault_and_its_last_lines_are_kept_without_numbers(tmp_path: Path) -> None:
    """Rules: X-1, S-3."""
    number = synthetic_number(7)
    lines = ["for i in range(2000): print(f'line {i}', file=sys.stderr)", f"print('{number}', file=sys.stderr)", "sys.exit(3)"]
    with pytest.raises(SystemFailed) as failed:
        _take(door(_script(tmp_path, *lines)))
    assert (failed.value.code, failed.value.problems[0].field) == ("KKH-Y002", "exit 3")
    assert failed.value.said[-2] == "line 1999" and len(failed.value.said) <= 20
    assert number not in "".join(failed.value.said) and number not in str(failed.value)


def test_a_command_that_does_not_end_is_ended_with_what_it_started(tmp_path: Path) -> None:
    """Rules: X-1."""
    mark = tmp_path / "alive"
    child = f"import time, pathlib\nfor i in range(600):\n    pathlib.Path(r'{mark}').write_text(str(i)); time.sleep(0.05)"
    (tmp_path / "child.py").write_text(child, encoding="utf-8")
    line = _script(
        tmp_path, "import subprocess, time", f"subprocess.Popen([sys.executable, r'{tmp_path / 'child.py'}'])",
        f"while not pathlib.Path(r'{mark}').exists(): time.sleep(0.05)", "time.sleep(600)",
    )  # fmt: skip
    begun = time.monotonic()
    with pytest.raises(SystemFailed) as failed:
        _take(door(line, timeout=3))
    assert failed.value.code == "KKH-Y003" and failed.value.tries is not None
    assert time.monotonic() - begun < 30
    time.sleep(0.3)
    stopped = mark.read_text() if mark.exists() else ""
    time.sleep(0.5)
    assert (mark.read_text() if mark.exists() else "") == stopped


def test_a_program_that_is_not_there_is_no_fault_of_the_system() -> None:
    with pytest.raises(SetupFault, match="KKH-Y001"):
        _take(door("no-such-program-here {in} {out}"))


GOOD = (
    "1,TOKUSO,1.0,000000,20240601090000,1\r\n"
    "2,{insurer},1,M1,P1,20220101,03,,,,1,20220101,\r\n"
    "9,1\r\n"
)  # fmt: skip


def _returns(folder: Path, content: str, name: str = "TOKUSO_{insurer}_20240601090000_0001.csv", more: str = "") -> FileDoor:
    insurer = INSURERS[0].insurer_number
    raw = content.replace("{insurer}", insurer).encode("utf-8")
    return door(_script(folder, more, f"(out / {name.replace('{insurer}', insurer)!r}).write_bytes({raw!r})"))


def test_what_is_returned_is_read_by_municipality_and_kind(tmp_path: Path) -> None:
    """Rules: X-38."""
    [(key, [row])] = _take(_returns(tmp_path, GOOD)).items()
    assert key == (INSURERS[0].insurer_number, "TOKUSO")
    assert (row["qualification_acquired"], row["application_end"]) == (date(2022, 1, 1), None)


@pytest.mark.parametrize(
    ("content", "name", "cause"),
    [
        (GOOD.replace("9,1\r\n", ""), "", "KKH-F005"),
        (GOOD.replace("9,1", "9,2"), "", "KKH-F006"),
        (GOOD.replace("\r\n", "\n"), "", "KKH-F016"),
        ("\x00\x01garbage", "", "KKH-F0"),
        (GOOD.replace("20220101,03", "20220230,03"), "", "KKH-V004"),
        (GOOD.replace(",1,20220101,\r", ",7,20220101,\r"), "", "KKH-V008"),
        (GOOD, "result.txt", "KKH-F001"),
        (GOOD, "TOKUSO_270017_20240601090000_0001.csv", "KKH-F004"),
        (GOOD.replace("TOKUSO", "KANYUSHA"), "KANYUSHA_{insurer}_20240601090000_0001.csv", "KKH-F013"),
        (GOOD, "TOKUSO_{insurer}_20240601090000_0002.csv", "KKH-F003"),
        ("1,SHOKEKKA,1.0,000000,20240601090000,1\r\n2,{insurer},nothing.csv,2,1,,,\r\n9,1\r\n",
         "SHOKEKKA_{insurer}_20240601090000_0001.csv", "KKH-F001"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_a_fault_with_its_cause(tmp_path: Path, content: str, name: str, cause: str) -> None:
    """Rules: X-1."""
    system = _returns(tmp_path, content, name) if name else _returns(tmp_path, content)
    with pytest.raises(SystemFailed) as failed:
        _take(system)
    problems = failed.value.problems
    assert problems[0].code == "KKH-Y004" and any(each.code.startswith(cause) for each in problems[1:]), problems


# --- the command line ---


@pytest.mark.parametrize(
    ("line", "missing"), [("vendor {in}", "{out}"), ("vendor", "{in} {out}"), ("", "{in} {out}"), ('"vendor {in} {out}', "quote")]
)
def test_a_command_must_name_its_folders(line: str, missing: str) -> None:
    with pytest.raises(SetupFault, match="KKH-Y007") as fault:
        VendorCommand.parse(line)
    assert fault.value.problems[0].field == missing


def test_words_are_never_given_to_a_shell(tmp_path: Path) -> None:
    said = tmp_path / "said.json"
    line = _script(tmp_path, "import json", f"pathlib.Path(r'{said}').write_text(json.dumps(sys.argv[4:]))")
    _take(door(f'{line} "two words" ; touch {{unknown}} $HOME'))
    assert json.loads(said.read_text()) == ["2024-06-01", "two words", ";", "touch", "{unknown}", "$HOME"]


@pytest.mark.skipif(os.name == "nt", reason="how Windows is split is tested by the next one")
def test_quotes_hold_words_together() -> None:
    assert VendorCommand.parse("'a b' {in} {out}").words == ("a b", "{in}", "{out}")


def test_backslashes_stay_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kokuho_adapters.conformance.vendor_command._IS_WINDOWS", True)
    assert VendorCommand.parse(r'"C:\My Tools\v.exe" C:\x {in} {out}').words == (r"C:\My Tools\v.exe", r"C:\x", "{in}", "{out}")


# --- the folders ---


def _sent() -> list[FileToSend]:
    step = next(each for each in (story_of("order", n).steps[0] for n in range(50)) if len(each.sendings) > 3)
    return Post().files(step, Returned(), ())


def test_a_step_says_what_came_in_which_order(tmp_path: Path) -> None:
    """Rules: X-22."""
    files = _sent()
    form(encoding="cp932").write_step(tmp_path / "in", INSURERS, 3, AS_OF, [*files, files[0]])
    names = [each.name for each in files]
    assert (tmp_path / "in" / "order.txt").read_text("utf-8").splitlines() == [*names, names[0]]
    step = json.loads((tmp_path / "in" / "step.json").read_text("utf-8"))
    assert step == {"step": 3, "as_of": "2024-06-01", "files": [*names, names[0]]}
    assert sorted(each.name for each in (tmp_path / "in").glob("*_*.csv")) == sorted(names)
    assert sorted(names, key=lambda name: name.split("_")[2]) == names  # the time in the name says the same
    insurers = read_insurers(tmp_path / "in" / "insurers.csv")
    assert [(each.insurer_number, each.encoding) for each in insurers] == [(each.insurer_number, "cp932") for each in INSURERS]
    for each in files:
        read = OpenFormatFile.from_path(tmp_path / "in" / each.name, LayoutBook.shipped(), None, "cp932")
        assert len(list(read.records(()))) == len(each.rows)


def test_the_state_lasts_over_the_steps_of_one_story_and_no_longer(tmp_path: Path) -> None:
    line = _script(
        tmp_path, "assert not list(out.iterdir())", "count = len(list(state.iterdir()))",
        "(state / str(count)).write_text('')", f"open(r'{tmp_path / 'log'}', 'a').write(f'{{count}} {{state.exists()}}\\n')",
        f"open(r'{tmp_path / 'places'}', 'a').write(str(state) + '\\n')",
    )  # fmt: skip
    for _ in range(2):
        with door(line).open(INSURERS) as system:
            system.take((), AS_OF)
            system.take((), AS_OF)
    assert (tmp_path / "log").read_text().split("\n")[:-1] == ["0 True", "1 True"] * 2
    assert not any(Path(each).exists() for each in (tmp_path / "places").read_text().splitlines())


# --- tools without a memory ---


def test_a_stateless_tool_gets_everything_each_time(tmp_path: Path) -> None:
    line = _script(
        tmp_path, "assert not list(state.iterdir())", "(state / 'x').write_text('')",
        f"open(r'{tmp_path / 'log'}', 'a').write(' '.join(sorted(each.name for each in given.iterdir())) + '\\n')",
    )  # fmt: skip
    with door(line, is_replaying=True).open(INSURERS) as system:
        system.take(_sent(), AS_OF)
        system.take((), AS_OF)
    assert (tmp_path / "log").read_text().splitlines() == ["step-0001", "step-0001 step-0002"]


SOLVED_LATER = 19
"""A story of the seed «gone» in which a finding is told and then solved."""


def _gone(system: FileDoor) -> list[Any]:
    [played] = play([story_of("gone", SOLVED_LATER)], system.open)
    return [(each.rule, each.key.file_id) for each in played.deviations]


def test_what_a_stateless_tool_tells_no_more_has_vanished(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: X-13, P-5. A finding that is solved is simply not among what stands."""
    system = door(vendor_line(), is_replaying=True)
    assert _gone(system) == []
    monkeypatch.setattr(file_door, "_with_vanished", lambda before, now: now)
    assert _gone(system), "the story does not show what vanishes"


def test_rows_that_vanish_are_told_as_gone() -> None:
    """Rules: X-13."""
    key = ("139014", "KEIKOHO")
    rows: list[dict[str, Any]] = [{"candidate_number": "C1", "status": "1"}, {"candidate_number": "C2", "status": "3"}]
    told = file_door._with_vanished({key: rows}, {key: rows[1:]})
    assert told == {key: [{"candidate_number": "C1", "status": "2"}, rows[1]]}
    tokuso = ("139014", "TOKUSO")
    assert file_door._with_vanished({tokuso: [{"status": "1"}]}, {}) == {tokuso: []}
