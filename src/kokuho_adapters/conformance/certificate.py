"""試験証明: the results of a run as data whose changes show, and its check.

The hash proves that nothing was changed by accident or by hand since the certificate was made, and that two certificates are of
the same results. It does not prove who made it: anybody can make one for any results. Who must know runs the same seed again and
compares, which is why nothing of the day and the place of a run stands in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kokuho_adapters import __version__
from kokuho_adapters.conformance.described import FAILING
from kokuho_core.conformance.report import Report, RuleState
from kokuho_core.conformance.rules import RULES, Capability, Rule
from kokuho_core.conformance.trials.report import PortReport
from kokuho_core.conformance.trials.rules import PORT_RULES, Port, PortRule

FORMAT: Final = "kokuho-conformance-certificate"
VERSION: Final = 1
Rules = Sequence[Rule] | Sequence[PortRule]
_TABLES: Final[Sequence[Rules]] = (RULES, PORT_RULES)
_CAPABILITIES: Final = frozenset((*Capability, *Port))
_HASH: Final = "sha256"
"""Key of the hash of everything else."""
_KEYS: Final = frozenset(
    ("format", "version", "library", "rules_sha256", "system", "seed", "stories", "capabilities", "is_conformant", "counts",
     "results", "sha256")
)  # fmt: skip


def certificate(report: Report | PortReport) -> dict[str, Any]:
    """The results rule by rule, with what repeats the run. Stories and values that came back are no part of it."""
    rules: Rules = PORT_RULES if isinstance(report, PortReport) else RULES
    states = [each.state for each in report.results]
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "library": __version__,
        "rules_sha256": rules_hash(rules),
        "system": report.system,
        "seed": report.seed,
        "stories": report.stories,
        "capabilities": sorted(each.value for each in report.capabilities),
        "is_conformant": report.is_conformant,
        "counts": {state.value: states.count(state) for state in RuleState},
        "results": [
            {
                "rule": _name(each.rule),
                "state": each.state.value,
                "exercised": each.exercised,
                "faults": len(each.faults),
                "reason": each.reason,
            }
            for each in report.results
        ],
    }
    return {**content, _HASH: content_hash(content)}


def rules_hash(rules: Rules = RULES) -> str:
    """Hash of the numbered rules as they read in this version of the library."""
    return content_hash([[each.number, each.capability and each.capability.value, each.ja, each.en] for each in rules])


def _name(rule: Rule | PortRule) -> str:
    return rule.name if isinstance(rule, PortRule) else rule.number


def content_hash(content: Any) -> str:
    """SHA-256 over canonical JSON: keys in order, no spaces, UTF-8."""
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def verify_certificate(data: object) -> tuple[str, ...]:
    """What is wrong with a certificate, in Japanese; nothing where it is whole and agrees with itself. Never raises."""
    if not isinstance(data, Mapping) or set(data) != _KEYS:
        return ("試験証明の形をしていない。",)
    if (data["format"], data["version"]) != (FORMAT, VERSION):
        return ("知らない版の試験証明である。",)
    content = {key: value for key, value in data.items() if key != _HASH}
    try:
        is_whole = data[_HASH] == content_hash(content)
    except (TypeError, ValueError, RecursionError):
        is_whole = False
    if not is_whole:
        return ("ハッシュが合わない。作られた後に変わっている。",)
    return tuple(_contradictions(content))


def _contradictions(content: Mapping[str, Any]) -> list[str]:
    """A hash made anew over changed results does not make them agree with each other."""
    results = content["results"]
    if not isinstance(results, list) or not all(_is_result(each) for each in results):
        return ["規則ごとの結果を読み取れない。"]
    found = []
    states = [RuleState(each["state"]) for each in results]
    for table in _TABLES:
        if content["rules_sha256"] == rules_hash(table) and [each["rule"] for each in results] != list(map(_name, table)):
            found.append("規則の表と結果の数か順序が違う。")
    if content["counts"] != {state.value: states.count(state) for state in RuleState}:
        found.append("結果ごとの数が合わない。")
    if content["is_conformant"] is not all(state not in FAILING for state in states):
        found.append("適合・不適合が規則ごとの結果と合わない。")
    capabilities = content["capabilities"]
    if not isinstance(capabilities, list) or not {str(each) for each in capabilities} <= _CAPABILITIES:
        found.append("知らない機能がある。")
    for each, state in zip(results, states, strict=True):
        if not _is_possible(state, each["exercised"], each["faults"], each["reason"]):
            found.append(f"規則{each['rule']}の結果が、試した値と不適合の数に合わない。")
    return found


def _is_result(each: Any) -> bool:
    kinds = {"rule": str, "state": str, "exercised": int, "faults": int, "reason": str}
    return (
        isinstance(each, Mapping)
        and set(each) == set(kinds)
        and all(type(each[key]) is kind for key, kind in kinds.items())
        and each["state"] in {state.value for state in RuleState}
        and min(each["exercised"], each["faults"]) >= 0
    )


def _is_possible(state: RuleState, exercised: int, faults: int, reason: str) -> bool:
    match state:
        case RuleState.KEPT:
            return exercised > 0 and not faults and not reason
        case RuleState.BROKEN:
            return faults > 0 and not reason
        case RuleState.UNCLEAR:
            return not faults and not reason
        case RuleState.EXCEPTION_OUTDATED:
            return not faults
        case RuleState.NOT_EXERCISED:
            return not exercised and not faults
        case _:
            return True
