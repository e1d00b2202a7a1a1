"""取得・適用開始: what a notice of joining leads to (D-1, D-2, D-8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from attrs import evolve

from kokuho_core.errors import NotificationRefused, Problem
from kokuho_core.municipal_office.desk import (
    FOUNDED,
    MOVED_FROM_INSIDE,
    MOVED_FROM_OUTSIDE,
    Cause,
    Desk,
    require_insurers,
)
from kokuho_core.municipal_office.notification import (
    Born,
    CoverEnded,
    Entrant,
    Head,
    HouseholdChoice,
    MovedIn,
    NewHousehold,
    Notification,
)
from kokuho_core.municipal_office.own_person import OwnPerson
from kokuho_core.qualification.date_rules import DateRules
from kokuho_core.vocabulary.codes import InsuredKind
from kokuho_core.vocabulary.identifiers import HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.reasons import (
    ACQUISITION,
    BIRTH,
    MOVED_IN_FROM_OUTSIDE,
    MOVED_IN_INSIDE,
    claims_intra_entry,
)


def moved_in(desk: Desk, notice: MovedIn, rules: DateRules) -> None:
    """D-1 from outside, D-8 inside the prefecture: there the qualification goes on, and only the application begins."""
    require_insurers([notice.from_insurer], desk.known)
    inside = notice.from_insurer is not None
    reason = MOVED_IN_INSIDE if inside else MOVED_IN_FROM_OUTSIDE
    opens_as = MOVED_FROM_INSIDE if inside else MOVED_FROM_OUTSIDE
    _acquire(desk, notice, reason, notice.household, notice.entrants, rules, opens_as, notice.from_insurer, notice.new_head)


def born(desk: Desk, notice: Born, rules: DateRules) -> None:
    """D-1: insured from the day of birth."""
    items = notice.child.items
    if items is None or items.birth_date != notice.event_on:
        raise NotificationRefused(Problem("KKH-M009", field="birth_date"))
    known = desk.persons.get(notice.child.addressee_number)
    if known is not None and known.current is not None:
        raise NotificationRefused(Problem("KKH-M014", field="addressee_number"))
    _acquire(desk, notice, BIRTH, notice.household, (notice.child,), rules, FOUNDED, None, None)


def cover_ended(desk: Desk, notice: CoverEnded, rules: DateRules) -> None:
    """D-1, D-2."""
    _acquire(
        desk, notice, notice.cover.left, notice.household, notice.entrants, rules, FOUNDED, None, notice.new_head
    )


def _acquire(
    desk: Desk, notice: Notification, reason: str, choice: HouseholdChoice, entrants: Iterable[Entrant], rules: DateRules,
    opens_as: str, from_insurer: InsurerNumber | None, new_head: Head | None,
) -> None:  # fmt: skip
    """取得・適用開始 of people who enter one household together."""
    since = rules.begins_on(reason, notice.event_on)
    cause = Cause(since, notice.notified_on, opens_as=opens_as, other_insurer=from_insurer)
    household = desk.choose(choice, cause)
    begun: dict[str, Any] = {
        "insured_kind": InsuredKind.INSURED.value, "application_start": since, "application_start_reason": reason,
        "application_start_notified": notice.notified_on, "other_insurer_number": from_insurer,
    }  # fmt: skip
    if not claims_intra_entry(reason, since):
        begun |= acquired(since, reason, notice.notified_on)
    head = choice.head if isinstance(choice, NewHousehold) else new_head
    left: dict[HouseholdNumber, None] = {}
    for entrant in entrants:
        number = entrant.addressee_number
        before = desk.persons.get(number)
        if before is not None and before.current is not None:
            record = desk.record(number)
            if before.is_insured or any(period.days.covers(since) for period in before.application_periods()):
                raise NotificationRefused(Problem("KKH-M002", field="application_start"))
            if record.member_end is None and record.household_number != household:  # a nominal head elsewhere until now
                left[record.household_number] = None
        birth_date = entrant.items.birth_date if entrant.items is not None else _birth_date(before)
        if birth_date is not None and since < birth_date:
            raise NotificationRefused(Problem("KKH-M009", field="application_start"))
        is_head = head.addressee_number == number if head is not None else desk.households[household].head == number
        placed = evolve(entrant, relationship="01") if is_head else entrant
        desk.enter(placed, household, since, **begun)
        desk.ground(number, "application_start", since, ACQUISITION[reason].date_rule)
    if isinstance(choice, NewHousehold):
        desk.seat(choice.head, household, cause)
    for former in left:
        desk.settle(former, cause)
    desk.settle(household, cause, new_head)


def _birth_date(person: OwnPerson | None) -> date | None:
    current = person.current if person is not None else None
    return current.record.birth_date if current is not None else None


def acquired(on: date, reason: str | None, notified_on: date | None) -> dict[str, Any]:
    """国保資格取得 fields of a record."""
    return {
        "qualification_acquired": on, "qualification_acquired_reason": reason,
        "qualification_acquired_notified": notified_on,
    }  # fmt: skip
