"""What every command shares: the global options, and the installation they lead to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click
from attrs import frozen

from kokuho_adapters.cli import output
from kokuho_adapters.composition import Installation, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_core.access import AccessContext

JSON: Final = click.option("--json", "as_json", is_flag=True, help="結果をJSONで出力 / Answer as JSON.")


@frozen
class Session:
    """What the global options said."""

    configuration: Configuration
    context: AccessContext

    @contextmanager
    def installation(self) -> Iterator[Installation]:
        """Everything open for one command, with progress on the terminal."""
        with (
            output.progress() as progress,
            open_installation(self.configuration, progress, context=self.context, with_helper=True) as opened,
        ):
            yield opened


SESSION: Final = click.make_pass_decorator(Session)
