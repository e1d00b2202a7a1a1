"""Fixtures of the tests of the channels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .kit import Side, running


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
