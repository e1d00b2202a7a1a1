"""窓口の机: the persons and households that one notice touches, while its effects are worked out; household rules (X-14, Q-1).

A household has a head as long as somebody in it is insured: an insured member, or 擬制世帯主 who is not insured himself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final

from attrs import field, frozen, mutable

from kokuho_core.errors import NotificationRefused, Problem
from kokuho_core.household.record import HouseholdRecord
from kokuho_core.insured_person.record import PERSON_KEYS, PersonRecord
from kokuho_core.municipal_office.notification import (
    RELATIONSHIP_HEAD,
    RELATIONSHIP_OTHER,
    Entrant,
    Head,
    HouseholdChoice,
    NewHousehold,
    PersonItems,
)
from kokuho_core.municipal_office.own_household import OwnHousehold
from kokuho_core.municipal_office.own_person import ITEM_KEYS, OwnPerson
from kokuho_core.vocabulary.codes import HeadKind, InsuredKind, SpecialCase, UpdateKind
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber

MOVED_FROM_OUTSIDE: Final = "02"
MOVED_FROM_INSIDE: Final = "03"
SPLIT_OFF: Final = "05"
MERGED: Final = "06"
MOVED_TO_INSIDE: Final = "07"
MOVED_TO_OUTSIDE: Final = "08"
DISSOLVED: Final = "09"
FOUNDED: Final = "01"
"""異動事由 of a household."""

_PERIODS: Final = ("application_start", "application_end", "qualification_acquired", "qualification_lost")
NOT_INSURED: Final[Mapping[str, None]] = {f"{each}{part}": None for each in _PERIODS for part in ("", "_reason", "_notified")}
"""Fields of a period, empty as in the record of a nominal head."""


@frozen
class Known:
    """関係世帯: the persons named by a notice and everybody in their households, and the insurers of the prefecture."""

    insurer_number: InsurerNumber
    persons: Mapping[AddresseeNumber, OwnPerson] = field(factory=dict)
    households: Mapping[HouseholdNumber, OwnHousehold] = field(factory=dict)
    insurers: frozenset[InsurerNumber] = frozenset()


@frozen
class Ground:
    """根拠: a date that follows from the notice, and the rule it follows by. Exactly one of person and household is named."""

    field: str
    day: date
    rule: str
    addressee_number: AddresseeNumber | None = None
    household_number: HouseholdNumber | None = None


@frozen
class Cause:
    """異動の原因 of what happens to a household: when, how it is told, and why it ends if it does."""

    on: date
    notified_on: date
    opens_as: str = FOUNDED
    closes_as: str = DISSOLVED
    other_insurer: InsurerNumber | None = None


@mutable(eq=False, repr=False)
class Desk:
    """机 of one notice with number ``notice``, handled ``at``."""

    known: Known
    notice: int
    at: datetime
    persons: dict[AddresseeNumber, OwnPerson] = field(init=False)
    households: dict[HouseholdNumber, OwnHousehold] = field(init=False)
    grounds: list[Ground] = field(factory=list, init=False)
    touched: dict[HouseholdNumber, None] = field(factory=dict, init=False)
    """Households concerned, in the order in which they were met."""

    def __attrs_post_init__(self) -> None:
        self.persons = dict(self.known.persons)
        self.households = dict(self.known.households)

    # --- looking up ---

    def person(self, number: AddresseeNumber, field_name: str = "addressee_number") -> OwnPerson:
        """Somebody with a history here who is alive. Raises :class:`NotificationRefused`: KKH-M005 unknown, KKH-M001 dead."""
        person = self.persons.get(number)
        if person is None or person.current is None:
            raise NotificationRefused(Problem("KKH-M005", field=field_name))
        if person.died_on is not None:
            raise NotificationRefused(Problem("KKH-M001", field=field_name))
        return person

    def record(self, number: AddresseeNumber) -> PersonRecord:
        """The record in force of a person."""
        return self.person(number).record

    def insured(self, number: AddresseeNumber) -> PersonRecord:
        """The record in force of somebody insured. Raises :class:`NotificationRefused` (KKH-M006)."""
        record = self.record(number)
        if not self.persons[number].is_insured:
            raise NotificationRefused(Problem("KKH-M006", field="addressee_number"))
        return record

    def household(self, number: HouseholdNumber) -> OwnHousehold:
        """A household that goes on. Raises :class:`NotificationRefused` (KKH-M007)."""
        household = self.households.get(number)
        if household is None or not household.is_open:
            raise NotificationRefused(Problem("KKH-M007", field="household_number"))
        self.touched[number] = None
        return household

    def members(self, number: HouseholdNumber) -> Iterator[OwnPerson]:
        """Who is in a household now, insured or nominal head."""
        return (person for person in self.persons.values() if person.is_member_of(number))

    # --- persons ---

    def put(self, person: OwnPerson) -> None:
        self.persons[person.addressee_number] = person

    def next_row(self, number: AddresseeNumber, **changes: Any) -> None:
        """A further row of a person's history."""
        self.put(self.persons[number].with_next(self.notice, self.at, **changes))

    def ground(self, number: AddresseeNumber, key: str, day: date, rule: str) -> None:
        self.grounds.append(Ground(key, day, rule, addressee_number=number))

    def enter(self, entrant: Entrant, household: HouseholdNumber, since: date, **changes: Any) -> None:
        """A row of somebody who enters a household: of a new person, or the next one of a person known here.

        Raises :class:`NotificationRefused`: KKH-M014 another person under the number, KKH-M005 neither known nor described.
        """
        number, items = entrant.addressee_number, entrant.items
        before = self.persons.get(number)
        placed = {
            **self.place_in(household, number), "member_start": since, "member_end": None,
            "relationship": entrant.relationship,
            **NOT_INSURED, "special_case": SpecialCase.NONE.value, "special_case_start": None, "special_case_end": None,
            "other_insurer_number": None, **changes,
        }  # fmt: skip
        if before is not None and before.current is not None:
            self._require_same_person(before, items)
            self.put(self.person(number).with_next(self.notice, self.at, items, **placed))
        elif items is not None:
            first = before or OwnPerson(self.known.insurer_number, number)
            record = _first_record(self.known.insurer_number, number, items, self.at, placed)
            self.put(first.with_first(record, items.number, self.notice))
        else:
            raise NotificationRefused(Problem("KKH-M005", field="addressee_number"))

    def _require_same_person(self, person: OwnPerson, items: PersonItems | None) -> None:
        """An addressee number stands for one person: birth date and sex stay."""
        if items is not None:
            known = person.items()
            if (known.birth_date, known.sex) != (items.birth_date, items.sex):
                raise NotificationRefused(Problem("KKH-M014", field="addressee_number"))

    def place_in(self, household: HouseholdNumber, number: AddresseeNumber) -> dict[str, Any]:
        """世帯番号, 記号・番号 and 枝番 of a member."""
        card = self.households[household].record
        return {
            "household_number": household, "card_symbol": card.card_symbol, "card_number": card.card_number,
            "branch_number": self._branch(number, card),
        }  # fmt: skip

    def _branch(self, number: AddresseeNumber, card: HouseholdRecord) -> str | None:
        """枝番: one per person under a card, the same again for who had one; none is left after 99."""
        taken: dict[AddresseeNumber, int] = {}
        for person in self.persons.values():
            for row in person.rows:
                same = (row.record.card_symbol, row.record.card_number) == (card.card_symbol, card.card_number)
                if same and row.record.branch_number is not None:
                    taken[person.addressee_number] = int(row.record.branch_number)
        found = taken.get(number) or max(taken.values(), default=0) + 1
        return f"{found:02d}" if found <= 99 else None

    # --- households ---

    def choose(self, choice: HouseholdChoice, cause: Cause) -> HouseholdNumber:
        """The household somebody enters; a new one is opened. Raises :class:`NotificationRefused`.

        KKH-M007 no such household, or its number is taken. KKH-M010 it begins later than who enters.
        """
        if not isinstance(choice, NewHousehold):
            if cause.on < self.household(choice).record.household_start:
                raise NotificationRefused(Problem("KKH-M010", field="household_number"))
            return choice
        number = choice.household_number
        before = self.households.get(number) or OwnHousehold(self.known.insurer_number, number)
        if before.current is not None:
            raise NotificationRefused(Problem("KKH-M007", field="household_number"))
        record = HouseholdRecord(
            insurer_number=self.known.insurer_number, household_number=number, history_number=0,
            update_kind=UpdateKind.NEW.value, card_symbol=choice.card_symbol, card_number=choice.card_number,
            head_addressee_number=choice.head.addressee_number,
            head_kind=(HeadKind.NOMINAL if choice.head.is_nominal else HeadKind.INSURED).value,
            head_start=cause.on, head_start_notified=cause.notified_on, head_end=None, head_end_notified=None,
            household_start=cause.on, household_end=None, change_reason=cause.opens_as, changed_on=cause.on,
            notified_on=cause.notified_on, other_insurer_number=cause.other_insurer, updated_at=self.at,
        )  # fmt: skip
        self.households[number] = before.opened(record, self.notice)
        self.touched[number] = None
        return number

    def seat(self, head: Head, household: HouseholdNumber, cause: Cause) -> None:
        """擬制世帯主 belongs to the household without being insured; the relationship of any head is 01.

        A household he was nominal head of until then needs another one: raises :class:`NotificationRefused` (KKH-M003).
        """
        number = head.addressee_number
        person = self.persons.get(number)
        is_member = person is not None and person.is_member_of(household)
        if head.is_nominal and not is_member:
            if person is not None and person.is_insured:
                raise NotificationRefused(Problem("KKH-M004", field="head_addressee_number"))
            former = self.record(number) if person is not None and person.current is not None else None
            entrant = Entrant(number, head.items, RELATIONSHIP_HEAD)
            self.enter(entrant, household, cause.on, insured_kind=InsuredKind.NOMINAL_HEAD.value)
            if former is not None and former.member_end is None:
                self.settle(former.household_number, cause)
        elif is_member and self.record(number).relationship != RELATIONSHIP_HEAD:
            self.next_row(number, relationship=RELATIONSHIP_HEAD)

    def make_head(self, household: HouseholdNumber, head: Head, cause: Cause) -> None:
        """世帯主変更, seen by the household and by both heads."""
        former = self.households[household].head
        self.seat(head, household, cause)
        kind = HeadKind.NOMINAL if head.is_nominal else HeadKind.INSURED
        changed = self.households[household].headed_by(
            head.addressee_number, kind, cause.on, cause.notified_on, self.notice, self.at
        )
        self.households[household] = changed
        before = self.persons.get(former) if former is not None and former != head.addressee_number else None
        if before is not None and before.is_member_of(household):
            record = self.record(before.addressee_number)
            if not before.is_insured:  # a nominal head who is head no more leaves
                end = max(cause.on, record.member_start or cause.on)
                self.next_row(before.addressee_number, member_end=end)
            elif record.relationship == RELATIONSHIP_HEAD:
                self.next_row(before.addressee_number, relationship=RELATIONSHIP_OTHER)

    def settle(self, household: HouseholdNumber, cause: Cause, new_head: Head | None = None) -> None:
        """What follows for a household when somebody left or entered: its head, or its end where nobody insured stays.

        Raises :class:`NotificationRefused`: KKH-M003 without a head, KKH-M004 a head who is neither member nor nominal.
        """
        self.touched[household] = None
        if not self.households[household].is_open:
            return
        members = list(self.members(household))
        if not any(person.is_insured for person in members):
            for person in members:
                start = self.record(person.addressee_number).member_start or cause.on
                self.next_row(person.addressee_number, member_end=max(cause.on, start))
            self.households[household] = self.households[household].ended(
                cause.on, cause.notified_on, cause.closes_as, cause.other_insurer, self.notice, self.at
            )
            return
        own = self.households[household]
        if new_head is not None and new_head.addressee_number != own.head:
            self.make_head(household, new_head, cause)
        elif own.head is not None and own.head in self.persons and self.persons[own.head].is_member_of(household):
            is_nominal = not self.persons[own.head].is_insured
            if is_nominal != own.has_nominal_head:
                self.make_head(household, Head(own.head, is_nominal), cause)
        self.require_head(household)

    def require_head(self, household: HouseholdNumber) -> None:
        """Raises :class:`NotificationRefused`: KKH-M003 without a head, KKH-M004 a head who is neither member nor nominal."""
        own = self.households.get(household)
        if not any(person.is_insured for person in self.members(household)):
            return
        if own is None or not own.is_open or own.head is None:
            raise NotificationRefused(Problem("KKH-M003", field="head_addressee_number"))
        head = self.persons.get(own.head)
        if head is None or not head.is_member_of(household):
            code = "KKH-M003" if head is not None and head.was_ever_in(household) else "KKH-M004"
            raise NotificationRefused(Problem(code, field="head_addressee_number"))
        if head.is_insured == own.has_nominal_head:
            raise NotificationRefused(Problem("KKH-M004", field="head_kind"))

    # --- what goes out ---

    def tell_whole_households(self) -> None:
        """Q-1: with whoever changed, every insured member of his household goes into the file, nominal head included."""
        for number in self.touched:
            if number in self.households:
                self.households[number] = self.households[number].waiting()
            for person in list(self.members(number)):
                self.put(person.waiting())

    def changed_persons(self) -> tuple[OwnPerson, ...]:
        before = self.known.persons
        return tuple(each for number, each in self.persons.items() if each != before.get(number))

    def changed_households(self) -> tuple[OwnHousehold, ...]:
        before = self.known.households
        return tuple(each for number, each in self.households.items() if each != before.get(number))


def clipped(record: PersonRecord, end: date) -> dict[str, Any]:
    """世帯所属 that ends on ``end``; where that is before it began, it covers no day."""
    start = record.member_start
    return {"member_end": end, "member_start": min(start, end) if start is not None else None}


def require_insurers(numbers: Iterable[InsurerNumber | None], known: Known) -> None:
    """The other side of a move inside is another insurer of the prefecture. Raises :class:`NotificationRefused` (KKH-M011)."""
    for number in numbers:
        if number is not None and (number == known.insurer_number or number not in known.insurers):
            raise NotificationRefused(Problem("KKH-M011", field="other_insurer_number"))


def _first_record(
    insurer: InsurerNumber, number: AddresseeNumber, items: PersonItems, at: datetime, placed: Mapping[str, Any]
) -> PersonRecord:
    empty = dict.fromkeys(PERSON_KEYS)
    described = {key: getattr(items, key) for key in ITEM_KEYS}
    known = {
        "insurer_number": insurer, "addressee_number": number, "history_number": 0,
        "update_kind": UpdateKind.NEW.value, "updated_at": at,
    }  # fmt: skip
    return PersonRecord(**{**empty, **described, **known, **placed})
