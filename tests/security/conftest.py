"""Shared fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kokuho_adapters.security import KeyRing

from ..prefecture.office import PrefectureOffice
from .bench import Bench, bench


@pytest.fixture(name="bench")
def fresh_bench() -> Bench:
    return bench()


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing().with_new(4)


@pytest.fixture
def ring_file(tmp_path: Path) -> Path:
    path = tmp_path / "ring.keys.json"
    KeyRing.create(path)
    KeyRing().with_new(3).replace(path)
    return path


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PrefectureOffice]:
    with PrefectureOffice(tmp_path / "office") as made:
        yield made
