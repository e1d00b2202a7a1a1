"""日付規則 D-1 … D-10: on which day an event begins or ends a qualification, and where a date contradicts its reason.

The municipality computes the dates; aggregation only warns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Final

from attrs import frozen

from kokuho_core.errors import Problem
from kokuho_core.insured_person.record import PersonRecord
from kokuho_core.vocabulary.codes import InsuredKind, SpecialCase
from kokuho_core.vocabulary.reasons import (
    ACQUISITION,
    BIRTH,
    DEATH,
    EMPLOYEE_INSURANCE,
    LATE_ELDERLY,
    LOSS,
    MOVED_IN_INSIDE,
    MOVED_OUT_INSIDE,
    MOVED_OUT_OF_PREFECTURE,
    RESIDENCE_SPECIAL_ACQUIRED,
    RESIDENCE_SPECIAL_LOST,
    claims_intra_entry,
    claims_intra_exit,
)


class LateElderlyLoss(Enum):
    """後期加入の喪失日 (D-7), a setting: the day after the 75th birthday (国保法8条1項) or the birthday itself."""

    DAY_AFTER = 1
    BIRTHDAY = 0


@frozen
class DateRules:
    """日付規則の設定."""

    late_elderly_loss: LateElderlyLoss = LateElderlyLoss.DAY_AFTER

    def begins_on(self, reason: str, event_on: date) -> date:
        """適用開始年月日 of acquisition ``reason``. For D-2 the event is the last day covered there, else the day itself."""
        return event_on + _DAY_AFTER if ACQUISITION[reason].date_rule == "D-2" else event_on

    def ends_on(self, reason: str, event_on: date, new_address_on: date | None = None) -> date:
        """適用終了年月日 of loss ``reason``, the first day no longer covered (P-1).

        D-3 … D-5: the day after, but D-3 the same day if a new address is taken on it. D-7: as set. Else the day itself.
        """
        match LOSS[reason].date_rule:
            case "D-3":
                return event_on if new_address_on == event_on else event_on + _DAY_AFTER
            case "D-4" | "D-5":
                return event_on + _DAY_AFTER
            case "D-7":
                return event_on + timedelta(days=self.late_elderly_loss.value)
        return event_on

    def late_elderly_from(self, birth_date: date) -> tuple[date, date]:
        """後期 begins between these two days: with a disability from 65 on, at the latest on the 75th birthday (D-7)."""
        return completes_age(birth_date, 65), completes_age(birth_date, 75)

    def warnings(self, record: PersonRecord, line: int, created_at: datetime) -> list[Problem]:
        """Warnings (KKH-D001) with the rule number each rests on. A file made at ``created_at`` knows no later death."""
        if record.insured_kind != InsuredKind.INSURED or record.application_start is None or _says_nothing(record):
            return []
        checks = _CHECKS if record.application_end is not None else _CHECKS_WITHOUT_END
        return [
            Problem("KKH-D001", line, field, rule)
            for check in checks
            for field, rule in check(record, self, created_at.date())
        ]


def _says_nothing(record: PersonRecord) -> bool:
    """Whether no check can find anything: neither end nor qualification dates, and no birth (most records of a load)."""
    return (
        record.application_end is None
        and record.qualification_acquired is None
        and record.qualification_lost is None
        and record.application_start_reason != BIRTH
    )


_DAY_AFTER: Final = timedelta(days=1)
_Found = Iterator[tuple[str, str]]


def _acquisition(record: PersonRecord, rules: DateRules, today: date) -> _Found:
    """D-1, D-2: outside moves, the qualification begins with the application. D-8, D-9: inside, it began earlier."""
    start, reason, acquired = record.application_start, record.application_start_reason, record.qualification_acquired
    if start is None or reason is None or acquired is None:
        return
    moved = claims_intra_entry(reason, start) or reason == RESIDENCE_SPECIAL_ACQUIRED
    if (moved and acquired >= start) or (not moved and reason != MOVED_IN_INSIDE and acquired != start):
        yield "qualification_acquired", ACQUISITION[reason].date_rule


def _loss(record: PersonRecord, rules: DateRules, today: date) -> _Found:
    """D-3 … D-7: the qualification ends with the application. D-8, D-9: a move inside is no loss."""
    end, reason, lost = record.application_end, record.application_end_reason, record.qualification_lost
    if end is None or reason is None or lost is None:
        return
    if claims_intra_exit(reason, end) or reason == RESIDENCE_SPECIAL_LOST or (reason != MOVED_OUT_INSIDE and lost != end):
        yield "qualification_lost", LOSS[reason].date_rule


def _birth(record: PersonRecord, rules: DateRules, today: date) -> _Found:
    """D-1: a child is insured from the day of birth itself."""
    if record.application_start_reason == BIRTH and record.application_start != record.birth_date:
        yield "application_start", "D-1"


def _loss_on_day_after(record: PersonRecord, rules: DateRules, today: date) -> _Found:
    """D-4, D-5: the day after death, or after the other cover began, so the period covers at least that day."""
    reason = record.application_end_reason
    if reason in (DEATH, EMPLOYEE_INSURANCE) and record.application_end == record.application_start:
        yield "application_end", LOSS[reason].date_rule


def _death_to_come(record: PersonRecord, rules: DateRules, today: date) -> _Found:
    """D-4: the end is the day after the death, and nobody knows a death before it happens."""
    if record.application_end_reason == DEATH and record.application_end is not None:
        if record.application_end > rules.ends_on(DEATH, today):
            yield "application_end", "D-4"


def _late_elderly(record: PersonRecord, rules: DateRules, today: date) -> _Found:
    """D-7: 後期高齢者医療 begins on the 75th birthday, with a disability from 65 on; never later, never earlier."""
    if record.application_end_reason == LATE_ELDERLY and record.application_end is not None:
        earliest, latest = rules.late_elderly_from(record.birth_date)
        if not earliest <= record.application_end <= rules.ends_on(LATE_ELDERLY, latest):
            yield "application_end", "D-7"


def _stays_member(record: PersonRecord, rules: DateRules, today: date) -> _Found:
    """D-9, D-10: 住所地特例, マル学 and マル遠 leave the insurer as it was, so they end no period for a move."""
    if record.special_case_start is None or record.application_end != record.special_case_start:
        return
    if record.application_end_reason in (MOVED_OUT_INSIDE, MOVED_OUT_OF_PREFECTURE):
        if record.special_case == SpecialCase.RESIDENCE:
            yield "application_end_reason", "D-9"
        elif record.special_case in (SpecialCase.STUDENT, SpecialCase.REMOTE):
            yield "application_end_reason", "D-10"


def completes_age(born: date, age: int) -> date:
    """The day an age is completed on; born on 29 February, the 1st of March in other years."""
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return date(born.year + age, 3, 1)


_CHECKS: Final[tuple[Callable[[PersonRecord, DateRules, date], _Found], ...]] = (
    _acquisition,
    _loss,
    _birth,
    _loss_on_day_after,
    _death_to_come,
    _late_elderly,
    _stays_member,
)
_CHECKS_WITHOUT_END: Final = (_acquisition, _birth)
"""The checks that can find something while the application goes on."""
