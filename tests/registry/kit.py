"""道具: a running simulator with certificates made for the test, gateways of both channels, and records to send.

Every number and name is invented.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import define, field

from kokuho_adapters.files import LayoutBook
from kokuho_adapters.registry.folder_channel import FolderGateway
from kokuho_adapters.registry.server_channel import ServerAddress, ServerGateway
from kokuho_adapters.registry_simulator.certificates import Authority
from kokuho_adapters.registry_simulator.faults import Fault
from kokuho_adapters.registry_simulator.folders import FolderService
from kokuho_adapters.registry_simulator.receiver import Caller, Receiver
from kokuho_adapters.registry_simulator.server import HOSTS, RunningSimulator, local_now
from kokuho_adapters.registry_simulator.settings import Client, Settings
from kokuho_core.ports.registry import (
    Batch,
    Exchange,
    Line,
    ReceptionNumber,
    RecordKey,
    RegistrationLine,
    RegistryGateway,
    SymbolLine,
    WithdrawalLine,
)
from kokuho_core.vocabulary.check_digits import individual_number_digit
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId
from kokuho_core.vocabulary.individual_number import IndividualNumber

EAST, WEST, FAR = InsurerNumber("139519"), InsurerNumber("139527"), InsurerNumber("149518")
MOMENT = datetime(2026, 4, 1, 9, 0, 0)
BOOK = LayoutBook.shipped()
OPERATOR = Caller("test", "operator")
NEIGHBOUR, FEDERATION = "neighbour", "federation"
PATIENCE = 120.0
"""Seconds until what the other side does in its own time counts as not done; long, since the machine may be busy."""


def number(serial: int) -> IndividualNumber:
    """An invented number with a right check digit."""
    payload = f"97{serial:09d}"
    return IndividualNumber(payload + str(individual_number_digit(payload)))


def line(
    key: str,
    person: int = 1,
    *,
    kind: str = "1",
    insurer: InsurerNumber = EAST,
    start: date = date(2026, 4, 1),
    end: date | None = None,
    **changed: Any,
) -> RegistrationLine:
    """One registration of person ``person``."""
    lost = changed.pop("lost", None)
    return RegistrationLine(
        insurer_number=insurer,
        record_key=RecordKey(key),
        update_kind=kind,
        individual_number=number(person),
        municipal_insured_id=MunicipalInsuredId(f"M{person:08d}"),
        card_symbol="東見",
        card_number=f"{person:07d}",
        branch_number="01",
        name=f"見本{person}",
        name_kana="ミホン",
        name_on_card=None,
        name_kana_on_card=None,
        true_name=None,
        true_name_kana=None,
        sex_on_back="0",
        birth_date=date(1980, 1, 2),
        sex="2",
        address="東見本市一丁目1番",
        qualification_acquired=date(2026, 4, 1),
        qualification_lost=lost,
        reason_of_loss="99" if lost is not None else None,
        application_start=start,
        application_end=end,
        address_withheld="0",
        self_view_stopped="0",
        notified_on=date(2026, 4, 2),
    )._replace(**changed)


def cancelled(of: RegistrationLine) -> RegistrationLine:
    """The cancellation of a record."""
    return of._replace(update_kind="3")


def batch(
    number_: int,
    lines: Iterable[Line],
    insurer: InsurerNumber = EAST,
    exchange: Exchange = Exchange.REGISTRATION,
    created_at: datetime | None = None,
) -> Batch:
    """A batch of the lines, made at a time that follows from its number."""
    kept: Sequence[Line] = list(lines)
    made = created_at or MOMENT + timedelta(minutes=number_)
    return Batch(exchange, insurer, number_, made, len(kept), lambda: iter(kept))


def withdrawal(person: int, applied_on: date, insurer: InsurerNumber = EAST) -> WithdrawalLine:
    return WithdrawalLine(insurer, MunicipalInsuredId(f"M{person:08d}"), applied_on)


def symbol(person: int, insurer: InsurerNumber = EAST) -> SymbolLine:
    return SymbolLine(insurer, MunicipalInsuredId(f"M{person:08d}"), date(2026, 4, 1))


@define
class Ticking:
    """A clock that stands, but for one second each time it is looked at."""

    moment: datetime = MOMENT

    def __call__(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


def settings_in(folder: Path, **more: Any) -> Settings:
    """A federation with two partitions, a neighbour with one, and an operator."""
    return Settings(
        folder,
        [
            Client(FEDERATION, frozenset({EAST, WEST})),
            Client(NEIGHBOUR, frozenset({FAR})),
            Client("operator", operator=True),
        ],
        **more,
    )


def folder_gateway(
    settings: Settings, own: Path, client: str = FEDERATION, wait_seconds: float = PATIENCE
) -> FolderGateway:
    """The client's end of his exchange folder."""
    shared, answers = settings.to_server(client), settings.from_server(client)
    return FolderGateway(shared, answers, own, BOOK, local_now, wait_seconds, 0.01)


