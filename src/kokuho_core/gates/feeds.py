"""未着の見張り: how long a municipality may be silent before somebody looks after its terminal (S-28, R-5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from attrs import field, frozen

from kokuho_core.vocabulary.business_days import business_days_between
from kokuho_core.vocabulary.identifiers import InsurerNumber

DEFAULT_INTERVALS: Final[Mapping[str, int]] = {"SKKOJIN": 2, "SKSETAI": 2, "KOGAKU": 25}
"""受信間隔 in business days, by kind of file. A change must be registered within 5 calendar days after its notice (R-5), of which
the municipality's own work and the registration take some: two days of silence are looked after. Months of high cost are
settled once a month. A municipality without changes sends a file without records. Other kinds come when there is something.
"""


@frozen
class FeedSettings:
    """受信間隔の設定: business days by kind of file, and by sender and kind where one differs. 0: no file is expected."""

    intervals: Mapping[str, int] = field(default=DEFAULT_INTERVALS)
    by_sender: Mapping[InsurerNumber, Mapping[str, int]] = field(factory=dict)

    def kinds(self) -> list[str]:
        """ファイルID that somebody is expected to send."""
        named = {kind for own in self.by_sender.values() for kind in own} | set(self.intervals)
        return sorted(named)

    def interval(self, sender: InsurerNumber, kind: str) -> int:
        return self.by_sender.get(sender, {}).get(kind, self.intervals.get(kind, 0))


def is_overdue(last_received: date, interval: int, as_of: date) -> bool:
    """未着: more than ``interval`` business days have passed since ``last_received``."""
    return interval > 0 and business_days_between(last_received, as_of) > interval
