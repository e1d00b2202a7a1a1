"""合成異動: what each kind of change tells, one function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from attrs import frozen

from kokuho_core.conformance.choices import Shares
from kokuho_core.synthetic.household_life import (
    CHANGED_NUMBER_SLOT,
    CHILD_SLOT,
    LATER,
    NEWCOMER_SLOT,
    NEWCOMERS,
    SPLIT_OFF,
    Home,
    HomeNumbers,
    HouseholdLife,
)
from kokuho_core.synthetic.names import SURNAMES
from kokuho_core.synthetic.plan import SLOTS, Change, HouseholdSite
from kokuho_core.synthetic.rows import DAY, HIGH_COST, HOUSEHOLD, PERSON, cancelled, corrected, next_row, ordinal_of
from kokuho_core.vocabulary.month import Month
from kokuho_core.vocabulary.reasons import (
    BIRTH,
    DEATH,
    EMPLOYEE_INSURANCE,
    LATE_ELDERLY,
    MOVED_IN_FROM_OUTSIDE,
    MOVED_OUT_INSIDE,
    MOVED_OUT_OF_PREFECTURE,
    RESIDENCE_SPECIAL_ACQUIRED,
    RESIDENCE_SPECIAL_LOST,
)

_LEFT_EMPLOYMENT: Final = "03"


@frozen
class Telling:
    """届出: on which day it happened, on which it was notified, in which file it is told, and in which what follows."""

    day: int
    notified: int
    stamp: str
    sequence: int
    later: int


ChoicesOf = Callable[[HouseholdSite], Shares]
"""The choices by which a household's life is told, so that it can be told again."""


def tell_change(life: HouseholdLife, sequence: int, last: int, choices_of: ChoicesOf) -> None:
    """Tell the change of this household in file ``sequence``, and what follows it in the next one up to ``last``."""
    if life.change is None:
        return
    notified = life.plan.created_at(sequence).toordinal() - life.below(6)
    day = notified - life.below(9)
    stamp = DAY[notified] + "164500"
    telling = Telling(day, notified, stamp, sequence, min(sequence + 1, last))
    if life.change is Change.MERGER:
        _merger(life, telling, choices_of)
    else:
        _TOLD[life.change](life, telling)


def _later_home(life: HouseholdLife) -> HomeNumbers:
    return HomeNumbers.of(LATER, life.site.index)


def _move(life: HouseholdLife, at: Telling) -> None:
    if (there := life.other_municipality()) != life.site.municipality:
        life.move(life.home, there, _later_home(life), at.day, at.notified, at.sequence, at.sequence)


def _late_other_side(life: HouseholdLife, at: Telling) -> None:
    """The municipality entered tells its side in its next file."""
    if (there := life.other_municipality()) != life.site.municipality:
        life.move(life.home, there, _later_home(life), at.day, at.notified, at.sequence, at.later)


def _protected_move(life: HouseholdLife, at: Telling) -> None:
    for place, person in enumerate(life.home.people):
        life.home.people[place] = person | {"address_withheld": "1"}
    _move(life, at)


def _head_leaves(life: HouseholdLife, at: Telling) -> None:
    """The head moves inside the prefecture and is head again there; those left get a new one (H-4)."""
    _one_leaves(life, at, 0)


def _member_leaves(life: HouseholdLife, at: Telling) -> None:
    """A member moves inside the prefecture and becomes head there (H-5)."""
    _one_leaves(life, at, len(life.home.people) - 1)


def _one_leaves(life: HouseholdLife, at: Telling, place: int) -> None:
    home, there = life.home, life.other_municipality()
    leaving = home.people[place]
    if len(home.insured) < 2 or leaving["insured_kind"] != "1" or there == life.site.municipality:
        _move(life, at)
        return
    other = life.plan.insurers[there].insurer_number
    ended = life.ended(leaving, at.day, MOVED_OUT_INSIDE, at.notified, at.stamp, other)
    life.tell_person(at.sequence, home, place, ended)
    told = {leaving["addressee_number"]}
    if place == 0:
        life.change_head(at.sequence, home, 1, at.day, at.notified, at.stamp)
        told.add(home.people[0]["addressee_number"])
        life.tell_person(at.sequence, home, 0, next_row(home.people[0], at.stamp, relationship="01"))
    life.tell_unchanged(at.sequence, home, told, at.stamp)
    life.arrive(at.sequence, [ended], there, _later_home(life), at.day, at.notified, home.insurer)


