"""世帯の継続性の事例: the words of a municipal page as persons, heads and moves, judged by the library."""

from __future__ import annotations

from typing import Any

from kokuho_core.vocabulary.codes import Suggestion

from ..core.test_comparison import ENTERED, LEFT, MOVE, Rows, at, comes, compared, h, leaves, moves, residents_of, stays


def continuity(inputs: dict[str, Any]) -> Suggestion:
    """判定参考 for what the case describes. Raises :class:`KeyError` for an event nobody has put into facts yet."""
    event = inputs["event"]
    for word, judged in _EVENTS.items():
        if word in event:
            return judged(inputs)
    raise KeyError(event)


def _judge(persons: dict[str, Rows], heads: dict[tuple[str, str], list[dict[str, Any]]], movers: str) -> Suggestion:
    return compared(residents_of(persons, heads), movers).suggestion


def _member_moves(inputs: dict[str, Any]) -> Suggestion:
    """Somebody moves, was head or not, becomes head or not (then somebody living there is)."""
    mover = "h" if inputs["head_before"] else "m"
    persons = {"h": stays(LEFT), "m": stays(LEFT), "c": stays(ENTERED)} | {mover: moves()}
    left = [h("h", end=MOVE), h("m", MOVE, history=2)] if mover == "h" else [h("h")]
    entered = [h("c", end=MOVE), h(mover, MOVE, history=2)] if inputs["head_after"] else [h("c")]
    return _judge(persons, {LEFT: left, ENTERED: entered}, mover)


def _whole_household(inputs: dict[str, Any]) -> Suggestion:
    head = "h" if inputs.get("head_unchanged", True) else "m"
    return _judge({"h": moves(), "m": moves()}, {LEFT: [h("h", end=MOVE)], ENTERED: [h(head, MOVE)]}, "h m")


def _head_changes(_: dict[str, Any]) -> Suggestion:
    return _whole_household({"head_unchanged": False})


def _gain(_: dict[str, Any]) -> Suggestion:
    persons = {"h": moves(), "k": comes("02"), "j": [at(ENTERED, MOVE, "03")]}
    return _judge(persons, {LEFT: [h("h", end=MOVE)], ENTERED: [h("h", MOVE)]}, "h")


def _loss(_: dict[str, Any]) -> Suggestion:
    persons = {"h": moves(), "m": leaves("52"), "j": leaves("53")}
    return _judge(persons, {LEFT: [h("h", end=MOVE)], ENTERED: [h("h", MOVE)]}, "h")


def _split(inputs: dict[str, Any]) -> Suggestion:
    """The head afterwards was head of the household left, or of none."""
    if inputs.get("head_after_was_head_of") == "old_household":
        return _judge(
            {"h": moves(), "m": stays(LEFT)},
            {LEFT: [h("h", end=MOVE), h("m", MOVE, history=2)], ENTERED: [h("h", MOVE)]},
            "h",
        )
    return _judge({"h": stays(LEFT), "m": moves()}, {LEFT: [h("h")], ENTERED: [h("m", MOVE)]}, "m")


def _merger(inputs: dict[str, Any]) -> Suggestion:
    """The household left joins another one, under its own head or that of the other."""
    own = inputs.get("head_after_was_head_of") == "old_household"
    entered = [h("c", end=MOVE), h("h", MOVE, history=2)] if own else [h("c")]
    return _judge({"h": moves(), "c": stays(ENTERED)}, {LEFT: [h("h", end=MOVE)], ENTERED: entered}, "h")


def _independence(_: dict[str, Any]) -> Suggestion:
    """A member leaves the household alone and becomes a head: he was none before."""
    return _split({})


_EVENTS = {
    "independ": _independence,
    "address": _whole_household,
    "whole_household": _whole_household,
    "head_change": _head_changes,
    "gain": _gain,
    "loss": _loss,
    "split": _split,
    "merge": _merger,
    "move": _member_moves,
}
"""By a word of the event's name, the more special ones first."""
