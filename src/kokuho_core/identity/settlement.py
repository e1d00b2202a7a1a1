"""同一人判定: settles one connected group of records into persons, and holds what conflicts (I-1, X-6, X-34).

Messages are replayed in received order. A conflicting one is held and tried again whenever the standing facts change, so
«a held record takes effect as soon as the conflict is gone» holds by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import combinations

from attrs import evolve, field, frozen, mutable

from kokuho_core.insured_person.application_period import application_periods
from kokuho_core.insured_person.fact import IdentityVerdict, PersonFact, RowKey
from kokuho_core.insured_person.person import live_rows
from kokuho_core.periods import overlapping_pairs
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import Addressee, Source
from kokuho_core.vocabulary.individual_number import NumberIndex


class ConflictCause(StrEnum):
    """不一致の理由 (X-6)."""

    BIRTH_OR_SEX = "birth or sex differs"
    SECOND_ADDRESSEE = "second addressee in one municipality"
    SECOND_NUMBER = "second number for one addressee"
    OVERLAP = "periods overlap while an older version stands"


@frozen
class IdentityConflict:
    """本人確認不一致: a held record and the standing one it conflicts with."""

    held: PersonFact
    known: PersonFact
    cause: ConflictCause


@frozen
class SettledPerson:
    """同一人: the addressees that are one person, with the numbers known for him (several after a change)."""

    addressees: tuple[Addressee, ...]
    numbers: frozenset[NumberIndex]
    rows: tuple[PersonFact, ...] = field(default=(), eq=False, repr=False)
    """The rows in force in all municipalities, by addressee and history number."""


@frozen
class Settlement:
    """判定結果 of one connected group."""

    persons: tuple[SettledPerson, ...]
    conflicts: tuple[IdentityConflict, ...]
    held: frozenset[Source] = frozenset()
    """Records that never took effect: those waiting, and those a newer version replaced while they waited."""


def settle(messages: Sequence[PersonFact]) -> Settlement:
    """Settle all messages of one connected group, in received order."""
    if _is_trivial(messages):
        standing = live_rows(messages)
        if not standing:
            return Settlement((), ())
        numbers = frozenset({m.number for m in standing if m.number is not None})
        return Settlement((SettledPerson((messages[0].addressee,), numbers, tuple(standing)),), ())
    replay = _Replay()
    for message in messages:
        replay.take(message)
    held = frozenset(m.source for m in messages if m.update_kind != UpdateKind.CANCELLATION) - replay.stood
    return Settlement(replay.persons(), replay.conflicts(), held)


def is_alone(messages: Sequence[PersonFact]) -> bool:
    """Whether settling has nothing to do: one message in all, which stands and names one number at most."""
    first = messages[0]
    return len(messages) == 1 and first.previous_number is None and first.update_kind != UpdateKind.CANCELLATION


def _first_of_each(facts: Iterable[PersonFact]) -> list[PersonFact]:
    """One fact of each addressee."""
    return list({fact.addressee: fact for fact in facts}.values())


def _overlaps_itself(message: PersonFact, trial: Sequence[PersonFact]) -> IdentityConflict | None:
    """P-3: beside an older version that still stands, a record may overlap its own municipality's periods; then it waits."""
    own = sorted((f for f in trial if f.addressee == message.addressee), key=lambda fact: fact.history_number)
    periods = application_periods(own)
    if overlapping_pairs([period.days for period in periods]):
        other = next((f for f in own if f.row != message.row), message)
        return IdentityConflict(message, other, ConflictCause.OVERLAP)
    return None


def _is_trivial(messages: Sequence[PersonFact]) -> bool:
    """One addressee with at most one number: nothing can conflict."""
    if is_alone(messages):
        return True
    first = messages[0]
    number = next((m.number for m in messages if m.number is not None), None)
    return all(
        m.addressee_number == first.addressee_number
        and m.insurer_number == first.insurer_number
        and m.previous_number is None
        and (m.number is None or m.number == number)
        for m in messages
    )


