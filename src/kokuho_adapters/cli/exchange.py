"""``exchange``, ``media``, ``sftp``: files to and from the other side (S-6, S-12, S-13, S-33)."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.output import DONE, FOUND
from kokuho_adapters.cli.recorded import act_log, insurer_of
from kokuho_adapters.cli.secrets_given import passphrase_of
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_adapters.composition import SystemClock, layouts_of
from kokuho_adapters.recorded_acts import Act, ActLog
from kokuho_core.access import Operation
from kokuho_core.errors import NotFound, Problem, SetupFault, entry
from kokuho_core.usecases.admission import about

if TYPE_CHECKING:
    from kokuho_adapters.exchange.manifest import Manifest
    from kokuho_adapters.exchange.media_ledger import Handover
    from kokuho_adapters.exchange.media_package import Party
    from kokuho_adapters.exchange.sftp_client import Server

_FILE: Final = click.Path(path_type=Path, dir_okay=False)
_FOLDER: Final = click.Path(path_type=Path, file_okay=False)
_PARTY: Final = re.compile(r"[0-9]{6}|[0-9]{8}", re.ASCII)
_PATHS: Final = click.argument("paths", nargs=-1, required=True, type=_FILE, metavar="FILE…")


def _party(_: click.Context, __: click.Parameter, value: Any) -> Any:
    for each in value if isinstance(value, tuple) else (value,):
        if not _PARTY.fullmatch(each):
            raise click.BadParameter("保険者番号6桁か8桁、集約は000000です。 / An insurer number; the aggregation is 000000.")
    return value


_SENDER: Final = click.option(
    "--sender", required=True, metavar="CODE", callback=_party, help="送信元(集約は000000) / Who sends."
)
_TO: Final = click.option(
    "--to", "addressee", required=True, metavar="CODE", callback=_party, help="宛先(集約は000000) / To whom."
)
_AS: Final = click.option(
    "--as", "addressee", required=True, metavar="CODE", callback=_party, help="受け取る者(集約は000000) / Who takes."
)
_BY: Final = click.option("--by", required=True, metavar="OPERATOR", help="担当者(受渡簿に残る) / Who does it.")
_NO_LEDGER: Final = click.option(
    "--no-ledger", is_flag=True, help="受渡簿に記録しない(データベースのない側) / Without the ledger and its database."
)
_MEDIUM: Final = click.option("--medium", required=True, metavar="LABEL", help="媒体の名前・管理番号 / Label of the medium.")
_PASSPHRASE: Final = click.option(
    "--passphrase-file", type=_FILE, metavar="FILE", help="秘密鍵のパスフレーズを書いたファイル(なければ尋ねる) / Passphrase."
)


def _manifest_recorded(act: Act) -> Callable[[Manifest], None]:
    """A sending goes on record, under its manifest, before any of it takes hold (S-4)."""

    def record(manifest: Manifest) -> None:
        act.done(manifest.name, files=len(manifest.files), bytes=sum(each.digest.size for each in manifest.files))

    return record


def _sent(manifest: Manifest, where: str, as_json: bool, **more: Any) -> int:
    if as_json:
        output.print_json({**_manifest_data(manifest), **more})
        return DONE
    output.print_table(
        f"送付 / sent → {where}",
        ("ファイル file", "大きさ bytes", "SHA-256"),
        ((each.name, each.digest.size, each.digest.sha256) for each in manifest.files),
    )
    output.say(f"送付状 / manifest: {manifest.name}")
    return DONE


def _manifest_data(manifest: Manifest) -> dict[str, Any]:
    return {
        "number": manifest.number,
        "manifest": manifest.name,
        "sender": manifest.sender,
        "addressee": manifest.addressee,
        "created_at": manifest.created_at,
        "files": [
            {"name": each.name, "size": each.digest.size, "sha256": each.digest.sha256} for each in manifest.files
        ],
    }


# --- folder ---


@click.group()
def exchange() -> None:
    """授受フォルダで送付・受取をします。 / Send and take files by an exchange folder."""


@exchange.command("send")
@_PATHS
@click.option("--folder", required=True, type=_FOLDER, metavar="DIR", help="授受フォルダ / The shared folder.")
@_SENDER
@_TO
@JSON
@SESSION
def exchange_send(
    session: Session, paths: tuple[Path, ...], folder: Path, sender: str, addressee: str, as_json: bool
) -> int:
    """ファイルを走査し、送付状とともに置きます。 / Scan files and put them into the folder, the manifest last."""
    from kokuho_adapters.exchange.folder import send_files

    book = layouts_of(session.configuration)
    with act_log(session) as log, log.admitted(Operation.SEND_FILES, f"to {addressee}", insurer_of(sender)) as act:
        manifest = send_files(paths, folder, sender, addressee, SystemClock().now(), book, _manifest_recorded(act))
    return _sent(manifest, str(folder), as_json)


@exchange.command("take")
@click.option("--folder", required=True, type=_FOLDER, metavar="DIR", help="授受フォルダ / The shared folder.")
@click.option("--out", required=True, type=_FOLDER, metavar="DIR", help="受け取る先 / Where the files go.")
@click.option("--records", required=True, type=_FOLDER, metavar="DIR", help="控えと隔離のフォルダ / Records, quarantine.")
@_AS
@click.option(
    "--from", "senders", multiple=True, metavar="CODE", callback=_party, help="受け取る送信元(繰返し可) / Only from these."
)
@JSON
@SESSION
def exchange_take(
    session: Session, folder: Path, out: Path, records: Path, addressee: str, senders: tuple[str, ...], as_json: bool
) -> int:
    """送付状どおりに揃ったものだけを受け取ります。 / Take what is complete and right; set aside what is damaged.

    未着・隔離があれば終了コード3。 / Ends with 3 when something waits or was set aside.
    """
    from kokuho_adapters.exchange.folder import ExchangeFolder, Outcome, Taking

    with act_log(session) as log, log.admitted(Operation.TAKE_FILES, f"as {addressee}", insurer_of(addressee)) as act:

        def record(taking: Taking) -> None:
            act.done(f"{taking.manifest} {taking.outcome.value}", files=len(taking.files))

        taken = ExchangeFolder(folder, out, records, addressee, frozenset(senders) or None, record=record).take()
    shown = {
        Outcome.TAKEN: "受取 taken",
        Outcome.DUPLICATE: "受取済 duplicate",
        Outcome.WAITING: "未着 waiting",
        Outcome.QUARANTINED: "隔離 quarantined",
    }
    if as_json:
        output.print_json(
            {
                "sendings": [
                    {
                        "manifest": each.manifest,
                        "outcome": each.outcome.value,
                        "sender": each.sender or None,
                        "files": each.files,
                        "errors": [output.problem_data(problem) for problem in each.problems],
                    }
                    for each in taken
                ]
            }
        )
    else:
        output.print_table(
            "受取 / taken",
            ("送付状 manifest", "結果 outcome", "ファイル数 files", "理由 reason"),
            (
                (each.manifest, shown[each.outcome], len(each.files), " ".join(p.message for p in each.problems) or None)
                for each in taken
            ),
        )
    fine = (Outcome.TAKEN, Outcome.DUPLICATE)
    return DONE if all(each.outcome in fine for each in taken) else FOUND


# --- media ---


@click.group()
def media() -> None:
    """媒体で送付・受取をし、受渡簿を付けます。 / Signed and encrypted packages for media, and their ledger."""


@media.command("keys")
@click.option("--name", required=True, metavar="NAME", help="名前(英数字) / Name of the party.")
@click.option("--out", required=True, type=_FOLDER, metavar="DIR", help="置き場所 / Folder.")
@click.option("--no-passphrase", is_flag=True, help="パスフレーズなし(試験用) / Not protected: for tests.")
@_PASSPHRASE
@JSON
@SESSION
def media_keys(
    session: Session, name: str, out: Path, no_passphrase: bool, passphrase_file: Path | None, as_json: bool
) -> int:
    """鍵と証明書を作ります(証明書を相手に渡す)。 / Make a key, and the certificate to give to the other side."""
    from kokuho_adapters.exchange.credentials import make_party

    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
        raise click.BadParameter("英数字40字以内です。 / Letters and digits, at most 40.", param_hint="--name")
    passphrase: bytes | None = None
    if passphrase_file is not None:
        passphrase = passphrase_of(passphrase_file, passphrase_file)
    elif not no_passphrase:
        text: str = click.prompt("パスフレーズ / passphrase", hide_input=True, confirmation_prompt=True, err=True)
        passphrase = text.encode("utf-8")
    if not passphrase and not no_passphrase:
        raise SetupFault(Problem("KKH-E008", field="passphrase: empty"))
    with act_log(session) as log, log.admitted(Operation.MAKE_MEDIA_KEYS, name) as act:
        certificate, key = make_party(out, name, passphrase, datetime.now(UTC), lambda: act.done(name, keys=1))
    if as_json:
        output.print_json({"certificate": certificate, "key": key})
    else:
        output.say(f"証明書(相手に渡す) / certificate, to give away: {certificate}")
        output.say(f"秘密鍵(渡さない) / private key, to keep: {key}")
    return DONE


def _own(certificate: Path, key: Path, passphrase_file: Path | None) -> Party:
    from kokuho_adapters.exchange.credentials import Certificate, load_private_key
    from kokuho_adapters.exchange.media_package import Party

    loaded = Certificate.load(certificate, "certificate")
    return Party(loaded, load_private_key(key, passphrase_of(key, passphrase_file), loaded, "key"))


_OWN_CERTIFICATE: Final = click.option(
    "--certificate", required=True, type=_FILE, metavar="FILE", help="自分の証明書(PEM) / Our certificate."
)
_OWN_KEY: Final = click.option("--key", required=True, type=_FILE, metavar="FILE", help="自分の秘密鍵(PEM) / Our key.")


@media.command("pack")
@_PATHS
@click.option("--out", required=True, type=_FOLDER, metavar="DIR", help="媒体のフォルダ / Folder of the medium.")
@_SENDER
@_TO
@_OWN_CERTIFICATE
@_OWN_KEY
@_PASSPHRASE
@click.option(
    "--recipient", "recipients", required=True, multiple=True, type=_FILE, metavar="FILE",
    help="相手の証明書(繰返し可) / The other side's certificate.",
)  # fmt: skip
@_MEDIUM
@_BY
@click.option("--due", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="返却・廃棄の期限 / To be back by.")
@_NO_LEDGER
@JSON
@SESSION
def media_pack(
    session: Session, paths: tuple[Path, ...], out: Path, sender: str, addressee: str, certificate: Path, key: Path,
    passphrase_file: Path | None, recipients: tuple[Path, ...], medium: str, by: str, due: datetime | None,
    no_ledger: bool, as_json: bool,
) -> int:  # fmt: skip
    """走査・署名・暗号化して一つのファイルにします。 / Scan, sign and encrypt files into one package."""
    from kokuho_adapters.exchange.credentials import Certificate
    from kokuho_adapters.exchange.media_ledger import Direction, Handover
    from kokuho_adapters.exchange.media_package import Package, pack

    signer = _own(certificate, key, passphrase_file)
    to = [Certificate.load(path, "recipient") for path in recipients]
    now, book = SystemClock().now(), layouts_of(session.configuration)
    due_on = due.date() if due is not None else None

    def handover(made: Package) -> Handover:
        return Handover.of(made.manifest, Direction.OUT, made.path.name, made.digest, medium, by, now, due_on)

    with _handing(session, Operation.SEND_FILES, f"to {addressee}", sender, no_ledger) as record:
        package = pack(
            paths, out, sender, addressee, now, signer, to, book, lambda made: record(made.manifest, handover(made))
        )
    return _sent(package.manifest, str(package.path), as_json, package=package.path, sha256=package.digest.sha256)


@contextmanager
def _handing(
    session: Session, operation: Operation, subject: str, party: str, no_ledger: bool
) -> Iterator[Callable[[Manifest, Handover], None]]:
    """What enters a package into the ledger and the log together, before it takes hold; into the log alone without a ledger."""
    if no_ledger:
        with act_log(session) as log, log.admitted(operation, subject, insurer_of(party)) as act:
            yield lambda manifest, _: _manifest_recorded(act)(manifest)
        return
    from kokuho_adapters.exchange.media_ledger import MediaLedger

    with session.installation() as opened, opened.admitted(Operation.EXCHANGE_FILES, subject):

        def enter(manifest: Manifest, handover: Handover) -> None:
            about(manifest.name)
            with opened.ledger() as work:
                MediaLedger(work.connection).enter(handover)
                work.commit()

        yield enter


@media.command("open")
@click.argument("package", type=_FILE, metavar="PACKAGE")
@click.option("--out", required=True, type=_FOLDER, metavar="DIR", help="取り出す先 / Where the files go.")
@_AS
@_OWN_CERTIFICATE
@_OWN_KEY
@_PASSPHRASE
@click.option(
    "--from", "trusted", required=True, multiple=True, type=_FILE, metavar="FILE",
    help="送信元の証明書(繰返し可) / Certificates of the sender.",
)  # fmt: skip
@_MEDIUM
@_BY
@click.option("--due", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="返却・廃棄の期限 / To be given back by.")
@_NO_LEDGER
@JSON
@SESSION
def media_open(
    session: Session, package: Path, out: Path, addressee: str, certificate: Path, key: Path, passphrase_file: Path | None,
    trusted: tuple[Path, ...], medium: str, by: str, due: datetime | None, no_ledger: bool, as_json: bool,
) -> int:  # fmt: skip
    """検証できたときだけ、全部を取り出します。 / Take everything out, if all of it is found right."""
    from kokuho_adapters.exchange.credentials import Certificate
    from kokuho_adapters.exchange.media_ledger import Direction, Handover
    from kokuho_adapters.exchange.media_package import OpenedPackage, open_package

    recipient = _own(certificate, key, passphrase_file)
    senders = [Certificate.load(path, "from") for path in trusted]
    due_on = due.date() if due is not None else None
    now = SystemClock().now()

    def handover(found: OpenedPackage) -> Handover:
        return Handover.of(found.manifest, Direction.IN, package.name, found.digest, medium, by, now, due_on)

    with _handing(session, Operation.TAKE_FILES, f"as {addressee}", addressee, no_ledger) as record:
        opened = open_package(
            package, out, addressee, recipient, senders, lambda found: record(found.manifest, handover(found))
        )
    if as_json:
        output.print_json({**_manifest_data(opened.manifest), "sha256": opened.digest.sha256})
        return DONE
    output.print_table(
        f"取り出し / taken out → {out}",
        ("ファイル file", "大きさ bytes"),
        ((each.name, each.digest.size) for each in opened.manifest.files),
    )
    output.say(f"送付番号 / number: {opened.manifest.number}")
    return DONE


@media.command("ledger")
@click.option("--insurer", metavar="CODE", help="相手の保険者番号 / The other side.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="期限を見る日(既定 今日) / Day.")
@JSON
@SESSION
def media_ledger(session: Session, insurer: str | None, as_of: datetime | None, as_json: bool) -> int:
    """受渡簿の一覧と、期限を過ぎた媒体。 / List the ledger; ends with 3 when a medium is overdue."""
    from kokuho_adapters.exchange.media_ledger import MediaLedger

    today: date = as_of.date() if as_of is not None else SystemClock().today()
    seen = Operation.SHOW_MEDIA
    with session.installation() as opened, opened.admitted(seen), opened.ledger(read_only=True) as work:
        entries = MediaLedger(work.connection).entries(insurer)
    overdue = [each for each in entries if each.is_overdue(today)]
    if as_json:
        output.print_json({"entries": [_entry_data(each, today) for each in entries], "overdue": len(overdue)})
    else:
        output.print_table(
            "媒体の受渡簿 / media ledger",
            ("番号 number", "向き", "相手", "媒体 medium", "受渡 handed", "担当 by", "期限 due", "状態 state"),
            (
                (
                    each.number, "送" if each.direction.value == "out" else "受", each.insurer_number, each.medium,
                    each.handed_at.date(), each.handed_by, each.due_on, _state(each, today),
                )
                for each in entries
            ),
        )  # fmt: skip
        if overdue:
            told = entry("KKH-E015")
            output.say(f"{told.code} ({len(overdue)}): {told.message_ja} / {told.message_en}")
    return FOUND if overdue else DONE


def _state(each: Handover, today: date) -> str:
    if each.outcome is not None:
        return {"returned": "返却 returned", "destroyed": "廃棄 destroyed"}[each.outcome.value]
    return "期限超過 overdue" if each.is_overdue(today) else "受渡中 out"


def _entry_data(each: Handover, today: date) -> dict[str, Any]:
    return {
        "number": each.number,
        "direction": each.direction.value,
        "insurer_number": each.insurer_number,
        "package": each.package,
        "size": each.digest.size,
        "sha256": each.digest.sha256,
        "files": [{"name": one.name, "size": one.digest.size, "sha256": one.digest.sha256} for one in each.files],
        "medium": each.medium,
        "handed_by": each.handed_by,
        "handed_at": each.handed_at,
        "due_on": each.due_on,
        "outcome": each.outcome.value if each.outcome is not None else None,
        "settled_by": each.settled_by,
        "settled_at": each.settled_at,
        "overdue": each.is_overdue(today),
    }


@media.command("return")
@click.argument("number", metavar="NUMBER")
@click.option("--outcome", required=True, type=click.Choice(("returned", "destroyed")), help="返却・廃棄 / What became of it.")
@click.option(
    "--direction", default="out", show_default=True, type=click.Choice(("out", "in")), help="送った媒体か受けた媒体か / Side."
)
@_BY
@JSON
@SESSION
def media_return(session: Session, number: str, outcome: str, direction: str, by: str, as_json: bool) -> int:
    """媒体の返却または廃棄を記録します。 / Record that a medium came back or was destroyed."""
    from kokuho_adapters.exchange.media_ledger import Direction, MediaLedger, Settlement

    with session.installation() as opened, opened.admitted(Operation.EXCHANGE_FILES, number), opened.ledger() as work:
        MediaLedger(work.connection).settle(
            number, Direction(direction), Settlement(outcome), by, SystemClock().now()
        )
        work.commit()
    if as_json:
        output.print_json({"number": number, "direction": direction, "outcome": outcome, "settled_by": by})
    else:
        output.say(f"{number}: {outcome} ({by})")
    return DONE


# --- SFTP ---


@click.group()
def sftp() -> None:
    """SFTPで送付・受取をします。 / Send and fetch by SFTP, and serve a drop box."""


def _server(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that lead to a server."""
    for option in reversed(
        (
            click.option("--host", required=True, help="接続先 / Host."),
            click.option("--port", default=22, show_default=True, type=click.IntRange(1, 65535), help="ポート / Port."),
            click.option("--user", required=True, help="利用者名 / User."),
            click.option("--key", required=True, type=_FILE, metavar="FILE", help="SSHの秘密鍵 / Private key."),
            click.option("--remote", required=True, metavar="DIR", help="接続先のフォルダ / Folder there."),
            click.option("--known-hosts", type=_FILE, metavar="FILE", help="ホスト鍵の一覧 / Known host keys."),
            click.option("--fingerprint", metavar="SHA256:…", help="ホスト鍵の指紋 / Fingerprint of the host key."),
            _PASSPHRASE,
        )
    ):
        command = option(command)
    return command


