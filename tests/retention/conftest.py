"""A fresh prefecture for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..prefecture.office import PrefectureOffice


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PrefectureOffice]:
    with PrefectureOffice(tmp_path) as made:
        yield made