@define
class Side:
    """The simulator that is running, and what a client needs to reach it."""

    simulator: RunningSimulator
    authority: Authority
    own: Path
    _open: list[ServerGateway] = field(factory=list)
    _kept: dict[tuple[str, str], RegistryGateway] = field(factory=dict)

    @property
    def receiver(self) -> Receiver:
        return self.simulator.receiver

    def address(self, client: str = FEDERATION, **more: Any) -> ServerAddress:
        certificates = self.simulator.settings.certificates
        given = {
            "url": self.simulator.url,
            "certificate": certificates / f"{client}.pem",
            "key": certificates / f"{client}.key",
            "authority": certificates / "ca.pem",
            "timeout_seconds": 30.0,
            "pause_seconds": 0.01,
            **more,
        }
        return ServerAddress(**given)

    def server_gateway(self, client: str = FEDERATION, **more: Any) -> ServerGateway:
        made = ServerGateway(self.address(client, **more), BOOK)
        self._open.append(made)
        return made

    def folder_gateway(self, client: str = FEDERATION, wait_seconds: float = PATIENCE) -> FolderGateway:
        return folder_gateway(self.simulator.settings, self.own / client, client, wait_seconds)

    def gateway(self, channel: str, client: str = FEDERATION) -> RegistryGateway:
        """A gateway of the channel, the same one each time."""
        if (channel, client) not in self._kept:
            made = self.folder_gateway(client) if channel == "file" else self.server_gateway(client)
            self._kept[channel, client] = made
        return self._kept[channel, client]

    def order(self, fault: str | Fault) -> None:
        self.receiver.order_fault(OPERATOR, Fault.parse(fault) if isinstance(fault, str) else fault)

    def refusals(self) -> list[tuple[str, str, str, str]]:
        """(subject, act, insurer, reason) of all that was refused."""
        entries = self.receiver.audit(OPERATOR, 0, 100_000)
        return [
            (each.subject, each.act, each.insurer_number, each.reason) for each in entries if each.outcome == "refused"
        ]

    def close(self) -> None:
        for each in self._open:
            each.close()


@contextmanager
def running(folder: Path, **more: Any) -> Iterator[Side]:
    """A simulator on a free port, with certificates of an authority of its own."""
    settings = settings_in(folder / "server", **more)
    moment = datetime.now(UTC)
    authority = Authority.made("test authority", moment)
    authority.write(settings.certificates / "ca.pem")
    authority.issue(settings.certificates, "server", moment, HOSTS)
    for client in settings.clients:
        authority.issue(settings.certificates, client, moment)
    with RunningSimulator(settings, folder_seconds=0.02) as simulator:
        side = Side(simulator, authority, folder / "own")
        try:
            yield side
        finally:
            side.close()


def told(
    gateway: RegistryGateway,
    sent: Batch,
    reception: ReceptionNumber,
    service: FolderService | None = None,
    seconds: float = PATIENCE,
) -> list[Any]:
    """The results of a batch, as soon as they are there."""
    import time

    due = time.monotonic() + seconds
    while time.monotonic() < due:
        if service is not None:
            service.work_once()
        found = gateway.results(sent.exchange, sent.insurer_number, sent.number, reception)
        if found is not None:
            return list(found)
        time.sleep(0.01)
    raise AssertionError("no result came")


def exchanged(gateway: RegistryGateway, sent: Batch) -> list[Any]:
    """Send and fetch."""
    return told(gateway, sent, gateway.send(sent))