def _server_of(
    host: str, port: int, user: str, key: Path, remote: str, known_hosts: Path | None, fingerprint: str | None,
    passphrase_file: Path | None,
) -> Server:  # fmt: skip
    from kokuho_adapters.exchange.sftp_client import Server

    passphrase = passphrase_of(key, passphrase_file) if passphrase_file is not None else None
    return Server(
        host, user, key, remote.rstrip("/") or "/", port, known_hosts, fingerprint,
        passphrase.decode("utf-8") if passphrase is not None else None,
    )  # fmt: skip


@sftp.command("put")
@_PATHS
@_server
@_SENDER
@_TO
@JSON
@SESSION
def sftp_put(session: Session, /, paths: tuple[Path, ...], sender: str, addressee: str, as_json: bool, **where: Any) -> int:
    """ファイルを走査し、送付状とともに送ります。 / Scan files and send them, the manifest last."""
    from kokuho_adapters.exchange.sftp_client import put_files

    server = _server_of(**where)
    book = layouts_of(session.configuration)
    with act_log(session) as log, log.admitted(Operation.SEND_FILES, f"to {addressee}", insurer_of(sender)) as act:
        manifest = put_files(server, paths, sender, addressee, SystemClock().now(), book, _manifest_recorded(act))
    return _sent(manifest, f"{server.host}:{server.folder}", as_json)


