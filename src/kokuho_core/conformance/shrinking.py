"""縮約: from a long story with a fault to the shortest one that still shows it.

Whole people, households, steps, files and records are left out one after the other, as long as the same fault remains and the
municipalities would not send anything wrong that they did not send before: a story must stay one that could happen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from attrs import evolve

from kokuho_core.conformance.expectation import REFUSED, Prefecture
from kokuho_core.conformance.story import CORRECTED, HOUSEHOLD, NEW, PERSON, Row, Sending, Step, Story

ShowsFault = Callable[[Story], bool]
"""Whether a story shows the fault that is looked for."""

_ROUNDS: Final = 4
_Place = tuple[str, str, int, int]
"""A record by sender, FILE_ID, sequence of its file and place in it."""
_RECORD_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    PERSON: ("insurer_number", "addressee_number", "history_number"),
    HOUSEHOLD: ("insurer_number", "household_number", "history_number"),
}
"""What identifies a record that may be corrected."""


def shrink(story: Story, shows_fault: ShowsFault, *, most_tries: int = 200) -> tuple[Story, int]:
    """The shortest story found, and how many were tried. ``most_tries`` bounds the runs of the system under test."""
    left = most_tries
    allowed = _refused(story)
    for _ in range(_ROUNDS):
        before = story
        for shorter in (_without_step, _without_subject, _without_decision, _without_row, _in_one_step, _in_one_file):
            tried = True
            while tried and left > 0:
                tried = False
                for candidate in shorter(story):
                    if _refused(candidate) > allowed:
                        continue
                    left -= 1
                    if shows_fault(candidate):
                        story, tried = candidate, True
                        break
                    if left <= 0:
                        break
        if story == before or left <= 0:
            break
    return story, most_tries - left


def _refused(story: Story) -> int:
    model = Prefecture(story.insurers)
    return sum(each.result == REFUSED for step in story.steps for each in model.take(step).receipts.values())


def _rebuilt(story: Story, keep: Callable[[Sending, Row], bool]) -> Story:
    """Only the records that are kept; files without any fall away, and the sequences close up."""
    places: dict[tuple[str, str], dict[int, int]] = {}
    for sending in sorted(story.sendings(), key=lambda each: each.sequence):
        if any(keep(sending, row) for row in sending.rows):
            numbers = places.setdefault((sending.sender, sending.file_id), {})
            numbers[sending.sequence] = len(numbers) + 1
    steps = []
    for step in story.steps:
        sendings = []
        for sending in step.sendings:
            number = places.get((sending.sender, sending.file_id), {}).get(sending.sequence)
            if number is not None:
                rows = tuple(row for row in sending.rows if keep(sending, row))
                sendings.append(evolve(sending, sequence=number, rows=rows))
        steps.append(evolve(step, sendings=tuple(sendings)))
    return evolve(story, steps=tuple(steps))


def _without_step(story: Story) -> Iterator[Story]:
    """The last steps first; then steps in which nothing arrives and nothing is decided."""
    for length in range(1, len(story.steps)):
        yield evolve(story, steps=story.steps[:length])
    for place, step in enumerate(story.steps[:-1]):
        if not step.sendings and not step.decisions:
            yield evolve(story, steps=(*story.steps[:place], *story.steps[place + 1 :]))


def _without_subject(story: Story) -> Iterator[Story]:
    """Without one person everywhere, or without one household's records and months."""
    rows = [(sending, row) for sending in story.sendings() for row in sending.rows]
    people = sorted({_person(row) for sending, row in rows if sending.file_id == PERSON}, key=repr)
    for person in people if len(people) > 1 else ():
        yield _rebuilt(story, _all_but(_is_of_person, person))
    for home in sorted({_home(row) for sending, row in rows if sending.file_id != PERSON}):
        yield _rebuilt(story, _all_but(_is_of_home, home))


def _all_but(is_about: Callable[[Sending, Row, Any], bool], subject: Any) -> Callable[[Sending, Row], bool]:
    return lambda sending, row: not is_about(sending, row, subject)


