"""判定: what came back against what the rules expect, field by field, each difference with the rule that decides it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from kokuho_core.conformance.expectation import Expectation, Key, Person, Told
from kokuho_core.conformance.returned import Returned
from kokuho_core.conformance.rules import FILES_OF, Capability

MISSING: Final = "返却がない"
UNEXPECTED: Final = "返却されるはずがない"

_FIELD_RULE: Final[Mapping[tuple[str, str], str]] = {
    ("TOKUSO", "application_end"): "P-1",
    ("TOKUSO", "qualification_lost"): "X-11",
    ("TOKUSO", "qualification_lost_reason"): "X-11",
    ("TOKUSO", "carried_from"): "X-37",
    ("TOKUSO", ""): "Q-4",
    ("HIHOID", ""): "Q-2",
    ("KAKUNIN", "period_end"): "P-5",
    ("KAKUNIN", "days"): "P-5",
    ("KEIKOHO", "suggestion"): "H-4",
    ("KEIKOHO", "suggestion_reason"): "H-4",
    ("KEIKOHO", "occurrence_count"): "H-2",
    ("KEIKOHO", ""): "H-6",
    ("KEIKAKU", "insurer_number"): "X-27",
    ("KEIKAKU", "household_number"): "X-27",
    ("KEIKAKU", "carried_months"): "H-2",
    ("KEIKAKU", ""): "H-6",
    ("KOHIKI", ""): "H-3",
    ("KOHIKEKKA", ""): "H-2",
}
"""The rule a field rests on first; ``""`` stands for the other fields and for the row as a whole."""
_FINDING_RULE: Final[Mapping[str, str]] = {"1": "P-5", "2": "P-6", "3": "I-1", "4": "P-6", "5": "P-6"}
_SPECIAL: Final = ("I-1", "I-4", "I-3", "D-9", "Q-9", "P-2", "P-7")
"""What is special about a person decides before the field does, the rarest first."""


@frozen
class Deviation:
    """差異: one value that is not what the rules say. ``rule`` is the rule it breaks first of all."""

    rule: str
    key: Key
    field: str
    expected: Any
    actual: Any
    about: Person = frozenset()

    @property
    def kind(self) -> tuple[str, str, str]:
        """What makes two deviations the same fault: the rule, the file and the field."""
        return self.rule, self.key.file_id, self.field


@frozen
class Verdict:
    """一回分の判定: the deviations of one step, and how many values rested on each rule."""

    deviations: tuple[Deviation, ...]
    exercised: Mapping[str, int]


def judge(expected: Expectation, returned: Returned, capabilities: Collection[Capability], told_before: set[Key]) -> Verdict:
    """Compare what stands. ``told_before``: keys that had to be told once; a row that vanished later is told by nobody (X-13)."""
    files = {file_id for each in capabilities for file_id in FILES_OF[each]}
    exercised: Counter[str] = Counter()
    deviations: list[Deviation] = []
    known = {(key.insurer, *key.subject) for key in expected.rows if key.file_id == "HIHOID"}
    standing = returned.standing(known)
    for key, told in expected.rows.items():
        if key.file_id in files:
            actual = standing.get(key)
            for name, value in told.values.items():
                exercised[_rule_of(key, told, name)] += 1
                if actual is None or actual.get(name) != value:
                    rule = _rule_of(key, told, name if actual is not None else "")
                    shown = MISSING if actual is None else actual.get(name)
                    deviations.append(Deviation(rule, key, name if actual is not None else "", value, shown, told.about))
                    if actual is None:
                        break
    deviations += _unexpected(expected, returned, standing, files, told_before)
    if Capability.RECEIPTS in capabilities:
        deviations += _receipts(expected, returned, exercised)
    told_before |= set(expected.rows)
    return Verdict(tuple(deviations), exercised)


def _rule_of(key: Key, told: Told, name: str) -> str:
    if key.file_id in ("TOKUSO", "HIHOID", "KAKUNIN"):
        if key.file_id == "KAKUNIN" and not name and "Q-5" in told.traits and key.subject[-2] is None:
            return "Q-5"
        for rule in _SPECIAL:
            if rule in told.traits:
                return rule
    if key.file_id in ("KOHIKI", "KOHIKEKKA", "KEIKAKU") and "H-7" in told.traits:
        return "H-7"
    if key.file_id == "KAKUNIN" and not name:
        return _FINDING_RULE[key.subject[0]]
    return _FIELD_RULE.get((key.file_id, name)) or _FIELD_RULE.get((key.file_id, ""), "P-4")


def _unexpected(
    expected: Expectation,
    returned: Returned,
    standing: Mapping[Key, Mapping[str, Any]],
    files: Collection[str],
    told_before: Collection[Key],
) -> Iterator[Deviation]:
    """Rows that no rule leads to: told to the wrong municipality, about a period that is not there, a finding that is none."""
    for key, row in returned.foreign:
        if key.file_id in files:
            yield Deviation("Q-5", key, "insurer_number", key.insurer, row["insurer_number"])
    for key in returned.fresh:
        if key.file_id in files and key not in expected.rows:
            rule = "P-7" if key in told_before else "P-2" if _is_empty(standing[key]) else "Q-5"
            yield Deviation(rule, key, "", UNEXPECTED, "返却された", frozenset({(key.insurer, key.subject[0])}))
    has_identity_conflict = any(key.file_id == "KAKUNIN" and key.subject[0] == "3" for key in expected.rows)
    for key in standing:
        if key.file_id in ("KAKUNIN", "KEIKOHO", "KOHIKI") and key.file_id in files and key not in expected.rows:
            if has_identity_conflict and key.file_id == "KAKUNIN" and key.subject[0] == "3":
                continue
            rule = _FINDING_RULE[key.subject[0]] if key.file_id == "KAKUNIN" else _FIELD_RULE[key.file_id, ""]
            about = frozenset({(key.insurer, key.subject[1])}) if key.file_id == "KAKUNIN" else frozenset()
            yield Deviation(rule, key, "", UNEXPECTED, "返却された", about)


def _is_empty(row: Mapping[str, Any]) -> bool:
    return bool(row["application_start"] == row["application_end"])


def _receipts(expected: Expectation, returned: Returned, exercised: Counter[str]) -> Iterator[Deviation]:
    for (source, line), result in expected.receipts.items():
        if line == 0:
            continue
        file_id, sender, sequence = source.split("_")
        exercised["X-2"] += 1
        actual = returned.receipts.get((file_id, sender, int(sequence), line), MISSING)
        if actual != result:
            rule = "I-1" if result == "3" else "P-3" if result == "2" else "X-2"
            yield Deviation(rule, Key(sender, "SHOKEKKA", (source, line)), "result", result, actual)
