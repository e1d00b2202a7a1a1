"""選択: where the generator of life stories takes its choices from, so that one generator serves Hypothesis and large runs."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Protocol, TypeVar

T = TypeVar("T")


class Choices(Protocol):
    """A source of choices. The first of several is the plainest, so that what shrinks towards it becomes plainer."""

    def below(self, end: int) -> int:
        """A number from 0 to ``end`` − 1."""
        ...


class SeededChoices:
    """Choices that a seed repeats, in every Python alike."""

    __slots__ = ("_draw",)

    def __init__(self, seed: str) -> None:
        self._draw = Random(seed).random  # invented lives, no secret # nosec B311

    def below(self, end: int) -> int:
        return int(self._draw() * end)


def pick(choices: Choices, values: Sequence[T]) -> T:
    """One of several; name one more than once to make it likelier."""
    return values[choices.below(len(values))]


def chance(choices: Choices, one_in: int) -> bool:
    """True once in ``one_in`` times; the plain case is False."""
    return choices.below(one_in) == one_in - 1
