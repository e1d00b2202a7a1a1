"""An empty prefecture's database of each kind, with its insurers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kokuho_adapters.database import SqlDatabase, open_database

from ..prefecture.office import INSURERS
from ..prefecture.servers import Server
from ..prefecture.worlds import BACKENDS


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlDatabase]:
    server: Server | None = request.getfixturevalue("server") if request.param == "postgresql" else None
    url = server.new_database() if server is not None else f"sqlite:///{(tmp_path / 'one.sqlite3').as_posix()}"
    opened = open_database(url)
    opened.migrate()
    with opened.begin() as work:
        work.save_register("13", INSURERS)
        work.commit()
    yield opened
    opened.close()
    if server is not None:
        server.drop(url)
