"""頁: every page is run as printed; links lead somewhere; the documents stand alone."""

from __future__ import annotations

import re
import sys
import unicodedata
from pathlib import Path

import pytest
from sphinx.application import Sphinx

from .pages import DOCS, PAGES, ROOT, Page, blocks_of

_LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_TARGET = re.compile(r"^\(([a-z-]+)\)=$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_SHARED_FOLDER = r"\.\./" + "shared"
_FORBIDDEN = re.compile(
    rf"pypi|pythonhosted|npmjs|index-url|{_SHARED_FOLDER}|(?<![\w.])/work(?:/|\b)|/tmp/|localhost", re.IGNORECASE
)

TEXTS = sorted(
    path
    for folder in ("docs", "examples")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".md", ".py", ".toml", ".svg", ".css") and "_build" not in path.parts
)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _runs(path: Path) -> bool:
    blocks = list(blocks_of(path.read_text("utf-8")))
    return any(each.language in ("console", "python") or each.marks for each in blocks)


@pytest.mark.parametrize("path", [path for path in PAGES if _runs(path)], ids=_name)
def test_what_a_page_says_to_type_works_as_printed(path: Path, tmp_path: Path) -> None:
    Page(path, tmp_path).run()


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_every_console_and_python_block_is_run_or_marked(path: Path) -> None:
    for block in blocks_of(path.read_text("utf-8")):
        if block.language == "console" and "skip" not in block.marks:
            assert block.lines[0].startswith("$ "), f"{path.name}:{block.first}"
        if "file" in block.marks:
            assert block.language in ("json", "text", "toml"), f"{path.name}:{block.first}"


def _anchors(path: Path) -> set[str]:
    text = _FENCED.sub("", path.read_text("utf-8"))
    return {_slug(heading) for heading in _HEADING.findall(text)} | set(_TARGET.findall(text))


def _slug(heading: str) -> str:
    plain = re.sub(r"[`*]", "", heading).strip().lower().replace(" ", "-")
    return "".join(c for c in plain if c in "-_" or unicodedata.category(c)[0] in "LN")


@pytest.mark.parametrize("path", [*PAGES, ROOT / "examples" / "README.md"], ids=_name)
def test_links_lead_somewhere(path: Path) -> None:
    text = _FENCED.sub("", path.read_text("utf-8"))
    broken = []
    for link in _LINK.findall(text):
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    assert not broken


def test_every_page_is_in_the_table_of_contents() -> None:
    index = (DOCS / "index.md").read_text("utf-8").splitlines()
    missing = [path.stem for path in DOCS.glob("*.md") if path.stem != "index" and path.stem not in index]
    assert not missing


@pytest.mark.parametrize(
    "path",
    [*TEXTS, ROOT / "README.md", ROOT / "README.ja.md", ROOT / "CHANGELOG.md"],
    ids=_name,
)
def test_the_documents_stand_alone(path: Path) -> None:
    """No address of a registry, no path of one machine; pictures and pages load nothing from elsewhere."""
    text = path.read_text("utf-8")
    assert not _FORBIDDEN.findall(text)
    remote = [each for each in re.findall(r"https?://[^\s\"')>]+", text) if not each.startswith("http://www.w3.org/")]
    assert not remote


def test_both_readmes_say_the_same() -> None:
    """Same sections, same commands, same tables of commands."""
    japanese, english = (ROOT / name for name in ("README.ja.md", "README.md"))
    counts = [
        (
            text.count("\n## "),
            sum(len([line for line in block.lines if line[:1] in "$>"]) for block in blocks_of(text)),
            len(re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)),
        )
        for text in (japanese.read_text("utf-8"), english.read_text("utf-8"))
    ]
    assert counts[0] == counts[1]


def test_the_demo_of_the_readme_is_that_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert "demo --dir demo-output" in makefile
    for name in ("README.md", "README.ja.md"):
        assert "`demo-output/`" in (ROOT / name).read_text("utf-8")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_the_documents_are_built_without_a_warning(tmp_path: Path) -> None:
    sphinx = Sphinx(
        DOCS, DOCS, tmp_path / "out", tmp_path / "trees", "html", status=None, warning=sys.stderr,
        warningiserror=True, exception_on_warning=True,
    )
    sphinx.build()
    pages = list((tmp_path / "out").glob("*.html"))
    assert {path.stem for path in DOCS.glob("*.md")} <= {path.stem for path in pages}
    loaded = re.compile(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=\"(?:https?:)?//")
    assert not [path.name for path in pages if loaded.search(path.read_text("utf-8"))]