def _is_of_person(sending: Sending, row: Row, person: Any) -> bool:
    return sending.file_id == PERSON and _person(row) == person


def _is_of_home(sending: Sending, row: Row, home: Any) -> bool:
    return sending.file_id != PERSON and _home(row) == home


def _without_decision(story: Story) -> Iterator[Story]:
    for place, step in enumerate(story.steps):
        for number in range(len(step.decisions)):
            decisions = step.decisions[:number] + step.decisions[number + 1 :]
            yield evolve(story, steps=_replaced(story, place, evolve(step, decisions=decisions)))


def _without_row(story: Story) -> Iterator[Story]:
    """Without one record; and with two records of one thing told as the last of them at once."""
    places = [
        (sending.sender, sending.file_id, sending.sequence, place)
        for sending in story.sendings()
        for place in range(len(sending.rows))
    ]
    for gone in reversed(places):
        yield _rebuilt(story, _all_but(_is_at, gone))
    yield from _told_at_once(story)


def _told_at_once(story: Story) -> Iterator[Story]:
    """A new record followed by its correction becomes one new record, as if the office had known at once."""
    rows = [(sending, row) for sending in story.sendings() for row in sending.rows]
    for sending, row in rows:
        if row["update_kind"] != NEW:
            continue
        corrections = (
            each for other, each in rows
            if other.file_id == sending.file_id and each["update_kind"] == CORRECTED
            and _record(other, each) == _record(sending, row)
        )  # fmt: skip
        correction = next(corrections, None)
        if correction is not None:
            yield _rebuilt(_with(story, row, {**correction, "update_kind": NEW}), _all_but(_is_same_row, correction))


def _with(story: Story, row: Row, instead: Row) -> Story:
    """One record in place of another, wherever its file is sent."""

    def replaced(sending: Sending) -> Sending:
        return evolve(sending, rows=tuple(instead if each is row else each for each in sending.rows))

    steps = (evolve(step, sendings=tuple(map(replaced, step.sendings))) for step in story.steps)
    return evolve(story, steps=tuple(steps))


def _is_same_row(_: Sending, row: Row, other: Any) -> bool:
    return row is other


def _in_one_step(story: Story) -> Iterator[Story]:
    """Two steps told in one, on the business date of the second."""
    for place in range(len(story.steps) - 1):
        first, second = story.steps[place], story.steps[place + 1]
        if not first.decisions and not second.decisions:
            together = Step(second.as_of, first.sendings + second.sendings)
            yield evolve(story, steps=(*story.steps[:place], together, *story.steps[place + 2 :]))


def _in_one_file(story: Story) -> Iterator[Story]:
    """Two files of one sender that arrive in one step become one."""
    for place, step in enumerate(story.steps):
        for first in step.sendings:
            for second in step.sendings:
                same = (first.sender, first.file_id) == (second.sender, second.file_id)
                if same and second.sequence == first.sequence + 1:
                    merged = evolve(first, rows=first.rows + second.rows)
                    kept = tuple(merged if each == first else each for each in step.sendings if each != second)
                    steps = _replaced(story, place, evolve(step, sendings=kept))
                    yield _rebuilt(evolve(story, steps=steps), lambda *_: True)


def _replaced(story: Story, place: int, step: Step) -> tuple[Step, ...]:
    return (*story.steps[:place], step, *story.steps[place + 1 :])


def _person(row: Row) -> Any:
    return row["individual_number"] or (row["insurer_number"], row["addressee_number"])


def _home(row: Row) -> tuple[str, str]:
    return row["insurer_number"], row["household_number"]


def _record(sending: Sending, row: Row) -> tuple[Any, ...]:
    return tuple(row[key] for key in _RECORD_KEYS.get(sending.file_id, ("insurer_number", "household_number", "updated_at")))


def _is_at(sending: Sending, row: Row, place: _Place) -> bool:
    sender, file_id, sequence, number = place
    return (sending.sender, sending.file_id, sending.sequence) == (sender, file_id, sequence) and row is sending.rows[number]
