"""The commands that watch over the daily work: two people, exit codes, JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kokuho_adapters.cli.commands import cli
from kokuho_adapters.composition import SystemClock

from ..prefecture.office import A, B, PrefectureOffice, household, instruction, number, person
from ..prefecture.two_people import as_operator


@pytest.fixture(autouse=True)
def _in_its_folder(office: PrefectureOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the key ring is, for a database on a server. With two operators of the federation, and whoever set it up."""
    for name in ("sato", "suzuki"):
        as_operator(office, name, SystemClock().now())
    monkeypatch.chdir(office.folder)


def run(office: PrefectureOffice, *words: str, code: int = 0, by: str | None = None, database: str | None = None) -> Any:
    """Run a command; its JSON. ``code`` is the exit code it must end with, ``by`` who does it."""
    operator = ["--operator", by] if by else []
    given = ["--database", database or office.configuration.database, *operator, *words, "--json"]
    result = CliRunner().invoke(cli, given, standalone_mode=False)
    ended = result.exit_code or result.return_value or 0
    assert ended == code, (result.output, result.exception)
    return json.loads(result.stdout) if result.stdout else None


def people(kind: str = "1", **fields: Any) -> list[dict[str, Any]]:
    return [person(A, str(serial), number=number(serial), kind=kind, **fields) for serial in range(1, 61)]


def test_a_stopped_file_is_released_by_two(office: PrefectureOffice) -> None:
    """Rules: S-28, S-7."""
    office.persons(A, *people())
    office.persons(A, *people("2", household="9"))
    (stopped,) = run(office, "gates", code=3)
    assert (stopped["state"], stopped["measured"][0]["affected"]) == ("stopped", 60)
    no = str(stopped["file_no"])
    release = ("gates", "release", no)
    assert run(office, *release, code=1, by="sato")["error"]["code"] == "KKH-A021"
    assert run(office, *release, "--reason", "電話で確認", code=3, by="sato")["error"]["code"] == "KKH-A007"
    assert run(office, *release, code=3, by="SATO")["error"]["code"] == "KKH-A007"
    released = run(office, *release, by="suzuki")
    assert [(file["result"], file["accepted"]) for file in released["files"]] == [("applied", 60)]
    assert run(office, "gates") == []
    (settled,) = run(office, "gates", "--all")
    assert (settled["settled_by"], settled["agreed_by"], settled["reason"]) == ("sato", "suzuki", "電話で確認")


def test_a_stopped_file_is_refused_by_one(office: PrefectureOffice) -> None:
    """Rules: S-28."""
    office.persons(A, *people())
    office.persons(A, *people("3"))
    (stopped,) = run(office, "gates", code=3)
    refused = run(office, "gates", "refuse", str(stopped["file_no"]), "--reason", "誤送信", by="sato")
    assert refused["state"] == "refused"


def test_a_file_is_recalled_by_two(office: PrefectureOffice) -> None:
    """Rules: S-24, S-7."""
    answer = office.persons(A, *people())
    run(office, "recall", answer.file, "--reason", "試験用のファイル", code=3, by="sato")
    done = run(office, "recall", answer.file, by="suzuki")
    assert (done["records"], done["asked_by"], done["agreed_by"]) == (60, "sato", "suzuki")
    assert [each["name"] for each in run(office, "recall")] == [answer.file]


def test_silence_ends_with_3(office: PrefectureOffice) -> None:
    """Rules: S-28."""
    office.persons(A, person(A, "1"))
    assert run(office, "status", "--as-of", "2024-06-03")["municipalities"][0]["overdue"] == []
    late = run(office, "status", "--as-of", "2024-06-20", "--insurer", A, code=3)
    assert late["municipalities"][0]["overdue"] == ["SKKOJIN"]
    assert run(office, "status", "--deliveries") == {"deliveries": [], "unknown_on_media": []}


