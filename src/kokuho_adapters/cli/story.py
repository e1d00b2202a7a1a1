"""物語: the shipped sample files and the order in which they came (``sample/story.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from kokuho_core.errors import Problem, SetupFault

SAMPLE: Final = "kokuho_adapters.sample"
STORY: Final = "story.toml"


@frozen
class Round:
    """一回分の授受: the files of ``folder`` are received, then judged for business date ``as_of``."""

    name: str
    as_of: date
    folder: str
    text_ja: str
    text_en: str


@frozen
class FeaturedPerson:
    """The person whose timeline is shown."""

    insurer_number: str
    addressee_number: str


@frozen
class Story:
    """見本の物語."""

    prefecture: str
    insurers: str
    rounds: tuple[Round, ...]
    featured_person: FeaturedPerson | None


def shipped_sample() -> Traversable:
    """The sample files of the package. Raises :class:`SetupFault` (KKH-C010) where they were left out."""
    try:
        folder = files(SAMPLE)
        if folder.joinpath(STORY).is_file():
            return folder
    except (ModuleNotFoundError, FileNotFoundError):
        pass
    raise SetupFault(Problem("KKH-C010", field="sample: not installed"))


def copy_sample(source: Traversable, folder: Path) -> None:
    """The sample files as plain files, which can be looked at; out of a zip file too."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in source.iterdir():
        target = folder / each.name
        if each.is_dir():
            if each.name != "__pycache__":
                copy_sample(each, target)
        elif not each.name.endswith((".py", ".pyc")) and not each.name.startswith("."):
            target.write_bytes(each.read_bytes())


def read_story(path: Path) -> Story:
    """Read ``story.toml``. Raises :class:`SetupFault` (KKH-C010)."""
    try:
        source = tomllib.loads(path.read_text("utf-8"))
        return Story(
            prefecture=str(source["prefecture"]),
            insurers=str(source["insurers"]),
            rounds=tuple(_round(each) for each in source["round"]),
            featured_person=_person(source.get("featured_person")),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        fault = SetupFault(Problem("KKH-C010", field=path.name))
    raise fault


def _round(source: Mapping[str, Any]) -> Round:
    as_of = source["as_of"]
    return Round(
        name=str(source["name"]),
        as_of=as_of if isinstance(as_of, date) else date.fromisoformat(as_of),
        folder=str(source["folder"]),
        text_ja=str(source.get("text_ja", "")),
        text_en=str(source.get("text_en", "")),
    )


def _person(source: Mapping[str, Any] | None) -> FeaturedPerson | None:
    if source is None:
        return None
    return FeaturedPerson(str(source["insurer_number"]), str(source["addressee_number"]))
