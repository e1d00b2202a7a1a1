"""``card-use``, ``documents``, ``duplicates``, ``symbols``: what else is exchanged with the server (R-7, R-10, C)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.document_names import DOCUMENT_NAMES, REASON_NAMES
from kokuho_adapters.cli.output import DONE, FOUND
from kokuho_adapters.cli.parameters import REQUEST_BULK
from kokuho_adapters.cli.registration import (
    DAY,
    INSURERS,
    Channel,
    channel_options,
    chosen,
    problem_data,
    show_problems,
)
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_core.entrusted_partition.duplicate_cover import Obstacle
from kokuho_core.ports.registration import DecidedLoss
from kokuho_core.usecases.card_use import CardUseSummary, WithdrawalItem, exchange_card_use, withdrawals
from kokuho_core.usecases.documents import (
    REQUEST_KINDS,
    DocumentItem,
    decide_documents,
    request_document,
    withdraw_request,
)
from kokuho_core.usecases.duplicate_covers import CoverItem, decide_loss, decided_losses, list_covers, take_covers
from kokuho_core.usecases.institution_symbols import SymbolItem, exchange_symbols, request_symbols
from kokuho_core.usecases.institution_symbols import symbols as listed_symbols
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId

_INSURER: Final = click.option("--insurer", required=True, metavar="CODE", help="保険者番号 / Insurer.")
_REASON: Final = click.option("--reason", default="", metavar="TEXT", help="理由(依頼のとき必須) / Why; needed to ask.")
_BY: Final = click.option("--by", default="", metavar="NAME", help="申し出た窓口・担当 / Who took it down.")

# --- card-use ---

_WITHDRAWAL_RESULTS: Final = {None: "結果待ち", "1": "受理", "2": "登録なし", "9": "エラー"}


@click.command("card-use")
@INSURERS
@click.option(
    "--list", "list_only", is_flag=True, help="解除申請の一覧だけ(授受しない) / List withdrawals, no exchange."
)
@channel_options
@REQUEST_BULK
@JSON
@SESSION
def card_use(
    session: Session, /, insurers: tuple[str, ...], list_only: bool, bulk_reason: str | None, as_json: bool, **given: Any
) -> int:
    """マイナンバーカードの利用登録情報を受け取り、解除申請を送り、その結果を受け取ります。 / Exchange card registrations.

    受け取った情報は、次の deliver で市区町村に渡されます(RIYOTO、KAIJOKEKKA)。

    What came goes on to the municipality with the next deliver. Ends with 3 when something could not be applied.
    """
    channel = Channel.taken_from(given)
    with session.installation() as opened:
        done: list[CardUseSummary] = []
        if not list_only:
            with channel.opened(session, opened) as gateway:
                done = [exchange_card_use(opened.office, insurer, gateway) for insurer in chosen(opened, insurers)]
        listed = {
            insurer: withdrawals(opened.office, insurer, bulk_reason=bulk_reason)
            for insurer in chosen(opened, insurers)
        }
    if as_json:
        data = {each.insurer_number: _card_use_data(each) for each in done}
        output.print_json(
            {
                "insurers": [
                    {
                        "insurer_number": insurer,
                        **data.get(insurer, {}),
                        "withdrawals": [_withdrawal_data(e) for e in own],
                    }
                    for insurer, own in listed.items()
                ]
            }
        )
    else:
        _show_card_use(done, listed)
    return FOUND if any(each.problems for each in done) else DONE


def _card_use_data(each: CardUseSummary) -> dict[str, Any]:
    return {
        "snapshot_on": each.snapshot_on, "registrations": each.registrations, "sent": each.sent,
        "answered": each.answered, "waiting": each.waiting, "problems": [problem_data(p) for p in each.problems],
    }  # fmt: skip


def _withdrawal_data(each: WithdrawalItem) -> dict[str, Any]:
    return {**each.withdrawal._asdict(), "expected_on": each.expected_on}


def _show_card_use(done: Iterable[CardUseSummary], listed: dict[InsurerNumber, list[WithdrawalItem]]) -> None:
    summaries = list(done)
    if summaries:
        output.print_table(
            "利用登録情報の授受 / card registrations",
            ("保険者 insurer", "基準日 snapshot", "人数 persons", "解除申請 sent", "結果 answered", "結果待ち waiting"),
            (
                (each.insurer_number, each.snapshot_on, each.registrations, each.sent, each.answered, each.waiting)
                for each in summaries
            ),
        )
        problems = [(each.insurer_number, problem) for each in summaries for problem in each.problems]
        if problems:
            show_problems("確認の要るもの / to look at", problems)
    output.print_table(
        "利用登録解除申請 / withdrawals",
        ("保険者 insurer", "市町村被保険者ID", "申請日 applied", "結果 result", "解除予定日 effective"),
        (
            (
                insurer, each.withdrawal.municipal_insured_id, each.withdrawal.applied_on,
                _WITHDRAWAL_RESULTS[each.withdrawal.result], each.withdrawal.effective_on,
            )
            for insurer, own in listed.items()
            for each in own
        ),
    )  # fmt: skip


# --- documents ---


@click.command("documents")
@_INSURER
@click.option("--as-of", type=DAY, metavar="DATE", help="基準日(既定 今日) / The day, today if not given.")
@click.option(
    "--due", "due_only", is_flag=True, help="交付・回収の要るものだけ / Only what is to be issued or collected."
)
@click.option(
    "--request", type=click.Choice(REQUEST_KINDS), help="申出を記録 care=要配慮者 returned=カード返納 / Record."
)
@click.option("--end", is_flag=True, help="--request の申出を取り下げる / Withdraw such a request.")
@click.option("--person", metavar="ID", help="申出をした人の市町村被保険者ID / Who requested.")
@_BY
@REQUEST_BULK
@JSON
@SESSION
def documents(
    session: Session, /, insurer: str, as_of: Any, due_only: bool, request: str | None, end: bool, person: str | None,
    by: str, bulk_reason: str | None, as_json: bool,
) -> int:  # fmt: skip
    """資格確認書か資格情報のお知らせか、その理由・有効期限・交付の要否。 / Which document each person gets, and why."""
    day = as_of.date() if as_of is not None else None
    number = InsurerNumber(insurer)
    if (request is None) != (person is None) or (end and request is None):
        raise click.UsageError("--request と --person は一緒に指定してください。 / Give --request with --person.")
    who = MunicipalInsuredId(person) if person is not None else None
    with session.installation() as opened:
        if request is not None and who is not None:
            if end:
                withdraw_request(opened.office, number, who, request)
            else:
                request_document(opened.office, number, who, request, by, day)
        listed = decide_documents(
            opened.office, number, day, due_only=due_only, person=who, bulk_reason=bulk_reason
        )
    if as_json:
        output.print_json(listed)
    else:
        _show_documents(number, day, listed)
    return DONE


def _show_documents(insurer: str, day: date | None, listed: Iterable[DocumentItem]) -> None:
    output.print_table(
        f"交付する書類 / documents ({insurer}{f', {day}' if day is not None else ''})",
        (
            "市町村被保険者ID", "宛名番号", "書類 document", "理由 reason", "利用登録の基準日", "有効期限", "交付 issue",
            "回収 collect",
        ),
        (
            (
                each.municipal_insured_id, each.addressee_number, DOCUMENT_NAMES[each.document], REASON_NAMES[each.reason],
                each.snapshot_on, each.expires_on, "要" if each.to_issue else "済",
                " ".join(map(str, each.to_collect)) or None,
            )
            for each in listed
        ),
    )  # fmt: skip


# --- duplicates ---

_OBSTACLES: Final = {
    Obstacle.BEGAN_EARLIER: "取得より前に開始",
    Obstacle.NOT_TWICE_IN_A_ROW: "2回続けて掲載されていない",
    Obstacle.NOT_THE_SAME: "前回と別の資格",
    Obstacle.ENDED_ALREADY: "国保の資格は既に終了",
}


@click.command("duplicates")
@_INSURER
@click.option("--take", is_flag=True, help="新しい一覧を中間サーバーから受け取る / Take the newest list first.")
@click.option("--lose", metavar="ID", help="職権喪失を決定する(2人で) / Decide an ex-officio loss; takes two people.")
@_REASON
@channel_options
@REQUEST_BULK
@JSON
@SESSION
def duplicates(
    session: Session, /, insurer: str, take: bool, lose: str | None, reason: str, bulk_reason: str | None, as_json: bool,
    **given: Any,
) -> int:  # fmt: skip
    """資格が重複している人の一覧と、職権喪失の決定。 / People with another valid cover, and the ex-officio loss.

    職権喪失は3つの条件がすべて満たされる人だけで、二人目の承認が要ります。

    A loss needs all three conditions, and a second person who does the same.
    """
    channel, number = Channel.taken_from(given), InsurerNumber(insurer)
    problems: list[Any] = []
    with session.installation() as opened:
        if take:
            with channel.opened(session, opened) as gateway:
                problems = take_covers(opened.office, number, gateway).problems
        if lose is not None:
            decide_loss(opened.office, number, MunicipalInsuredId(lose), reason)
        items = list_covers(opened.office, number, bulk_reason=bulk_reason)
        decided = decided_losses(opened.office, number)
    if as_json:
        output.print_json(
            {
                "insurer_number": number, "covers": [_cover_data(each) for each in items],
                "decided": [each._asdict() for each in decided], "problems": [problem_data(each) for each in problems],
            }
        )  # fmt: skip
    else:
        _show_covers(number, items, decided)
        if problems:
            show_problems("適用できなかった行 / rows left out", ((insurer, each) for each in problems))
    return FOUND if problems else DONE


def _cover_data(each: CoverItem) -> dict[str, Any]:
    cover = each.verdict.cover
    return {
        "municipal_insured_id": each.municipal_insured_id,
        "other_insurer_number": cover.insurer_number if cover is not None else None,
        "other_acquired_on": cover.acquired_on if cover is not None else None,
        "listed_on": list(each.verdict.listed_on), "is_possible": each.verdict.is_possible,
        "obstacles": [obstacle.value for obstacle in each.verdict.obstacles], "lost_on": each.verdict.lost_on,
        "is_decided": each.decided is not None,
    }  # fmt: skip


def _show_covers(insurer: str, items: Iterable[CoverItem], decided: Iterable[DecidedLoss]) -> None:
    output.print_table(
        f"資格の重複 / duplicate covers ({insurer})",
        ("市町村被保険者ID", "他の保険者 other", "開始 since", "掲載 listed", "職権喪失", "満たさない条件", "喪失日 lost"),
        (
            (
                each.municipal_insured_id, each.verdict.cover.insurer_number if each.verdict.cover else None,
                each.verdict.cover.acquired_on if each.verdict.cover else None, len(each.verdict.listed_on),
                "決定済み" if each.decided else "可" if each.verdict.is_possible else "不可",
                "、".join(_OBSTACLES[obstacle] for obstacle in each.verdict.obstacles) or None,
                each.verdict.lost_on if each.verdict.is_possible else None,
            )
            for each in items
        ),
    )  # fmt: skip
    listed = list(decided)
    if listed:
        output.print_table(
            "職権喪失の決定 / decided losses",
            ("市町村被保険者ID", "喪失日 lost", "依頼 asked", "承認 agreed", "理由 reason", "決定日時 at"),
            ((e.municipal_insured_id, e.lost_on, e.asked_by, e.agreed_by, e.reason, e.decided_at) for e in listed),
        )


# --- symbols ---

_SYMBOL_RESULTS: Final = {None: "依頼中", "1": "取得済み", "2": "対象なし", "9": "エラー"}


@click.command("symbols")
@_INSURER
@click.option(
    "--request", "persons", multiple=True, metavar="ID", help="依頼する人(繰返し可) / Request for this person."
)
@click.option("--exchange", "exchanges", is_flag=True, help="中間サーバーと授受する / Exchange with the server.")
@channel_options
@REQUEST_BULK
@JSON
@SESSION
def symbols(
    session: Session, /, insurer: str, persons: tuple[str, ...], exchanges: bool, bulk_reason: str | None, as_json: bool,
    **given: Any,
) -> int:  # fmt: skip
    """機関別符号の取得を依頼し、状況を確かめます。 / Request institution symbols, and see how far they are."""
    channel, number = Channel.taken_from(given), InsurerNumber(insurer)
    problems: list[Any] = []
    with session.installation() as opened:
        if persons:
            request_symbols(opened.office, number, [MunicipalInsuredId(each) for each in persons])
        if exchanges:
            with channel.opened(session, opened) as gateway:
                problems = exchange_symbols(opened.office, number, gateway).problems
        listed = listed_symbols(opened.office, number, bulk_reason=bulk_reason)
    if as_json:
        output.print_json({"symbols": listed, "problems": [problem_data(each) for each in problems]})
    else:
        _show_symbols(number, listed)
        if problems:
            show_problems("適用できなかった行 / rows left out", ((insurer, each) for each in problems))
    return FOUND if problems else DONE


def _show_symbols(insurer: str, listed: Iterable[SymbolItem]) -> None:
    output.print_table(
        f"機関別符号 / institution symbols ({insurer})",
        ("市町村被保険者ID", "依頼日 requested", "状況 state", "処理日時 at"),
        ((e.municipal_insured_id, e.requested_on, _SYMBOL_RESULTS[e.result], e.processed_at) for e in listed),
    )
