"""What a run found, for people and as JSON; the folders of the faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from kokuho_adapters.cli import output
from kokuho_adapters.cli.conformance.options import Trial
from kokuho_adapters.cli.output import DONE, FOUND
from kokuho_adapters.conformance.fault_folder import FaultFolders
from kokuho_adapters.conformance.step_folder import FileForm
from kokuho_core.conformance.harness import run_conformance
from kokuho_core.conformance.judgement import Deviation
from kokuho_core.conformance.report import Fault, Report, RuleState
from kokuho_core.conformance.run import Played
from kokuho_core.conformance.system import MakeAggregation

_STATES: Final = {
    RuleState.KEPT: "守られた kept",
    RuleState.BROKEN: "守られなかった broken",
    RuleState.EXCEPTED: "除外 excepted",
    RuleState.EXCEPTION_OUTDATED: "除外が不要 exception outdated",
    RuleState.NOT_EXERCISED: "試されず not exercised",
    RuleState.NOT_APPLICABLE: "対象外 not applicable",
}


def run_and_tell(
    make: MakeAggregation, trial: Trial, form: FileForm, replay: Callable[[Path], str], as_json: bool, *, system: str
) -> int:
    """Run it, write the folders where they are wanted, tell the result; the exit code says whether it conforms."""
    with output.progress() as progress:
        report = run_conformance(
            make, trial.capabilities, trial.settings, system=system,
            progress=lambda played, _: progress("適合性試験 / conformance", played, trial.settings.stories),
        )  # fmt: skip
    folders: list[Path] = []
    if trial.out is not None:
        folders = FaultFolders(make, replay, form, trial.settings.wait_days).write(trial.out, report)
    if as_json:
        output.print_json(report_data(report, folders))
    else:
        show_report(report, folders)
    return DONE if report.is_conformant else FOUND


def report_data(report: Report, folders: Sequence[Path] = ()) -> dict[str, Any]:
    """The report as JSON."""
    return {
        "system": report.system,
        "conformant": report.is_conformant,
        "seed": report.seed,
        "stories": report.stories,
        "capabilities": sorted(report.capabilities),
        "rules": [
            {"rule": each.rule.number, "state": each.state, "exercised": each.exercised, "reason": each.reason}
            for each in report.results
        ],
        "faults": [
            {**_fault_data(fault), "folder": folders[place] if folders else None}
            for place, fault in enumerate(report.faults)
        ],
    }


def _fault_data(fault: Fault) -> dict[str, Any]:
    story, failure = fault.played.story, fault.played.failure
    return {
        **deviation_data(fault.deviation),
        "said": [] if failure is None else list(failure.said),
        "found_in": fault.found_in,
        "story_number": fault.story_number,
        "tries": fault.tries,
        "people": story.people,
        "files": story.files,
        "steps": len(story.steps),
    }


def deviation_data(each: Deviation) -> dict[str, Any]:
    """One difference; what it is about is named by the municipality's own numbers."""
    return {
        "rule": each.rule,
        "insurer_number": each.key.insurer,
        "file_id": each.key.file_id,
        "about": [str(part) for part in each.key.subject],
        "field": each.field,
        "expected": _shown(each.expected),
        "actual": _shown(each.actual),
    }


def show_report(report: Report, folders: Sequence[Path] = ()) -> None:
    """Rule by rule, then each fault."""
    output.print_table(
        f"適合性試験 / conformance: {report.system} (種 seed {report.seed}, 生活史 stories {report.stories})",
        ("規則 rule", "結果 result", "確かめた値 values", "内容 what it says", "理由 reason"),
        (
            (each.rule.number, _STATES[each.state], each.exercised, each.rule.ja, each.reason or None)
            for each in report.results
        ),
    )
    for place, fault in enumerate(report.faults):
        story = fault.played.story
        output.say(
            f"不適合 fault {place + 1}: {fault.rule} (生活史 story {fault.found_in}; "
            f"{story.people}人 people, {story.files}ファイル files, {len(story.steps)}回 steps)"
        )
        show_deviations([fault.deviation])
        show_failure(fault.played)
        if folders:
            output.say(f"→ {folders[place]}")
    output.say("適合 / conformant" if report.is_conformant else "不適合 / not conformant")


def show_deviations(deviations: Iterable[Deviation]) -> None:
    """What was expected and what came."""
    output.print_table(
        "差異 / differences",
        ("規則 rule", "返却先 to", "ファイル file", "対象 about", "項目 field", "期待 expected", "実際 actual"),
        (
            (
                each.rule, each.key.insurer or None, each.key.file_id or None, " ".join(map(str, each.key.subject)) or None,
                each.field or None, _shown(each.expected), _shown(each.actual),
            )
            for each in deviations
        ),
        empty="なし / none",
    )  # fmt: skip


def show_failure(played: Played) -> None:
    """The last lines of a system that gave no answer."""
    if played.failure is not None:
        for line in played.failure.said:
            output.say(f"    | {line}")


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)
