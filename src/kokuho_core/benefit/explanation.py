"""説明: every figure of a settlement as a sentence, with the rule, the row of the table and its source, in two languages.

What an official tells a citizen rests on these lines, so each is made from the step itself, never from a second calculation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import frozen

from kokuho_core.benefit.ceiling import Ceiling, Share
from kokuho_core.benefit.choices import Choices
from kokuho_core.benefit.institution_month import AMOUNTS_CHANGED
from kokuho_core.benefit.law_tables import AgeGroup, Basis, Mark, Setting, SubsidyKind
from kokuho_core.benefit.settlement import Settlement
from kokuho_core.benefit.steps import Step, StepKind

RULES: Final = {
    StepKind.SUBSIDISED_PART: "国保法施行令29条の2(特定給付対象療養)",
    StepKind.SPECIFIC_DISEASE: "国保法施行令29条の2(特定疾病給付対象療養)",
    StepKind.IN_KIND: "健康保険法施行令43条と同じ仕組み(現物給付)",
    StepKind.OUTPATIENT: "国保法施行令29条の2(70歳以上の外来療養、個人)",
    StepKind.PERSON_FROM_70: "国保法施行令29条の2(75歳到達時特例対象療養、70歳以上)",
    StepKind.HOUSEHOLD_FROM_70: "国保法施行令29条の2(70歳以上の世帯合算)",
    StepKind.PERSON_UNDER_70: "国保法施行令29条の2(75歳到達時特例対象療養、70歳未満)",
    StepKind.WHOLE_HOUSEHOLD: "国保法施行令29条の2第1項(世帯合算)",
}
"""The rule each step rests on; the paragraph is left out where the present wording has not been read."""

_TITLES: Final = {
    StepKind.SUBSIDISED_PART: ("公費併用部分の限度額", "Ceiling of the part under a public subsidy"),
    StepKind.SPECIFIC_DISEASE: ("特定疾病(長)の限度額", "Ceiling of a specific disease"),
    StepKind.IN_KIND: ("医療機関での現物給付", "Paid in kind at one institution"),
    StepKind.OUTPATIENT: ("第1段 70歳以上の外来(個人)", "Step 1: outpatient care from 70 on, by person"),
    StepKind.PERSON_FROM_70: ("75歳到達月の個人(70歳以上)", "The person who turns 75, alone"),
    StepKind.HOUSEHOLD_FROM_70: ("第2段 70歳以上の世帯", "Step 2: household from 70 on"),
    StepKind.PERSON_UNDER_70: ("75歳到達月の特例の個人(70歳未満)", "The person with a halved month, under 70, alone"),
    StepKind.WHOLE_HOUSEHOLD: ("第3段 世帯全体", "Step 3: whole household"),
}
_SHARES: Final = {
    Share.WHOLE: ("", ""),
    Share.HALF: ("2分の1", "half"),
    Share.QUARTER: ("4分の1", "a quarter"),
}
_SETTINGS: Final = {Setting.INPATIENT: ("入院", "inpatient"), Setting.OUTPATIENT: ("外来", "outpatient")}


@frozen
class Line:
    """説明の1行. ``source`` is where the figure was read, ``mark`` how sure that is."""

    ja: str
    en: str
    rule: str = ""
    row: str = ""
    source: str = ""
    mark: Mark = Mark.QUOTED


def yen(amount: int) -> str:
    return f"{amount:,}円"


def formula(ceiling: Ceiling, cost: int | None, limit: int) -> str:
    """How the ceiling came about, as it is written on a leaflet."""
    if ceiling.threshold is None or cost is None:
        return yen(limit)
    counted = max(cost, ceiling.threshold)
    return f"{yen(ceiling.base)} + ({yen(counted)} - {yen(ceiling.threshold)}) × 1% = {yen(limit)}"


def explain(settlement: Settlement) -> list[Line]:
    """Every step in order, what was left out, the result, and what it was taken for granted on."""
    return [
        *(_step(step) for step in settlement.steps),
        *_left_out(settlement),
        *_result(settlement),
        *notices(settlement),
    ]


def _who(step: Step) -> tuple[str, str]:
    ja = [step.person] if step.person else ["世帯"]
    en = [step.person] if step.person else ["household"]
    if step.institution is not None:
        ja.append(step.institution)
        en.append(step.institution)
    if step.setting is not None:
        ja.append(_SETTINGS[step.setting][0])
        en.append(_SETTINGS[step.setting][1])
    return " ".join(ja), " ".join(en)


def _step(step: Step) -> Line:
    (title_ja, title_en), (who_ja, who_en) = _TITLES[step.kind], _who(step)
    share_ja, share_en = _SHARES[step.share]
    more_ja = "".join(f"、{each}" for each in (share_ja, "多数回該当" if step.is_multiple else "") if each)
    more_en = "".join(f", {each}" for each in (share_en, "fourth month or later" if step.is_multiple else "") if each)
    is_paid_at_window = step.kind is StepKind.IN_KIND and step.limit != step.ceiling.of(step.cost)
    if is_paid_at_window:
        reason_ja, reason_en = f"窓口の支払い {yen(step.limit)}", f"paid at the window {step.limit:,} yen"
    else:
        figure = formula(step.ceiling, step.cost, step.limit)
        reason_ja, reason_en = f"限度額 {figure}", f"ceiling {figure.replace('円', ' yen')}"
    verdict_ja = f"支給額 {yen(step.benefit)}" if step.benefit else "限度額を超えないため支給なし"
    verdict_en = f"benefit {step.benefit:,} yen" if step.benefit else "not above the ceiling, no benefit"
    return Line(
        f"{title_ja}[{who_ja}]: 自己負担 {yen(step.burden)}、{reason_ja}({step.basis.row}{more_ja})。{verdict_ja}",
        f"{title_en} [{who_en}]: burden {step.burden:,} yen, {reason_en}{more_en}; {verdict_en}",
        RULES[step.kind],
        step.basis.text,
        step.basis.source,
        step.basis.mark,
    )


def _left_out(settlement: Settlement) -> Iterator[Line]:
    threshold = settlement.law.aggregation
    for burden in settlement.persons:
        if burden.excluded:
            limit = burden.share.of(threshold.amount)
            if burden.person.age_group is AgeGroup.UNDER_70:
                ja = f"一医療機関で{yen(limit)}未満、または特定疾病の分"
                en = f"under {limit:,} yen at one institution, or of a specific disease"
            else:
                ja, en = "特定疾病の限度額を超えた療養の分", "of a specific disease above its ceiling"
            yield Line(
                f"合算の対象外[{burden.person.name}]: {yen(burden.excluded)}({ja})",
                f"Not aggregated [{burden.person.name}]: {burden.excluded:,} yen ({en})",
                "国保法施行令29条の2第1項",
                threshold.basis.text,
                threshold.basis.source,
            )


def _result(settlement: Settlement) -> Iterator[Line]:
    in_kind, refund = settlement.in_kind, settlement.refund
    yield Line(
        f"結果: 窓口負担 {yen(settlement.window_total)}、償還 {yen(refund)}、最終の自己負担 {yen(settlement.patient_total)}"
        + (f"(ほかに現物給付 {yen(in_kind)})" if in_kind else ""),
        f"Result: paid at windows {settlement.window_total:,} yen, refund {refund:,} yen, finally borne "
        f"{settlement.patient_total:,} yen" + (f" (and {in_kind:,} yen in kind)" if in_kind else ""),
    )


def notices(settlement: Settlement) -> list[Line]:
    """前提: choices the result rests on, figures not read in a source, and tables not in force yet."""
    found = [
        Line(f"未施行の表によります: {table.name}", f"The table is not in force yet: {table.id}", mark=Mark.INFERRED)
        for table in settlement.law.tables.values()
        if not table.is_in_force and any(step.basis.table == table.name for step in settlement.steps)
    ]
    case, law = settlement.case, settlement.law
    for is_told, is_known, basis, since in (
        (case.share is not Share.WHOLE, law.halves_moves, law.halving.move, law.halving.move_since),
        (any(each.is_halved for each in case.persons), law.halves_turning_75, law.halving.turning_75,
         law.halving.turning_75_since),
    ):  # fmt: skip
        if is_told and not is_known:
            month = since.first_day.isoformat()[:7]
            found.append(
                Line(
                    f"{basis.table}は {month} の診療分からです。この月の限度額は2分の1になりません",
                    f"Ceilings are halved from {month} on, not in this month",
                    row=basis.table,
                    source=basis.source,
                )
            )
    unsure: dict[Basis, None] = dict.fromkeys(s.basis for s in settlement.steps if s.basis.mark is not Mark.QUOTED)
    found += [
        Line(f"資料で直接は確認できていない額です: {each.text}", f"Not read in a source: {each.text}", mark=each.mark)
        for each in unsure
    ]
    told = {each.name: each for each in Choices.described()}
    for name in _relied_on(settlement):
        value, text = getattr(settlement.choices, name), told[name]
        found.append(
            Line(
                f"設定 {name} = {value}: {text.question}({text.reason})",
                f"Choice {name} = {value}: {text.english}",
                mark=Mark.INFERRED,
            )
        )
    return found


def _relied_on(settlement: Settlement) -> Iterator[str]:
    """The choices without which this result could be another one."""
    case = settlement.case
    diseases = any(receipt.disease is not None for receipt in case.receipts)
    if diseases and settlement.law.month >= AMOUNTS_CHANGED:
        yield "specific_disease_amounts"
    if diseases and case.share is not Share.WHOLE and settlement.law.halves_moves:
        yield "specific_disease_on_move"
    if any(step.kind is StepKind.SPECIFIC_DISEASE for step in settlement.steps):
        yield "specific_disease_remainder"
    if any(burden.person.is_halved for burden in settlement.persons):
        yield "turning_75"
    houbetsu = {each.houbetsu for institution in settlement.institutions for each in institution.subsidised}
    by_class = {each for each, rule in settlement.law.subsidies.items() if rule.kind is SubsidyKind.CLASS}
    if houbetsu - by_class and not settlement.law.are_subsidy_ceilings_known:
        yield "subsidised_ceiling"
    kinds = {step.kind for step in settlement.steps}
    if StepKind.HOUSEHOLD_FROM_70 in kinds and StepKind.WHOLE_HOUSEHOLD not in kinds:
        yield "whole_household"
    if any(step.is_in_kind and step.counts for step in settlement.steps) and not settlement.refund:
        yield "in_kind_months"
