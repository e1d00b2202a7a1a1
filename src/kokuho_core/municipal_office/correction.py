"""変更・訂正・取消: what was told is told otherwise; nothing is forgotten (P-7)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from attrs import evolve

from kokuho_core.errors import NotificationRefused, Problem
from kokuho_core.municipal_office.desk import (
    Desk,
)
from kokuho_core.municipal_office.notification import (
    DateCorrected,
    ItemsChanged,
    ItemsCorrected,
    PeriodSide,
    Withdrawn,
)
from kokuho_core.qualification.date_rules import DateRules
from kokuho_core.vocabulary.codes import InsuredKind
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber
from kokuho_core.vocabulary.reasons import (
    ACQUISITION,
    DEATH,
    LOSS,
)


def items_changed(desk: Desk, notice: ItemsChanged | ItemsCorrected, rules: DateRules) -> None:
    """P-7: a change is a further row, a correction the same row once more. Birth date and sex only by correction."""
    record, person, items = desk.record(notice.person), desk.persons[notice.person], notice.items
    if isinstance(notice, ItemsCorrected):
        desk.put(person.with_corrected_items(items, desk.notice, desk.at))
    elif (items.birth_date, items.sex) != (record.birth_date, record.sex):
        raise NotificationRefused(Problem("KKH-M014", field="birth_date"))
    else:
        desk.put(person.with_next(desk.notice, desk.at, items))
    desk.touched[record.household_number] = None


def date_corrected(desk: Desk, notice: DateCorrected, rules: DateRules) -> None:
    """P-7: the day of the event was another one; all rows of the period and of its household that say the old day follow."""
    moved: dict[HouseholdNumber, tuple[date, date]] = {}
    for number in notice.people:
        person = desk.persons.get(number)
        if person is None or person.current is None:
            raise NotificationRefused(Problem("KKH-M005", field="addressee_number"))
        periods = person.application_periods()
        if not periods:
            raise NotificationRefused(Problem("KKH-M006", field="addressee_number"))
        last = periods[-1]
        rows = [row for row in person.live_rows if row.record.application_start == last.days.start]
        record = rows[-1].record
        if notice.side is PeriodSide.START:
            if record.application_start_reason is None:
                raise NotificationRefused(Problem("KKH-M006", field="application_start"))
            old, reason = last.days.start, record.application_start_reason
            new = rules.begins_on(reason, notice.event_on)
            if new < record.birth_date:
                raise NotificationRefused(Problem("KKH-M009", field="application_start"))
            keys, key, rule = _START_KEYS, "application_start", ACQUISITION[reason].date_rule
        else:
            if record.application_end is None or record.application_end_reason is None:
                raise NotificationRefused(Problem("KKH-M006", field="application_end"))
            old, reason = record.application_end, record.application_end_reason
            new = rules.ends_on(reason, notice.event_on, notice.new_address_on)
            if notice.event_on < last.days.start:
                raise NotificationRefused(Problem("KKH-P002", field="application_end"))
            rows, keys, key, rule = rows[-1:], _END_KEYS, "application_end", LOSS[reason].date_rule
            if reason == DEATH and person.died_on is not None:
                person = evolve(person, died_on=notice.event_on)
        changes = {row.history_number: _shifts(row.record, keys, old, new) for row in rows}
        if notice.side is PeriodSide.END and record.member_start is not None and record.member_start > new:
            changes[rows[-1].history_number]["member_start"] = new
        desk.put(person.corrected(changes, desk.notice, desk.at))
        desk.ground(number, key, new, rule)
        moved[rows[0].record.household_number] = (old, new)
        for row in (rows[0], rows[-1]):
            desk.touched[row.record.household_number] = None
    for household, (old, new) in moved.items():
        _shift_household(desk, household, old, new, frozenset(notice.people))
        current = desk.households[household].current
        if notice.side is PeriodSide.START and current is not None and new < current.record.household_start:
            raise NotificationRefused(Problem("KKH-M010", field="household_start"))


_START_KEYS: Final = ("application_start", "member_start", "qualification_acquired")
_END_KEYS: Final = ("application_end", "member_end", "qualification_lost")


def _shifts(record: Any, keys: Iterable[str], old: date, new: date) -> dict[str, Any]:
    return {key: new for key in keys if getattr(record, key) == old}


def _shift_household(
    desk: Desk, household: HouseholdNumber, old: date, new: date, corrected: frozenset[AddresseeNumber]
) -> None:
    """A household moves its days with its people, unless somebody in it keeps the old day. So does its nominal head.

    He may be one of them: who ended his own insurance and stayed head.
    """
    others = [
        person
        for number, person in desk.persons.items()
        if number not in corrected and person.was_ever_in(household)
    ]
    for person in others:
        for row in person.live_rows:
            record = row.record
            is_here = record.insured_kind == InsuredKind.INSURED and record.household_number == household
            if is_here and old in (record.member_start, record.member_end):
                return
    desk.households[household] = desk.households[household].shifted(old, new, desk.notice, desk.at)
    for person in [each for each in desk.persons.values() if each.was_ever_in(household)]:
        changes = {
            row.history_number: shift
            for row in person.live_rows
            if row.record.household_number == household
            and row.record.insured_kind == InsuredKind.NOMINAL_HEAD
            and (shift := _shifts(row.record, ("member_start", "member_end"), old, new))
        }
        if changes:
            desk.put(person.corrected(changes, desk.notice, desk.at))


def withdrawn(desk: Desk, notice: Withdrawn, rules: DateRules) -> None:
    """取消: rows made by a notice are cancelled, as long as nothing later rests on them (P-7, X-4)."""
    made_by = notice.notice_number
    found = False
    for person in list(desk.persons.values()):
        made = [row for row in person.live_rows if row.notice == made_by]
        if made or person.death_notice == made_by:
            found = True
            _require_untouched(person.live_rows, made_by)
            for row in made:
                desk.touched[row.record.household_number] = None
            desk.put(person.without(made_by, desk.notice))
            current = desk.persons[person.addressee_number].current
            if current is not None:
                desk.touched[current.record.household_number] = None
    for household in list(desk.households.values()):
        if any(row.notice == made_by for row in household.live_rows):
            found = True
            _require_untouched(household.live_rows, made_by)
            desk.touched[household.household_number] = None
            desk.households[household.household_number] = household.without(made_by, desk.notice)
    if not found:
        raise NotificationRefused(Problem("KKH-M015", field="notice_number"))


def _require_untouched(rows: Iterable[Any], made_by: int) -> None:
    """Raises :class:`NotificationRefused` (KKH-M015) when a later notice made or changed a row."""
    if any(row.notice > made_by or row.changed_by > made_by for row in rows):
        raise NotificationRefused(Problem("KKH-M015", field="notice_number"))