@mutable
class _Replay:
    """The standing facts while messages are replayed."""

    standing: dict[RowKey, PersonFact] = field(factory=dict)
    links: dict[RowKey, list[tuple[NumberIndex, NumberIndex]]] = field(factory=dict)
    waiting: list[IdentityConflict] = field(factory=list)
    stood: set[Source] = field(factory=set)

    def take(self, message: PersonFact) -> None:
        if message.update_kind == UpdateKind.CANCELLATION:
            self.standing.pop(message.row, None)
            self.links.pop(message.row, None)
            self._forget_waiting(message.row)
        else:
            self._forget_waiting(message.row)  # a newer version takes the place of a waiting one
            if message.verdict == IdentityVerdict.DIFFERENT:
                message = evolve(message, number=None, previous_number=None)
            conflict = None if message.verdict == IdentityVerdict.SAME else self._conflict_of([message])
            if conflict is not None:
                self.waiting.append(conflict)
            else:
                self._stand(message)
        self._retry()

    def _stand(self, message: PersonFact) -> None:
        self.standing[message.row] = message
        self.stood.add(message.source)
        if message.number is not None and message.previous_number is not None:
            self.links.setdefault(message.row, []).append((message.previous_number, message.number))

    def _forget_waiting(self, row: RowKey) -> None:
        self.waiting = [waiting for waiting in self.waiting if waiting.held.row != row]

    def _retry(self) -> None:
        """Held records take effect as soon as their conflict is gone, the earliest received first (X-6).

        Two that only block each other (both sides correct the same wrong birth date) take effect together.
        """
        while self.waiting:
            held = sorted((waiting.held for waiting in self.waiting), key=lambda fact: fact.received)
            attempts = [*([fact] for fact in held), *map(list, combinations(held, 2)), held]
            free = next((attempt for attempt in attempts if self._conflict_of(attempt) is None), None)
            if free is None:
                break
            for message in free:
                self._stand(message)
                self._forget_waiting(message.row)
        self.waiting = [self._conflict_of([waiting.held]) or waiting for waiting in self.waiting]

    def same_numbers(self, numbers: Iterable[NumberIndex | None]) -> set[NumberIndex]:
        """All numbers known to be the same person's as ``numbers``, by accepted number changes (I-4)."""
        found = {number for number in numbers if number is not None}
        links = [link for per_row in self.links.values() for link in per_row]
        grown = True
        while grown:
            before = len(found)
            for old, new in links:
                if old in found or new in found:
                    found |= {old, new}
            grown = len(found) > before
        return found

    def _conflict_of(self, messages: Sequence[PersonFact]) -> IdentityConflict | None:
        """The first conflict that would arise if ``messages`` stood, each in place of its own older version."""
        replaced = {message.row for message in messages}
        rest = sorted((f for f in self.standing.values() if f.row not in replaced), key=lambda fact: fact.received)
        trial = [*rest, *messages]
        for message in messages:
            conflict = (
                self._clash(message, trial)
                or self._changes_whole_person(message, rest)
                or _overlaps_itself(message, trial)
            )
            if conflict is not None:
                return conflict
        return None

    def _clash(self, message: PersonFact, trial: Sequence[PersonFact]) -> IdentityConflict | None:
        """I-1, X-6: against everybody else who stands under the number, and the addressee's own other records."""
        if message.number is None:
            return None
        numbers = self.same_numbers((message.number, message.previous_number))
        own = [f for f in trial if f.addressee == message.addressee and f.row != message.row and f.number is not None]
        if own and not any(fact.number in numbers for fact in own):
            return IdentityConflict(message, own[0], ConflictCause.SECOND_NUMBER)
        for other in _first_of_each(f for f in trial if f.addressee != message.addressee and f.number in numbers):
            newest = max((f for f in trial if f.addressee == other.addressee), key=lambda fact: fact.history_number)
            if other.insurer_number == message.insurer_number:
                return IdentityConflict(message, newest, ConflictCause.SECOND_ADDRESSEE)
            if newest.verdict == IdentityVerdict.SAME:
                continue  # a person has looked at this difference
            if (newest.birth_date, newest.sex) != (message.birth_date, message.sex):
                return IdentityConflict(message, newest, ConflictCause.BIRTH_OR_SEX)
        return None

    def _changes_whole_person(self, message: PersonFact, rest: Sequence[PersonFact]) -> IdentityConflict | None:
        """X-34: the only record of a person may not become another number's without naming the old one.

        Where others still stand under the old number, the correction undoes a wrong link (I-4) and is taken.
        """
        old = self.standing.get(message.row)
        if old is None or old.number is None or message.number is None:
            return None
        if old.number in self.same_numbers((message.number, message.previous_number)):
            return None
        if any(fact.number in self.same_numbers((old.number,)) for fact in rest):
            return None
        return IdentityConflict(message, old, ConflictCause.SECOND_NUMBER)

    def conflicts(self) -> tuple[IdentityConflict, ...]:
        return tuple(sorted(self.waiting, key=lambda waiting: waiting.held.received))

    def persons(self) -> tuple[SettledPerson, ...]:
        """Addressees with a standing record, joined by their numbers; without a number each is a person of his own (I-3)."""
        groups: list[tuple[set[Addressee], set[NumberIndex]]] = []
        for addressee in sorted({fact.addressee for fact in self.standing.values()}):
            numbers = self.same_numbers(f.number for f in self.standing.values() if f.addressee == addressee)
            members = {addressee}
            apart = []
            for other_members, other_numbers in groups:
                if numbers & other_numbers:
                    members |= other_members
                    numbers |= other_numbers
                else:
                    apart.append((other_members, other_numbers))
            groups = [*apart, (members, numbers)]
        rows = sorted(self.standing.values(), key=lambda fact: fact.row)
        return tuple(
            SettledPerson(
                tuple(sorted(members)), frozenset(numbers), tuple(row for row in rows if row.addressee in members)
            )
            for members, numbers in sorted(groups, key=lambda group: min(group[0]))
        )
