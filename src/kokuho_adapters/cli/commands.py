"""``kokuho``: the commands. Exit codes: 0 done, 1 failed, 2 usage, 3 done but something was rejected, held or found."""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from kokuho_adapters import __version__
from kokuho_adapters.cli import output
from kokuho_adapters.cli.access import access, approvals
from kokuho_adapters.cli.answers import (
    answer_data,
    is_clean,
    show_answers,
    show_candidates,
    show_delivered,
    show_findings,
    show_resolved,
    summary_data,
)
from kokuho_adapters.cli.audit import audit, verify_audit
from kokuho_adapters.cli.benefit import benefit, benefit_bulk, ceiling
from kokuho_adapters.cli.card_use import card_use, documents, duplicates, symbols
from kokuho_adapters.cli.decisions import decisions
from kokuho_adapters.cli.exchange import exchange, media, sftp
from kokuho_adapters.cli.incoming import GivenPaths, expand
from kokuho_adapters.cli.keys import destroy_key_command, keys, rotate_keys
from kokuho_adapters.cli.login import login, logout
from kokuho_adapters.cli.office import office
from kokuho_adapters.cli.output import DONE, FAILED, FOUND
from kokuho_adapters.cli.registration import due, reconcile, register, register_results
from kokuho_adapters.cli.registry_simulator import simulate_server
from kokuho_adapters.cli.reveal import reveal
from kokuho_adapters.cli.safety import gates, recall, retention, status
from kokuho_adapters.cli.session import JSON as _JSON
from kokuho_adapters.cli.session import SESSION as _SESSION
from kokuho_adapters.cli.session import Session
from kokuho_adapters.composition import initialise, layouts_of
from kokuho_adapters.configuration import Configuration, load_configuration
from kokuho_adapters.files import OpenFormatFile
from kokuho_adapters.insurers_list import INSURERS_FILE, read_insurers
from kokuho_adapters.security.one_time_codes import Credentials
from kokuho_adapters.security.redaction import configure_logging, redact_text
from kokuho_adapters.security.session_identity import operating_system_operator, terminal_name
from kokuho_core.access import AccessContext, Role, operator_id
from kokuho_core.errors import FileRefused, KokuhoError, NotApproved, Problem, entry
from kokuho_core.insured_person.fact import IdentityVerdict
from kokuho_core.usecases import check as checking
from kokuho_core.usecases import deliver as delivering
from kokuho_core.usecases import receive as receiving
from kokuho_core.usecases import resolve as resolving
from kokuho_core.usecases.identity import decide_identity
from kokuho_core.usecases.listings import list_candidates, list_findings
from kokuho_core.usecases.receive import FileAnswer
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.insurers import InsurerRegister

WAITS: Final = "KKH-A007"
"""The act was asked for and waits for a second person: no failure, something for somebody to do."""
SECOND_LOOK: Final = "KKH-H005"
"""A decision was received and waits for a second person."""
EVERYBODY: Final = "all"
"""``deliver --insurer all``: every insurer of the prefecture."""
_PREFECTURE: Final = re.compile(r"0[1-9]|[1-3][0-9]|4[0-7]", re.ASCII)


class _Commands(click.Group):
    """The group of commands, with one place where every failure becomes a message and an exit code."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """The list of commands shows the first line of each help whole, in both languages."""
        cmd.short_help = cmd.short_help or (cmd.help or "").strip().split("\n")[0]
        super().add_command(cmd, name)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:
        output.use_utf8()
        given = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        sys.exit(self._exit_code(given, rest, extra))

    def _exit_code(self, args: list[str], rest: tuple[Any, ...], extra: dict[str, Any]) -> int:
        try:
            code = super().main(args, *rest, **extra)
            sys.stdout.flush()
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except click.Abort:
            output.complain("中止しました。 / Aborted.")
            return FAILED
        except NotApproved as error:
            output.print_error(error)
            if "--json" in args:
                output.print_json(output.error_data(error))
            return FOUND if error.code == WAITS else FAILED
        except KokuhoError as error:
            output.print_error(error)
            if "--json" in args:
                output.print_json(output.error_data(error))
            if "--verbose" in args:
                output.complain_lines(redact_text(traceback.format_exc()))
            return FAILED
        except BrokenPipeError:
            # whoever read our output has gone; nothing more may be written, not even at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FAILED
        except Exception as error:  # noqa: BLE001 - a user never sees a traceback unless asked for
            _report_unexpected(error, "--verbose" in args)
            return FAILED
        return code if isinstance(code, int) else DONE


def _report_unexpected(error: Exception, verbose: bool) -> None:
    """The message of an unknown exception may hold personal data, so its kind alone is told."""
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        output.complain(redact_text(f"入出力エラー / input or output failed: {error.strerror}{where}"))
    else:
        output.complain(f"予期しない誤りが起きました / Unexpected error: {type(error).__name__}")
    if verbose:
        output.complain_lines(redact_text("".join(traceback.format_exception(error))))
    else:
        output.complain("詳しくは kokuho --verbose … で実行してください。 / Run kokuho --verbose … for details.")


# --- parameters ---

if TYPE_CHECKING:
    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType  # not generic in older versions


class _Day(_ParamType):
    """日付, ISO."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = None
        if day is None or day.isoformat() != value:
            self.fail("日付は YYYY-MM-DD で指定してください。 / Give a date as YYYY-MM-DD.", param, ctx)
        return day


