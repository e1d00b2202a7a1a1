"""起動: the simulator as a whole, over TLS and by folders; prepared with a certificate authority of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from attrs import define, field

from kokuho_adapters.registry_simulator.answers import Refusal
from kokuho_adapters.registry_simulator.certificates import Authority
from kokuho_adapters.registry_simulator.folders import FolderService
from kokuho_adapters.registry_simulator.receiver import Caller, Receiver
from kokuho_adapters.registry_simulator.settings import SETTINGS_FILE, Client, Settings, load_settings, write_settings
from kokuho_adapters.registry_simulator.state import State
from kokuho_core.errors import Problem, SetupFault

HOSTS: Final = ("localhost", "127.0.0.1")
FEDERATION: Final = "federation"
OPERATOR: Final = "operator"
_STARTED_SECONDS: Final = 30
_FOLDER_SECONDS: Final = 0.2


def local_now() -> datetime:
    """Local time of this computer, as the files have it."""
    return datetime.now()  # noqa: DTZ005 - files carry local time without a zone


def prepare(folder: Path, insurers: Iterable[str], hosts: tuple[str, ...] = HOSTS) -> Settings:
    """Make settings with one federation that may reach the partitions of ``insurers``, and an operator; certificates for all.

    Raises :class:`SetupFault` (KKH-C010) where settings exist.
    """
    if (folder / SETTINGS_FILE).exists():
        raise SetupFault(Problem("KKH-C010", field=f"{SETTINGS_FILE}: exists already"))
    settings = Settings(folder, [Client(FEDERATION, frozenset(insurers)), Client(OPERATOR, operator=True)])
    issue_certificates(settings, hosts)
    for client in settings.clients.values():
        if not client.operator:
            settings.to_server(client.name).mkdir(parents=True, exist_ok=True)
            settings.from_server(client.name).mkdir(parents=True, exist_ok=True)
    write_settings(settings)
    return settings


def issue_certificates(settings: Settings, hosts: tuple[str, ...] = HOSTS) -> Authority:
    """``ca.pem``, ``server.pem`` and one certificate per client, each with its key beside it, valid for a year."""
    moment = datetime.now(UTC)
    authority = Authority.made("kokuho registry simulator", moment)
    authority.write(settings.certificates / "ca.pem")
    authority.issue(settings.certificates, "server", moment, hosts)
    for client in settings.clients.values():
        authority.issue(settings.certificates, client.name, moment)
    return authority


def open_receiver(settings: Settings, now: Callable[[], datetime] = local_now) -> Receiver:
    """The receiver with its database."""
    return Receiver(settings, State(settings.state_folder), now)


@define
class RunningSimulator:
    """動いている模擬サーバー: HTTPS on ``host``:``port`` (0 takes a free one) and the folders, until it is left.

    Raises :class:`SetupFault`: KKH-E014 without the extra ``simulator``, KKH-E008 certificates, KKH-K101 the port.
    """

    settings: Settings
    host: str = "127.0.0.1"
    port: int = 0
    now: Callable[[], datetime] = local_now
    folder_seconds: float = _FOLDER_SECONDS
    receiver: Receiver = field(init=False)
    _server: Any = field(init=False, default=None)
    _threads: list[threading.Thread] = field(init=False, factory=list)
    _folders: FolderService = field(init=False)

    @classmethod
    def of(cls, folder: Path, host: str, port: int) -> RunningSimulator:
        """With the settings in ``folder``."""
        return cls(load_settings(folder), host, port)

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.port}"

    def __enter__(self) -> RunningSimulator:
        listening = _listening(self.host, self.port)
        self.port = listening.getsockname()[1]
        self.receiver = open_receiver(self.settings, self.now)
        try:
            self._server = self._web_server()
        except BaseException:
            listening.close()
            self.receiver.state.close()
            raise
        self._folders = FolderService(self.receiver)
        self._threads = [
            threading.Thread(target=self._server.run, kwargs={"sockets": [listening]}, name="simulator-https"),
            threading.Thread(
                target=self._folders.work_until_stopped, args=(self.folder_seconds,), name="simulator-folders"
            ),
        ]
        for thread in self._threads:
            thread.start()
        due = time.monotonic() + _STARTED_SECONDS
        while not self._server.started and time.monotonic() < due:
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._folders.stop()
        self._server.should_exit = True
        for thread in self._threads:
            thread.join(_STARTED_SECONDS)
        self.receiver.state.close()

    def wait(self) -> None:
        """Until the server ends, or the terminal interrupts it."""
        try:
            while self._threads[0].is_alive():
                self._threads[0].join(0.5)
        except KeyboardInterrupt:
            return

    def _web_server(self) -> Any:
        try:
            import uvicorn  # noqa: PLC0415 - an extra

            from kokuho_adapters.registry_simulator.application import on_the_line  # noqa: PLC0415
            from kokuho_adapters.registry_simulator.tls import certified_protocol, server_context  # noqa: PLC0415
        except ImportError:
            raise SetupFault(Problem("KKH-E014", field="simulator")) from None
        certificates = self.settings.certificates
        try:
            context = server_context(
                certificates / "server.pem",
                certificates / "server.key",
                certificates / "ca.pem",
                self._handshake_refused,
            )
        except OSError:  # ssl.SSLError is one
            raise SetupFault(Problem("KKH-E008", field="server certificate")) from None
        config = uvicorn.Config(
            on_the_line(self.receiver),
            http=certified_protocol(self._no_request),
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        config.load()
        config.ssl = context
        return uvicorn.Server(config)

    def _no_request(self, subject: str) -> None:
        self.receiver.note(Caller("https", subject), "connect", "", Refusal.MALFORMED)

    def _handshake_refused(self, why: str) -> None:
        self.receiver.note(Caller("https", ""), "connect", "", None, f"TLS: {why}"[:200])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # the protocol is named, or asyncio would not switch off the delay of small packets
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except OSError:
        made.close()
        raise SetupFault(Problem("KKH-K101", field=f"{host}:{port}")) from None
    return made
