"""A prefecture and a receiver, for each test anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .counter import Counter


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with Counter(tmp_path / "office") as made:
        yield made
