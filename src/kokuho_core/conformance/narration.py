"""物語: a life story as numbered sentences for people, in the words of the field, in Japanese or in English.

What is told is what was sent, record by record, and nothing else: a reader can enter the same records by hand. A 個人番号 never
stands here, since stories hold serials only (番号1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from attrs import define, field, frozen

from kokuho_core.conformance.cast import Cast, Who
from kokuho_core.conformance.sentences import Sentences
from kokuho_core.conformance.story import (
    CANCELLED,
    CORRECTED,
    HIGH_COST,
    HOUSEHOLD,
    PERSON,
    DecisionMade,
    Row,
    Sending,
    Step,
    Story,
)

_NOT_TOLD: Final = ("update_kind", "updated_at")


@frozen
class Sentence:
    """一文. ``is_about``: it speaks of somebody the fault is about."""

    number: int
    text: str
    is_about: bool = False


@frozen
class NarratedFile:
    """一つのファイル, or the decisions of a step. ``remark``: sent again, or waiting for an earlier file."""

    name: str
    remark: str
    sentences: tuple[Sentence, ...]


@frozen
class NarratedStep:
    """一回分."""

    heading: str
    files: tuple[NarratedFile, ...]


@frozen
class Narration:
    """物語. ``mergers``: which municipality took over which; ``people``: who the persons are, in one line each."""

    title: str
    mergers: tuple[str, ...]
    people: tuple[str, ...]
    steps: tuple[NarratedStep, ...]

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        return tuple(each for step in self.steps for file in step.files for each in file.sentences)

    @property
    def text(self) -> str:
        """Plain text; a line about somebody concerned begins with ▶ (> in English)."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        mark = ">" if self.title.isascii() else "▶"
        yield self.title
        yield from (f"  {each}" for each in (*self.mergers, *self.people))
        for step in self.steps:
            yield step.heading
            for file in step.files:
                yield f"  {file.name}{file.remark}"
                for each in file.sentences:
                    yield f"  {mark if each.is_about else ' '} {each.number}. {each.text}"


def narrate(story: Story, say: Sentences, about: Collection[Who] = ()) -> Narration:
    """Every record of a story as one sentence. ``about``: addressees whose sentences are marked."""
    cast = Cast.of(story)
    known = {each for who in about for someone in [cast.get(who)] if someone is not None for each in someone.addressees}
    return _Narrator(story, say, cast, frozenset(known)).tell()


@define
class _Narrator:
    story: Story
    say: Sentences
    cast: Cast
    about: frozenset[Who]
    number: int = 0
    _known: dict[tuple[Any, ...], Row] = field(factory=dict)
    _due: dict[tuple[str, str], int] = field(factory=dict)
    _sent: list[Sending] = field(factory=list)
    _waiting: set[tuple[str, str, int]] = field(factory=set)

    def tell(self) -> Narration:
        say = self.say
        people = tuple(
            say.someone(each.number, each.name, [say.addressee(who) for who in each.addressees], self._is_about(each.addressees))
            for each in self.cast.people
        )
        steps = tuple(self._step(place, step) for place, step in enumerate(self.story.steps, 1))
        mergers = tuple(
            say.merger(each.insurer_number, each.successor, each.valid_until) for each in self.story.insurers if each.successor
        )
        return Narration(say.title(self.story.name), mergers, people, steps)

    def _is_about(self, whos: Collection[Who]) -> bool:
        return not self.about.isdisjoint(whos)

    def _step(self, place: int, step: Step) -> NarratedStep:
        files = [self._decisions(step.decisions)] if step.decisions else []
        files += [self._file(each) for each in step.sendings]
        return NarratedStep(self.say.step(place, step.as_of, is_empty=not files), tuple(files))

    def _next(self, text: str, *, is_about: bool) -> Sentence:
        self.number += 1
        return Sentence(self.number, text, is_about)

    def _decisions(self, decisions: Collection[DecisionMade]) -> NarratedFile:
        sentences = [self._next(self.say.decided(each), is_about=False) for each in decisions]
        return NarratedFile(self.say.decisions(), "", tuple(sentences))

    def _file(self, sending: Sending) -> NarratedFile:
        if sending in self._sent:
            return NarratedFile(sending.name, self.say.sent_again(), ())
        self._sent.append(sending)
        remark = self._place_in_sequence(sending)
        sentences = [
            self._next(self._record(sending.file_id, row), is_about=_addressee(sending.file_id, row) in self.about)
            for row in sending.rows
        ]
        return NarratedFile(sending.name, remark, tuple(sentences))

    def _place_in_sequence(self, sending: Sending) -> str:
        """Files take effect in the sender's own order (X-2)."""
        key = (sending.sender, sending.file_id)
        due = self._due.setdefault(key, 1)
        if sending.sequence > due:
            self._waiting.add((*key, sending.sequence))
            return self.say.waits(due)
        while (*key, self._due[key] + 1) in self._waiting:
            self._due[key] += 1
        self._due[key] += 1
        return self.say.releases() if self._due[key] > due + 1 else ""

    def _record(self, file_id: str, row: Row) -> str:
        name = (file_id, *(row[key] for key in _IDENTITY[file_id]))
        before = self._known.get(name)
        kind = row["update_kind"]
        if kind == CANCELLED:
            return self.say.cancelled(file_id, row, self._who(file_id, row))
        self._known[name] = row
        if kind == CORRECTED:
            changes = [] if before is None else [key for key in row if key not in _NOT_TOLD and row[key] != before.get(key)]
            return self.say.corrected(file_id, row, self._who(file_id, row), before, changes)
        return self.say.new(file_id, row, self._who(file_id, row), is_again=before is not None)

    def _who(self, file_id: str, row: Row) -> str:
        who = _addressee(file_id, row)
        if who is None:
            return ""
        someone = self.cast.get(who)
        return self.say.person(someone.number, someone.name) if someone is not None else self.say.stranger(who[1])


def _addressee(file_id: str, row: Row) -> Who | None:
    """Whom a record speaks of: the person, or the head of the household."""
    key = {PERSON: "addressee_number", HOUSEHOLD: "head_addressee_number"}.get(file_id)
    return (row["insurer_number"], row[key]) if key is not None else None


_IDENTITY: Final = {
    PERSON: ("insurer_number", "addressee_number", "history_number"),
    HOUSEHOLD: ("insurer_number", "household_number", "history_number"),
    HIGH_COST: ("insurer_number", "household_number", "treatment_month", "occurrence_kind"),
}
"""What makes two records one thing, of which the later corrects or cancels the earlier."""
