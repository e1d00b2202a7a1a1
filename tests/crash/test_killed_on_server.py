"""Killed while the database is on a server: what stands there is what stands in a file, after every single commit (S-27)."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from ..prefecture.servers import Server
from .killing import Nursery, live
from .undisturbed import Undisturbed

LIVES = 12
KILLS_OF_A_LIFE = 30
"""At least, in a life that ends only when every command is done."""


def test_killed_again_and_again(undisturbed: Undisturbed, nursed: Nursery, server: Server, tmp_path: Path) -> None:
    """Rules: S-27, S-14, X-2, X-13."""
    url = server.new_database()
    kills = live(undisturbed, tmp_path / "office", nursed, Random(0), url)
    assert kills.total >= KILLS_OF_A_LIFE
    server.drop(url)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, LIVES + 1))
def test_killed_for_long(
    undisturbed: Undisturbed, nursed: Nursery, server: Server, tmp_path: Path, seed: int
) -> None:
    """Rules: S-27, S-14, X-2, X-13."""
    url = server.new_database()
    assert live(undisturbed, tmp_path / "office", nursed, Random(seed), url).total >= KILLS_OF_A_LIFE
    server.drop(url)
