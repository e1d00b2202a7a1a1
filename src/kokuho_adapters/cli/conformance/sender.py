"""``kokuho conformance sender``: a vendor's client of the registration interface."""

from __future__ import annotations

from typing import Any

import click

from kokuho_adapters.cli.conformance.options import ENCODING, LAYOUTS, form_of
from kokuho_adapters.cli.conformance.port_run import port_run, run_trials
from kokuho_adapters.cli.session import JSON


@click.command()
@click.option(
    "--command", "line", required=True, metavar="LINE",
    help="自社の送り手のコマンド。{in} {url} {certificates} {state} {as_of} が置き換わる / Your client's command.",
)  # fmt: skip
@click.option(
    "--timeout", default=60.0, show_default=True, type=click.FloatRange(0.1),
    help="一回の秒数の上限 / Seconds one run may take.",
)  # fmt: skip
@LAYOUTS
@ENCODING
@port_run(30)
@JSON
def sender(line: str, timeout: float, as_json: bool, **said: Any) -> int:
    """自社の送り手(登録のクライアント)を、模擬中間サーバーの前で試します。 / Test your client of the registration interface.

    例 / example: kokuho conformance sender --command "python examples/sender_kokuho.py {in} {state} {as_of} {url} {certificates}"
    """
    from kokuho_adapters.conformance.sender_door import NEEDED, SenderDoor
    from kokuho_adapters.conformance.vendor_command import VendorCommand
    from kokuho_core.conformance.trials.sender import SenderTrial

    command = VendorCommand.parse(line, timeout, NEEDED)
    command.require_program()
    with SenderDoor(command, form_of(said["layouts"], said["encoding"])) as door:
        return run_trials([SenderTrial(door.open)], said, as_json, system=line)
