"""Hypothesisの戦略: histories of a port for property tests of one's own, by the generator that the trials use.

    from hypothesis import given
    from kokuho_core.conformance.trials import StoresTrial
    from kokuho_core.conformance.trials.strategies import histories, require

    trial = StoresTrial(my_stores)

    @given(histories(trial))
    def test_our_stores(acts):
        require(trial, acts)

A history that fails shrinks towards few, plain acts. Needs the extra ``kokuho[conformance]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from kokuho_core.conformance.strategies import DrawnChoices
from kokuho_core.conformance.trials.harness import play
from kokuho_core.conformance.trials.trial import Trial

__all__ = ["histories", "require"]


@st.composite
def histories(draw: st.DrawFn, trial: Trial[Any]) -> tuple[Any, ...]:
    """履歴 of a trial."""
    return tuple(trial.history(DrawnChoices(draw)))


def require(trial: Trial[Any], acts: Sequence[Any]) -> None:
    """Play ``acts`` on a fresh system. Raises :class:`AssertionError` with the rule and the story where one is broken."""
    found = play(trial, acts)
    if found is not None:
        told = "\n".join(f"{number}. {each}" for number, each in enumerate(found.acts, 1))
        check = found.check
        raise AssertionError(f"{check.rule}\n{told}\n{check.what}: 期待 {check.expected}、実際 {check.actual}")
