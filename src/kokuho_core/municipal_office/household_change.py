"""世帯変更・世帯主変更・特例: who belongs where, while the insurance goes on (D-9, D-10, X-14)."""

from __future__ import annotations

from attrs import evolve

from kokuho_core.errors import NotificationRefused, Problem
from kokuho_core.municipal_office.acquisition import acquired as acquired_on
from kokuho_core.municipal_office.desk import (
    MERGED,
    SPLIT_OFF,
    Cause,
    Desk,
    clipped,
)
from kokuho_core.municipal_office.notification import (
    Entrant,
    HeadChanged,
    HouseholdChanged,
    NewHousehold,
    ResidenceSpecial,
    StayEnded,
    StaysElsewhere,
)
from kokuho_core.qualification.date_rules import DateRules
from kokuho_core.vocabulary.codes import InsuredKind, SpecialCase
from kokuho_core.vocabulary.identifiers import HouseholdNumber
from kokuho_core.vocabulary.reasons import (
    RESIDENCE_SPECIAL_ACQUIRED,
    RESIDENCE_SPECIAL_LOST,
)


def household_changed(desk: Desk, notice: HouseholdChanged, rules: DateRules) -> None:
    """X-14: the same application period, from the day of the event in another household."""
    on = notice.event_on
    is_new = isinstance(notice.household, NewHousehold)
    cause = Cause(on, notice.notified_on, opens_as=SPLIT_OFF, closes_as=MERGED)
    household = desk.choose(notice.household, cause)
    choice = notice.household
    left: dict[HouseholdNumber, None] = {}
    for number in notice.people:
        record = desk.insured(number)
        if record.household_number == household:
            raise NotificationRefused(Problem("KKH-M007", field="household_number"))
        if record.application_start is None or on < max(record.application_start, record.member_start or on):
            raise NotificationRefused(Problem("KKH-P002", field="member_start"))
        left[record.household_number] = None
        is_head = isinstance(choice, NewHousehold) and choice.head.addressee_number == number
        desk.next_row(
            number, **desk.place_in(household, number), member_start=on, member_end=None,
            relationship="01" if is_head else notice.relationships.get(number, "99"),
        )  # fmt: skip
        desk.ground(number, "member_start", on, "X-14")
    if isinstance(choice, NewHousehold):
        desk.seat(choice.head, household, cause)
    for former in left:
        desk.settle(former, cause, notice.new_head)
    desk.settle(household, evolve(cause, closes_as="09") if is_new else cause)


def head_changed(desk: Desk, notice: HeadChanged, rules: DateRules) -> None:
    """H-4 (2): the head changes within one and the same household."""
    household = desk.household(notice.household)
    if notice.event_on < household.record.head_start:
        raise NotificationRefused(Problem("KKH-P002", field="head_start"))
    if household.head == notice.head.addressee_number:
        raise NotificationRefused(Problem("KKH-M013", field="head_addressee_number"))
    desk.make_head(notice.household, notice.head, Cause(notice.event_on, notice.notified_on))
    for number, relationship in notice.relationships.items():
        if desk.record(number).relationship != relationship and desk.persons[number].is_member_of(notice.household):
            desk.next_row(number, relationship=relationship)
    desk.require_head(notice.household)




def residence_special(desk: Desk, notice: ResidenceSpecial, rules: DateRules) -> None:
    """D-9: 58 and 08 on one day, another household and number, the same insurer; the 資格取得日 does not break."""
    on = rules.ends_on(RESIDENCE_SPECIAL_LOST, notice.event_on)
    record = desk.insured(notice.person)
    if record.application_start is None or on <= record.application_start:
        raise NotificationRefused(Problem("KKH-P002", field="application_end"))
    former = record.household_number
    cause = Cause(on, notice.notified_on)
    desk.next_row(
        notice.person, **clipped(record, on), application_end=on, application_end_reason=RESIDENCE_SPECIAL_LOST,
        application_end_notified=notice.notified_on,
    )  # fmt: skip
    household = desk.choose(notice.household, evolve(cause, opens_as=SPLIT_OFF))
    items = evolve(desk.persons[notice.person].items(), address=notice.address, postal_code=notice.postal_code)
    acquired = record.qualification_acquired
    kept = (
        acquired_on(acquired, record.qualification_acquired_reason, record.qualification_acquired_notified)
        if acquired is not None and acquired < on
        else {}
    )
    desk.enter(
        Entrant(notice.person, items, "01"), household, on, insured_kind=InsuredKind.INSURED.value,
        application_start=on, application_start_reason=RESIDENCE_SPECIAL_ACQUIRED,
        application_start_notified=notice.notified_on, special_case=SpecialCase.RESIDENCE.value, special_case_start=on,
        **kept,
    )  # fmt: skip
    desk.ground(notice.person, "application_start", on, "D-9")
    desk.settle(former, cause, notice.new_head)
    desk.settle(household, cause)


def stays_elsewhere(desk: Desk, notice: StaysElsewhere, rules: DateRules) -> None:
    """D-10: マル学・マル遠 change the address alone."""
    record = desk.insured(notice.person)
    if notice.case not in (SpecialCase.STUDENT, SpecialCase.REMOTE):
        raise NotificationRefused(Problem("KKH-M012", field="special_case"))
    if record.application_start is None or notice.event_on < record.application_start:
        raise NotificationRefused(Problem("KKH-P002", field="special_case_start"))
    desk.touched[record.household_number] = None
    desk.next_row(
        notice.person, special_case=notice.case.value, special_case_start=notice.event_on, special_case_end=None,
        address=notice.address, postal_code=notice.postal_code,
    )  # fmt: skip
    desk.ground(notice.person, "special_case_start", notice.event_on, "D-10")


def stay_ended(desk: Desk, notice: StayEnded, rules: DateRules) -> None:
    """D-9, D-10: the address is that of the household again, or another one here."""
    record = desk.insured(notice.person)
    if record.special_case == SpecialCase.NONE or record.special_case_end is not None:
        raise NotificationRefused(Problem("KKH-M012", field="special_case"))
    desk.touched[record.household_number] = None
    desk.next_row(
        notice.person, special_case_end=notice.event_on, address=notice.address, postal_code=notice.postal_code
    )
    rule = "D-9" if record.special_case == SpecialCase.RESIDENCE else "D-10"
    desk.ground(notice.person, "special_case_end", notice.event_on, rule)
