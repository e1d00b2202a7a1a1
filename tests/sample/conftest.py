"""The sample prefecture, played once on each database for all tests of this folder."""

from __future__ import annotations

import pytest
from attrs import evolve

from kokuho_adapters.configuration import Configuration

from ..prefecture.servers import Server
from ..prefecture.worlds import BACKENDS
from .rounds import Played, play


@pytest.fixture(scope="session", params=BACKENDS)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("sample")
    if request.param == "sqlite":
        return play(folder)
    server: Server = request.getfixturevalue("server")
    owner = Configuration(server.new_database(), key_ring=folder / "sample.keys.json", allow_unbound_role=True)
    worker = evolve(owner, database=server.as_worker(owner.database), allow_unbound_role=False)
    return play(folder, owner, worker)
