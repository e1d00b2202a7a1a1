"""回答を待つ時間 (R-3): how long a batch that was sent may wait for its results."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

ANSWERED_WITHIN: Final = timedelta(hours=24)
"""回答を待つ時間, where the settings name no other."""
