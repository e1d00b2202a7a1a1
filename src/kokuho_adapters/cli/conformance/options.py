"""Options that several conformance commands share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from attrs import frozen

from kokuho_adapters.cli.parameters import FILE, FOLDER
from kokuho_adapters.conformance.exceptions_file import read_exceptions
from kokuho_adapters.conformance.file_door import FileDoor
from kokuho_adapters.conformance.step_folder import FileForm
from kokuho_adapters.conformance.vendor_command import VendorCommand
from kokuho_adapters.files import LayoutBook
from kokuho_core.conformance.bundle import MOST
from kokuho_core.conformance.harness import ConformanceSettings
from kokuho_core.conformance.rules import ALL_CAPABILITIES, Capability

if TYPE_CHECKING:
    from kokuho_adapters.conformance.embedded import Prefectures

_Command = Callable[..., Any]


@frozen
class Trial:
    """What the options of a run said."""

    settings: ConformanceSettings
    capabilities: frozenset[Capability]
    system: str
    out: Path | None


def together(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Several options as one."""

    def add(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def empty_folder(_: click.Context, __: click.Parameter, value: Path | None) -> Path | None:
    """Said before a long run, not after it."""
    if value is not None and value.exists() and any(value.iterdir()):
        raise click.BadParameter("空のフォルダを指定してください。 / Give an empty folder, or a new one.")
    return value


STORY_SEED: Final = click.option("--seed", default="1", show_default=True, metavar="S", help="種(同じ種は同じ生活史) / Seed.")
CAPABILITY: Final = click.option(
    "--capability", "capabilities", multiple=True, type=click.Choice([each.value for each in Capability]),
    help="システムが持つ能力(繰返し可、既定は全部) / What the system has; all unless given.",
)  # fmt: skip
WAIT_DAYS: Final = click.option(
    "--wait-days", default=30, show_default=True, type=click.IntRange(0, 3650),
    help="相手なしを知らせるまでの日数(P-6) / Days until an unmatched move is told.",
)  # fmt: skip
LAYOUTS: Final = click.option(
    "--layout", "layouts", multiple=True, type=FILE, metavar="FILE", help="自社のレイアウト(繰返し可) / A layout of yours."
)
ENCODING: Final = click.option(
    "--encoding", default="utf-8", show_default=True, type=click.Choice(("utf-8", "utf-8-sig", "cp932")),
    help="渡すファイルと返るファイルの文字コード / Character code of the files, both ways.",
)  # fmt: skip
DATABASE: Final = click.option(
    "--database", metavar="URL",
    help="PostgreSQLのサーバー。一時的なデータベースを作り、終われば消す(既定 SQLite) / A server for databases of our own.",
)  # fmt: skip
RUN: Final = together(
    click.option("--stories", "count", default=200, show_default=True, type=click.IntRange(1), help="生活史の数 / How many."),
    STORY_SEED,
    CAPABILITY,
    click.option("--exceptions", type=FILE, metavar="FILE", help="まだ守れない規則の一覧(TOML) / Rules not kept yet."),
    click.option(
        "--out", type=FOLDER, metavar="DIR", callback=empty_folder,
        help="不適合ごとのフォルダを書く先(空のフォルダ) / A folder for each fault; empty.",
    ),
    click.option("--name", default="", metavar="NAME", help="報告に書くシステム名 / Name of the system in the report."),
    click.option(
        "--together", default=50, show_default=True, type=click.IntRange(1, MOST),
        help="一度に並べて試す生活史の数 / How many stories side by side.",
    ),
    click.option(
        "--tries", default=200, show_default=True, type=click.IntRange(0), help="短くするための試行の上限 / Runs to shorten one."
    ),
    click.option(
        "--faults", "most_faults", default=10, show_default=True, type=click.IntRange(1),
        help="これだけ見つかれば終わる / So many are enough.",
    ),
    WAIT_DAYS,
)  # fmt: skip
VENDOR: Final = together(
    click.option(
        "--command", "line", metavar="LINE",
        help="自社のコマンド。{in} {out} {state} {as_of} が置き換わる / Your command.",
    ),
    click.option("--replay", is_flag=True, help="毎回すべてを渡す(状態を持たないもの用) / Give all steps each time."),
    click.option(
        "--timeout", default=60.0, show_default=True, type=click.FloatRange(0.1),
        help="一回の秒数の上限 / Seconds a step may take.",
    ),
    LAYOUTS,
    ENCODING,
)  # fmt: skip


def trial_of(said: dict[str, Any], *, together: int | None = None) -> Trial:
    """From the values of :data:`RUN`. Raises :class:`SetupFault` (KKH-Y005) for the exceptions."""
    settings = ConformanceSettings(
        seed=said["seed"],
        stories=said["count"],
        together=said["together"] if together is None else together,
        most_faults=said["most_faults"],
        most_tries=said["tries"],
        wait_days=said["wait_days"],
        exceptions={} if said["exceptions"] is None else read_exceptions(said["exceptions"]),
    )
    return Trial(settings, capabilities_of(said["capabilities"]), said["name"], said["out"])


def prefectures_of(database: str | None) -> AbstractContextManager[Prefectures]:
    """Where prefectures lie, from the value of :data:`DATABASE`. Raises :class:`SetupFault` (KKH-C010) for no URL of a server."""
    from kokuho_adapters.conformance.embedded import ServerPrefectures, SqlitePrefectures
    from kokuho_adapters.conformance.temporary_databases import server_url

    if database is None:
        return nullcontext(SqlitePrefectures())
    server_url(database)
    return ServerPrefectures(database)


def capabilities_of(given: tuple[str, ...]) -> frozenset[Capability]:
    return frozenset(map(Capability, given)) or ALL_CAPABILITIES


def form_of(layouts: tuple[Path, ...], encoding: str) -> FileForm:
    """Raises :class:`SetupFault` (KKH-C009) for a layout that is none."""
    return FileForm(LayoutBook.shipped().with_files(layouts), encoding)


def door_of(line: str, said: dict[str, Any]) -> FileDoor:
    """From the values of :data:`VENDOR`. Raises :class:`SetupFault`: KKH-Y007 the command, KKH-C009 a layout."""
    command = VendorCommand.parse(line, said["timeout"])
    return FileDoor(command, form_of(said["layouts"], said["encoding"]), said["replay"])
