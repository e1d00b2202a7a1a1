"""業務時間の設定: the table ``business_hours`` of the configuration file (S-32)."""

from __future__ import annotations

from datetime import time
from typing import Any, Final

from kokuho_core.access import BusinessHours, Hours
from kokuho_core.errors import InvalidValue

_USUAL: Final = "usual"
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday")


def business_hours_of(source: Any, wrong: list[str]) -> BusinessHours:
    """``[business_hours]``: ``usual`` and ``monday`` to ``friday``, each ``["HH:MM", "HH:MM"]``, a closed day ``[]``.

    What is wrong is added to ``wrong`` by its name.
    """
    if not isinstance(source, dict):
        wrong.append("business_hours")
        return BusinessHours()
    wrong += [f"business_hours.{key}" for key in source if key not in (_USUAL, *_WEEKDAYS)]
    usual = _hours(source[_USUAL], _USUAL, wrong) if _USUAL in source else Hours()
    if usual is None:
        wrong.append(f"business_hours.{_USUAL}")
    by_weekday = {n: _hours(source[day], day, wrong) for n, day in enumerate(_WEEKDAYS) if day in source}
    return BusinessHours(usual or Hours(), by_weekday)


def _hours(source: Any, name: str, wrong: list[str]) -> Hours | None:
    if source == []:
        return None
    try:
        opens, closes = (_time(each) for each in source)
        return Hours(opens, closes)
    except (TypeError, ValueError, InvalidValue):
        wrong.append(f"business_hours.{name}")
        return Hours()


def _time(source: Any) -> time:
    if not isinstance(source, str) or len(source) != 5:
        raise ValueError
    return time.fromisoformat(source)
