"""The shipped sample: made from its story, played over the real adapters, with the reviewed results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kokuho_adapters.insurers_list import read_insurers
from kokuho_adapters.sample.build import build
from kokuho_adapters.sample.municipal_office import PREFECTURE
from kokuho_adapters.sample.story import ROUNDS, STORYLINES, tell
from kokuho_core.vocabulary.individual_number import individual_number_problem

from .rounds import SAMPLE, Played, as_text, expected, play, story

ROUND_FOLDERS = [each.folder for each in ROUNDS]
GOLDEN = expected()


def _files(folder: Any, name: str = "") -> Iterator[tuple[str, bytes]]:
    """Every made file below ``folder``: rounds, insurers and story."""
    for each in folder.iterdir():
        if each.is_dir():
            if name or each.name.startswith("round-"):
                yield from _files(each, f"{name}{each.name}/")
        elif each.suffix in (".csv", ".toml"):
            yield f"{name}{each.name}", each.read_bytes()


def test_rebuilt_files_are_the_shipped_ones(tmp_path: Path) -> None:
    build(tmp_path)
    assert dict(_files(tmp_path)) == dict(_files(SAMPLE))


def test_building_again_replaces_what_was_there(tmp_path: Path) -> None:
    made = build(tmp_path)
    assert build(tmp_path) == made
    assert len(list(tmp_path.glob("round-*/*"))) == len(made)


@pytest.mark.parametrize("round_folder", ROUND_FOLDERS)
def test_results_are_the_reviewed_ones(played: Played, round_folder: str) -> None:
    assert played.rounds[round_folder].keys() == GOLDEN[round_folder].keys()
    for name, content in played.rounds[round_folder].items():
        assert as_text(content) == as_text(GOLDEN[round_folder][name]), f"{round_folder}/{name}"


def test_numbers_are_issued_in_a_fixed_order(played: Played, tmp_path: Path) -> None:
    """The decisions of the sample name candidate numbers, so they may not depend on chance."""
    assert play(tmp_path).rounds == played.rounds


def test_no_warning_and_no_whole_file_refused(played: Played) -> None:
    """Rules: D-1 … D-10, X-22, X-23. Every refusal and every held record is one the story means."""
    answers = [answer for golden in played.rounds.values() for answer in golden["answers.json"]]
    assert [answer["warnings"] for answer in answers if answer["warnings"]] == []
    assert {answer["result"] for answer in answers} == {"applied", "held"}
    assert sorted(error.split()[1] for answer in answers for error in answer["errors"]) == [
        "KKH-F021", "KKH-H002", "KKH-H002", "KKH-I001", "KKH-P007", "KKH-R002",
    ]  # fmt: skip


def test_canary_no_sample_number_is_delivered(played: Played) -> None:
    """The same numbers do stand in the files received, so that this test can fail."""
    numbers = [person.number for person in tell().people]
    received = b"".join(content for name, content in _files(SAMPLE) if name.startswith("round-"))
    golden = "".join(as_text(content) for each in GOLDEN.values() for content in each.values())
    assert [number for number in numbers if number.encode() not in received] == []
    assert [number for number in numbers if number.encode() in played.delivered] == []
    assert [number for number in numbers if number in golden] == []


def test_everybody_is_plainly_invented() -> None:
    offices = tell()
    assert [each.serial for each in offices.people if individual_number_problem(each.number)] == []
    assert {each.number[:4] for each in offices.people} == {"9800"}
    assert len({each.number for each in offices.people}) == len({each.name for each in offices.people}) == 36
    assert all(each.name.startswith("見本　") and each.kana.startswith("ミホン　") for each in offices.people)
    addresses = {entry.row["address"] for entry in offices.entries if entry.file_id == "SKKOJIN"}
    assert all("見本" in address for address in addresses)


def test_story_names_what_is_there() -> None:
    told = story()
    insurers = read_insurers(Path(str(SAMPLE.joinpath(told["insurers"]))), told["prefecture"])
    featured = told["featured_person"]
    assert told["prefecture"] == PREFECTURE
    assert len(insurers) == 5
    assert [each["folder"] for each in told["round"]] == ROUND_FOLDERS
    assert all(each["name"] and each["text_ja"] and each["text_en"] for each in told["round"])
    assert [each["name"] for each in told["storyline"]] == [each.__name__ for each in STORYLINES]
    assert all(each["rules"] and each["persons"] and each["text_ja"] and each["text_en"] for each in told["storyline"])
    persons = [person for each in told["storyline"] for person in each["persons"]]
    assert len(persons) == len(set(persons))
    assert f"{featured['insurer_number']}/{featured['addressee_number']}" in persons


def test_every_storyline_is_explained() -> None:
    text = SAMPLE.joinpath("expected", "README.md").read_text("utf-8")
    for place, caption in enumerate(tell().captions, 1):
        assert f"| {place} `{caption.name}` " in text
