"""結論: the values that can be asked about, each under a stable name, with the rules that led to it."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from kokuho_core.explanation.world import KnownPerson, World
from kokuho_core.household_continuity.candidate import Candidate
from kokuho_core.insured_person.application_period import PeriodKey
from kokuho_core.qualification.derivation import Qualification
from kokuho_core.qualification.findings import Finding, FindingKind
from kokuho_core.vocabulary.identifiers import Addressee

FINDING_RULES: Final = {
    FindingKind.OVERLAP: ("P-4", "P-5"),
    FindingKind.GAP: ("P-5", "P-6", "X-8"),
    FindingKind.ONE_SIDED: ("P-6", "X-26"),
    FindingKind.UNMATCHED: ("P-6", "X-26"),
    FindingKind.IDENTITY: ("I-1", "X-6"),
}
"""The rules each kind of finding rests on."""


@frozen
class Conclusion:
    """結論. ``name`` identifies the value, ``label`` tells people what it is, ``value`` is what it is worth."""

    name: tuple[str, ...]
    label: str
    value: str
    rules: tuple[str, ...]


def conclusions_about(world: World, addressees: frozenset[Addressee]) -> dict[tuple[str, ...], Conclusion]:
    """Everything derived about the person(s) behind ``addressees``."""
    found: list[Conclusion] = []
    for person in world.persons_among(addressees):
        found.extend(_of_person(person))
        for candidate in world.candidates_of(person):
            found.extend(_of_candidate(candidate))
    for conflict in world.conflicts:
        if conflict.held.addressee in addressees or conflict.known.addressee in addressees:
            name = ("finding", "identity", *_addressee(conflict.held.addressee), str(conflict.held.history_number))
            value = f"{conflict.cause.value} ({conflict.known.insurer_number})"
            found.append(Conclusion(name, "本人確認不一致(保留)", value, FINDING_RULES[FindingKind.IDENTITY]))
    return {conclusion.name: conclusion for conclusion in found}


def _addressee(addressee: Addressee) -> tuple[str, str]:
    return (addressee.insurer_number, addressee.addressee_number)


def _period(key: PeriodKey | None) -> tuple[str, ...]:
    return () if key is None else (*_addressee(key.addressee), str(key.history_number))


def _of_person(person: KnownPerson) -> list[Conclusion]:
    found = []
    addressees = person.settled.addressees
    if len(addressees) > 1:
        together = " = ".join("/".join(_addressee(each)) for each in addressees)
        found.append(Conclusion(("same person", *_addressee(addressees[0])), "同一人", together, ("Q-2", "I-1")))
    for qualification in person.judgement.qualifications:
        found.extend(_of_qualification(qualification))
    for finding in person.judgement.findings:
        found.append(_of_finding(finding))
    return found


def _of_qualification(q: Qualification) -> list[Conclusion]:
    name = _period(q.key)
    insurer = q.period.insurer_number
    start, end = q.period.days.start, q.period.days.end_day
    values = [
        ("application", "適用期間", f"{start}〜{end or ''}", ("P-1", "P-3", "X-32")),
        ("status", "資格状態", q.status.name, q.rules),
        ("acquired", "資格取得日", q.acquired and f"{q.acquired} ({q.acquired_reason})", q.rules),
        ("lost", "資格喪失日", q.lost and f"{q.lost} ({q.lost_reason})", q.rules),
        ("carried from", "引継元", q.carried_from, q.rules),
    ]
    return [
        Conclusion((what, *name), f"{insurer} {label}", value, rules) for what, label, value, rules in values if value
    ]


_FINDING_LABELS: Final = {
    FindingKind.OVERLAP: "重複",
    FindingKind.GAP: "空白",
    FindingKind.ONE_SIDED: "片側のみ県内異動",
    FindingKind.UNMATCHED: "相手なし",
}


def _of_finding(finding: Finding) -> Conclusion:
    days = f" {finding.days}日" if finding.days else ""
    return Conclusion(
        ("finding", finding.kind.value, *_period(finding.left), "-", *_period(finding.entered)),
        _FINDING_LABELS[finding.kind],
        f"{finding.period_start}〜{finding.period_end or ''}{days}",
        FINDING_RULES[finding.kind],
    )


def _of_candidate(candidate: Candidate) -> list[Conclusion]:
    left, entered = candidate.pair.left, candidate.pair.entered
    name = (left.insurer_number, left.household_number, entered.insurer_number, entered.household_number)
    title = f"{left.insurer_number}/{left.household_number} → {entered.insurer_number}/{entered.household_number}"
    comparison = candidate.comparison
    found = [
        Conclusion(("moved on", *name), f"{title} 異動年月日", str(candidate.moved_on), ("H-6", "X-15")),
        Conclusion(
            ("suggestion", *name),
            f"{title} 判定参考",
            f"{comparison.suggestion.name} / {comparison.reason.name}",
            comparison.rules,
        ),
        Conclusion(
            ("count", *name),
            f"{title} 直近12月該当回数",
            str(candidate.left_count),
            ("H-1", "H-2", "H-3", "X-19", "X-20"),
        ),
    ]
    if candidate.decision is not None:
        decided = ("H-6", "X-18", "X-28")
        found.append(Conclusion(("decision", *name), f"{title} 確定", candidate.decision.name, decided))
        carried = ("H-6", "H-7", "X-19", "X-20")
        found.append(Conclusion(("carried", *name), f"{title} 引継月数", str(candidate.carried_count), carried))
    return found
