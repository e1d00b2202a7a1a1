"""The page for people: whole by itself, correct HTML, readable by everybody."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final
from xml.etree import ElementTree as ET

import pytest
from attrs import define, field

from kokuho_adapters.conformance.described import PORT_WORDS, STATE_WORDS, described
from kokuho_adapters.conformance.html import html
from kokuho_adapters.conformance.markup import Markup, tag, together
from kokuho_adapters.conformance.story_timeline import timelines
from kokuho_adapters.timeline import BarStyle, describe, render_svg
from kokuho_core.conformance import ALL_CAPABILITIES, RULES, ConformanceSettings, Report, story_of
from kokuho_core.conformance.report import results_of
from kokuho_core.conformance.run import play
from kokuho_core.conformance.story import CANCELLED, CORRECTED, PERSON, Story
from kokuho_core.conformance.trials import PORT_RULES, PortReport, StoresTrial, run_port_conformance
from kokuho_core.conformance.trials.in_memory import memory_stores

from .clumsy import silent

_VOID: Final = {"meta", "img", "br", "hr"}
_COMMAND: Final = "kokuho conformance replay <seed> & 'so on'"


@pytest.fixture(scope="module")
def page(clumsy_report: Report) -> str:
    return html(clumsy_report, lambda fault: f"{_COMMAND} {fault.found_in}")


@pytest.fixture(scope="module", params=["of a system", "of ports"])
def any_page(request: pytest.FixtureRequest) -> str:
    if request.param == "of ports":
        return html(request.getfixturevalue("port_report"))
    found: str = request.getfixturevalue("page")
    return found


@define
class _Element:
    name: str
    attributes: dict[str, str | None]
    children: list[_Element] = field(factory=list)
    text: str = ""

    def all(self, *names: str) -> Iterator[_Element]:
        for each in self.children:
            if not names or each.name in names:
                yield each
            yield from each.all(*names)

    @property
    def words(self) -> str:
        return self.text + "".join(each.words for each in self.children)


class _Tree(HTMLParser):
    """Elements as written: a tag that is not closed, or closed by another, is an error."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Element("", {})
        self._open = [self.root]
        self.feed(text)
        self.close()
        assert len(self._open) == 1, [each.name for each in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        element = _Element(tag, dict(attrs))
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].name == tag, f"<{self._open[-1].name}> is closed by </{tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].text += data


def test_the_page_is_whole_and_says_everything(page: str, clumsy_report: Report) -> None:
    """Rules: S-13. Every rule with its state in words, every fault with story, picture, files and command."""
    tree = _Tree(page).root
    words = tree.words
    for each in clumsy_report.results:
        row = next(row for row in tree.all("tr") if row.children[0].words == each.rule.number)
        assert each.rule.ja in row.words and STATE_WORDS[each.state] in row.words
    articles = list(tree.all("article"))
    assert len(articles) == len(clumsy_report.faults) >= 5
    seen_whole = 0
    for article, fault in zip(articles, clumsy_report.faults, strict=True):
        assert f"{_COMMAND} {fault.found_in}" in article.words
        assert len(list(article.all("img"))) >= 1 and len(list(article.all("ol"))) >= 1
        assert "期待: " in article.words
        whole = [each for each in described(fault).comparisons[:12] if each.is_whole]
        cells = [each.words for each in article.all("td")]
        assert cells.count("行の全体") == len(whole) and all(each.expected in cells and each.actual in cells for each in whole)
        seen_whole += len(whole)
        captions = [each.words for each in article.all("caption")]
        for sending in fault.played.story.sendings():
            assert any(sending.name in each for each in captions)
    assert seen_whole > 0
    assert "見本<システム> & \"試験\" '1'" in words and "次の版で<対応>する" in words
    assert not re.search(r"(?<![0-9A-Za-z+/])[0-9]{12}(?![0-9A-Za-z+/])", words), "twelve digits may be a 個人番号"


