"""The undisturbed run, once for all tests of this folder, and a nursery of processes to be killed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .killing import Nursery, nursery
from .undisturbed import Undisturbed, run_undisturbed


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return run_undisturbed(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="session")
def nursed() -> Iterator[Nursery]:
    with nursery() as opened:
        yield opened
