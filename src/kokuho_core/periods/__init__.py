"""期間: half-open ranges of whole days, and what lies double (重複) or open (空白) between them (P-1 … P-5)."""

from kokuho_core.periods.coverage import Gap, gaps, overlapping_pairs
from kokuho_core.periods.day_range import OPEN, DayRange, End, OpenEnd

__all__ = ["OPEN", "DayRange", "End", "Gap", "OpenEnd", "gaps", "overlapping_pairs"]
