"""受け手の判定: what the simulator takes and refuses, what it shows of it, and that it remembers (R-4, R-6, S-27)."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kokuho_adapters.files.writer import RowFormatter
from kokuho_adapters.registry.server_channel import ServerAddress, ServerGateway
from kokuho_adapters.registry_simulator.answers import RECORD_CODES, Refused
from kokuho_adapters.registry_simulator.receiver import CARDS, DUPLICATES, REGISTRATION, Caller, Receiver
from kokuho_adapters.registry_simulator.server import prepare
from kokuho_adapters.registry_simulator.settings import load_settings
from kokuho_adapters.registry_simulator.state import State
from kokuho_core.errors import SetupFault
from kokuho_core.ports.registry import RegistrationLine

from .kit import (
    BOOK,
    EAST,
    FEDERATION,
    OPERATOR,
    PATIENCE,
    WEST,
    Ticking,
    batch,
    cancelled,
    exchanged,
    line,
    number,
    settings_in,
)

CALLER = Caller("https", FEDERATION)
_LAYOUT = BOOK.newest("KANYUSHA")
assert _LAYOUT is not None
FORM = RowFormatter(_LAYOUT, _LAYOUT.keys)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    made = opened(tmp_path)
    yield made
    made.state.close()


def opened(folder: Path, **more: Any) -> Receiver:
    settings = settings_in(folder, **more)
    return Receiver(settings, State(settings.state_folder), Ticking())


def texts(lines: Sequence[RegistrationLine], **raw: str) -> list[list[str]]:
    """The rows of a batch; ``raw`` puts texts in that no value could become."""
    rows = [list(cells[1:]) for cells in FORM.lines(lines, 1)]
    for row in rows:
        for key, text in raw.items():
            row[RegistrationLine._fields.index(key)] = text
    return rows


def take(receiver: Receiver, rows: list[list[str]], insurer: str = EAST) -> list[tuple[str, str, str]]:
    """(record key, result, error code) of each record of the next batch."""
    reception, _ = receiver.take(CALLER, REGISTRATION, insurer, receiver.next_number(REGISTRATION, insurer), rows)
    told = receiver.results(reception)
    assert told is not None
    return [(row[1], row[2], row[4]) for row in told[0]]


def shown(receiver: Receiver, insurer: str = EAST) -> list[str]:
    return [row[2] for row in receiver.shown(CALLER, insurer)]


class TestJudgement:
    def test_every_code_has_a_case(self) -> None:
        """Rules: R-4. Of the codes that the simulator tells, each is expected by a test of this file."""
        source = Path(__file__).read_text("utf-8")
        assert not [code for code in RECORD_CODES if source.count(f'"{code}"') < 1]

    def test_a_record_again(self, receiver: Receiver) -> None:
        """Rules: R-3. In another batch: 重複受付, also after it was cancelled; it comes to life no more (P-7)."""
        first = line("K1")
        assert take(receiver, texts([first])) == [("K1", "1", "")]
        assert take(receiver, texts([first])) == [("K1", "3", "")]
        assert take(receiver, texts([cancelled(first)])) == [("K1", "1", "")]
        assert take(receiver, texts([cancelled(first)])) == [("K1", "3", "")]
        assert take(receiver, texts([first])) == [("K1", "3", "")]
        assert shown(receiver) == []

    def test_a_key_with_another_content(self, receiver: Receiver) -> None:
        """Rules: R-8. A record key names one version of one fact."""
        take(receiver, texts([line("K1")]))
        assert take(receiver, texts([line("K1", name="別の氏名")])) == [("K1", "2", "R002")]
        assert take(receiver, texts([cancelled(line("K1", 2))])) == [("K1", "2", "R002")]
        assert shown(receiver) == ["K1"]

    def test_a_correction_without_cancellation(self, receiver: Receiver) -> None:
        """Rules: R-8, S-24. What made the accident of 2023 is not taken."""
        take(receiver, texts([line("K1")]))
        assert take(receiver, texts([line("K1", name="訂正後", kind="2")])) == [("K1", "2", "R003")]

    def test_a_cancellation_of_nothing(self, receiver: Receiver) -> None:
        """Rules: R-8."""
        assert take(receiver, texts([cancelled(line("K1"))])) == [("K1", "2", "R001")]

    def test_periods_of_one_person_overlap(self, receiver: Receiver) -> None:
        """Rules: P-3. Judged at the end of the batch: one may move the border of two periods, a same-day period covers nothing."""
        april, may = line("K1", end=date(2026, 5, 1)), line("K2", start=date(2026, 5, 1))
        assert take(receiver, texts([april, may])) == [("K1", "1", ""), ("K2", "1", "")]
        assert take(receiver, texts([line("K3", start=date(2026, 6, 1))])) == [("K3", "2", "R004")]
        same_day = line("K4", start=date(2026, 6, 1), end=date(2026, 6, 1))
        assert take(receiver, texts([same_day])) == [("K4", "1", "")]
        moved = [line("K5", end=date(2026, 5, 5)), cancelled(april), cancelled(may), line("K6", start=date(2026, 5, 5))]
        assert {answer for _, answer, _ in take(receiver, texts(moved))} == {"1"}
        assert shown(receiver) == ["K5", "K6", "K4"]
        both = [line("K7", 2), line("K8", 2, start=date(2026, 7, 1))]
        assert take(receiver, texts(both)) == [("K7", "2", "R004"), ("K8", "2", "R004")]
        assert take(receiver, texts([line("W1", insurer=WEST)]), WEST) == [("W1", "1", "")]

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"application_end": "20260331"}, "R005"),
            ({"qualification_lost": "20260331", "reason_of_loss": "99"}, "R005"),
            ({"qualification_lost": "20260501"}, "R006"),
            ({"reason_of_loss": "99"}, "R006"),
            ({"birth_date": "20230230"}, "KKH-V004"),
            ({"sex": "9"}, "KKH-V008"),
            ({"name": ""}, "KKH-V001"),
            ({"card_number": "1" * 21}, "KKH-V003"),
            ({"individual_number": "123456789012"}, "KKH-I012"),
            ({"name": "\ue000"}, "R007"),
            ({"name": "a\x1bb"}, "KKH-V010"),
        ],
    )
    def test_a_record_that_is_wrong_in_itself(self, receiver: Receiver, wrong: dict[str, str], code: str) -> None:
        """Rules: R-3, X-1. It alone is refused, its good neighbour is registered."""
        rows = texts([line("K1")], **wrong) + texts([line("K2", 2)])
        assert take(receiver, rows) == [("K1", "2", code), ("K2", "1", "")]
        assert shown(receiver) == ["K2"]

    def test_characters_the_receiver_cannot_hold(self, tmp_path: Path) -> None:
        """Rules: S-17. A narrower receiver says which field; what Windows or JIS X 0213 has, it holds."""
        narrow = opened(tmp_path, characters="jis")
        rows = texts([line("K1", name="髙﨑①〜～葛𠮟"), line("K2", 2, address="見本\U0002f9f4"), line("K3", 3)])
        assert take(narrow, rows) == [("K1", "1", ""), ("K2", "2", "R007"), ("K3", "1", "")]
        narrow.state.close()

    @pytest.mark.parametrize("key", ["", "K" * 21], ids=["none", "too long"])
    def test_a_record_without_a_usable_key(self, receiver: Receiver, key: str) -> None:
        """Rules: R-3. Nobody could say which record an answer is about, so the batch is refused."""
        with pytest.raises(Refused) as refused:
            take(receiver, texts([line("K1")], record_key=key))
        assert refused.value.refusal.value == "S422"
        with pytest.raises(Refused):
            take(receiver, texts([line("K1"), line("K1", 2)]))
        assert receiver.next_number(REGISTRATION, EAST) == 1


class TestPersons:
    def test_numbers_the_server_issues(self, receiver: Receiver) -> None:
        """Rules: R-3, R-4. One per person and partition, kept for ever, in no relation to the 個人番号."""
        rows = texts([line("K1"), line("K2", 2), line("K3", 1, start=date(2026, 4, 1), end=date(2026, 4, 1))])
        reception, _ = receiver.take(CALLER, REGISTRATION, EAST, 1, rows)
        told = receiver.results(reception)
        assert told is not None
        assert [(row[1], row[3]) for row in told[0]] == [("K1", "00000001"), ("K2", "00000002"), ("K3", "00000001")]

    def test_records_of_one_number_contradict(self, receiver: Receiver) -> None:
        """Rules: R-6. Birth date or sex that differ from another live record, wherever it is: a mismatch until it is corrected."""
        take(receiver, texts([line("K1")]))
        wrong = line("W1", insurer=WEST, sex="1")
        take(receiver, texts([wrong]), WEST)
        assert [row[4] for row in receiver.shown(CALLER, WEST)] == ["2"]
        take(receiver, texts([cancelled(wrong), line("W2", insurer=WEST)]), WEST)
        assert [row[4] for row in receiver.shown(CALLER, WEST)] == ["1"]

    def test_persons_that_are_checked_later(self, tmp_path: Path) -> None:
        """Rules: R-6."""
        later = opened(tmp_path, verified_at_once=False)
        take(later, texts([line("K1")]))
        assert [row[4] for row in later.shown(CALLER, EAST)] == ["0"]
        for verification in "1230":
            later.verify(OPERATOR, EAST, "M00000001", verification)
            assert [row[4] for row in later.shown(CALLER, EAST)] == [verification]
        with pytest.raises(Refused):
            later.verify(OPERATOR, EAST, "M99999999", "1")
        later.state.close()

    def test_a_card_registration_survives_a_move(self, receiver: Receiver) -> None:
        """Rules: C-4. It belongs to the person: the new municipality has it in its snapshot, the old one no more."""
        take(receiver, texts([line("K1")]))
        receiver.register_card(OPERATOR, EAST, "M00000001", True, None)
        take(receiver, texts([cancelled(line("K1")), line("K2", end=date(2026, 5, 1))]))
        take(receiver, texts([line("W1", insurer=WEST, start=date(2026, 5, 1))]), WEST)
        for insurer, due in ((EAST, []), (WEST, [("M00000001", "1")])):
            receiver.cut(OPERATOR, CARDS, insurer, date(2026, 5, 31))
            found = receiver.listing(CALLER, CARDS, insurer)
            assert found is not None
            assert [(row[1], row[3]) for row in receiver.listed(found[0], insurer, found[2])] == due

    def test_lists_have_a_number_each(self, receiver: Receiver) -> None:
        """Rules: R-7. The newest is told; an earlier one stays what it was while it is read."""
        take(receiver, texts([line("K1")]))
        receiver.add_other_cover(OPERATOR, EAST, "M00000001", "06139999", date(2026, 4, 10), date(2026, 6, 1))
        assert [receiver.cut(OPERATOR, DUPLICATES, EAST, date(2026, month, 30)) for month in (4, 5, 6)] == [1, 1, 0]
        newest, first = receiver.listing(CALLER, DUPLICATES, EAST), receiver.listing(CALLER, DUPLICATES, EAST, 1)
        assert (
            newest is not None and newest[1:] == (3, "20260630") and receiver.listed(newest[0], EAST, newest[2]) == []
        )
        assert first is not None
        assert receiver.listed(first[0], EAST, first[2]) == [(EAST, "M00000001", "20260430", "06139999", "20260410")]


class TestWhatStays:
    def test_no_number_is_kept(self, receiver: Receiver) -> None:
        """Rules: S-3, S-9. Neither in the database nor in its journal; its index is no plain hash."""
        import hashlib

        take(receiver, texts([line("K1", 4711)]))
        digits = number(4711).reveal().encode()
        stored = b"".join(each.read_bytes() for each in receiver.settings.state_folder.iterdir())
        assert digits not in stored and b"K1" in stored
        assert not [
            name for name in ("sha256", "sha512", "sha1", "md5") if hashlib.new(name, digits).digest() in stored
        ]

    def test_the_audit_cannot_be_changed(self, receiver: Receiver) -> None:
        """Rules: S-5. Not by the means of the database it stands in."""
        with pytest.raises(Refused):
            receiver.take(Caller("https", "neighbour"), REGISTRATION, EAST, 1, [])
        for statement in (
            "DELETE FROM audit",
            "UPDATE audit SET outcome = 'admitted'",
            "REPLACE INTO audit SELECT * FROM audit",
        ):
            with pytest.raises(sqlite3.DatabaseError, match="the audit stays"), receiver.state.work() as work:
                work.execute(statement)
        assert [each.reason for each in receiver.audit(OPERATOR, 0, 10) if each.outcome == "refused"] == ["S403"]

    def test_a_failure_in_the_middle_leaves_nothing(self, receiver: Receiver) -> None:
        """Rules: S-27. A batch takes effect as a whole."""

        def rows() -> Iterator[list[str]]:
            yield from texts([line(f"K{each}", each) for each in range(1, 1500)])
            raise OSError("broken")

        with pytest.raises(OSError, match="broken"):
            receiver.take(CALLER, REGISTRATION, EAST, 1, rows())
        assert receiver.next_number(REGISTRATION, EAST) == 1 and shown(receiver) == []

    def test_killed_and_started_again(self, tmp_path: Path) -> None:
        """Rules: S-27. What was answered is there after kill −9, and the numbering goes on."""
        folder = tmp_path / "simulator"
        settings = prepare(folder, [EAST])
        certificates = settings.certificates

        def gateway(url: str) -> ServerGateway:
            files = (certificates / f"{FEDERATION}.pem", certificates / f"{FEDERATION}.key", certificates / "ca.pem")
            return ServerGateway(ServerAddress(url, *files), BOOK)

        sent = batch(1, [line("K1"), line("K2", 2)])
        with started(folder) as (process, url), gateway(url) as ours:
            reception = ours.send(sent)
            process.kill()
            process.wait(PATIENCE)
        with started(folder) as (_, url), gateway(url) as ours:
            assert ours.send(sent) == reception
            assert [each.record_key for each in ours.shown(EAST)] == ["K1", "K2"]
            assert [each.result for each in exchanged(ours, batch(2, [line("K3", 3)]))] == ["1"]


class started:  # noqa: N801 - reads as a word
    """The simulator as a program of its own, until the end of the block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> tuple[subprocess.Popen[str], str]:
        command = [
            sys.executable,
            "-m",
            "kokuho_adapters.cli",
            "simulate-server",
            "--dir",
            str(self._folder),
            "--port",
            "0",
        ]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, encoding="utf-8")
        assert self._process.stdout is not None
        due = time.monotonic() + PATIENCE
        for printed in self._process.stdout:
            if "https://" in printed:
                return self._process, printed[printed.index("https://") :].split()[0]
            assert time.monotonic() < due
        raise AssertionError("it did not start")

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()