def _merger(life: HouseholdLife, at: Telling, choices_of: ChoicesOf) -> None:
    """The household joins another one, whose head stays head: in another municipality or in the same."""
    site = life.plan.partner_of(life.site.position)
    partner = HouseholdLife(life.plan, site, choices_of(site)).home
    home, there = life.home, site.municipality
    if there == life.site.municipality:
        joined = {key: partner.row[key] for key in ("household_number", "card_symbol", "card_number")}
        for place, person in enumerate(home.people):
            row = next_row(person, at.stamp, member_start=DAY[at.day], relationship="05", **joined)
            life.tell_person(at.sequence, home, place, row)
        life.end_household(at.sequence, home, at.day, at.notified, at.stamp, "06", "")
    else:
        other = life.plan.insurers[there].insurer_number
        people = home.insured
        life.leave(at.sequence, home, at.day, at.notified, MOVED_OUT_INSIDE, other, "07")
        life.arrive(at.sequence, people, there, _later_home(life), at.day, at.notified, home.insurer, joins=partner.row)
    life.tell_unchanged(at.sequence, partner, set(), at.stamp)


def _split(life: HouseholdLife, at: Telling) -> None:
    """世帯分離 at the same address: the last member is head of a household of his own."""
    home = life.home
    leaving = home.people[-1]
    if len(home.insured) < 2:
        _head_change(life, at)
        return
    row = _apart(life, at, leaving, SPLIT_OFF)
    life.tell_person(at.sequence, home, len(home.people) - 1, row)
    life.tell_unchanged(at.sequence, home, {leaving["addressee_number"]}, at.stamp)


def _apart(life: HouseholdLife, at: Telling, person: dict[str, str], kind: str, **changes: str) -> dict[str, str]:
    """The next row of one who becomes head of his own household in the same municipality, whose row is told."""
    numbers = HomeNumbers.of(kind, life.site.index)
    row = next_row(
        person, at.stamp, household_number=numbers.household, card_number=numbers.card, member_start=DAY[at.day],
        member_end="", relationship="01", **changes,
    )  # fmt: skip
    household = life.household(numbers, row, row, at.day)
    household.update(change_reason="05", notified_on=DAY[at.notified], head_start_notified=DAY[at.notified])
    life.tell(at.sequence, HOUSEHOLD, household | {"updated_at": at.stamp})
    return row


def _head_change(life: HouseholdLife, at: Telling) -> None:
    """世帯主変更 within the household; one who lives alone has only a new name on his card."""
    home = life.home
    if len(home.people) < 2:
        life.tell_person(at.sequence, home, 0, next_row(home.people[0], at.stamp, name_on_card=home.people[0]["name"]))
        return
    life.change_head(at.sequence, home, 1, at.day, at.notified, at.stamp)
    for place, relationship in ((0, "01"), (1, "02")):
        life.tell_person(at.sequence, home, place, next_row(home.people[place], at.stamp, relationship=relationship))
    life.tell_unchanged(at.sequence, home, {each["addressee_number"] for each in home.people[:2]}, at.stamp)


def _out_of_prefecture(life: HouseholdLife, at: Telling) -> None:
    """D-3: lost on the day after."""
    life.leave(at.sequence, life.home, at.day + 1, at.notified, MOVED_OUT_OF_PREFECTURE, "", "08")


def _into_prefecture(life: HouseholdLife, at: Telling) -> None:
    _newcomers(life, at, MOVED_IN_FROM_OUTSIDE)


def _left_employment(life: HouseholdLife, at: Telling) -> None:
    """社保離脱: a new household, or one more member of this one."""
    if life.draw() < 0.6:
        _newcomers(life, at, _LEFT_EMPLOYMENT)
    else:
        _joins(life, at, NEWCOMER_SLOT, at.day - int((25 + life.draw() * 30) * 365), _LEFT_EMPLOYMENT)


def _newcomers(life: HouseholdLife, at: Telling, reason: str) -> None:
    """One to three people nobody knew, as a household of their own."""
    numbers = HomeNumbers.of(NEWCOMERS, life.site.index)
    surname = SURNAMES[life.below(len(SURNAMES))]
    address = life.address(life.site.municipality)
    people = []
    for place in range((1, 1, 1, 2, 2, 3)[life.below(6)]):
        age = life.draw() * 15 if place == 2 else 26 + life.draw() * 45
        born = at.day - int(age * 365)
        person = life.person(
            NEWCOMER_SLOT + place, numbers, surname, address, born, at.day, is_head=place == 0, reason=reason
        )
        if place:
            person["relationship"] = "02" if place == 1 else "03"
        _notified(person, at)
        people.append(person)
    household = life.household(numbers, people[0], people[0], at.day)
    household.update(notified_on=DAY[at.notified], head_start_notified=DAY[at.notified], updated_at=at.stamp)
    life.tell_all(at.sequence, Home(household, people))


def _birth(life: HouseholdLife, at: Telling) -> None:
    _joins(life, at, CHILD_SLOT, at.day, BIRTH)


