"""業務結果の表示: the answers of the use cases as JSON data and as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kokuho_adapters.cli.output import cell, console, print_table, problem_data, say
from kokuho_adapters.files import LayoutBook
from kokuho_core.errors import Problem
from kokuho_core.qualification.findings import FindingKind
from kokuho_core.reception.ledger import FileResult
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.insurers import InsurerRegister

if TYPE_CHECKING:  # the answers of commands of which one is called
    from kokuho_core.returning.rows import KeikohoRow
    from kokuho_core.usecases.deliver import DeliveredFile
    from kokuho_core.usecases.listings import ListedFinding
    from kokuho_core.usecases.receive import FileAnswer
    from kokuho_core.usecases.resolve import ResolveSummary

_SHOWN_PROBLEMS: Final = 20
RESULTS: Final = {
    FileResult.APPLIED: "適用 applied",
    FileResult.DUPLICATE: "受付済 duplicate",
    FileResult.HELD: "保留 held",
    FileResult.REJECTED: "拒否 rejected",
}
_CHECKED: Final = "合格 / would be accepted"
_CHECKED_IN_PART: Final = "誤りあり / with wrong records"
_CHECKED_AND_REFUSED: Final = "不合格 / would be refused"
KINDS: Final = {
    FindingKind.OVERLAP: "重複 overlap",
    FindingKind.GAP: "空白 gap",
    FindingKind.IDENTITY: "本人確認不一致 identity",
    FindingKind.ONE_SIDED: "片側のみ one-sided",
    FindingKind.UNMATCHED: "相手なし unmatched",
}


def answer_data(answer: FileAnswer) -> dict[str, Any]:
    """受付結果 of one file as JSON data."""
    return {
        "file": answer.file,
        "file_id": answer.file_id,
        "insurer_number": answer.insurer_number,
        "result": answer.result.value,
        "accepted": answer.counts.accepted,
        "rejected": answer.counts.rejected,
        "held": answer.counts.held,
        "errors": [problem_data(problem) for problem in answer.errors],
        "warnings": [problem_data(problem) for problem in answer.warnings],
    }


def is_clean(answer: FileAnswer) -> bool:
    """Whether nothing of the file was rejected or held."""
    if answer.result in (FileResult.REJECTED, FileResult.HELD):
        return False
    return not (answer.counts.rejected or answer.counts.held or answer.errors)


def _checked(answer: FileAnswer) -> str:
    """What would become of a file that was only checked."""
    if answer.result is not FileResult.APPLIED:
        return _CHECKED_AND_REFUSED
    return _CHECKED if is_clean(answer) else _CHECKED_IN_PART


def show_answers(answers: Sequence[FileAnswer], *, checked: bool = False) -> None:
    """受付結果, or with ``checked`` the result of a dry run, as tables: one line per file, then what is wrong."""
    print_table(
        "検査結果 / checked" if checked else "受付結果 / received",
        ("ファイル file", "結果 result", "受入 accepted", "拒否 rejected", "保留 held", "警告 warnings"),
        (
            (
                answer.file,
                _checked(answer) if checked else RESULTS[answer.result],
                answer.counts.accepted,
                answer.counts.rejected,
                answer.counts.held,
                len(answer.warnings),
            )
            for answer in answers
        ),
    )
    for answer in answers:
        _show_problems(answer.file, answer.errors + answer.warnings)


def _show_problems(file: str, problems: Sequence[Problem]) -> None:
    if not problems:
        return
    print_table(
        file,
        ("行 line", "項目 field", "コード code", "内容 message"),
        (
            (each.line, _field_name(file, each.field), each.code, each.message)
            for each in problems[:_SHOWN_PROBLEMS]
        ),
    )
    for entry in {each.code: each.entry for each in problems}.values():
        say(f"対処 {entry.code}: {entry.remedy_ja} / {entry.remedy_en}")
    if len(problems) > _SHOWN_PROBLEMS:
        say(f"… 他 {len(problems) - _SHOWN_PROBLEMS} 件(--json で全件) / more; --json lists all")


def _field_name(file: str, key: str) -> str | None:
    """項目 as the layout tables name it: number, Japanese name and key."""
    layout = LayoutBook.shipped().newest(file.partition("_")[0])
    field = next((each for each in layout.fields if each.key == key), None) if layout is not None else None
    return f"{field.no} {field.name} {key}" if field is not None else key or None


def summary_data(summary: ResolveSummary) -> dict[str, Any]:
    """判定の件数 as JSON data (X-24)."""
    return {
        "as_of": summary.as_of,
        "persons": summary.persons,
        "findings_opened": summary.findings_opened,
        "findings_solved": summary.findings_solved,
        "candidates_opened": summary.candidates_opened,
        "candidates_withdrawn": summary.candidates_withdrawn,
    }


def show_resolved(summary: ResolveSummary) -> None:
    """判定の件数 as a table."""
    print_table(
        f"判定 / resolved, 業務日付 {summary.as_of.isoformat()}",
        (
            "対象者 persons",
            "確認事項 新規 opened",
            "解消 solved",
            "未解消 open",
            "候補 新規 opened",
            "取下げ withdrawn",
        ),
        [
            (
                summary.persons,
                summary.findings_opened,
                summary.findings_solved,
                summary.findings_open,
                summary.candidates_opened,
                summary.candidates_withdrawn,
            )
        ],
    )


def insurer_name(number: str | None, register: InsurerRegister) -> str | None:
    """``130013 みどり市``."""
    insurer = register.get(number) if number is not None else None
    return f"{number} {insurer.name}" if insurer is not None else number


def show_findings(findings: Iterable[ListedFinding], register: InsurerRegister) -> None:
    """確認事項 as a table."""
    print_table(
        "確認事項 / findings",
        (
            "番号",
            "区分 kind",
            "都道府県被保険者ID",
            "転出元 from",
            "転入先 to",
            "開始 start",
            "終了 end",
            "日数",
            "状態",
        ),
        (
            (
                each.finding_number,
                KINDS[each.kind],
                each.prefectural_insured_id,
                insurer_name(each.from_insurer, register),
                insurer_name(each.to_insurer, register),
                each.period_start,
                each.period_end,
                each.days,
                "未解消 open" if each.status == "open" else "解消 solved",
            )
            for each in findings
        ),
    )


def show_candidates(candidates: Iterable[KeikohoRow], register: InsurerRegister, book: LayoutBook) -> None:
    """継続候補世帯 as a table; the texts of codes come from the layout."""
    texts = code_texts(book, "KEIKOHO")
    print_table(
        "継続候補世帯 / candidates",
        (
            "候補番号",
            "転出元 from",
            "世帯",
            "転入先 to",
            "世帯",
            "異動日",
            "人数",
            "直近12月",
            "状態",
            "判定参考",
            "理由",
        ),
        (
            (
                each.candidate_number,
                insurer_name(each.from_insurer, register),
                each.from_household_number,
                insurer_name(each.insurer_number, register),
                each.household_number,
                each.moved_on,
                each.moved_members,
                f"{each.occurrence_count}回",
                texts.get(("status", each.status), each.status),
                texts.get(("suggestion", each.suggestion), each.suggestion),
                texts.get(("suggestion_reason", each.suggestion_reason), each.suggestion_reason),
            )
            for each in candidates
        ),
    )


def code_texts(book: LayoutBook, file_id: str) -> dict[tuple[str, str], str]:
    """The text of each code of a layout, by key and code."""
    layout = book.newest(file_id)
    if layout is None:
        return {}
    return {(item.key, code): text for item in layout.fields for code, text in (item.codes or {}).items()}


def show_delivered(
    files: Mapping[InsurerNumber, Sequence[DeliveredFile]], register: InsurerRegister, book: LayoutBook, folder: Path
) -> None:
    """配信したファイル as a table."""
    names = {layout.id: layout.name for layout in book}
    print_table(
        f"配信 / delivered → {folder}",
        ("宛先 to", "ファイル file", "内容", "件数 records"),
        (
            (insurer_name(insurer, register), each.file, names.get(each.file_id), each.records)
            for insurer, listed in files.items()
            for each in listed
        ),
        empty="配信するものはありません / nothing is due",
    )


def show_received_in_short(answers: Sequence[FileAnswer], register: InsurerRegister) -> None:
    """受付結果 with one line per municipality, then what is wrong."""
    senders = sorted({answer.insurer_number for answer in answers})
    own = {sender: [answer for answer in answers if answer.insurer_number == sender] for sender in senders}
    print_table(
        "受付結果 / received",
        ("送信元 sender", "ファイル files", "受入 accepted", "拒否 rejected", "保留 held", "内訳"),
        (
            (
                insurer_name(sender, register),
                len(listed),
                sum(answer.counts.accepted for answer in listed),
                sum(answer.counts.rejected for answer in listed),
                sum(answer.counts.held for answer in listed),
                ", ".join(_in_short(answer) for answer in listed),
            )
            for sender, listed in own.items()
        ),
    )
    for answer in answers:
        _show_problems(answer.file, answer.errors + answer.warnings)


def _in_short(answer: FileAnswer) -> str:
    result = "" if answer.result is FileResult.APPLIED else f" ({RESULTS[answer.result]})"
    return f"{answer.file_id}{result}"


def show_delivered_in_short(
    files: Mapping[InsurerNumber, Sequence[DeliveredFile]], register: InsurerRegister, folder: Path
) -> None:
    """配信したファイル with one line per municipality."""
    print_table(
        f"配信 / delivered → {folder}",
        ("宛先 to", "ファイル files", "内訳(件数 records)"),
        (
            (
                insurer_name(insurer, register),
                len(listed),
                ", ".join(f"{each.file_id} {each.records}" for each in listed),
            )
            for insurer, listed in files.items()
            if listed
        ),
        empty="配信するものはありません / nothing is due",
    )


def heading(text: str) -> None:
    """A headline between steps."""
    say("")
    console().print(cell(f"━━ {text}"), style="bold", soft_wrap=True)
