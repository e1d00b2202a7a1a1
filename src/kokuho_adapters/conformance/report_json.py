"""機械可読の報告: the report as plain JSON data with a version of its own."""

from __future__ import annotations

from typing import Any, Final

from kokuho_adapters.conformance.described import described
from kokuho_core.conformance.report import Fault, Report
from kokuho_core.conformance.trials.report import PortFault, PortReport

FORMAT: Final = "kokuho-conformance-report"
VERSION: Final = 1
"""Grows when a key changes its meaning or goes; keys may be added under the same version."""


def as_json(report: Report | PortReport) -> dict[str, Any]:
    """The report as data for ``json.dumps``; the same report gives the same data."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "system": report.system,
        "seed": report.seed,
        "stories": report.stories,
        "capabilities": sorted(report.capabilities),
        "is_conformant": report.is_conformant,
        "rules": [
            {
                "rule": each.rule.number,
                "capability": each.rule.capability and each.rule.capability.value,
                "ja": each.rule.ja,
                "en": each.rule.en,
                "state": each.state.value,
                "exercised": each.exercised,
                "reason": each.reason,
                "faults": [_fault(fault) for fault in each.faults],
            }
            for each in report.results
        ],
    }


def _fault(fault: Fault | PortFault) -> dict[str, Any]:
    if isinstance(fault, PortFault):
        return _port_fault(fault)
    explained = described(fault)
    return {
        "rule": fault.rule,
        "found_in": fault.found_in,
        "story_number": fault.story_number,
        "tries": fault.tries,
        "people": fault.played.story.people,
        "files": fault.played.story.files,
        "sentence": explained.sentence,
        "differences": [
            {
                "rule": each.rule,
                "told_to": each.told_to,
                "file": each.file,
                "subject": each.subject,
                "sentence": each.sentence,
                "fields": [
                    {"name": one.name, "expected": one.expected, "actual": one.actual, "differs": one.differs}
                    for one in each.fields
                ],
            }
            for each in explained.comparisons
        ],
        "story": [
            {
                "heading": step.heading,
                "files": [
                    {"name": file.name, "remark": file.remark, "sentences": [each.text for each in file.sentences]}
                    for file in step.files
                ],
            }
            for step in explained.narration.steps
        ],
    }


def _port_fault(fault: PortFault) -> dict[str, Any]:
    return {
        "rule": fault.rule,
        "found_in": fault.found_in,
        "story_number": fault.story_number,
        "tries": fault.tries,
        "sentence": fault.sentence,
        "comparisons": [{"what": fault.what, "expected": fault.expected, "actual": fault.actual}],
        "story": list(fault.acts),
    }
