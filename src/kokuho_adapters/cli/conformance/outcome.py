"""What a run found, for people and as JSON; the report and the folders of the faults."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from kokuho_adapters.cli import output
from kokuho_adapters.cli.conformance.options import Trial
from kokuho_adapters.cli.output import DONE, FOUND
from kokuho_adapters.conformance.certificate import certificate
from kokuho_adapters.conformance.fault_folder import FaultFolders, fault_folder_name
from kokuho_adapters.conformance.html import html
from kokuho_adapters.conformance.junit import junit
from kokuho_adapters.conformance.report_json import as_json as report_json
from kokuho_adapters.conformance.step_folder import FileForm
from kokuho_adapters.conformance.terminal import show
from kokuho_core.conformance.harness import run_conformance
from kokuho_core.conformance.judgement import Deviation
from kokuho_core.conformance.report import Fault, Report
from kokuho_core.conformance.run import Played
from kokuho_core.conformance.system import MakeAggregation
from kokuho_core.errors import Problem, SetupFault


def run_and_tell(
    make: MakeAggregation, trial: Trial, form: FileForm, replay: Callable[[Path], str], as_json: bool, *, system: str
) -> int:
    """Run it, write what is wanted, tell the result; the exit code says whether it conforms."""
    with output.progress() as progress:
        report = run_conformance(
            make, trial.capabilities, trial.settings, system=system,
            progress=lambda played, _: progress("適合性試験 / conformance", played, trial.settings.stories),
        )  # fmt: skip
    folders: list[Path] = []
    if trial.out is not None:
        folders = FaultFolders(make, replay, form, trial.settings.wait_days).write(trial.out, report)
        _write_report(trial.out, report, replay)
    if as_json:
        output.print_json({**report_json(report), "folders": folders})
    else:
        show(report, output.console())
        for folder in folders:
            output.say(f"→ {folder}")
    return DONE if report.is_conformant else FOUND


def _write_report(out: Path, report: Report, replay: Callable[[Path], str]) -> None:
    """``report.html`` for people, ``report.json``, ``junit.xml`` and ``certificate.json`` for programs."""
    names = {id(fault): fault_folder_name(number, fault) for number, fault in enumerate(report.faults, 1)}

    def replay_of(fault: Fault) -> str:
        return replay(out / names[id(fault)] / "story.json")

    texts = {
        "report.html": html(report, replay_of),
        "report.json": json_text(report_json(report)),
        "junit.xml": junit(report),
        "certificate.json": json_text(certificate(report)),
    }
    write_texts(out, texts)


def write_texts(out: Path, texts: Mapping[str, str]) -> None:
    """Files by name. Raises :class:`SetupFault` (KKH-C020) where they cannot be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (out / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError:
        raise SetupFault(Problem("KKH-C020", field="--out")) from None


def json_text(data: Any) -> str:
    """For people to read too."""
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


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
    said: Sequence[str] = () if played.failure is None else played.failure.said
    for line in said:
        output.say(f"    | {line}")


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)
