"""``office``: the municipal office's own side: notices, files out, what comes back, lists, one person (Q-1, Q-6, Q-8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import click
from attrs import asdict

from kokuho_adapters.cli import output
from kokuho_adapters.cli.document_names import DOCUMENT_NAMES, REASON_NAMES
from kokuho_adapters.cli.number_lookup import look_up, look_ups
from kokuho_adapters.cli.output import DONE, FOUND
from kokuho_adapters.cli.parameters import REQUEST_BULK
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_adapters.composition import Installation
from kokuho_adapters.notice_json import ReadNotice, ReadRecord, read_notices
from kokuho_adapters.resident_register import ResidentRegisterFolder
from kokuho_core.errors import FileRefused, NotificationRefused, Problem
from kokuho_core.municipal_office.returned import Contradiction
from kokuho_core.usecases import municipal_office
from kokuho_core.usecases.municipal_desk import AppliedFile, OfficeLists, PersonView
from kokuho_core.usecases.municipal_documents import DocumentDue
from kokuho_core.vocabulary.identifiers import AddresseeNumber, InsurerNumber

_INSURER: Final = click.option(
    "--insurer", required=True, metavar="CODE", help="自庁の保険者番号 / The own insurer number."
)
_FOLDER: Final = click.Path(path_type=Path, file_okay=False)
_FILE: Final = click.Path(path_type=Path, exists=True)


@click.group("office")
def office() -> None:
    """市区町村の窓口: 届出、送付ファイル、返ってきた結果。 / The municipal office: notices, files, what comes back."""


office.add_command(look_up)
office.add_command(look_ups)


# --- notify ---


@office.command("notify")
@_INSURER
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@JSON
@SESSION
def notify(session: Session, insurer: str, files: Sequence[Path], as_json: bool) -> int:
    """届出を受理する(JSON)。 / Take notices, given as JSON.

    受理できない届出があれば終了コード3になります。他の届出は受理されます。 / Ends with 3 when one was refused.
    """
    number = InsurerNumber(insurer)
    answers: list[dict[str, Any]] = []
    with session.installation() as opened:
        for file in files:
            for place, each in enumerate(read_notices(file.read_bytes(), number, opened.office.clock.now())):
                answers.append({"file": file.name, "place": place, **_taken(opened, number, each)})
    if as_json:
        output.print_json({"notices": answers})
    else:
        output.print_table(
            "届出 / notices",
            ("ファイル", "番号 number", "種類 kind", "結果 result", "日付と規則 dates and rules"),
            ((e["file"], e["number"], e["kind"], e["result"], _reason(e)) for e in answers),
        )
    return FOUND if any(each["result"] == "refused" for each in answers) else DONE


def _taken(opened: Installation, insurer: InsurerNumber, each: Any) -> dict[str, Any]:
    number, grounds, kind = None, [], each.name if isinstance(each, ReadNotice) else each.file_id
    problems: Sequence[Problem] = ()
    try:
        if isinstance(each, ReadNotice):
            taken = municipal_office.notify(opened.office, insurer, each.notification, each.numbers)
            number, grounds = taken.number, [asdict(ground) for ground in taken.outcome.grounds]
        elif isinstance(each, ReadRecord):
            municipal_office.state(opened.office, insurer, each.file_id, each.record)
        else:
            municipal_office.withdraw(opened.office, insurer, each.file_id, each.identity)
    except NotificationRefused as refusal:
        problems = refusal.problems
    return {
        "number": number,
        "kind": kind,
        "result": "refused" if problems else "accepted",
        "grounds": grounds,
        "errors": [output.problem_data(problem) for problem in problems],
    }


def _reason(answer: dict[str, Any]) -> str:
    if answer["errors"]:
        return "、".join(f"{each['code']} {each['message']}" for each in answer["errors"])
    subjects = ((each["addressee_number"] or each["household_number"], each) for each in answer["grounds"])
    return "、".join(f"{who} {each['field']} {each['day']} [{each['rule']}]" for who, each in subjects)


# --- load ---


@office.command("load")
@_INSURER
@click.option("--sent", "is_sent", is_flag=True, help="集約は既に知っている / The aggregation knows it already.")
@click.argument("paths", nargs=-1, required=True, type=_FILE)
@JSON
@SESSION
def load(session: Session, insurer: str, is_sent: bool, paths: Sequence[Path], as_json: bool) -> int:
    """初期移行: 旧システムの SKKOJIN・SKSETAI を引き継ぐ。 / Take over the history of an older system.

    引き継げないレコードがあれば終了コード3になります。 / Ends with 3 when a record could not be taken over.
    """
    number = InsurerNumber(insurer)
    loaded = []
    with session.installation() as opened:
        register = opened.register()
        for path in _expanded(paths):
            loaded.append(municipal_office.load(opened.office, number, opened.incoming(path, register), is_sent=is_sent))
    if as_json:
        output.print_json(
            {
                "files": [
                    {"file": e.file, "records": e.records, "errors": [output.problem_data(each) for each in e.problems]}
                    for e in loaded
                ]
            }
        )
    else:
        output.print_table(
            "初期移行 / taken over",
            ("ファイル file", "件数 records", "拒否 refused"),
            ((e.file, e.records, len({each.line for each in e.problems})) for e in loaded),
        )
    return FOUND if any(each.problems for each in loaded) else DONE


# --- build ---


@office.command("build")
@_INSURER
@click.option("--out", required=True, type=_FOLDER, metavar="DIR", help="書き出すフォルダ / Where to write.")
@JSON
@SESSION
def build(session: Session, insurer: str, out: Path, as_json: bool) -> int:
    """送付待ちのファイルを作る。 / Write the files that wait to be sent."""
    number = InsurerNumber(insurer)
    out.mkdir(parents=True, exist_ok=True)
    with session.installation() as opened:
        built = municipal_office.build(opened.office, number, opened.sending(out, number), str(out.resolve()))
    if as_json:
        output.print_json({"files": [{"file": e.name, "file_id": e.file_id, "records": e.records} for e in built]})
    else:
        output.print_table(
            "送付ファイル / files", ("ファイル file", "件数 records"), ((e.name, e.records) for e in built)
        )
    return DONE


# --- apply ---


@office.command("apply")
@_INSURER
@click.option("--juki", type=_FOLDER, metavar="DIR", help="住民票への引渡しも書く / Hand dates over, too.")
@click.argument("paths", nargs=-1, required=True, type=_FILE)
@JSON
@SESSION
def apply(session: Session, insurer: str, juki: Path | None, paths: Sequence[Path], as_json: bool) -> int:
    """集約から返ったファイルを取り込む。 / Take in what the aggregation returned.

    自庁の記録は変えません。食い違い・拒否があれば終了コード3になります。

    Nothing of our own is changed; ends with 3 on contradictions and refusals.
    """
    number = InsurerNumber(insurer)
    applied: list[AppliedFile] = []
    refused: list[tuple[str, FileRefused]] = []
    handed: list[Any] | None = None
    if juki is not None:
        juki.mkdir(parents=True, exist_ok=True)
    with session.installation() as opened:
        for path in _expanded(paths):
            try:
                applied.append(municipal_office.apply(opened.office, number, opened.returned(path)))
            except FileRefused as refusal:
                refused.append((path.name, refusal))
        if juki is not None:
            handed = municipal_office.hand_over(opened.office, number, ResidentRegisterFolder(juki))
    if as_json:
        output.print_json(
            {
                "files": [_applied_data(each) for each in applied],
                "refused_files": [
                    {"file": name, "errors": [output.problem_data(each) for each in refusal.problems]}
                    for name, refusal in refused
                ],
                "handed_over": None if handed is None else len(handed),
            }
        )
    else:
        _show_applied(applied, refused, handed)
    is_clean = not refused and not any(each.contradictions or each.refused or each.problems for each in applied)
    return DONE if is_clean else FOUND


def _expanded(paths: Iterable[Path]) -> list[Path]:
    return [each for path in paths for each in (sorted(path.glob("*.csv")) if path.is_dir() else [path])]


def _applied_data(each: AppliedFile) -> dict[str, Any]:
    return {
        "file": each.file,
        "file_id": each.file_id,
        "records": each.records,
        "changes": [
            {"item": change.now.item, "line": change.now.line, "changed": _changed_fields(change)} for change in each.changes
        ],
        "contradictions": [_contradiction_data(one) for one in each.contradictions],
        "refused": [asdict(one) for one in each.refused],
        "errors": [output.problem_data(problem) for problem in each.problems],
    }


def _changed_fields(change: Any) -> dict[str, Any]:
    """What the row says now, and said before where that was something else."""
    before = asdict(change.before) if change.before is not None else {}
    now = asdict(change.now.row)
    return {key: {"before": before.get(key), "now": now[key]} for key in now if before.get(key) != now[key]}


def _contradiction_data(one: Contradiction) -> dict[str, Any]:
    return asdict(one)


def _show_applied(applied: Sequence[AppliedFile], refused: Sequence[Any], handed: Sequence[Any] | None) -> None:
    output.print_table(
        "取込み / applied",
        ("ファイル file", "件数", "変更 changed", "食い違い contradictions", "拒否 refused"),
        ((e.file, e.records, len(e.changes), len(e.contradictions), len(e.refused)) for e in applied),
    )
    for name, refusal in refused:
        output.say(f"{name}: {refusal.problems[0].code} {refusal.problems[0].message}")
    _show_contradictions([one for each in applied for one in each.contradictions])
    if handed is not None:
        output.say(f"住民票への引渡し / handed over: {len(handed)}")


def _show_contradictions(found: Sequence[Contradiction]) -> None:
    if found:
        output.print_table(
            "食い違い / contradictions",
            ("コード", "宛名番号", "適用開始", "項目", "自庁 ours", "集約 theirs"),
            ((e.code, e.addressee_number, e.application_start, e.field, e.ours, e.theirs) for e in found),
        )


# --- list ---


@office.command("list")
@_INSURER
@REQUEST_BULK
@JSON
@SESSION
def list_office(session: Session, insurer: str, bulk_reason: str | None, as_json: bool) -> int:
    """送付待ちと5日期限、返却、拒否、食い違い、確認リスト、継続候補、引継、照合、交付する書類。

    What waits, came back, was refused or contradicts, and which documents are to be issued.

    期限切れ・拒否・食い違いがあれば終了コード3になります。 / Ends with 3 when something is overdue, refused or contradicts.
    """
    with session.installation() as opened:
        seen = municipal_office.overview(opened.office, InsurerNumber(insurer), bulk_reason=bulk_reason)
    found, documents = seen.lists, seen.documents
    if as_json:
        output.print_json({**_lists_data(found), "documents": [_document_data(each) for each in documents]})
    else:
        _show_lists(found)
        _show_documents(documents)
    needs_work = found.refused or found.contradictions or any(each.is_overdue for each in found.waiting)
    return FOUND if needs_work or not all(each.is_confirmed for each in found.carry_overs) else DONE


def _lists_data(found: OfficeLists) -> dict[str, Any]:
    return {
        "waiting": [
            {**asdict(each.waiting), "due_on": each.due_on, "is_overdue": each.is_overdue} for each in found.waiting
        ],
        "refused": [{"file": name, **asdict(line)} for name, line in found.refused],
        "contradictions": [_contradiction_data(each) for each in found.contradictions],
        "awaited": [{"addressee_number": who, "application_start": day} for who, day in found.awaited],
        "findings": [asdict(each) for each in found.findings],
        "candidates": [asdict(each) for each in found.candidates],
        "carry_overs": [{**asdict(each), "is_confirmed": each.is_confirmed} for each in found.carry_overs],
        "came_back": [asdict(each) for each in found.came_back],
        "reconciled": asdict(found.reconciled),
    }


_KINDS: Final = {"P": "個人 person", "H": "世帯 household"}


def _show_lists(found: OfficeLists) -> None:
    output.print_table(
        "送付待ち / waiting to be sent",
        ("区分", "番号 number", "届出 notice", "届出日 notified", "期限 due", "超過"),
        (
            (_KINDS[e.waiting.kind], e.waiting.subject, e.waiting.notice, e.waiting.notified_on, e.due_on,
             "○" if e.is_overdue else "")
            for e in found.waiting
        ),
    )  # fmt: skip
    if found.refused:
        output.print_table(
            "拒否・保留 / refused or held",
            ("ファイル file", "行", "番号", "コード", "項目"),
            ((name, e.line, e.subject, e.error_code, e.error_field) for name, e in found.refused),
        )
    _show_contradictions(found.contradictions)
    if found.findings:
        output.print_table(
            "確認リスト / open findings",
            ("確認番号", "区分", "宛名番号", "転出元", "転入先", "開始", "終了", "日数"),
            (
                (e.finding_number, e.kind, e.addressee_number, e.from_insurer, e.to_insurer, e.period_start, e.period_end, e.days)
                for e in found.findings
            ),
        )
    if found.candidates:
        output.print_table(
            "継続候補 / candidates to decide",
            ("候補番号", "世帯番号", "転出元", "転出元世帯", "異動日", "判定参考"),
            (
                (e.candidate_number, e.household_number, e.from_insurer, e.from_household_number, e.moved_on, e.suggestion)
                for e in found.candidates
            ),
        )
    if found.carry_overs:
        output.print_table(
            "高額該当の引継 / carried months",
            ("候補番号", "世帯番号", "引継元", "通知 told", "到着 came", "確認"),
            (
                (e.candidate_number, e.household_number, e.from_insurer, e.told, e.came, "○" if e.is_confirmed else "×")
                for e in found.carry_overs
            ),
        )
    if found.awaited:
        output.print_table("結果待ち / awaited", ("宛名番号", "適用開始"), found.awaited)
    if found.came_back:
        output.print_table(
            "返却 / what came back",
            ("ファイル file", "項目 items", "最後の連番 last"),
            ((e.file_id, e.items, e.last_sequence) for e in found.came_back),
        )
    compared = found.reconciled
    output.say(
        f"照合 / reconciled: 適用期間 {compared.periods}、一致 {compared.agreeing}、食い違い {compared.contradicted}、"
        f"結果待ち {compared.awaited}、自庁にない人 {compared.strangers}"
    )


def _document_data(due: DocumentDue) -> dict[str, Any]:
    return {**asdict(due), "document": due.document.value, "reason": due.reason.value}


def _show_documents(documents: Sequence[DocumentDue]) -> None:
    if documents:
        output.print_table(
            "書類 / documents to issue and to collect",
            ("宛名番号", "書類 document", "理由 reason", "基準日 snapshot", "有効期限 until", "交付 issue", "回収 collect"),
            (
                (
                    e.addressee_number, DOCUMENT_NAMES[e.document], REASON_NAMES[e.reason], e.snapshot_on, e.expires_on,
                    "○" if e.to_issue else "", "、".join(map(str, e.to_collect)),
                )
                for e in documents
            ),
        )  # fmt: skip


# --- person ---


@office.command("person")
@_INSURER
@click.argument("addressee")
@JSON
@SESSION
def person(session: Session, insurer: str, addressee: str, as_json: bool) -> int:
    """一人の記録: 自庁の履歴と集約の日付を並べる。 / One person: our own history beside the prefecture's dates."""
    with session.installation() as opened:
        view = municipal_office.person(opened.office, InsurerNumber(insurer), AddresseeNumber(addressee))
    if as_json:
        output.print_json(_person_data(view))
    else:
        _show_person(view)
    return FOUND if view.contradictions else DONE


