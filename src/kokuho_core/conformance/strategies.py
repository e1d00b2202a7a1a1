"""Hypothesisの戦略: life stories for property tests of one's own, by the generator that the conformance runs use.

    from hypothesis import given
    from kokuho_core.conformance.strategies import stories

    @given(stories())
    def test_what_we_promise(story): ...

A story that fails shrinks towards few, plain events. Needs the extra ``kokuho[conformance]``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from kokuho_core.conformance.lives import THEMES, Theme, tell
from kokuho_core.conformance.story import Story
from kokuho_core.synthetic.plan import PrefecturePlan
from kokuho_core.synthetic.prefecture import tell_household
from kokuho_core.synthetic.rows import Message

__all__ = ["THEMES", "Theme", "households", "stories"]


class DrawnChoices:
    """Choices of Hypothesis; the first of several is the plainest, which is what it shrinks towards."""

    __slots__ = ("_draw",)

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def below(self, end: int) -> int:
        number: int = self._draw(st.integers(0, end - 1))
        return number

    @property
    def share(self) -> Callable[[], float]:
        return lambda: float(self._draw(st.floats(0, 1, exclude_max=True)))


@st.composite
def stories(draw: st.DrawFn, theme: Theme | None = None) -> Story:
    """生活史. ``theme``: one of :data:`THEMES`, or one of your own; without one it is drawn too."""
    return tell("hypothesis", DrawnChoices(draw), theme)


@st.composite
def households(draw: st.DrawFn, plan: PrefecturePlan, position: int) -> list[Message]:
    """世帯の一生 in a synthetic prefecture, as ``kokuho generate`` tells it: the initial load and the change of the household
    that stands at ``position`` of ``plan``."""
    choices = DrawnChoices(draw)
    return tell_household(plan, plan.at_position(position), choices, lambda site: choices)
