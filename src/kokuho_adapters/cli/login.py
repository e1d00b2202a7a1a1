"""``login``, ``logout``: a code once, for the commands of a working day (S-31)."""

from __future__ import annotations

import sys
from datetime import datetime

import click
from attrs import evolve

from kokuho_adapters.cli import output
from kokuho_adapters.cli.output import DONE
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_adapters.security.login_file import forget_login, keep_login, kept_login
from kokuho_adapters.security.one_time_codes import Credentials
from kokuho_core.usecases.authentication import log_in, log_out


@click.command("login")
@JSON
@SESSION
def login(session: Session, as_json: bool) -> int:
    """符号を入力してログインします(12時間)。 / Log in with a code, for 12 hours on this terminal."""
    code = session.credentials.code
    if code is None and sys.stdin.isatty():
        code = click.prompt("符号 / code", hide_input=True, err=True)
    fresh = evolve(session, credentials=Credentials(code))
    with fresh.installation() as opened:
        made = log_in(opened.office, opened.codes)
    keep_login(session.configuration.database, session.context.operator, made.token, made.login.expires_at)
    _tell(made.login.expires_at, as_json=as_json)
    return DONE


def _tell(until: datetime, *, as_json: bool) -> None:
    if as_json:
        output.print_json({"expires_at": until})
    else:
        output.say(f"ログインしました / logged in: {until:%Y-%m-%d %H:%M} まで / until")


@click.command("logout")
@SESSION
def logout(session: Session) -> int:
    """ログアウトします。 / Log out."""
    where = session.configuration.database, session.context.operator
    token = kept_login(*where)
    if token is None:
        output.say("ログインしていません。 / Not logged in.")
        return DONE
    try:
        with session.installation() as opened:
            log_out(opened.office, opened.codes, token)
    finally:
        forget_login(*where)
    output.say("ログアウトしました。 / Logged out.")
    return DONE
