"""The harness against this library's own aggregation: no false alarm, and what a run must say of itself."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kokuho_adapters.conformance.embedded import embedded
from kokuho_adapters.conformance.story_json import load_story
from kokuho_core.conformance import (
    ALL_CAPABILITIES,
    RULES,
    Capability,
    ConformanceSettings,
    Report,
    RuleState,
    run_conformance,
    story_of,
)
from kokuho_core.conformance.bundle import side_by_side
from kokuho_core.conformance.expectation import ACCEPTED, REFUSED, Prefecture
from kokuho_core.conformance.lives import THEMES
from kokuho_core.conformance.report import results_of
from kokuho_core.conformance.rules import FILES_OF
from kokuho_core.conformance.run import play

STORIES = 64


@pytest.fixture(scope="module")
def report() -> Report:
    return run_conformance(embedded, settings=ConformanceSettings(stories=STORIES, together=16), system="組込みの集約")


def test_this_library_keeps_the_rules(report: Report) -> None:
    """Rules: P-1, P-2, P-4, P-5, P-6, Q-2, Q-4, Q-5, H-2, H-4, H-6, X-2, X-11, X-37. A false alarm would fail here."""
    assert report.is_conformant, [(each.rule, each.found_in, each.deviation) for each in report.faults]
    assert report.stories == STORIES
    states = {each.rule.number: each.state for each in report.results}
    for number in ("P-1", "P-5", "Q-2", "Q-4", "X-11", "X-37", "H-4", "H-6"):
        assert states[number] is RuleState.KEPT, number


@pytest.mark.long
@pytest.mark.parametrize("part", range(8))
def test_no_false_alarm_in_many_stories(part: int) -> None:
    """Rules: P-1 … P-7, Q-2 … Q-9, I-1, I-3, I-4, H-1 … H-7. 2,500 stories of another seed each."""
    settings = ConformanceSettings(seed=f"many-{part}", stories=2500, together=10)
    found = run_conformance(embedded, settings=settings)
    assert found.is_conformant, [(each.rule, each.found_in, each.deviation) for each in found.faults]


STORIES_TOLD = sorted(Path(__file__).with_name("stories").glob("*.json"))


@pytest.mark.parametrize("path", STORIES_TOLD, ids=lambda path: path.stem)
def test_stories_that_once_gave_a_false_alarm(path: Path) -> None:
    """Rules: H-6, X-13, X-28. The rare ones, one among thousands."""
    [played] = play([load_story(path.read_text("utf-8"))], embedded)
    assert played.deviations == ()


def test_a_rule_without_a_value_is_not_called_kept() -> None:
    """Rules: P-1, Q-4."""
    states = {each.rule.number: each.state for each in results_of([], {"P-1": 3}, ALL_CAPABILITIES, {})}
    assert states["P-1"] is RuleState.KEPT
    assert states["Q-4"] is RuleState.NOT_EXERCISED


def test_a_rule_whose_values_were_wrong_is_not_called_kept() -> None:
    """Rules: Q-2, Q-4. Also where another fault of the same story was told first; and an exception for it is not in vain."""
    found = results_of([], {"Q-2": 5, "Q-4": 5}, ALL_CAPABILITIES, {"Q-4": "次の版で対応する"}, wrong={"Q-2", "Q-4"})
    states = {each.rule.number: each.state for each in found}
    assert (states["Q-2"], states["Q-4"]) == (RuleState.UNCLEAR, RuleState.EXCEPTED)


def test_a_system_is_judged_on_what_it_has() -> None:
    """Rules: H-4, P-5."""
    found = results_of([], {"P-5": 1, "H-4": 1}, {Capability.FINDINGS}, {})
    states = {each.rule.number: each.state for each in found}
    assert (states["P-5"], states["H-4"]) == (RuleState.KEPT, RuleState.NOT_APPLICABLE)


def test_an_exception_that_is_kept_fails_the_run(report: Report) -> None:
    """Rules: H-4. What was announced as «not yet» and is kept now must be taken off the list."""
    results = results_of([], {"H-4": 5}, ALL_CAPABILITIES, {"H-4": "次の版で対応する"})
    outdated = [each for each in results if each.state is RuleState.EXCEPTION_OUTDATED]
    assert [each.reason for each in outdated] == ["次の版で対応する"]
    assert not Report("試験", "1", 1, ALL_CAPABILITIES, results).is_conformant


def test_every_rule_belongs_to_a_part_with_files() -> None:
    assert len({each.number for each in RULES}) == len(RULES)
    assert {each.capability for each in RULES} - {None} == set(FILES_OF)  # X-1 binds every system


def test_every_rule_that_is_judged_is_a_rule_of_the_documents() -> None:
    """The page of the rules shows both texts, one under the other."""
    documents = Path(__file__).parents[2] / "docs"
    written = tomllib.loads((documents / "rules.toml").read_text("utf-8"))["rules"]
    page = (documents / "rules.md").read_text("utf-8")
    for rule in RULES:
        assert not written[rule.number].get("planned"), rule.number
        section = page.partition(f"\n### {rule.number}\n")[2].partition("\n### ")[0]
        assert written[rule.number]["text"] in section and rule.ja in section, rule.number


def test_stories_are_the_same_for_the_same_seed() -> None:
    assert story_of("7", 3) == story_of("7", 3)
    assert story_of("7", 3) != story_of("7", 4)


def test_bundles_differ_in_no_more_than_how_many_municipalities_merge() -> None:
    """Rules: Q-10. A prefecture that was initialised once serves for many of them."""
    bundles: dict[int, set[Any]] = {}
    for first in range(0, 240, 8):
        stories = [story_of("bundle", number) for number in range(first, first + 8)]
        merging = sum(any(each.successor for each in story.insurers) for story in stories)
        insurers = sorted((each for story in side_by_side(stories) for each in story.insurers), key=lambda each: each.insurer_number)
        assert sum(each.successor is not None for each in insurers) == merging
        bundles.setdefault(merging, set()).add(tuple(insurers))
    assert len(bundles) > 1 and {len(each) for each in bundles.values()} == {1}


def test_stories_are_legal_but_where_a_theme_wants_refusals() -> None:
    """Rules: P-3, X-4. Every record is accepted or held, unless the story is about records that must be refused."""
    results: Counter[str] = Counter()
    refused_in = set()
    for number in range(200):
        story = story_of("legal", number)
        model = Prefecture(story.insurers)
        for step in story.steps:
            receipts = model.take(step).receipts
            records = {key: receipt.result for key, receipt in receipts.items() if key[1] > 0}
            results.update(records.values())
            if REFUSED in records.values():
                refused_in.add(number)
    assert results[ACCEPTED] > 2_500
    assert 0 < len(refused_in) < 200 / len(THEMES) * 1.5


def test_stories_reach_what_they_are_for() -> None:
    """Every kind of event of every theme happens, and every kind of returned row is expected somewhere."""
    files: Counter[str] = Counter()
    traits: Counter[str] = Counter()
    for number in range(300):
        story = story_of("reach", number)
        model = Prefecture(story.insurers)
        for step in story.steps:
            for key, told in model.take(step).rows.items():
                files[key.file_id] += 1
                traits.update(told.traits)
    assert {"TOKUSO", "HIHOID", "KAKUNIN", "KEIKOHO", "KEIKAKU", "KOHIKI", "KOHIKEKKA"} <= files.keys()
    assert {"P-2", "P-7", "Q-5", "Q-9", "Q-10", "D-9", "I-1", "I-3", "I-4", "X-27"} <= traits.keys()
