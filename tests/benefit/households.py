"""世帯の月: invented households for the properties, any month, class and receipts the rules know."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from kokuho_core.benefit.ceiling import Share
from kokuho_core.benefit.law_tables import AgeGroup, Law, Setting
from kokuho_core.benefit.receipts import Disease, HouseholdMonth, Part, Person, Receipt, Subsidy
from kokuho_core.vocabulary.month import Month

LAW = Law.shipped()
FIRST, LAST = Month.of(2007, 4), Month.of(2028, 7)
months = st.integers(FIRST.ordinal, LAST.ordinal).map(Month)
points = st.one_of(
    st.integers(0, 3_000), st.integers(0, 400_000), st.sampled_from([7_000, 6_999, 26_700, 28_600, 60_000])
)
INSTITUTIONS = ["A", "B", "C", None]


@st.composite
def cases(draw: st.DrawFn, *, plain: bool = False, month: Month | None = None) -> HouseholdMonth:
    """One household month. ``plain``: without 公費, specific diseases and halves."""
    at = month or draw(months)
    law = LAW.at(at)
    persons = [
        Person(name, draw(st.sampled_from(AgeGroup)), is_halved=not plain and draw(st.integers(0, 9)) == 0)
        for name in ("甲", "乙", "丙")[: draw(st.integers(1, 3))]
    ]
    receipts = draw(st.lists(receipts_of([each.name for each in persons], plain, at), max_size=6))
    return HouseholdMonth(
        at,
        persons,
        tuple(receipts),
        draw(st.sampled_from(sorted(law.tables[AgeGroup.UNDER_70].rows))),
        draw(st.sampled_from(sorted(law.tables[AgeGroup.FROM_70].rows))),
        is_multiple=draw(st.booleans()),
        share=Share.HALF if not plain and draw(st.integers(0, 9)) == 0 else Share.WHOLE,
    )


@st.composite
def receipts_of(draw: st.DrawFn, names: list[str], plain: bool, month: Month) -> Receipt:
    setting = draw(st.sampled_from(Setting))
    parts = [Part(draw(points) * 10)]
    disease = None
    if not plain:
        if month < Month.of(2026, 8) and month >= Month.of(2018, 8):
            offered = ["10", "12", "15", "21", "51", "54"]
        else:
            offered = ["51", "54"]
        if draw(st.integers(0, 3)) == 0:
            houbetsu = draw(st.sampled_from(offered))
            parts.append(Part(draw(points) * 10, Subsidy(houbetsu, 0 if houbetsu == "12" else 5_000)))
        elif draw(st.integers(0, 7)) == 0:
            disease = draw(st.sampled_from(Disease))
    return Receipt(
        draw(st.sampled_from(names)),
        setting,
        tuple(parts),
        draw(st.sampled_from([10, 20, 30])),
        institution=draw(st.sampled_from(INSTITUTIONS)),
        is_dental=draw(st.integers(0, 4)) == 0,
        prescribed_by=draw(st.sampled_from(["A", "B", None, None, None])) if setting is Setting.OUTPATIENT else None,
        in_kind=not plain and month >= Month.of(2012, 4) and draw(st.booleans()),
        disease=disease,
    )


def receipt(person: str = "甲", **given: Any) -> Receipt:
    """A receipt in few words: ``points`` or ``cost``, ``share`` in percent, and what else differs from a plain outpatient one."""
    cost = given.pop("cost", None)
    given_points = given.pop("points", None)
    if given_points is not None:
        cost = given_points * 10
    parts = given.pop("parts", None) or (Part(cost),)
    share = given.pop("share", 30)
    return Receipt(person, given.pop("setting", Setting.OUTPATIENT), tuple(parts), share, **given)


def household(month: str, *receipts: Receipt, **given: Any) -> HouseholdMonth:
    """A household month in few words; ``elder``, ``halved`` name the people from 70 on, and those who turn 75."""
    elder, halved = given.pop("elder", ""), given.pop("halved", "")
    names = dict.fromkeys([each.person for each in receipts] + list(elder) + list(halved))
    persons = [
        Person(name, AgeGroup.FROM_70 if name in elder else AgeGroup.UNDER_70, is_halved=name in halved)
        for name in names
    ]
    at = Month.of(int(month[:4]), int(month[5:]))
    return HouseholdMonth(at, persons, receipts, given.pop("under", None), given.pop("over", None), **given)
