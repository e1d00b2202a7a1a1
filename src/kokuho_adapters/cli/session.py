"""What every command shares: the global options, and the installation they lead to."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from attrs import frozen

from kokuho_adapters.cli import output
from kokuho_adapters.cli.parameters import insurer_given
from kokuho_adapters.composition import Installation, open_installation
from kokuho_adapters.configuration import Configuration, load_configuration
from kokuho_adapters.security.login_file import kept_login
from kokuho_adapters.security.one_time_codes import NOTHING_PRESENTED, Credentials
from kokuho_adapters.security.redaction import configure_logging
from kokuho_adapters.security.session_identity import operating_system_operator, terminal_name
from kokuho_core.access import AccessContext, Role, operator_id

JSON: Final = click.option("--json", "as_json", is_flag=True, help="結果をJSONで出力 / Answer as JSON.")


@frozen
class Session:
    """What the global options said."""

    configuration: Configuration
    context: AccessContext
    credentials: Credentials = NOTHING_PRESENTED

    def presented(self) -> Credentials:
        """The code that was given, else the login kept on this computer; nothing where none is asked for."""
        if not self.configuration.requires_second_factor:
            return NOTHING_PRESENTED
        if self.credentials.code is not None:
            return self.credentials
        return Credentials(token=kept_login(self.configuration.database, self.context.operator))

    @contextmanager
    def installation(self, *, as_owner: bool = False) -> Iterator[Installation]:
        """Everything open for one command, with progress on the terminal."""
        with (
            output.progress() as progress,
            open_installation(
                self.configuration, progress, context=self.context, credentials=self.presented(),
                with_forerunner=self.configuration.second_process, as_owner=as_owner,
            ) as opened,
        ):
            yield opened


def session_of(
    database: str | None,
    config: Path | None,
    key_ring: Path | None,
    operator: str | None,
    role: str | None,
    municipality: str | None,
    code: str | None,
    purpose: str,
    *,
    verbose: bool,
) -> Session:
    """The session that the global options describe. Raises :class:`SetupFault` (KKH-C010), :class:`InvalidValue`."""
    configure_logging(level=logging.INFO if verbose else logging.WARNING)
    configuration = load_configuration(config) if config is not None else Configuration()
    context = AccessContext(
        operator_id(operator) if operator is not None else operating_system_operator(),
        terminal_name(),
        Role(role) if role is not None else None,
        insurer_given(municipality),
        purpose,
    )
    return Session(configuration.overridden(database, key_ring), context, Credentials(code))


SESSION: Final = click.make_pass_decorator(Session)
