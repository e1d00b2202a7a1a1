"""The demo plays a story from beginning to end; here a small one of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kokuho_adapters.cli import demo, story
from kokuho_core.errors import SetupFault

from ..prefecture.office import A, B, high_cost, household, instruction, number, person
from .conftest import Desk

STORY = f"""
prefecture = "13"
insurers = "insurers.csv"

[featured_person]
insurer_number = "{B}"
addressee_number = "7"

[[round]]
name = "異動"
as_of = 2024-06-01
folder = "round-1"
text_ja = "一世帯が転出入します。"
text_en = "A household moves."

[[round]]
name = "確定"
as_of = 2024-06-10
folder = "round-2"
"""


@pytest.fixture
def sample(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Path:
    left = person(A, "1", number=number(1), household="10", end="2024-05-10", end_reason="57")
    desk.write("SKKOJIN", A, left, folder="round-1")
    desk.write("SKSETAI", A, household(A, "10", "1"), folder="round-1")
    desk.write("KOGAKU", A, high_cost(A, "10", "202401"), folder="round-1")
    arrived = person(B, "7", number=number(1), household="70", start="2024-05-10", reason="07")
    desk.write("SKKOJIN", B, arrived, folder="round-1")
    desk.write("SKSETAI", B, household(B, "70", "7", start="2024-05-10"), folder="round-1")
    desk.write("KEISHIJI", B, instruction(B, "K130000000001", "1"), folder="round-2")
    folder = desk.folder / "shipped"
    folder.mkdir()
    for name in ("round-1", "round-2"):
        shutil.move(desk.folder / name, folder / name)
    shutil.move(desk.insurers(), folder / "insurers.csv")
    (folder / "story.toml").write_text(STORY, encoding="utf-8")
    (folder / "__init__.py").touch()
    monkeypatch.setattr(demo, "shipped_sample", lambda: folder)
    return folder


@pytest.mark.usefixtures("sample")
def test_the_whole_story(desk: Desk) -> None:
    answer = desk.run("demo", "--dir", "d")
    assert (answer.code, answer.err) == (0, "")
    for text in ("1. 異動", "A household moves.", "KEISHIJI", "確定済", "一人の経過", "K130000000001", "配信", "一致 / views agree: ○"):
        assert text in answer.out
    delivered = {path.name.split("_")[0] for path in (desk.folder / "d" / "delivered").rglob("*.csv")}
    assert {"TOKUSO", "KEIKOHO", "KEIKAKU", "KOHIKI", "KOHIKEKKA", "SHOKEKKA"} <= delivered
    assert "みなと市" in (desk.folder / "d" / "person.svg").read_text(encoding="utf-8")
    assert not list((desk.folder / "d" / "sample").rglob("*.py"))


@pytest.mark.usefixtures("sample")
def test_again_in_the_same_folder_and_as_json(desk: Desk) -> None:
    first = desk.run("demo", "--dir", "d", "--json")
    (desk.folder / "d" / "mine.txt").write_text("keep", encoding="utf-8")
    again = desk.run("demo", "--dir", "d", "--json")
    assert (first.code, again.code) == (0, 0)
    for data in (first.data, again.data):
        assert [each["name"] for each in data["rounds"]] == ["異動", "確定"]
        assert data["rounds"][0]["resolved"]["candidates_opened"] == 1
        assert data["rounds"][1]["candidates"][0]["status"] == "3"
    assert (desk.folder / "d" / "mine.txt").exists()


def test_a_folder_of_somebody_else_is_left_alone(desk: Desk, sample: Path) -> None:
    other = desk.folder / "d" / "delivered" / "mine.txt"
    other.parent.mkdir(parents=True)
    other.write_text("keep", encoding="utf-8")
    assert desk.run("demo", "--dir", "d").code == 0
    assert other.exists()


@pytest.mark.parametrize("text", ["prefecture = 1", STORY.replace("as_of = 2024-06-01", "as_of = 'soon'"), "= broken"])
def test_a_story_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "story.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SetupFault, match="KKH-C010"):
        story.read_story(path)


def test_the_shipped_story(desk: Desk) -> None:
    pytest.importorskip("kokuho_adapters.sample")
    answer = desk.run("demo", "--json")
    assert (answer.code, answer.err) == (0, "")
    assert len(answer.data["rounds"]) >= 2
    offices = answer.data["offices"]
    assert offices["agree"] and [each["carried_months"] for each in offices["offices"]] == [0, 3]
    registered = answer.data["registration"]
    assert [each["differences"] for each in registered] == [0] * 5
    assert all(each["registered"] and each["documents"] for each in registered)
    assert {item["document"] for each in registered for item in each["documents"]} == {"01", "02"}
    assert {each["snapshot_on"] for each in registered} == {"2025-08-31"}
    assert (desk.folder / answer.data["picture"]).exists()
    assert list((desk.folder / "kokuho-demo" / "delivered").rglob("KEIKAKU_*.csv"))
