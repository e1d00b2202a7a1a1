"""接続: who is let in over TLS, who is believed to be the server, and what is recorded of those who are not."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from kokuho_adapters.registry.server_channel import ServerAddress, ServerGateway
from kokuho_adapters.registry_simulator.certificates import Authority
from kokuho_adapters.registry_simulator.server import HOSTS, RunningSimulator
from kokuho_core.errors import ChannelFault, ChannelRefused, SetupFault
from kokuho_core.ports.registry import Exchange

from .kit import (
    BOOK,
    EAST,
    FAR,
    FEDERATION,
    NEIGHBOUR,
    PATIENCE,
    WEST,
    Side,
    batch,
    exchanged,
    line,
    running,
    settings_in,
    told,
)

NOW = datetime.now(UTC)
A_DAY = timedelta(days=1)


def ask(side: Side, certificate: tuple[Path, Path] | None, path: str = "/v1/partitions/139519/qualifications") -> int:
    """One plain request with that certificate, the server's own being believed; returns the status."""
    context = ssl.create_default_context(cafile=str(side.simulator.settings.certificates / "ca.pem"))
    if certificate is not None:
        context.load_cert_chain(*certificate)
    with httpx.Client(verify=context, trust_env=False, base_url=side.simulator.url) as client:
        return client.get(path).status_code


def refused_at_the_door(side: Side, certificate: tuple[Path, Path] | None) -> str:
    """That the connection breaks, and why the server says it does."""
    before = len(side.refusals())
    with pytest.raises(httpx.TransportError):
        ask(side, certificate)
    due = time.monotonic() + PATIENCE
    while len(side.refusals()) == before and time.monotonic() < due:
        time.sleep(0.01)
    [(subject, act, insurer, reason)] = side.refusals()[before:]
    assert (subject, act, insurer) == ("", "connect", "")
    return reason