class _Moment(_ParamType):
    """日時, ISO, local time; a date alone means its end."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None:
            self.fail("日時は YYYY-MM-DDTHH:MM:SS で指定してください。 / Give a time as ISO.", param, ctx)
        if moment.tzinfo is not None:
            moment = moment.astimezone().replace(tzinfo=None)
        return moment.replace(hour=23, minute=59, second=59, microsecond=999999) if len(value) == 10 else moment


class _Prefecture(_ParamType):
    """都道府県番号, 01 to 47."""

    name = "NN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not _PREFECTURE.fullmatch(value):
            self.fail("都道府県番号は 01〜47 です。 / A prefecture is 01 to 47.", param, ctx)
        return value


_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_ANY_PATH = click.Path(path_type=Path)
_ENCODING = click.option(
    "--encoding",
    type=click.Choice(("utf-8", "utf-8-sig", "cp932")),
    help="受信ファイルの文字コード(insurers.csv より優先) / Character code of the files.",
)


_BULK = click.option(
    "--request-bulk",
    "bulk_reason",
    metavar="REASON",
    help="上限を超える一覧の承認を依頼 / Ask for approval of a long list.",
)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--database", metavar="URL", help="データベースのファイルかURL(既定 sqlite:///kokuho.sqlite3) / Database."
)
@click.option("--config", type=_FILE, metavar="FILE", help="設定ファイル(TOML) / Configuration file.")
@click.option("--key-ring", type=_FILE, metavar="FILE", help="鍵ファイル(既定 データベースの隣) / Key ring.")
@click.option("--operator", envvar="KOKUHO_OPERATOR", metavar="NAME", help="利用者(既定 OSの利用者名) / Who works.")
@click.option("--role", type=click.Choice([each.value for each in Role]), help="使う権限の役割 / Which right to use.")
@click.option("--municipality", metavar="CODE", help="使う権限の保険者番号 / The municipality of that right.")
@click.option("--code", envvar="KOKUHO_CODE", metavar="CODE", help="第二の認証の符号 / Code of the second factor.")
@click.option("--purpose", default="", metavar="TEXT", help="目的(監査記録に残る) / The purpose; it is recorded.")
@click.option("--verbose", is_flag=True, help="詳しい記録を標準エラーに出力 / More about errors on standard error.")
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def cli(
    ctx: click.Context,
    database: str | None,
    config: Path | None,
    key_ring: Path | None,
    operator: str | None,
    role: str | None,
    municipality: str | None,
    code: str | None,
    purpose: str,
    verbose: bool,
) -> None:
    """国保情報集約: 市区町村の異動情報を受け、資格継続と世帯の継続性を判定し、結果を返します。

    \b
    National Health Insurance aggregation for one prefecture.
    終了コード / exit codes: 0 完了 done · 1 失敗 failed · 2 使い方 usage
    · 3 完了したが拒否・保留・確認事項あり done, but something was rejected, held or found
    """
    configure_logging(level=logging.INFO if verbose else logging.WARNING)
    configuration = load_configuration(config) if config is not None else Configuration()
    context = AccessContext(
        operator_id(operator) if operator is not None else operating_system_operator(),
        terminal_name(),
        Role(role) if role is not None else None,
        _insurer(municipality),
        purpose,
    )
    ctx.obj = Session(configuration.overridden(database, key_ring), context, Credentials(code))


for _command in (
    access, login, logout, approvals, audit, verify_audit, decisions, keys, rotate_keys, destroy_key_command,
    exchange, media, sftp, status, gates, recall, retention, reveal, simulate_server, register, register_results, due,
    reconcile, card_use, documents, duplicates, symbols, benefit, benefit_bulk, ceiling, office,
):  # fmt: skip
    cli.add_command(_command)

# --- setting up ---


@cli.command()
@click.option("--prefecture", required=True, type=_Prefecture(), help="都道府県番号 / Prefecture, 01 to 47.")
@click.option("--insurers", required=True, type=_FILE, metavar="FILE", help="保険者一覧 insurers.csv / The insurers.")
@_JSON
@_SESSION
def init(session: Session, prefecture: str, insurers: Path, as_json: bool) -> int:
    """データベースと鍵を用意し、保険者一覧を登録します。 / Create or migrate the database, load the insurers.

    何度実行しても構いません。 / May be repeated.
    """
    listed = read_insurers(insurers, prefecture)
    done = initialise(session.configuration, prefecture, listed, session.context, credentials=session.presented())
    if as_json:
        output.print_json(done)
        return DONE
    output.say(f"データベース / database: {done.database}")
    output.say(f"鍵 / key ring: {done.key_ring} ({'作成 / made' if done.key_ring_made else '既存 / kept'})")
    output.say(f"保険者 / insurers: {done.insurers} (都道府県 / prefecture {done.prefecture})")
    if done.key_ring_made:
        output.say("鍵はデータベースと別に控えを保管してください。失うと個人番号は復元できません。")
        output.say("Keep a copy of the key ring apart from the database: without it no number can be read.")
    return DONE


@cli.command()
@click.option("--persons", required=True, type=click.IntRange(min=1), help="人数 / Persons.")
@click.option("--municipalities", required=True, type=click.IntRange(min=1), help="市区町村数 / Municipalities.")
@click.option("--seed", default=1, show_default=True, type=int, help="乱数の種 / Seed: the same gives the same files.")
@click.option("--out", required=True, type=_FOLDER, metavar="DIR", help="出力先 / Folder to write into.")
@click.option("--prefecture", default="13", show_default=True, type=_Prefecture(), help="都道府県番号 / Prefecture.")
@_JSON
def generate(persons: int, municipalities: int, seed: int, out: Path, prefecture: str, as_json: bool) -> int:
    """架空の県のファイルを作ります(実在の情報は含みません)。 / Make realistic synthetic files, never real data."""
    from kokuho_adapters.synthetic import generate_prefecture

    out.mkdir(parents=True, exist_ok=True)
    with output.progress() as progress:
        made = generate_prefecture(persons, municipalities, seed, out, prefecture=prefecture, progress=progress)
    if as_json:
        output.print_json(
            {"folder": out, "insurers": out / INSURERS_FILE, "files": made.names, "records": made.records}
        )
        return DONE
    names = {layout.id: layout.name for layout in layouts_of(Configuration())}
    output.print_table(
        f"合成ファイル / generated → {out}",
        ("ファイルID", "内容", "件数 records"),
        ((file_id, names.get(file_id), count) for file_id, count in made.records.items()),
    )
    output.say(f"{len(made.names)} ファイル / files; 保険者一覧 / insurers: {out / INSURERS_FILE}")
    return DONE


# --- receiving ---


@cli.command()
@click.argument("paths", nargs=-1, required=True, type=_ANY_PATH, metavar="PATH…")
@_ENCODING
@_JSON
@_SESSION
def receive(session: Session, paths: tuple[Path, ...], encoding: str | None, as_json: bool) -> int:
    """市区町村のファイルまたはフォルダを受け付けます。 / Take files of municipalities, or folders of them."""
    given = expand(paths)
    answers = list(_received(session, given.files, encoding)) if given.files else []
    if not (answers or given.missing or as_json):
        output.say("受け付けるファイルがありません。 / There is no file to receive.")
    return _answered(answers, given, as_json)


@cli.command()
@click.argument("file", type=_ANY_PATH)
@_ENCODING
@_JSON
@_SESSION
def decide(session: Session, file: Path, encoding: str | None, as_json: bool) -> int:
    """継続世帯確定指示(KEISHIJI)を受け付けます。 / Take a file of decisions on continuity."""
    given = expand([file]) if not file.is_dir() else GivenPaths((), (file,))
    if given.files and not file.name.startswith("KEISHIJI_"):
        raise FileRefused(Problem("KKH-F013", field=f"{file.name}: not KEISHIJI"))
    answers = list(_received(session, given.files, encoding)) if given.files else []
    code = _answered(answers, given, as_json)
    if not as_json and any(problem.code == SECOND_LOOK for answer in answers for problem in answer.errors):
        output.say("別の人が kokuho decisions で内容を見て、確認(confirm)または差戻し(refuse)をします。")
        output.say("Another person looks at it with kokuho decisions, and confirms or refuses it.")
    if not as_json and any(answer.file_id == "KEISHIJI" and answer.counts.accepted for answer in answers):
        output.say("判定は二つの市区町村にすぐ効きます。その先へ続く候補には、次の resolve で反映されます。")
        output.say("次に kokuho resolve を実行してください。")
        output.say("It holds at once for the two municipalities; candidates further on follow with kokuho resolve.")
    return code


def _received(session: Session, files: Iterable[Path], encoding: str | None) -> Iterator[FileAnswer]:
    with session.installation() as opened:
        for incoming in opened.all_incoming(list(files), encoding):
            yield from receiving.receive(opened.office, incoming, encoding)


@cli.command()
@click.argument("paths", nargs=-1, required=True, type=_ANY_PATH, metavar="PATH…")
@click.option(
    "--insurers", type=_FILE, metavar="FILE", help="保険者一覧(送信元と文字コードも点検) / Check senders too."
)
@_ENCODING
@_JSON
@_SESSION
def check(session: Session, paths: tuple[Path, ...], insurers: Path | None, encoding: str | None, as_json: bool) -> int:
    """送信前の点検: 受け付けずに誤りを調べます。 / The sender's dry run; nothing is stored, no database is needed."""
    configuration = session.configuration
    book = layouts_of(configuration)
    register = InsurerRegister(read_insurers(insurers)) if insurers is not None else None
    given = expand(paths)
    with output.progress() as progress:
        answers = [
            checking.check(OpenFormatFile.from_path(path, book, register, encoding), configuration.settings, progress)
            for path in given.files
        ]
    if not (answers or given.missing or as_json):
        output.say("検査するファイルがありません。 / There is no file to check.")
    return _answered(answers, given, as_json, checked=True)


