"""生活史のJSON: nothing is lost on the way, and nothing that is no story is taken."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from kokuho_adapters.conformance.story_json import dump_story, load_story
from kokuho_core.conformance import Story, story_of
from kokuho_core.conformance.bundle import side_by_side
from kokuho_core.conformance.lives import THEMES, tell
from kokuho_core.errors import InvalidValue
from kokuho_core.synthetic.numbers import synthetic_number


@frozen
class _Drawn:
    """Choices that Hypothesis makes."""

    data: st.DataObject

    def below(self, end: int) -> int:
        return self.data.draw(st.integers(0, end - 1))


@given(st.data())
def test_every_story_comes_back(data: st.DataObject) -> None:
    story = tell("h", _Drawn(data), data.draw(st.sampled_from(THEMES)))
    assert load_story(dump_story(story)) == story


def test_a_story_from_a_bundle_comes_back_and_holds_no_number() -> None:
    """Rules: S-3. Serials stand in place of 個人番号."""
    texts, numbers = [], set()
    for story in side_by_side([story_of("json", number) for number in range(20)]):
        texts.append(dump_story(story))
        assert load_story(texts[-1]) == story
        numbers |= {row["individual_number"] for each in story.sendings() for row in each.rows if "sex" in row} - {None}
    assert len(numbers) > 20
    assert not [each for each in numbers if any(synthetic_number(each) in text for text in texts)]


def _story() -> tuple[Story, dict[str, Any]]:
    story = next(each for each in (story_of("7", n) for n in range(99)) if any(step.decisions for step in each.steps))
    return story, json.loads(dump_story(story))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("name",), 5),
        (("insurers", 0, "insurer_number"), "139015"),
        (("insurers", 0, "encoding"), "utf-16"),
        (("steps",), 5),
        (("steps", 0, "as_of"), "2024-02-30"),
        (("steps", 0, "sendings", 0, "sequence"), "1"),
        (("steps", 0, "sendings", 0, "file_id"), "TOKUSO"),
        (("steps", 0, "sendings", 0, "rows", 0, "updated_at"), "yesterday"),
        (("steps", 0, "sendings", 0, "rows", 0, "history_number"), "1"),
        (("steps", 0, "sendings", 0, "rows", 0, "sects"), "1"),
        (("steps", 0, "what"), 1),
    ],
)  # fmt: skip
def test_what_is_no_story_is_refused_with_its_place(place: tuple[Any, ...], value: Any) -> None:
    _, said = _story()
    at = said
    for part in place[:-1]:
        at = at[part]
    at[place[-1]] = value
    with pytest.raises(InvalidValue) as refused:
        load_story(json.dumps(said))
    assert refused.value.code == "KKH-Y006" and refused.value.problems[0].field
    assert "yesterday" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", "5", "{", '{"name": "x", "insurers": [], "steps": [5]}'])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="KKH-Y006"):
        load_story(text)


def test_a_record_without_what_the_rules_look_at_is_refused() -> None:
    _, said = _story()
    rows = next(each["rows"] for each in said["steps"][0]["sendings"] if each["file_id"] == "SKKOJIN")
    del rows[0]["application_end"]
    with pytest.raises(InvalidValue, match="KKH-Y006"):
        load_story(json.dumps(said))
