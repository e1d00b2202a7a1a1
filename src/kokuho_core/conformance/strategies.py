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

__all__ = ["THEMES", "Theme", "stories"]


class DrawnChoices:
    """Choices of Hypothesis; the first of several is the plainest, which is what it shrinks towards."""

    __slots__ = ("_draw",)

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def below(self, end: int) -> int:
        number: int = self._draw(st.integers(0, end - 1))
        return number


@st.composite
def stories(draw: st.DrawFn, theme: Theme | None = None) -> Story:
    """生活史. ``theme``: one of :data:`THEMES`, or one of your own; without one it is drawn too."""
    return tell("hypothesis", DrawnChoices(draw), theme)
