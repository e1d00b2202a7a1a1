"""A run on ports: its options, and what it found, for people and for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.conformance.options import STORY_SEED, empty_folder, together
from kokuho_adapters.cli.conformance.outcome import json_text, write_texts
from kokuho_adapters.cli.output import DONE, FOUND
from kokuho_adapters.cli.parameters import FILE, FOLDER
from kokuho_adapters.conformance.certificate import certificate
from kokuho_adapters.conformance.exceptions_file import read_exceptions
from kokuho_adapters.conformance.html import html
from kokuho_adapters.conformance.junit import junit
from kokuho_adapters.conformance.report_json import as_json as report_json
from kokuho_adapters.conformance.terminal import show
from kokuho_core.conformance.harness import ConformanceSettings
from kokuho_core.conformance.trials.harness import run_port_conformance
from kokuho_core.conformance.trials.report import PortReport
from kokuho_core.conformance.trials.rules import PORT_RULES
from kokuho_core.conformance.trials.trial import Trial


def port_run(histories: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options of a run; ``histories`` are played unless another number is given."""
    return together(
        click.option(
            "--stories", "count", default=histories, show_default=True, type=click.IntRange(1),
            help="やり取りの数 / How many histories.",
        ),
        STORY_SEED,
        click.option("--exceptions", type=FILE, metavar="FILE", help="まだ守れない規則の一覧(TOML) / Rules not kept yet."),
        click.option(
            "--out", type=FOLDER, metavar="DIR", callback=empty_folder,
            help="報告を書く先(空のフォルダ) / A folder for the report; empty.",
        ),
        click.option("--name", default="", metavar="NAME", help="報告に書くシステム名 / Name of the system in the report."),
        click.option(
            "--tries", default=100, show_default=True, type=click.IntRange(0),
            help="短くするための試行の上限 / Runs to shorten one.",
        ),
        click.option(
            "--faults", "most_faults", default=5, show_default=True, type=click.IntRange(1),
            help="これだけ見つかれば終わる / So many are enough.",
        ),
    )  # fmt: skip


def run_trials(trials: Iterable[Trial[Any]], said: dict[str, Any], as_json: bool, *, system: str) -> int:
    """Run them, write what is wanted, tell the result; the exit code says whether the rules are kept.

    Raises :class:`SetupFault`: KKH-Y005 the exceptions, KKH-C020 the report cannot be written.
    """
    exceptions = {} if said["exceptions"] is None else read_exceptions(said["exceptions"], {each.number for each in PORT_RULES})
    settings = ConformanceSettings(
        seed=said["seed"], stories=said["count"], most_faults=said["most_faults"], most_tries=said["tries"],
        exceptions=exceptions,
    )  # fmt: skip
    listed = list(trials)
    with output.progress() as progress:
        report = run_port_conformance(
            listed, settings, system=said["name"] or system,
            progress=lambda played, _: progress("適合性試験 / conformance", played, settings.stories * len(listed)),
        )  # fmt: skip
    if said["out"] is not None:
        write_texts(said["out"], _texts(report))
    if as_json:
        output.print_json(report_json(report))
    else:
        show(report, output.console())
    return DONE if report.is_conformant else FOUND


def _texts(report: PortReport) -> dict[str, str]:
    """``report.html`` and each fault's history for people; ``report.json``, ``junit.xml``, ``certificate.json`` for programs."""
    faults = {
        f"{fault_name(number, each.rule)}.txt": f"規則 {each.rule}\n{each.text}\n"
        for number, each in enumerate(report.faults, 1)
    }
    return {
        "report.html": html(report),
        "report.json": json_text(report_json(report)),
        "junit.xml": junit(report),
        "certificate.json": json_text(certificate(report)),
        **faults,
    }


def fault_name(number: int, rule: str) -> str:
    """``number`` from 1, in the order of the report."""
    return f"fault-{number:02d}-{rule}"
