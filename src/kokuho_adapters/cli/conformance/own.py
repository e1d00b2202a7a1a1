"""``kokuho conformance own``: this library's own aggregation as the system under test."""

from __future__ import annotations

from typing import Any

import click

from kokuho_adapters import __version__
from kokuho_adapters.cli.conformance.options import DATABASE, RUN, form_of, prefectures_of, trial_of
from kokuho_adapters.cli.conformance.outcome import run_and_tell
from kokuho_adapters.cli.conformance.replay_line import replay_line
from kokuho_adapters.cli.session import JSON


@click.command()
@DATABASE
@RUN
@JSON
def own(database: str | None, as_json: bool, **said: Any) -> int:
    """この製品自身の集約を試します。 / Test this library's own aggregation, on SQLite or on a server."""
    from kokuho_adapters.conformance.embedded import Embedded

    trial = trial_of(said)
    with prefectures_of(database) as prefectures:
        return run_and_tell(
            Embedded(prefectures).open, trial, form_of((), "utf-8"), lambda story: replay_line(story, trial), as_json,
            system=trial.system or f"kokuho {__version__}",
        )  # fmt: skip
