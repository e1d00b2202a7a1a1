"""The ledger (台帳) of a prefecture: what really happened, written down beside the offices and without a line of their code.

Periods, stays in a household and headships are kept as plain days. From it comes the world that the models of the rules judge.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from attrs import define, field

from kokuho_core.conformance.reference.continuity import Cover, Fact, Head, Member, World
from kokuho_core.conformance.reference.counting import Month
from kokuho_core.conformance.reference.qualification import P
from kokuho_core.vocabulary.identifiers import InsurerNumber


@define
class Stay:
    """世帯所属. A later stay of the same period takes the place of this one, so only the end of the insurance ends it."""

    household: str
    start: date
    end: date | None = None


@define
class Period:
    """適用期間."""

    start: date
    start_reason: str
    acquired: date | None
    stays: list[Stay]
    end: date | None = None
    end_reason: str | None = None
    lost: date | None = None


@define
class Headship:
    """世帯主である期間."""

    person: str
    is_nominal: bool
    start: date
    end: date | None = None


@define
class MunicipalLedger:
    """One municipality's people and households."""

    persons: dict[str, list[Period]] = field(factory=dict)
    heads: dict[str, list[Headship]] = field(factory=dict)

    # --- reading ---

    def insured(self, household: str) -> tuple[str, ...]:
        """Who is insured in the household now."""
        return tuple(
            name
            for name, periods in sorted(self.persons.items())
            if periods and periods[-1].end is None and periods[-1].stays[-1].household == household
        )

    def homes(self) -> list[str]:
        """Households with somebody insured."""
        return [household for household in self.heads if self.insured(household)]

    def head(self, household: str) -> Headship:
        return self.heads[household][-1]

    def last_day(self, household: str) -> date:
        """The last day on which anything happened to the household or the people in it."""
        days = [each.start for each in self.heads[household]]
        for name in self.insured(household):
            days += [self.persons[name][-1].start, self.persons[name][-1].stays[-1].start]
        return max(days)

    # --- writing ---

    def found(self, household: str, head: str, on: date, *, is_nominal: bool = False) -> None:
        self.heads[household] = [Headship(head, is_nominal, on)]

    def seat(self, household: str, head: str, on: date, *, is_nominal: bool = False) -> None:
        """世帯主変更, not before the headship in force began."""
        former = self.head(household)
        former.end = max(on, former.start)
        self.heads[household].append(Headship(head, is_nominal, former.end))

    def begin(
        self, people: Iterable[str], household: str, start: date, reason: str, acquired: date | None = None
    ) -> None:
        for each in people:
            kept = start if reason not in ("07", "08") else acquired
            self.persons.setdefault(each, []).append(Period(start, reason, kept, [Stay(household, start)]))
        head = self.head(household)
        if head.is_nominal and head.person in people:
            self.seat(household, head.person, start)

    def end(self, people: Iterable[str], end: date, reason: str, new_head: str | None = None, *, stays: bool = False) -> None:
        """Insurance ends. ``stays``: the head of others goes on as a nominal one, unless ``new_head`` follows him."""
        left: dict[str, list[str]] = {}
        for each in people:
            if not self.persons.get(each) or self.persons[each][-1].end is not None:
                continue  # a nominal head
            period = self.persons[each][-1]
            period.end, period.end_reason, period.lost = end, reason, None if reason in ("57", "58") else end
            stay = period.stays[-1]
            stay.start, stay.end = min(stay.start, end), end
            left.setdefault(stay.household, []).append(each)
        for household, those in left.items():
            head = self.head(household)
            if stays and new_head is None and head.person in those and self.insured(household):
                self.seat(household, head.person, end, is_nominal=True)
            self.settle(household, end, new_head)

    def settle(self, household: str, on: date, new_head: str | None = None) -> None:
        """A household that nobody insured stays in ends; another may get a new head."""
        if self.head(household).end is not None:
            return
        if not self.insured(household):
            self.head(household).end = max(on, self.head(household).start)
        elif new_head is not None:
            self.seat(household, new_head, on)

    def change_household(self, people: Iterable[str], household: str, on: date, new_head: str | None = None) -> None:
        """X-14: another household in the same period."""
        former = {self.persons[each][-1].stays[-1].household for each in people}
        for each in people:
            self.persons[each][-1].stays.append(Stay(household, on))
        for each_household in former:
            self.settle(each_household, on, new_head)

    def correct_start(self, people: Iterable[str], old: date, new: date) -> None:
        for each in people:
            period = self.persons[each][-1]
            period.start = new
            period.acquired = new if period.acquired == old else period.acquired
            for stay in period.stays:
                stay.start = new if stay.start == old else stay.start
            self._shift(period.stays[0].household, old, new, people)

    def correct_end(self, people: Iterable[str], old: date, new: date) -> None:
        for each in people:
            period = self.persons[each][-1]
            period.end = new
            period.lost = new if period.lost == old else period.lost
            stay = period.stays[-1]
            stay.start, stay.end = min(stay.start, new), new
            self._shift(stay.household, old, new, people)

    def _shift(self, household: str, old: date, new: date, people: Iterable[str]) -> None:
        """The household moves its days with its people, unless somebody else in it came or went on the old day."""
        for name, periods in self.persons.items():
            for stay in (stay for period in periods for stay in period.stays):
                if name not in people and stay.household == household and old in (stay.start, stay.end):
                    return
        for head in self.heads[household]:
            head.start = new if head.start == old else head.start
            head.end = new if head.end == old else head.end


Household = tuple[InsurerNumber, str]


@define
class Ledger:
    """The prefecture: its municipalities, and 高額該当月 by household, month and kind."""

    municipalities: dict[InsurerNumber, MunicipalLedger]
    months: dict[Household, set[tuple[Month, str]]] = field(factory=dict)

    def names(self) -> list[str]:
        return sorted({name for each in self.municipalities.values() for name in each.persons})

    def is_insured(self, name: str) -> bool:
        return any(
            periods[-1].end is None
            for each in self.municipalities.values()
            if (periods := each.persons.get(name))
        )

    def covers(self) -> dict[str, list[Cover]]:
        """Every person's periods in all municipalities, for the models."""
        found: dict[str, list[Cover]] = {}
        for insurer, ledger in self.municipalities.items():
            for name, periods in ledger.persons.items():
                found.setdefault(name, []).extend(
                    Cover(
                        P(
                            insurer, place, each.start, each.end, each.start_reason, each.end_reason, each.acquired,
                            _acquired_by(periods[:place], each), each.lost, each.end_reason if each.lost else None,
                        ),
                        tuple(Member(stay.household, row, stay.start, stay.end) for row, stay in enumerate(each.stays)),
                    )
                    for place, each in enumerate(periods)
                )  # fmt: skip
        return found

    def world(self, as_of: date) -> World:
        heads = {
            (insurer, household): [
                Head(row, each.person, each.is_nominal, each.start, each.end) for row, each in enumerate(listed)
            ]
            for insurer, ledger in self.municipalities.items()
            for household, listed in ledger.heads.items()
        }
        facts = [Fact(household, month, kind) for household, told in self.months.items() for month, kind in sorted(told)]
        return World(as_of=as_of, persons=self.covers(), heads=dict(heads), facts=facts)


def _acquired_by(before: list[Period], period: Period) -> str | None:
    """住所地特例 keeps day and reason of the acquisition before it."""
    if period.acquired is None:
        return None
    if period.start_reason == "08" and before:
        return _acquired_by(before[:-1], before[-1])
    return period.start_reason