def test_records_are_destroyed_by_two(office: PrefectureOffice) -> None:
    """Rules: S-29, S-7, S-33."""
    office.persons(A, person(A, "1", number=number(1), start="2015-04-01", end="2018-06-01", end_reason="55"))
    office.resolve()
    office.deliver(A)
    due = ("retention", "due", "--as-of")
    assert run(office, *due, "2023-05-31") == []
    assert run(office, *due, "2023-06-01", code=3) == [{"kind": "person", "insurer_number": A, "count": 1}]
    part, aside = office.outbox / "x.csv.part", office.folder / "records" / "quarantine" / "s"
    aside.mkdir(parents=True)
    for old in (part, aside / "x.csv"):
        old.write_bytes(b"x")
    for old in (part, aside):
        os.utime(old, (0, 0))
    expected = [
        {"kind": "person", "insurer_number": A, "count": 1},
        {"kind": "quarantine", "insurer_number": None, "count": 1},
        {"kind": "temporary", "insurer_number": None, "count": 1},
    ]
    folders = ("--folder", str(office.folder / "records"))
    counted = run(office, *due, "2023-06-01", *folders, code=3)
    assert sorted(counted, key=lambda each: each["kind"]) == expected
    command = ("retention", "run", "--as-of", "2023-06-01", "--destroy-old-keys", *folders)
    run(office, *command, "--reason", "満了", code=3, by="sato")
    assert part.exists()
    done = run(office, *command, by="suzuki")
    assert sorted(done["counts"], key=lambda each: each["kind"]) == expected
    assert len(done["destroyed_keys"]) == 1
    assert not part.exists() and not aside.exists()
    is_file = office.stored_in == office.database_file
    assert done["scrubbed"] == is_file
    scrubbed = run(office, "retention", "scrub", code=0 if is_file else 1)
    assert scrubbed == {"scrubbed": True} if is_file else scrubbed["error"]["code"] == "KKH-B002"
    office.close()
    run(office, "retention", "scrub", database=office.owners_configuration.database)
    (record,) = run(office, "retention", "disposals")
    assert record["destroyed_keys"] == done["destroyed_keys"]
    for words in (("status",), ("gates",), ("recall",), ("retention", "disposals"), ("retention", "due")):
        shown = CliRunner().invoke(cli, ["--database", office.configuration.database, *words], standalone_mode=False)
        assert shown.exception is None or shown.exit_code == 3, words
        assert number(1) not in shown.output


def test_decisions_wait_for_a_second_person(office: PrefectureOffice) -> None:
    """Rules: S-34, S-7. Listed, confirmed by another, refused with a reason; the exit codes say what is left to do."""
    used = office.configuration
    (office.folder / "k.toml").write_text(
        f'database = "{used.database}"\nkey_ring = "{(used.key_ring or Path("kokuho.sqlite3.keys.json")).name}"\n'
        "second_look_at_decisions = true\nallow_unbound_role = true\n",
        encoding="utf-8",
    )
    office.persons(A, person(A, "1", number=number(1), end="2024-04-01", end_reason="57"))
    office.households(A, household(A, "1", "1"))
    office.persons(B, person(B, "9", number=number(1), start="2024-04-01", reason="07"))
    office.households(B, household(B, "1", "9", start="2024-04-01"))
    office.resolve()
    (candidate,) = office.candidates()
    path = office.write("KEISHIJI", B, [instruction(B, candidate.number, each) for each in "12"])

    def kokuho(*words: str, by: str, code: int = 0) -> Any:
        given = ["--config", "k.toml", "--operator", by, *words]
        result = CliRunner().invoke(cli, given, standalone_mode=False)
        assert (result.exit_code or result.return_value or 0) == code, (result.output, result.exception)
        return json.loads(result.stdout) if "--json" in words else result.stdout

    assert "kokuho decisions" in kokuho("decide", str(path), by="sato", code=3)
    listed = kokuho("decisions", "--insurer", B, "--json", by="suzuki", code=3)["decisions"]
    assert [(each["line"], each["decision"], each["state"]) for each in listed] == [(2, "1", "waiting"), (3, "2", "waiting")]
    first, second = (each["number"] for each in listed)
    assert kokuho("decisions", "--insurer", A, "--json", by="suzuki") == {"decisions": []}
    assert kokuho("decisions", "confirm", first, "--json", by="SATO", code=3) == {"decisions": []}
    (done,) = kokuho("decisions", "confirm", first, first, "--json", by="suzuki")["decisions"]
    assert (done["state"], done["settled_by"], done["agreed_by"]) == ("confirmed", "sato", "suzuki")
    assert "差戻し refused" in kokuho("decisions", "refuse", second, "--reason", "誤り", by="suzuki")
    assert kokuho("decisions", "--json", by="sato") == {"decisions": []}
    states = [each["state"] for each in kokuho("decisions", "--all", "--json", by="sato")["decisions"]]
    assert states == ["confirmed", "refused"]
    assert [each.decision for each in office.candidates()] == ["1"]
