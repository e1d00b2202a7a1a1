"""集約の作業環境: what every use case works with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Protocol

from attrs import field, frozen

from kokuho_core.access import BusinessHours, Role
from kokuho_core.entrusted_partition.characters import Repertoire
from kokuho_core.errors import Problem
from kokuho_core.gates.feeds import FeedSettings
from kokuho_core.gates.thresholds import GateSettings
from kokuho_core.ports.files import IncomingFile, Writability
from kokuho_core.ports.forerunner import Forerunner, NoForerunner
from kokuho_core.ports.stores import Clock, Database
from kokuho_core.ports.vault import ContentProtection, NumberVault
from kokuho_core.qualification.date_rules import DateRules
from kokuho_core.qualification.findings import UNMATCHED_WAIT_DAYS
from kokuho_core.usecases.gatekeeper import Gatekeeper

BATCH: Final = 1000
"""Records or persons handled together: large enough to save round trips, small enough to keep memory flat."""


class Progress(Protocol):
    """進捗: told now and then during long work."""

    def __call__(self, step: str, done: int, total: int | None = None) -> None: ...


def silent(step: str, done: int, total: int | None = None) -> None:
    """No progress shown."""


@frozen
class Settings:
    """設定: where the rules leave a choice. ``unmatched_wait_days`` is N of P-6."""

    unmatched_wait_days: int = UNMATCHED_WAIT_DAYS
    date_rules: DateRules = DateRules()
    gates: GateSettings = GateSettings()
    feeds: FeedSettings = FeedSettings()
    two_person_approval: bool | None = None
    """二人による承認 (S-7): None asks for it as soon as more than one person has rights here."""
    second_look_at_decisions: bool = False
    """確定指示の二人目の確認 (S-34): whether received decisions on continuity wait for a second person."""
    list_limit: int = 50_000
    """一覧の上限 in rows (S-6)."""
    business_hours: BusinessHours = BusinessHours()
    """業務時間 (S-32), by which off-hours access is told apart."""
    reveal_daily_limit: int = 30
    """個人番号の表示の上限 per operator and day (S-3); 0 shows none to anybody."""
    reveal_roles: frozenset[Role] = frozenset({Role.FEDERATION, Role.MUNICIPALITY})
    """個人番号を表示できる役割 (S-3), among those that may work with persons at all."""
    repertoire: Repertoire = Repertoire()
    """受信側の文字 (R-2)."""

    def is_short(self, rows: int) -> bool:
        """Whether a list of so many rows is within its limit, and told to whoever may see it (S-6)."""
        return rows <= self.list_limit


def anything_can_be_written(
    encoding: str, file_id: str, keys: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Sequence[Problem]:
    """No layout to ask."""
    return ()


Reopen = Callable[[str, Callable[[], Iterator[bytes]], str | None], IncomingFile]
"""Makes an incoming file from a name, kept content and the encoding it was given with."""


@frozen
class Office:
    """集約: database, number vault, clock and settings of one prefecture."""

    database: Database
    vault: NumberVault
    protection: ContentProtection
    clock: Clock
    reopen: Reopen
    settings: Settings = Settings()
    progress: Progress = silent
    gatekeeper: Gatekeeper | None = None
    """受付係 of this session; without one no use case is admitted (KKH-A001)."""
    forerunner: Forerunner = field(factory=NoForerunner)
    writability: Writability = anything_can_be_written
