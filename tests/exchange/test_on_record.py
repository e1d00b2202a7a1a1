"""Acts on files go on record: in the audit log of the installation, else in the terminal's own (S-4): no log, no access."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import evolve
from click.testing import CliRunner, Result

from kokuho_adapters.cli.commands import cli
from kokuho_adapters.composition import terminal_log
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.exchange.credentials import make_party
from kokuho_adapters.exchange.folder import TAKEN, ExchangeFolder, send_files
from kokuho_adapters.exchange.media_package import open_package, pack
from kokuho_adapters.exchange.sftp_client import get_sendings, put_files
from kokuho_adapters.exchange.sftp_server import INCOMING, OUTGOING
from kokuho_adapters.security.audit_chain import ChainFault
from kokuho_core.access import AccessContext, operator_id
from kokuho_core.errors import AccessDenied, Problem, SetupFault
from kokuho_core.usecases.audit import AuditFilter

from ..crash.operations import WRITING, Operation, watched
from .samples import AGGREGATION, BOOK, MOMENT, MUNICIPALITY, OTHER, number, party, write_party
from .test_sftp import files, log_beside, put, running, server_of, settings

__all__ = ["settings"]

KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)
HOW: Final = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
Row = tuple[str, str, str]


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def ran(*words: object, code: int = 0) -> Result:
    result = run(*words)
    assert result.exit_code == code, result.output
    return result


def set_up() -> None:
    Path("insurers.csv").write_text(
        "insurer_number,municipality_code,name\n139519,139513,東見本市\n139527,139521,西見本市\n", encoding="utf-8"
    )
    ran("init", "--prefecture", "13", "--insurers", "insurers.csv")


def entries(*more: str) -> list[dict[str, Any]]:
    """What the log says, without the reading of it."""
    flags = () if Path("kokuho.sqlite3").exists() else ("--terminal",)
    found: list[dict[str, Any]] = json.loads(ran("audit", *flags, *more, "--json").stdout)["entries"]
    own = ("read_audit", "verify_audit", "open_session", "close_session", "initialise")
    return [each for each in found if each["operation"] not in own]


def rows() -> list[Row]:
    return [(each["operation"], each["result"], each["subject"]) for each in entries()]


def names(folder: str, pattern: str) -> list[str]:
    return sorted(each.name for each in Path(folder).glob(pattern))


SEND: Final = ("exchange", "send", "a.csv", "b.csv", "--folder", "s", "--sender", MUNICIPALITY, "--to", AGGREGATION)
TAKE: Final = ("exchange", "take", "--folder", "s", "--out", "in", "--records", "r", "--as", AGGREGATION)
_OURS: Final = ("--certificate", "keys/ours.pem", "--key", "keys/ours.key", "--medium", "USB-1", "--by", "係", "--no-ledger")
PACK: Final = (
    "media", "pack", "a.csv", "--out", "medium", "--sender", AGGREGATION, "--to", MUNICIPALITY, *_OURS, "--recipient",
    "keys/ours.pem",
)  # fmt: skip


def unpack() -> tuple[object, ...]:
    [package] = Path("medium").glob("*.p7m")
    return ("media", "open", package, "--out", "opened", "--as", MUNICIPALITY, *_OURS, "--from", "keys/ours.pem")


@pytest.fixture(params=["terminal", "installation"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A working folder with files to send and the keys of one party, with a database in it or without."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv"):
        Path(name).write_bytes(name.encode() + b"\r\n")
    write_party(Path("keys"), "ours")
    if request.param == "installation":
        set_up()
    found: str = request.param
    return found


def verified() -> Any:
    flags = () if Path("kokuho.sqlite3").exists() else ("--terminal",)
    return json.loads(run("verify-audit", *flags, "--json").stdout)


class TestEveryAct:
    def test_each_is_on_record_before_and_when_it_takes_hold(self, place: str) -> None:
        """Rules: S-4, S-32, S-33."""
        ran("--purpose", "月次の授受", *SEND)
        [manifest] = names("s", "*.okurijo.json")
        ran(*TAKE)
        ran(*PACK)
        [package] = names("medium", "*.p7m")
        ran(*unpack())
        ran("media", "keys", "--name", "new", "--out", "keys", "--no-passphrase")
        packed = package.replace(".p7m", ".okurijo.json")
        assert rows() == [
            ("send_files", "admitted", f"to {AGGREGATION}"), ("send_files", "done", manifest),
            ("take_files", "admitted", f"as {AGGREGATION}"), ("take_files", "done", f"{manifest} taken"),
            ("send_files", "admitted", f"to {MUNICIPALITY}"), ("send_files", "done", packed),
            ("take_files", "admitted", f"as {MUNICIPALITY}"), ("take_files", "done", packed),
            ("make_media_keys", "admitted", "new"), ("make_media_keys", "done", "new"),
        ]  # fmt: skip
        first = entries()[0]
        assert (first["insurer"], first["purpose"]) == (MUNICIPALITY, "月次の授受") and first["operator"] and first["terminal"]
        assert entries()[1]["counts"] == {"files": 2, "bytes": 14}
        assert verified()["fault"] is None

    def test_what_fails_is_on_record_and_shows_no_number(self, place: str) -> None:
        """Rules: S-3, S-4."""
        Path("memo.txt").write_text(f"{number(4)}\n")
        assert "KKH-E009" in ran("exchange", "send", "memo.txt", *SEND[4:], code=1).stderr
        assert [(each["result"], each["code"]) for each in entries()] == [("admitted", ""), ("failed", "KKH-E009")]
        assert not Path("s").exists() or names("s", "[!.]*") == []
        wrong = Path("s") / f"{number(4)}.okurijo.json"
        wrong.parent.mkdir(exist_ok=True)
        wrong.write_text("?")
        ran(*TAKE, code=3)
        assert rows()[-1] == ("take_files", "done", "unnamed.okurijo.json quarantined")
        kept = [each for each in Path().rglob("*") if each.is_file() and "quarantine" not in each.parts]
        assert [each for each in kept if each.name != "memo.txt" and number(4).encode() in each.read_bytes()] == []

    def test_no_log_no_access(self, place: str) -> None:
        """Rules: S-4. Nothing is sent, taken, packed, opened or made where it cannot be recorded."""
        ran(*PACK)
        ran(*SEND)
        opening = unpack()
        checkpoint = Path("kokuho-terminal/checkpoint" if place == "terminal" else "kokuho.sqlite3.audit")
        checkpoint.write_text("damaged\n")
        for act in (SEND, TAKE, PACK, opening, ("media", "keys", "--name", "new", "--out", "keys", "--no-passphrase")):
            refused = ran(*act, code=1)
            assert "KKH-A005" in refused.stderr, act
        assert len(names("s", "*.okurijo.json")) == len(names("medium", "*.p7m")) == 1
        assert not Path("opened").exists() and not Path("in").exists() and not Path("keys/new.key").exists()


class TestInAnInstallation:
    @pytest.fixture(autouse=True)
    def _here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        for name in ("a.csv", "b.csv"):
            Path(name).write_bytes(b"x\r\n")
        set_up()

    def test_who_has_no_right_is_denied_and_recorded(self) -> None:
        """Rules: S-4, S-31."""
        for act in (SEND, TAKE):
            assert "KKH-A002" in ran("--operator", "nobody", *act, code=1).stderr
        found = [(each["operator"], each["operation"], each["result"], each["code"]) for each in entries()]
        assert found == [("nobody", each, "denied", "KKH-A002") for each in ("send_files", "take_files")]
        assert not Path("s").exists() and not Path("in").exists()

    def test_a_municipality_sends_and_takes_its_own(self) -> None:
        """Rules: S-1, S-4."""
        ran("access", "grant", "clerk", "--role", "municipality", "--insurer", MUNICIPALITY)
        ran("access", "grant", "kansa", "--role", "auditor")
        ran("--operator", "clerk", *SEND)
        other = [OTHER if each == MUNICIPALITY else each for each in SEND]
        assert "KKH-A004" in ran("--operator", "clerk", *other, code=1).stderr
        assert "KKH-A004" in ran("--operator", "clerk", *TAKE, code=1).stderr
        assert len(names("s", "*.okurijo.json")) == 1

    def test_a_database_that_is_named_is_the_one_that_must_be_there(self) -> None:
        """Rules: S-4. A wrong name does not lead round the log."""
        assert "KKH-C007" in ran("--database", "sqlite:///other.sqlite3", *SEND, code=1).stderr
        assert not Path("s").exists() and not Path("kokuho-terminal").exists()

    def test_who_scrubs_is_on_record(self) -> None:
        """Rules: S-4, S-29."""
        ran("retention", "scrub")
        assert "KKH-A002" in ran("--operator", "nobody", "retention", "scrub", code=1).stderr
        assert [each[:2] for each in rows()] == [("scrub_traces", each) for each in ("admitted", "done", "denied")]


class TestTerminalLog:
    """Its entries can be written by nobody without the key, and not be taken away unnoticed."""

    @pytest.fixture(autouse=True)
    def _here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        for name in ("a.csv", "b.csv"):
            Path(name).write_bytes(b"x\r\n")
        for _ in range(3):
            ran(*SEND)
            shutil.rmtree("s")

    def tampered(self, change: Callable[[list[bytes]], list[bytes]]) -> Any:
        path = Path("kokuho-terminal/entries.jsonl")
        path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
        return verified()

    @pytest.mark.parametrize(
        ("change", "fault", "first_bad"),
        [
            (lambda lines: [*lines[:2], lines[2].replace(b"admitted", b"denied"), *lines[3:]], ChainFault.CHANGED, 3),
            (lambda lines: [*lines[:2], *lines[3:]], ChainFault.MISSING, 3),
            (lambda lines: [lines[1], lines[0], *lines[2:]], ChainFault.MISSING, 1),
            (lambda lines: lines[:4], ChainFault.TRUNCATED, 5),
            (lambda lines: [], ChainFault.TRUNCATED, 1),
            (lambda lines: [*lines[:3], b"{}\n", *lines[4:]], ChainFault.UNREADABLE, 4),
            (lambda lines: [*lines, lines[-1]], ChainFault.MISSING, 7),
        ],
        ids=["changed", "deleted", "swapped", "cut", "emptied", "nonsense", "added"],
    )
    def test_tampering_is_found(self, change: Any, fault: ChainFault, first_bad: int) -> None:
        """Rules: S-5."""
        found = self.tampered(change)
        assert (found["fault"], found["first_bad"]) == (fault.value, first_bad)

    def test_a_log_that_was_cut_and_has_grown_again_is_found(self) -> None:
        """Rules: S-5. The checkpoint keeps more than its last line."""
        assert self.tampered(lambda lines: lines[:2])["fault"] == "truncated"
        for _ in range(4):
            ran(*SEND)
        found = verified()
        assert (found["fault"], found["first_bad"]) == ("truncated", 3)

    def test_without_its_key_it_is_neither_continued_nor_begun_anew(self) -> None:
        """Rules: S-4, S-5."""
        Path("kokuho-terminal/key.json").unlink()
        assert "KKH-A005" in ran(*SEND, code=1).stderr
        assert "KKH-A005" in ran("verify-audit", "--terminal", code=1).stderr
        assert not Path("s").exists()

    def test_the_key_and_the_entries_are_for_their_owner(self) -> None:
        """Rules: S-9, S-11."""
        if os.name == "posix":
            assert Path("kokuho-terminal").stat().st_mode & 0o077 == 0
            assert Path("kokuho-terminal/key.json").stat().st_mode & 0o077 == 0

    def test_its_reading_is_on_record(self) -> None:
        """Rules: S-4."""
        log = terminal_log(Configuration(), AccessContext(operator_id("kansa"), "端末"))
        log.entries(AuditFilter())
        assert log.verify().holds
        last = [(each.entry.operator, each.entry.operation.value) for each in log.entries(AuditFilter(operator="kansa"))]
        assert last == [("kansa", "read_audit"), ("kansa", "verify_audit"), ("kansa", "read_audit")]


class TestDropBox:
    def test_logins_denials_and_every_file(self, settings: Any, tmp_path: Path) -> None:
        """Rules: S-4, S-32."""
        log = log_beside(settings)
        with running(settings, log) as box:
            name = put(server_of(box, tmp_path), files(tmp_path / "out", "x.csv"))
            back = box.settings.root / MUNICIPALITY / OUTGOING
            send_files(files(tmp_path / "back", "z.csv"), back, AGGREGATION, MUNICIPALITY, MOMENT, BOOK)
            get_sendings(evolve(server_of(box, tmp_path), folder=f"/{OUTGOING}"), tmp_path / "in", MUNICIPALITY)
            shutil.copy(tmp_path / f"{OTHER}.key", tmp_path / f"{MUNICIPALITY}.key")
            with pytest.raises(SetupFault, match="KKH-E011"):
                put(server_of(box, tmp_path), files(tmp_path / "out", "y.csv"))
            found = log.entries(AuditFilter())
        logins = [each.entry for each in found if each.entry.operation.value == "open_session"]
        assert ("admitted", MUNICIPALITY) in {(each.result.value, each.insurer) for each in logins}
        assert (logins[-1].result.value, logins[-1].code) == ("denied", "KKH-A002")
        said = {(each.entry.operation.value, each.entry.subject, each.entry.insurer) for each in found}
        assert ("take_files", f"sftp rename /{INCOMING}/{name}", MUNICIPALITY) in said
        assert ("send_files", f"sftp open /{OUTGOING}/z.csv", MUNICIPALITY) in said
        assert ("take_files", f"sftp remove /{OUTGOING}/z.csv", MUNICIPALITY) in said
        assert not any("y.csv" in subject for _, subject, _ in said)

    def test_without_a_log_nobody_is_let_in(self, settings: Any, tmp_path: Path) -> None:
        """Rules: S-4."""
        log = log_beside(settings)
        with running(settings, log) as box:
            put(server_of(box, tmp_path), files(tmp_path / "out", "x.csv"))
            (log.folder / "checkpoint").write_text("damaged\n")
            with pytest.raises(SetupFault, match="KKH-E011"):
                get_sendings(server_of(box, tmp_path), tmp_path / "in", AGGREGATION)


class TestBeforeItTakesHold:
    """Admitted, but the log fails just when the act is ready: nothing of it takes hold."""

    def refuse(self, *_: object) -> None:
        raise AccessDenied(Problem("KKH-A005"))

    def test_nothing_is_sent_or_taken(self, tmp_path: Path) -> None:
        """Rules: S-4."""
        given, shared, received = files(tmp_path / "out", "x.csv"), tmp_path / "s", tmp_path / "in"
        with pytest.raises(AccessDenied):
            send_files(given, shared, MUNICIPALITY, AGGREGATION, MOMENT, BOOK, self.refuse)
        assert list(shared.iterdir()) == []
        manifest = send_files(given, shared, MUNICIPALITY, AGGREGATION, MOMENT, BOOK)
        folder = ExchangeFolder(shared, received, tmp_path / "r", AGGREGATION, record=self.refuse)
        with pytest.raises(AccessDenied):
            folder.take()
        assert list(received.iterdir()) == list((tmp_path / "r" / TAKEN).iterdir()) == []
        (shared / "x.csv").write_bytes(b"something longer than it was, and not what was sent" * 9)
        with pytest.raises(AccessDenied):
            folder.take()
        assert {each.name for each in shared.iterdir()} == {"x.csv", manifest.name}
        assert list((tmp_path / "r" / "quarantine").iterdir()) == []

    def test_no_package_is_made_or_opened(self, tmp_path: Path) -> None:
        """Rules: S-4, S-33."""
        given, one = files(tmp_path / "out", "x.csv"), party(tmp_path / "keys", "ours")
        medium, opened = tmp_path / "medium", tmp_path / "opened"
        sealed = (AGGREGATION, MUNICIPALITY, MOMENT, one, [one.certificate], BOOK)
        with pytest.raises(AccessDenied):
            pack(given, medium, *sealed, self.refuse)
        assert list(medium.iterdir()) == []
        package = pack(given, medium, *sealed)
        with pytest.raises(AccessDenied):
            open_package(package.path, opened, MUNICIPALITY, one, [one.certificate], self.refuse)
        assert list(opened.iterdir()) == []

    def test_no_key_is_made(self, tmp_path: Path) -> None:
        """Rules: S-4."""
        with pytest.raises(AccessDenied):
            make_party(tmp_path / "keys", "new", None, MOMENT, self.refuse)
        assert list((tmp_path / "keys").iterdir()) == []

    def test_no_server_is_asked(self, settings: Any, tmp_path: Path) -> None:
        """Rules: S-4. And of what it has, nothing comes."""
        with running(settings) as box:
            server, given = server_of(box, tmp_path), files(tmp_path / "out", "x.csv")
            with pytest.raises(AccessDenied):
                put_files(server, given, MUNICIPALITY, AGGREGATION, MOMENT, BOOK, self.refuse)
            assert list(settings.root.glob("*/*/*")) == []
            put(server, given)
            there = sorted(settings.root.glob("*/*/*"))
            with pytest.raises(AccessDenied):
                get_sendings(server, tmp_path / "in", AGGREGATION, self.refuse)
            assert list((tmp_path / "in").iterdir()) == [] and sorted(settings.root.glob("*/*/*")) == there


# --- killed ---


def _act(name: str) -> tuple[object, ...]:
    return {"send": SEND, "take": TAKE, "pack": PACK}.get(name) or unpack()


def _child(folder: str, name: str, kill_at: int) -> None:
    os.chdir(folder)
    met = 0

    def meet(operation: Operation) -> None:
        nonlocal met
        if operation.is_of_database or operation.name not in WRITING:
            return
        if met == kill_at:
            os.kill(os.getpid(), KILL)
        met += 1

    with watched(Path(folder), meet):
        ran(*_act(name))
    Path("met").write_text(str(met))


def _perform(folder: Path, name: str, kill_at: int) -> None:
    process = multiprocessing.get_context(HOW).Process(target=_child, args=(str(folder), name, kill_at))
    process.start()
    process.join()
    assert process.exitcode == 0 if kill_at < 0 else process.exitcode not in (0, 1)


def _took_hold(name: str) -> set[str]:
    """What exists of an act, by what the log would call it."""
    match name:
        case "send":
            return set(names("s", "*.okurijo.json"))
        case "take":
            return {f"{each} taken" for each in names(f"r/{TAKEN}", "*.okurijo.json")}
        case "pack":
            return {each.replace(".p7m", ".okurijo.json") for each in names("medium", "*.p7m")}
        case _:
            [package] = names("medium", "*.p7m")
            return {package.replace(".p7m", ".okurijo.json")} if Path("opened/a.csv").exists() else set()


def _on_record(operation: str) -> tuple[int, set[str]]:
    found = [each for each in entries() if each["operation"] == operation]
    return (
        sum(each["result"] == "admitted" for each in found),
        {each["subject"] for each in found if each["result"] == "done"},
    )


def _look_behind_kills(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, every: int) -> None:
    template = Path.cwd()
    operation = "send_files" if name in ("send", "pack") else "take_files"
    whole = folder / "whole"
    shutil.copytree(template, whole)
    _perform(whole, name, -1)
    for kill_at in range(0, int((whole / "met").read_text()), every):
        killed = folder / f"killed{kill_at}"
        shutil.copytree(template, killed)
        monkeypatch.chdir(killed)
        before, known = _on_record(operation)
        _perform(killed, name, kill_at)
        admitted, done = _on_record(operation)
        made = _took_hold(name)
        assert made <= done, "took hold, but is not on record"
        assert len(done - known) <= admitted - before <= 1, "on record, but was never admitted"
        again = run(*_act(name))
        assert again.exit_code == 0, again.output
        assert _took_hold(name) <= _on_record(operation)[1]
        assert verified()["fault"] is None


@pytest.mark.parametrize("place", ["terminal"], indirect=True)
@pytest.mark.parametrize("name", ["send", "take", "pack", "open"])
def test_killed_nothing_took_hold_without_its_entry(
    name: str, place: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules: S-4, S-27. Killed (kill -9) before every thirtieth operation on files, those on the log among them."""
    _prepared(name)
    _look_behind_kills(name, tmp_path_factory.mktemp("kills"), monkeypatch, 30)


@pytest.mark.long
@pytest.mark.parametrize("name", ["send", "take", "pack", "open"])
def test_killed_at_every_operation(
    name: str, place: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules: S-4, S-27. Before each; in an installation too."""
    _prepared(name)
    _look_behind_kills(name, tmp_path_factory.mktemp("kills"), monkeypatch, 1)


def _prepared(name: str) -> None:
    """What the act works on, and an entry that the log has already."""
    ran("exchange", "take", "--folder", ".", "--out", "in", "--records", "r", "--as", OTHER)
    if name == "take":
        ran(*SEND)
    if name == "open":
        ran(*PACK)
