"""The timeline picture: well-formed, self-contained, and showing what it is given."""

from __future__ import annotations

import itertools
import re
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from kokuho_adapters.timeline import (
    WIDTH,
    Bar,
    BarStyle,
    DotKind,
    Lane,
    Mark,
    MarkKind,
    MonthDot,
    MoveArrow,
    QualificationSpan,
    Timeline,
    describe,
    era_year,
    render_svg,
    shortened,
    text_width,
)

NS = {"s": "http://www.w3.org/2000/svg"}

FULL = Timeline(
    title="被保険者 <P1> & さん の経過",
    subtitle="\ue000外字\x07",
    as_of=date(2024, 9, 30),
    lanes=(
        Lane(
            "あさひ市",
            (Bar(date(2021, 4, 1), date(2024, 5, 1), "世帯 1", "転入(県外)", "転出(県内)", BarStyle.HELD),),
            "1",
        ),
        Lane(
            "みなと市",
            (
                Bar(date(2024, 3, 15), date(2024, 6, 1), "世帯 77", "転入(県内)", "転出(県内)", BarStyle.HELD),
                Bar(date(2024, 6, 10), date(2024, 6, 10), "同日得喪", style=BarStyle.SAME_DAY),
                Bar(date(2022, 1, 1), date(2022, 8, 1), style=BarStyle.CANCELLED),
            ),
        ),
        Lane("とても長い名前の市町村組合連合会", (Bar(date(2024, 6, 20), None, start_text="転入(県内)"),), "139014"),
    ),
    qualifications=(
        QualificationSpan(date(2021, 4, 1), until=date(2024, 6, 1), is_held=True),
        QualificationSpan(date(2024, 6, 20), None, label="新規"),
    ),
    marks=(
        Mark(MarkKind.OVERLAP, date(2024, 3, 15), date(2024, 5, 1), (0, 1)),
        Mark(MarkKind.GAP, date(2024, 6, 1), date(2024, 6, 20), (1, 2)),
        Mark(MarkKind.ONE_SIDED, date(2024, 6, 20), date(2024, 6, 20), (2,)),
        Mark(MarkKind.UNMATCHED, date(2021, 4, 1), None, (0,), is_open=False),
        Mark(MarkKind.IDENTITY, date(2022, 1, 1), None, (1,)),
    ),
    arrows=(MoveArrow(date(2024, 6, 1), 0, 1), MoveArrow(date(2024, 6, 20), 2, 0), MoveArrow(date(2024, 6, 1), 0, 9)),
    months=(
        MonthDot(date(2024, 1, 1)),
        MonthDot(date(2024, 1, 1), DotKind.OUTPATIENT),
        MonthDot(date(2024, 2, 1), DotKind.CARRIED),
    ),
)
EMPTY = Timeline("空", date(2024, 4, 1), ())
ONE_DAY = Timeline("一日", date(2024, 4, 1), (Lane("あさひ市", (Bar(date(2024, 4, 1)),)),))
LONG_AGO = Timeline(
    "長い前歴",
    date(2024, 9, 30),
    (
        Lane("あさひ市", (Bar(date(1950, 4, 1), date(2024, 5, 1), "", "転入(県外)", "転出(県内)"),)),
        Lane("みなと市", (Bar(date(2024, 5, 1), date(2024, 9, 1), "", "転入(県内)", "死亡"),)),
    ),
    qualifications=(QualificationSpan(date(1950, 4, 1), date(2024, 9, 1)),),
)
EDGES = Timeline("端", date(9999, 12, 31), (Lane("あさひ市", (Bar(date(1, 1, 1), date(5000, 1, 1)),)),))
CROWDED = Timeline(
    "混雑",
    date(2026, 3, 1),
    tuple(
        Lane(
            f"市{lane}",
            tuple(
                Bar(
                    date(2000 + 2 * k, 1 + lane, 1),
                    date(2000 + 2 * k, 4 + lane, 20),
                    "世帯",
                    "転入(県内)",
                    "転出(県内)",
                )
                for k in range(12)
            ),
        )
        for lane in range(8)
    ),
    months=tuple(MonthDot(date(2010 + k // 12, 1 + k % 12, 1)) for k in range(120)),
)
ALL = [FULL, EMPTY, ONE_DAY, LONG_AGO, EDGES, CROWDED]


def texts(root: ET.Element, css: str) -> list[tuple[float, float, str, str]]:
    return [
        (float(each.attrib["x"]), float(each.attrib["y"]), each.attrib.get("text-anchor", "start"), each.text or "")
        for each in root.iterfind(".//s:text", NS)
        if each.attrib.get("class") == css
    ]


@pytest.mark.parametrize("timeline", ALL, ids=lambda each: str(each.title))
def test_well_formed_and_self_contained(timeline: Timeline) -> None:
    svg = render_svg(timeline)
    root = ET.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert [child.tag.split("}")[1] for child in root[:3]] == ["title", "desc", "style"]
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == "title desc"
    assert svg.count("http") == 1
    assert not re.search(r"href|@import|<script|<image|<foreignObject| on\w+=", svg)
    ids = [each.attrib["id"] for each in root.iter() if "id" in each.attrib]
    assert len(set(ids)) == len(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= set(ids)
    assert "nan" not in svg
    assert "inf" not in svg
    assert render_svg(timeline) == svg


@pytest.mark.parametrize("timeline", ALL, ids=lambda each: str(each.title))
def test_everything_lies_within_the_picture(timeline: Timeline) -> None:
    root = ET.fromstring(render_svg(timeline))
    height = float(root.attrib["height"])
    for x, y, anchor, text in (each for css in ("end", "axis", "minor", "mark", "lane") for each in texts(root, css)):
        width = text_width(text, 11)
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        assert left >= -1, text
        assert left + width <= WIDTH + 1, text
        assert 0 < y < height, text


@pytest.mark.parametrize("timeline", ALL, ids=lambda each: str(each.title))
@pytest.mark.parametrize("css", ["end", "axis", "minor"])
def test_labels_do_not_overlap(timeline: Timeline, css: str) -> None:
    placed: list[tuple[float, float, float, str]] = []
    for x, y, anchor, text in texts(ET.fromstring(render_svg(timeline)), css):
        width = text_width(text, 10.5)
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        placed.append((y, left, left + width, text))
    for one, other in itertools.combinations(placed, 2):
        if abs(one[0] - other[0]) < 9:
            assert one[2] <= other[1] or other[2] <= one[1], (one, other)


def test_what_is_given_is_shown() -> None:
    svg = render_svg(FULL)
    for text in (
        "2024.3.15 転入(県内)",
        "2024.6.1 転出(県内)",
        "同日得喪",
        "重複 47日",
        "空白 19日",
        "片側のみ",
        "相手なし (解消済)",
    ):
        assert text in svg
    for text in (
        "本人確認不一致",
        "資格取得 2024.6.20",
        "基準日 2024.9.30",
        "県内異動",
        "外来のみの月",
        "引き継いだ月",
        "4月",
    ):
        assert text in svg
    assert "被保険者 &lt;P1&gt; &amp; さん の経過" in svg
    assert "\ue000外字" in svg
    assert "\x07" not in svg


def test_the_legend_shows_only_what_occurs() -> None:
    svg = render_svg(ONE_DAY)
    for text in ("保留", "取消", "同日得喪", "県内異動", "重複", "高額該当"):
        assert text not in svg


def test_a_long_quiet_beginning_is_cut_off_with_its_date() -> None:
    svg = render_svg(LONG_AGO)
    assert "← 1950.4.1 転入(県外)" in svg
    assert "1950年" not in svg


def test_each_kind_has_a_pattern_and_colour_of_its_own() -> None:
    root = ET.fromstring(render_svg(FULL))
    patterns = {
        each.attrib["id"]: ET.tostring(each[0])
        for each in root.iterfind(".//s:pattern", NS)
        if each.attrib["id"] != "held"
    }
    assert set(patterns) == {kind.value for kind in MarkKind}
    assert len(set(patterns.values())) == len(patterns)


def test_the_picture_in_words() -> None:
    words = describe(FULL)
    for text in (
        "基準日 2024-09-30",
        "国保資格: 保留",
        "あさひ市: 2021-04-01 から 2024-05-01(保留)",
        "(同日得喪)",
        "(取消)",
    ):
        assert text in words
    assert "確認事項: 重複 2024-03-15 から 2024-05-01。" in words
    assert "高額該当: 2か月。" in words


@pytest.mark.parametrize(
    ("year", "expected"),
    [(2019, "令和元"), (2024, "令和6"), (1989, "平成元"), (1988, "昭和63"), (1925, "大正14"), (1800, "")],
)
def test_japanese_years(year: int, expected: str) -> None:
    assert era_year(year) == expected


@pytest.mark.parametrize(("text", "expected"), [("abc", "abc"), ("あいうえお", "あい…"), ("", "")])
def test_shortened(text: str, expected: Any) -> None:
    assert shortened(text, 10, 32) == expected
