"""計算事例: worked cases of public documents, put through the library. ``python -m tests.benefit.worked_cases [FILE]`` tells how many
of each kind agree; another file of the same form can be given.

Each kind has a function that answers with what the library says under the names of the case's ``expected``.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from kokuho_core.benefit.annual import BenefitYear, annual_cap
from kokuho_core.benefit.ceiling import Share
from kokuho_core.benefit.law_tables import AgeGroup, Law, Setting, month_of
from kokuho_core.benefit.occurrences import counted_months
from kokuho_core.benefit.receipts import Disease, HouseholdMonth, Part, Person, Receipt, Subsidy
from kokuho_core.benefit.settlement import Settlement, settle
from kokuho_core.benefit.steps import StepKind
from kokuho_core.errors import KokuhoError
from kokuho_core.high_cost_history.history import HighCostMonth
from kokuho_core.premium.assessment import PremiumRate, assess
from kokuho_core.vocabulary.codes import Suggestion
from kokuho_core.vocabulary.month import Month

from .continuity_cases import continuity

CASES: Final = Path(__file__).with_name("cases") / "high_cost_cases.json"
MORE_CASES: Final = CASES.with_name("more_public_cases.json")
"""The rest of the ministry's examples, those of 難病・小児慢性, municipal pages, and some worked out by hand."""
LAW: Final = Law.shipped()

DISPUTED: Final[dict[str, str]] = {}
"""Cases whose expected figure is held to be wrong, each with the reasoning."""

Answer = dict[str, Any]


@frozen
class Verdict:
    """One case: what differs, by name of the expected figure (empty: it agrees)."""

    id: str
    kind: str
    differences: dict[str, tuple[Any, Any]]

    @property
    def is_disputed(self) -> bool:
        return self.id in DISPUTED

    @property
    def agrees(self) -> bool:
        return not self.differences


def month_in(text: str | None, default: str = "2018-04") -> Month:
    """The first month a period such as ``2015-01..2026-07``, ``2027-08..`` or ``2018-04+`` speaks of."""
    return month_of((text or default)[:7])


def ceiling_month(inputs: dict[str, Any]) -> Month:
    return month_in(inputs.get("month") or inputs.get("rule_period"))


def age_group(text: str) -> AgeGroup:
    """75歳以上 of a document goes through the steps of the 70s: 国保 has nobody of that age, the order is the same."""
    return AgeGroup.UNDER_70 if text == "under70" else AgeGroup.FROM_70


def percent(rate: float | None) -> int | None:
    return None if rate is None else round(rate * 100)


# --- one receipt ---


def subsidy_of(given: dict[str, Any] | None) -> Subsidy | None:
    return None if given is None else Subsidy(given["houbetsu"], given["monthly_cap"])


def disease_of(cap: int | None, income_class: str) -> Disease | None:
    """The document gives the ceiling of a specific disease; the law knows it by disease and class."""
    if cap is None:
        return None
    own = LAW.at(Month.of(2018, 10)).disease
    return Disease.HAEMOPHILIA if cap == own.cap and income_class in own.dialysis_classes else Disease.DIALYSIS


def window(inputs: dict[str, Any], parts: list[dict[str, Any]]) -> Settlement:
    group = age_group(inputs["age_group"])
    month = ceiling_month(inputs)
    receipt = Receipt(
        "p",
        Setting(inputs["setting"]),
        tuple(Part(part["total_cost"], subsidy_of(part.get("public_subsidy"))) for part in parts),
        percent(inputs["copay_rate"]),
        in_kind=group is AgeGroup.FROM_70 or inputs["setting"] == "inpatient" or month >= Month.of(2012, 4),
        disease=disease_of(inputs.get("specific_disease_cap"), inputs["income_class"]),
    )
    case = HouseholdMonth(
        month, [Person("p", group, inputs.get("age75_month", False))], (receipt,),
        class_under_70=inputs["income_class"] if group is AgeGroup.UNDER_70 else None,
        class_from_70=inputs["income_class"] if group is AgeGroup.FROM_70 else None,
        is_multiple=inputs.get("multiple_occurrence", False),
    )  # fmt: skip
    return settle(case, LAW)