def test_the_page_of_ports_is_whole_and_says_everything(port_report: PortReport) -> None:
    """Rules: S-13, S-26. The rules of the ports tried with their states, every fault act by act; no word of other ports."""
    tree = _Tree(html(port_report)).root
    rows = {(row.children[0].words, row.children[3].words): row.words for row in tree.all("tr") if len(row.children) == 6}
    tried = [each for each in port_report.results if each.rule.capability in port_report.capabilities]
    assert len(rows) == len(tried) + 1 and len(tried) < len(PORT_RULES)
    for each in tried:
        told = rows[each.rule.number, PORT_WORDS[each.rule.capability]]
        assert each.rule.ja in told and STATE_WORDS[each.state] in told and each.reason in told
    articles = list(tree.all("article"))
    assert [each.rule for each in port_report.faults] == ["S-26", "S-21", "S-13"]
    for article, fault in zip(articles, port_report.faults, strict=True):
        assert fault.sentence in article.words and f"規則{fault.rule}({PORT_WORDS[fault.port]})" in article.words
        acts = next(article.all("ol")).children
        assert [each.words for each in acts] == list(fault.acts)
        assert [each.attributes.get("class") for each in acts] == [None] * (len(acts) - 1) + ["about"]
        cells = [each.words for each in next(article.all("tbody")).all("th", "td")]
        assert cells == [fault.what, fault.expected, fault.actual]
    assert "見本<システム>" in tree.words and "次の版で<直す>" in tree.words and "生活史" not in tree.words


def test_nothing_is_loaded_and_nothing_runs(any_page: str) -> None:
    """Rules: S-13. No script, no address outside the page; the policy allows the one style and pictures in the page."""
    tree = _Tree(any_page).root
    assert not list(tree.all("script", "link", "iframe", "object", "form", "base", "svg"))
    for each in tree.all():
        assert not any(name.startswith("on") or name == "style" for name in each.attributes), each.attributes
        for name in ("href", "src"):
            address = each.attributes.get(name)
            assert address is None or address.startswith(("#", "data:image/svg+xml;base64,")), address
    style = next(tree.all("style")).text
    assert "url(" not in style and "@import" not in style
    policy = next(each.attributes["content"] for each in tree.all("meta") if each.attributes.get("http-equiv"))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy is not None and policy.split("; ")[:3] == ["default-src 'none'", f"style-src 'sha256-{digest}'", "img-src data:"]


