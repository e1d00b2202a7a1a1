"""履歴の検査: whether there is an order of transactions, one after the other, that explains what each of them saw.

A transaction appends items to lists and reads lists. Since every item is appended once, a list as it is read tells in which order
its items were appended; from that follows which transaction must have come before which (write–write, write–read and
read–write dependencies), and time tells more: what was completed before another began came first. A circle among these is an
anomaly. The idea is that of Jepsen's list-append test (Kingsbury, Alvaro: Elle, VLDB 2020).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Final

from attrs import frozen

Node = tuple[str, int]


class Dependency(StrEnum):
    """Why one must have come before the other."""

    WRITE_WRITE = "ww"
    WRITE_READ = "wr"
    READ_WRITE = "rw"
    TIME = "time"


@frozen
class Step:
    """One append of ``item``, or one read that saw ``seen``."""

    key: int
    item: int | None = None
    seen: tuple[int, ...] = ()

    @property
    def is_append(self) -> bool:
        return self.item is not None


@frozen
class Transaction:
    """``invoked`` and ``completed`` by a clock that all processes share."""

    number: int
    steps: tuple[Step, ...]
    is_committed: bool
    invoked: int
    completed: int

    def appended(self, key: int) -> list[int]:
        return [step.item for step in self.steps if step.key == key and step.item is not None]


History = Sequence[Transaction]


def anomalies(history: History, final: Mapping[int, Sequence[int]]) -> list[str]:
    """What no order explains; ``final`` is each list as it stands after everything. None for a history that is right."""
    return [*_of_lists(history, final), *_of_order(history, final)]


# --- what is wrong by itself ---


def _of_lists(history: History, final: Mapping[int, Sequence[int]]) -> Iterator[str]:
    for key, items in final.items():
        for item, count in Counter(items).items():
            if count > 1:
                yield f"item {item} stands twice in {key}"
    writer = _writers(history)
    for each in history:
        for step in each.steps:
            if not step.is_append:
                yield from _of_read(each, step, final.get(step.key, ()), writer)
            elif each.is_committed and step.item not in final.get(step.key, ()):
                yield f"lost update: {step.item} in {step.key}"


def _of_read(
    reader: Transaction, step: Step, standing: Sequence[int], writer: Mapping[int, Transaction]
) -> Iterator[str]:
    is_own = not reader.is_committed and bool(set(step.seen) & set(reader.appended(step.key)))
    if list(step.seen) != list(standing[: len(step.seen)]) and not is_own:
        yield f"{reader.number} read {list(step.seen)} of {step.key}, which never stood"
    for item in step.seen:
        author = writer.get(item)
        if author is None or (not author.is_committed and author is not reader):
            yield f"G1a: {reader.number} read {item}, which was never committed"
    last = writer.get(step.seen[-1]) if step.seen else None
    if last is not None and last is not reader and last.appended(step.key)[-1] != step.seen[-1]:
        yield f"G1b: {reader.number} read {step.seen[-1]}, which {last.number} had not finished"


def _writers(history: History) -> dict[int, Transaction]:
    return {step.item: each for each in history for step in each.steps if step.item is not None}


# --- circles ---


def _of_order(history: History, final: Mapping[int, Sequence[int]]) -> Iterator[str]:
    edges = _dependencies([each for each in history if each.is_committed], final)
    for circle in _circles(edges):
        inside = set(circle)
        kinds = [kind for one in circle for other, kind in edges[one].items() if other in inside]
        members = sorted(number for kind, number in circle if kind == "transaction")
        yield f"{_name(kinds)}: {members}"


def _name(kinds: Sequence[Dependency]) -> str:
    against = kinds.count(Dependency.READ_WRITE)
    if Dependency.TIME in kinds:
        return "not in the order of time"
    if against:
        return "G-single (read skew)" if against == 1 else "G2 (write skew)"
    return "G1c" if Dependency.WRITE_READ in kinds else "G0"


def _dependencies(history: History, final: Mapping[int, Sequence[int]]) -> dict[Node, dict[Node, Dependency]]:
    writer = _writers(history)
    edges: dict[Node, dict[Node, Dependency]] = defaultdict(dict)

    def add(one: Transaction, other: Transaction, kind: Dependency) -> None:
        if one is not other:
            edges["transaction", one.number].setdefault(("transaction", other.number), kind)

    for items in final.values():
        for item, following in pairwise(items):
            if item in writer and following in writer:
                add(writer[item], writer[following], Dependency.WRITE_WRITE)
    for each in history:
        for step in each.steps:
            if step.is_append:
                continue
            standing = final.get(step.key, ())
            if step.seen and step.seen[-1] in writer:
                add(writer[step.seen[-1]], each, Dependency.WRITE_READ)
            if len(step.seen) < len(standing) and standing[len(step.seen)] in writer:
                add(each, writer[standing[len(step.seen)]], Dependency.READ_WRITE)
    _add_time(history, edges)
    return edges


def _add_time(history: History, edges: dict[Node, dict[Node, Dependency]]) -> None:
    """Through moments, so that there are as many edges as transactions, not as pairs of them."""
    last: Node | None = None
    events = sorted(
        [(each.invoked, 1, each.number) for each in history] + [(each.completed, 0, each.number) for each in history]
    )
    for place, (_, is_invocation, number) in enumerate(events):
        if is_invocation:
            if last is not None:
                edges[last]["transaction", number] = Dependency.TIME
            continue
        moment = ("moment", place)
        edges["transaction", number][moment] = Dependency.TIME
        if last is not None:
            edges[last][moment] = Dependency.TIME
        last = moment


def _circles(edges: Mapping[Node, Mapping[Node, Dependency]]) -> Iterator[list[Node]]:
    """Strongly connected components of more than one (Tarjan's, without recursion)."""
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    stack: list[Node] = []
    on_stack: set[Node] = set()
    for root in list(edges):
        if root in index:
            continue
        work = [(root, iter(edges.get(root, ())))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, others = work[-1]
            for other in others:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(edges.get(other, ()))))
                    break
                if other in on_stack:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    found = []
                    while True:
                        found.append(stack.pop())
                        on_stack.discard(found[-1])
                        if found[-1] == node:
                            break
                    if len(found) > 1:
                        yield found


FIRST_ITEM_OF_PROCESS: Final = 1_000_000
"""Items and numbers of different processes are never the same."""
