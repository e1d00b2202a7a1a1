"""世帯: the aggregate of one household's received records: who is head on a day (X-20)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from attrs import fields, frozen

from kokuho_core.errors import Problem, RecordRefused
from kokuho_core.periods import DayRange
from kokuho_core.reception.lifecycle import Standing, receive_in_order, refusal_of, standing_after
from kokuho_core.vocabulary.codes import HeadKind, UpdateKind
from kokuho_core.vocabulary.identifiers import Addressee, AddresseeNumber, HouseholdKey, HouseholdNumber, InsurerNumber


@frozen
class HouseholdFact:
    """資格情報(世帯)の事実: what the rules judge of one received SKSETAI record."""

    file_no: int
    line: int
    insurer_number: InsurerNumber
    household_number: HouseholdNumber
    history_number: int
    update_kind: str
    head_addressee_number: AddresseeNumber
    head_kind: str
    head_start: date
    head_end: date | None

    @property
    def key(self) -> HouseholdKey:
        return HouseholdKey(self.insurer_number, self.household_number)


HOUSEHOLD_FACT_KEYS: Final = tuple(attribute.name for attribute in fields(HouseholdFact))
"""Attribute names of :class:`HouseholdFact`, in order."""


@frozen
class Headship:
    """世帯主である期間. A nominal head (擬制世帯主) belongs to the household without being insured (X-14)."""

    head: Addressee
    is_nominal: bool
    days: DayRange


@frozen
class Household:
    """世帯: all messages about one household in received order."""

    messages: tuple[HouseholdFact, ...] = ()

    def receive(self, fact: HouseholdFact) -> Household:
        """With one more message. Raises :class:`RecordRefused`: KKH-R001, KKH-R002, KKH-P007 (X-4)."""
        code = refusal_of(fact.update_kind, self._standing(fact.history_number))
        if code is not None:
            raise RecordRefused(Problem(code, fact.line, "history_number"))
        return Household((*self.messages, fact))

    def _standing(self, history_number: int) -> Standing:
        for message in reversed(self.messages):
            if message.history_number == history_number:
                return standing_after(message.update_kind)
        return Standing.NEVER_SENT

    def headships(self) -> list[Headship]:
        """世帯主の履歴, highest history number first. Rows with one start describe one headship, the highest gives its end."""
        live: dict[int, HouseholdFact] = {}
        for message in self.messages:
            if message.update_kind == UpdateKind.CANCELLATION:
                live.pop(message.history_number, None)
            else:
                live[message.history_number] = message
        seen: set[date] = set()
        found = []
        for number in sorted(live, reverse=True):
            row = live[number]
            if row.head_start not in seen:
                seen.add(row.head_start)
                head = Addressee(row.insurer_number, row.head_addressee_number)
                days = DayRange.of(row.head_start, row.head_end)
                found.append(Headship(head, row.head_kind == HeadKind.NOMINAL, days))
        return found

    def head_on(self, day: date) -> Headship | None:
        """世帯主 on ``day``: of the headships that cover it, the one with the highest history number (X-20)."""
        for headship in self.headships():
            if headship.days.covers(day):
                return headship
        return None

    def head_changes(self) -> list[date]:
        """The days on which a headship starts or ends, in order, each once."""
        headships = self.headships()
        days = {h.days.start for h in headships} | {h.days.end_day for h in headships}
        return sorted(day for day in days if day is not None)


def households_of(facts: Iterable[HouseholdFact]) -> dict[HouseholdKey, Household]:
    """世帯 from their messages in received order."""
    messages: dict[HouseholdKey, list[HouseholdFact]] = {}
    for fact in facts:
        messages.setdefault(fact.key, []).append(fact)
    return {key: Household(tuple(each)) for key, each in messages.items()}


def judge_file(known: Iterable[HouseholdFact], sent: Sequence[HouseholdFact]) -> dict[int, Problem]:
    """Refusals, by line, of one household's records in one file, each judged in the order of the file (X-4)."""
    return receive_in_order(Household(tuple(known)), sent)[1]