def test_the_page_can_be_used_without_seeing_it_and_without_a_mouse(any_page: str) -> None:
    """Language, title, one h1, no level left out, captions, headers, texts for pictures, places that can be reached."""
    tree = _Tree(any_page).root
    assert next(tree.all("html")).attributes["lang"] == "ja" and next(tree.all("title")).words
    levels = [int(each.name[1]) for each in tree.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    identifiers = Counter(each.attributes["id"] for each in tree.all() if "id" in each.attributes)
    assert max(identifiers.values()) == 1
    for each in tree.all("a"):
        assert (each.attributes["href"] or "")[1:] in identifiers, each.attributes
    for each in tree.all():
        assert each.attributes.get("aria-labelledby") in (None, *identifiers)
    for table in tree.all("table"):
        assert table.children[0].name == "caption" and table.children[0].words
        heads = list(table.children[1].all("th"))
        assert heads and all(each.attributes["scope"] == "col" for each in heads)
        assert all(each.attributes["scope"] in ("row", "rowgroup") for each in table.children[2].all("th"))
        width = len(heads)
        _check_cells(table, width)
    for image in tree.all("img"):
        assert len(image.attributes["alt"] or "") > 20
    for each in tree.all("div"):
        if "scroll" in (each.attributes.get("class") or ""):
            assert each.attributes["tabindex"] == "0" and each.attributes["role"] == "region" and each.attributes["aria-label"]
    assert next(tree.all("a")).attributes["href"] == "#result"


def _check_cells(table: _Element, width: int) -> None:
    """Every row has as many cells as the head, those that span counted."""
    left: list[int] = []
    for row in table.children[2].children:
        spanning = sum(1 for each in left if each > 0)
        left = [each - 1 for each in left if each > 1]
        cells = sum(int(cell.attributes.get("colspan") or 1) for cell in row.children)
        assert cells + spanning == width, row.words
        left += [int(cell.attributes["rowspan"] or 1) - 1 for cell in row.children if "rowspan" in cell.attributes]


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(each * 2 for each in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_letters_stand_out_from_every_ground(page: str) -> None:
    """At least 4.5 to 1 (WCAG 2.2, 1.4.3) for every colour of letters on every ground of the page."""
    style = next(_Tree(page).root.all("style")).text
    inks = set(re.findall(r"[{;](?:color):(#[0-9a-f]{3,6})", style))
    grounds = set(re.findall(r"background:(#[0-9a-f]{3,6})", style))
    assert len(inks) >= 5 and len(grounds) >= 4
    assert {pair for pair in ((ink, ground) for ink in inks for ground in grounds) if _contrast(*pair) < 4.5} == set()


def test_a_conformant_system_gets_a_page_too() -> None:
    results = results_of([], {each.number: 3 for each in RULES}, ALL_CAPABILITIES, {})
    text = _Tree(html(Report("良いシステム", "1", 20, ALL_CAPABILITIES, results))).root.words
    assert f"適合: 守られた {len(RULES)}" in text and "見つからなかった。" in text
    kept = run_port_conformance([StoresTrial(memory_stores)], ConformanceSettings(stories=4))
    text = _Tree(html(kept)).root.words
    assert "適合: 守られた 6" in text and "見つからなかった。" in text and "対象外" not in text


def test_what_is_no_markup_is_escaped() -> None:
    inside = tag("b", "<i>", title='"&\x00')
    assert inside == '<b title="&quot;&amp;">&lt;i&gt;</b>'
    assert together(inside, "<") == inside + "&lt;"
    assert tag("p", f"{inside}") == f"<p>{tag('x', str(inside))[3:-4]}</p>"
    assert isinstance(inside, Markup) and not isinstance(inside + "", Markup)
    for wrong in ("a b", "P", ""):
        with pytest.raises(ValueError, match=f"^{wrong}$"):
            tag(wrong)
    with pytest.raises(ValueError, match="a>"):
        tag("p", **{"a>": "1"})


def test_pictures_show_what_was_expected_and_what_came_back(clumsy_report: Report) -> None:
    """Rules: P-6. What came back and was not expected is marked as such."""
    fault = next(each for each in clumsy_report.faults if each.rule == "P-6")
    (picture,) = timelines(fault.played)
    assert any("返却のみ(期待なし)" in each.label and "空白" in each.label for each in picture.marks)
    for each in clumsy_report.faults:
        for one in timelines(each.played):
            root = ET.fromstring(render_svg(one))
            assert root.tag.endswith("svg") and "基準日" in describe(one)


def test_what_an_office_took_back_is_drawn_as_such() -> None:
    """Rules: P-7. Corrections are dashed, what was cancelled is struck out."""
    corrected = [story for story in (story_of("pictures", number) for number in range(300)) if _is_corrected(story)][:24]
    pictures = [picture for story in corrected for picture in timelines(play([story], silent)[0])]
    styles = Counter(bar.style for picture in pictures for lane in picture.lanes for bar in lane.bars)
    assert min(styles[BarStyle.REPLACED], styles[BarStyle.CANCELLED], styles[BarStyle.NORMAL]) > 0
    struck = 0
    for picture in pictures:
        drawn = render_svg(picture)
        kinds = {bar.style for lane in picture.lanes for bar in lane.bars if bar.start != bar.end}
        struck += "text-decoration:line-through" in drawn  # where the word fits into the bar
        assert (">取消</text>" in drawn) == (BarStyle.CANCELLED in kinds)
        assert ("訂正前</text>" in drawn) == (BarStyle.REPLACED in kinds)
        told = {bar.style for lane in picture.lanes for bar in lane.bars}  # also what covered no day
        assert ("(訂正前)" in describe(picture)) == (BarStyle.REPLACED in told)
    assert struck > 0


def _is_corrected(story: Story) -> bool:
    kinds = {row["update_kind"] for each in story.sendings() if each.file_id == PERSON for row in each.rows}
    return {CORRECTED, CANCELLED} <= kinds
