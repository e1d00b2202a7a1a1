"""``kokuho conformance ports``, ``receiver`` and ``sender``: the command line of the doors for ports."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kokuho_adapters.cli.commands import cli
from kokuho_adapters.conformance.certificate import verify_certificate
from kokuho_adapters.registry_simulator.server import RunningSimulator, prepare

SMALL = Path(__file__).with_name("small_sender.py")


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["conformance", *map(str, words)])


def test_a_fault_of_a_sender_is_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: R-8, S-13. Exit 3; the history for people, report, JUnit and certificate for programs."""
    monkeypatch.setenv("BUG", "no invalidation")
    line = f'"{sys.executable}" "{SMALL}" {{in}} {{state}} {{url}} {{certificates}}'
    found = run(
        "sender", "--command", line, "--seed", "6", "--stories", "1", "--tries", "2", "--out", tmp_path, "--name", "見本",
        "--json",
    )  # fmt: skip
    assert found.exit_code == 3, found.output
    report = json.loads(found.stdout)
    assert (report["system"], report["capabilities"], report["is_conformant"]) == ("見本", ["sender"], False)
    names = {each.name for each in tmp_path.iterdir()}
    assert names == {"report.html", "report.json", "junit.xml", "certificate.json", "fault-01-R-8.txt"}
    assert json.loads((tmp_path / "report.json").read_text("utf-8")) == report
    assert verify_certificate(json.loads((tmp_path / "certificate.json").read_text("utf-8"))) == ()
    assert "不適合1 — 規則R-8(登録の送り手)" in (tmp_path / "report.html").read_text("utf-8")
    assert "1. 人" in (tmp_path / "fault-01-R-8.txt").read_text("utf-8")


PARTITIONS = [f"{900_000 + each}" for each in range(40)]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    settings = prepare(tmp_path_factory.mktemp("simulator"), PARTITIONS)
    with RunningSimulator(settings, folder_seconds=0.01) as running:
        yield running


def by_url(simulator: RunningSimulator) -> list[str | Path]:
    certificates = simulator.settings.certificates
    return [
        "--url", simulator.url, "--certificate", certificates / "federation.pem", "--key", certificates / "federation.key",
        "--authority", certificates / "ca.pem",
    ]  # fmt: skip


def test_a_server_is_tried_by_its_address(simulator: RunningSimulator) -> None:
    """Rules: R-1, R-3, R-4, R-8. Two partitions for each history; where none are left the run ends with what was played."""
    tried = run("receiver", *by_url(simulator), "--partition", "900000-900007", "--stories", "6", "--json")
    assert tried.exit_code == 0, tried.output
    report = json.loads(tried.stdout)
    assert report["is_conformant"] and report["stories"] == 4
    again = run("receiver", *by_url(simulator), "--partition", "900000-900001")
    assert again.exit_code == 2 and "空" in again.stderr


def test_a_server_is_tried_by_folder(simulator: RunningSimulator) -> None:
    """Rules: R-1, R-3, R-4, R-8."""
    settings = simulator.settings
    folders = ("--to", settings.to_server("federation"), "--from", settings.from_server("federation"))
    tried = run("receiver", *folders, "--partition", "900020-900023", "--stories", "2")
    assert tried.exit_code == 0, tried.output
    assert "適合" in tried.stdout and "R-8" in tried.stdout and "S-27" not in tried.stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("sender",), 2, "--command"),
        (("sender", "--command", "client {in}"), 1, "KKH-Y007"),
        (("sender", "--command", "no-such-program {in} {url} {certificates}"), 1, "KKH-Y001"),
        (("receiver",), 2, "--partition"),
        (("receiver", "--partition", "900000"), 2, "--partition"),
        (("receiver", "--partition", "900000-900001"), 2, "--url"),
        (("receiver", "--partition", "900001-900000"), 2, "--partition"),
        (("receiver", "--partition", "900000-900001", "--to", "a", "--from", "b", "--url", "https://x"), 2, "--url"),
        (("ports", "--database", "sqlite:///x"), 1, "KKH-C010"),
        (("ports", "--in-memory", "--exceptions", "missing.toml"), 1, "KKH-Y005"),
        (("ports", "--in-memory", "--out", str(Path(__file__).parent)), 2, "--out"),
        (("own", "--database", "not a url"), 1, "KKH-C010"),
    ],
)
def test_what_cannot_begin_says_why(words: tuple[str, ...], code: int, told: str) -> None:
    done = run(*words)
    assert (done.exit_code, told in done.stderr) == (code, True), done.output


def test_what_keeps_us_out_is_no_fault_of_the_server(simulator: RunningSimulator) -> None:
    """Rules: R-3. Said before anything is judged: here a key that is not the certificate's."""
    certificates = simulator.settings.certificates
    words = by_url(simulator)
    words[5] = certificates / "operator.key"
    done = run("receiver", *words, "--partition", "900030-900031")
    assert done.exit_code == 1 and "KKH-E008" in done.stderr


def test_an_exception_of_a_port_is_announced(tmp_path: Path) -> None:
    """Rules: S-27. By the numbers of the ports; one that is kept fails the run."""
    path = tmp_path / "exceptions.toml"
    path.write_text('[exceptions]\n"S-27" = "次の版から"\n', encoding="utf-8")
    done = run("ports", "--in-memory", "--stories", "3", "--exceptions", path)
    assert done.exit_code == 3 and "除外が不要" in done.stdout
    path.write_text('[exceptions]\n"Q-4" = "次の版から"\n', encoding="utf-8")
    assert "KKH-Y005" in run("ports", "--in-memory", "--exceptions", path).stderr
