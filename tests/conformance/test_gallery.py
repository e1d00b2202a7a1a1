"""Systems with one mistake each, and that the harness finds it: proof that it can fail."""

from __future__ import annotations

from typing import Any

import pytest

from .figures import BEGIN, END, PAGE, play, table
from .gallery import GALLERY
from .mutant import source_of

IN_MAKE_TEST = ("重複の日数を両端含みで数える", "県内転出で資格喪失とする", "増員を住所異動と区別しない")


@pytest.mark.parametrize("mutant", GALLERY, ids=lambda each: each.name)
def test_a_mutant_changes_exactly_one_passage(mutant: Any) -> None:
    assert source_of(mutant.module).count(mutant.old) == 1


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(number, marks=[] if each.name in IN_MAKE_TEST else [pytest.mark.long], id=each.name)
        for number, each in enumerate(GALLERY)
    ],
)
def test_the_mistake_is_found_as_a_short_story(number: int) -> None:
    """Rules: P-1 … P-7, Q-2 … Q-9, I-1, I-4, H-2 … H-7."""
    found = play(number)
    assert found["caught"], found
    assert found["files"] <= 8 and found["people"] <= 5, found


def test_the_page_of_the_gallery_has_every_mutant() -> None:
    figures = PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    listed = [line.split(" | ")[0][2:] for line in figures.splitlines() if line.startswith("| ")]
    assert listed[1:] == [each.name for each in GALLERY]


def test_the_figures_of_a_run_as_a_table() -> None:
    caught = {"name": "甲", "caught": True, "rule": "P-5", "stories": 4, "files": 2, "people": 1, "cpu_seconds": 5.5}
    shown = table([caught, {**caught, "stories": 8}, {"name": "乙", "caught": False}])
    assert "| 甲 | P-5 | 4 | 2 | 1 |" in shown and "| 乙 | — | 見つからない |  |  |" in shown
    assert "3のうち2を見つけました。" in shown and "生活史: 中央値 6、最大 8。" in shown
