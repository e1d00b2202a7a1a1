"""``audit``, ``verify-audit``: who did what, and whether that record is whole (S-4, S-5, S-32)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import click
from attrs import asdict

from kokuho_adapters.cli import output
from kokuho_adapters.cli.output import DONE, FOUND
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_adapters.composition import terminal_log
from kokuho_core.access import Operation
from kokuho_core.errors import entry
from kokuho_core.ports.audit import AuditResult, ChainedEntry
from kokuho_core.usecases.audit import AuditFilter, list_audit

_RESULTS = {
    AuditResult.ADMITTED: "許可 admitted",
    AuditResult.DENIED: "拒否 denied",
    AuditResult.DONE: "完了 done",
    AuditResult.FAILED: "失敗 failed",
}
_DAY = click.DateTime(["%Y-%m-%d"])
_TERMINAL = click.option(
    "--terminal", "of_terminal", is_flag=True, help="データベースのない端末の記録 / The log of a terminal without a database."
)


@click.command("audit")
@click.option("--since", type=_DAY, metavar="DATE", help="この日から / From this day on.")
@click.option("--until", type=_DAY, metavar="DATE", help="この日まで / Until this day, included.")
@click.option("--by", "who", metavar="OPERATOR", help="この利用者 / This operator.")
@click.option("--operation", type=click.Choice([each.value for each in Operation]), help="この操作 / This operation.")
@click.option("--off-hours", is_flag=True, help="休業日・業務時間外だけ / Only outside of business hours.")
@_TERMINAL
@JSON
@SESSION
def audit(
    session: Session,
    since: datetime | None,
    until: datetime | None,
    who: str | None,
    operation: str | None,
    off_hours: bool,
    of_terminal: bool,
    as_json: bool,
) -> int:
    """監査記録: だれが、いつ、何を、だれについて、なぜ行い、どうなったか。 / Who did what, when, about whom and why.

    業務時間は、設定 business_hours がなければ、開庁日の8:30〜17:15です。土日・祝日・年末年始は休業日です。

    Business hours are 8:30 to 17:15, unless set otherwise, on days that are no Saturday, Sunday, national holiday or turn of the
    year.
    """
    wanted = AuditFilter(
        since,
        until + timedelta(days=1) if until is not None else None,
        who,
        Operation(operation) if operation is not None else None,
        session.configuration.settings.business_hours if off_hours else None,
    )
    if of_terminal:
        listed = terminal_log(session.configuration, session.context).entries(wanted)
    else:
        with session.installation() as opened:
            listed = list_audit(opened.office, wanted)
    if as_json:
        output.print_json({"entries": [_data(each) for each in listed]})
        return DONE
    output.print_table(
        "監査記録 / audit log",
        ("番号", "日時", "利用者", "端末", "操作", "対象", "保険者", "目的", "結果", "コード"),
        (
            (
                each.sequence, each.entry.at, each.entry.operator, each.entry.terminal, each.entry.operation.value,
                each.entry.subject, each.entry.insurer, each.entry.purpose, _RESULTS[each.entry.result], each.entry.code,
            )
            for each in listed
        ),
    )  # fmt: skip
    return DONE


def _data(chained: ChainedEntry) -> dict[str, Any]:
    return {"sequence": chained.sequence, **asdict(chained.entry, recurse=False), "mac": chained.mac.hex()}


@click.command("verify-audit")
@_TERMINAL
@JSON
@SESSION
def verify_audit(session: Session, of_terminal: bool, as_json: bool) -> int:
    """監査記録の改ざん・欠落を検証します。 / Verify that no entry was changed, removed, added or moved.

    誤りがあれば、最初の誤りの番号を示し、終了コード3になります。

    Names the first entry that does not hold, and ends with 3.
    """
    if of_terminal:
        found = terminal_log(session.configuration, session.context).verify()
    else:
        with session.installation() as opened:
            found = opened.verify_audit()
    if as_json:
        output.print_json(found)
    elif found.holds:
        output.say(f"監査記録は完全です / the audit log holds: {found.entries}")
    else:
        fault = found.fault.value if found.fault is not None else ""
        wrong = entry("KKH-A017")
        output.say(f"{wrong.code} {wrong.message_ja} / {wrong.message_en} ({fault})")
        output.say(
            f"最初の誤りの番号 / first bad entry: {found.first_bad or '-'} (正しい件数 / good before it: {found.entries})"
        )
    return DONE if found.holds else FOUND
