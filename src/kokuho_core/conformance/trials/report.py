"""口の試験報告: what a run found, rule by rule, in the shape of :class:`kokuho_core.conformance.report.Report`."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import frozen

from kokuho_core.conformance.report import RuleState
from kokuho_core.conformance.trials.rules import PORT_RULES, Port, PortRule


@frozen
class PortFault:
    """不適合: the shortest history that shows it, and the difference. ``acts`` are sentences in Japanese."""

    rule: str
    port: Port
    acts: tuple[str, ...]
    what: str
    expected: str
    actual: str
    found_in: str
    story_number: int
    tries: int

    @property
    def sentence(self) -> str:
        """The difference in one sentence."""
        return f"{self.what}: 期待 {self.expected}、実際 {self.actual}"

    @property
    def text(self) -> str:
        """The history as a numbered story, and the difference."""
        numbered = (f"{number}. {each}" for number, each in enumerate(self.acts, 1))
        return "\n".join((*numbered, self.sentence))


@frozen
class PortRuleResult:
    """口の規則の結果. ``reason``: of an exception."""

    rule: PortRule
    state: RuleState
    exercised: int
    faults: tuple[PortFault, ...] = ()
    reason: str = ""


@frozen
class PortReport:
    """口の試験報告. ``stories``: how many histories were played; ``seed`` repeats the run."""

    system: str
    seed: str
    stories: int
    capabilities: frozenset[Port]
    results: tuple[PortRuleResult, ...]

    @property
    def is_conformant(self) -> bool:
        """No rule broken that was not announced, and none announced in vain."""
        failing = (RuleState.BROKEN, RuleState.EXCEPTION_OUTDATED)
        return not any(each.state in failing for each in self.results)

    @property
    def faults(self) -> tuple[PortFault, ...]:
        return tuple(fault for each in self.results for fault in each.faults)

    def exercised(self, port: Port) -> Mapping[str, int]:
        """How many values rested on each rule of a port."""
        return {each.rule.number: each.exercised for each in self.results if each.rule.capability is port}


PortRuleKey = tuple[Port, str]


def port_results(
    faults: Collection[PortFault],
    exercised: Mapping[PortRuleKey, int],
    wrong: Collection[PortRuleKey],
    ports: Collection[Port],
    exceptions: Mapping[str, str],
) -> tuple[PortRuleResult, ...]:
    """The result of every rule, in the order of the table; ``exceptions``: rule number to the reason."""
    results = []
    for rule in PORT_RULES:
        key = (rule.capability, rule.number)
        found = tuple(each for each in faults if (each.port, each.rule) == key)
        reason = exceptions.get(rule.number, "") if rule.capability in ports else ""
        state = _state(bool(found), key in wrong, exercised.get(key, 0), is_bound=rule.capability in ports, reason=reason)
        results.append(PortRuleResult(rule, state, exercised.get(key, 0), found, reason))
    return tuple(results)


def _state(has_faults: bool, is_wrong: bool, exercised: int, *, is_bound: bool, reason: str) -> RuleState:
    if not is_bound:
        return RuleState.NOT_APPLICABLE
    if reason:
        return RuleState.EXCEPTED if has_faults or is_wrong else RuleState.EXCEPTION_OUTDATED
    if has_faults or is_wrong:
        return RuleState.BROKEN
    return RuleState.KEPT if exercised else RuleState.NOT_EXERCISED
