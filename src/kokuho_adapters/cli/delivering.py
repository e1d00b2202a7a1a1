"""``deliver``: what municipalities are told (2-④, 3-6, 4-5)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.answers import show_delivered
from kokuho_adapters.cli.output import DONE
from kokuho_adapters.cli.parameters import FOLDER
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_core.usecases import deliver as delivering
from kokuho_core.vocabulary.identifiers import InsurerNumber

EVERYBODY: Final = "all"
"""``deliver --insurer all``: every insurer of the prefecture."""


@click.command()
@click.option(
    "--insurer", "insurers", required=True, multiple=True, metavar="CODE",
    help="宛先の保険者番号(繰返し可)、all は県内すべて / Insurer, may be repeated; all: every one.",
)  # fmt: skip
@click.option("--out", required=True, type=FOLDER, metavar="DIR", help="出力先 / Folder to write into.")
@click.option("--all", "everything", is_flag=True, help="前回以降でなく全件 / Everything, not only what changed.")
@JSON
@SESSION
def deliver(session: Session, insurers: tuple[str, ...], out: Path, everything: bool, as_json: bool) -> int:
    """市区町村へ返すファイルを作ります。 / Write what changed for a municipality since its last delivery."""
    out.mkdir(parents=True, exist_ok=True)
    folder = out.resolve()
    with session.installation() as opened:
        outgoing = opened.outgoing(folder)
        register = opened.register()
        given = (InsurerNumber(insurer) for insurer in insurers)
        addressees = (insurer.insurer_number for insurer in register) if EVERYBODY in insurers else given
        written = {
            insurer: delivering.deliver(opened.office, insurer, outgoing, str(folder), everything=everything)
            for insurer in dict.fromkeys(addressees)
        }
        book = opened.book
    if as_json:
        output.print_json({"files": [each for listed in written.values() for each in listed]})
    else:
        show_delivered(written, register, book, out)
    return DONE
