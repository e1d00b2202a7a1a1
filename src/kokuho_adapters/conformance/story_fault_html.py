"""生活史の不適合の頁: one fault of a system — what happened as sentences and as a picture, both sides, and the files."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Final

from kokuho_adapters.conformance.described import DescribedFault
from kokuho_adapters.conformance.html_table import table
from kokuho_adapters.conformance.layout_wording import LayoutWording
from kokuho_adapters.conformance.markup import Markup, tag, together
from kokuho_adapters.conformance.story_timeline import timelines
from kokuho_adapters.timeline import describe, render_svg
from kokuho_core.conformance.comparison import Comparison
from kokuho_core.conformance.narration import NarratedFile, NarratedStep
from kokuho_core.conformance.report import Fault
from kokuho_core.conformance.sentences import JapaneseSentences
from kokuho_core.conformance.story import Sending, Story

_MOST_DIFFERENCES: Final = 12
"""Rows shown of one fault. What follows from a fault can be long, and says little more; the number left out is told."""


def story_fault(number: int, explained: DescribedFault, replay: str | None) -> Markup:
    """An article; ``replay``: what is typed to play the story again."""
    fault, story = explained.fault, explained.fault.played.story
    return tag(
        "article",
        tag("h3", f"不適合{number} — 規則{explained.rule.number}", id=f"fault-{number}"),
        tag("p", explained.rule.ja, class_="rule"),
        tag("p", explained.sentence, class_="told"),
        tag("pre", "\n".join(explained.said)) if explained.said else None,
        tag("p", f"生活史 {fault.found_in} を、同じ誤りが出る範囲で縮めた({story.people}人、ファイル{story.files}個)。"),
        tag("h4", "起きたこと"),
        tag("ul", *(tag("li", each) for each in (*explained.narration.mergers, *explained.narration.people))),
        *(_step(each) for each in explained.narration.steps),
        tag("h4", "経過図"),
        *_pictures(fault),
        tag("h4", "期待と返却"),
        _differences(explained.comparisons),
        tag("details", tag("summary", "届いたファイルの中身"), *_files(story), open=True),
        together(tag("h4", "もう一度試す"), tag("pre", tag("code", replay))) if replay else None,
        class_="fault",
        aria_labelledby=f"fault-{number}",
    )


def _differences(comparisons: tuple[Comparison, ...]) -> Markup:
    shown = comparisons[:_MOST_DIFFERENCES]
    heads = ("返却されるもの", "項目", "期待", "返却", "決める規則")
    listed = table("期待と返却", heads, (row for each in shown for row in _compared(each)), style="scroll named")
    left = len(comparisons) - len(shown)
    return together(listed, tag("p", f"ほかに{left}行が違った。") if left else None)


def _compared(row: Comparison) -> Iterable[list[Markup]]:
    """The fields that differ, a line each, and in one line those that were right; a row that is missing or too much, in one."""
    if row.is_whole:
        sides = (tag("td", row.expected), tag("td", row.actual, class_="wrong"))
        yield [tag("th", _named(row), scope="row", class_="what"), tag("td", "行の全体"), *sides, tag("td", row.rule)]
        return
    differing = [each for each in row.fields if each.differs]
    same = "、".join(each.name for each in row.fields if not each.differs)
    first = [tag("th", _named(row), scope="rowgroup", class_="what", rowspan=f"{len(differing) + bool(same)}")]
    for each in differing:
        cells = [tag("td", each.name), tag("td", each.expected), tag("td", each.actual, class_="wrong"), tag("td", row.rule)]
        yield first + cells
        first = []
    if same:
        yield [*first, tag("td", f"期待どおりの項目: {same}", colspan="4", class_="right")]


def _named(row: Comparison) -> Markup:
    return together(f"{row.told_to}へ ", row.file, tag("br"), row.subject)


def _step(step: NarratedStep) -> Markup:
    return together(tag("p", step.heading, class_="step"), *(_narrated(each) for each in step.files))


def _narrated(file: NarratedFile) -> Markup:
    items = [tag("li", each.text, class_="about" if each.is_about else None) for each in file.sentences]
    told = None
    if items:
        told = tag("ol", *items, class_="story", start=f"{file.sentences[0].number}")
    return together(tag("p", f"{file.name}{file.remark}", class_="file"), told)


def _pictures(fault: Fault) -> Iterable[Markup]:
    """As images of their own: what one picture says about its look does not touch the page or the next picture."""
    for each in timelines(fault.played):
        data = base64.b64encode(render_svg(each).encode()).decode()
        image = tag("img", src=f"data:image/svg+xml;base64,{data}", alt=f"{each.title}。{describe(each)}")
        yield tag("div", image, class_="scroll picture", tabindex="0", role="region", aria_label=each.title)


def _files(story: Story) -> Iterable[Markup]:
    say = JapaneseSentences(story.insurers, LayoutWording())
    for place, step in enumerate(story.steps, 1):
        for sending in step.sendings:
            yield _file(f"第{place}回 {sending.name} {say.file(sending.file_id)}", sending, say)


def _file(caption: str, sending: Sending, say: JapaneseSentences) -> Markup:
    """Only the fields that some record has; serials in place of 個人番号."""
    known = LayoutWording().columns(sending.file_id)
    keys = [key for key in known if any(row.get(key) not in (None, "") for row in sending.rows)]
    rows = [[tag("td", _cell(sending.file_id, key, row.get(key), say)) for key in keys] for row in sending.rows]
    return table(caption, [say.field(sending.file_id, key) for key in keys], rows, style="scroll wide")


def _cell(file_id: str, key: str, value: object, say: JapaneseSentences) -> str:
    if value is None or value == "":
        return ""
    return str(value) if key == "insurer_number" else say.value(file_id, key, value)
