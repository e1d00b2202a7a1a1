"""A counter (窓口) in memory: notices in, the office's own history out, and what would be sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from attrs import evolve, field, mutable

from kokuho_core.municipal_office.acceptance import Outcome, accept
from kokuho_core.municipal_office.desk import Known
from kokuho_core.municipal_office.history_row import HouseholdRow, PersonRow, sent
from kokuho_core.municipal_office.notification import Entrant, Head, NewHousehold, Notification, PersonItems
from kokuho_core.municipal_office.own_household import OwnHousehold
from kokuho_core.municipal_office.own_person import OwnPerson
from kokuho_core.qualification.date_rules import DateRules
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import NumberIndex

from ..prefecture.office import A, B, C, D

INDEX = NumberIndex(b"n" * 32)
AT = datetime(2026, 4, 1, 9, 0, 0)


def d(text: str | date) -> date:
    return text if isinstance(text, date) else date.fromisoformat(text)


def addressee(text: str) -> AddresseeNumber:
    return AddresseeNumber(text)


def home(text: str) -> HouseholdNumber:
    return HouseholdNumber(text)


def items(born: str = "1980-05-05", sex: str = "1", **more: Any) -> PersonItems:
    return evolve(PersonItems("見本　太郎", "ミホン　タロウ", d(born), sex, "見本町１丁目"), **{"number": INDEX, **more})


def entrant(of: str, /, born: str = "1980-05-05", relationship: str = "99", **more: Any) -> Entrant:
    """Somebody new; each has a number of his own."""
    index = NumberIndex(of.encode().ljust(32, b"n"))
    return Entrant(addressee(of), items(born, **{"number": index, **more}), relationship)


def new_home(number: str, head: str, *, nominal: Entrant | None = None) -> NewHousehold:
    if nominal is not None:
        return NewHousehold(home(number), number, Head(nominal.addressee_number, True, nominal.items), "見本")
    return NewHousehold(home(number), number, Head(addressee(head)), "見本")


def told(event_on: str | date, notified_on: str | date | None = None) -> dict[str, date]:
    return {"event_on": d(event_on), "notified_on": d(notified_on or event_on)}


@mutable
class Counter:
    """One municipality. Notices are numbered in the order in which they are taken."""

    insurer: InsurerNumber = A
    rules: DateRules = DateRules()
    at: datetime = AT
    persons: dict[AddresseeNumber, OwnPerson] = field(factory=dict)
    households: dict[HouseholdNumber, OwnHousehold] = field(factory=dict)
    taken: int = 0

    def take(self, notification: Notification) -> Outcome:
        known = Known(self.insurer, dict(self.persons), dict(self.households), frozenset({A, B, C, D}))
        outcome = accept(notification, known, self.taken + 1, self.at, self.rules)
        self.taken += 1
        self.persons |= {each.addressee_number: each for each in outcome.persons}
        self.households |= {each.household_number: each for each in outcome.households}
        return outcome

    def current(self, number: str) -> Any:
        row = self.persons[addressee(number)].current
        assert row is not None
        return row.record

    def household(self, number: str) -> Any:
        row = self.households[home(number)].current
        assert row is not None
        return row.record

    def send(self) -> tuple[Sequence[tuple[UpdateKind, PersonRow]], Sequence[tuple[UpdateKind, HouseholdRow]]]:
        """What waits, as the files would say it; from here on it is sent."""
        persons = [message for _, each in sorted(self.persons.items()) for message in each.messages()]
        households = [message for _, each in sorted(self.households.items()) for message in each.messages()]
        self.persons = {
            number: evolve(each, rows=tuple(_after(row) for row in each.rows)) for number, each in self.persons.items()
        }
        self.households = {
            number: evolve(each, rows=tuple(_after(row) for row in each.rows)) for number, each in self.households.items()
        }
        return persons, households


def _after(row: Any) -> Any:
    return row if row.waits_as is None else sent(row, row.waits_as)
