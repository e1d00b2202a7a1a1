"""県の中の生活史: life stories as municipalities of a synthetic prefecture send them, among everybody else's changes.

A story keeps the order of its records; its steps become the initial load and the change files. What needs an answer of the
aggregation, its decisions, is not told. Left out are stories of municipalities that merge: the prefecture's own do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from attrs import frozen

from kokuho_core.conformance.choices import SeededChoices, pick
from kokuho_core.conformance.lives import INSURERS, THEMES, tell
from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.high_cost_history.record import HIGH_COST_KEYS
from kokuho_core.household.record import HOUSEHOLD_KEYS
from kokuho_core.insured_person.record import PERSON_KEYS
from kokuho_core.synthetic.plan import CHANGE_SEQUENCES, INITIAL_LOAD, SLOTS, PrefecturePlan
from kokuho_core.synthetic.rows import DAY, HIGH_COST, HOUSEHOLD, PERSON, Message, Row
from kokuho_core.vocabulary.insurers import Insurer

MOST: Final = 99_999
"""Stories in one prefecture."""
_PEOPLE: Final = 10_000
"""Serials of 個人番号 set aside for each story."""
_IN_STORIES: Final = "8"
"""First digit of household and addressee numbers, which no household of the prefecture's own has."""
_THEMES: Final = tuple(each for each in THEMES if "municipalities merge" not in each.events)
_NOTHING: Final[Mapping[str, Row]] = {
    file_id: dict.fromkeys(keys, "")
    for file_id, keys in ((PERSON, PERSON_KEYS), (HOUSEHOLD, HOUSEHOLD_KEYS), (HIGH_COST, HIGH_COST_KEYS))
}
_PERSONAL: Final = ("individual_number", "previous_individual_number")
_OWN_NUMBERS: Final = ("addressee_number", "head_addressee_number", "household_number", "card_number")


def tell_stories(plan: PrefecturePlan, stories: int) -> Iterator[list[Message]]:
    """What is told in each of so many life stories, of the plan's seed.

    Raises :class:`InvalidValue` (KKH-C010) where the prefecture has too few municipalities for a story, or for too many stories.
    """
    if not 0 <= stories <= MOST or (stories and len(plan.insurers) < len(INSURERS)):
        raise InvalidValue(Problem("KKH-C010", field="stories"))
    return (list(_Placed(plan, number).messages()) for number in range(stories))


@frozen
class _Placed:
    """A story at its place in the prefecture."""

    plan: PrefecturePlan
    number: int

    def messages(self) -> Iterator[Message]:
        name = f"{self.plan.seed}/{self.number}"
        choices = SeededChoices(name)
        story = tell(name, choices, pick(choices, _THEMES))
        seen = []
        for place, step in enumerate(story.steps):
            sequence = min(INITIAL_LOAD + place, CHANGE_SEQUENCES[-1])
            for sending in step.sendings:
                if sending not in seen:  # the same file once more would be the same records once more
                    seen.append(sending)
                    for row in sending.rows:
                        yield sequence, sending.file_id, self._row(sending.file_id, row)

    def _row(self, file_id: str, said: Mapping[str, Any]) -> Row:
        there, here = self._offices()[said["insurer_number"]]
        row = {**_NOTHING[file_id], **{key: _text(value) for key, value in said.items()}}
        row["insurer_number"] = here.insurer_number
        for key in _OWN_NUMBERS:
            if row.get(key):
                row[key] = f"{_IN_STORIES}{self.number:05d}{int(row[key]):03d}"
        for key in _PERSONAL:
            if row.get(key):
                row[key] = self.plan.numbers.of(self.plan.households * SLOTS + self.number * _PEOPLE + said[key])
        if "address" in row:
            row["address"] = row["address"].replace(there.name, here.name)
        return row

    def _offices(self) -> Mapping[str, tuple[Insurer, Insurer]]:
        """Municipalities of stories by their numbers, each with the one of the prefecture that stands for it."""
        here: Sequence[Insurer] = self.plan.insurers
        places = ((self.number * len(INSURERS) + place) % len(here) for place in range(len(INSURERS)))
        return {each.insurer_number: (each, here[place]) for each, place in zip(INSURERS, places, strict=True)}


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return f"{value:%Y%m%d%H%M%S}"
        case date():
            return DAY[value.toordinal()]
        case _:
            return str(value)
