"""生活史: what municipalities send about a few people over the years, step by step, with the decisions of their offices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from attrs import frozen

from kokuho_core.vocabulary.insurers import Insurer

PERSON: Final = "SKKOJIN"
HOUSEHOLD: Final = "SKSETAI"
HIGH_COST: Final = "KOGAKU"
DECISION: Final = "KEISHIJI"

NEW, CORRECTED, CANCELLED = "1", "2", "3"
"""``update_kind`` (更新区分): 新規, 訂正, 取消."""

Row = Mapping[str, Any]
"""Layout key to value. 個人番号 stand as serials (1, 2, …): a door makes synthetic numbers of them, a story holds none."""


class Pair(NamedTuple):
    """継続候補の組: household left and household entered, by which a story names a candidate (H-6)."""

    from_insurer: str
    from_household_number: str
    insurer_number: str
    household_number: str


@frozen
class Sending:
    """送付: one file of one municipality, by its place in the sender's own sequence."""

    file_id: str
    sender: str
    sequence: int
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """Short name for people: which file of whom."""
        return f"{self.file_id}_{self.sender}_{self.sequence:04d}"


@frozen
class DecisionMade:
    """確定指示: a decision on a candidate. The candidate's number is the system's own, so the pair stands here."""

    pair: Pair
    decision: str
    decided_on: date


@frozen
class Step:
    """一回分: decisions, then files in the order given, then the judgement of business date ``as_of``."""

    as_of: date
    sendings: tuple[Sending, ...] = ()
    decisions: tuple[DecisionMade, ...] = ()


@frozen
class Story:
    """生活史. ``name`` says where it comes from (seed and number, or the file it was read from)."""

    name: str
    insurers: tuple[Insurer, ...]
    steps: tuple[Step, ...]

    def sendings(self) -> Iterator[Sending]:
        """Files that differ, in the order they were first sent."""
        seen: list[Sending] = []
        for each in (sending for step in self.steps for sending in step.sendings):
            if each not in seen:
                seen.append(each)
                yield each

    @property
    def files(self) -> int:
        """How many files are sent, repetitions and decisions included."""
        return sum(
            len(step.sendings) + len({each.pair.insurer_number for each in step.decisions}) for step in self.steps
        )

    @property
    def people(self) -> int:
        """How many people the files are about: addressees with one number are one person."""
        people: set[Any] = set()
        for sending in (each for step in self.steps for each in step.sendings):
            if sending.file_id == PERSON:
                people |= {
                    row["individual_number"] or (row["insurer_number"], row["addressee_number"]) for row in sending.rows
                }
        return len(people)