class TestSettings:
    def test_what_was_prepared_is_read_again(self, tmp_path: Path) -> None:
        """Rules: R-1."""
        made = prepare(tmp_path / "s", [EAST, WEST])
        read = load_settings(tmp_path / "s")
        assert (
            read == made and read.clients[FEDERATION].partitions == {EAST, WEST} and read.clients["operator"].operator
        )
        assert (made.certificates / "federation.key").stat().st_size
        with pytest.raises(SetupFault):
            prepare(tmp_path / "s", [EAST])

    @pytest.mark.parametrize(
        "text",
        [
            "not toml",
            "",
            "unknown = 1",
            'characters = "ascii"\n[[client]]\nname = "a"',
            "verified_at_once = 1\n[[client]]\nname = 'a'",
            "[[client]]\nname = '../a'",
            "[[client]]\nname = 'a'\npartitions = ['12']",
            "[[client]]\nname = 'a'\noperator = true\npartitions = ['139519']",
            "[[client]]\nname = 'a'\nother = 1",
        ],
    )
    def test_settings_that_are_wrong(self, tmp_path: Path, text: str) -> None:
        """Rules: R-1."""
        (tmp_path / "server.toml").write_text(text, encoding="utf-8")
        with pytest.raises(SetupFault) as fault:
            load_settings(tmp_path)
        assert fault.value.code == "KKH-C010"
