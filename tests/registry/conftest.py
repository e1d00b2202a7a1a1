"""Fixtures of the tests of the channels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .kit import Side, running
from .pool import Pool, pooled


@pytest.fixture
def side(tmp_path: Path) -> Iterator[Side]:
    """A simulator of the test's own."""
    with running(tmp_path) as made:
        yield made


@pytest.fixture(params=["file", "server"])
def channel(request: pytest.FixtureRequest) -> str:
    """Both channels."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """One simulator for all examples of a module."""
    with pooled(tmp_path_factory.mktemp("pool")) as made:
        yield made
