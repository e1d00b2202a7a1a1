"""The checker of histories finds what is planted, and nothing in what is right."""

from __future__ import annotations

import pytest

from .history import Step, Transaction, anomalies


def read(key: int, *seen: int) -> Step:
    return Step(key, None, seen)


def append(key: int, item: int) -> Step:
    return Step(key, item)


def together(*each: tuple[Step, ...]) -> list[Transaction]:
    """Transactions that all ran at the same time, committed."""
    return [Transaction(number, steps, True, 0, 100) for number, steps in enumerate(each)]


X, Y = 1, 2
PLANTED = {
    "lost update": (together((read(X), append(X, 1)), (read(X), append(X, 2))), {X: [2]}),
    "item": (together((append(X, 1),)), {X: [1, 1]}),
    "never stood": (together((append(X, 1),), (append(X, 2),), (read(X, 2),)), {X: [1, 2]}),
    "G1a": ([*together((read(X, 9),)), Transaction(5, (append(X, 9),), False, 0, 100)], {X: [9]}),
    "G1b": (together((append(X, 1), append(X, 2)), (read(X, 1),)), {X: [1, 2]}),
    "G0": (together((append(X, 1), append(Y, 2)), (append(X, 3), append(Y, 4))), {X: [1, 3], Y: [4, 2]}),
    "G1c": (together((append(X, 1), read(Y, 2)), (append(Y, 2), read(X, 1))), {X: [1], Y: [2]}),
    "G-single": (together((append(X, 1), append(Y, 2)), (read(X, 1), read(Y))), {X: [1], Y: [2]}),
    "G2": (together((read(X), append(Y, 1)), (read(Y), append(X, 2))), {X: [2], Y: [1]}),
    "time": (
        [Transaction(0, (append(X, 1),), True, 0, 10), Transaction(1, (read(X),), True, 20, 30)],
        {X: [1]},
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_each_anomaly_is_found(name: str) -> None:
    """Rules: S-26."""
    history, final = PLANTED[name]
    found = anomalies(history, final)
    assert any(name in each for each in found), found


def test_what_is_right_is_left_alone() -> None:
    """Rules: S-26. One after the other in time, and others beside them that an order explains."""
    history = [
        Transaction(0, (read(X), append(X, 1), append(X, 2), read(X, 1, 2)), True, 0, 10),
        Transaction(1, (read(X, 1, 2), append(Y, 3)), True, 5, 20),
        Transaction(2, (read(Y, 3), append(X, 4)), True, 5, 30),
        Transaction(3, (read(X, 1, 2, 4), read(Y, 3)), True, 40, 50),
        Transaction(4, (append(X, 5), read(X, 1, 2, 4, 5)), False, 31, 39),
    ]
    assert anomalies(history, {X: [1, 2, 4], Y: [3]}) == []
