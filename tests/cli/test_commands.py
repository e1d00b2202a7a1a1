"""The commands, run for real on a SQLite file: what they print, in which form, and with which exit code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from kokuho_adapters import __version__
from kokuho_adapters.cli.command_table import HEADINGS, Listed
from kokuho_adapters.cli.commands import cli
from kokuho_adapters.cli.person import _WORDS
from kokuho_core.returning.rows import KeikohoRow, row_keys
from kokuho_core.vocabulary.codes import Decision, QualificationStatus, Suggestion, SuggestionReason

from ..prefecture.office import A, B, C, high_cost, household, instruction, number, person
from .conftest import Desk

FILE_KEYS = {
    "file",
    "file_id",
    "insurer_number",
    "result",
    "accepted",
    "rejected",
    "held",
    "errors",
    "warnings",
}


def moved_household(desk: Desk) -> None:
    """One person with high-cost months moves from A to B on 2024-05-10."""
    desk.write("SKKOJIN", A, person(A, "1", number=number(1), household="10", end="2024-05-10", end_reason="57"))
    desk.write("SKSETAI", A, household(A, "10", "1"))
    desk.write("KOGAKU", A, *(high_cost(A, "10", month) for month in ("202312", "202401", "202404")))
    desk.write("SKKOJIN", B, person(B, "7", number=number(1), household="70", start="2024-05-10", reason="07"))
    desk.write("SKSETAI", B, household(B, "70", "7", start="2024-05-10"))


@pytest.fixture
def judged(ready: Desk) -> Desk:
    moved_household(ready)
    assert ready.run("receive", ready.folder / "inbox").code == 0
    assert ready.run("resolve", "--as-of", "2024-06-01").code == 0
    return ready


# --- init ---


def test_init_makes_database_and_key_ring_in_the_working_folder(desk: Desk) -> None:
    first, again = desk.init(), desk.init()
    assert (first.code, again.code) == (0, 0)
    assert first.data == {
        "database": "sqlite:///kokuho.sqlite3",
        "key_ring": "kokuho.sqlite3.keys.json",
        "key_ring_made": True,
        "prefecture": "13",
        "insurers": 4,
    }
    assert again.data == {**first.data, "key_ring_made": False}
    assert (desk.folder / "kokuho.sqlite3").exists()


def test_init_where_told(desk: Desk) -> None:
    (desk.folder / "k.toml").write_text('database = "sqlite:///a.db"\nkey_ring = "keys/a.json"\n', encoding="utf-8")
    assert desk.init("--config", "k.toml").code == 0
    assert desk.init("--database", "sqlite:///sub/b.db", "--key-ring", "b.json").code == 0
    assert {each.name for each in desk.folder.iterdir()} >= {"a.db", "b.json"}
    assert (desk.folder / "keys" / "a.json").exists()
    assert (desk.folder / "sub" / "b.db").exists()


def test_a_plain_path_is_a_sqlite_file(desk: Desk) -> None:
    answer = desk.init("--database", "sub/own.sqlite3")
    assert (answer.code, answer.data["database"]) == (0, "sqlite:///sub/own.sqlite3")
    assert (desk.folder / "sub" / "own.sqlite3").exists()
    assert desk.run("--database", "sub/own.sqlite3", "findings", "--json").data == []


@pytest.mark.parametrize("command", ["init", "findings"])
def test_a_database_that_is_not_supported(desk: Desk, command: str) -> None:
    run = desk.init if command == "init" else lambda *args: desk.run(*args, command, "--json")
    answer = run("--database", "mysql://u:secret@h/k")
    assert answer.code == 1
    assert answer.data["error"]["code"] == "KKH-C010"
    assert "postgresql+psycopg://" in answer.err
    assert "secret" not in answer.err + answer.out


def test_init_refuses_wrong_insurers(desk: Desk) -> None:
    (desk.folder / "insurers.csv").write_text("insurer_number,municipality_code,name\n130000,1,あ\n", encoding="utf-8")
    answer = desk.run("init", "--prefecture", "13", "--insurers", "insurers.csv")
    assert answer.code == 1
    assert answer.out == ""
    for text in ("KKH-C001 (2行目 / line 2 insurer_number)", "KKH-C002", "保険者番号の形式", "→ insurers.csv"):
        assert text in answer.err
    assert not (desk.folder / "kokuho.sqlite3").exists()


def test_init_without_the_list_of_insurers(desk: Desk) -> None:
    answer = desk.run("init", "--prefecture", "13", "--insurers", "missing.csv")
    assert (answer.code, answer.out) == (1, "")
    assert "KKH-C013 (missing.csv): 保険者一覧のファイルがないか、読めません。" in answer.err
    assert "見出し" not in answer.err


@pytest.mark.parametrize("prefecture", ["00", "48", "1", "13a", "13"])
def test_prefecture(desk: Desk, prefecture: str) -> None:
    code = desk.run("init", "--prefecture", prefecture, "--insurers", desk.insurers()).code
    assert code == (0 if prefecture == "13" else 2)


# --- receive ---


def test_receive_answers_in_the_agreed_shape(ready: Desk) -> None:
    path = ready.write(
        "SKKOJIN", A, person(A, "1"), person(A, "2", end="2019-01-01", end_reason="51"), person(A, "3", reason="02")
    )
    answer = ready.run("receive", path, "--json")
    assert answer.code == 3
    (file,) = answer.data["files"]
    assert set(answer.data) == {"files"}
    assert set(file) == FILE_KEYS
    assert [file[key] for key in ("file", "file_id", "insurer_number", "result")] == [
        path.name,
        "SKKOJIN",
        A,
        "applied",
    ]
    assert [file[key] for key in ("accepted", "rejected", "held")] == [2, 1, 0]
    (error,), (warning,) = file["errors"], file["warnings"]
    assert set(error) == {"line", "field", "code", "message"}
    assert (error["line"], error["field"], error["code"]) == (3, "application_end", "KKH-P002")
    assert set(warning) == {"line", "field", "code", "message", "rule"}
    assert (warning["line"], warning["code"], warning["rule"]) == (4, "KKH-D001", "D-1")
    assert "終了年月日" in answer.out


def test_receive_releases_what_was_held(ready: Desk) -> None:
    first = ready.write("SKKOJIN", A, person(A, "1"))
    second = ready.write("SKKOJIN", A, person(A, "2"))
    held = ready.run("receive", second, "--json")
    assert (held.code, held.data["files"][0]["result"]) == (3, "held")
    both = ready.run("receive", first, "--json")
    assert (both.code, [(each["file"], each["result"]) for each in both.data["files"]]) == (
        0,
        [(first.name, "applied"), (second.name, "applied")],
    )
    again = ready.run("receive", first, "--json")
    assert (again.code, again.data["files"][0]["result"]) == (0, "duplicate")


def test_receive_a_folder_in_the_order_of_sequences(ready: Desk) -> None:
    for serial in range(12):
        ready.write("SKKOJIN", A, person(A, str(serial)))
    answer = ready.run("receive", "inbox", "--json")
    assert answer.code == 0
    assert [each["result"] for each in answer.data["files"]] == ["applied"] * 12


@pytest.mark.parametrize("command", ["receive", "check"])
def test_a_missing_path_fails_but_the_others_are_done(ready: Desk, command: str) -> None:
    path = ready.write("SKKOJIN", A, person(A, "1"))
    answer = ready.run(command, "none.csv", path, "--json")
    assert answer.code == 1
    assert [each["result"] for each in answer.data["files"]] == ["applied"]
    assert "KKH-F015 none.csv: ファイルがないか、読めません。" in answer.err


@pytest.mark.parametrize(
    ("command", "told"),
    [("receive", "受け付けるファイルがありません。 / There is no file to receive."),
     ("check", "検査するファイルがありません。 / There is no file to check.")],
)  # fmt: skip
def test_an_empty_folder_is_told(ready: Desk, command: str, told: str) -> None:
    (ready.folder / "empty").mkdir()
    answer = ready.run(command, "empty")
    assert (answer.code, answer.out.strip(), answer.err) == (0, told, "")
    in_json = ready.run(command, "empty", "--json")
    assert (in_json.code, in_json.data) == (0, {"files": []})


def test_check_says_what_would_become_of_the_file(desk: Desk) -> None:
    desk.write("SKKOJIN", A, person(A, "1"))
    good = desk.run("check", "inbox")
    assert good.code == 0
    for text in ("検査結果 / checked", "合格 / would be accepted"):
        assert text in good.out
    for text in ("適用", "applied", "受付", "received"):
        assert text not in good.out
    wrong = desk.write("SKKOJIN", A, person(A, "2", end="2019-01-01", end_reason="51"))
    assert "誤りあり / with wrong records" in desk.run("check", wrong).out
    wrong.write_bytes(wrong.read_bytes()[:-5])
    assert "不合格 / would be refused" in desk.run("check", wrong).out


def test_receive_in_another_encoding(ready: Desk) -> None:
    path = ready.write("SKKOJIN", A, person(A, "1"))
    path.write_bytes(path.read_bytes().decode("utf-8").encode("cp932"))
    assert ready.run("check", path, "--json").data["files"][0]["errors"][0]["code"] == "KKH-F010"
    assert ready.run("check", path, "--encoding", "cp932").code == 0
    assert ready.run("receive", path, "--encoding", "cp932").code == 0
    assert ready.run("receive", path, "--encoding", "euc-jp").code == 2


def test_check_needs_no_database_and_stores_nothing(desk: Desk) -> None:
    path = desk.write("SKKOJIN", A, person(A, "1"))
    answer = desk.run("check", path, "--json")
    assert (answer.code, answer.data["files"][0]["result"]) == (0, "applied")
    foreign = desk.write("SKKOJIN", "130013", person("130013", "1"))
    assert desk.run("check", foreign).code == 0
    with_list = desk.run("check", foreign, "--insurers", desk.insurers(), "--json")
    assert (with_list.code, with_list.data["files"][0]["result"]) == (3, "rejected")
    assert with_list.data["files"][0]["errors"][0]["code"] == "KKH-F004"
    assert {each.name for each in desk.folder.iterdir()} == {"inbox", "insurers.csv"}


# --- judging and delivering ---


def test_resolve_counts(ready: Desk) -> None:
    moved_household(ready)
    ready.run("receive", "inbox")
    answer = ready.run("resolve", "--as-of", "2024-06-01", "--json")
    assert answer.code == 0
    assert answer.data == {
        "as_of": "2024-06-01",
        "persons": 1,
        "findings_opened": 0,
        "findings_solved": 0,
        "candidates_opened": 1,
        "candidates_withdrawn": 0,
    }


def test_findings_are_told_until_they_are_solved(ready: Desk) -> None:
    ready.write("SKKOJIN", A, person(A, "1", number=number(1), end="2024-05-20", end_reason="57"))
    ready.write("SKKOJIN", B, person(B, "7", number=number(1), start="2024-05-10", reason="07"))
    assert ready.run("receive", "inbox").code == 0
    assert ready.run("resolve", "--as-of", "2024-06-01").code == 3
    (finding,) = ready.run("findings", "--json").data
    insured_id = finding.pop("prefectural_insured_id")
    assert insured_id.startswith("P13")
    assert finding.pop("finding_number")
    assert finding == {
        "kind": "overlap",
        "from_insurer": A,
        "to_insurer": B,
        "period_start": "2024-05-10",
        "period_end": "2024-05-20",
        "days": 10,
        "status": "open",
    }
    assert ready.run("findings", "--insurer", C, "--json").data == []
    correction = person(A, "1", number=number(1), kind="2", end="2024-05-10", end_reason="57")
    assert ready.run("receive", ready.write("SKKOJIN", A, correction)).code == 0
    assert ready.run("resolve", "--as-of", "2024-06-02").code == 0
    assert ready.run("findings", "--open", "--json").data == []
    assert [each["status"] for each in ready.run("findings", "--insurer", B, "--json").data] == ["solved"]


def test_a_candidate_is_decided_and_told(judged: Desk) -> None:
    (candidate,) = judged.run("candidates", "--json").data
    assert tuple(candidate) == row_keys("KEIKOHO")
    assert set(candidate) == {each.name for each in KeikohoRow.__attrs_attrs__}
    assert (candidate["insurer_number"], candidate["from_insurer"], candidate["moved_on"]) == (B, A, "2024-05-10")
    assert (candidate["occurrence_count"], candidate["status"]) == (3, "1")
    assert judged.run("candidates", "--insurer", A, "--json").data == []
    decision = judged.write("KEISHIJI", B, instruction(B, candidate["candidate_number"], "1"), folder="decisions")
    answer = judged.run("decide", decision, "--json")
    assert (answer.code, answer.data["files"][0]["file_id"]) == (0, "KEISHIJI")
    assert judged.run("candidates", "--insurer", B, "--json").data[0]["status"] == "3"
    told = judged.run("deliver", "--insurer", B, "--out", "out", "--json")
    assert told.code == 0
    assert {each["file_id"] for each in told.data["files"]} == {
        "TOKUSO", "HIHOID", "KEIKOHO", "KEIKAKU", "KOHIKI", "KOHIKEKKA", "SHOKEKKA",
    }  # fmt: skip
    for each in told.data["files"]:
        assert set(each) == {"file", "file_id", "records"}
        assert (judged.folder / "out" / each["file"]).exists()
    assert judged.run("deliver", "--insurer", B, "--out", "out", "--json").data == {"files": []}
    assert judged.run("deliver", "--insurer", B, "--out", "out", "--all", "--json").data["files"]


def test_decide_and_identity_say_that_resolve_follows(judged: Desk) -> None:
    (candidate,) = judged.run("candidates", "--json").data
    decision = judged.write("KEISHIJI", B, instruction(B, candidate["candidate_number"], "1"), folder="decisions")
    follows = "次に kokuho resolve を実行してください。"
    assert follows not in judged.run("check", decision).out
    told = judged.run("decide", decision)
    assert told.code == 0
    assert follows in told.out
    assert follows not in judged.run("decide", decision).out  # a duplicate changes nothing
    refused = judged.write("KEISHIJI", B, instruction(B, "K139999999999", "1"), folder="decisions")
    assert follows not in judged.run("decide", refused).out
    judged.write("SKKOJIN", C, person(C, "9", number=number(1), birth_date="1961-01-01"), folder="conflict")
    assert judged.run("receive", "conflict").code == 3
    judged.run("resolve", "--as-of", "2024-06-02")
    (conflict,) = judged.run("findings", "--open", "--json").data
    verdict = judged.run("identity", conflict["finding_number"], "--verdict", "different")
    assert verdict.code == 0
    assert follows in verdict.out


def test_deliver_to_everybody(judged: Desk) -> None:
    answer = judged.run("deliver", "--insurer", "all", "--out", "out")
    assert answer.code == 0
    files = sorted(path.name for path in (judged.folder / "out").iterdir())
    assert {name.split("_")[1] for name in files} == {A, B}
    for name in files:
        [line] = [line for line in answer.out.splitlines() if name in line]
        assert ("あさひ市" if f"_{A}_" in name else "みなと市") in line
    assert judged.run("deliver", "--insurer", "all", "--insurer", A, "--out", "out", "--json").data == {"files": []}
    again = judged.run("deliver", "--insurer", "all", "--all", "--out", "out", "--json").data["files"]
    assert {each["file"].split("_")[1] for each in again} == {A, B}


def test_decide_takes_nothing_else(judged: Desk) -> None:
    answer = judged.run("decide", judged.write("SKKOJIN", A, person(A, "9")), "--json")
    assert answer.code == 1
    assert answer.data["error"]["code"] == "KKH-F013"
    assert judged.run("decide", "none.csv").code == 1
    assert judged.run("decide", "inbox").code == 1


def test_an_unknown_insurer(judged: Desk) -> None:
    for command in (["findings"], ["candidates"], ["deliver", "--out", "out"]):
        answer = judged.run(*command, "--insurer", "999999", "--json")
        assert answer.code == 1
        assert answer.data["error"]["code"] == "KKH-N002"
        assert "KKH-N002" in answer.err


# --- person ---


def test_person_by_any_id(judged: Desk) -> None:
    (candidate,) = judged.run("candidates", "--json").data
    by_municipal = judged.run("person", candidate["head_municipal_insured_id"], "--as-of", "2024-06-01", "--json")
    assert by_municipal.code == 0
    data = by_municipal.data
    by_addressee = judged.run("person", f"{A}/1", "--as-of", "2024-06-01", "--json").data
    by_prefectural = judged.run("person", data["prefectural_insured_id"], "--as-of", "2024-06-01", "--json").data
    assert data == by_addressee == by_prefectural
    assert [each["insurer_number"] for each in data["periods"]] == [A, B]
    assert [each["qualification_acquired"] for each in data["qualifications"]] == ["2020-04-01", "2020-04-01"]
    assert [each["treatment_month"] for each in data["high_cost_months"]] == ["202312", "202401", "202404"]
    assert [each["state"] for each in data["history"]] == ["current", "current"]
    assert data["candidates"] == [candidate]


def test_person_with_reasons_and_picture(judged: Desk) -> None:
    answer = judged.run("person", f"{B}/7", "--why", "--svg", "p.svg", "--json")
    assert answer.code == 0
    explained = {each["label"]: each for each in answer.data["explanations"]}
    assert explained["同一人"]["rules"] == ["Q-2", "I-1"]
    for each in answer.data["explanations"]:
        assert each["rules"]
        for ground in each["grounds"]:
            assert all(source["file"].endswith(".csv") and source["line"] >= 2 for source in ground)
    svg = (judged.folder / "p.svg").read_text(encoding="utf-8")
    ET.fromstring(svg)
    for text in ("あさひ市", "みなと市", "2024.5.10 転入(県内)", "資格取得 2020.4.1"):
        assert text in svg


def test_reasons_in_words(judged: Desk) -> None:
    (candidate,) = judged.run("candidates", "--json").data
    judged.run("decide", judged.write("KEISHIJI", B, instruction(B, candidate["candidate_number"], "1"), folder="decisions"))
    told = judged.run("person", f"{B}/7", "--why").out
    for text in ("新規 NEW", "継続 CONTINUED", "継続相当 CONTINUED", "住所異動のみ", "「;」", "«+»"):
        assert text in told
    assert "«+»" not in judged.run("person", f"{B}/7").out


def test_every_code_of_a_conclusion_has_words() -> None:
    assert set(_WORDS["status"]) == {each.name for each in QualificationStatus}
    assert set(_WORDS["suggestion"]) == {each.name for each in (*Suggestion, *SuggestionReason)}
    assert set(_WORDS["decision"]) == {each.name for each in Decision}


def test_the_help_of_person_names_every_id(desk: Desk) -> None:
    told = desk.run("person", "--help").out
    for text in ("都道府県被保険者ID", "市町村被保険者ID", "保険者番号/宛名番号", "insurer/addressee number"):
        assert text in told


def test_person_as_known_before_anything_came(judged: Desk) -> None:
    answer = judged.run("person", f"{B}/7", "--known-at", "2001-01-01", "--svg", "p.svg", "--json")
    assert (answer.code, answer.data["periods"], answer.data["findings"]) == (0, [], [])
    ET.fromstring((judged.folder / "p.svg").read_text(encoding="utf-8"))


def test_a_cancelled_and_a_held_record_stay_in_the_picture(ready: Desk) -> None:
    first = person(A, "1", number=number(1), end="2022-04-01", end_reason="51")
    wrong = person(A, "1", 2, "2023-01-01", number=number(1), reason="01")
    ready.write("SKKOJIN", A, first, wrong, wrong | {"update_kind": "3"})
    own = person(B, "7", number=number(2), end="2021-04-01", end_reason="51")
    of_another = person(B, "7", 2, "2024-05-10", number=number(1), birth_date="1961-01-01", reason="01")
    ready.write("SKKOJIN", B, own, of_another)
    assert ready.run("receive", "inbox").code == 3
    assert ready.run("resolve", "--as-of", "2024-06-01").code == 3
    assert {each["kind"] for each in ready.run("findings", "--json").data} == {"identity"}
    for addressee, texts in (
        (f"{A}/1", ("取消", "2023.1.1 転入(県外)")),
        (f"{B}/7", ("本人確認不一致 保留", "2024.5.10")),
    ):
        answer = ready.run("person", addressee, "--svg", "p.svg", "--json")
        assert answer.code == 0
        assert {each["kind"] for each in answer.data["findings"]} == ({"identity"} if addressee == f"{B}/7" else set())
        svg = (ready.folder / "p.svg").read_text(encoding="utf-8")
        for text in texts:
            assert text in svg


def test_nobody(judged: Desk) -> None:
    for unknown in ("P130000000009", "x/y", ""):
        answer = judged.run("person", unknown)
        assert answer.code == 1
        assert "KKH-N001" in answer.err


# --- generate ---


def test_generate_gives_files_that_are_received(desk: Desk) -> None:
    answer = desk.run("generate", "--persons", 60, "--municipalities", 3, "--seed", 5, "--out", "made", "--json")
    assert answer.code == 0
    assert (desk.folder / answer.data["insurers"]).exists()
    assert desk.run("init", "--prefecture", "13", "--insurers", "made/insurers.csv").code == 0
    assert desk.run("check", "made").code == 0
    received = desk.run("receive", "made", "--json")
    assert received.code == 0
    assert {each["file"] for each in received.data["files"]} == set(answer.data["files"])


# --- version ---


def test_the_version_needs_no_installed_metadata(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    answer = desk.run("--version")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.endswith(f" {__version__}\n")


def test_the_version_is_that_of_the_package() -> None:
    with (Path(__file__).parents[2] / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["version"] == __version__


# --- for people ---


def test_tables_for_people(judged: Desk) -> None:
    (candidate,) = judged.run("candidates", "--json").data
    for command, texts in {
        ("receive", "inbox"): ("受付結果", "受付済 duplicate"),
        ("resolve", "--as-of", "2024-06-01"): ("業務日付 2024-06-01",),
        ("findings",): ("該当なし",),
        ("candidates",): (candidate["candidate_number"], "判定待ち", "あさひ市"),
        ("person", f"{A}/1", "--why"): ("適用期間", "転出(県内)", "継続", "H-2", "SKKOJIN_"),
        ("deliver", "--insurer", A, "--out", "out"): ("国保資格取得喪失年月日連携ファイル",),
    }.items():
        answer = judged.run(*command)
        assert (answer.code, answer.err) == (0, ""), command
        for text in texts:
            assert text in answer.out, command


def test_errors_for_people(ready: Desk) -> None:
    rows = [person(A, str(serial), end="2019-01-01", end_reason="51") for serial in range(30)]
    answer = ready.run("receive", ready.write("SKKOJIN", A, *rows))
    assert answer.code == 3
    assert answer.out.count("KKH-P002") == 20 + 1  # each record, and once what to do
    assert "他 10 件" in answer.out
    assert "対処 KKH-P002: 日付を直して再送してください。" in answer.out


# --- failures ---


@pytest.mark.parametrize(
    "command", ["resolve", "findings", "candidates", "person P1", f"deliver --insurer {A} --out o"]
)
def test_before_init(desk: Desk, command: str) -> None:
    answer = desk.run(*command.split(), "--json")
    assert answer.code == 1
    assert answer.data["error"]["code"] == "KKH-C007"
    assert "kokuho init" in answer.err
    assert not (desk.folder / "kokuho.sqlite3").exists()


def test_a_lost_key_ring(ready: Desk) -> None:
    [ring] = ready.folder.glob("*.keys.json")
    ring.unlink()
    answer = ready.run("findings")
    assert answer.code == 1
    assert "KKH-C008" in answer.err


@pytest.mark.parametrize(
    "args",
    [["nonsense"], ["resolve", "--as-of", "2024-02-30"], ["resolve", "--as-of", "20240201"], ["receive"],
     ["person", "x", "--known-at", "yesterday"], ["init"], ["--colour"]],
)  # fmt: skip
def test_usage(desk: Desk, args: list[str]) -> None:
    answer = desk.run(*args)
    assert answer.code == 2
    assert answer.out == ""
    assert "Error" in answer.err


@pytest.mark.parametrize("command", [None, *sorted(cli.commands)])
def test_help_is_japanese_and_english(desk: Desk, command: str | None) -> None:
    answer = desk.run(*([command] if command else []), "--help")
    assert answer.code == 0
    assert any("\u3040" <= each <= "\u30ff" for each in answer.out)


def test_configuration_faults(desk: Desk) -> None:
    (desk.folder / "k.toml").write_text("colour = 1\n", encoding="utf-8")
    answer = desk.run("--config", "k.toml", "resolve")
    assert answer.code == 1
    assert "KKH-C010 (colour)" in answer.err


def test_an_unexpected_exception_tells_its_kind_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("900000000012 見本花子")

    monkeypatch.setattr("kokuho_adapters.cli.session.load_configuration", broken)
    quiet = desk.run("--config", "x", "resolve")
    assert quiet.code == 1
    assert "RuntimeError" in quiet.err
    assert "見本花子" not in quiet.err
    assert "Traceback" not in quiet.err
    assert "--verbose" in quiet.err
    told = desk.run("--verbose", "--config", "x", "resolve")
    assert "Traceback" in told.err
    assert "900000000012" not in told.err


def test_control_characters_never_reach_the_terminal(ready: Desk) -> None:
    path = ready.folder / "evil\x1b[31m.csv"
    path.write_bytes(b"x")
    answer = ready.run("receive", path)
    assert answer.code == 3
    assert "\x1b" not in answer.out
    missing = ready.run("receive", "none\x1b[31m.csv")
    assert "\x1b" not in missing.err


def test_as_a_module_with_utf8_whatever_the_locale(desk: Desk) -> None:
    desk.insurers()
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "kokuho_adapters.cli"]
    done = subprocess.run(
        [*command, "init", "--prefecture", "13", "--insurers", "insurers.csv"],
        cwd=desk.folder, env=environment, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "データベース" in done.stdout.decode("utf-8")
    failed = subprocess.run(
        [*command, "deliver", "--insurer", "1", "--out", "out", "--json"],
        cwd=desk.folder, env=environment, capture_output=True, check=False,
    )  # fmt: skip
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["error"]["code"] == "KKH-N002"
    assert "保険者" in failed.stderr.decode("utf-8")


def test_a_reader_that_goes_away(ready: Desk) -> None:
    ready.write("SKKOJIN", A, *(person(A, str(n), end="2019-01-01", end_reason="51") for n in range(3000)))
    with subprocess.Popen(
        [sys.executable, "-m", "kokuho_adapters.cli", "check", str(Path("inbox")), "--json"],
        cwd=ready.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        error = process.stderr.read()
    assert process.returncode == 1
    assert b"Traceback" not in error
    assert b"Exception" not in error
    assert b"No module" not in error


# --- the table of commands ---


@pytest.mark.parametrize("listed", [each for commands in HEADINGS.values() for each in commands], ids=lambda each: each.name)
def test_the_list_of_commands_says_what_their_help_says(listed: Listed) -> None:
    command = listed.load()
    assert command.name == listed.name
    assert (command.help or "").strip().split("\n")[0] == listed.about


def test_help_shows_every_command_under_its_heading(desk: Desk) -> None:
    told = desk.run("--help").out
    for heading, commands in HEADINGS.items():
        section = told.split(f"{heading}:\n")[1].split("\n\n")[0]
        assert re.findall(r"^  ([a-z-]+) ", section, re.MULTILINE) == [each.name for each in commands]


def test_a_misspelt_command_is_answered_with_the_one_that_is_meant(desk: Desk) -> None:
    assert "receive" in desk.run("recieve").err


@pytest.mark.parametrize("asked", ["--help", "--version"])
def test_what_no_command_needs_is_not_loaded(asked: str) -> None:
    program = (
        "import atexit, sys\n"
        "from kokuho_adapters.cli import main\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        f"sys.argv[1:] = [{asked!r}]\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, encoding="utf-8")
    loaded = set(done.stderr.split())
    assert "kokuho_adapters.cli.command_table" in loaded
    assert not loaded & {"sqlalchemy", "structlog", "cryptography", "kokuho_adapters.composition", "kokuho_core.usecases"}
