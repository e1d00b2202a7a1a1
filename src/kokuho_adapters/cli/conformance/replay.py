"""``kokuho conformance replay``: one story once more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.conformance.options import CAPABILITY, VENDOR, WAIT_DAYS, capabilities_of, door_of
from kokuho_adapters.cli.conformance.outcome import deviation_data, show_deviations, show_failure
from kokuho_adapters.cli.output import DONE, FOUND
from kokuho_adapters.cli.parameters import FILE
from kokuho_adapters.cli.session import JSON
from kokuho_core.conformance.run import play
from kokuho_core.conformance.system import MakeAggregation
from kokuho_core.errors import Problem, SetupFault


@click.command()
@click.argument("story", type=FILE, metavar="STORY.json")
@VENDOR
@CAPABILITY
@WAIT_DAYS
@JSON
def replay(
    story: Path, line: str | None, capabilities: tuple[str, ...], wait_days: int, as_json: bool, **said: Any
) -> int:
    """書き出した生活史を、もう一度だけ試します。 / Play one story again.

    --command がなければ、この製品自身の集約で試します。 / Without --command: this library's own aggregation.
    """
    from kokuho_adapters.conformance.story_json import load_story

    try:
        told = load_story(story.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        raise SetupFault(Problem("KKH-Y006", field=story.name)) from None
    [played] = play([told], _make(line, said), capabilities_of(capabilities), wait_days=wait_days)
    if as_json:
        data = {"story": told.name, "conformant": not played.deviations}
        output.print_json({**data, "deviations": [deviation_data(each) for each in played.deviations]})
    else:
        show_deviations(played.deviations)
        show_failure(played)
    return FOUND if played.deviations else DONE


def _make(line: str | None, said: dict[str, Any]) -> MakeAggregation:
    if line is not None:
        return door_of(line, said).open
    from kokuho_adapters.conformance.embedded import embedded

    return embedded
