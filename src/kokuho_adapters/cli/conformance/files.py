"""``kokuho conformance files``: a vendor's command as the system under test."""

from __future__ import annotations

from typing import Any

import click

from kokuho_adapters.cli.conformance.options import RUN, VENDOR, door_of, trial_of
from kokuho_adapters.cli.conformance.outcome import run_and_tell
from kokuho_adapters.cli.conformance.replay_line import replay_line
from kokuho_adapters.cli.session import JSON


@click.command()
@VENDOR
@RUN
@JSON
def files(line: str | None, as_json: bool, **said: Any) -> int:
    """自社のコマンドをファイルの受渡しだけで試します。 / Test your command by files in and files out.

    例 / example: kokuho conformance files --command "node examples/vendor-node/vendor.mjs {in} {out} {state} {as_of}"
    """
    if line is None:
        raise click.MissingParameter(param_hint="--command", param_type="option")
    door = door_of(line, said)
    trial = trial_of(said)
    return run_and_tell(
        door.open, trial, door.form, lambda story: replay_line(story, trial, line, said), as_json, system=trial.system or line
    )
