"""拒否と証跡: every way in which a request is refused, by either channel; each is in the audit, with who and why (S-4)."""

from __future__ import annotations

import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from attrs import define

from kokuho_adapters.exchange.manifest import ListedFile, Manifest
from kokuho_adapters.exchange.staging import digest_of
from kokuho_adapters.files.reader import AGGREGATION
from kokuho_adapters.registry.folder_channel import INTERMEDIATE, FolderGateway
from kokuho_adapters.registry_simulator.answers import Refusal
from kokuho_adapters.registry_simulator.folders import FolderService
from kokuho_adapters.registry_simulator.receiver import Receiver
from kokuho_adapters.registry_simulator.state import State
from kokuho_core.ports.registry import Batch, RegistrationLine

from .kit import (
    BOOK,
    EAST,
    FAR,
    FEDERATION,
    MOMENT,
    OPERATOR,
    Side,
    Ticking,
    batch,
    exchanged,
    line,
    running,
    settings_in,
)
from .test_receiver import texts

SENT: Final = f"/v1/partitions/{EAST}/registrations"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    """A simulator that took one batch."""
    with running(tmp_path_factory.mktemp("refusals")) as side:
        exchanged(side.gateway("server"), batch(1, [line("K1")]))
        yield side


# --- server to server ---


def body(number: int, rows: list[RegistrationLine], **other: Any) -> dict[str, Any]:
    return {"json": {"version": "1.0", "number": number, "rows": texts(rows), **other}, "headers": {"Idempotency-Key": f"T{number}"}}


REQUESTS: Final[dict[str, tuple[Refusal, int, str, str, dict[str, Any]]]] = {
    "another's partition": (Refusal.PARTITION, 403, "GET", f"/v1/partitions/{FAR}/qualifications", {}),
    "an operator's act": (Refusal.PARTITION, 403, "GET", "/operator/audit", {}),
    "no such reception": (Refusal.NOT_FOUND, 404, "GET", f"{SENT}/R99999999999", {}),
    "no such path": (Refusal.NOT_FOUND, 404, "GET", "/v1/elsewhere", {}),
    "no such method": (Refusal.MALFORMED, 405, "PUT", SENT, {}),
    "no JSON": (Refusal.MALFORMED, 400, "POST", SENT, {"content": b"{", "headers": {"Idempotency-Key": "T9"}}),
    "no idempotency key": (Refusal.MALFORMED, 400, "POST", SENT, {"json": body(2, [line("K2")])["json"]}),
    "another version": (Refusal.MALFORMED, 400, "POST", SENT, body(2, [line("K2")], version="9.9")),
    "an insurer that is none": (Refusal.MALFORMED, 400, "GET", "/v1/partitions/12/qualifications", {}),
    "a number with another content": (Refusal.NUMBER_USED, 409, "POST", SENT, body(1, [line("K2", 2)])),
    "a number that is not the next": (Refusal.NUMBER_GAP, 409, "POST", SENT, body(3, [line("K2", 2)])),
    "another's record": (Refusal.FOREIGN_RECORD, 422, "POST", SENT, body(2, [line("F1", insurer=FAR)])),
    "one key for two records": (Refusal.UNANSWERABLE, 422, "POST", SENT, body(2, [line("K2"), line("K2", 2)])),
    "too many records": (Refusal.MALFORMED, 400, "POST", SENT, body(2, [line("K2")] * 2001)),
    "too many bytes": (
        Refusal.TOO_LARGE, 413, "POST", SENT,
        {"content": b" " * ((8 << 20) + 1), "headers": {"Idempotency-Key": "T9", "Content-Type": "application/json"}},
    ),
}  # fmt: skip


def test_every_refusal_has_a_case() -> None:
    """Rules: S-4. The one that is missing here is the client nobody registered, of the test below."""
    assert {refusal for refusal, *_ in REQUESTS.values()} | {Refusal.UNKNOWN_CLIENT} == set(Refusal)


def context_of(side: Side, certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(side.simulator.settings.certificates / "ca.pem"))
    context.load_cert_chain(*certificate)
    return context


def own_certificate(side: Side) -> tuple[Path, Path]:
    certificates = side.simulator.settings.certificates
    return certificates / f"{FEDERATION}.pem", certificates / f"{FEDERATION}.key"


@pytest.mark.parametrize("name", REQUESTS)
def test_by_https(served: Side, name: str) -> None:
    """Rules: R-1, R-3, S-4. One request, one entry: the code is the one that was answered, and nothing of the request stands in it."""
    refusal, status, method, path, given = REQUESTS[name]
    before = len(served.refusals())
    with httpx.Client(verify=context_of(served, own_certificate(served)), trust_env=False, base_url=served.simulator.url) as client:
        answer = client.request(method, path, **given)
    assert (answer.status_code, answer.json()["code"]) == (status, refusal.value)
    [(subject, _, _, reason)] = served.refusals()[before:]
    assert (subject, reason) == (FEDERATION, refusal.value)


