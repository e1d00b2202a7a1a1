"""束ねた生活史: many independent stories side by side in one prefecture, each with municipalities of its own.

A system is started once for all of them, so that thousands of stories take minutes. What deviates in a bundle is played again
alone before anything is said about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import zip_longest
from typing import Any, Final

from attrs import evolve

from kokuho_core.conformance.municipalities import insurer
from kokuho_core.conformance.story import DecisionMade, Pair, Sending, Step, Story
from kokuho_core.vocabulary.identifiers import InsurerNumber

MOST: Final = 250
"""Stories in one bundle: three municipalities each, and a prefecture has numbers for 999."""
_PEOPLE: Final = 10_000
"""Serials of 個人番号 set aside for each story."""


def side_by_side(stories: Sequence[Story]) -> tuple[Story, ...]:
    """The same stories, each with municipalities and people of its own, and all with the same business dates.

    Those whose municipalities merge get the first numbers, and the day of the merger, which no rule asks for, is left out:
    so most bundles have the same municipalities, and a prefecture that was made once serves for many.
    """
    stories = stories[:MOST]
    merging = [any(each.successor for each in story.insurers) for story in stories]
    places = {number: place for place, number in enumerate(sorted(range(len(stories)), key=lambda each: not merging[each]))}
    moved = [_relocated(story, places[number]) for number, story in enumerate(stories)]
    days: list[date] = []
    for together in zip_longest(*(story.steps for story in moved)):
        days.append(max([step.as_of for step in together if step is not None] + days[-1:]))
    return tuple(evolve(story, steps=tuple(_on(days, story.steps))) for story in moved)


def _on(days: Sequence[date], steps: Sequence[Step]) -> Iterator[Step]:
    for day, step in zip_longest(days, steps):
        yield Step(day) if step is None else evolve(step, as_of=day)


def _relocated(story: Story, place: int) -> Story:
    own = tuple(insurer(1 + place * 3 + serial, each.name) for serial, each in enumerate(story.insurers))
    numbers: Mapping[str, InsurerNumber] = {
        old.insurer_number: new.insurer_number for old, new in zip(story.insurers, own, strict=True)
    }
    insurers = tuple(
        evolve(new, successor=old.successor and numbers[old.successor])
        for old, new in zip(story.insurers, own, strict=True)
    )

    def row(values: Mapping[str, Any]) -> dict[str, Any]:
        moved = {**values, "insurer_number": numbers[values["insurer_number"]]}
        for key in ("individual_number", "previous_individual_number"):
            if values.get(key):
                moved[key] = values[key] + place * _PEOPLE
        return moved

    def sending(each: Sending) -> Sending:
        return evolve(each, sender=numbers[each.sender], rows=tuple(map(row, each.rows)))

    def decision(each: DecisionMade) -> DecisionMade:
        left, left_number, entered, entered_number = each.pair
        return evolve(each, pair=Pair(numbers[left], left_number, numbers[entered], entered_number))

    steps = (
        evolve(step, sendings=tuple(map(sending, step.sendings)), decisions=tuple(map(decision, step.decisions)))
        for step in story.steps
    )
    return Story(story.name, insurers, tuple(steps))
