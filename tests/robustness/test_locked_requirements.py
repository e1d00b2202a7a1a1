"""依存のハッシュ固定: what is installed is named to the byte, and is what pyproject.toml asks for (S-30)."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent.parent
LISTS = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUNTIME = ("media", "postgresql", "sftp")
EXTRAS = {
    "runtime": RUNTIME,
    "windows": RUNTIME,
    "test": (*RUNTIME, "conformance", "docs", "test"),
    "audit": (*RUNTIME, "audit"),
}
"""The extras that each list is for, besides what kokuho itself needs."""

_PINNED = re.compile(r"([a-z0-9-]+)==([0-9][0-9a-z.+!]*)( ; [a-z_ <>=!'.*0-9()A-Z-]+)?((?: --hash=sha256:[0-9a-f]{64})+)")


def entries(name: str) -> list[str]:
    """One line per package."""
    text = (LISTS / f"{name}.txt").read_text(encoding="ascii")
    return [re.sub(r"\s+", " ", line).strip() for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def pinned(name: str) -> dict[str, set[str]]:
    """Versions by package: one, or one for each range of Python versions."""
    found: dict[str, set[str]] = {}
    for line in entries(name):
        match = _PINNED.fullmatch(line)
        assert match is not None, line[:60]
        found.setdefault(match[1], set()).add(match[2])
    return found


def test_there_is_a_list_for_each_purpose() -> None:
    """Rules: S-30."""
    assert {path.stem for path in LISTS.glob("*")} == EXTRAS.keys()


@pytest.mark.parametrize("name", sorted(EXTRAS))
def test_every_package_by_version_and_hash_and_from_nowhere_in_particular(name: str) -> None:
    """Rules: S-30. No address, no option, no path: where packages come from is for whoever installs to say."""
    assert len(pinned(name)) > 15
    for line in entries(name):
        hashes = line.split(" --hash=")[1:]
        assert len(hashes) == len(set(hashes)) >= 1


@pytest.mark.parametrize("name", sorted(EXTRAS))
def test_they_are_what_the_project_asks_for(name: str) -> None:
    """Rules: S-30. A bound that is raised in pyproject.toml and not here, or a new dependency, is noticed."""
    found = pinned(name)
    asked = [*PROJECT["dependencies"], *(each for extra in EXTRAS[name] for each in PROJECT["optional-dependencies"][extra])]
    platform = "Windows" if name == "windows" else "Linux"
    for text in asked:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"platform_system": platform}):
            versions = found.get(canonicalize_name(requirement.name))
            assert versions, f"{text}: run make lock"
            assert all(requirement.specifier.contains(version) for version in versions), f"{text}: run make lock"


def test_all_lists_agree_on_what_is_installed() -> None:
    """Rules: S-30. The tests and the audit run on what is delivered."""
    delivered = pinned("runtime")
    for name in EXTRAS:
        assert {package: versions for package, versions in pinned(name).items() if package in delivered} == delivered
