"""既知の変換: results of a conversion kept by what they came from, for what runs for every field of every record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

_KEPT: Final = 50_000
"""The same few thousand days and moments occur everywhere; what comes beyond begins anew, so memory stays bounded."""


class KnownResults(dict[Any, Any]):
    """Results by their input. A dict with ``__missing__`` answers a known input without a Python call."""

    def __init__(self, convert: Callable[[Any], Any]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, key: Any) -> Any:
        value = self._convert(key)
        if len(self) >= _KEPT:
            self.clear()
        self[key] = value
        return value
