"""既知の変換: results of a conversion kept by what they came from, for what runs for every field of every record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

DAYS: Final = 50_000
"""Every day that a person living today may have been born on. What comes beyond begins anew, so memory stays bounded."""
MOMENTS: Final = 1000
"""One moment stands in many records of a file, or in one record alone: to keep it longer is of no use."""


class KnownResults(dict[Any, Any]):
    """Results by their input. A dict with ``__missing__`` answers a known input without a Python call."""

    def __init__(self, convert: Callable[[Any], Any], most: int = DAYS) -> None:
        super().__init__()
        self._convert = convert
        self._most = most

    def __missing__(self, key: Any) -> Any:
        value = self._convert(key)
        if len(self) >= self._most:
            self.clear()
        self[key] = value
        return value
