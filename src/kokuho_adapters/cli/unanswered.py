"""``unanswered``: what was sent to the intermediate server and has no answer, and sending it once more (R-3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.output import DONE, FOUND
from kokuho_adapters.cli.registration import INSURERS, Channel, channel_options, chosen
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_core.entrusted_partition.exchanged import Exchange
from kokuho_core.usecases.unanswered import UnansweredBatch, send_unanswered, unanswered_batches

_EXCHANGES: Final = {
    Exchange.REGISTRATION: "加入者情報登録",
    Exchange.CARD_WITHDRAWAL: "利用登録解除申請",
    Exchange.INSTITUTION_SYMBOL: "機関別符号取得依頼",
}


@click.command("unanswered")
@INSURERS
@click.option(
    "--hours", type=click.FloatRange(min=0), metavar="N", help="回答を待つ時間(既定は設定、なければ24) / How long to wait."
)
@click.option("--resend", is_flag=True, help="その時間を過ぎたものを、同じ内容でもう一度送る / Send those overdue again.")
@channel_options
@JSON
@SESSION
def unanswered(
    session: Session, /, insurers: tuple[str, ...], hours: float | None, resend: bool, as_json: bool, **given: Any
) -> int:
    """中間サーバーから結果が揃っていない送信を表示し、失われたものを送り直します。 / What has no answer yet.

    相手に届いていたものを送り直しても、二重に登録されることはありません。

    Sent again as it was, it takes effect once. Ends with 3 when something waits for longer than it should.
    """
    channel = Channel.taken_from(given)
    within = timedelta(hours=hours) if hours is not None else session.configuration.registration.answered_within
    sent = 0
    with session.installation() as opened:
        wanted = chosen(opened, insurers)
        if resend:
            with channel.opened(session, opened) as gateway:
                sent = sum(len(send_unanswered(opened.office, each, gateway, within)) for each in wanted)
        listed = [item for each in wanted for item in unanswered_batches(opened.office, each, within)]
    if as_json:
        output.print_json({"sent_again": sent, "batches": [_data(each) for each in listed]})
    else:
        if resend:
            output.say(f"送り直し / sent again: {sent}")
        _show(listed)
    return FOUND if any(each.is_overdue for each in listed) else DONE


def _data(each: UnansweredBatch) -> dict[str, Any]:
    batch = each.batch
    return {
        "insurer_number": batch.insurer_number, "exchange": batch.exchange.value, "number": batch.number,
        "lines": batch.lines, "channel": batch.channel, "reception": batch.reception, "waits_since": each.waits_since,
        "is_overdue": each.is_overdue,
    }  # fmt: skip


def _show(listed: list[UnansweredBatch]) -> None:
    output.print_table(
        "結果の揃っていない送信 / not answered",
        ("保険者 insurer", "種類 exchange", "番号 number", "件数 lines", "送信 sent", "超過", "受付番号 reception"),
        (
            (
                each.batch.insurer_number, _EXCHANGES[each.batch.exchange], each.batch.number, each.batch.lines,
                each.waits_since, "超過" if each.is_overdue else "", each.batch.reception,
            )
            for each in listed
        ),
    )  # fmt: skip
