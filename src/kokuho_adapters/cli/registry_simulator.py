"""``simulate-server``: the simulated intermediate server, for trials and tests with invented data (R-3, R-4)."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.output import DONE
from kokuho_adapters.cli.session import JSON
from kokuho_core.errors import Problem, SetupFault

if TYPE_CHECKING:
    from kokuho_adapters.registry_simulator.receiver import Receiver
    from kokuho_adapters.registry_simulator.settings import Settings


def _fault(_: click.Context, __: click.Parameter, value: tuple[str, ...]) -> tuple[Any, ...]:
    from kokuho_adapters.registry_simulator.faults import Fault

    try:
        return tuple(Fault.parse(each) for each in value)
    except ValueError:
        raise click.BadParameter(
            "障害は KIND@PLACE[+SKIP][*TIMES] です。 / A fault is KIND@PLACE[+SKIP][*TIMES]."
        ) from None


@click.command("simulate-server")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path("kokuho-simulator"),
    show_default=True, metavar="DIR", help="設定・証明書・授受フォルダ・データベースの場所 / Where everything lies.",
)  # fmt: skip
@click.option(
    "--insurers", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="設定がないとき、この保険者一覧で用意する / Prepare it for these insurers where nothing is there.",
)  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True, help="待ち受ける宛先 / Address to listen on.")
@click.option(
    "--port", default=8443, show_default=True, type=click.IntRange(0, 65535), help="ポート(0は空き) / 0: a free one."
)
@click.option(
    "--once",
    is_flag=True,
    help="授受フォルダを一度だけ処理して終わる(HTTPSなし) / Work off the folders once, no HTTPS.",
)
@click.option(
    "--snapshot", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE",
    help="その日の利用登録情報と資格重複状況結果を作る / Make the snapshots and lists of that day.",
)  # fmt: skip
@click.option(
    "--fault",
    "faults",
    multiple=True,
    callback=_fault,
    metavar="KIND@PLACE",
    help="障害の注文(繰返し可) / Order a fault.",
)
@click.option("--openapi", is_flag=True, help="OpenAPI文書を出力して終わる / Print the OpenAPI document and end.")
@JSON
def simulate_server(
    folder: Path,
    insurers: Path | None,
    host: str,
    port: int,
    once: bool,
    snapshot: datetime | None,
    faults: tuple[Any, ...],
    openapi: bool,
    as_json: bool,
) -> int:
    """模擬の中間サーバーを動かします(試験・練習用)。 / Run a simulated intermediate server, for trials.

    架空の情報だけで使ってください。HTTPSは追加部品 kokuho[simulator] が要ります。

    Never for real people. HTTPS needs the extra kokuho[simulator].
    """
    if openapi:
        return _print_openapi()
    from kokuho_adapters.registry_simulator.server import open_receiver

    settings = _settings(folder, insurers)
    receiver = open_receiver(settings)
    try:
        _arrange(receiver, snapshot, faults)
        done = _work_once(receiver) if once else 0
    finally:
        receiver.state.close()
    if once:
        if as_json:
            output.print_json({"files": done})
        else:
            output.say(f"授受フォルダ / folders: {done} ファイルを受け渡しました / files taken in or put out")
        return DONE
    return _serve(settings, host, port, as_json)


def _settings(folder: Path, insurers: Path | None) -> Settings:
    from kokuho_adapters.insurers_list import read_insurers
    from kokuho_adapters.registry_simulator.server import prepare
    from kokuho_adapters.registry_simulator.settings import SETTINGS_FILE, load_settings

    if (folder / SETTINGS_FILE).exists():
        return load_settings(folder)
    if insurers is None:
        raise SetupFault(Problem("KKH-C010", field=f"{SETTINGS_FILE}: --insurers"))
    return prepare(folder, [each.insurer_number for each in read_insurers(insurers)])


def _arrange(receiver: Receiver, snapshot: datetime | None, faults: tuple[Any, ...]) -> None:
    from kokuho_adapters.registry_simulator.receiver import CARDS, DUPLICATES, Caller

    operator = Caller("cli", next((each.name for each in receiver.settings.clients.values() if each.operator), ""))
    for fault in faults:
        receiver.order_fault(operator, fault)
    if snapshot is not None:
        partitions = {insurer for client in receiver.settings.clients.values() for insurer in client.partitions}
        for insurer in sorted(partitions):
            for file_id in (CARDS, DUPLICATES):
                receiver.cut(operator, file_id, insurer, snapshot.date())


def _work_once(receiver: Receiver) -> int:
    """Everything that is there, and what follows from it."""
    from kokuho_adapters.registry_simulator.folders import FolderService

    service, done = FolderService(receiver), 0
    while some := service.work_once():
        done += some
    return done


def _serve(settings: Settings, host: str, port: int, as_json: bool) -> int:
    from kokuho_adapters.registry_simulator.server import RunningSimulator

    with RunningSimulator(settings, host, port) as simulator:
        certificates = settings.certificates
        if as_json:
            output.print_json(
                {"url": simulator.url, "certificates": certificates, "folders": settings.folder / "folders"}
            )
        else:
            output.say(f"模擬中間サーバー / simulator: {simulator.url}")
            output.say(f"証明書 / certificates: {certificates}")
            output.say(f"授受フォルダ / folders: {settings.folder / 'folders'}")
            output.say("Ctrl+C で終了します。 / Ctrl+C ends it.")
        sys.stdout.flush()
        simulator.wait()
    return DONE


def _print_openapi() -> int:
    try:
        from kokuho_adapters.registry_simulator.application import document as openapi_document
    except ImportError:
        raise SetupFault(Problem("KKH-E014", field="simulator")) from None
    output.print_json(openapi_document())
    return DONE