def _answered(answers: Sequence[FileAnswer], given: GivenPaths, as_json: bool, *, checked: bool = False) -> int:
    if as_json:
        output.print_json({"files": [answer_data(answer) for answer in answers]})
    elif answers:
        show_answers(answers, checked=checked)
    for path in given.missing:
        unreadable = entry("KKH-F015")
        output.complain(f"{unreadable.code} {path}: {unreadable.message_ja} / {unreadable.message_en}")
    if given.missing:
        return FAILED
    return DONE if all(is_clean(answer) for answer in answers) else FOUND


# --- judging ---


@cli.command()
@click.option("--as-of", type=_Day(), metavar="DATE", help="業務日付(既定 今日) / Business date, today if not given.")
@_JSON
@_SESSION
def resolve(session: Session, as_of: date | None, as_json: bool) -> int:
    """変更分の同一人・資格継続・継続候補を判定します。 / Judge continuation, findings and candidates over what changed."""
    with session.installation() as opened:
        summary = resolving.resolve(opened.office, as_of)
    if as_json:
        output.print_json(summary_data(summary))
    else:
        show_resolved(summary)
    return FOUND if summary.findings_open else DONE


@cli.command()
@click.option("--insurer", metavar="CODE", help="保険者番号(どちらかの側) / Insurer on either side.")
@_BULK
@click.option("--open", "open_only", is_flag=True, help="未解消のみ / Open ones only.")
@_JSON
@_SESSION
def findings(session: Session, insurer: str | None, bulk_reason: str | None, open_only: bool, as_json: bool) -> int:
    """確認事項(重複・空白・本人確認不一致など)の一覧。 / List overlaps, gaps, identity conflicts and unanswered moves."""
    with session.installation() as opened:
        listed = list_findings(opened.office, _insurer(insurer), open_only=open_only, bulk_reason=bulk_reason)
        register = opened.register()
    if as_json:
        output.print_json(listed)
    else:
        show_findings(listed, register)
    return DONE


