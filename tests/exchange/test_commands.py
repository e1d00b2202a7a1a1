"""コマンド: what the commands of the exchange answer, with the ledger of media and a real drop box behind them."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kokuho_adapters.cli.commands import cli
from kokuho_adapters.database import open_database
from kokuho_adapters.exchange.manifest import ListedFile, Manifest
from kokuho_adapters.exchange.media_ledger import Direction, Handover, MediaLedger, Settlement
from kokuho_adapters.exchange.sftp_server import INCOMING, OUTGOING, DropBox
from kokuho_adapters.exchange.staging import Digest
from kokuho_core.errors import Conflict, InvalidValue, NotFound

from .samples import AGGREGATION, MOMENT, MUNICIPALITY, OTHER, number
from .test_sftp import make_key, running


def run(*words: object, given: str | None = None) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words], input=given)


def data(result: Result, code: int = 0) -> Any:
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an initialised database, keys of both sides and files to send."""
    monkeypatch.chdir(tmp_path)
    Path("insurers.csv").write_text(
        "insurer_number,municipality_code,name\n139519,139513,東見本市\n139527,139521,西見本市\n", encoding="utf-8"
    )
    data(run("init", "--prefecture", "13", "--insurers", "insurers.csv", "--json"))
    Path("pass").write_text("ひらけごま\n", encoding="utf-8")
    for name in ("ours", "theirs"):
        made = run("media", "keys", "--name", name, "--out", "keys", "--passphrase-file", "pass", "--json")
        assert data(made)["key"] == f"keys/{name}.key"
    Path("a.csv").write_bytes(b"one\r\n")
    Path("b.csv").write_bytes(b"two\r\n")
    return tmp_path


def pack(*more: object, files: tuple[str, ...] = ("a.csv", "b.csv")) -> Result:
    return run(
        "media", "pack", *files, "--out", "medium", "--sender", AGGREGATION, "--to", MUNICIPALITY,
        "--certificate", "keys/ours.pem", "--key", "keys/ours.key", "--passphrase-file", "pass",
        "--recipient", "keys/theirs.pem", "--medium", "USB-07", "--by", "国保係", "--json", *more,
    )  # fmt: skip


def unpack(package: str, *more: object) -> Result:
    return run(
        "media", "open", package, "--out", "taken", "--as", MUNICIPALITY, "--certificate", "keys/theirs.pem",
        "--key", "keys/theirs.key", "--passphrase-file", "pass", "--from", "keys/ours.pem",
        "--medium", "USB-07", "--by", "保険年金課", "--json", *more,
    )  # fmt: skip


