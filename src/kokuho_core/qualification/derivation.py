"""資格の導出: the prefecture-level qualification of each application period (Q-4, Q-9, X-9 … X-12)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from attrs import frozen

from kokuho_core.insured_person.application_period import ApplicationPeriod, PeriodKey
from kokuho_core.qualification.findings import Finding, FindingKind, continues
from kokuho_core.vocabulary.codes import QualificationStatus
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.insurers import InsurerRegister


@frozen
class Qualification:
    """国保資格 as one municipality is told it for one application period.

    ``acquired`` and ``lost`` (exclusive) are prefecture-level dates; ``rules`` are the rule numbers that led here.
    """

    period: ApplicationPeriod
    status: QualificationStatus
    acquired: date | None
    acquired_reason: str | None
    lost: date | None
    lost_reason: str | None
    carried_from: InsurerNumber | None
    rules: tuple[str, ...]

    @property
    def key(self) -> PeriodKey:
        return self.period.key


def derive_qualifications(
    periods: Sequence[ApplicationPeriod], findings: Sequence[Finding], register: InsurerRegister
) -> list[Qualification]:
    """One qualification per non-empty application period of one person (X-12), in order of time."""
    ordered = [period for period in periods if not period.days.is_empty]
    if len(ordered) == 1 and not findings:
        return [_qualification(ordered[0], ordered, register, is_last=True)]
    ordered.sort(key=ApplicationPeriod.order)
    before = _predecessors(ordered, register)
    followed = {predecessor.key for predecessor in before.values()}
    held = _held(ordered, before, findings)
    return [
        _held_qualification(period)
        if period.key in held
        else _qualification(period, _chain(period, before), register, is_last=period.key not in followed)
        for period in ordered
    ]


def _predecessors(
    ordered: Sequence[ApplicationPeriod], register: InsurerRegister
) -> dict[PeriodKey, ApplicationPeriod]:
    """The period that each one continues, where it continues one (Q-4)."""
    found = {}
    for after in ordered:
        for before in ordered:
            if before.key != after.key and continues(before, after, register):
                found[after.key] = before
                break
    return found


def _held(
    ordered: Sequence[ApplicationPeriod], before: dict[PeriodKey, ApplicationPeriod], findings: Sequence[Finding]
) -> set[PeriodKey]:
    """X-9: both periods of an overlap or a one-sided touch, and all that continues them."""
    held = {
        key
        for finding in findings
        if finding.kind in (FindingKind.OVERLAP, FindingKind.ONE_SIDED)
        for key in (finding.left, finding.entered)
        if key is not None
    }
    for period in ordered:  # in order of time, so a hold reaches the whole rest of the chain
        predecessor = before.get(period.key)
        if predecessor is not None and predecessor.key in held:
            held.add(period.key)
    return held


def _chain(period: ApplicationPeriod, before: dict[PeriodKey, ApplicationPeriod]) -> list[ApplicationPeriod]:
    """The period and all it continues, latest first."""
    chain = [period]
    while chain[-1].key in before:
        chain.append(before[chain[-1].key])
    return chain


def _held_qualification(period: ApplicationPeriod) -> Qualification:
    rules = ("Q-4", "X-9")
    return Qualification(period, QualificationStatus.HELD, None, None, None, None, None, rules)


def _qualification(
    period: ApplicationPeriod, chain: Sequence[ApplicationPeriod], register: InsurerRegister, *, is_last: bool
) -> Qualification:
    first = chain[-1].current
    rules = ["Q-4", "X-10"]
    acquired, acquired_reason = first.application_start, first.application_start_reason
    if first.qualification_acquired is not None:
        acquired = first.qualification_acquired
        acquired_reason = first.qualification_acquired_reason or acquired_reason
        rules.append("Q-9")
    status, carried_from = QualificationStatus.NEW, None
    if len(chain) > 1:
        status = QualificationStatus.CONTINUED
        earlier = (each.insurer_number for each in chain[1:])
        own = period.insurer_number
        carried_from = next((other for other in earlier if not register.is_one_municipality(own, other)), None)
        if period.begins_for_residence_special:
            rules.append("X-37")
    lost, lost_reason = None, None
    if is_last and period.days.end_day is not None:
        rules.append("X-11")
        if not period.claims_exit:
            status = QualificationStatus.LOST
            lost = period.current.qualification_lost or period.days.end_day
            lost_reason = period.current.qualification_lost_reason or period.end_reason
    return Qualification(period, status, acquired, acquired_reason, lost, lost_reason, carried_from, tuple(rules))
