"""One initialised prefecture as a template: copying it is quicker than migrating an empty database for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ..prefecture.office import PrefectureOffice

MakeOffice = Callable[..., PrefectureOffice]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    PrefectureOffice(folder).close()
    return folder


@pytest.fixture
def make_office(template: Path, tmp_path: Path) -> Iterator[MakeOffice]:
    made: list[PrefectureOffice] = []

    def make(name: str = "office", **options: Any) -> PrefectureOffice:
        folder = tmp_path / name
        if not folder.exists():
            shutil.copytree(template, folder)
        office = PrefectureOffice(folder, **options)
        made.append(office)
        return office

    yield make
    for office in made:
        office.close()


@pytest.fixture
def office(make_office: MakeOffice) -> PrefectureOffice:
    return make_office()
