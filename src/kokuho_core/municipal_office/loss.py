"""喪失・適用終了: what a notice of leaving leads to (D-3 … D-8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from attrs import evolve

from kokuho_core.errors import NotificationRefused, Problem
from kokuho_core.municipal_office.desk import (
    MOVED_TO_INSIDE,
    MOVED_TO_OUTSIDE,
    NOT_INSURED,
    Cause,
    Desk,
    clipped,
    require_insurers,
)
from kokuho_core.municipal_office.notification import (
    CoverBegan,
    Died,
    Head,
    MovedOut,
    Notification,
    OtherCover,
)
from kokuho_core.qualification.date_rules import DateRules
from kokuho_core.vocabulary.codes import InsuredKind, SpecialCase
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.reasons import (
    DEATH,
    LOSS,
    MOVED_OUT_INSIDE,
    MOVED_OUT_OF_PREFECTURE,
    claims_intra_exit,
)


def moved_out(desk: Desk, notice: MovedOut, rules: DateRules) -> None:
    """D-3 out of the prefecture, D-8 inside: there only the application ends. Who stays a member elsewhere has not moved out."""
    require_insurers([notice.to_insurer], desk.known)
    inside = notice.to_insurer is not None
    for number in notice.people:
        record = desk.record(number)
        if record.special_case != SpecialCase.NONE and record.special_case_end is None:
            raise NotificationRefused(Problem("KKH-M012", field="special_case"))
    _leave(
        desk, notice, MOVED_OUT_INSIDE if inside else MOVED_OUT_OF_PREFECTURE, notice.people, rules,
        MOVED_TO_INSIDE if inside else MOVED_TO_OUTSIDE, notice.to_insurer, notice.new_head,
        new_address_on=notice.new_address_on, also_nominal=True,
    )  # fmt: skip


def died(desk: Desk, notice: Died, rules: DateRules) -> None:
    """D-4: lost on the day after."""
    _leave(
        desk, notice, DEATH, (notice.person,), rules, "09", None, notice.new_head, also_nominal=True
    )
    dead = desk.persons[notice.person]
    desk.put(evolve(dead, died_on=notice.event_on, death_notice=desk.notice))


def cover_began(desk: Desk, notice: CoverBegan, rules: DateRules) -> None:
    """D-5 … D-7. The head of others who stay insured remains, as a nominal one."""
    if notice.cover is OtherCover.LATE_ELDERLY:
        for number in notice.people:
            earliest, latest = rules.late_elderly_from(desk.record(number).birth_date)
            if not earliest <= notice.event_on <= latest:
                raise NotificationRefused(Problem("KKH-M009", field="event_on"))
    _leave(desk, notice, notice.cover.joined, notice.people, rules, "09", None, notice.new_head, heads_stay=True)


def _leave(
    desk: Desk, notice: Notification, reason: str, people: Iterable[AddresseeNumber], rules: DateRules, closes_as: str,
    to_insurer: InsurerNumber | None, new_head: Head | None, *, new_address_on: date | None = None,
    also_nominal: bool = False, heads_stay: bool = False,
) -> None:  # fmt: skip
    """喪失・適用終了 of people. ``also_nominal``: a nominal head may leave like this too."""
    end = rules.ends_on(reason, notice.event_on, new_address_on)
    cause = Cause(end, notice.notified_on, closes_as=closes_as, other_insurer=to_insurer)
    left: dict[HouseholdNumber, list[AddresseeNumber]] = {}
    for number in people:
        record = desk.record(number)
        left.setdefault(record.household_number, []).append(number)
        if also_nominal and not desk.persons[number].is_insured and record.member_end is None:
            desk.next_row(number, **clipped(record, end), other_insurer_number=to_insurer)
            desk.ground(number, "member_end", end, LOSS[reason].date_rule)
            continue
        record = desk.insured(number)
        if record.application_start is None or notice.event_on < record.application_start:
            raise NotificationRefused(Problem("KKH-P002", field="application_end"))
        ended = {
            "application_end": end, "application_end_reason": reason, "application_end_notified": notice.notified_on,
            "other_insurer_number": to_insurer, **clipped(record, end),
        }  # fmt: skip
        if not claims_intra_exit(reason, end):
            ended |= {
                "qualification_lost": end, "qualification_lost_reason": reason,
                "qualification_lost_notified": notice.notified_on,
            }  # fmt: skip
        desk.next_row(number, **ended)
        desk.ground(number, "application_end", end, LOSS[reason].date_rule)
    for household, leaving in left.items():
        own = desk.households[household]
        stay = any(person.is_insured for person in desk.members(household))
        if heads_stay and stay and new_head is None and own.head in leaving:
            desk.next_row(own.head, **NOT_INSURED, insured_kind=InsuredKind.NOMINAL_HEAD.value, member_start=end,
                          member_end=None, other_insurer_number=None)  # fmt: skip
        desk.settle(household, cause, new_head)