@cli.command()
@click.option("--insurer", metavar="CODE", help="転入先の保険者番号 / Insurer moved into.")
@_BULK
@_JSON
@_SESSION
def candidates(session: Session, insurer: str | None, bulk_reason: str | None, as_json: bool) -> int:
    """継続候補世帯の一覧。 / List the households whose continuity is to be decided."""
    with session.installation() as opened:
        listed = list_candidates(opened.office, _insurer(insurer), bulk_reason=bulk_reason)
        register = opened.register()
    if as_json:
        output.print_json(listed)
    else:
        show_candidates(listed, register, opened.book)
    return DONE


def _insurer(number: str | None) -> InsurerNumber | None:
    return InsurerNumber(number) if number is not None else None


# --- identity conflicts ---


@cli.command()
@click.argument("finding_number", metavar="FINDING")
@click.option(
    "--verdict", required=True, type=click.Choice([each.value for each in IdentityVerdict]),
    help="same=同一人として適用 different=別人として番号なしで適用 / The person known under the number, or somebody else.",
)  # fmt: skip
@click.option("--reason", default="", metavar="TEXT", help="理由(2人で行うとき必須) / Why; needed where it takes two.")
@_JSON
@_SESSION
def identity(session: Session, finding_number: str, verdict: str, reason: str, as_json: bool) -> int:
    """本人確認不一致(保留)を判定します。 / Decide a held identity conflict; it takes effect with the next resolve."""
    with session.installation() as opened:
        decide_identity(opened.office, finding_number, IdentityVerdict(verdict), reason)
    answer = {"finding_number": finding_number, "verdict": verdict}
    if as_json:
        output.print_json(answer)
    else:
        output.say(f"{finding_number}: {verdict}")
        output.say("次に kokuho resolve を実行してください。判定はそのとき効力を持ちます。")
        output.say("Run kokuho resolve next: the verdict takes effect with it.")
    return DONE


