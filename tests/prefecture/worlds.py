"""Prefectures for tests, on either database: each a copy of one that was initialised once, which is quicker than to make it."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from .office import PrefectureOffice
from .servers import Server

BACKENDS: Final = ("sqlite", "postgresql")
_SOME: Final = 5
MakeOffice = Callable[..., PrefectureOffice]
"""Name of its folder and options of :class:`PrefectureOffice` to a prefecture."""


class Worlds(ABC):
    """Fresh prefectures with one key ring, so that what they keep can be compared."""

    def __init__(self, template: Path) -> None:
        self._template = template
        self._numbers = itertools.count()

    @property
    @abstractmethod
    def backend(self) -> str:
        """Which database it is."""

    @abstractmethod
    def make(self, folder: Path, *, kind: type[PrefectureOffice] = PrefectureOffice, **options: Any) -> PrefectureOffice:
        """A prefecture in ``folder``, which does not exist. To be given back to :meth:`end`."""

    @abstractmethod
    def end(self, office: PrefectureOffice) -> None:
        """Close it; on a server nothing of it is left."""

    def examples(self, count: int) -> int:
        """How many random histories are tried here, where a full test tries ``count``."""
        return count

    @contextmanager
    def office(self, **options: Any) -> Iterator[PrefectureOffice]:
        """A prefecture that is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="kokuho-", ignore_cleanup_errors=True) as folder:
            made = self.make(Path(folder) / "office", **options)
            try:
                yield made
            finally:
                self.end(made)


class SqliteWorlds(Worlds):
    backend = "sqlite"

    def __init__(self, template: Path) -> None:
        super().__init__(template)
        PrefectureOffice(template).close()

    def make(self, folder: Path, *, kind: type[PrefectureOffice] = PrefectureOffice, **options: Any) -> PrefectureOffice:
        shutil.copytree(self._template, folder)
        return kind(folder, is_initialised="insurers" not in options, **options)

    def end(self, office: PrefectureOffice) -> None:
        office.close()


class PostgresqlWorlds(Worlds):
    """Initialised by the owner; the offices work as the role that row-level security binds."""

    backend = "postgresql"

    def examples(self, count: int) -> int:
        """Each takes several times as long as on SQLite, so «make test» tries some, and «make test-long» all."""
        return count if os.environ.get("KOKUHO_TEST_PROFILE") == "long" else max(5, count // _SOME)

    def __init__(self, template: Path, server: Server) -> None:
        super().__init__(template)
        self._server = server
        self._database = server.new_database()
        PrefectureOffice(template, database=self._database).close()

    def make(self, folder: Path, *, kind: type[PrefectureOffice] = PrefectureOffice, **options: Any) -> PrefectureOffice:
        shutil.copytree(self._template, folder)
        url = self._server.new_database(self._database)
        return kind(
            folder,
            database=url,
            worker=self._server.as_worker(url),
            is_initialised="insurers" not in options,
            **options,
        )

    def end(self, office: PrefectureOffice) -> None:
        office.close()
        assert isinstance(office.stored_in, str)
        self._server.drop(office.stored_in)