def test_a_client_that_nobody_registered(served: Side, tmp_path: Path) -> None:
    """Rules: R-1, S-4. The authority knows him, the list of clients does not: whatever he asks."""
    stranger = served.authority.issue(tmp_path, "somebody", datetime.now(UTC))
    before = len(served.refusals())
    with httpx.Client(verify=context_of(served, stranger), trust_env=False, base_url=served.simulator.url) as client:
        assert client.get(f"/v1/partitions/{EAST}/qualifications").status_code == 403
        assert client.post(SENT, **body(2, [line("K2")])).status_code == 403
        assert client.get("/operator/audit").status_code == 403
    assert [(each[0], each[3]) for each in served.refusals()[before:]] == [("somebody", Refusal.UNKNOWN_CLIENT.value)] * 3


def test_what_is_no_request(served: Side) -> None:
    """Rules: S-4. It never reaches the application, and is in the audit all the same."""
    before = len(served.refusals())
    with (
        socket.create_connection((served.simulator.host, served.simulator.port), timeout=10) as plain,
        context_of(served, own_certificate(served)).wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        secured.sendall(b"no request at all\r\n\r\n")
        assert secured.recv(100).startswith(b"HTTP/1.1 400")
    assert served.refusals()[before:] == [(FEDERATION, "connect", "", Refusal.MALFORMED.value)]


# --- by folder ---


@define
class Desk:
    """A receiver that works when it is told to, and the folders of the federation."""

    receiver: Receiver
    folder: Path

    @property
    def shared(self) -> Path:
        return self.receiver.settings.to_server(FEDERATION)

    def send(self, sent: Batch) -> None:
        settings = self.receiver.settings
        own = self.folder / "own"
        FolderGateway(self.shared, settings.from_server(FEDERATION), own, BOOK, Ticking()).send(sent)

    def put(self, name: str, content: bytes) -> None:
        """A file as nobody should send it, with a 送付状 that is right."""
        (self.folder / name).write_bytes(content)
        manifest = Manifest.fresh(AGGREGATION, INTERMEDIATE, MOMENT, (ListedFile(name, digest_of(self.folder / name)),))
        self.shared.mkdir(parents=True, exist_ok=True)
        (self.folder / name).rename(self.shared / name)
        (self.shared / manifest.name).write_bytes(manifest.to_bytes())


def _others_partition(desk: Desk) -> None:
    desk.send(batch(1, [line("F1", insurer=FAR)], FAR))


def _anothers_record(desk: Desk) -> None:
    desk.send(batch(1, [line("F1", insurer=FAR)]))


def _one_key_for_two(desk: Desk) -> None:
    desk.send(batch(1, [line("K1"), line("K1", 2)]))


def _used_number(desk: Desk) -> None:
    desk.send(batch(1, [line("K1")]))
    FolderService(desk.receiver).work_once()
    desk.send(batch(1, [line("K2", 2)]))


def _damaged(desk: Desk) -> None:
    desk.send(batch(1, [line("K1")]))
    [path] = desk.shared.glob("*.csv")
    path.write_bytes(path.read_bytes().replace(b"K1", b"K2"))


def _cut_off(desk: Desk) -> None:
    desk.send(batch(1, [line("K1"), line("K2", 2)]))
    [path] = desk.shared.glob("*.csv")
    content = path.read_bytes()
    shutil.rmtree(desk.shared)
    desk.put(path.name, content[: content.index(b"K2")])


def _unknown_kind(desk: Desk) -> None:
    desk.put(f"RIYOTO_{EAST}_20260401090000_0001.csv", f"1,RIYOTO,1.0,{EAST},20260401090000,1\r\n9,0\r\n".encode())


FILES: Final[dict[str, tuple[Callable[[Desk], None], str]]] = {
    "another's partition": (_others_partition, Refusal.PARTITION.value),
    "another's record": (_anothers_record, Refusal.FOREIGN_RECORD.value),
    "one key for two records": (_one_key_for_two, Refusal.UNANSWERABLE.value),
    "a number with another content": (_used_number, Refusal.NUMBER_USED.value),
    "damaged on its way": (_damaged, "KKH-E002"),
    "cut off": (_cut_off, "KKH-F005"),
    "a kind of file that nobody sends": (_unknown_kind, Refusal.MALFORMED.value),
}


@pytest.mark.parametrize("name", FILES)
def test_by_folder(tmp_path: Path, name: str) -> None:
    """Rules: R-1, R-3, S-4. One file, one entry."""
    put, reason = FILES[name]
    settings = settings_in(tmp_path / "server")
    desk = Desk(Receiver(settings, State(settings.state_folder), Ticking()), tmp_path)
    try:
        put(desk)
        FolderService(desk.receiver).work_once()
        [entry] = [each for each in desk.receiver.audit(OPERATOR, 0, 1000) if each.outcome == "refused"]
        assert (entry.channel, entry.subject, entry.reason) == ("file", FEDERATION, reason)
    finally:
        desk.receiver.state.close()