def _joins(life: HouseholdLife, at: Telling, slot: int, born: int, reason: str) -> None:
    """One more member of the household."""
    home, head = life.home, life.home.people[0]
    surname = (head["name"].split("\u3000")[0], head["name_kana"].split("\u3000")[0])
    numbers = HomeNumbers(home.row["household_number"], home.row["card_number"])
    person = life.person(slot, numbers, surname, head["address"], born, at.day, is_head=False, reason=reason)
    _notified(person, at)
    if reason == BIRTH:
        person["individual_number"] = ""  # follows from the resident register some days later
    home.people.append(person)
    life.tell(at.sequence, PERSON, person)
    if reason == BIRTH and at.later > at.sequence:
        number = life.plan.numbers.of(life.site.index * SLOTS + slot)
        stamp = DAY[life.plan.created_at(at.later).toordinal()] + "101000"
        row = next_row(person, stamp, individual_number=number)
        life.tell_person(at.later, home, len(home.people) - 1, row)
    life.tell_unchanged(at.sequence, home, {person["addressee_number"]}, at.stamp)


def _notified(person: dict[str, str], at: Telling) -> None:
    notified = DAY[at.notified]
    person.update(application_start_notified=notified, qualification_acquired_notified=notified, updated_at=at.stamp)


def _first_insured(life: HouseholdLife) -> int:
    return next(place for place, person in enumerate(life.home.people) if person["insured_kind"] == "1")


def _death(life: HouseholdLife, at: Telling) -> None:
    """D-4: lost on the day after."""
    life.lose(at.sequence, _first_insured(life), at.day + 1, DEATH, at.notified)


def _employed(life: HouseholdLife, at: Telling) -> None:
    """D-5: lost on the day after the other cover began."""
    life.lose(at.sequence, _first_insured(life), at.day + 1, EMPLOYEE_INSURANCE, at.notified)


def _employed_late_notice(life: HouseholdLife, at: Telling) -> None:
    """Notified half a year and more after the other cover began (P-7)."""
    day = at.day - 60 - life.below(240)
    life.lose(at.sequence, _first_insured(life), day, EMPLOYEE_INSURANCE, at.notified)


def _late_elderly(life: HouseholdLife, at: Telling) -> None:
    """D-7: lost on the day after the 75th birthday."""
    birthday = life.plan.elderly_birthday(life.site.position).toordinal()
    life.lose(at.sequence, _first_insured(life), birthday + 1, LATE_ELDERLY, at.notified)


def _correction(life: HouseholdLife, at: Telling) -> None:
    """訂正: of a kana name, of the day a period began, or of the day it ended."""
    home, place = life.home, _first_insured(life)
    person = home.people[place]
    match life.below(3):
        case 0:
            row = corrected(person, at.stamp, name_kana=person["name_kana"] + "ー")
        case 1 if person["application_start"] != person["birth_date"]:
            start = DAY[
                max(ordinal_of(person["application_start"]) - 1 - life.below(9), ordinal_of(person["birth_date"]) + 1)
            ]
            acquired = {"qualification_acquired": start} if person["qualification_acquired"] else {}
            row = corrected(person, at.stamp, application_start=start, member_start=start, **acquired)
        case _:
            ended = life.ended(person, at.day, EMPLOYEE_INSURANCE, at.notified, at.stamp)
            life.tell(at.sequence, PERSON, ended)
            end = DAY[at.day - 1 - life.below(20)]
            row = corrected(ended, at.stamp, application_end=end, member_end=end, qualification_lost=end)
            life.tell_person(at.later, home, place, row)
            life.tell_unchanged(at.sequence, home, {person["addressee_number"]}, at.stamp)
            return
    life.tell_person(at.sequence, home, place, row)


def _cancellation(life: HouseholdLife, at: Telling) -> None:
    """取消: an end told by mistake is taken back; the record before it stands again."""
    home, place = life.home, _first_insured(life)
    ended = life.ended(home.people[place], at.day, EMPLOYEE_INSURANCE, at.notified, at.stamp)
    life.tell(at.sequence, PERSON, ended)
    life.tell(at.later, PERSON, cancelled(ended, at.stamp))
    life.tell_unchanged(at.sequence, home, {ended["addressee_number"]}, at.stamp)


def _month_of_change(life: HouseholdLife, at: Telling) -> Month:
    """A month of treatment that the initial load cannot hold: the last one, or long ago."""
    last = Month.containing(life.plan.base_day)
    return last.plus(-1) if life.draw() < 0.7 else last.plus(-15)


def _high_cost(life: HouseholdLife, at: Telling) -> None:
    month = _month_of_change(life, at)
    life.tell(at.sequence, HIGH_COST, life.high_cost_month(life.home.row, month, at.notified))


