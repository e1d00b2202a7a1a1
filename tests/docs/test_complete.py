"""漏れ: what exists is described: every command and option, setting, table and job."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from kokuho_adapters.cli.commands import cli
from kokuho_adapters.configuration import setting_keys
from kokuho_adapters.database.tables import metadata
from kokuho_adapters.files import LayoutBook

from .pages import DOCS, ROOT


def _section(text: str, heading: str) -> str:
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no section «{heading}»"
    return found[1]


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_and_option_is_described(name: str) -> None:
    text = (DOCS / "cli.md").read_text("utf-8")
    section = _section(text, name)
    if name in ("receive", "decide"):  # say that they take what check and receive take
        section += _section(text, "check")
    options = [option for each in cli.commands[name].params if isinstance(each, click.Option) for option in each.opts]
    assert not [option for option in options if option.startswith("--") and option not in section]


def test_every_global_option_is_described() -> None:
    section = _section((DOCS / "cli.md").read_text("utf-8"), "共通のオプション")
    options = [option for each in cli.params if isinstance(each, click.Option) for option in each.opts]
    assert not [option for option in options if option not in section]


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_the_readme_names_every_command(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert not [command for command in cli.commands if f"`{command}`" not in text]


def test_every_setting_is_described() -> None:
    text = (DOCS / "settings.md").read_text("utf-8")
    assert not [key for key in setting_keys() if f"| `{key}` |" not in text]


def test_every_table_and_job_is_described() -> None:
    text = (DOCS / "architecture.md").read_text("utf-8")
    assert not [table for table in metadata.tables if f"`{table}`" not in text]
    modules = [path.name for path in (ROOT / "src" / "kokuho_core").iterdir() if (path / "__init__.py").is_file()]
    described = re.findall(r"`([a-z_]+)`", text)
    assert not [module for module in modules if module not in described and module != "synthetic"]


def test_every_layout_has_its_table() -> None:
    text = (DOCS / "layouts.md").read_text("utf-8")
    book = list(LayoutBook.shipped())
    assert len(book) == 24
    for layout in book:
        assert f"### {layout.id}\n" in text


def test_pictures_are_there_and_say_what_they_show() -> None:
    for path in Path(DOCS / "_static").glob("*.svg"):
        picture = path.read_text("utf-8")
        assert "<title" in picture and "<desc" in picture, path.name
    for page in DOCS.glob("*.md"):
        for name in re.findall(r"_static/(\w+\.svg)", page.read_text("utf-8")):
            assert (DOCS / "_static" / name).is_file(), name
