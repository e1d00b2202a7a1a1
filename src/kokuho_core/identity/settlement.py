"""同一人判定: settles one connected group of records into persons, and holds what conflicts (I-1, X-6, X-34).

Messages are replayed in received order. A conflicting one is held and tried again whenever the standing facts change, so
«a held record takes effect as soon as the conflict is gone» holds by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from attrs import field, frozen, mutable

from kokuho_core.insured_person.fact import PersonFact, RowKey
from kokuho_core.insured_person.person import live_rows
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import Addressee, Source
from kokuho_core.vocabulary.individual_number import NumberIndex


class ConflictCause(StrEnum):
    """不一致の理由 (X-6)."""

    BIRTH_OR_SEX = "birth or sex differs"
    SECOND_ADDRESSEE = "second addressee in one municipality"
    SECOND_NUMBER = "second number for one addressee"


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


@frozen
class Settlement:
    """判定結果 of one connected group."""

    persons: tuple[SettledPerson, ...]
    conflicts: tuple[IdentityConflict, ...]

    @property
    def held(self) -> frozenset[Source]:
        return frozenset(conflict.held.source for conflict in self.conflicts)


def settle(messages: Sequence[PersonFact]) -> Settlement:
    """Settle all messages of one connected group, in received order."""
    if _is_trivial(messages):
        first = messages[0]
        numbers = frozenset(m.number for m in messages if m.number is not None)
        standing = live_rows(messages)
        persons = (SettledPerson((first.addressee,), numbers),) if standing else ()
        return Settlement(persons, ())
    replay = _Replay()
    for message in messages:
        replay.take(message)
    return Settlement(replay.persons(), replay.conflicts())


def _is_trivial(messages: Sequence[PersonFact]) -> bool:
    """One addressee with at most one number: nothing can conflict."""
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

    def take(self, message: PersonFact) -> None:
        if message.update_kind == UpdateKind.CANCELLATION:
            self.standing.pop(message.row, None)
            self.links.pop(message.row, None)
            self._forget_waiting(message.row)
        elif not self._try(message):
            return
        self._retry()

    def _try(self, message: PersonFact) -> bool:
        conflict = self._conflict_of(message)
        if conflict is not None:
            self.waiting.append(conflict)
            return False
        self._stand(message)
        return True

    def _stand(self, message: PersonFact) -> None:
        self.standing[message.row] = message
        self.waiting = [w for w in self.waiting if w.held.row != message.row or w.held.received > message.received]
        if message.number is not None and message.previous_number is not None:
            self.links.setdefault(message.row, []).append((message.previous_number, message.number))

    def _forget_waiting(self, row: RowKey) -> None:
        self.waiting = [waiting for waiting in self.waiting if waiting.held.row != row]

    def _retry(self) -> None:
        """Held records take effect as soon as their conflict is gone, the earliest received first (X-6)."""
        progress = True
        while progress:
            progress = False
            for waiting in sorted(self.waiting, key=lambda w: w.held.received):
                if self._conflict_of(waiting.held) is None:
                    self._stand(waiting.held)
                    progress = True
                    break
        self.waiting = [self._conflict_of(w.held) or w for w in self.waiting]

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

    def _conflict_of(self, message: PersonFact) -> IdentityConflict | None:
        if message.number is None:
            return None
        own_numbers = self.same_numbers((message.number, message.previous_number))
        own = [fact for fact in self._by_received() if fact.addressee == message.addressee]
        numbered = [fact for fact in own if fact.number is not None]
        if numbered and not any(fact.number in own_numbers for fact in numbered):
            return IdentityConflict(message, numbered[0], ConflictCause.SECOND_NUMBER)
        others = {
            fact.addressee: fact
            for fact in self._by_received()
            if fact.addressee != message.addressee and fact.number in own_numbers
        }
        for addressee in others:
            newest = max((f for f in self.standing.values() if f.addressee == addressee), key=lambda f: f.history_number)
            if addressee.insurer_number == message.insurer_number:
                return IdentityConflict(message, newest, ConflictCause.SECOND_ADDRESSEE)
            if (newest.birth_date, newest.sex) != (message.birth_date, message.sex):
                return IdentityConflict(message, newest, ConflictCause.BIRTH_OR_SEX)
        return None

    def _by_received(self) -> list[PersonFact]:
        return sorted(self.standing.values(), key=lambda fact: fact.received)

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
        return tuple(
            SettledPerson(tuple(sorted(members)), frozenset(numbers))
            for members, numbers in sorted(groups, key=lambda group: min(group[0]))
        )
