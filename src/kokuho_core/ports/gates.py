"""安全弁の口: what the gates need of a database (S-28)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol

from attrs import frozen

from kokuho_core.gates.thresholds import GateLimits, GateStop, Measure
from kokuho_core.vocabulary.identifiers import InsurerNumber


class StopState(Enum):
    """停止の状態."""

    STOPPED = "stopped"
    """停止中: the file waits for two people, or to be refused."""
    RELEASED = "released"
    """解除: it may be applied."""
    REFUSED = "refused"
    """差戻し: it was not applied, and its sequence number is free again."""


@frozen
class StoppedFile:
    """安全弁で停止したファイル. ``fingerprint`` is the keyed digest of its content, to which a release is bound."""

    file_no: int
    name: str
    insurer_number: InsurerNumber
    fingerprint: bytes
    stops: tuple[GateStop, ...]
    stopped_at: datetime
    state: StopState
    settled_by: str | None = None
    agreed_by: str | None = None
    reason: str | None = None
    settled_at: datetime | None = None


class GateStore(Protocol):
    """安全弁の保管."""

    def measure(self, file_no: int, sender: InsurerNumber, file_id: str, limits: GateLimits) -> list[Measure]:
        """What the file being received changes, empties and ends of what stood before it.

        Measures that cannot reach their number of records may be left out.
        """
        ...

    def stop(self, file_no: int, sender: InsurerNumber, stops: Sequence[GateStop], at: datetime) -> None:
        """Keep that a held file stands behind closed gates. Done again, nothing changes."""
        ...

    def is_released(self, file_no: int) -> bool:
        """Whether two people have released this held file."""
        ...

    def find(self, file_no: int) -> StoppedFile | None: ...

    def files(self, insurer: InsurerNumber | None = None, *, stopped_only: bool = True) -> Iterable[StoppedFile]:
        """Stopped files by number; with ``stopped_only`` those still waiting."""
        ...

    def settle(self, file_no: int, state: StopState, by: str, agreed_by: str | None, reason: str, at: datetime) -> None:
        """Release or refuse."""
        ...