def receipt_month(inputs: dict[str, Any], _: Answer) -> Answer:
    [found] = window(inputs, inputs["parts"]).institutions
    answer: Answer = {
        "patient_total": found.patient_total,
        "insurance_copay_after_cap": found.insurance_copay,
        "subsidised_part_copay_after_cap": found.subsidised[0].copay_after_ceiling if found.subsidised else None,
        "subsidised_part_patient": found.subsidised[0].patient if found.subsidised else None,
    }
    names = {"54": "nanbyo", "51": "nanbyo", "12": "seiho"}
    # the first 公費 of the document is the one its «subsidised part» speaks of
    for part in inputs["parts"]:
        given = part.get("public_subsidy")
        if given is not None:
            [own] = [each for each in found.subsidised if each.houbetsu == given["houbetsu"]]
            if given is next(p["public_subsidy"] for p in inputs["parts"] if p.get("public_subsidy")):
                answer["subsidised_part_copay_after_cap"] = own.copay_after_ceiling
                answer["subsidised_part_patient"] = own.patient
            if given["houbetsu"] in names:
                answer[f"{names[given['houbetsu']]}_part_copay_after_cap"] = own.copay_after_ceiling
                answer[f"{names[given['houbetsu']]}_part_patient"] = own.patient
    return answer


def mid_month_insurance_change(inputs: dict[str, Any], _: Answer) -> Answer:
    each = [
        window(inputs | {"multiple_occurrence": False}, [{"total_cost": segment["total_cost"]}]).patient_total
        for segment in inputs["segments"]
    ]
    return {"patient_total": sum(each), "per_insurance": each}


# --- tables ---


def limit_only(inputs: dict[str, Any], _: Answer) -> Answer:
    group = age_group(inputs["age_group"])
    row = LAW.at(ceiling_month(inputs)).row(group, inputs["income_class"])
    share = Share.HALF if inputs.get("age75_month") else Share.WHOLE
    ceiling = row.ceiling(multiple=inputs["multiple_occurrence"], share=share)
    limit = ceiling.of(inputs["total_cost"])
    if inputs.get("setting") == "outpatient" and row.outpatient is not None:
        limit = share.of(row.outpatient)
    return {
        "limit": limit,
        "limit_multiple": row.ceiling(multiple=True, share=share).of(inputs["total_cost"]),
        "annual_cap": row.annual_cap,
        "base": row.base,
        "threshold": row.threshold,
        "outpatient": row.outpatient,
        "outpatient_limit": row.outpatient,
        "outpatient_annual": row.outpatient_annual,
    }


def limit_table(inputs: dict[str, Any], _: Answer) -> Answer:
    law = LAW.at(ceiling_month(inputs))
    row = law.row(age_group(inputs["age_group"]), inputs["income_class"])
    halved = inputs.get("age75_month") or inputs.get("move_within_prefecture")
    share = Share.HALF if halved else Share.WHOLE
    first, fourth = row.ceiling(multiple=False, share=share), row.ceiling(multiple=True, share=share)
    return {
        "base": first.base,
        "threshold": first.threshold,
        "multiple": fourth.base,
        "outpatient": None if row.outpatient is None else share.of(row.outpatient),
        "aggregation_threshold": share.of(law.aggregation.amount),
    }


def limit_apportionment(inputs: dict[str, Any], _: Answer) -> Answer:
    limit = inputs["normal_limit"]
    moved = inputs.get("move_within_prefecture") and inputs.get("continuity")
    household = Share.HALF if moved else Share.WHOLE
    own = household.halved if inputs.get("age75_month") else household
    answer = {"limit_city_A": own.of(limit), "limit_city_B": own.of(limit)}
    if inputs.get("age75_month"):
        answer["limit_kouki"] = Share.HALF.of(limit)
    return answer


def threshold(inputs: dict[str, Any], _: Answer) -> Answer:
    moved = inputs.get("move_within_prefecture") and inputs.get("continuity")
    share = Share.HALF if moved or inputs.get("age75_month") else Share.WHOLE
    if moved and inputs.get("age75_month"):
        share = Share.QUARTER
    return {"aggregation_threshold": share.of(LAW.at(ceiling_month(inputs)).aggregation.amount)}


# --- households ---


def household_month(inputs: dict[str, Any], _: Answer) -> Answer:
    persons = {
        each["person"]: Person(each["person"], age_group(each["age_group"]), each.get("age75_month", False))
        for each in inputs["receipts"]
    }
    receipts = tuple(
        Receipt(
            each["person"], Setting(each["setting"]), (Part(each["total_cost"]),), percent(each["copay_rate"]),
            each["copay"], each["institution"], each.get("dental", False),
        )
        for each in inputs["receipts"]
    )  # fmt: skip
    case = HouseholdMonth(
        month_of(inputs["month"]), persons.values(), receipts, inputs.get("income_class_under70"),
        inputs.get("income_class_70plus") or inputs.get("income_class"), inputs.get("multiple_occurrence", False),
        Share.HALF if inputs.get("move_within_prefecture") and inputs.get("continuity", True) else Share.WHOLE,
    )  # fmt: skip
    found = settle(case, LAW)
    last = [step for step in found.steps if step.person is None]
    return {
        "step1_outpatient": found.benefit_of(StepKind.OUTPATIENT),
        "step2_seniors": found.benefit_of(StepKind.HOUSEHOLD_FROM_70),
        "step3_household": found.benefit_of(StepKind.WHOLE_HOUSEHOLD),
        "limit": last[-1].limit if last else None,
        "benefit_total": found.refund,
        "patient_total": found.patient_total,
    }


