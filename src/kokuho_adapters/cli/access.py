"""``access``, ``approvals``: who may do what here, and what waits for a second person (S-7, S-31)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.output import DONE, FOUND
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_core.access import Grant, Role
from kokuho_core.approval import Approval
from kokuho_core.errors import NotFound, Problem
from kokuho_core.usecases.approvals import approve, list_approvals, refuse, withdraw
from kokuho_core.usecases.authentication import enrol, list_factors, unlock
from kokuho_core.usecases.rights import grant_right, list_rights, renew_right, revoke_right, transfer_right
from kokuho_core.vocabulary.identifiers import InsurerNumber

ROLES = {
    Role.FEDERATION: "連合会 federation",
    Role.MUNICIPALITY: "市区町村 municipality",
    Role.ADMINISTRATOR: "管理者 administrator",
    Role.AUDITOR: "監査者 auditor",
}


def _day(_: click.Context, __: click.Parameter, value: str | None) -> date | None:
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("日付は YYYY-MM-DD で指定してください。 / Give a date as YYYY-MM-DD.") from None


@click.group("access", invoke_without_command=True)
@click.pass_context
def access(ctx: click.Context) -> int | None:
    """利用者の権限: 一覧・付与・更新・失効・引継ぎ。 / Rights of operators: list, grant, renew, revoke, transfer."""
    return ctx.invoke(list_command) if ctx.invoked_subcommand is None else None


@access.command("list")
@click.option("--all", "everything", is_flag=True, help="終わった権限も / Those that are over too.")
@JSON
@SESSION
def list_command(session: Session, everything: bool = False, as_json: bool = False) -> int:
    """権限の一覧。 / List the rights."""
    with session.installation() as opened:
        listed = list_rights(opened.office, valid_only=not everything)
    _tell(listed, as_json=as_json)
    return DONE


@access.command("grant")
@click.argument("operator")
@click.option("--role", required=True, type=click.Choice([each.value for each in Role]), help="役割 / Role.")
@click.option("--insurer", metavar="CODE", help="市区町村の役割の保険者番号 / Insurer of a municipal role.")
@click.option("--from", "valid_from", callback=_day, metavar="DATE", help="開始日(既定 今日) / First day.")
@click.option("--until", "valid_until", callback=_day, metavar="DATE", help="終了日(既定・最長 年度末) / Last day.")
@JSON
@SESSION
def grant_command(
    session: Session,
    operator: str,
    role: str,
    insurer: str | None,
    valid_from: date | None,
    valid_until: date | None,
    as_json: bool,
) -> int:
    """権限を付与します(年度末まで)。 / Grant a right, until the end of the fiscal year at most."""
    scope = InsurerNumber(insurer) if insurer is not None else None
    with session.installation() as opened:
        changed = grant_right(opened.office, operator, Role(role), scope, valid_from, valid_until)
    _tell(changed, as_json=as_json)
    return DONE


@access.command("renew")
@click.argument("number")
@JSON
@SESSION
def renew_command(session: Session, number: str, as_json: bool) -> int:
    """権限を次の年度に更新します。 / Renew a right for the next fiscal year."""
    with session.installation() as opened:
        changed = renew_right(opened.office, number)
    _tell(changed, as_json=as_json)
    return DONE


@access.command("revoke")
@click.argument("number")
@JSON
@SESSION
def revoke_command(session: Session, number: str, as_json: bool) -> int:
    """権限をすぐに失効させます。 / Revoke a right, at once."""
    with session.installation() as opened:
        changed = revoke_right(opened.office, number)
    _tell(changed, as_json=as_json)
    return DONE


@access.command("transfer")
@click.argument("number")
@click.argument("operator")
@JSON
@SESSION
def transfer_command(session: Session, number: str, operator: str, as_json: bool) -> int:
    """権限を別の人に引き継ぎます。 / Hand a right over to another person."""
    with session.installation() as opened:
        changed = transfer_right(opened.office, number, operator)
    _tell(changed, as_json=as_json)
    return DONE


@access.command("enrol")
@click.argument("operator")
@SESSION
def enrol_command(session: Session, operator: str) -> int:
    """第二の認証を登録します。内容は一度だけ示します。 / Enrol a second factor; it is shown this once."""
    with session.installation() as opened:
        uri = enrol(opened.office, opened.codes, operator)
    output.say(uri)
    output.complain("認証アプリに登録してもらい、この表示を残さないでください。以前の登録とログインは無効になりました。")
    output.complain("Enter it into the operator's authenticator, and keep no copy. What was enrolled before is void.")
    return DONE


@access.command("unlock")
@click.argument("operator")
@SESSION
def unlock_command(session: Session, operator: str) -> int:
    """誤りが続いて停止した第二の認証を解除します。 / Unlock a second factor after wrong codes."""
    with session.installation() as opened:
        unlock(opened.office, operator)
    output.say(f"解除しました / unlocked: {operator}")
    return DONE


@access.command("factors")
@JSON
@SESSION
def factors_command(session: Session, as_json: bool) -> int:
    """第二の認証の登録の一覧。 / List who has a second factor."""
    with session.installation() as opened:
        listed = list_factors(opened.office)
    if as_json:
        shown = ("operator", "enrolled_by", "enrolled_at", "locked_at")
        output.print_json({"factors": [{key: getattr(each, key) for key in shown} for each in listed]})
        return DONE
    output.print_table(
        "第二の認証 / second factors",
        ("利用者 operator", "登録した人 by", "登録 enrolled", "停止 locked"),
        ((each.operator, each.enrolled_by, each.enrolled_at, each.locked_at) for each in listed),
    )
    return DONE


def _tell(grants: Iterable[Grant], *, as_json: bool) -> None:
    listed = list(grants)
    if as_json:
        output.print_json({"rights": listed})
        return
    output.print_table(
        "権限 / rights",
        ("番号", "利用者 operator", "役割 role", "保険者 insurer", "開始 from", "終了 until", "失効 revoked"),
        (
            (
                each.number,
                each.operator,
                ROLES[each.role],
                each.scope,
                each.valid_from,
                each.valid_until,
                each.revoked_at,
            )
            for each in listed
        ),
    )


@click.group("approvals", invoke_without_command=True)
@click.pass_context
def approvals(ctx: click.Context) -> int | None:
    """二人による承認: 一覧・承認・却下・取下げ。 / Approval by a second person: list, approve, refuse, withdraw."""
    return ctx.invoke(approvals_command) if ctx.invoked_subcommand is None else None


@approvals.command("list")
@click.option("--all", "everything", is_flag=True, help="決定済みも / Decided ones too.")
@JSON
@SESSION
def approvals_command(session: Session, everything: bool = False, as_json: bool = False) -> int:
    """承認待ちの一覧。 / List what waits. Ends with 3 when something does."""
    with session.installation() as opened:
        listed = list_approvals(opened.office, waiting_only=not everything)
    _show(listed, as_json=as_json)
    return FOUND if listed and not everything else DONE


@approvals.command("approve")
@click.argument("number")
@JSON
@SESSION
def approve_command(session: Session, number: str, as_json: bool) -> int:
    """承認します。依頼した人が同じ操作をもう一度行うと実行されます。 / Approve; then the act is run again and done."""
    with session.installation() as opened:
        seen = [each for each in list_approvals(opened.office) if each.number == number]
        if not seen:
            raise NotFound(Problem("KKH-A012", field="number"))
        decided = approve(opened.office, number, seen[0].digest)
    _show([decided], as_json=as_json)
    return DONE


@approvals.command("refuse")
@click.argument("number")
@click.option("--reason", required=True, metavar="TEXT", help="理由 / Why.")
@JSON
@SESSION
def refuse_command(session: Session, number: str, reason: str, as_json: bool) -> int:
    """却下します。 / Refuse."""
    with session.installation() as opened:
        decided = refuse(opened.office, number, reason)
    _show([decided], as_json=as_json)
    return DONE


@approvals.command("withdraw")
@click.argument("number")
@JSON
@SESSION
def withdraw_command(session: Session, number: str, as_json: bool) -> int:
    """自分の依頼を取り下げます。 / Withdraw one's own request."""
    with session.installation() as opened:
        decided = withdraw(opened.office, number)
    _show([decided], as_json=as_json)
    return DONE


def _show(listed: list[Approval], *, as_json: bool) -> None:
    if as_json:
        output.print_json({"approvals": listed})
        return

    def row(each: Approval) -> tuple[Any, ...]:
        return (
            each.number, each.kind.value, each.subject, each.requested_by, each.reason, each.expires_at, each.state.value,
            each.decided_by,
        )  # fmt: skip

    output.print_table(
        "承認 / approvals",
        (
            "番号",
            "種類 kind",
            "対象 subject",
            "依頼者 by",
            "理由 reason",
            "期限 until",
            "状態 state",
            "決定者 decided by",
        ),
        map(row, listed),
    )
