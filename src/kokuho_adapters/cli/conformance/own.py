"""``kokuho conformance own``: this library's own aggregation as the system under test."""

from __future__ import annotations

from typing import Any

import click

from kokuho_adapters import __version__
from kokuho_adapters.cli.conformance.options import RUN, form_of, trial_of
from kokuho_adapters.cli.conformance.outcome import run_and_tell
from kokuho_adapters.cli.conformance.replay_line import replay_line
from kokuho_adapters.cli.session import JSON


@click.command()
@RUN
@JSON
def own(as_json: bool, **said: Any) -> int:
    """この製品自身の集約を試します(SQLite)。 / Test this library's own aggregation, on SQLite."""
    from kokuho_adapters.conformance.embedded import embedded

    trial = trial_of(said)
    return run_and_tell(
        embedded, trial, form_of((), "utf-8"), lambda story: replay_line(story, trial), as_json,
        system=trial.system or f"kokuho {__version__}",
    )  # fmt: skip