def _high_cost_correction(life: HouseholdLife, at: Telling) -> None:
    """A month is told, then its amount corrected or the whole taken back."""
    row = life.high_cost_month(life.home.row, _month_of_change(life, at), at.notified)
    life.tell(at.sequence, HIGH_COST, row)
    if life.draw() < 0.6:
        life.tell(at.later, HIGH_COST, corrected(row, at.stamp, paid_amount=str(int(row["paid_amount"]) + 500)))
    else:
        life.tell(at.later, HIGH_COST, cancelled(row, at.stamp))


def _residence_special(life: HouseholdLife, at: Telling) -> None:
    """住所地特例 (D-9): moves to a facility elsewhere, stays with this insurer: 58 and 08, a household of his own."""
    home, place = life.home, _first_insured(life)
    there = life.other_municipality()
    person = home.people[place]
    ended = life.ended(person, at.day, RESIDENCE_SPECIAL_LOST, at.notified, at.stamp)
    life.tell(at.sequence, PERSON, ended)
    day, notified = DAY[at.day], DAY[at.notified]
    again = {
        "application_start": day, "application_start_reason": RESIDENCE_SPECIAL_ACQUIRED,
        "application_start_notified": notified, "application_end": "", "application_end_reason": "",
        "application_end_notified": "", "special_case": "3", "special_case_start": day, "address": life.address(there),
    }  # fmt: skip
    others = [each for each in home.insured if each is not person]
    if others and place == 0:
        life.change_head(at.sequence, home, home.people.index(others[0]), at.day, at.notified, at.stamp)
    elif not others:
        life.end_household(at.sequence, home, at.day, at.notified, at.stamp, "09", "")
    moved = _apart(life, at, ended, SPLIT_OFF, **again)
    life.tell_person(at.sequence, home, home.people.index(person), moved)
    life.tell_unchanged(at.sequence, home, {person["addressee_number"]}, at.stamp)


def _student(life: HouseholdLife, at: Telling) -> None:
    """マル学 (D-10): studies elsewhere, stays a member of the household."""
    home = life.home
    if len(home.insured) < 2:
        _move(life, at)
        return
    row = next_row(
        home.people[-1], at.stamp, special_case="1", special_case_start=DAY[at.day],
        address=life.address(life.other_municipality()),
    )  # fmt: skip
    life.tell_person(at.sequence, home, len(home.people) - 1, row)
    life.tell_unchanged(at.sequence, home, {row["addressee_number"]}, at.stamp)


def _number_comes(life: HouseholdLife, at: Telling) -> None:
    """A number nobody knew at first: in a further row, or as a correction (I-3)."""
    home = life.home
    place = next((place for place, person in enumerate(home.people) if not person["individual_number"]), 0)
    slot = int(home.people[place]["addressee_number"][-2:])
    number = life.plan.numbers.of(life.site.index * SLOTS + slot)
    new = next_row if life.draw() < 0.5 else corrected
    life.tell_person(at.sequence, home, place, new(home.people[place], at.stamp, individual_number=number))


def _number_changes(life: HouseholdLife, at: Telling) -> None:
    """個人番号の変更: the old one stands beside the new one (I-4)."""
    home, place = life.home, _first_insured(life)
    old = home.people[place]["individual_number"]
    number = life.plan.numbers.of(life.site.index * SLOTS + CHANGED_NUMBER_SLOT)
    row = next_row(home.people[place], at.stamp, individual_number=number, previous_individual_number=old)
    life.tell_person(at.sequence, home, place, row)


_TOLD: Final[Mapping[Change, Callable[[HouseholdLife, Telling], None]]] = {
    Change.MOVE: _move,
    Change.LATE_OTHER_SIDE: _late_other_side,
    Change.PROTECTED_MOVE: _protected_move,
    Change.HEAD_LEAVES: _head_leaves,
    Change.MEMBER_LEAVES: _member_leaves,
    Change.SPLIT: _split,
    Change.HEAD_CHANGE: _head_change,
    Change.OUT_OF_PREFECTURE: _out_of_prefecture,
    Change.INTO_PREFECTURE: _into_prefecture,
    Change.BIRTH: _birth,
    Change.DEATH: _death,
    Change.EMPLOYED: _employed,
    Change.EMPLOYED_LATE_NOTICE: _employed_late_notice,
    Change.LEFT_EMPLOYMENT: _left_employment,
    Change.LATE_ELDERLY: _late_elderly,
    Change.CORRECTION: _correction,
    Change.CANCELLATION: _cancellation,
    Change.HIGH_COST: _high_cost,
    Change.HIGH_COST_CORRECTION: _high_cost_correction,
    Change.RESIDENCE_SPECIAL: _residence_special,
    Change.STUDENT: _student,
    Change.NUMBER_COMES: _number_comes,
    Change.NUMBER_CHANGES: _number_changes,
}
