"""``kokuho conformance …``: 適合性試験, any vendor's system against the numbered rules."""

from __future__ import annotations

import click

from kokuho_adapters.cli.conformance.files import files
from kokuho_adapters.cli.conformance.own import own
from kokuho_adapters.cli.conformance.ports import ports
from kokuho_adapters.cli.conformance.receiver import receiver
from kokuho_adapters.cli.conformance.replay import replay
from kokuho_adapters.cli.conformance.rules import rules
from kokuho_adapters.cli.conformance.sender import sender
from kokuho_adapters.cli.conformance.stories import stories


@click.group()
def conformance() -> None:
    """システムが規則を守るかを、架空の生活史で試します。 / Test any system against the rules, with invented lives."""


for _command in (files, own, ports, receiver, replay, rules, sender, stories):
    conformance.add_command(_command)
