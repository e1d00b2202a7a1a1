"""Life stories as a Hypothesis strategy: legal, repeatable as data, and plain once they are shrunk."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, find, given, settings

from kokuho_adapters.conformance.numbered_rows import numbered
from kokuho_adapters.files import LayoutBook, OpenFormatFile, OpenFormatFolder, as_table
from kokuho_core.conformance.expectation import ACCEPTED, HELD, REFUSED, Prefecture
from kokuho_core.conformance.story import CANCELLED, Story
from kokuho_core.conformance.strategies import THEMES, Theme, stories
from kokuho_core.vocabulary.identifiers import InsurerNumber

_REFUSING = ("refused overlap", "nobody left")
"""Events that end in a refusal: on purpose, or when somebody comes back to where he was never struck off (P-3)."""


@settings(max_examples=40)
@given(stories())
def test_drawn_stories_are_about_somebody(story: Story) -> None:
    assert story.steps and story.people >= 1
    days = [step.as_of for step in story.steps]
    assert days == sorted(days)
    for sending in story.sendings():
        assert sending.rows and all(row["insurer_number"] == sending.sender for row in sending.rows)


@pytest.mark.parametrize("theme", THEMES, ids=lambda each: each.name)
def test_drawn_stories_are_legal(theme: Theme) -> None:
    """Rules: P-3, X-4. Nothing is refused, but where the theme is about refusals."""
    results: set[str] = set()

    @settings(max_examples=12)
    @given(stories(theme))
    def collect(story: Story) -> None:
        model = Prefecture(story.insurers)
        for step in story.steps:
            results.update(each.result for (_, line), each in model.take(step).receipts.items() if line > 0)

    collect()
    assert results <= {ACCEPTED, HELD} | ({REFUSED} if set(_REFUSING) & set(theme.events) else set())


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(story=stories())
def test_drawn_stories_are_files_of_the_open_format(tmp_path: Path, story: Story) -> None:
    """Rules: S-17. Written, and read back as what they were."""
    book = LayoutBook.shipped()
    for number, sending in enumerate(story.sendings()):
        rows = [numbered(row) for row in sending.rows]
        folder = OpenFormatFolder(tmp_path, book, "utf-8", InsurerNumber(sending.sender))
        moment = datetime(2024, 6, 1, 9, number // 60 % 60, number % 60)
        name, count = folder.write(sending.file_id, InsurerNumber(sending.sender), moment, sending.sequence, *as_table(rows))
        folder.publish(name)
        layout = book.newest(sending.file_id)
        assert layout is not None and count == len(rows)
        file = OpenFormatFile.from_path(tmp_path / name, book, accept="municipality")
        read = [dict(zip(layout.keys, record.values, strict=True)) for record in file.records(layout.keys)]
        for row, again in zip(rows, read, strict=True):
            assert {key: again[key] for key in row} == row
        (tmp_path / name).unlink()


def test_a_story_shrinks_to_a_plain_one() -> None:
    """What fails for one cancelled record comes down to a few people and files (drawn stories have up to a dozen and more)."""

    def has_cancellation(story: Story) -> bool:
        return any(row["update_kind"] == CANCELLED for each in story.sendings() for row in each.rows)

    found = find(stories(), has_cancellation, random=Random(1), settings=settings(max_examples=400, deadline=None))
    assert found.people <= 4 and found.files <= 10
