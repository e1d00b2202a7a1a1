"""法令の数値: each amount of the law tables against what was typed from the sources, in both directions."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from kokuho_core.benefit.ceiling import Share
from kokuho_core.benefit.law_tables import AgeGroup, Law, Mark, SubsidyKind, month_of

SOURCE: dict[str, Any] = tomllib.loads(Path(__file__).with_name("figures_from_source.toml").read_text("utf-8"))
LAW = Law.shipped()
GROUPS = {"under70": AgeGroup.UNDER_70, "from70": AgeGroup.FROM_70}
FIGURES = ("base", "threshold", "multiple", "outpatient", "outpatient_annual", "annual_cap", "annual_cap_low")


def amounts(text: str, unit: int = 1) -> list[int | None]:
    return [None if each == "-" else int(each.replace(",", "")) * unit for each in text.split(" / ")]


def amount(text: str, unit: int = 1) -> int:
    [found] = amounts(text, unit)
    assert found is not None
    return found


TABLES = [(group, since) for group in GROUPS for since in SOURCE[group]]


@pytest.mark.parametrize(("group", "since"), TABLES)
def test_every_amount_of_a_table_stands_in_a_source(group: str, since: str) -> None:
    """Rules: H-2, H-8: no row or figure more or less than the source has."""
    [table] = [each for each in LAW.tables_of(GROUPS[group]) if each.since == month_of(since)]
    printed = {name: amounts(text) for name, text in SOURCE[group][since].items() if name != "source"}
    assert {name: [getattr(row, key) for key in FIGURES] for name, row in table.rows.items()} == printed


def test_there_is_no_table_without_a_source() -> None:
    known = {(GROUPS[group], month_of(since)) for group, since in TABLES}
    assert {(each.age_group, each.since) for each in LAW.ceiling_tables} == known
    assert all(row.basis.source for each in LAW.ceiling_tables for row in each.rows.values())


def test_thresholds_are_the_base_at_thirty_percent() -> None:
    """The check the sources offer themselves: a cost at the threshold makes a copayment of the base."""
    rows = [row for each in LAW.ceiling_tables for row in each.rows.values() if row.threshold is not None]
    assert len(rows) == 34
    assert all(row.base * 10 == row.threshold * 3 for row in rows if row.threshold is not None)


def test_every_bound_of_income_stands_in_a_source() -> None:
    for table in LAW.ceiling_tables:
        for name, row in table.rows.items():
            if table.age_group is AgeGroup.UNDER_70:
                if row.tax_exempt:
                    assert (row.above, row.up_to) == (None, None)
                elif name != "一般":
                    assert [row.above, row.up_to] == amounts(SOURCE["bounds"][name], 10_000)
                else:
                    assert (row.above, row.up_to) == (None, 6_000_000)
            else:
                taxable = SOURCE["taxable"].get(name)
                assert row.taxable_from == (None if taxable is None else amount(taxable, 10_000))


def test_every_other_figure_stands_in_a_source() -> None:
    told = SOURCE["others"]
    now = LAW.at(month_of("2018-08"))
    assert [each.amount for each in LAW.aggregation] == [amount(told["aggregation_threshold"])]
    assert Share.HALF.of(now.aggregation.amount) == amount(told["aggregation_threshold_halved"])
    assert len(LAW.diseases) == 1
    assert now.disease.cap == amount(told["specific_disease"])
    assert now.disease.dialysis_cap == amount(told["specific_disease_dialysis"])
    assert Share.HALF.of(now.disease.cap) == amount(told["specific_disease_turning_75"])
    ceilings = {
        (kind, group): (each.inpatient, each.outpatient) for (kind, group), each in now.subsidy_ceilings.items()
    }
    younger, elder = AgeGroup.UNDER_70, AgeGroup.FROM_70
    general = ceilings[SubsidyKind.GENERAL, younger]
    assert [general[0].base, general[0].threshold] == amounts(told["subsidised_general_under70"])
    assert general[0] == general[1]
    welfare = ceilings[SubsidyKind.WELFARE, younger]
    assert welfare[0].base == welfare[1].base == amount(told["subsidised_welfare_under70"])
    assert ceilings[SubsidyKind.GENERAL, elder][0].base == amount(told["subsidised_general_70_inpatient"])
    assert ceilings[SubsidyKind.GENERAL, elder][1].base == amount(told["subsidised_general_70_outpatient"])
    assert ceilings[SubsidyKind.WELFARE, elder][0].base == amount(told["subsidised_welfare_70_inpatient"])
    assert ceilings[SubsidyKind.WELFARE, elder][1].base == amount(told["subsidised_welfare_70_outpatient"])
    shares = {"10": "tuberculosis", "15": "rehabilitation", "21": "psychiatric", "52": "child_chronic", "54": "intractable"}
    for houbetsu, name in shares.items():
        assert LAW.subsidies[houbetsu].share_percent == amount(told[f"{name}_percent"])
    assert LAW.halving.turning_75_since == month_of(told["halved_for_75_since"])
    assert LAW.halving.move_since == month_of(told["halved_for_moves_since"])
    income = LAW.income
    assert income.basic_deductions == (
        (2006, amount(told["basic_deduction_until_2019"])),
        (2020, amount(told["basic_deduction"])),
    )
    assert income.active_income_single == amount(told["standard_income_one"])
    assert income.active_income_several == amount(told["standard_income_several"])
    assert income.active_old_proviso == amount(told["general_by_old_proviso"])
    assert [each.amount for each in income.pension_deductions] == amounts(told["pension_deductions"])


def test_what_no_source_confirms_is_marked() -> None:
    """Figures that were not read anywhere are refused until somebody chooses them."""
    remembered = {rule.houbetsu for rule in LAW.subsidies.values() if rule.basis.mark is Mark.REMEMBERED}
    assert remembered == {"16"}
    unsure = [
        (str(each.since), each.kind.value, each.age_group.value)
        for each in LAW.subsidy_ceilings
        if each.basis.mark is Mark.REMEMBERED
    ]
    assert unsure == [("200704", "general", "70-74"), ("201708", "general", "70-74")]
    rows = [row for each in LAW.ceiling_tables for row in each.rows.values()]
    assert all(row.basis.mark is Mark.QUOTED for row in rows)


def test_every_ceiling_of_medical_and_care_costs_stands_in_a_source() -> None:
    [rule] = LAW.care
    assert rule.under_70 == {name: amount(text, 10_000) for name, text in SOURCE["care"]["under70"].items()}
    assert rule.from_70 == {name: amount(text, 10_000) for name, text in SOURCE["care"]["from70"].items()}
    assert rule.several_care_users == amount(SOURCE["care"]["more"]["several_care_users"], 10_000)
    assert rule.not_paid_up_to == amount(SOURCE["care"]["more"]["not_paid_up_to_yen"])


def test_the_fourth_month_is_never_above_the_third() -> None:
    """Rules: H-2: by row, whatever the cost and the share."""
    for table in LAW.ceiling_tables:
        for row in table.rows.values():
            for share in Share:
                for cost in (0, 1, 100_000, 267_050, 1_000_000, 50_000_000):
                    third = row.ceiling(multiple=False, share=share).of(cost)
                    assert row.ceiling(multiple=True, share=share).of(cost) <= third
