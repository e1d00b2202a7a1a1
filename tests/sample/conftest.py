"""The sample prefecture, played once for all tests of this folder."""

from __future__ import annotations

import pytest

from .rounds import Played, play


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(tmp_path_factory.mktemp("sample"))
