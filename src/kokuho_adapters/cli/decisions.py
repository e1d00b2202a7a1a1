"""``decisions``: received decisions on continuity that wait for a second person (S-34)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.output import DONE, FOUND
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_core.errors import NotApproved
from kokuho_core.ports.second_look import LookState, SecondLook
from kokuho_core.usecases.second_look import confirm_decision, list_second_looks, refuse_decision
from kokuho_core.vocabulary.codes import Decision
from kokuho_core.vocabulary.identifiers import InsurerNumber

_INSURER: Final = click.option("--insurer", metavar="CODE", help="この保険者だけ / Of one insurer.")
_NUMBERS: Final = click.argument("numbers", nargs=-1, required=True, metavar="NUMBER…")
_STATES: Final = {
    LookState.WAITING: "確認待ち waiting",
    LookState.CONFIRMED: "確認済み confirmed",
    LookState.REFUSED: "差戻し refused",
    LookState.IMPOSSIBLE: "確定不可 impossible",
}
_DECISIONS: Final = {
    Decision.CONTINUED: "継続 continued",
    Decision.NOT_CONTINUED: "非継続 not continued",
    Decision.REVOKED: "取消 revoked",
}


@click.group("decisions", invoke_without_command=True)
@_INSURER
@click.option("--all", "everything", is_flag=True, help="確認・差戻し済みも / Settled ones too.")
@JSON
@SESSION
@click.pass_context
def decisions(ctx: click.Context, session: Session, insurer: str | None, everything: bool, as_json: bool) -> int:
    """二人目の確認を待つ確定指示の一覧・確認・差戻し。 / Decisions that wait for a second look: list, confirm, refuse.

    確認待ちがあれば終了コード3になります。 / Ends with 3 while one waits.
    """
    if ctx.invoked_subcommand is not None:
        return DONE
    with session.installation() as opened:
        listed = list_second_looks(opened.office, _number(insurer), waiting_only=not everything)
    _show(listed, as_json=as_json)
    return FOUND if any(each.state is LookState.WAITING for each in listed) else DONE


@decisions.command("confirm")
@_NUMBERS
@_INSURER
@click.option("--reason", default="", metavar="TEXT", help="理由(依頼のとき必須) / Why; needed to ask.")
@JSON
@SESSION
def confirm_command(
    session: Session, numbers: tuple[str, ...], insurer: str | None, reason: str, as_json: bool
) -> int:
    """確認する。受け付けた人とは別の人が行います。 / Confirm, by another person than the one who took it in."""

    def confirm(office: Any, number: str) -> SecondLook:
        return confirm_decision(office, number, _number(insurer), reason=reason)

    return _settled(session, numbers, confirm, as_json=as_json)


@decisions.command("refuse")
@_NUMBERS
@_INSURER
@click.option("--reason", required=True, metavar="TEXT", help="理由 / Why.")
@JSON
@SESSION
def refuse_command(session: Session, numbers: tuple[str, ...], insurer: str | None, reason: str, as_json: bool) -> int:
    """差し戻す。送信元に知らせます。 / Refuse; its sender is told."""

    def refuse(office: Any, number: str) -> SecondLook:
        return refuse_decision(office, number, _number(insurer), reason=reason)

    return _settled(session, numbers, refuse, as_json=as_json)


def _number(insurer: str | None) -> InsurerNumber | None:
    return InsurerNumber(insurer) if insurer is not None else None


def _settled(
    session: Session, numbers: Iterable[str], settle: Callable[[Any, str], SecondLook], *, as_json: bool
) -> int:
    """One after the other; what waits for somebody else does not keep the others from being settled."""
    settled: list[SecondLook] = []
    waiting: list[NotApproved] = []
    with session.installation() as opened:
        for number in dict.fromkeys(numbers):
            try:
                settled.append(settle(opened.office, number))
            except NotApproved as not_yet:
                output.print_error(not_yet)
                waiting.append(not_yet)
    if settled or as_json:
        _show(settled, as_json=as_json)
    if waiting or any(each.state is LookState.IMPOSSIBLE for each in settled):
        return FOUND
    return DONE


def _show(listed: list[SecondLook], *, as_json: bool) -> None:
    if as_json:
        output.print_json({"decisions": [_data(each) for each in listed]})
        return
    output.print_table(
        "確定指示の確認 / second look",
        (
            "番号", "保険者 insurer", "候補番号 candidate", "確定区分 decision", "決定日 decided", "決定者 by", "受付 received",
            "状態 state", "理由 reason",
        ),
        map(_row, listed),
    )  # fmt: skip


def _row(each: SecondLook) -> tuple[Any, ...]:
    fact = each.decision
    return (
        each.number, fact.insurer_number, fact.candidate_number, _DECISIONS[Decision(fact.decision)], fact.decided_on,
        fact.decided_by, each.received_at, _STATES[each.state], each.code or each.reason,
    )  # fmt: skip


def _data(each: SecondLook) -> dict[str, Any]:
    fact = each.decision
    return {
        "number": each.number,
        "file": each.file,
        "line": fact.line,
        "insurer_number": fact.insurer_number,
        "candidate_number": fact.candidate_number,
        "decision": fact.decision,
        "decided_on": fact.decided_on,
        "decided_by": fact.decided_by,
        "received_at": each.received_at,
        "state": each.state.value,
        "settled_by": each.settled_by,
        "agreed_by": each.agreed_by,
        "settled_at": each.settled_at,
        "code": each.code,
    }
