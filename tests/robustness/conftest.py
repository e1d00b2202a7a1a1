"""An office as after its first day, copied for each test instead of being set up anew."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..prefecture.office import PrefectureOffice


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    PrefectureOffice(folder).close()
    return folder


@pytest.fixture
def office(prepared: Path, tmp_path: Path) -> Iterator[PrefectureOffice]:
    shutil.copytree(prepared, tmp_path / "office")
    with PrefectureOffice(tmp_path / "office") as made:
        yield made