class TestMedia:
    def test_packed_opened_and_returned(self, folder: Path) -> None:
        """Rules: S-12, S-33."""
        made = data(pack("--due", "2025-06-30"))
        entries = data(run("media", "ledger", "--as-of", "2025-06-30", "--json"))
        [entry] = entries["entries"]
        assert entries["overdue"] == 0 and entry["overdue"] is False
        assert entry["package"] == Path(made["package"]).name and entry["sha256"] == made["sha256"]
        assert (entry["insurer_number"], entry["medium"], entry["handed_by"]) == (MUNICIPALITY, "USB-07", "国保係")
        assert entry["files"] == made["files"] and entry["due_on"] == "2025-06-30"
        late = data(run("media", "ledger", "--as-of", "2025-07-01", "--json"), 3)
        assert late["overdue"] == 1
        assert "KKH-E015" in run("media", "ledger", "--as-of", "2025-07-01").stdout

        opened = data(unpack(made["package"]))
        assert opened["number"] == made["number"] and Path("taken/b.csv").read_bytes() == b"two\r\n"
        settled = run("media", "return", made["number"], "--outcome", "returned", "--by", "国保係", "--json")
        assert data(settled)["outcome"] == "returned"
        both = data(run("media", "ledger", "--as-of", "2025-07-01", "--json"))["entries"]
        assert [(each["direction"], each["outcome"]) for each in both] == [("out", "returned"), ("in", None)]
        assert both[1]["insurer_number"] == AGGREGATION
        assert data(run("media", "ledger", "--insurer", OTHER, "--json"))["entries"] == []

    def test_a_package_is_entered_and_settled_once(self, folder: Path) -> None:
        """Rules: S-33."""
        made = data(pack())
        data(unpack(made["package"]))
        again = unpack(made["package"])
        assert again.exit_code == 1 and "KKH-E012" in again.stderr
        for words in ((made["number"], "--outcome", "destroyed"), ("0" * 16, "--outcome", "returned")):
            first = run("media", "return", *words, "--by", "x", "--json")
            second = run("media", "return", *words, "--by", "x", "--json")
            assert second.exit_code == 1 and "KKH-E012" in second.stderr
            assert (first.exit_code == 0) == (words[0] == made["number"])

    def test_nothing_leaves_without_its_entry(self, folder: Path) -> None:
        """Rules: S-33."""
        refused = pack("--medium", " ")
        assert refused.exit_code == 1 and "KKH-C010" in refused.stderr
        Path("kokuho.sqlite3").rename("elsewhere")
        assert pack().exit_code == 1
        assert not Path("medium").exists() or list(Path("medium").iterdir()) == []
        assert pack("--no-ledger").exit_code == 0

    def test_a_number_does_not_leave(self, folder: Path) -> None:
        """Rules: S-3, S-6."""
        Path("memo.txt").write_text(f"{number(4)}\n")
        result = pack(files=("a.csv", "memo.txt"))
        assert result.exit_code == 1 and "KKH-E009" in result.stderr and number(4) not in result.output
        assert list(Path("medium").iterdir()) == []
        assert data(run("media", "ledger", "--json"))["entries"] == []

    def test_the_passphrase_is_asked_for_and_not_shown(self, folder: Path) -> None:
        """Rules: S-11."""
        words = [
            "media", "pack", "a.csv", "--out", "medium", "--sender", AGGREGATION, "--to", MUNICIPALITY, "--certificate",
            "keys/ours.pem", "--key", "keys/ours.key", "--recipient", "keys/theirs.pem", "--medium", "m", "--by", "x",
        ]  # fmt: skip
        wrong = run(*words, given="open\n")
        assert wrong.exit_code == 1 and "KKH-E008" in wrong.stderr
        right = run(*words, given="ひらけごま\n")
        assert right.exit_code == 0 and "ひらけごま" not in right.output
        assert run("media", "keys", "--name", "ours", "--out", "keys", "--no-passphrase").exit_code == 1

    def test_a_key_file_is_for_its_owner_alone(self, folder: Path) -> None:
        """Rules: S-11."""
        assert Path("keys/ours.key").stat().st_mode & 0o077 == 0
        assert b"ENCRYPTED" in Path("keys/ours.key").read_bytes()


class TestLedger:
    def entry(self, **changes: Any) -> Handover:
        file = ListedFile("a.csv", Digest(1, "0" * 64))
        manifest = Manifest.fresh(AGGREGATION, MUNICIPALITY, MOMENT, (file,))
        given: dict[str, Any] = {"medium": "USB", "handed_by": "係", "due_on": date(2025, 6, 1), **changes}
        return Handover.of(manifest, Direction.OUT, "p.p7m", Digest(9, "1" * 64), handed_at=MOMENT, **given)

    def test_it_equals_what_happened(self, tmp_path: Path) -> None:
        """Rules: S-33."""
        database = open_database(f"sqlite:///{(tmp_path / 'l.sqlite3').as_posix()}")
        database.migrate()
        first, second = self.entry(), self.entry(due_on=None)
        with database.begin() as work:
            ledger = MediaLedger(work.connection)
            ledger.enter(first)
            ledger.enter(second)
            work.commit()
        with database.begin() as work:
            ledger = MediaLedger(work.connection)
            assert {each.number: each for each in ledger.entries()} == {first.number: first, second.number: second}
            with pytest.raises(Conflict):
                ledger.enter(first)
        with database.begin() as work:
            ledger = MediaLedger(work.connection)
            ledger.settle(first.number, Direction.OUT, Settlement.DESTROYED, "係", datetime(2025, 6, 2))
            with pytest.raises(Conflict):
                ledger.settle(first.number, Direction.OUT, Settlement.RETURNED, "係", datetime(2025, 6, 3))
            with pytest.raises(NotFound):
                ledger.settle(first.number, Direction.IN, Settlement.RETURNED, "係", datetime(2025, 6, 3))
            [settled] = [each for each in ledger.entries() if each.number == first.number]
            assert (settled.outcome, settled.settled_at) == (Settlement.DESTROYED, datetime(2025, 6, 2))
        database.close()

    @pytest.mark.parametrize(("today", "is_late"), [(date(2025, 6, 1), False), (date(2025, 6, 2), True)])
    def test_the_day_itself_is_in_time(self, today: date, is_late: bool) -> None:
        """Rules: S-33."""
        assert self.entry().is_overdue(today) is is_late
        assert self.entry(due_on=None).is_overdue(today) is False

    @pytest.mark.parametrize("wrong", ["", "  ", "a\nb", "x" * 81])
    def test_who_and_which_medium_must_be_said(self, wrong: str) -> None:
        """Rules: S-33."""
        for changes in ({"medium": wrong}, {"handed_by": wrong}):
            with pytest.raises(InvalidValue):
                self.entry(**changes)


