"""``register``, ``register-results``, ``due``, ``reconcile``: registration with the intermediate server (R-1 … R-8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from attrs import frozen

from kokuho_adapters.cli import output
from kokuho_adapters.cli.output import DONE, FOUND
from kokuho_adapters.cli.parameters import REQUEST_BULK
from kokuho_adapters.cli.secrets_given import passphrase_of
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_adapters.composition import Installation, registry_folder
from kokuho_core.eligibility_history.reconciliation import Cause, Difference, DifferenceKind
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.usecases.due_registrations import DueItem, due_registrations
from kokuho_core.usecases.reconcile import Reconciliation
from kokuho_core.usecases.reconcile import reconcile as reconciled
from kokuho_core.usecases.register import Registered
from kokuho_core.usecases.register import register as registered
from kokuho_core.usecases.registration_results import ResultProblem, ResultSummary, take_results
from kokuho_core.vocabulary.identifiers import InsurerNumber

if TYPE_CHECKING:
    from kokuho_core.ports.registry import RegistryGateway

Command = TypeVar("Command", bound=Callable[..., Any])

EVERYBODY: Final = "all"
DAY: Final = click.DateTime(formats=["%Y-%m-%d"])
INSURERS: Final = click.option(
    "--insurer", "insurers", required=True, multiple=True, metavar="CODE",
    help="保険者番号(繰返し可)、all は県内すべて / Insurer, may be repeated; all: every one.",
)  # fmt: skip
_FILE: Final = click.Path(path_type=Path, dir_okay=False)
_FOLDER: Final = click.Path(path_type=Path, file_okay=False)
_NO_WAY: Final = "registration: --out --in / --server"

_CHANNEL_OPTIONS: Final = (
    click.option(
        "--out", type=_FOLDER, metavar="DIR", help="中間サーバーへのフォルダ(ファイル連携) / Folder to the server."
    ),
    click.option(
        "--in", "inbox", type=_FOLDER, metavar="DIR", help="中間サーバーからのフォルダ / Folder from the server."
    ),
    click.option("--server", metavar="URL", help="接続先 https://HOST(サーバー間連携) / Server to server."),
    click.option("--certificate", type=_FILE, metavar="FILE", help="当方の証明書 / Our certificate."),
    click.option("--key", type=_FILE, metavar="FILE", help="当方の秘密鍵 / Our private key."),
    click.option("--authority", type=_FILE, metavar="FILE", help="相手の認証局の証明書 / The server's authority."),
    click.option("--passphrase-file", type=_FILE, metavar="FILE", help="秘密鍵のパスフレーズ / Passphrase of the key."),
)


def channel_options(command: Command) -> Command:
    """The ways to the intermediate server; what is not given comes from the configuration file."""
    for option in reversed(_CHANNEL_OPTIONS):
        command = option(command)
    return command


@frozen
class Channel:
    """The way as the command line gave it: it goes before the configuration file, where a server goes before folders."""

    out: Path | None = None
    inbox: Path | None = None
    server: str | None = None
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None
    passphrase_file: Path | None = None

    @classmethod
    def taken_from(cls, given: dict[str, Any]) -> Channel:
        """Take the options of a channel out of ``given``."""
        return cls(**{attribute.name: given.pop(attribute.name, None) for attribute in cls.__attrs_attrs__})

    @property
    def is_given(self) -> bool:
        return self.server is not None or self.out is not None or self.inbox is not None

    @contextmanager
    def opened(self, session: Session, opened: Installation) -> Iterator[RegistryGateway]:
        """The gateway, until the end of the block. Raises :class:`SetupFault` (KKH-C010) where no way is named."""
        configuration = session.configuration
        if (self.out or self.inbox) and self.server:
            raise click.UsageError("--out/--in と --server はどちらかだけです。 / Give folders or a server, not both.")
        way = configuration.registration.overridden(
            out=self.out, inbox=self.inbox, server=self.server, certificate=self.certificate, key=self.key,
            authority=self.authority, passphrase_file=self.passphrase_file,
        )  # fmt: skip
        if way.server is not None and not (self.out or self.inbox):
            from kokuho_adapters.registry.server_channel import ServerAddress, ServerGateway

            missing = [name for name in ("certificate", "key", "authority") if getattr(way, name) is None]
            if missing or way.certificate is None or way.key is None or way.authority is None:
                raise SetupFault(*(Problem("KKH-C010", field=f"registration.{name}") for name in missing))
            secret = passphrase_of(way.key, way.passphrase_file)
            address = ServerAddress(way.server, way.certificate, way.key, way.authority, secret)
            with ServerGateway(address, opened.book) as gateway:
                yield gateway
            return
        if way.out is None or way.inbox is None:
            raise SetupFault(Problem("KKH-C010", field=_NO_WAY))
        from kokuho_adapters.registry.folder_channel import FolderGateway

        kept = registry_folder(configuration)
        yield FolderGateway(way.out, way.inbox, kept, opened.book, opened.office.clock.now)


def chosen(opened: Installation, insurers: Iterable[str]) -> list[InsurerNumber]:
    """The insurers named, ``all`` of them in order."""
    given = list(dict.fromkeys(insurers))
    if EVERYBODY in given:
        return [each.insurer_number for each in opened.register()]
    return [InsurerNumber(each) for each in given]


def show_problems(title: str, problems: Iterable[tuple[str, ResultProblem]]) -> None:
    """What could not be applied, or was refused."""
    output.print_table(
        title,
        ("保険者 insurer", "記録 record", "コード code", "相手のコード", "項目 field", "内容"),
        (
            (insurer, each.record_key, each.problem.code, each.receiver_code, each.problem.field, each.problem.entry.message_ja)
            for insurer, each in problems
        ),
    )  # fmt: skip


def problem_data(each: ResultProblem) -> dict[str, Any]:
    """One problem as JSON."""
    return {**output.problem_data(each.problem), "record": each.record_key, "receiver_code": each.receiver_code}


# --- register ---


@click.command("register")
@INSURERS
@channel_options
@click.option(
    "--again", is_flag=True, help="中間サーバーが受け付けなかった記録を送り直す / Send refused records again."
)
@JSON
@SESSION
def register(session: Session, /, insurers: tuple[str, ...], again: bool, as_json: bool, **given: Any) -> int:
    """変更のあった加入者を中間サーバーに登録します。 / Register what changed with the intermediate server.

    途中で止まっても、もう一度実行すれば続きから送ります。同じ記録が二重に登録されることはありません。

    Run it again after an interruption: it goes on, and nothing is registered twice.
    登録できない記録や登録エラーがあれば終了コード3になります。
    """
    channel = Channel.taken_from(given)
    with session.installation() as opened, channel.opened(session, opened) as gateway:
        done = [registered(opened.office, insurer, gateway, again=again) for insurer in chosen(opened, insurers)]
    if as_json:
        output.print_json({"insurers": [_registered_data(each) for each in done]})
    else:
        _show_registered(done)
    return FOUND if any(each.counts.blocked or each.counts.refused for each in done) else DONE


def _registered_data(each: Registered) -> dict[str, Any]:
    return {
        "insurer_number": each.insurer_number,
        "prepared": each.prepared,
        "batches": [
            {"number": b.number, "lines": b.lines, "channel": b.channel, "reception": b.reception} for b in each.batches
        ],
        "counts": each.counts._asdict(),
    }


def _show_registered(done: Iterable[Registered]) -> None:
    listed = list(done)
    output.print_table(
        "登録 / registration",
        ("保険者 insurer", "新規 new", "取消 cancelled", "送信 sent", "登録済み", "結果待ち", "エラー", "登録不可 blocked"),
        (
            (
                each.insurer_number, each.prepared.registrations, each.prepared.cancellations,
                sum(batch.lines for batch in each.batches), each.counts.registered, each.counts.sent,
                each.counts.refused, each.counts.blocked,
            )
            for each in listed
        ),
    )  # fmt: skip
    batches = [(each.insurer_number, batch) for each in listed for batch in each.batches]
    if batches:
        output.print_table(
            "送信 / batches",
            ("保険者 insurer", "番号 number", "件数 lines", "受付番号 reception"),
            ((insurer, batch.number, batch.lines, batch.reception) for insurer, batch in batches),
        )
        output.say("次に kokuho register-results で結果を取り込んでください。 / Take the results next.")


# --- results ---


@click.command("register-results")
@click.argument("files", nargs=-1, type=_FILE, metavar="[FILE…]")
@click.option(
    "--insurer", "insurers", multiple=True, metavar="CODE",
    help="保険者番号(繰返し可)、all は県内すべて。FILE があれば不要 / Insurer; not needed with FILE.",
)  # fmt: skip
@channel_options
@JSON
@SESSION
def register_results(
    session: Session, /, files: tuple[Path, ...], insurers: tuple[str, ...], as_json: bool, **given: Any
) -> int:
    """登録結果を取り込みます。 / Take the results of registrations.

    FILE を指定すると、持ち帰った結果ファイル(KANKEKKA)を取り込みます。

    With FILE, result files that were carried here; else they are fetched by the channel.
    適用できない結果や登録エラーがあれば終了コード3になります。
    """
    channel = Channel.taken_from(given)
    if not files and not insurers:
        raise click.UsageError("FILE か --insurer を指定してください。 / Give FILE or --insurer.")
    with session.installation() as opened:
        if files:
            from kokuho_adapters.registry.carried_files import CarriedResults

            carried = CarriedResults(files, opened.book)
            taken = [
                take_results(opened.office, insurer, carried, told_anew=carried.numbers(insurer))
                for insurer in carried.insurers()
            ]
        else:
            with channel.opened(session, opened) as gateway:
                taken = [take_results(opened.office, insurer, gateway) for insurer in chosen(opened, insurers)]
    if as_json:
        output.print_json({"insurers": [_result_data(each) for each in taken]})
    else:
        _show_results(taken)
    return FOUND if any(each.not_applied or each.refused for each in taken) else DONE


def _result_data(each: ResultSummary) -> dict[str, Any]:
    numbers = ("registered", "cancelled", "refused", "repeated", "not_applied", "settled", "waiting", "verified")
    return {
        "insurer_number": each.insurer_number,
        **{name: getattr(each, name) for name in numbers},
        "counts": each.counts._asdict(),
        "problems": [problem_data(problem) for problem in each.problems],
    }


def _show_results(taken: Iterable[ResultSummary]) -> None:
    listed = list(taken)
    output.print_table(
        "登録結果 / results",
        (
            "保険者 insurer", "登録 registered", "取消 cancelled", "エラー refused", "重複 repeated", "適用不可",
            "完了 settled", "結果待ち waiting",
        ),
        (
            (
                each.insurer_number, each.registered, each.cancelled, each.refused, each.repeated, each.not_applied,
                each.settled, each.waiting,
            )
            for each in listed
        ),
    )  # fmt: skip
    _say_verified(sum(each.verified for each in listed))
    problems = [(each.insurer_number, problem) for each in listed for problem in each.problems]
    if problems:
        show_problems("確認の要る結果 / results to look at", problems)


def _say_verified(persons: int) -> None:
    if persons:
        output.say(f"本人確認状態が変わった人: {persons} / Persons whose number check came out otherwise: {persons}")


# --- due ---

_STATES: Final = {"waiting": "送信待ち", "sent": "結果待ち", "refused": "登録エラー", "blocked": "登録不可"}


@click.command("due")
@click.option("--insurer", metavar="CODE", help="この保険者だけ / Of one insurer.")
@click.option("--as-of", type=DAY, metavar="DATE", help="基準日(既定 今日) / The day, today if not given.")
@click.option("--overdue", "overdue_only", is_flag=True, help="期限超過だけ / Overdue ones only.")
@REQUEST_BULK
@JSON
@SESSION
def due(
    session: Session, insurer: str | None, as_of: Any, overdue_only: bool, bulk_reason: str | None, as_json: bool
) -> int:
    """まだ登録されていない変更と、その期限(届出から5日)。 / What is not registered yet, and by when it must be.

    期限を過ぎたものがあれば終了コード3になります。 / Ends with 3 when something is overdue.
    """
    number = InsurerNumber(insurer) if insurer is not None else None
    with session.installation() as opened:
        day = as_of.date() if as_of is not None else None
        items = due_registrations(opened.office, number, day, bulk_reason=bulk_reason)
    listed = [each for each in items if each.is_overdue or not overdue_only]
    if as_json:
        output.print_json([_due_data(each) for each in listed])
    else:
        output.print_table(
            "未登録の変更 / not registered yet",
            (
                "期限 due", "超過", "保険者 insurer", "市町村被保険者ID", "宛名番号", "状態 state", "コード code", "項目 field",
                "届出 notified",
            ),
            (
                (
                    each.due_on, "超過" if each.is_overdue else "", each.registration.insurer_number,
                    each.registration.municipal_insured_id, each.registration.addressee_number,
                    _STATES[each.registration.state], each.registration.code, " ".join(each.registration.fields),
                    each.registration.notified_on,
                )
                for each in listed
            ),
        )  # fmt: skip
    return FOUND if any(each.is_overdue for each in listed) else DONE


def _due_data(each: DueItem) -> dict[str, Any]:
    return {"due_on": each.due_on, "is_overdue": each.is_overdue, **each.registration._asdict()}


# --- reconcile ---

_DIFFERENCES: Final = {
    DifferenceKind.NOT_SHOWN: "未反映 not shown",
    DifferenceKind.ONLY_SHOWN: "余分 only shown",
    DifferenceKind.OTHER_CONTENT: "内容相違 other content",
    DifferenceKind.SHOWN_TWICE: "二重 shown twice",
}
_CAUSES: Final = {
    Cause.WAITING: "送信待ち",
    Cause.UNANSWERED: "結果待ち",
    Cause.REFUSED: "登録エラー",
    Cause.BLOCKED: "登録不可(保留など)",
    Cause.CANCELLATION_WAITING: "取消の送信待ち",
    Cause.CANCELLATION_UNANSWERED: "取消の結果待ち",
    Cause.CANCELLATION_REFUSED: "取消がエラー",
    Cause.REVIVED: "取消済みの記録が残存",
    Cause.UNKNOWN_RECORD: "当方が送っていない記録",
    Cause.UNEXPLAINED: "原因不明",
}


@click.command("reconcile")
@INSURERS
@channel_options
@REQUEST_BULK
@JSON
@SESSION
def reconcile(
    session: Session, /, insurers: tuple[str, ...], bulk_reason: str | None, as_json: bool, **given: Any
) -> int:
    """中間サーバーの表示内容と当方の資格履歴を、全員・全期間で照合します。 / Compare both sides, every person and date.

    差異があれば、その期間と原因を表示し、終了コード3になります。 / Ends with 3 when there is a difference.
    """
    channel = Channel.taken_from(given)
    with session.installation() as opened, channel.opened(session, opened) as gateway:
        found = [
            reconciled(opened.office, insurer, gateway, bulk_reason=bulk_reason) for insurer in chosen(opened, insurers)
        ]
    if as_json:
        output.print_json({"insurers": [_reconciled_data(each) for each in found]})
    else:
        _show_reconciled(found)
    return DONE if all(each.agrees for each in found) else FOUND


def _reconciled_data(each: Reconciliation) -> dict[str, Any]:
    return {
        "insurer_number": each.insurer_number, "at": each.at, "persons": each.persons, "records": each.records,
        "agreeing": each.agreeing, "unexplained": each.unexplained, "verified": each.verified,
        "differences": [_difference_data(difference) for difference in each.differences],
    }  # fmt: skip


def _difference_data(each: Difference) -> dict[str, Any]:
    return {
        "municipal_insured_id": each.municipal_insured_id, "kind": each.kind.value, "cause": each.cause.value,
        "start": each.start, "end": each.end, "record_key": each.record_key, "fields": list(each.fields),
    }  # fmt: skip


def _show_reconciled(found: Iterable[Reconciliation]) -> None:
    listed = list(found)
    output.print_table(
        "照合 / reconciliation",
        ("保険者 insurer", "人数 persons", "記録 records", "一致 agreeing", "差異 differences", "原因の要確認"),
        (
            (each.insurer_number, each.persons, each.records, each.agreeing, len(each.differences), each.unexplained)
            for each in listed
        ),
    )
    _say_verified(sum(each.verified for each in listed))
    differences = [(each.insurer_number, difference) for each in listed for difference in each.differences]
    if not differences:
        output.say("全員・全期間で一致しています。 / Both sides agree for everybody and every date.")
        return
    output.print_table(
        "差異 / differences",
        ("保険者 insurer", "市町村被保険者ID", "種別 kind", "原因 cause", "自 from", "至 until", "項目 fields", "記録 record"),
        (
            (
                insurer, each.municipal_insured_id, _DIFFERENCES[each.kind], _CAUSES[each.cause], each.start, each.end,
                " ".join(each.fields), each.record_key,
            )
            for insurer, each in differences
        ),
    )  # fmt: skip