@sftp.command("get")
@_server
@click.option("--folder", required=True, type=_FOLDER, metavar="DIR", help="手元の授受フォルダ / Local exchange folder.")
@_AS
@JSON
@SESSION
def sftp_get(session: Session, /, folder: Path, addressee: str, as_json: bool, **where: Any) -> int:
    """揃った送付を手元の授受フォルダへ移します。次に exchange take を実行します。 / Fetch; then run exchange take."""
    from kokuho_adapters.exchange.sftp_client import get_sendings

    server = _server_of(**where)
    with act_log(session) as log, log.admitted(Operation.TAKE_FILES, f"as {addressee}", insurer_of(addressee)) as act:
        got = get_sendings(server, folder, addressee, _manifest_recorded(act))
    if as_json:
        output.print_json({"folder": folder, "manifests": got})
    else:
        output.print_table(f"受信 / fetched → {folder}", ("送付状 manifest",), ((name,) for name in got))
    return DONE


@sftp.command("serve")
@click.option("--root", required=True, type=_FOLDER, metavar="DIR", help="市区町村ごとのフォルダの親 / Parent of the boxes.")
@click.option("--keys", required=True, type=_FOLDER, metavar="DIR", help="公開鍵 <保険者番号>.pub のフォルダ / Public keys.")
@click.option("--host-key", required=True, type=_FILE, metavar="FILE", help="ホスト鍵 / Private key of the server.")
@click.option("--host", default="127.0.0.1", show_default=True, help="待ち受けるアドレス / Address.")
@click.option("--port", default=2222, show_default=True, type=click.IntRange(0, 65535), help="ポート / Port.")
@JSON
@SESSION
def sftp_serve(
    session: Session, root: Path, keys: Path, host_key: Path, host: str, port: int, as_json: bool
) -> int:
    """市区町村ごとの受け口を開きます(Ctrl+Cで終わる)。 / Serve a drop box per municipality, until Ctrl+C."""
    from kokuho_adapters.exchange.sftp_server import DropBox, RunningDropBox

    settings = DropBox(root, keys, host_key, host, port)
    if not keys.is_dir():
        raise NotFound(Problem("KKH-F015", field="keys"))

    async def serve(log: ActLog) -> None:
        async with RunningDropBox(settings, log) as box:
            if as_json:
                output.print_json({"host": host, "port": box.port, "fingerprint": box.fingerprint, "users": settings.users()})
            else:
                output.say(f"{host}:{box.port} {box.fingerprint}")
            sys.stdout.flush()
            await box.serve_forever()

    try:
        with act_log(session) as log:
            asyncio.run(serve(log))
    except KeyboardInterrupt:
        output.complain("終わりました。 / Ended.")
    return DONE
