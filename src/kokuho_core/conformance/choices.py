"""選択: where the generators of life stories and of synthetic prefectures take their choices from.

So one generator serves Hypothesis, which shrinks what it has chosen, and large runs, which a seed repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol, TypeVar

T = TypeVar("T")


class Choices(Protocol):
    """A source of choices. The first of several is the plainest, so that what shrinks towards it becomes plainer."""

    def below(self, end: int) -> int:
        """A number from 0 to ``end`` − 1."""
        ...


class Shares(Choices, Protocol):
    """Choices of what follows a distribution, such as ages and amounts."""

    @property
    def share(self) -> Callable[[], float]:
        """A part of one: from 0 on, below 1."""
        ...


class SeededChoices:
    """Choices that a seed repeats, in every Python alike."""

    __slots__ = ("_random", "share")

    def __init__(self, seed: str | int = 0) -> None:
        self._random = Random(seed)  # invented lives, no secret # nosec B311
        self.share = self._random.random  # the very method, as prefectures draw millions

    def begun(self, seed: str | int) -> SeededChoices:
        """These choices, begun anew with another seed: quicker than to make new ones."""
        self._random.seed(seed)
        return self

    def below(self, end: int) -> int:
        return int(self.share() * end)


def pick(choices: Choices, values: Sequence[T]) -> T:
    """One of several; name one more than once to make it likelier."""
    return values[choices.below(len(values))]


def chance(choices: Choices, one_in: int) -> bool:
    """True once in ``one_in`` times; the plain case is False."""
    return choices.below(one_in) == one_in - 1
