"""``reveal``: one 個人番号 on the screen, for a purpose (S-3)."""

from __future__ import annotations

import sys

import click

from kokuho_adapters.cli.output import DONE
from kokuho_adapters.cli.session import SESSION, Session
from kokuho_core.errors import AccessDenied, Problem
from kokuho_core.usecases.reveal import reveal_number


@click.command("reveal")
@click.argument("whose", metavar="ID")
@click.option("--purpose", required=True, metavar="TEXT", help="目的(監査記録に残る) / Why; it is recorded.")
@SESSION
def reveal(session: Session, whose: str, purpose: str) -> int:
    """個人番号を一件、画面に表示します。 / Show one individual number on the screen.

    ID は person と同じです。一日に表示できる件数には上限があります。だれが何のために見たかが、表示の前に監査記録に残ります。
    ファイルやパイプには出力できません。

    ID is that of the command person. The operator, the person and the purpose are on record before the number is shown; it goes
    to a terminal only, and only so many a day.
    """
    if not _is_screen():
        raise AccessDenied(Problem("KKH-A023", field="stdout"))
    with session.installation() as opened:
        number = reveal_number(opened.office, whose, purpose)
    sys.stdout.write(f"{number.reveal()}\n")
    return DONE


def _is_screen() -> bool:
    return sys.stdout.isatty()
