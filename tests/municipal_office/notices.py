"""Random notices over a few people, households and days. Most can be, many cannot: a clerk's keyboard knows no rules."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from kokuho_core.municipal_office.notification import (
    Born,
    CoverBegan,
    CoverEnded,
    DateCorrected,
    Died,
    Entrant,
    Head,
    HeadChanged,
    HouseholdChanged,
    ItemsChanged,
    ItemsCorrected,
    MovedIn,
    MovedOut,
    NewHousehold,
    Notification,
    OtherCover,
    PeriodSide,
    ResidenceSpecial,
    StayEnded,
    StaysElsewhere,
    Withdrawn,
)
from kokuho_core.vocabulary.codes import SpecialCase
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber

from ..prefecture.office import B, C
from .counter import entrant

FIRST = date(2024, 1, 1)
PEOPLE = tuple(AddresseeNumber(str(number)) for number in range(1, 7))
HOMES = tuple(HouseholdNumber(f"{number}0") for number in range(1, 9))
KINDS = (
    "moved in", "moved in", "moved in", "moved out", "cover ended", "cover ended", "cover began", "cover began", "born", "died",
    "household", "household", "head", "facility", "student", "stay ended", "items", "items corrected", "date", "date", "withdrawn",
)  # fmt: skip

days = st.integers(0, 60).map(lambda count: FIRST + timedelta(days=count * 5))
people = st.sampled_from(PEOPLE)
several = st.lists(people, min_size=1, max_size=3, unique=True).map(tuple)


def born(number: str) -> str:
    """6 is born in the year of the notices, 5 turns 75 in it."""
    return {"6": "2024-03-01", "5": "1949-06-04"}.get(number, "1980-05-05")


@st.composite
def entrants(draw: st.DrawFn) -> tuple[Entrant, ...]:
    found = [entrant(each, born(each)) for each in draw(several)]
    return tuple(Entrant(each.addressee_number) if draw(st.integers(0, 4)) == 0 else each for each in found)


@st.composite
def heads(draw: st.DrawFn) -> Head:
    number = draw(people)
    nominal = draw(st.booleans())
    return Head(number, nominal, entrant(number, born(number)).items if nominal else None)


@st.composite
def homes(draw: st.DrawFn, head: AddresseeNumber | None = None) -> NewHousehold:
    number = draw(st.sampled_from(HOMES))
    chosen = Head(head) if head is not None and draw(st.integers(0, 3)) else draw(heads())
    return NewHousehold(number, number, chosen)


@st.composite
def notices(draw: st.DrawFn) -> Notification:
    on = draw(days)
    when: dict[str, Any] = {"event_on": on, "notified_on": on + timedelta(days=draw(st.sampled_from([0, 0, 5, 40, -5])))}
    new_head = draw(st.one_of(st.none(), heads()))
    other = draw(st.sampled_from([None, B, C]))
    person, those = draw(people), draw(several)
    entering = draw(entrants())
    first = entering[0].addressee_number
    choice: Any = draw(st.one_of(homes(first), homes(first), st.sampled_from(HOMES)))
    match draw(st.sampled_from(KINDS)):
        case "moved in":
            return MovedIn(**when, household=choice, entrants=entering, from_insurer=other, new_head=new_head)
        case "moved out":
            address = on if draw(st.booleans()) else None
            return MovedOut(**when, people=those, to_insurer=other, new_address_on=address, new_head=new_head)
        case "cover ended":
            cover = draw(st.sampled_from(OtherCover))
            return CoverEnded(**when, cover=cover, household=choice, entrants=entering, new_head=new_head)
        case "cover began":
            return CoverBegan(**when, cover=draw(st.sampled_from(OtherCover)), people=those, new_head=new_head)
        case "born":
            when["event_on"] = date(2024, 3, 1)
            return Born(**when, household=draw(st.sampled_from(HOMES)), child=entrant("6", "2024-03-01"))
        case "died":
            return Died(**when, person=person, new_head=new_head)
        case "household":
            to: Any = draw(st.one_of(homes(those[0]), st.sampled_from(HOMES)))
            return HouseholdChanged(**when, people=those, household=to, new_head=new_head)
        case "head":
            return HeadChanged(**when, household=draw(st.sampled_from(HOMES)), head=draw(heads()))
        case "facility":
            return ResidenceSpecial(**when, person=person, household=draw(homes(person)), address="施設", new_head=new_head)
        case "student":
            return StaysElsewhere(**when, person=person, case=draw(st.sampled_from(SpecialCase)), address="学生の町")
        case "stay ended":
            return StayEnded(**when, person=person, address="見本町")
        case "items":
            return ItemsChanged(**when, person=person, items=entrant(person, born(person), name="別名").items)
        case "items corrected":
            return ItemsCorrected(**when, person=person, items=entrant(person, born(person), sex="2").items)
        case "date":
            side = draw(st.sampled_from(PeriodSide))
            return DateCorrected(**when, people=those, side=side, new_address_on=on if draw(st.booleans()) else None)
        case _:
            return Withdrawn(**when, notice_number=draw(st.integers(1, 12)))