def multiple_occurrence(inputs: dict[str, Any], expected: Answer) -> Answer:
    """Where the household moved stands beside the expected figures in some cases."""
    told = inputs | expected
    bases = {"outpatient_individual": "2"}
    months = [
        HighCostMonth(month_of(each["month"]), bases.get(each.get("basis", ""), "1")) for each in inputs["history"]
    ]
    here = told.get("city")
    own = [
        m for m, each in zip(months, inputs["history"], strict=True) if here is None or each.get("city", here) == here
    ]
    goes_on = told.get("same_prefecture", True) and told.get("continuity", True)
    carried = [month for month in months if month not in own] if goes_on else []
    found = counted_months(own, carried, month_of(inputs["month"]))
    return {"prior_count": len(found.counted), "multiple": found.is_multiple} | {
        key: told[key] for key in ("city", "same_prefecture", "continuity") if key in told
    }


def annual(inputs: dict[str, Any], _: Answer) -> Answer:
    found = annual_cap(
        BenefitYear(int(inputs["period"][:4])),
        age_group(inputs["age_group"]),
        inputs["income_class"],
        inputs.get("paid_after_monthly_benefit", 0),
        LAW,
        is_confirmed_low=inputs.get("low_income_200", False),
    )
    return {"annual_cap": found.cap, "annual_benefit": found.benefit}


def household_continuity(inputs: dict[str, Any], _: Answer) -> Answer:
    found = continuity(inputs)
    return {
        "continuity": found is Suggestion.CONTINUED,
        "continuity_with": "household_where_new_head_was_head" if found is Suggestion.CONTINUED else None,
    }


def premium(inputs: dict[str, Any], _: Answer) -> Answer:
    rates = {name: PremiumRate(str(each[0]), each[1], inputs["caps"][name]) for name, each in inputs["rates"].items()}
    found = assess(rates, inputs["income"], inputs["basic_deduction"], inputs["members"])
    return {**found, "total": sum(found.values())}


KINDS: Final[dict[str, Callable[[dict[str, Any], Answer], Answer]]] = {
    "receipt_month": receipt_month,
    "limit_only": limit_only,
    "household_month": household_month,
    "multiple_occurrence": multiple_occurrence,
    "household_continuity": household_continuity,
    "annual_cap": annual,
    "limit_table": limit_table,
    "limit_apportionment": limit_apportionment,
    "mid_month_insurance_change": mid_month_insurance_change,
    "threshold": threshold,
    "premium": premium,
}


def judge(case: dict[str, Any]) -> Verdict:
    """Every expected figure against what the library says; a figure the library has no name for differs too."""
    expected = case["expected"]
    try:
        found = KINDS[case["kind"]](case["inputs"], expected)
    except KokuhoError as error:
        found = {"error": error.code}
    except LookupError as error:  # a document describes something nobody has put into the library's words yet
        found = {"error": f"not understood: {error}"}
    absent = found.get("error", "no such figure")
    differences = {
        name: (value, found.get(name, absent)) for name, value in expected.items() if found.get(name, absent) != value
    }
    return Verdict(case["id"], case["kind"], differences)


def read_cases(path: Path = CASES) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return cases


def tally(verdicts: Iterable[Verdict]) -> list[tuple[str, int, int, int]]:
    """Kind, passed, total, disputed."""
    passed, total, disputed = Counter[str](), Counter[str](), Counter[str]()
    for verdict in verdicts:
        total[verdict.kind] += 1
        passed[verdict.kind] += verdict.agrees
        disputed[verdict.kind] += verdict.is_disputed
    return [(kind, passed[kind], total[kind], disputed[kind]) for kind in KINDS if total[kind]]


def main(path: Path) -> int:
    verdicts = [judge(case) for case in read_cases(path)]
    for verdict in verdicts:
        for name, (value, found) in verdict.differences.items():
            print(f"{verdict.id} {name}: expected {value}, found {found}")
    for kind, passed, total, disputed in tally(verdicts):
        print(f"{kind:<28} {passed:>4} / {total:>4}  disputed {disputed}")
    return 0 if all(verdict.agrees or verdict.is_disputed for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else CASES))