_SHOWN: Final = (
    "history_number", "household_number", "insured_kind", "application_start", "application_start_reason", "application_end",
    "application_end_reason", "qualification_acquired", "qualification_lost", "special_case",
)  # fmt: skip


def _person_data(view: PersonView) -> dict[str, Any]:
    return {
        "addressee_number": view.person.addressee_number,
        "rows": [
            {**{key: getattr(row.record, key) for key in _SHOWN}, "is_cancelled": row.is_cancelled, "is_waiting": row.is_waiting}
            for row in view.person.rows
        ],
        "notices": [
            {"number": each.number, "kind": each.kind, "event_on": each.event_on, "notified_on": each.notified_on}
            for each in view.notices
        ],
        "grounds": [{"field": each.field, "day": each.day, "rule": each.rule} for each in view.grounds],
        "insured_id": asdict(view.insured_id) if view.insured_id is not None else None,
        "qualifications": [asdict(each) for each in view.qualifications],
        "findings": [asdict(each) for each in view.findings],
        "contradictions": [_contradiction_data(each) for each in view.contradictions],
        "dates": asdict(view.dates) if view.dates is not None else None,
    }


def _show_person(view: PersonView) -> None:
    output.print_table(
        f"自庁の履歴 / our rows ({view.person.addressee_number})",
        ("履歴", "世帯", "適用開始", "事由", "適用終了", "事由", "取得", "喪失", "取消", "送付待ち"),
        (
            (
                row.history_number, row.record.household_number, row.record.application_start,
                row.record.application_start_reason, row.record.application_end, row.record.application_end_reason,
                row.record.qualification_acquired, row.record.qualification_lost, "○" if row.is_cancelled else "",
                "○" if row.is_waiting else "",
            )
            for row in view.person.rows
        ),
    )  # fmt: skip
    output.print_table(
        "集約の資格 / the prefecture's dates",
        ("適用開始", "資格取得", "資格喪失", "引継元", "状態"),
        (
            (e.application_start, e.qualification_acquired, e.qualification_lost, e.carried_from, e.status)
            for e in view.qualifications
        ),
    )
    output.print_table(
        "日付の根拠 / rules", ("項目", "日付", "規則"), ((e.field, e.day, e.rule) for e in view.grounds)
    )
    _show_contradictions(view.contradictions)
