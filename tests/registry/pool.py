"""区画の蓄え: one running simulator for many examples, each of which gets municipalities of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from attrs import define, field

from kokuho_adapters.registry_simulator.certificates import Authority
from kokuho_adapters.registry_simulator.server import HOSTS, RunningSimulator
from kokuho_adapters.registry_simulator.settings import Client, Settings
from kokuho_core.vocabulary.identifiers import InsurerNumber

from .kit import FEDERATION, NEIGHBOUR, Side

_MANY = 4000


@define
class Pool:
    """``fresh`` gives a municipality of the federation, ``fresh_far`` one of the neighbour, that nobody used before."""

    side: Side
    _numbers: Iterator[int] = field(factory=lambda: count(900_000))
    _far: Iterator[int] = field(factory=lambda: count(800_000))
    _persons: Iterator[int] = field(factory=lambda: count(1, 1000))

    def fresh(self) -> InsurerNumber:
        return InsurerNumber(str(next(self._numbers)))

    def fresh_far(self) -> InsurerNumber:
        return InsurerNumber(str(next(self._far)))

    def persons(self) -> int:
        """From which on 1,000 invented persons are nobody else's."""
        return next(self._persons)


@contextmanager
def pooled(folder: Path) -> Iterator[Pool]:
    """A simulator with very many partitions."""
    settings = Settings(
        folder / "server",
        [
            Client(FEDERATION, frozenset(str(900_000 + each) for each in range(_MANY))),
            Client(NEIGHBOUR, frozenset(str(800_000 + each) for each in range(_MANY))),
            Client("operator", operator=True),
        ],
    )
    moment = datetime.now(UTC)
    authority = Authority.made("test authority", moment)
    authority.write(settings.certificates / "ca.pem")
    authority.issue(settings.certificates, "server", moment, HOSTS)
    for client in settings.clients:
        authority.issue(settings.certificates, client, moment)
    with RunningSimulator(settings, folder_seconds=0.005) as simulator:
        side = Side(simulator, authority, folder / "own")
        try:
            yield Pool(side)
        finally:
            side.close()
