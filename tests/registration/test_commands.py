"""The commands, against the simulated server by folder: from the sample files to the documents."""

from __future__ import annotations

import json
from importlib.resources import as_file
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kokuho_adapters.cli.commands import cli
from kokuho_adapters.cli.story import shipped_sample
from kokuho_adapters.registry_simulator.receiver import Caller
from kokuho_adapters.registry_simulator.server import OPERATOR, open_receiver
from kokuho_adapters.registry_simulator.settings import load_settings

FEDERATION = "kokuho-simulator/folders/federation"
FOLDERS = ("--out", f"{FEDERATION}/to-server", "--in", f"{FEDERATION}/from-server")
ASAHI = "139519"


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, list(args))


def data(*args: str, code: int = 0) -> Any:
    result = run(*args, "--json")
    assert result.exit_code == code, result.stderr or result.stdout
    return json.loads(result.stdout)


def serve(*args: str) -> None:
    assert run("simulate-server", "--once", *args).exit_code == 0


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first round of the sample, resolved, with a simulated server beside it."""
    monkeypatch.chdir(tmp_path)
    with as_file(shipped_sample()) as sample:
        insurers = str(sample / "insurers.csv")
        assert run("init", "--prefecture", "13", "--insurers", insurers).exit_code == 0
        assert run("receive", str(sample / "round-1")).exit_code in (0, 3)
        serve("--insurers", insurers)
    assert run("resolve", "--as-of", "2025-03-31").exit_code in (0, 3)
    return tmp_path


@pytest.fixture
def registered(desk: Path) -> Path:
    data("register", "--insurer", "all", *FOLDERS)
    serve()
    data("register-results", "--insurer", "all", *FOLDERS)
    return desk


def test_what_the_server_lost_is_sent_again(desk: Path) -> None:
    """Rules: R-3, S-14."""
    data("register", "--insurer", ASAHI, *FOLDERS)
    serve("--fault", "lost_request@send")
    data("register-results", "--insurer", ASAHI, *FOLDERS)
    (listed,) = data("unanswered", "--insurer", "all")["batches"]
    assert (listed["insurer_number"], listed["exchange"], listed["is_overdue"]) == (ASAHI, "KANYUSHA", False)
    (overdue,) = data("unanswered", "--insurer", "all", "--hours", "0", code=3)["batches"]
    assert overdue["is_overdue"]
    assert "超過" in run("unanswered", "--insurer", "all", "--hours", "0").stdout
    again = data("unanswered", "--insurer", "all", "--hours", "0", "--resend", *FOLDERS, code=3)
    assert again["sent_again"] == 1
    serve()
    (taken,) = data("register-results", "--insurer", ASAHI, *FOLDERS)["insurers"]
    assert (taken["settled"], taken["waiting"]) == (1, 0)
    assert data("unanswered", "--insurer", "all") == {"sent_again": 0, "batches": []}


def test_register_and_take_the_results(desk: Path) -> None:
    """Rules: R-1, R-3."""
    listed = data("due", "--insurer", ASAHI, "--as-of", "2025-04-01", code=3)
    assert listed
    assert all(each["is_overdue"] for each in listed)
    (done,) = data("register", "--insurer", ASAHI, *FOLDERS)["insurers"]
    assert done["batches"][0]["lines"] == done["counts"]["sent"] == len(listed)
    (waiting,) = data("register-results", "--insurer", ASAHI, *FOLDERS)["insurers"]
    assert waiting["waiting"] == 1
    serve()
    (taken,) = data("register-results", "--insurer", ASAHI, *FOLDERS)["insurers"]
    assert (taken["registered"], taken["settled"], taken["problems"]) == (len(listed), 1, [])
    assert data("due", "--insurer", ASAHI) == []


def test_results_that_somebody_carried(desk: Path) -> None:
    """Rules: R-3."""
    data("register", "--insurer", ASAHI, *FOLDERS)
    serve()
    (file,) = Path(f"{FEDERATION}/from-server").glob("KANKEKKA_*.csv")
    (taken,) = data("register-results", str(file))["insurers"]
    assert (taken["insurer_number"], taken["settled"]) == (ASAHI, 1)
    assert run("register-results", str(file)).exit_code == 0


def test_checks_of_persons_that_somebody_carried(registered: Path) -> None:
    """Rules: R-6. A result file that was made again, by hand or by folder, and what both sides show, say how the check came out."""
    person = data("documents", "--insurer", ASAHI, "--as-of", "2025-04-01")[0]["municipal_insured_id"]
    receiver = open_receiver(load_settings(Path("kokuho-simulator")))
    receiver.verify(Caller("test", OPERATOR), ASAHI, person, "2")
    receiver.state.close()
    serve()
    (anew,) = Path(f"{FEDERATION}/from-server").glob(f"KANKEKKA_{ASAHI}_*.csv")
    shown = run("register-results", str(anew)).stdout
    assert "本人確認状態が変わった人: 1" in shown and "重複" not in shown.replace("重複 repeated", "")
    (told,) = data("register-results", str(anew))["insurers"]
    assert (told["verified"], told["repeated"], told["problems"]) == (0, 0, [])
    (item, *_) = data("documents", "--insurer", ASAHI, "--as-of", "2025-04-01")
    assert (item["municipal_insured_id"], item["reason"]) == (person, "verification_mismatch")


def test_a_file_that_is_no_result(desk: Path) -> None:
    """Rules: R-3."""
    data("register", "--insurer", ASAHI, *FOLDERS)
    (file,) = Path(f"{FEDERATION}/to-server").glob("KANYUSHA_*.csv")
    assert data("register-results", str(file), code=1)["error"]["code"] == "KKH-F013"


def test_a_way_must_be_named(desk: Path) -> None:
    """Rules: R-3."""
    assert data("register", "--insurer", ASAHI, code=1)["error"]["code"] == "KKH-C010"
    assert data("register", "--insurer", ASAHI, "--server", "https://localhost", code=1)["error"]["code"] == "KKH-C010"
    assert run("register", "--insurer", ASAHI, *FOLDERS, "--server", "https://localhost").exit_code == 2
    assert run("register-results").exit_code == 2


def test_the_way_of_the_configuration_file(desk: Path) -> None:
    """Rules: R-3."""
    text = f'database = "kokuho.sqlite3"\n[registration]\nout = "{FOLDERS[1]}"\nin = "{FOLDERS[3]}"\nkept = "kept"\n'
    text += "answer_hours = 0.000001\n"
    Path("kokuho.toml").write_text(text, "utf-8")
    data("--config", "kokuho.toml", "register", "--insurer", ASAHI)
    assert data("--config", "kokuho.toml", "unanswered", "--insurer", ASAHI, code=3)["batches"][0]["is_overdue"]
    serve()
    data("--config", "kokuho.toml", "register-results", "--insurer", ASAHI)
    assert Path("kept/received").is_dir()


@pytest.mark.parametrize(
    "line",
    ['registration = 1', '[registration]\nother = "x"', '[registration]\nout = 1', '[registration]\nencoding = "no"',
     "[registration]\nanswer_hours = 0", "[registration]\nanswer_hours = true", '[registration]\nanswer_hours = "24"',
     '[registration.replacements]\n"二字" = "x"', '[registration.replacements]\n"一" = 1'],
)  # fmt: skip
def test_wrong_settings(desk: Path, line: str) -> None:
    """Rules: R-3, S-17."""
    Path("kokuho.toml").write_text(line, "utf-8")
    assert data("--config", "kokuho.toml", "due", code=1)["error"]["code"] == "KKH-C010"


def test_an_unknown_insurer(desk: Path) -> None:
    """Rules: R-1."""
    for command in (("register", *FOLDERS), ("due",), ("documents",), ("duplicates",), ("symbols",)):
        assert data(command[0], "--insurer", "999999", *command[1:], code=1)["error"]["code"] == "KKH-N002"


def test_card_use_documents_and_duplicates(registered: Path) -> None:
    """Rules: C-1, C-2, R-7."""
    serve("--snapshot", "2025-04-01")
    (taken,) = data("card-use", "--insurer", ASAHI, *FOLDERS)["insurers"]
    assert taken["snapshot_on"] == "2025-04-01"
    items = data("documents", "--insurer", ASAHI, "--as-of", "2025-04-02")
    assert {each["snapshot_on"] for each in items} >= {"2025-04-01"}
    person = items[0]["municipal_insured_id"]
    args = ("documents", "--insurer", ASAHI, "--person", person, "--request", "returned", "--as-of", "2025-04-02")
    assert [each["reason"] for each in data(*args)] == ["card_returned"]
    assert [each["reason"] for each in data(*args, "--end")] != ["card_returned"]
    found = data("duplicates", "--insurer", ASAHI, "--take", *FOLDERS)
    assert found["covers"] == []
    answer = data("duplicates", "--insurer", ASAHI, "--lose", person, "--reason", "x", code=1)
    assert answer["error"]["code"] == "KKH-K034"


def test_symbols(registered: Path) -> None:
    """Rules: R-10."""
    person = data("documents", "--insurer", ASAHI, "--as-of", "2025-04-02")[0]["municipal_insured_id"]
    asked = data("symbols", "--insurer", ASAHI, "--request", person, "--exchange", *FOLDERS)["symbols"]
    assert [each["result"] for each in asked] == [None]
    serve()
    taken = data("symbols", "--insurer", ASAHI, "--exchange", *FOLDERS)["symbols"]
    assert [each["result"] for each in taken] == ["1"]


@pytest.mark.parametrize(
    "command",
    [
        ("register", "--insurer", "all", *FOLDERS), ("register-results", "--insurer", "all", *FOLDERS), ("due",),
        ("card-use", "--insurer", ASAHI, "--list"), ("documents", "--insurer", ASAHI), ("duplicates", "--insurer", ASAHI),
        ("symbols", "--insurer", ASAHI),
    ],
    ids=lambda command: command[0],
)  # fmt: skip
def test_tables_for_people(registered: Path, command: tuple[str, ...]) -> None:
    """Rules: R-3. Nobody's name and no number on the screen."""
    result = run(*command)
    assert result.exit_code in (0, 3), result.stderr
    assert "/" in result.stdout
