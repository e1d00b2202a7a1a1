"""``kokuho conformance …``: the command line, with exit codes, folders of faults and the one line that plays a fault again."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kokuho_adapters.cli.commands import cli
from kokuho_adapters.conformance.certificate import verify_certificate
from kokuho_core.conformance import RULES, story_of
from kokuho_core.synthetic.numbers import synthetic_number

from .node import vendor_line

PARTS = ("--capability", "qualification", "--capability", "findings", "--capability", "receipts")


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["conformance", *map(str, words)])


def test_a_fault_is_written_down_and_played_again_by_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: P-1, X-1. Exit 3; the folder holds story, files, both sides, and a line that shows the fault again."""
    monkeypatch.setenv("VENDOR_BUG", "inclusive-end")
    found = run(
        "files", "--command", vendor_line(), *PARTS, "--stories", "25", "--together", "25", "--faults", "1", "--tries", "25",
        "--out", tmp_path, "--json",
    )  # fmt: skip
    assert found.exit_code == 3, found.output
    report = json.loads(found.stdout)
    [fault] = [fault for each in report["rules"] for fault in each["faults"]]
    folder = tmp_path / f"fault-01-{fault['rule']}"
    assert not report["is_conformant"] and report["folders"] == [str(folder)]
    assert {"report.html", "report.json", "junit.xml", "certificate.json"} <= {each.name for each in tmp_path.iterdir()}
    assert str(folder / "story.json") in (tmp_path / "report.html").read_text("utf-8")
    assert verify_certificate(json.loads((tmp_path / "certificate.json").read_text("utf-8"))) == ()
    assert {"story.json", "expected.json", "actual.json", "replay.txt", "step-0001"} <= {each.name for each in folder.iterdir()}
    assert json.loads((folder / "expected.json").read_text("utf-8")) != json.loads((folder / "actual.json").read_text("utf-8"))
    assert list((folder / "step-0001").glob("SKKOJIN_*.csv"))
    words = _words((folder / "replay.txt").read_text("utf-8").strip())
    assert words[:2] == ["kokuho", "conformance"]
    again = run(*words[2:], "--json")
    assert again.exit_code == 3 and fault["rule"] in [each["rule"] for each in json.loads(again.stdout)["deviations"]]
    monkeypatch.delenv("VENDOR_BUG")
    assert run(*words[2:]).exit_code == 0


def _words(line: str) -> list[str]:
    if os.name != "nt":
        return shlex.split(line)
    return [each.strip('"').replace('\\"', '"') for each in shlex.split(line, posix=False)]


def test_a_story_is_played_by_this_library_too(tmp_path: Path) -> None:
    """Rules: Q-4."""
    assert run("stories", "--seed", "cli", "--number", "1", "--out", tmp_path).exit_code == 0
    played = run("replay", tmp_path / "story.json", "--json")
    assert played.exit_code == 0, played.output
    assert json.loads(played.stdout) == {"story": "cli/1", "conformant": True, "deviations": []}


def test_the_files_of_a_story_are_written_to_be_looked_at(tmp_path: Path) -> None:
    story = story_of("cli", 1)
    done = run("stories", "--seed", "cli", "--number", "1", "--out", tmp_path, "--json")
    assert json.loads(done.stdout)["steps"] == len(story.steps)
    for number, step in enumerate(story.steps, 1):
        listed = (tmp_path / f"step-{number:04d}" / "order.txt").read_text("utf-8").splitlines()
        assert [name.split("_")[0] for name in listed] == [each.file_id for each in step.sendings]
    again = run("stories", "--seed", "cli", "--number", "1", "--out", tmp_path)
    assert again.exit_code == 2 and "--out" in again.stderr


def _failing(folder: Path, code: str) -> str:
    script = folder / "vendor.py"
    script.write_text(code, encoding="utf-8")
    return f'"{sys.executable}" "{script}" {{in}} {{out}}'


def test_a_failing_command_is_told_with_its_last_lines(tmp_path: Path) -> None:
    """Rules: X-1, S-3."""
    number = synthetic_number(3)
    line = _failing(tmp_path, f"import sys; sys.exit('boom {number}')")
    found = run("files", "--command", line, "--stories", "2", "--tries", "3", "--out", tmp_path / "out")
    assert found.exit_code == 3
    assert "X-1" in found.stdout and "KKH-Y002" in found.stdout and "boom ****" in found.stdout
    said = (tmp_path / "out" / "fault-01-X-1" / "stderr.txt").read_text("utf-8")
    assert "boom" in said and number not in said and number not in found.output


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("files",), 2, "--command"),
        (("files", "--command", "vendor"), 1, "KKH-Y007"),
        (("files", "--command", "no-such-program {in} {out}"), 1, "KKH-Y001"),
        (("files", "--command", "v {in} {out}", "--capability", "all"), 2, "--capability"),
        (("files", "--command", "v {in} {out}", "--together", "251"), 2, "--together"),
        (("files", "--command", "v {in} {out}", "--out", str(Path(__file__).parent)), 2, "--out"),
        (("files", "--command", "v {in} {out}", "--exceptions", "missing.toml"), 1, "KKH-Y005"),
        (("files", "--command", "v {in} {out}", "--layout", "missing.toml"), 1, "KKH-C009"),
        (("replay", "missing.json"), 1, "KKH-Y006"),
    ],
)
def test_what_cannot_begin_says_why(words: tuple[str, ...], code: int, told: str) -> None:
    done = run(*words)
    assert (done.exit_code, told in done.stderr) == (code, True), done.output


@pytest.mark.parametrize(
    "text", ["", "[exceptions]\n'H-99' = 'x'", "[exceptions]\n'H-7' = ''", "[exceptions]\n'H-7' = 5", "[exception]", "= 5", "x = 1\n[exceptions]"]
)
def test_a_list_of_exceptions_is_checked(tmp_path: Path, text: str) -> None:
    path = tmp_path / "exceptions.toml"
    path.write_text(text, encoding="utf-8")
    assert "KKH-Y005" in run("files", "--command", "v {in} {out}", "--exceptions", path).stderr


def test_an_exception_is_told_with_its_reason_and_an_outdated_one_fails(tmp_path: Path) -> None:
    """Rules: X-1. What is announced may break; what was announced in vain fails the run."""
    path = tmp_path / "exceptions.toml"
    path.write_text('[exceptions]\n"X-1" = "次の版で直す"\n', encoding="utf-8")
    rest = ("--stories", "2", "--tries", "0", "--exceptions", path, "--json")
    broken = run("files", "--command", _failing(tmp_path, "import sys; sys.exit(1)"), *rest)
    assert broken.exit_code == 0, broken.output
    assert (_rule(broken, "X-1")["state"], _rule(broken, "X-1")["reason"]) == ("excepted", "次の版で直す")
    kept = run("files", "--command", vendor_line(), *PARTS, *rest)
    assert kept.exit_code == 3 and _rule(kept, "X-1")["state"] == "exception_outdated"


def _rule(done: Result, number: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in json.loads(done.stdout)["rules"] if each["rule"] == number)
    return found


def test_this_library_keeps_its_own_rules() -> None:
    """Rules: X-2."""
    done = run("own", "--stories", "4", "--together", "4", "--name", "本製品")
    assert done.exit_code == 0, done.output
    assert "本製品" in done.stdout and "適合" in done.stdout


def test_the_rules_are_listed() -> None:
    listed = json.loads(run("rules", "--json").stdout)
    assert [each["rule"] for each in listed] == [each.number for each in RULES]
    assert all(rule.number in run("rules").stdout for rule in RULES)
