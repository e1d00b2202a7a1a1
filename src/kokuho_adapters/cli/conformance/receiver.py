"""``kokuho conformance receiver``: a vendor's server of the registration interface."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kokuho_adapters.cli.conformance.port_run import port_run, run_trials
from kokuho_adapters.cli.parameters import FILE, FOLDER
from kokuho_adapters.cli.secrets_given import passphrase_of
from kokuho_adapters.cli.session import JSON
from kokuho_core.vocabulary.identifiers import InsurerNumber

if TYPE_CHECKING:
    from kokuho_core.ports.registry import RegistryGateway

_PARTITIONS: Final = re.compile(r"([0-9]{6}|[0-9]{8})(?:-([0-9]{6}|[0-9]{8}))?", re.ASCII)
_MOST: Final = 100_000
_PAUSE: Final = 0.05


def _listed(_: click.Context, __: click.Parameter, value: tuple[str, ...]) -> list[InsurerNumber]:
    """Numbers, and ranges of them, in the order given."""
    found: list[InsurerNumber] = []
    for text in value:
        match = _PARTITIONS.fullmatch(text)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if match is None or not first <= last < first + _MOST or len(match[2] or match[1]) != len(match[1]):
            raise click.BadParameter("保険者番号か 初-終 です。 / A number, or FIRST-LAST.")
        found += (InsurerNumber(f"{number:0{len(match[1])}d}") for number in range(first, last + 1))
    if len(set(found)) < 2 or len(set(found)) != len(found):
        raise click.BadParameter("異なる委託区画が二つ以上要ります。 / Two different partitions at least.")
    return found


@click.command()
@click.option("--url", metavar="URL", help="試す受け手 https://HOST:PORT / The receiver under test.")
@click.option("--certificate", type=FILE, metavar="FILE", help="当方の証明書 / Our certificate.")
@click.option("--key", type=FILE, metavar="FILE", help="当方の秘密鍵 / Our private key.")
@click.option("--authority", type=FILE, metavar="FILE", help="受け手の認証局の証明書 / The receiver's authority.")
@click.option("--passphrase-file", type=FILE, metavar="FILE", help="秘密鍵のパスフレーズ / Passphrase of the key.")
@click.option("--to", "to_server", type=FOLDER, metavar="DIR", help="受け手へのフォルダ(ファイル連携) / Folder to it.")
@click.option("--from", "from_server", type=FOLDER, metavar="DIR", help="受け手からのフォルダ / Folder from it.")
@click.option(
    "--partition", "partitions", required=True, multiple=True, callback=_listed, metavar="CODE[-CODE]",
    help="試験のための空の委託区画(繰返し可、一回に二つ使う) / Empty partitions; two for each history.",
)  # fmt: skip
@click.option(
    "--wait", default=30.0, show_default=True, type=click.FloatRange(0.1),
    help="結果を待つ秒数の上限 / Seconds to wait for results.",
)  # fmt: skip
@port_run(30)
@JSON
def receiver(partitions: list[InsurerNumber], wait: float, as_json: bool, **said: Any) -> int:
    """自社の受け手(中間サーバー)を、登録のやり取りで試します。 / Test your server of the registration interface.

    委託区画は一度しか使えません。足りなくなれば、そこまでの結果を報告します。

    Partitions are used once; a run ends where none are left.
    """
    from kokuho_adapters.conformance.receiver_door import ReceiverDoor
    from kokuho_core.conformance.trials.receiver import ReceiverTrial

    with _gateway(said, wait) as gateway:
        if next(iter(gateway.shown(partitions[0])), None) is not None:
            raise click.UsageError("委託区画が空ではありません。 / The partitions are not empty.")
        door = ReceiverDoor(gateway, partitions)
        trial = ReceiverTrial(door.open, lambda: time.sleep(_PAUSE), int(wait / _PAUSE) + 1)
        return run_trials([trial], said, as_json, system=said["url"] or str(said["to_server"]))


@contextmanager
def _gateway(said: dict[str, Any], wait: float) -> Iterator[RegistryGateway]:
    from kokuho_adapters.files import LayoutBook

    by_url = (said["url"], said["certificate"], said["key"], said["authority"])
    by_folder = (said["to_server"], said["from_server"])
    if all(by_url) and not any(by_folder):
        from kokuho_adapters.registry.server_channel import ServerAddress, ServerGateway

        secret = passphrase_of(said["key"], said["passphrase_file"])
        with ServerGateway(ServerAddress(*by_url, secret), LayoutBook.shipped()) as gateway:
            yield gateway
    elif all(by_folder) and not any(by_url):
        from kokuho_adapters.composition import SystemClock
        from kokuho_adapters.registry.folder_channel import FolderGateway

        with tempfile.TemporaryDirectory(prefix="kokuho-conformance-", ignore_cleanup_errors=True) as own:
            yield FolderGateway(*by_folder, Path(own), LayoutBook.shipped(), SystemClock().now, wait, _PAUSE)
    else:
        raise click.UsageError(
            "--url --certificate --key --authority か、--to --from を指定してください。 / Give a server or two folders."
        )
