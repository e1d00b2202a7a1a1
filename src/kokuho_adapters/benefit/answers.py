"""給付の回答: results as JSON data. The sentences are the same that people read."""

from __future__ import annotations

from typing import Any

from kokuho_core.benefit.annual import AnnualBenefit
from kokuho_core.benefit.apportionment import shares_of
from kokuho_core.benefit.care_combined import CareCombined, CareShare
from kokuho_core.benefit.explanation import Line, explain
from kokuho_core.benefit.funeral import FuneralGrant
from kokuho_core.benefit.institution_month import InstitutionMonth
from kokuho_core.benefit.law_tables import Basis
from kokuho_core.benefit.steps import Step
from kokuho_core.usecases.benefit import SettledMonth
from kokuho_core.vocabulary.month import Month


def month_text(month: Month) -> str:
    """``YYYY-MM``."""
    return month.first_day.isoformat()[:7]


def month_answer(settled: SettledMonth) -> dict[str, Any]:
    """一月の結果."""
    settlement, occurrence = settled.settlement, settled.occurrence
    return {
        "month": month_text(settlement.case.month),
        "multiple_occurrence": settled.counted.is_multiple,
        "counted_months": [month_text(each) for each in settled.counted.counted],
        "window_total": settlement.window_total,
        "in_kind": settlement.in_kind,
        "refund": settlement.refund,
        "patient_total": settlement.patient_total,
        "steps": [_step(step) for step in settlement.steps],
        "persons": [
            {
                "person": name,
                "benefits": {kind.value: amount for kind, amount in each.benefits.items()},
                "outpatient_rest": each.outpatient_rest,
                "inpatient_rest": each.inpatient_rest,
                "not_aggregated": each.excluded,
            }
            for name, each in shares_of(settlement).items()
        ],
        "institutions": [_institution(each) for each in settlement.institutions],
        "occurrence": None
        if occurrence is None
        else {
            "occurrence_kind": occurrence.kind.value,
            "payment_kind": occurrence.payment.value,
            "amount": occurrence.amount,
        },
        "explanation": [line_data(line) for line in explain(settlement)],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "step": step.kind.value,
        "person": step.person,
        "institution": step.institution,
        "burden": step.burden,
        "limit": step.limit,
        "total_cost": step.cost,
        "share": f"1/{step.share.value}",
        "multiple_occurrence": step.is_multiple,
        "in_kind": step.is_in_kind,
        "benefit": step.benefit,
        "row": step.basis.text,
        "source": step.basis.source,
    }


def _institution(each: InstitutionMonth) -> dict[str, Any]:
    return {
        "person": each.person,
        "institution": each.institution,
        "setting": each.setting.value,
        "dental": each.is_dental,
        "copay": each.copay,
        "insurance_copay_after_ceiling": each.insurance_copay,
        "patient_total": each.patient_total,
        "subsidised": [
            {
                "houbetsu": part.houbetsu,
                "name": part.name,
                "copay_after_ceiling": part.copay_after_ceiling,
                "patient": part.patient,
            }
            for part in each.subsidised
        ],
    }


def line_data(line: Line) -> dict[str, Any]:
    return {
        "ja": line.ja,
        "en": line.en,
        "rule": line.rule,
        "row": line.row,
        "source": line.source,
        "mark": line.mark.value,
    }


def annual_answer(kind: str, found: AnnualBenefit) -> dict[str, Any]:
    """外来年間合算 or 年間上限."""
    return {
        "kind": kind,
        "from": month_text(found.year.first),
        "to": month_text(found.year.last),
        "paid": found.paid,
        "cap": found.cap,
        "benefit": found.benefit,
        **_basis(found.basis),
    }


def care_answer(found: CareCombined) -> dict[str, Any]:
    """高額介護合算療養費."""

    def share(each: CareShare | None) -> dict[str, Any] | None:
        if each is None:
            return None
        return {"total": each.total, "cap": each.cap, "medical": each.medical, "care": each.care}

    return {
        "kind": "care_combined",
        "from": month_text(found.year.first),
        "to": month_text(found.year.last),
        "from_70": share(found.from_70),
        "all": share(found.all),
        "medical": found.medical,
        "care": found.care,
        **_basis(found.basis),
    }


def funeral_answer(found: FuneralGrant) -> dict[str, Any]:
    """葬祭費."""
    return {
        "kind": "funeral",
        "died_on": found.died_on,
        "amount": found.amount,
        "recipient": found.recipient,
        "ordinance": found.ordinance,
    }


def _basis(basis: Basis) -> dict[str, Any]:
    return {"row": basis.text, "source": basis.source, "mark": basis.mark.value}
