"""試験の形: what is tried on a port, act by act, and what each act must lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeVar

from kokuho_core.conformance.choices import Choices
from kokuho_core.conformance.trials.rules import Port

Act = TypeVar("Act")


class Check(NamedTuple):
    """照合: one value that rests on ``rule``. ``what`` says in Japanese what it is; both sides are shown as texts, so no
    個人番号 stands in them."""

    rule: str
    what: str
    expected: Any
    actual: Any


class Trial(Protocol[Act]):
    """口の試験. An act is a frozen value whose ``str`` is a sentence for people.

    Any part of a history can be played: an act that names what is not there says so by no check. That is how histories
    shrink.
    """

    @property
    def port(self) -> Port: ...

    @property
    def rule_of_failures(self) -> str:
        """The rule that is broken where the system raises what it must not."""
        ...

    def history(self, choices: Choices) -> Iterator[Act]:
        """A history drawn from ``choices``."""
        ...

    def simpler(self, act: Act) -> Iterator[Act]:
        """Acts with less in them than ``act``, the simplest first."""
        ...

    def open(self) -> AbstractContextManager[Callable[[Act], Iterator[Check]]]:
        """A fresh system; what is given plays one act on it and tells what it led to, check by check."""
        ...


class NothingFresh(Exception):
    """There is no fresh system left for another history (:meth:`Trial.open`): a run ends with what was played so far."""


REFUSED = "拒否"
TAKEN = "受け付けられた"


def outcome(act: Callable[[], object]) -> str:
    """Whether the system refused: by whatever it raises, since a vendor's errors are its own."""
    try:
        act()
    except Exception:  # noqa: BLE001 - see above
        return REFUSED
    return TAKEN
