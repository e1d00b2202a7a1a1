"""``status``, ``gates``, ``recall``, ``retention``: what watches over the daily work (S-24, S-28, S-29, S-33)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Final

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.answers import answer_data, show_answers
from kokuho_adapters.cli.output import DONE, FOUND
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_adapters.composition import Installation
from kokuho_adapters.disposal import KeptFiles
from kokuho_core.access import Operation
from kokuho_core.errors import Problem, SetupFault, entry
from kokuho_core.ports.gates import StoppedFile, StopState
from kokuho_core.ports.retention import Disposal, DueCounts
from kokuho_core.ports.status import OnMedium
from kokuho_core.retention.rules import RULES, RecordKind
from kokuho_core.usecases.gates import refuse_stopped, release_stopped, stopped_files
from kokuho_core.usecases.recall import recall as recall_file
from kokuho_core.usecases.recall import recalled_files
from kokuho_core.usecases.receive import release_held
from kokuho_core.usecases.retention import disposals, due_records, run_disposal
from kokuho_core.usecases.status import MunicipalityStatus, Status, provided, unknown_on_media
from kokuho_core.usecases.status import status as status_of
from kokuho_core.vocabulary.identifiers import InsurerNumber

_DAY: Final = click.DateTime(formats=["%Y-%m-%d"])
_AS_OF: Final = click.option("--as-of", type=_DAY, metavar="DATE", help="基準日(既定 今日) / The day, today if not given.")
_INSURER: Final = click.option("--insurer", metavar="CODE", help="この保険者だけ / Of one insurer.")
_REASON: Final = click.option("--reason", default="", metavar="TEXT", help="理由(依頼のとき必須) / Why; needed to ask.")
_STATES: Final = {
    StopState.STOPPED: "停止中 stopped",
    StopState.RELEASED: "解除 released",
    StopState.REFUSED: "差戻し refused",
}
_KINDS: Final = {
    RecordKind.PERSON: "被保険者 persons",
    RecordKind.LEDGER: "受渡簿 receipts",
    RecordKind.PROVIDED: "提供記録 deliveries",
    RecordKind.MEDIA: "媒体 media",
    RecordKind.HELD_CONTENT: "保留の内容 held content",
    RecordKind.TEMPORARY: "一時ファイル unfinished files",
    RecordKind.QUARANTINE: "隔離 quarantine",
}
_STATUS_COLUMNS: Final = (
    "保険者 insurer", "名称", "最後の受信 last", "未着 overdue", "保留", "停止", "拒否", "判定待ち", "配信待ち", "最後の配信",
)  # fmt: skip


def _day(given: Any) -> date | None:
    return given.date() if given is not None else None


# --- status ---


@click.command("status")
@_AS_OF
@_INSURER
@click.option("--deliveries", is_flag=True, help="提供記録(何をいつ誰に配信したか) / What was delivered to whom, and when.")
@JSON
@SESSION
def status(session: Session, as_of: Any, insurer: str | None, deliveries: bool, as_json: bool) -> int:
    """受信の状況: 最後に届いた日、未着、保留・停止、配信待ち。 / What came from whom, what is overdue, what waits.

    未着の市区町村があれば終了コード3になります。 / Ends with 3 when a municipality is overdue.
    """
    number = InsurerNumber(insurer) if insurer is not None else None
    with session.installation() as opened:
        if deliveries:
            return _show_provided(opened, number, _day(as_of), as_json=as_json)
        found = status_of(opened.office, _day(as_of), number)
    listed = found.municipalities
    if as_json:
        output.print_json({"as_of": found.as_of, "municipalities": [_status_data(each) for each in listed]})
    else:
        _show_status(found, listed)
    return FOUND if any(each.overdue for each in listed) else DONE


def _status_data(each: MunicipalityStatus) -> dict[str, Any]:
    return {
        "insurer_number": each.insurer_number, "name": each.name, "overdue": list(each.overdue),
        "feeds": each.feeds, "waiting_files": each.waiting_files, "stopped_files": each.stopped_files,
        "rejected_files": each.rejected_files, "pending_persons": each.pending_persons, "untold_rows": each.untold_rows,
        "delivered_at": each.delivered_at,
    }  # fmt: skip


def _show_status(found: Status, listed: Iterable[MunicipalityStatus]) -> None:
    output.print_table(
        f"受信の状況 / status ({found.as_of})",
        _STATUS_COLUMNS,
        (
            (
                each.insurer_number, each.name, _last(each), " ".join(each.overdue), each.waiting_files,
                each.stopped_files, each.rejected_files, each.pending_persons, each.untold_rows, each.delivered_at,
            )
            for each in listed
        ),
    )  # fmt: skip
    if any(each.overdue for each in listed):
        output.say("未着の市区町村があります。端末と回線を確かめてください。 / Overdue: look after their terminals.")


def _last(each: MunicipalityStatus) -> str:
    return "\n".join(f"{feed.file_id} {feed.received_at:%Y-%m-%d}" for feed in each.feeds if feed.received_at is not None)


def _show_provided(opened: Installation, insurer: InsurerNumber | None, until: date | None, *, as_json: bool) -> int:
    listed = provided(opened.office, insurer, None, until)
    unknown = unknown_on_media(opened.office, insurer)
    if as_json:
        output.print_json({"deliveries": listed, "unknown_on_media": unknown})
        return FOUND if unknown else DONE
    output.print_table(
        "提供記録 / deliveries",
        ("保険者 insurer", "ファイル file", "件数 records", "日時 at", "公開", "担当 by", "目的 purpose", "媒体 medium"),
        (
            (
                e.insurer_number, e.name, e.records, e.created_at, "○" if e.is_published else "", e.provided_by,
                e.purpose or None, "\n".join(_medium(each) for each in e.media) or None,
            )
            for e in listed
        ),
    )  # fmt: skip
    if unknown:
        output.print_table(
            "提供記録にない媒体のファイル / handed over, but never delivered to them",
            ("送付番号 number", "保険者 insurer", "ファイル file"),
            ((each.number, each.insurer_number, each.file) for each in unknown),
        )
    return FOUND if unknown else DONE


_OUTCOMES: Final = {None: "未返却 out", "returned": "返却 returned", "destroyed": "廃棄 destroyed"}


def _medium(each: OnMedium) -> str:
    return f"{each.medium} {each.handed_by} {_OUTCOMES[each.outcome]}"


# --- gates ---


@click.group("gates", invoke_without_command=True)
@_INSURER
@click.option("--all", "everything", is_flag=True, help="解除・差戻し済みも / Settled ones too.")
@JSON
@SESSION
@click.pass_context
def gates(context: click.Context, session: Session, insurer: str | None, everything: bool, as_json: bool) -> int:
    """安全弁で停止したファイルの一覧・解除・差戻し。 / Files stopped by a gate: list, release, refuse.

    停止中のファイルがあれば終了コード3になります。 / Ends with 3 while a file is stopped.
    """
    if context.invoked_subcommand is not None:
        return DONE
    with session.installation() as opened:
        number = InsurerNumber(insurer) if insurer is not None else None
        listed = stopped_files(opened.office, number, stopped_only=not everything)
    if as_json:
        output.print_json([_stopped_data(each) for each in listed])
    else:
        _show_stopped(listed)
    return FOUND if any(each.state is StopState.STOPPED for each in listed) else DONE


def _stopped_data(each: StoppedFile) -> dict[str, Any]:
    measured = [
        {
            "code": stop.code, "field": stop.measure.field, "affected": stop.measure.affected,
            "standing": stop.measure.standing, "percent": stop.threshold.percent, "at_least": stop.threshold.at_least,
        }
        for stop in each.stops
    ]  # fmt: skip
    return {
        "file_no": each.file_no, "file": each.name, "insurer_number": each.insurer_number, "state": each.state.value,
        "stopped_at": each.stopped_at, "measured": measured, "settled_by": each.settled_by, "agreed_by": each.agreed_by,
        "reason": each.reason, "settled_at": each.settled_at,
    }  # fmt: skip


def _show_stopped(listed: list[StoppedFile]) -> None:
    if not listed:
        output.say("停止中のファイルはありません。 / No file is stopped.")
        return
    output.print_table(
        "安全弁 / gates",
        ("番号 no", "ファイル file", "状態 state", "理由 why", "項目 field", "件数 affected", "対象 standing"),
        (
            (
                each.file_no, each.name, _STATES[each.state], f"{stop.code} {entry(stop.code).message_ja}",
                stop.measure.field, stop.measure.affected, stop.measure.standing,
            )
            for each in listed
            for stop in each.stops
        ),
    )  # fmt: skip


@gates.command("release")
@click.argument("file_no", type=int, metavar="NO")
@_REASON
@JSON
@SESSION
def release(session: Session, file_no: int, reason: str, as_json: bool) -> int:
    """停止を解除して適用します(2人で)。 / Release a stopped file and apply it; takes two people."""
    with session.installation() as opened:
        release_stopped(opened.office, file_no, reason)
        answers = list(release_held(opened.office))
    if as_json:
        output.print_json({"files": [answer_data(answer) for answer in answers]})
    else:
        show_answers(answers)
    return DONE


@gates.command("refuse")
@click.argument("file_no", type=int, metavar="NO")
@click.option("--reason", required=True, metavar="TEXT", help="理由(記録に残る) / Why; it is recorded.")
@JSON
@SESSION
def refuse(session: Session, file_no: int, reason: str, as_json: bool) -> int:
    """停止したファイルを差し戻します。連番は空き、送信元に知らせます。 / Refuse a stopped file; its sender is told."""
    with session.installation() as opened:
        refused = refuse_stopped(opened.office, file_no, reason)
    if as_json:
        output.print_json(_stopped_data(refused))
    else:
        output.say(f"差し戻しました / refused: {refused.name}")
        output.say("送信元には次の配信のSHOKEKKAで知らせます。 / Its sender is told with the next delivery.")
    return DONE


# --- recall ---


@click.command("recall")
@click.argument("file", required=False, metavar="[FILE]")
@_REASON
@JSON
@SESSION
def recall(session: Session, file: str | None, reason: str, as_json: bool) -> int:
    """受け付けたファイルを取り消します(2人で)。FILEなしは取消しの一覧。 / Recall an applied file; takes two people.

    FILE はファイル名または受渡簿の番号です。取消しは訂正として扱い、それまでに分かっていたことは残ります。

    FILE is its name or number. Without FILE, lists what was recalled.
    """
    with session.installation() as opened:
        if file is None:
            return _show_recalled(opened, as_json=as_json)
        done = recall_file(opened.office, file, reason)
    if as_json:
        output.print_json(done)
    else:
        output.say(f"取り消しました / recalled: {done.name} ({done.records} 件 records)")
        output.say("次に kokuho resolve と kokuho deliver を実行してください。 / Run kokuho resolve and deliver next.")
    return DONE


def _show_recalled(opened: Installation, *, as_json: bool) -> int:
    listed = recalled_files(opened.office)
    if as_json:
        output.print_json(listed)
        return DONE
    output.print_table(
        "取り消したファイル / recalled",
        ("番号 no", "ファイル file", "日時 at", "依頼 asked", "承認 agreed", "理由 why", "件数 records"),
        ((e.file_no, e.name, e.recalled_at, e.asked_by, e.agreed_by, e.reason, e.records) for e in listed),
    )
    return DONE


# --- retention ---


@click.group("retention")
def retention() -> None:
    """保存期間の満了と廃棄。 / What is due for disposal, and its disposal."""


_FOLDERS: Final = click.option(
    "--folder", "folders", multiple=True, type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="一時ファイルと隔離も探すフォルダ(繰返し可) / Look here for unfinished and quarantined files too.",
)  # fmt: skip


def _kept_files(session: Session, opened: Installation, given: Iterable[Path]) -> KeptFiles:
    """In the folders given and configured, and in those that were delivered into."""
    with opened.database.begin(read_only=True) as work:
        delivered = [Path(folder) for folder in work.retention.folders()]
    return KeptFiles((*session.configuration.retention_folders, *delivered, *given))


@retention.command("due")
@_AS_OF
@_FOLDERS
@JSON
@SESSION
def due(session: Session, as_of: Any, folders: tuple[Path, ...], as_json: bool) -> int:
    """満了した記録の件数(氏名などは出しません)。あれば終了コード3。 / How many records are due; ends with 3 if any."""
    with session.installation() as opened:
        counts = due_records(opened.office, _day(as_of), _kept_files(session, opened, folders))
    if as_json:
        output.print_json(_counts_data(counts))
    else:
        _show_counts("廃棄の対象 / due", counts)
    return FOUND if counts else DONE


@retention.command("run")
@_AS_OF
@_REASON
@click.option("--destroy-old-keys", is_flag=True, help="古いバックアップの個人番号を読めなくする / Shred backups.")
@_FOLDERS
@JSON
@SESSION
def run(
    session: Session, as_of: Any, reason: str, destroy_old_keys: bool, folders: tuple[Path, ...], as_json: bool
) -> int:
    """満了した記録を廃棄します(2人で)。途中で止まれば続きから行います。 / Destroy what is due; takes two people.

    --destroy-old-keys は、該当する保険者のデータ鍵を入れ替えて古い鍵を破棄します。その前に新しいバックアップを取れるよう、
    別に行うこともできます(kokuho rotate-keys、destroy-key)。
    """
    from kokuho_adapters.database.scrubbing import scrub
    from kokuho_adapters.disposal import shred_backups

    with session.installation() as opened:
        done = run_disposal(opened.office, _day(as_of), reason, _kept_files(session, opened, folders))
        keys: list[str] = []
        if destroy_old_keys:
            insurers = [insurer for kind, insurer in done.counts if kind is RecordKind.PERSON and insurer is not None]
            with opened.admitted_custody(Operation.RUN_RETENTION, f"disposal {done.number}") as custody:
                keys = shred_backups(custody, insurers, done.agreed_by, done.reason)
                with opened.office.database.begin() as work:
                    work.retention.add_destroyed_keys(done.number, keys)
                    work.commit()
        with opened.acts().admitted(Operation.SCRUB_TRACES, f"disposal {done.number}") as act:
            is_scrubbed = scrub(opened.database.engine)
            if is_scrubbed:
                act.done(f"disposal {done.number}")
    if as_json:
        told = {"destroyed_keys": keys, "scrubbed": is_scrubbed}
        output.print_json({**_disposal_data(done), **told})
        return DONE
    _show_counts(f"廃棄しました / destroyed (no {done.number})", done.counts)
    output.say(f"破棄した鍵 / keys destroyed: {' '.join(keys) or '-'}")
    if not is_scrubbed:
        output.say("残りは表の持ち主が行います / what is left is for the owner of the tables: kokuho retention scrub")
    return DONE


@retention.command("scrub")
@JSON
@SESSION
def scrub_traces(session: Session, as_json: bool) -> int:
    """廃棄した内容をデータベースのファイルから消します。 / Write the database anew, without what was deleted.

    PostgreSQLでは表の持ち主の接続先で行います。もう一つ分の空きが要り、その間は他の処理ができません。監査記録に残します。
    """
    from kokuho_adapters.database.scrubbing import scrub

    with session.installation(as_owner=True) as opened, opened.acts().admitted(Operation.SCRUB_TRACES) as act:
        if not scrub(opened.database.engine):
            raise SetupFault(Problem("KKH-B002", field="database"))
        act.done("database")
    if as_json:
        output.print_json({"scrubbed": True})
    else:
        output.say("データベースを書き直しました / written anew")
    return DONE


@retention.command("disposals")
@JSON
@SESSION
def disposed(session: Session, as_json: bool) -> int:
    """廃棄記録の一覧。 / The records of disposals."""
    with session.installation() as opened:
        listed = disposals(opened.office)
    if as_json:
        output.print_json([_disposal_data(each) for each in listed])
        return DONE
    output.print_table(
        "廃棄記録 / disposals",
        ("番号 no", "基準日 as of", "依頼 asked", "承認 agreed", "理由 why", "完了 completed", "件数 records", "鍵 keys"),
        (
            (
                e.number, e.as_of, e.asked_by, e.agreed_by, e.reason, e.completed_at, sum(e.counts.values()),
                " ".join(e.destroyed_keys),
            )
            for e in listed
        ),
    )  # fmt: skip
    return DONE


def _counts_data(counts: DueCounts) -> list[dict[str, Any]]:
    return [
        {"kind": kind.value, "insurer_number": insurer, "count": count}
        for (kind, insurer), count in sorted(counts.items(), key=lambda each: (each[0][0].value, each[0][1] or ""))
    ]


def _disposal_data(each: Disposal) -> dict[str, Any]:
    return {
        "number": each.number, "as_of": each.as_of, "asked_by": each.asked_by, "agreed_by": each.agreed_by,
        "reason": each.reason, "started_at": each.started_at, "completed_at": each.completed_at,
        "counts": _counts_data(each.counts), "destroyed_keys": list(each.destroyed_keys),
    }  # fmt: skip


def _show_counts(title: str, counts: DueCounts) -> None:
    output.print_table(
        title,
        ("種類 kind", "保険者 insurer", "件数 count", "起算 since"),
        (
            (_KINDS[kind], insurer, count, RULES[kind].since)
            for (kind, insurer), count in sorted(counts.items(), key=lambda each: (each[0][0].value, each[0][1] or ""))
        ),
    )
