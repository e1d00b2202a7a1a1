"""端末の報告: a table of the rules, then each fault with its story."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kokuho_adapters.conformance.described import FAILING, STATE_WORDS, described, played_word, results_shown, verdict
from kokuho_adapters.printable import printable
from kokuho_core.conformance.report import Fault, Report, RuleState
from kokuho_core.conformance.trials.report import PortFault, PortReport

_WIDTH: Final = 120
_STYLES: Final = {RuleState.KEPT: "green", RuleState.NOT_EXERCISED: "dim", RuleState.NOT_APPLICABLE: "dim"}


def text(report: Report | PortReport, *, width: int = _WIDTH) -> str:
    """The report as plain text, without colours; for a console see :func:`show`."""
    target = StringIO()
    show(report, Console(file=target, width=width, color_system=None, force_terminal=False, legacy_windows=False))
    return target.getvalue()


def show(report: Report | PortReport, console: Console) -> None:
    """Print the report."""
    played = played_word(report)
    for line in (f"試験対象: {report.system}", f"種: {report.seed}  {played}: {report.stories}", verdict(report)):
        console.print(Text(printable(line)))
    console.print(_table(report))
    faults: Sequence[Fault | PortFault] = report.faults
    for number, fault in enumerate(faults, 1):
        told = f"規則 {fault.rule}\n{fault.text}" if isinstance(fault, PortFault) else described(fault).text
        console.print(Text(f"不適合 {number} — {played} {fault.found_in} から縮めたもの", style="bold"))
        console.print(Text(printable(told)), soft_wrap=True)
        console.print()


def _table(report: Report | PortReport) -> Table:
    table = Table(box=box.SIMPLE, title="規則ごとの結果", title_justify="left")
    table.add_column("規則", no_wrap=True)
    table.add_column("内容", overflow="fold")
    table.add_column("結果", no_wrap=True)
    table.add_column("試した値", justify="right", no_wrap=True)
    for each in results_shown(report):
        style = "bold red" if each.state in FAILING else _STYLES.get(each.state, "yellow")
        table.add_row(
            each.rule.number, Text(each.rule.ja), Text(STATE_WORDS[each.state], style=style), f"{each.exercised:,}"
        )
    return table
