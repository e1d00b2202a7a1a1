"""判定: what came back against what the rules expect, field by field, each difference with the rule that decides it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any, Final

from attrs import frozen

from kokuho_core.conformance.expectation import REFUSED, Expectation, Key, Person, Told
from kokuho_core.conformance.reference.qualification import CONTINUATION_FROM
from kokuho_core.conformance.returned import Returned
from kokuho_core.conformance.rules import FILES_OF, Capability
from kokuho_core.conformance.system import SystemFailed

MISSING: Final = "返却がない"
UNEXPECTED: Final = "返却されるはずがない"
TOLD: Final = "返却された"
ANSWERED: Final = "正常に終わる"
FORM: Final = "X-1"
"""The rule that a system breaks when it gives no answer, or none that can be read."""

_FIELD_RULES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("TOKUSO", "application_end"): ("P-1",),
    ("TOKUSO", "qualification_lost"): ("X-11", "P-1"),
    ("TOKUSO", "qualification_lost_reason"): ("X-11",),
    ("TOKUSO", "carried_from"): ("X-37", "Q-4"),
    ("TOKUSO", ""): ("Q-4",),
    ("HIHOID", ""): ("Q-2",),
    ("KAKUNIN", "period_end"): ("P-5", "P-1"),
    ("KAKUNIN", "days"): ("P-5",),
    ("KAKUNIN", "other_side_is_told"): ("P-4",),
    ("KEIKOHO", "suggestion"): ("H-4",),
    ("KEIKOHO", "suggestion_reason"): ("H-4",),
    ("KEIKOHO", "occurrence_count"): ("H-2",),
    ("KEIKOHO", ""): ("H-6",),
    ("KEIKAKU", "insurer_number"): ("X-27",),
    ("KEIKAKU", "household_number"): ("X-27",),
    ("KEIKAKU", "carried_months"): ("H-2",),
    ("KEIKAKU", ""): ("H-6",),
    ("KOHIKI", ""): ("H-3",),
    ("KOHIKEKKA", ""): ("H-2",),
}
"""The rules a field rests on, the first of them first of all; ``""`` stands for the other fields and for the row as a whole."""
_FINDING_RULE: Final[Mapping[str, str]] = {"1": "P-5", "2": "P-6", "3": "I-1", "4": "P-6", "5": "P-6"}
_BY_CLAIM: Final = ("2", "4", "5")
"""Kinds of findings that rest on a claim of a move inside the prefecture."""
_TRAITS_OF: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("TOKUSO", ""): ("Q-10", "I-4", "I-3", "D-9", "Q-9", "P-2", "P-7"),
    ("TOKUSO", "application_end"): ("P-7",),
    ("TOKUSO", "qualification_lost"): ("Q-10", "P-7"),
    ("TOKUSO", "qualification_lost_reason"): ("Q-10", "P-7"),
    ("HIHOID", ""): ("I-4", "I-3"),
    ("KAKUNIN", ""): ("I-1", "Q-9", "P-2", "P-7"),
    ("KAKUNIN", "period_end"): (),
    ("KAKUNIN", "days"): (),
    ("KEIKOHO", ""): ("P-7",),
    ("KEIKAKU", ""): ("H-7", "P-7"),
    ("KOHIKI", ""): ("H-7",),
    ("KOHIKEKKA", ""): ("H-7", "P-7"),
}
"""What is special about the subject decides before the field does, the rarest first."""
_UNEXPECTED_RULE: Final[Mapping[str, str]] = {"KEIKOHO": "H-6", "KEIKAKU": "X-18", "KOHIKI": "H-3", "KOHIKEKKA": "X-18"}
_TOLD_FIRST: Final = ("SHOKEKKA", "KAKUNIN", "TOKUSO", "HIHOID", "KEIKOHO", "KEIKAKU", "KOHIKI", "KOHIKEKKA")
"""A record that was refused explains what is missing elsewhere, a finding explains a hold, and so on."""


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
    known = {(key.insurer, *key.subject) for key in expected.rows if key.file_id == "HIHOID"}
    standing = returned.standing(known)
    deviations: list[Deviation] = []
    for key, told in expected.rows.items():
        if key.file_id in files:
            deviations += _compared(key, told, standing.get(key), exercised)
    deviations += _unexpected(expected, returned, standing, files, told_before)
    if Capability.RECEIPTS in capabilities:
        deviations += _receipts(expected, returned, exercised)
    told_before |= set(expected.rows)
    deviations.sort(key=lambda each: _TOLD_FIRST.index(each.key.file_id))
    return Verdict(tuple(deviations), exercised)


def failed(failure: SystemFailed) -> Deviation:
    """No answer, or none that can be read, as a deviation; its kind is the error code."""
    actual = "; ".join(f"{each.code} {each.field}".strip() for each in failure.problems)
    return Deviation(FORM, Key("", "", ()), failure.code, ANSWERED, actual)


def _compared(key: Key, told: Told, actual: Mapping[str, Any] | None, exercised: Counter[str]) -> Iterator[Deviation]:
    for name in ("", *told.values):  # that the row is there at all rests on rules too
        exercised.update(_rules_of(key, told, name))
    if actual is None:
        yield Deviation(_rules_of(key, told, "")[0], key, "", dict(told.values), MISSING, told.about)
        return
    for name, value in told.values.items():
        returned = actual.get(name)
        if returned != value:
            rule = _rules_of(key, told, name)[0]
            if rule == "X-11" and _is_a_day_off(value, returned):
                rule = "P-1"
            yield Deviation(rule, key, name, value, returned, told.about)


def _is_a_day_off(expected: Any, actual: Any) -> bool:
    """An end read as the last day covered, or told as such."""
    return isinstance(expected, date) and isinstance(actual, date) and abs((actual - expected).days) == 1


def _rules_of(key: Key, told: Told, name: str) -> tuple[str, ...]:
    """The rules that a value rests on, the one that decides it first."""
    field_rules = _FIELD_RULES.get((key.file_id, name)) or _FIELD_RULES.get((key.file_id, ""), ())
    traits = _TRAITS_OF.get((key.file_id, name))
    special = tuple(each for each in (_TRAITS_OF[key.file_id, ""] if traits is None else traits) if each in told.traits)
    if key.file_id == "KAKUNIN":
        if key.subject[0] != "3" and not name:
            is_hidden = "Q-5" in told.traits and key.subject[3] is None and key.subject[2] is not None
            special = ("Q-5",) if is_hidden else special
        field_rules = field_rules or (_FINDING_RULE[key.subject[0]], "P-4")
    return special + field_rules


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
            who = (key.insurer, key.subject[0])
            is_gone = key in told_before or who in expected.gone
            rule = "P-7" if is_gone else "P-2" if _is_empty(standing[key]) else "Q-5"
            yield Deviation(rule, key, "", UNEXPECTED, TOLD, frozenset({who}))
    has_identity_conflict = any(key.file_id == "KAKUNIN" and key.subject[0] == "3" for key in expected.rows)
    for key in standing:
        if key.file_id in ("TOKUSO", "HIHOID") or key.file_id not in files or key in expected.rows:
            continue
        if key.file_id == "KAKUNIN":
            if not (has_identity_conflict and key.subject[0] == "3"):
                about = frozenset({(key.insurer, key.subject[1])})
                yield Deviation(_rule_against(key, expected), key, "", UNEXPECTED, TOLD, about)
        else:
            is_one = (key.subject[0], key.subject[2]) in expected.merged
            yield Deviation("Q-10" if is_one else _UNEXPECTED_RULE[key.file_id], key, "", UNEXPECTED, TOLD)


def _rule_against(key: Key, expected: Expectation) -> str:
    """Why there is no such finding."""
    kind, addressee, from_insurer, to_insurer, start = (*key.subject, None, None, None)[:5]
    if (key.insurer, addressee) in expected.gone:
        return "P-7"
    if (from_insurer, to_insurer) in expected.merged:
        return "Q-10"
    if kind in _BY_CLAIM and start is not None and start < CONTINUATION_FROM:
        return "Q-9"
    return _FINDING_RULE[kind]


def _is_empty(row: Mapping[str, Any]) -> bool:
    return bool(row["application_start"] == row["application_end"])


def _receipts(expected: Expectation, returned: Returned, exercised: Counter[str]) -> Iterator[Deviation]:
    for (source, line), receipt in expected.receipts.items():
        if not line:  # decisions: the system's own candidate numbers are in them, and KEIKAKU tells what became of them
            if receipt.result == REFUSED:
                exercised[receipt.rule] += 1
            continue
        file_id, sender, sequence = source.split("_")
        exercised[receipt.rule] += 1
        actual = returned.receipts.get((file_id, sender, int(sequence), line), MISSING)
        if actual != receipt.result:
            yield Deviation(receipt.rule, Key(sender, "SHOKEKKA", (source, line)), "result", receipt.result, actual)