class TestFolder:
    def test_sent_and_taken(self, folder: Path) -> None:
        """Rules: S-13."""
        sent = data(
            run("exchange", "send", "a.csv", "b.csv", "--folder", "s", "--sender", OTHER, "--to", AGGREGATION, "--json")
        )
        take = ("exchange", "take", "--folder", "s", "--out", "in", "--records", "r", "--as", AGGREGATION)
        Path("s/b.csv").rename("late")
        waiting = data(run(*take, "--json"), 3)["sendings"]
        assert waiting[0]["outcome"] == "waiting" and waiting[0]["errors"][0]["code"] == "KKH-E005"
        Path("late").rename("s/b.csv")
        taken = data(run(*take, "--json"))["sendings"]
        assert taken == [
            {
                "manifest": sent["manifest"],
                "outcome": "taken",
                "sender": OTHER,
                "files": ["a.csv", "b.csv"],
                "errors": [],
            }
        ]
        assert "none" in run(*take).stdout and Path("in/a.csv").read_bytes() == b"one\r\n"

    def test_parties_are_insurers(self, folder: Path) -> None:
        """Rules: S-13."""
        wrong = run("exchange", "send", "a.csv", "--folder", "s", "--sender", "../x", "--to", AGGREGATION)
        assert wrong.exit_code == 2 and not Path("s").exists()


class TestSftp:
    def test_put_get_and_take(self, folder: Path) -> None:
        """Rules: S-12, S-13."""
        Path("admitted").mkdir()
        make_key(folder / "user.key")
        (folder / "user.pub").rename(folder / "admitted" / f"{MUNICIPALITY}.pub")
        with running(DropBox(folder / "boxes", folder / "admitted", make_key(folder / "host.key"))) as box:
            where = (
                "--host", "127.0.0.1", "--port", box.port, "--user", MUNICIPALITY, "--key", "user.key",
                "--fingerprint", box.fingerprint,
            )  # fmt: skip
            sent = data(
                run(
                    "sftp",
                    "put",
                    "a.csv",
                    *where,
                    "--remote",
                    f"/{INCOMING}",
                    "--sender",
                    MUNICIPALITY,
                    "--to",
                    AGGREGATION,
                    "--json",
                )
            )
            assert (folder / "boxes" / MUNICIPALITY / INCOMING / sent["manifest"]).exists()
            out = folder / "boxes" / MUNICIPALITY / OUTGOING
            back = data(
                run(
                    "exchange",
                    "send",
                    "b.csv",
                    "--folder",
                    out,
                    "--sender",
                    AGGREGATION,
                    "--to",
                    MUNICIPALITY,
                    "--json",
                )
            )
            got = data(
                run(
                    "sftp",
                    "get",
                    *where,
                    "--remote",
                    f"/{OUTGOING}",
                    "--folder",
                    "here",
                    "--as",
                    MUNICIPALITY,
                    "--json",
                )
            )
            assert got["manifests"] == [back["manifest"]] and Path("here/b.csv").read_bytes() == b"two\r\n"
            refused = run(
                "sftp", "get", *where[:-1], "SHA256:other", "--remote", "/", "--folder", "here", "--as", MUNICIPALITY
            )
            assert refused.exit_code == 1 and "KKH-E010" in refused.stderr

    def test_the_host_must_be_known(self, folder: Path) -> None:
        """Rules: S-12."""
        result = run(
            "sftp", "put", "a.csv", "--host", "h", "--user", "u", "--key", "k", "--remote", "/", "--sender", MUNICIPALITY,
            "--to", AGGREGATION,
        )  # fmt: skip
        assert result.exit_code == 1 and "KKH-E010" in result.stderr
