"""届出の受理: each notice becomes rows of the office's own history, dated by D-1 … D-10, or is refused with its reason.

1. who is named is known here and alive, and the days can be
2. the dates of the insurance follow from the event by its date rule
3. each household concerned keeps a head, or ends
4. everybody insured in them goes into the next file (Q-1)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from kokuho_core.errors import NotificationRefused, Problem, RecordRefused
from kokuho_core.municipal_office.acquisition import born, cover_ended, moved_in
from kokuho_core.municipal_office.correction import date_corrected, items_changed, withdrawn
from kokuho_core.municipal_office.desk import Desk, Ground, Known
from kokuho_core.municipal_office.household_change import (
    head_changed,
    household_changed,
    residence_special,
    stay_ended,
    stays_elsewhere,
)
from kokuho_core.municipal_office.loss import cover_began, died, moved_out
from kokuho_core.municipal_office.notification import (
    Born,
    CoverBegan,
    CoverEnded,
    DateCorrected,
    Died,
    HeadChanged,
    HouseholdChanged,
    HouseholdChoice,
    ItemsChanged,
    ItemsCorrected,
    MovedIn,
    MovedOut,
    NewHousehold,
    Notification,
    ResidenceSpecial,
    StayEnded,
    StaysElsewhere,
    Withdrawn,
)
from kokuho_core.municipal_office.own_household import OwnHousehold
from kokuho_core.municipal_office.own_person import OwnPerson
from kokuho_core.qualification.date_rules import DateRules
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber


@frozen
class Outcome:
    """受理の結果: persons and households as they stand now where they changed, and the rule behind each date."""

    persons: tuple[OwnPerson, ...]
    households: tuple[OwnHousehold, ...]
    grounds: tuple[Ground, ...]


def accept(notification: Notification, known: Known, notice: int, at: datetime, rules: DateRules | None = None) -> Outcome:
    """Accept one notice under ``notice``, its number. Raises :class:`NotificationRefused` with a code of the catalogue.

    KKH-M001 dead, KKH-M002 insured already, KKH-M003 … KKH-M014 as the catalogue says, KKH-M050 nobody named, KKH-P002 an end
    before its start, KKH-P003 two periods of the person would overlap.
    """
    desk = Desk(known, notice, at)
    refusal: RecordRefused | None = None
    try:
        _require_somebody(notification)
        _require_days(notification, at)
        _EFFECTS[type(notification)](desk, notification, rules or DateRules())
    except RecordRefused as refused:
        refusal = refused
    if refusal is not None:  # outside of the except block: a record's own refusal has nothing to add
        raise NotificationRefused(*refusal.problems)
    for household in desk.touched:
        desk.require_head(household)
    desk.tell_whole_households()
    return Outcome(desk.changed_persons(), desk.changed_households(), tuple(desk.grounds))


def named_persons(notification: Notification) -> frozenset[AddresseeNumber]:
    """Everybody a notice names: what :class:`Known` must hold."""
    named: set[AddresseeNumber] = set(getattr(notification, "people", ()))
    named |= {each.addressee_number for each in getattr(notification, "entrants", ())}
    named |= set(getattr(notification, "relationships", ()))
    if isinstance(notification, Born):
        named.add(notification.child.addressee_number)
    person = getattr(notification, "person", None)
    if person is not None:
        named.add(person)
    choice = getattr(notification, "household", None)
    for head in (
        getattr(notification, "new_head", None),
        getattr(notification, "head", None),
        choice.head if isinstance(choice, NewHousehold) else None,
    ):
        if head is not None:
            named.add(head.addressee_number)
    return frozenset(named)


def named_household(notification: Notification) -> HouseholdNumber | None:
    """The household a notice names."""
    choice: HouseholdChoice | None = getattr(notification, "household", None)
    return choice.household_number if isinstance(choice, NewHousehold) else choice


def _require_somebody(notification: Notification) -> None:
    """Raises :class:`NotificationRefused` (KKH-M050)."""
    for field in ("people", "entrants"):
        if not getattr(notification, field, (notification,)):
            raise NotificationRefused(Problem("KKH-M050", field=field))


def _require_days(notification: Notification, at: datetime) -> None:
    """Nobody tells a birth or a death before it happens, nor is a notice dated after the day it is handled (D-1, D-4)."""
    if notification.notified_on > at.date():
        raise NotificationRefused(Problem("KKH-M008", field="notified_on"))
    if isinstance(notification, Born | Died) and notification.event_on > notification.notified_on:
        raise NotificationRefused(Problem("KKH-M008", field="event_on"))


_EFFECTS: Final[Mapping[type[Notification], Callable[[Desk, Any, DateRules], None]]] = {
    MovedIn: moved_in,
    Born: born,
    CoverEnded: cover_ended,
    MovedOut: moved_out,
    Died: died,
    CoverBegan: cover_began,
    HouseholdChanged: household_changed,
    HeadChanged: head_changed,
    ResidenceSpecial: residence_special,
    StaysElsewhere: stays_elsewhere,
    StayEnded: stay_ended,
    ItemsChanged: items_changed,
    ItemsCorrected: items_changed,
    DateCorrected: date_corrected,
    Withdrawn: withdrawn,
}
NOTIFICATIONS: Final = tuple(_EFFECTS)
"""Every kind of notice."""
