"""適合性試験: the harness with which every system of the field can be tested against the numbered rules."""

from kokuho_core.conformance.harness import ConformanceSettings, run_conformance, story_of
from kokuho_core.conformance.report import Fault, Report, RuleResult, RuleState
from kokuho_core.conformance.rules import ALL_CAPABILITIES, RULES, Capability, Rule
from kokuho_core.conformance.story import DecisionMade, Pair, Sending, Step, Story
from kokuho_core.conformance.system import Aggregation, FileToSend, MakeAggregation, ReturnedRows, SystemFailed

__all__ = [
    "ALL_CAPABILITIES",
    "RULES",
    "Aggregation",
    "Capability",
    "ConformanceSettings",
    "DecisionMade",
    "Fault",
    "FileToSend",
    "MakeAggregation",
    "Pair",
    "Report",
    "ReturnedRows",
    "Rule",
    "RuleResult",
    "RuleState",
    "Sending",
    "Step",
    "Story",
    "SystemFailed",
    "run_conformance",
    "story_of",
]
