"""コマンドライン: ``kokuho …``. Every command is one plain call of the library; here it gets arguments and a form."""

from __future__ import annotations

import atexit
import gc
from typing import NoReturn

from kokuho_adapters.garbage import collect_rarely


def main() -> NoReturn:
    """Entry point of the ``kokuho`` command."""
    collect_rarely()
    atexit.register(gc.freeze)  # what is left at the end goes with the process, nobody need look for rings in it
    from kokuho_adapters.cli.commands import cli

    cli.main(prog_name="kokuho")