class TestWhoIsLetIn:
    def test_a_certificate_of_the_authority(self, side: Side) -> None:
        """Rules: R-1, S-11."""
        settings = side.simulator.settings.certificates
        assert ask(side, (settings / "federation.pem", settings / "federation.key")) == 200
        assert side.refusals() == []

    def test_no_certificate(self, side: Side) -> None:
        """Rules: R-1, S-4."""
        assert "peer_did_not_return_a_certificate" in refused_at_the_door(side, None)

    def test_a_certificate_of_another_authority(self, side: Side, tmp_path: Path) -> None:
        """Rules: R-1, S-4. Even with the right name in it."""
        stranger = Authority.made("another authority", NOW).issue(tmp_path, FEDERATION, NOW)
        assert "issuer certificate" in refused_at_the_door(side, stranger)

    def test_an_authority_that_only_has_the_same_name(self, side: Side, tmp_path: Path) -> None:
        """Rules: R-1, S-4."""
        forged = Authority.made("test authority", NOW).issue(tmp_path, FEDERATION, NOW)
        assert "TLS: " in refused_at_the_door(side, forged)

    def test_an_expired_certificate(self, side: Side, tmp_path: Path) -> None:
        """Rules: R-1, S-4, S-11."""
        expired = side.authority.issue(tmp_path, FEDERATION, NOW, valid=A_DAY, begins=-2 * A_DAY)
        assert "has expired" in refused_at_the_door(side, expired)
        with pytest.raises(SetupFault) as fault:  # ours is not even used
            side.server_gateway(certificate=expired[0], key=expired[1])
        assert fault.value.code == "KKH-E008"

    def test_a_certificate_of_tomorrow(self, side: Side, tmp_path: Path) -> None:
        """Rules: R-1, S-11."""
        early = side.authority.issue(tmp_path, FEDERATION, NOW, begins=A_DAY)
        assert "not yet valid" in refused_at_the_door(side, early)

    def test_a_server_certificate_is_no_client(self, side: Side, tmp_path: Path) -> None:
        """Rules: R-1, S-11."""
        wrong = side.authority.issue(tmp_path, FEDERATION, NOW, hosts=HOSTS)
        assert "purpose" in refused_at_the_door(side, wrong)

    def test_a_client_nobody_registered(self, side: Side, tmp_path: Path) -> None:
        """Rules: R-1, S-4. The authority knows him, the list of clients does not."""
        unknown = side.authority.issue(tmp_path, "somebody", NOW)
        assert ask(side, unknown) == 403
        assert side.refusals() == [("somebody", "shown", EAST, "S401")]

    def test_old_tls_is_not_spoken(self, side: Side) -> None:
        """Rules: S-11."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE-ECDSA-AES128-SHA256")  # CBC
        with socket.create_connection((side.simulator.host, side.simulator.port)) as plain, pytest.raises(ssl.SSLError):
            context.wrap_socket(plain)

    def test_plain_http_gets_no_answer(self, side: Side) -> None:
        """Rules: R-1."""
        with pytest.raises(httpx.TransportError):
            httpx.get(side.simulator.url.replace("https", "http") + "/v1/openapi.json", trust_env=False)


class TestWhichPartition:
    def test_of_somebody_else(self, side: Side, channel: str) -> None:
        """Rules: R-1, S-1, S-4. Nothing can be sent there, fetched from there or asked about it, and each try is recorded."""
        theirs = side.gateway(channel, NEIGHBOUR)
        sent = batch(1, [line("F1", insurer=FAR)], FAR)
        reception = theirs.send(sent)
        assert [each.result for each in told(theirs, sent, reception)] == ["1"]
        ours = side.gateway(channel)
        calls = {
            f"send {Exchange.REGISTRATION.value}": lambda: exchanged(ours, batch(2, [line("F2", insurer=FAR)], FAR)),
            "shown": lambda: list(ours.shown(FAR)),
        }
        if channel == "server":
            calls[f"results {Exchange.REGISTRATION.value}"] = lambda: ours.results(
                Exchange.REGISTRATION, FAR, 1, reception
            )
            calls["listing RIYOTO"] = lambda: ours.card_registrations(FAR)
            calls["listing CHOFUKU"] = lambda: ours.duplicates(FAR)
        for act, call in calls.items():
            with pytest.raises(ChannelRefused) as refused:
                call()
            assert refused.value.code == "KKH-K103"
            assert side.refusals()[-1] == (FEDERATION, act, FAR, "S403")
        assert [each.record_key for each in theirs.shown(FAR)] == ["F1"]

    def test_a_record_of_somebody_else_in_ones_own_batch(self, side: Side, channel: str) -> None:
        """Rules: R-1, S-1. The whole batch is refused."""
        gateway = side.gateway(channel)
        with pytest.raises(ChannelRefused) as refused:
            exchanged(gateway, batch(1, [line("E1"), line("F1", 2, insurer=FAR)]))
        assert refused.value.code == "KKH-K105"
        assert side.refusals()[-1][1:] == ("send KANYUSHA", EAST, "S411")
        assert list(gateway.shown(EAST)) == []

    def test_a_reception_of_somebody_else(self, side: Side) -> None:
        """Rules: R-1, S-1. Another partition's 受付番号 is unknown, also between partitions of one client."""
        ours = side.server_gateway()
        reception = ours.send(batch(1, [line("E1")]))
        with pytest.raises(ChannelRefused):
            ours.results(Exchange.REGISTRATION, WEST, 1, reception)
        with pytest.raises(ChannelRefused):
            ours.results(Exchange.CARD_WITHDRAWAL, EAST, 1, reception)
        assert [reason for *_, reason in side.refusals()] == ["S404", "S404"]

    def test_the_operator_reaches_no_partition_and_clients_are_no_operators(self, side: Side) -> None:
        """Rules: R-1, S-31."""
        with pytest.raises(ChannelRefused):
            list(side.server_gateway("operator").shown(EAST))
        certificates = side.simulator.settings.certificates
        own = certificates / "federation.pem", certificates / "federation.key"
        assert ask(side, own, "/operator/audit") == 403
        assert ask(side, (certificates / "operator.pem", certificates / "operator.key"), "/operator/audit") == 200

    def test_the_folder_of_one_client_is_not_anothers(self, side: Side) -> None:
        """Rules: R-1, S-1. Results go to the folder of the partition's client alone."""
        ours = side.folder_gateway()
        exchanged(ours, batch(1, [line("E1")]))
        settings = side.simulator.settings
        assert list(settings.from_server(NEIGHBOUR).glob("*")) == []


def _answering_handshakes(listening: socket.socket, context: ssl.SSLContext) -> None:
    """One connection; what the handshake refuses is said to the other side before the end."""
    plain, _ = listening.accept()
    with plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_side=True)
    assert plain.fileno() == -1


