"""登録の受け手の口: a vendor's intermediate server, asked over one gateway with two fresh partitions for each exchange."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from attrs import define, field

from kokuho_core.conformance.trials.receiver import Registry
from kokuho_core.conformance.trials.trial import NothingFresh
from kokuho_core.ports.registry import RegistryGateway
from kokuho_core.vocabulary.identifiers import InsurerNumber

_PEOPLE = 10
"""Set aside for each exchange, so that nobody stands in the partitions of two."""


@define
class ReceiverDoor:
    """受け手の口. ``gateway`` is let into ``partitions``, which are empty; ``door.open`` is the ``make`` of a ReceiverTrial."""

    gateway: RegistryGateway
    partitions: Iterable[InsurerNumber]
    _fresh: Iterator[InsurerNumber] = field(init=False)
    _used: int = 0

    def __attrs_post_init__(self) -> None:
        self._fresh = iter(self.partitions)

    @contextmanager
    def open(self) -> Iterator[Registry]:
        """Raises :class:`NothingFresh` when less than two partitions are left."""
        pair = next(self._fresh, None), next(self._fresh, None)
        if pair[0] is None or pair[1] is None:
            raise NothingFresh
        self._used += 1
        yield Registry(self.gateway, (pair[0], pair[1]), _PEOPLE * (self._used - 1))