# --- delivering ---


@cli.command()
@click.option(
    "--insurer", "insurers", required=True, multiple=True, metavar="CODE",
    help="宛先の保険者番号(繰返し可)、all は県内すべて / Insurer, may be repeated; all: every one.",
)  # fmt: skip
@click.option("--out", required=True, type=_FOLDER, metavar="DIR", help="出力先 / Folder to write into.")
@click.option("--all", "everything", is_flag=True, help="前回以降でなく全件 / Everything, not only what changed.")
@_JSON
@_SESSION
def deliver(session: Session, insurers: tuple[str, ...], out: Path, everything: bool, as_json: bool) -> int:
    """市区町村へ返すファイルを作ります。 / Write what changed for a municipality since its last delivery."""
    out.mkdir(parents=True, exist_ok=True)
    folder = out.resolve()
    with session.installation() as opened:
        outgoing = opened.outgoing(folder)
        register = opened.register()
        given = (InsurerNumber(insurer) for insurer in insurers)
        addressees = (insurer.insurer_number for insurer in register) if EVERYBODY in insurers else given
        written = {
            insurer: delivering.deliver(opened.office, insurer, outgoing, str(folder), everything=everything)
            for insurer in dict.fromkeys(addressees)
        }
        book = opened.book
    if as_json:
        output.print_json({"files": [each for listed in written.values() for each in listed]})
    else:
        show_delivered(written, register, book, out)
    return DONE


# --- looking ---


@cli.command()
@click.argument("insured_id", metavar="ID")
@click.option("--as-of", type=_Day(), metavar="DATE", help="基準日 / The day looked at.")
@click.option("--known-at", type=_Moment(), metavar="TIME", help="その時点で分かっていたこと / As known at that time.")
@click.option("--why", is_flag=True, help="導出の根拠(ファイル・行・規則番号) / The facts and rules behind each value.")
@click.option("--svg", type=_FILE, metavar="FILE", help="経過図をSVGで保存 / Save the timeline as a picture.")
@_JSON
@_SESSION
def person(
    session: Session,
    insured_id: str,
    as_of: date | None,
    known_at: datetime | None,
    why: bool,
    svg: Path | None,
    as_json: bool,
) -> int:
    """一人の適用期間・資格・確認事項・履歴。 / One person's periods, qualification, findings and history.

    ID は都道府県被保険者ID、市町村被保険者ID、または 保険者番号/宛名番号(例 139519/50001)です。

    ID is a prefectural or municipal insured ID, or insurer/addressee number.
    """
    from kokuho_adapters.cli.person import show_person

    with session.installation() as opened:
        show_person(opened, insured_id, as_of, known_at, why=why, svg=svg, as_json=as_json)
    return DONE


@cli.command()
@click.option(
    "--dir",
    "folder",
    type=_FOLDER,
    default=Path("kokuho-demo"),
    show_default=True,
    metavar="DIR",
    help="作業フォルダ / Folder to work in.",
)
@_JSON
def demo(folder: Path, as_json: bool) -> int:
    """見本ファイルで主な業務を最初から最後まで実行します。 / Run the whole main job on the shipped sample files."""
    from kokuho_adapters.cli.demo import run_demo

    told = run_demo(folder, quiet=as_json)
    if as_json:
        output.print_json(told)
    return DONE
