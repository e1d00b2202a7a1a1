"""しきい値: how much of what stands a single file may change, empty or end without a second look (S-28)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from attrs import evolve, field, frozen

from kokuho_core.vocabulary.identifiers import InsurerNumber


class GateKind(StrEnum):
    """安全弁の種類."""

    CHANGE = "change"
    """大量変更: a field changes for many at once (六戸町 2024: the share of 671 people in one run)."""
    EMPTY = "empty"
    """空欄化: a field that was filled is empty for many at once (熊本 2025: a wrong setting)."""
    LOSS = "loss"
    """大量の取消・終了: many records are cancelled, or many periods end, at once."""

    @property
    def code(self) -> str:
        """The code that the sender and the operators are told."""
        return _CODES[self]


_CODES: Final = {GateKind.CHANGE: "KKH-G001", GateKind.EMPTY: "KKH-G002", GateKind.LOSS: "KKH-G003"}


@frozen
class Threshold:
    """しきい値: a gate closes when at least ``at_least`` records and at least ``percent`` % of what stands are affected.

    Both, so that neither ten people in a village nor a normal day in a large city stop a file.
    """

    percent: int
    at_least: int

    def is_reached(self, affected: int, standing: int) -> bool:
        return affected >= self.at_least and affected * 100 >= self.percent * standing


@frozen
class GateLimits:
    """一つの送信元のしきい値.

    Reasons of the defaults. Change: of the watched fields none changes for a tenth of a municipality's people by itself, not in
    March and April either; 50, since below that a file can be looked through. Empty: measured against those of the file who had
    the field filled, so that it does not matter how large the file is. Loss: about 3 % of the insured leave in the busiest
    month, and files come daily.
    """

    change: Threshold = Threshold(10, 50)
    empty: Threshold = Threshold(20, 20)
    loss: Threshold = Threshold(5, 50)

    def of(self, kind: GateKind) -> Threshold:
        found: Threshold = getattr(self, kind.value)
        return found

    @property
    def smallest(self) -> int:
        """Below this many records a file cannot close any gate."""
        return min(self.of(kind).at_least for kind in GateKind)


@frozen
class GateSettings:
    """安全弁の設定: the limits of the installation, and of single senders. No gate can be switched off."""

    limits: GateLimits = GateLimits()
    by_sender: Mapping[InsurerNumber, GateLimits] = field(factory=dict)

    def limits_of(self, sender: InsurerNumber) -> GateLimits:
        return self.by_sender.get(sender, self.limits)

    def with_sender(self, sender: InsurerNumber, limits: GateLimits) -> GateSettings:
        return evolve(self, by_sender={**self.by_sender, sender: limits})


@frozen
class Measure:
    """測った値: ``affected`` records of ``standing``, in one field (empty for records as a whole)."""

    kind: GateKind
    field: str
    affected: int
    standing: int


@frozen
class GateStop:
    """閉じた安全弁: a measure with the threshold it reached."""

    measure: Measure
    threshold: Threshold

    @property
    def code(self) -> str:
        return self.measure.kind.code


def closed_gates(measures: Iterable[Measure], limits: GateLimits) -> tuple[GateStop, ...]:
    """閉じる安全弁 among ``measures``, the gravest share first."""
    stops = [
        GateStop(measure, limits.of(measure.kind))
        for measure in measures
        if limits.of(measure.kind).is_reached(measure.affected, measure.standing)
    ]
    return tuple(sorted(stops, key=lambda stop: (-stop.measure.affected / max(stop.measure.standing, 1), stop.measure.field)))