@contextmanager
def posing(folder: Path, name: str, **wrong: object) -> Iterator[RunningSimulator]:
    """A server whose certificate is not what it should be; clients know the authority in ``folder``/ca.pem."""
    settings = settings_in(folder / name)
    authority = Authority.made("right", NOW)
    issuer = Authority.made("wrong", NOW) if wrong.pop("stranger", False) else authority
    authority.write(settings.certificates / "ca.pem")
    authority.issue(settings.certificates, FEDERATION, NOW)
    issuer.issue(settings.certificates, "server", NOW, **{"hosts": HOSTS, **wrong})  # type: ignore[arg-type]
    with RunningSimulator(settings) as simulator:
        yield simulator


class TestWhichServer:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"stranger": True},
            {"hosts": ("elsewhere.example",)},
            {"valid": A_DAY, "begins": -2 * A_DAY},
            {"begins": A_DAY},
        ],
        ids=["another authority", "another host", "expired", "of tomorrow"],
    )
    def test_a_wrong_certificate_ends_it_before_anything_is_said(
        self, tmp_path: Path, wrong: dict[str, object]
    ) -> None:
        """Rules: R-3, S-11."""
        with posing(tmp_path, "posing", **wrong) as simulator:
            certificates = simulator.settings.certificates
            address = ServerAddress(
                simulator.url, certificates / "federation.pem", certificates / "federation.key", certificates / "ca.pem"
            )
            with ServerGateway(address, BOOK) as gateway, pytest.raises(ChannelRefused) as refused:
                gateway.send(batch(1, [line("K1")]))
            assert refused.value.code == "KKH-K102"
            assert simulator.receiver.next_number("KANYUSHA", EAST) == 1

    def test_nobody_answers(self, tmp_path: Path) -> None:
        """Rules: R-3. The line may come back, so it may be tried again."""
        with running(tmp_path) as side:
            gateway = side.server_gateway(attempts=2)
        with ServerGateway(gateway.address, BOOK) as again, pytest.raises(ChannelFault) as fault:
            list(again.shown(EAST))
        assert fault.value.code == "KKH-K101"

    def test_our_certificate_is_not_admitted(self, side: Side, tmp_path: Path) -> None:
        """Rules: R-1, R-3. A server that says why: to repeat it would change nothing, so it is told as refused."""
        stranger = Authority.made("another authority", NOW).issue(tmp_path, FEDERATION, NOW)
        certificates = side.simulator.settings.certificates
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        context.load_verify_locations(certificates / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        with socket.create_server(("127.0.0.1", 0)) as listening:
            thread = threading.Thread(target=_answering_handshakes, args=(listening, context))
            thread.start()
            gateway = side.server_gateway(
                url=f"https://127.0.0.1:{listening.getsockname()[1]}",
                certificate=stranger[0],
                key=stranger[1],
                attempts=1,
            )
            with pytest.raises(ChannelRefused) as refused:
                list(gateway.shown(EAST))
            thread.join(10)
        assert refused.value.code == "KKH-K103"

    def test_a_server_that_hangs_up_without_a_word(self, side: Side, tmp_path: Path) -> None:
        """Rules: R-1, R-3. The same, but it only breaks the connection, as the simulator does: nothing is sent, and it is told."""
        stranger = Authority.made("another authority", NOW).issue(tmp_path, FEDERATION, NOW)
        gateway = side.server_gateway(certificate=stranger[0], key=stranger[1], attempts=2)
        with pytest.raises((ChannelRefused, ChannelFault)):
            gateway.send(batch(1, [line("K1")]))
        assert side.receiver.next_number("KANYUSHA", EAST) == 1
        assert {reason[:4] for *_, reason in side.refusals()} == {"TLS:"}

    def test_only_https(self, side: Side) -> None:
        """Rules: R-3, S-11."""
        with pytest.raises(SetupFault):
            side.address(url="http://localhost:1")

    def test_keys_that_are_not_allowed(self, side: Side, tmp_path: Path) -> None:
        """Rules: S-11."""
        from ..exchange.samples import write_party

        short = write_party(tmp_path, "short", "short")
        with pytest.raises(SetupFault) as fault:
            side.server_gateway(certificate=short[0], key=short[1])
        assert fault.value.code == "KKH-E008"
        other = side.simulator.settings.certificates / "neighbour.key"
        with pytest.raises(SetupFault):
            side.server_gateway(key=other)
