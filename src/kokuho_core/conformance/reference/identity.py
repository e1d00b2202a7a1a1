"""Identity conflicts of received records (I-1, I-3, X-6, X-34): try again until nothing changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

NEW, CORRECT, CANCEL = "1", "2", "3"

Addressee = tuple[str, str]
Identity = tuple[str, str, int]


class Message(NamedTuple):
    """One received SKKOJIN record, as far as identity looks at it."""

    insurer: str
    addressee: str
    history: int
    update_kind: str
    number: str | None
    previous: str | None
    birth: date
    sex: str

    @property
    def who(self) -> Addressee:
        """The person as that municipality numbers him."""
        return (self.insurer, self.addressee)

    @property
    def identity(self) -> Identity:
        """One record's identity (layouts README)."""
        return (self.insurer, self.addressee, self.history)


class Result(NamedTuple):
    """``standing``: identity -> index of the message in effect; ``held``: indexes waiting, in order;
    ``groups``: the addressees that are one person; ``refused``: indexes refused (P-7, X-4)."""

    standing: dict[Identity, int]
    held: list[int]
    groups: set[frozenset[Addressee]]
    refused: list[int]


class _State:
    def __init__(self, messages: Sequence[Message], number_from: str, hold_every: bool) -> None:
        self.messages = messages
        self.number_from = number_from
        self.hold_every = hold_every
        self.standing: dict[Identity, int] = {}
        self.links: dict[Identity, set[tuple[str, str]]] = {}
        self.held: list[int] = []
        self.cancelled: set[Identity] = set()
        self.refused: list[int] = []

    def rows_of(self, who: Addressee) -> list[Message]:
        """The standing rows of one addressee, lowest history number first."""
        rows = [self.messages[index] for index in self.standing.values()]
        return sorted((m for m in rows if m.who == who), key=lambda m: m.history)

    def addressees(self) -> list[Addressee]:
        return sorted({(insurer, addressee) for insurer, addressee, _ in self.standing})

    def same_person_numbers(
        self, number: str, extra: Iterable[tuple[str, str]] = ()
    ) -> set[str]:
        """All numbers linked to one number through accepted number changes (I-4, X-6)."""
        links = [*extra] + [link for links in self.links.values() for link in links]
        known = {number}
        grown = True
        while grown:
            grown = False
            for a, b in links:
                if (a in known) != (b in known):
                    known |= {a, b}
                    grown = True
        return known

    def groups(self) -> set[frozenset[Addressee]]:
        """Addressees with a common (or linked) number are one person; without a number: alone (I-1, I-3)."""
        groups = [{who} for who in self.addressees()]
        numbers = {
            who: {m.number for m in self.rows_of(who) if m.number is not None}
            for who in self.addressees()
        }
        merged = True
        while merged:
            merged = False
            for i, left in enumerate(groups):
                for right in groups[i + 1 :]:
                    left_numbers = {n for who in left for n in numbers[who]}
                    right_numbers = {n for who in right for n in numbers[who]}
                    linked = {n for m in left_numbers for n in self.same_person_numbers(m)}
                    if linked & right_numbers:
                        left |= right
                        groups.remove(right)
                        merged = True
                        break
                if merged:
                    break
        return {frozenset(group) for group in groups}

    def conflict(self, index: int, together: Sequence[int] = ()) -> bool:
        """Whether the record must be held now, if those ``together`` with it took effect too (I-1, X-6, X-34)."""
        before = dict(self.standing)
        self.standing.update((self.messages[each].identity, each) for each in (*together, index))
        try:
            return self.conflict_among(self.messages[index], before)
        finally:
            self.standing = before

    def conflict_among(self, m: Message, before: Mapping[Identity, int]) -> bool:
        """Whether the record conflicts with what stands now (itself included); ``before``: what stood without it."""
        if m.number is None:
            return False
        own_link = [(m.previous, m.number)] if m.previous is not None else []
        mine = self.same_person_numbers(m.number, own_link)

        # Another addressee with the number: another birth date or sex; or the same municipality.
        for who in self.addressees():
            if who == m.who:
                continue
            rows = self.rows_of(who)
            newest = rows[-1]
            compared = rows if self.number_from == "any" else [newest]
            if not any(row.number in mine for row in compared):
                continue
            if (newest.birth, newest.sex) != (m.birth, m.sex) or who[0] == m.insurer:
                return True

        # A second number for one addressee, unless the previous number names the first. A number that one of
        # his other records has is no second one, even where a cancelled link left him with two.
        own = {row.number for row in self.rows_of(m.who) if row.history != m.history} - {None}
        if own and not own & mine:
            return True

        # the record itself corrected to another number, and nobody stands under the old one any more.
        if m.identity in before:
            was = self.messages[before[m.identity]].number
            if was is not None and was not in mine:
                old = self.same_person_numbers(was)
                kept = [
                    other
                    for identity, other in before.items()
                    if self.standing[identity] == other and self.messages[other].number in old
                ]
                if self.hold_every or not kept:
                    return True
        return False

    def accept(self, index: int) -> None:
        m = self.messages[index]
        self.standing[m.identity] = index
        if m.previous is not None and m.number is not None and m.previous != m.number:
            self.links.setdefault(m.identity, set()).add((m.previous, m.number))

    def receive(self, index: int) -> None:
        m = self.messages[index]
        waiting = [i for i in self.held if self.messages[i].identity == m.identity]
        known = m.identity in self.standing or bool(waiting)
        if m.identity in self.cancelled or known == (m.update_kind == NEW):
            self.refused.append(index)  # P-7, X-4; a new one sent twice; a change of nothing
            return
        for i in waiting:
            self.held.remove(i)  # the later record of one identity replaces the one that waits
        if m.update_kind == CANCEL:
            self.cancelled.add(m.identity)
            self.standing.pop(m.identity, None)
            self.links.pop(m.identity, None)
        else:
            self.held.append(index)
        self.settle()

    def settle(self) -> None:
        """Try every waiting record in received order, then every two, then all at once (two corrections of one
        wrong birth date block only each other); from the start again after each success (X-6)."""
        changed = True
        while changed:
            changed = False
            held = sorted(self.held)
            pairs = [[a, b] for i, a in enumerate(held) for b in held[i + 1 :]]
            for attempt in [*([each] for each in held), *pairs, held]:
                if attempt and not any(self.conflict(each, attempt) for each in attempt):
                    for each in attempt:
                        self.held.remove(each)
                        self.accept(each)
                    changed = True
                    break


def identities(
    messages: Sequence[Message],
    *,
    number_from: str = "any",
    hold_every_number_correction: bool = False,
) -> Result:
    """What stands, what is held and who is one person, after all messages (I-1, I-3, I-4, X-6, X-34).

    The record received later is held; a held correction leaves the old version standing; a held record
    takes effect as soon as the conflict is gone; cancellations always take effect. Birth date and sex of another
    addressee are those of his newest standing row; an accepted ``previous`` links both numbers until its row is cancelled.

    Two readings can be chosen. ``number_from``: another addressee «has» the number of any of his standing
    rows, or (``newest``) of the newest alone. ``hold_every_number_correction``: X-34 for every record corrected to
    another number, instead of only where no other record stands under the old one.
    """
    state = _State(messages, number_from, hold_every_number_correction)
    for index in range(len(messages)):
        state.receive(index)
    return Result(state.standing, sorted(state.held), state.groups(), state.refused)
