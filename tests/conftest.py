"""Settings of all tests: how many examples Hypothesis tries (``KOKUHO_TEST_PROFILE``: «long» for ``make test-long``).

``make test`` tries the same examples each time, so that its answer is about the change alone; ``make test-long`` looks for new ones.

Whoever asks for a prefecture (``office``, ``make_office``, ``worlds``) is run on both databases: all of it by ``make test-long``,
by ``make test`` on PostgreSQL the tests that are about the database itself, and of each other file one test in some.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, settings

from .prefecture.office import PrefectureOffice
from .prefecture.servers import Server, server
from .prefecture.worlds import BACKENDS, MakeOffice, PostgresqlWorlds, SqliteWorlds, Worlds

__all__ = ["server"]

_MEMORY: Final = Path("/dev/shm")
if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= 4 * 1024**3:
    # what tests write need not outlive the machine; databases in memory take half the time of those forced to disk
    os.environ["TMPDIR"] = str(_MEMORY)
    tempfile.tempdir = None

_EXAMPLES: Final = min(100, int(os.environ.get("KOKUHO_EXAMPLES", "100")))
"""Fewer for «make mutation», which runs the tests thousands of times."""
settings.register_profile(
    "default",
    max_examples=_EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
settings.register_profile("long", settings.get_profile("default"), max_examples=3000, derandomize=False)
settings.load_profile(os.environ.get("KOKUHO_TEST_PROFILE", "default"))

for noisy in ("sqlalchemy", "alembic"):  # a failing test should show itself, not every statement
    logging.getLogger(noisy).setLevel(logging.WARNING)


_ONE_IN: Final = 8
_ABOUT_DATABASES: Final = {"database", "concurrency", "crash", "audit", "access", "reveal", "registration"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A prefecture on a server takes ten times as long as one in a file, and is judged by the same code."""
    seen: Counter[Path] = Counter()
    for item in items:
        if _is_on_a_server(item) and item.path.parent.name not in _ABOUT_DATABASES:
            if seen[item.path] % _ONE_IN:
                item.add_marker(pytest.mark.long)
            seen[item.path] += 1


def _is_on_a_server(item: pytest.Item) -> bool:
    return "postgresql" in getattr(getattr(item, "callspec", None), "params", {}).values()


_ABOUT_WHAT_IS_AROUND_THE_CORE: Final = {
    "audit", "cli", "concurrency", "crash", "database", "docs", "exchange", "files", "forerunner", "registry", "robustness",
    "security",
}  # fmt: skip
_OF_MANY_EXAMPLES: Final = {
    "aggregation/test_kill", "aggregation/test_order", "aggregation/test_told", "conformance/test_harness",
    "conformance/test_system_failed", "municipal_office/test_closed_circle", "recall/test_recall_histories",
    "registration/test_exchange_machine", "registration/test_history_never_revives",
}  # fmt: skip


def _is_measured(item: pytest.Item) -> bool:
    """Whether coverage notes each line. What the others reach of the core, quicker tests reach too, in a fraction of the time."""
    return not (
        item.path.parent.name in _ABOUT_WHAT_IS_AROUND_THE_CORE
        or f"{item.path.parent.name}/{item.path.stem}" in _OF_MANY_EXAMPLES
        or item.name.endswith("as_modelled")
        or _is_on_a_server(item)
    )


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """In a process of pytest-xdist pytest-cov begins as if it were alone, and once more when it learns that it is not.

    Each line would be noted twice.
    """
    if hasattr(session.config, "workerinput"):
        begun = Coverage.current()
        if begun is not None:
            begun.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """With what is prepared for the test; the mark of pytest-cov leaves out the test alone."""
    coverage = None if _is_measured(item) else Coverage.current()
    if coverage is None:
        return (yield)
    coverage.stop()
    try:
        return (yield)
    finally:
        coverage.start()


@pytest.fixture(scope="session")
def sqlite_worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    return SqliteWorlds(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def postgresql_worlds(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Worlds:
    return PostgresqlWorlds(tmp_path_factory.mktemp("template"), server)


@pytest.fixture(params=BACKENDS)
def worlds(request: pytest.FixtureRequest) -> Worlds:
    found: Worlds = request.getfixturevalue(f"{request.param}_worlds")
    return found


@pytest.fixture
def make_office(worlds: Worlds, tmp_path: Path) -> Iterator[MakeOffice]:
    made: list[PrefectureOffice] = []

    def make(name: str = "office", **options: Any) -> PrefectureOffice:
        made.append(worlds.make(tmp_path / name, **options))
        return made[-1]

    yield make
    for each in made:
        worlds.end(each)


@pytest.fixture
def office(make_office: MakeOffice) -> PrefectureOffice:
    return make_office()
