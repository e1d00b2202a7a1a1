"""試験報告: what a run of the harness found, rule by rule, ready for people and for programs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from attrs import frozen

from kokuho_core.conformance.judgement import Deviation
from kokuho_core.conformance.rules import RULES, Capability, Rule
from kokuho_core.conformance.run import Played


class RuleState(StrEnum):
    """規則ごとの結果."""

    KEPT = "kept"
    """守られた: values rested on it, and all of them were right."""
    BROKEN = "broken"
    """守られなかった."""
    UNCLEAR = "unclear"
    """判断できない: a value that rests on it was wrong, each time beside another fault that was told first; it may follow from
    that one. It is said again once the other is mended."""
    EXCEPTED = "excepted"
    """未対応として除外: broken as announced in the exceptions."""
    EXCEPTION_OUTDATED = "exception_outdated"
    """除外が不要: announced as not kept yet, and no value was wrong. It fails the run, so that lists do not grow old."""
    NOT_EXERCISED = "not_exercised"
    """試されなかった: no value rested on it; nothing is said about it."""
    NOT_APPLICABLE = "not_applicable"
    """対象外: of a part that the system says it does not have."""


@frozen
class Fault:
    """不適合: one fault as its shortest story. ``story_number``: how many stories had been played when it showed."""

    rule: str
    played: Played
    found_in: str
    story_number: int
    tries: int

    @property
    def deviation(self) -> Deviation:
        """The difference that names the fault."""
        return next(each for each in self.played.deviations if each.rule == self.rule)


@frozen
class RuleResult:
    """規則の結果. ``reason``: of an exception."""

    rule: Rule
    state: RuleState
    exercised: int
    faults: tuple[Fault, ...] = ()
    reason: str = ""


@frozen
class Report:
    """試験報告. ``system``: what the vendor calls it; ``seed`` repeats the run."""

    system: str
    seed: str
    stories: int
    capabilities: frozenset[Capability]
    results: tuple[RuleResult, ...]

    @property
    def is_conformant(self) -> bool:
        """No rule broken that was not announced, and none announced in vain."""
        failing = (RuleState.BROKEN, RuleState.EXCEPTION_OUTDATED)
        return not any(each.state in failing for each in self.results)

    @property
    def faults(self) -> tuple[Fault, ...]:
        return tuple(fault for each in self.results for fault in each.faults)


def results_of(
    faults: Collection[Fault],
    exercised: Mapping[str, int],
    capabilities: Collection[Capability],
    exceptions: Mapping[str, str],
    wrong: Collection[str] = (),
) -> tuple[RuleResult, ...]:
    """The result of every rule, in the order of the table.

    ``exceptions``: rule number to the reason why it is not kept yet; ``wrong``: rules on which any wrong value rested first.
    """
    return tuple(
        RuleResult(rule, _state(rule, found, exercised, capabilities, exceptions, wrong), exercised.get(rule.number, 0), found,
                   exceptions.get(rule.number, ""))
        for rule in RULES
        for found in [tuple(each for each in faults if each.rule == rule.number)]
    )  # fmt: skip


def _state(
    rule: Rule,
    faults: Collection[Fault],
    exercised: Mapping[str, int],
    capabilities: Collection[Capability],
    exceptions: Mapping[str, str],
    wrong: Collection[str],
) -> RuleState:
    is_bound = rule.capability is None or rule.capability in capabilities
    if not is_bound and not faults:  # a file that the system has may show a rule of another part broken
        return RuleState.NOT_APPLICABLE
    if rule.number in exceptions:
        return RuleState.EXCEPTED if faults or rule.number in wrong else RuleState.EXCEPTION_OUTDATED
    if faults:
        return RuleState.BROKEN
    if rule.number in wrong:
        return RuleState.UNCLEAR
    return RuleState.KEPT if exercised.get(rule.number) else RuleState.NOT_EXERCISED
