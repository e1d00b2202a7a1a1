"""コマンドライン: ``kokuho …``. Every command is one plain call of the library; here it gets arguments and a form."""

from __future__ import annotations

from typing import NoReturn


def main() -> NoReturn:
    """Entry point of the ``kokuho`` command."""
    from kokuho_adapters.cli.commands import cli

    cli.main(prog_name="kokuho")
