"""経過図: one person's periods, qualification and findings as a picture (SVG), for people to look at.

A pure function from a simple view model to text: no I/O, no external resources, the same input gives the same picture.
From top to bottom: title, time axis, 国保資格 of the prefecture, a lane per municipality, 確認事項, 高額該当 and the legend.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from enum import Enum
from typing import Final
from xml.sax.saxutils import escape  # writes XML, parses none # nosec B406

from attrs import field, frozen, mutable

from kokuho_adapters.printable import printable

# --- what is to be shown ---


class BarStyle(Enum):
    """How a period stands."""

    NORMAL = "normal"
    HELD = "held"  # 保留
    CANCELLED = "cancelled"  # 取消
    REPLACED = "replaced"  # 訂正前: what a correction took the place of
    SAME_DAY = "same-day"  # 同日得喪


class MarkKind(Enum):
    """確認区分, in the words of the findings."""

    OVERLAP = "overlap"
    GAP = "gap"
    ONE_SIDED = "one_sided"
    UNMATCHED = "unmatched"
    IDENTITY = "identity"


class DotKind(Enum):
    """高額該当月: of the household, of outpatient care alone, or carried over from the municipality left."""

    HOUSEHOLD = "household"
    OUTPATIENT = "outpatient"
    CARRIED = "carried"


@frozen
class Bar:
    """適用期間. ``end`` is exclusive, None while it is open; the texts are reasons such as ``転入(県内)``."""

    start: date
    end: date | None = None
    label: str = ""
    start_text: str = ""
    end_text: str = ""
    style: BarStyle = BarStyle.NORMAL


@frozen
class Lane:
    """One municipality: ``detail`` is what it calls the person, e.g. the 宛名番号."""

    name: str
    bars: tuple[Bar, ...]
    detail: str = ""


@frozen
class QualificationSpan:
    """国保資格 at prefecture level; ``is_held`` where it cannot be told yet.

    ``until`` is where it ends without a loss being told (held, or a move nobody has answered).
    """

    acquired: date
    lost: date | None = None
    until: date | None = None
    label: str = ""
    start_text: str = ""
    end_text: str = ""
    is_held: bool = False


@frozen
class Mark:
    """確認事項. ``lanes`` are the places of the municipalities concerned; ``end`` is exclusive, None while open."""

    kind: MarkKind
    start: date
    end: date | None = None
    lanes: tuple[int, ...] = ()
    label: str = ""
    is_open: bool = True


@frozen
class MoveArrow:
    """県内異動 on ``day`` from one lane to another."""

    day: date
    from_lane: int
    to_lane: int


@frozen
class MonthDot:
    """高額該当月. ``month`` is its first day."""

    month: date
    kind: DotKind = DotKind.HOUSEHOLD
    label: str = ""


@frozen
class Timeline:
    """経過図 of one person."""

    title: str
    as_of: date
    lanes: tuple[Lane, ...]
    subtitle: str = ""
    qualifications: tuple[QualificationSpan, ...] = ()
    marks: tuple[Mark, ...] = ()
    arrows: tuple[MoveArrow, ...] = ()
    months: tuple[MonthDot, ...] = ()


# --- look ---

WIDTH: Final = 1240
_LEFT: Final = 216
_RIGHT: Final = WIDTH - 64
_BAR: Final = 30
_ROW: Final = 16
_SMALL: Final = 11.5
_FONTS: Final = '"Noto Sans JP","Noto Sans CJK JP","Yu Gothic","Hiragino Sans","Meiryo",sans-serif'

_PAPER: Final = "#fbfaf7"
_INK: Final = "#27313b"
_SOFT: Final = "#64707c"
_FAINT: Final = "#e4e1da"
_TINTS: Final = (
    ("#a9c8d6", "#4c7f94"),
    ("#b9d2ae", "#5f8650"),
    ("#dfcda4", "#94793a"),
    ("#cbbbdb", "#755f94"),
    ("#e0bfb4", "#9a6553"),
)
_KIND_TEXT: Final = {
    MarkKind.OVERLAP: "重複",
    MarkKind.GAP: "空白",
    MarkKind.ONE_SIDED: "片側のみ",
    MarkKind.UNMATCHED: "相手なし",
    MarkKind.IDENTITY: "本人確認不一致",
}
_KIND_COLOUR: Final = {  # Okabe and Ito's palette, told apart by colour-blind eyes too; each has a pattern of its own
    MarkKind.OVERLAP: "#c4500a",
    MarkKind.GAP: "#0067a5",
    MarkKind.ONE_SIDED: "#a8487f",
    MarkKind.UNMATCHED: "#9a6a00",
    MarkKind.IDENTITY: "#3d3d3d",
}
_DOT_TEXT: Final = {
    DotKind.HOUSEHOLD: "高額該当月",
    DotKind.OUTPATIENT: "外来のみの月",
    DotKind.CARRIED: "引き継いだ月",
}
_STYLE: Final = f"""
.end,.minor,.axis,.mark{{paint-order:stroke;stroke:{_PAPER};stroke-width:3.5px;stroke-linejoin:round}}
text{{font-family:{_FONTS};fill:{_INK}}}
.title{{font-size:21px;font-weight:700}}.sub{{font-size:13px;fill:{_SOFT}}}
.lane{{font-size:14.5px;font-weight:600}}.detail{{font-size:11px;fill:{_SOFT}}}
.end{{font-size:{_SMALL}px;}}
.in{{font-size:12.5px;font-weight:600}}.axis{{font-size:12.5px;font-weight:600}}.minor{{font-size:10.5px;fill:{_SOFT}}}
.mark{{font-size:11.5px;font-weight:600}}
.flag{{font-size:11.5px;font-weight:600;fill:#fff}}.legend{{font-size:11.5px;fill:{_SOFT}}}
"""


def render_svg(timeline: Timeline) -> str:
    """The picture as one SVG document (text, to be written as UTF-8)."""
    scale = _Scale.of(timeline)
    drawing = _Drawing(timeline, scale)
    drawing.draw()
    return drawing.document()


# --- time ---


@frozen
class _Scale:
    """Days to places. What lies before ``first`` is cut off: a long quiet beginning would crush everything else."""

    first: date
    last: date
    is_cut: bool

    @classmethod
    def of(cls, timeline: Timeline) -> _Scale:
        days = sorted(set(_days_of(timeline)))
        first, last, is_cut = days[0], days[-1], False
        if len(days) > 2:
            quiet, rest = (days[1] - first).days, (last - days[1]).days
            if quiet > 3 * max(rest, 180):
                first, is_cut = days[1] - timedelta(days=max(rest // 4, 60)), True
        span = max((last - first).days, 60)
        before = 0 if is_cut else max(span // 25, 8)
        return cls(_shifted(first, -before), _shifted(last, max(span // 14, 14)), is_cut)

    def x(self, day: date) -> float:
        """The place of the beginning of ``day``, within the picture."""
        share = (day - self.first).days / (self.last - self.first).days
        return _LEFT + (_RIGHT - _LEFT) * min(max(share, 0.0), 1.0)

    def cuts(self, day: date) -> bool:
        """Whether ``day`` lies before the beginning of the axis."""
        return day < self.first

    @property
    def per_month(self) -> float:
        return (_RIGHT - _LEFT) / ((self.last - self.first).days / 30.44)


def _shifted(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return day


def _days_of(timeline: Timeline) -> Iterable[date]:
    yield timeline.as_of
    for lane in timeline.lanes:
        for bar in lane.bars:
            yield from (bar.start, bar.end or bar.start)
    for span in timeline.qualifications:
        yield from (span.acquired, span.lost or span.until or span.acquired)
    for mark in timeline.marks:
        yield from (mark.start, mark.end or mark.start)
    yield from (arrow.day for arrow in timeline.arrows)
    yield from (dot.month for dot in timeline.months)


def era_year(year: int) -> str:
    """和暦 of most of ``year``, short: ``令和6``."""
    for name, first in (("令和", 2019), ("平成", 1989), ("昭和", 1926), ("大正", 1912), ("明治", 1868)):
        if year >= first:
            return f"{name}{'元' if year == first else year - first + 1}"
    return ""


def _japanese(day: date) -> str:
    return f"{day.year}.{day.month}.{day.day}"


# --- text ---


def text_width(text: str, size: float) -> float:
    """Estimated width in pixels: full-width characters take one em, others a good half or less."""
    return size * sum(1.0 if unicodedata.east_asian_width(each) in "WFA" else _NARROW.get(each, 0.57) for each in text)


_NARROW: Final = {".": 0.29, " ": 0.23, "(": 0.35, ")": 0.35, "i": 0.29, "l": 0.29}


def shortened(text: str, size: float, width: float) -> str:
    """``text`` or as much of it as fits, with an ellipsis."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return f"{text}…" if text else ""


def _clean(text: str) -> str:
    """Escaped, without what XML cannot hold."""
    return escape(printable(text), {'"': "&quot;"})


@frozen
class _Label:
    """One or more lines of text that want to stand at ``x`` but may move down."""

    x: float
    lines: tuple[str, ...]
    anchor: str = "start"

    @property
    def width(self) -> float:
        return max(text_width(line, _SMALL) for line in self.lines)

    @property
    def left(self) -> float:
        """Its left edge, kept within the picture."""
        wanted = self.x - {"start": 0.0, "middle": self.width / 2, "end": self.width}[self.anchor]
        return max(_LEFT - 4, min(wanted, WIDTH - 14 - self.width))

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def anchored_at(self) -> float:
        """Where the text is anchored, once it is kept within the picture."""
        return {"start": self.left, "middle": (self.left + self.right) / 2, "end": self.right}[self.anchor]

    def touches(self, other: _Label) -> bool:
        return self.left < other.right + 12 and other.left < self.right + 12


def _in_rows(labels: Iterable[_Label]) -> list[tuple[int, _Label]]:
    """Each label with the first row from which on all its lines touch none placed before."""
    rows: list[list[_Label]] = []
    placed = []
    for label in sorted(labels, key=lambda each: each.left):
        first = 0
        while any(label.touches(other) for row in rows[first : first + len(label.lines)] for other in row):
            first += 1
        rows.extend([] for _ in range(first + len(label.lines) - len(rows)))
        for row in rows[first : first + len(label.lines)]:
            row.append(label)
        placed.append((first, label))
    return placed


# --- drawing ---


@mutable
class _Drawing:
    """The picture while it grows downwards."""

    timeline: Timeline
    scale: _Scale
    y: float = 0.0
    _back: list[str] = field(factory=list)
    _shapes: list[str] = field(factory=list)
    _words: list[str] = field(factory=list)
    _bar_top: dict[int, float] = field(factory=dict)
    _axis_y: float = 0.0

    def draw(self) -> None:
        """All parts from top to bottom."""
        self._head()
        self._axis_labels()
        self._qualification()
        for place, lane in enumerate(self.timeline.lanes):
            self._lane(place, lane)
        self._arrows()
        self._marks()
        self._months()
        bottom = self.y
        self._grid(bottom)
        self._as_of(bottom)
        self._legend()
        self.y += 18

    def document(self) -> str:
        """The whole document."""
        height = round(self.y)
        title, described = _clean(self.timeline.title), _clean(describe(self.timeline))
        return "\n".join(
            (
                '<?xml version="1.0" encoding="UTF-8"?>',
                (
                    f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
                    f'viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title desc" lang="ja">'
                ),
                f'<title id="title">{title}</title>',
                f'<desc id="desc">{described}</desc>',
                f"<style>{_clean_style()}</style>",
                _patterns(),
                f'<rect width="{WIDTH}" height="{height}" fill="{_PAPER}"/>',
                *self._back,
                *self._shapes,
                *self._words,
                "</svg>",
                "",
            )
        )

    # --- parts ---

    def _head(self) -> None:
        self._text(28, 42, self.timeline.title, "title", 21, WIDTH - 300)
        if self.timeline.subtitle:
            self._text(28, 65, self.timeline.subtitle, "sub", 13, WIDTH - 60)
        self.y = 84.0

    def _axis_labels(self) -> None:
        """Years with 和暦, and months where there is room; labels that would touch are left out."""
        self._axis_y = self.y + 46
        years = list(range(self.scale.first.year, self.scale.last.year + 1))
        per_year = self.scale.per_month * 12
        step = next(each for each in (1, 2, 5, 10, 20, 50, 100) if per_year * each >= 62 or each == 100)
        free = float(_LEFT - 8)
        for year in years:
            if year == years[0] and len(years) > 1 and self.scale.x(date(year + 1, 1, 1)) - _LEFT < 96:
                continue
            if year % step and len(years) > 1:
                continue
            x = max(self.scale.x(date(year, 1, 1)), float(_LEFT))
            if x < free or x > _RIGHT - 30:
                continue
            self._words.append(f'<text x="{x + 5:.1f}" y="{self.y + 18:.1f}" class="axis">{year}年</text>')
            self._words.append(f'<text x="{x + 5:.1f}" y="{self.y + 32:.1f}" class="minor">{era_year(year)}年</text>')
            free = x + 62
        months = next((each for each in (1, 3, 6) if self.scale.per_month * each >= 36), None)
        if months is not None:
            for day in _month_starts(self.scale.first, self.scale.last, months):
                x = self.scale.x(day)
                if x < _RIGHT - 16:
                    self._words.append(
                        f'<text x="{x + 3:.1f}" y="{self.y + 46:.1f}" class="minor">{day.month}月</text>'
                    )
        self.y += 56

    def _grid(self, bottom: float) -> None:
        """Behind everything: years as lines, months as faint ones."""
        top = self._axis_y - 42
        months = next((each for each in (1, 3, 6) if self.scale.per_month * each >= 36), 12)
        for day in _month_starts(self.scale.first, self.scale.last, months):
            x, is_year = self.scale.x(day), day.month == 1
            if not is_year or self.scale.per_month * 12 >= 14:
                colour, start = ("#cfcbc2", top) if is_year else (_FAINT, top + 34)
                self._back.append(f'<path d="M{x:.1f} {start:.1f}V{bottom:.1f}" stroke="{colour}" stroke-width="1"/>')

    def _qualification(self) -> None:
        spans = self.timeline.qualifications
        if not spans:
            return
        top = self.y + 6
        self._lane_name(top, "国保資格", "都道府県単位の資格")
        labels: list[_Label] = []
        for span in spans:
            fill = "url(#held)" if span.is_held else "#3f5775"
            end = span.lost or span.until
            texts = (f"資格取得 {_japanese(span.acquired)}", f"資格喪失 {_japanese(span.lost)}" if span.lost else "")
            if span.is_held:
                texts = ("保留", "")
            hover = "、".join(part for part in (span.label, texts[0], span.start_text, texts[1], span.end_text) if part)
            self._bar(top, span.acquired, end, fill, "#3f5775", hover)
            inside = span.label or ("保留" if span.is_held else "")
            self._inside(top, span.acquired, end, inside, _INK if span.is_held else "#ffffff")
            if not span.is_held:
                labels += self._ends(span.acquired, span.lost, "資格取得", "資格喪失", span.start_text, span.end_text)
        self.y = self._labels(top + _BAR + 15, labels) + 16
        self._separator()

    def _lane(self, place: int, lane: Lane) -> None:
        top = self.y + 12
        self._bar_top[place] = top
        self._lane_name(top, lane.name, lane.detail)
        fill, edge = _TINTS[place % len(_TINTS)]
        labels: list[_Label] = []
        for bar in lane.bars:
            ends = f"{_japanese(bar.start)} 〜 {_japanese(bar.end) if bar.end else ''}"
            hover = "、".join(part for part in (lane.name, bar.label, ends, bar.start_text, bar.end_text) if part)
            if bar.style is BarStyle.SAME_DAY or bar.end == bar.start:
                self._diamond(self.scale.x(bar.start), top + _BAR / 2, edge, hover)
                text = " ".join(part for part in (_japanese(bar.start), bar.label or "同日得喪") if part)
                labels.append(_Label(self.scale.x(bar.start), (text,), "middle"))
                continue
            if bar.style is BarStyle.REPLACED:
                self._bar(top, bar.start, bar.end, "none", edge, hover, dashed=True)
                self._inside(top, bar.start, bar.end, bar.label or "訂正前", _SOFT)
            elif bar.style is BarStyle.CANCELLED:
                self._bar(top, bar.start, bar.end, "#f3f1ec", "#a9a49a", hover, dashed=True)
                self._inside(top, bar.start, bar.end, bar.label or "取消", "#7b766c", struck=True)
            else:
                held = bar.style is BarStyle.HELD
                self._bar(top, bar.start, bar.end, "url(#held)" if held else fill, edge, hover)
                self._inside(top, bar.start, bar.end, bar.label or ("保留" if held else ""), _INK)
            labels += self._ends(bar.start, bar.end, "", "", bar.start_text, bar.end_text)
        self.y = self._labels(top + _BAR + 15, labels) + 14

    def _ends(
        self, start: date, end: date | None, start_word: str, end_word: str, start_text: str, end_text: str
    ) -> list[_Label]:
        """Dates at both ends of a bar, each with its reason."""
        first = " ".join(part for part in (start_word, _japanese(start), start_text) if part)
        if self.scale.cuts(start):
            first = f"← {first}"
        left = self.scale.x(start) + 2
        if end is None:
            return [_Label(left, (first,))]
        last = " ".join(part for part in (end_word, _japanese(end), end_text) if part)
        right = self.scale.x(end) - 2
        labels = [_Label(left, (first,)), _Label(right, (last,), "end")]
        if labels[0].touches(labels[1]):  # too narrow: one below the other
            width = max(label.width for label in labels)
            anchor = "end" if left + width > WIDTH - 14 else "start"
            return [_Label(right if anchor == "end" else left, (f"{first} 〜", last), anchor)]
        return labels

    def _arrows(self) -> None:
        """From the lower edge of one bar to the upper edge of the other, in a gentle bow."""
        for arrow in self.timeline.arrows:
            if arrow.from_lane not in self._bar_top or arrow.to_lane not in self._bar_top:
                continue
            down = arrow.to_lane > arrow.from_lane
            x = self.scale.x(arrow.day)
            start = self._bar_top[arrow.from_lane] + (_BAR if down else 0)
            end = self._bar_top[arrow.to_lane] + (-7 if down else _BAR + 7)
            bow = 16 if abs(arrow.to_lane - arrow.from_lane) == 1 else 30
            hover = _clean(
                f"県内異動 {_japanese(arrow.day)} "
                f"{self.timeline.lanes[arrow.from_lane].name} → {self.timeline.lanes[arrow.to_lane].name}"
            )
            self._raw(
                f'<g><title>{hover}</title><circle cx="{x:.1f}" cy="{start:.1f}" r="3.2" fill="{_SOFT}"/>'
                f'<path d="M{x:.1f} {start:.1f}C{x + bow:.1f} {start + (end - start) * 0.3:.1f} '
                f'{x + bow:.1f} {start + (end - start) * 0.7:.1f} {x + 1.5:.1f} {end:.1f}" fill="none" '
                f'stroke="{_SOFT}" stroke-width="1.8" marker-end="url(#arrow)"/></g>'
            )

    def _marks(self) -> None:
        """確認事項: a veil over the lanes concerned, and a labelled strip in a lane of their own."""
        marks = self.timeline.marks
        if not marks:
            return
        self._separator()
        top = self.y + 12
        self._lane_name(top - 5, "確認事項", "重複・空白など")
        rows: list[float] = []
        for mark in sorted(marks, key=lambda each: (each.start, each.kind.value)):
            left, right = self._extent(mark)
            text = self._mark_text(mark)
            width = text_width(text, 11.5)
            at_left = right + 8 + width > WIDTH - 12
            if is_inside := at_left and left - 10 - width < _LEFT - 8:  # no room on either side
                begin, finish = left, right
            else:
                begin, finish = (left - 10 - width, right) if at_left else (left, right + 10 + width)
            row = next((number for number, taken in enumerate(rows) if begin >= taken), len(rows))
            rows[row:] = [finish + 14] if row == len(rows) else [finish + 14, *rows[row + 1 :]]
            y = top + row * 27
            self._veil(mark, left, right, y)
            colour = _KIND_COLOUR[mark.kind]
            faded = "" if mark.is_open else ' opacity="0.55"'
            self._raw(
                f"<g{faded}><title>{_clean(text)}</title>"
                f'<rect x="{left:.1f}" y="{y:.1f}" width="{right - left:.1f}" height="18" rx="4" fill="{_PAPER}"/>'
                f'<rect x="{left:.1f}" y="{y:.1f}" width="{right - left:.1f}" height="18" rx="4" '
                f'fill="url(#{mark.kind.value})" stroke="{colour}" stroke-width="1.4"/></g>'
            )
            place = left + 8 if is_inside else left - 7 if at_left else right + 7
            anchor = "end" if at_left and not is_inside else "start"
            self._words.append(
                f'<text{faded} x="{place:.1f}" y="{y + 13.5:.1f}" class="mark" text-anchor="{anchor}" '
                f'style="fill:{colour}">{_clean(text)}</text>'
            )
        self.y = top + len(rows) * 27 + 8

    def _extent(self, mark: Mark) -> tuple[float, float]:
        left = self.scale.x(mark.start)
        right = float(_RIGHT) if mark.end is None else self.scale.x(mark.end)
        if mark.kind in (MarkKind.ONE_SIDED, MarkKind.UNMATCHED, MarkKind.IDENTITY) and mark.end in (None, mark.start):
            right = left
        return (left - 5, left + 5) if right - left < 10 else (left, right)

    @staticmethod
    def _mark_text(mark: Mark) -> str:
        days = (mark.end - mark.start).days if mark.end is not None else 0
        parts = [mark.label or _KIND_TEXT[mark.kind]]
        if days and not mark.label:
            parts.append(f"{days}日")
        if not mark.is_open:
            parts.append("(解消済)")
        return " ".join(parts)

    def _veil(self, mark: Mark, left: float, right: float, bottom: float) -> None:
        tops = [self._bar_top[place] for place in mark.lanes if place in self._bar_top]
        if not tops or not mark.is_open:
            return
        colour = _KIND_COLOUR[mark.kind]
        first, last = min(tops) - 5, max(tops) + _BAR + 5
        shape = f'x="{left:.1f}" y="{first:.1f}" width="{right - left:.1f}" height="{last - first:.1f}" rx="6"'
        self._back.append(f'<rect {shape} fill="{colour}" fill-opacity="0.07"/>')
        self._raw(
            f'<rect {shape} fill="url(#{mark.kind.value})" fill-opacity="0.55" stroke="{colour}" stroke-width="1.3" '
            f'stroke-dasharray="5 4"/>'
        )
        middle = (left + right) / 2
        self._back.append(
            f'<path d="M{middle:.1f} {last:.1f}V{bottom:.1f}" stroke="{colour}" stroke-width="1" stroke-dasharray="2 4"/>'
        )

    def _months(self) -> None:
        months = self.timeline.months
        if not months:
            return
        self._separator()
        top = self.y + 14
        self._lane_name(top - 6, "高額該当", f"{len({each.month for each in months})}か月")
        radius = max(2.2, min(7.0, self.scale.per_month * 0.4))
        per_month: dict[date, int] = {}
        for dot in sorted(months, key=lambda each: (each.month, each.kind.value)):
            place = per_month[dot.month] = per_month.get(dot.month, -1) + 1
            x = self.scale.x(dot.month) + self.scale.per_month / 2
            text = _clean(" ".join(part for part in (f"{dot.month.year}年{dot.month.month}月", dot.label) if part))
            shape = _dot(x, top + 11 + place * (2 * radius + 4), radius, dot.kind)
            self._raw(f"<g><title>{text} {_DOT_TEXT[dot.kind]}</title>{shape}</g>")
        self.y = top + 26 + max(per_month.values()) * (2 * radius + 4)

    def _as_of(self, bottom: float) -> None:
        x = self.scale.x(self.timeline.as_of)
        text = f"基準日 {_japanese(self.timeline.as_of)}"
        width = text_width(text, 11.5) + 18
        left = min(max(x - width / 2, _LEFT), WIDTH - 12 - width)
        y = 62.0
        self._raw(
            f'<path d="M{x:.1f} {y + 11:.1f}V{bottom:.1f}" stroke="#b3363e" stroke-width="1.5" stroke-dasharray="6 4"/>'
            f'<rect x="{left:.1f}" y="{y - 9:.1f}" width="{width:.1f}" height="21" rx="10.5" fill="#b3363e"/>'
        )
        self._words.append(
            f'<text x="{left + width / 2:.1f}" y="{y + 6:.1f}" text-anchor="middle" class="flag">{text}</text>'
        )

    def _legend(self) -> None:
        """Only what the picture shows."""
        self.y += 12
        self._separator()
        x, y = 28.0, self.y + 24
        for shape, text in self._legend_items():
            width = 34 + text_width(text, 11.5) + 22
            if x + width > WIDTH - 20:
                x, y = 28.0, y + 24
            self._raw(
                f'<g transform="translate({x:.1f} {y:.1f})">{shape}'
                f'<text x="32" y="4" class="legend">{_clean(text)}</text></g>'
            )
            x += width
        self.y = y + 8

    def _legend_items(self) -> list[tuple[str, str]]:
        bars = [bar for lane in self.timeline.lanes for bar in lane.bars]
        styles = {BarStyle.SAME_DAY if bar.end == bar.start else bar.style for bar in bars}
        swatch = '<rect x="0" y="-7" width="26" height="14" rx="5" fill="{}" stroke="{}" stroke-width="1.2"{}/>'
        items = [(swatch.format(*_TINTS[0], ""), "適用期間(終了日はその日を含まない)")]
        if BarStyle.HELD in styles or any(span.is_held for span in self.timeline.qualifications):
            items.append((swatch.format("url(#held)", _SOFT, ""), "保留"))
        if BarStyle.CANCELLED in styles:
            items.append((swatch.format("#f3f1ec", "#a9a49a", ' stroke-dasharray="5 3"'), "取消"))
        if BarStyle.REPLACED in styles:
            items.append((swatch.format("none", _TINTS[0][1], ' stroke-dasharray="6 4"'), "訂正前"))
        if BarStyle.SAME_DAY in styles:
            items.append(
                (f'<path d="M13 -8L21 0L13 8L5 0Z" fill="{_PAPER}" stroke="{_SOFT}" stroke-width="2"/>', "同日得喪")
            )
        if self.timeline.arrows:
            items.append(
                (f'<path d="M0 0H20" stroke="{_SOFT}" stroke-width="1.8" marker-end="url(#arrow)"/>', "県内異動")
            )
        for kind in MarkKind:
            if any(mark.kind is kind for mark in self.timeline.marks):
                items.append((swatch.format(f"url(#{kind.value})", _KIND_COLOUR[kind], ""), _KIND_TEXT[kind]))
        for dot in DotKind:
            if any(each.kind is dot for each in self.timeline.months):
                items.append((_dot(13, 0, 6, dot), _DOT_TEXT[dot]))
        return items

    # --- pieces ---

    def _raw(self, markup: str) -> None:
        self._shapes.append(markup)

    def _text(self, x: float, y: float, text: str, style: str, size: float, width: float) -> None:
        self._words.append(
            f'<text x="{x:.1f}" y="{y:.1f}" class="{style}">{_clean(shortened(text, size, width))}</text>'
        )

    def _lane_name(self, top: float, name: str, detail: str) -> None:
        width = _LEFT - 28 - 16
        self._text(28, top + (14 if detail else 20), name, "lane", 14.5, width)
        if detail:
            self._text(28, top + 30, detail, "detail", 11, width)

    def _separator(self) -> None:
        self._back.append(f'<path d="M28 {self.y:.1f}H{WIDTH - 28}" stroke="{_FAINT}" stroke-width="1.2"/>')

    def _labels(self, top: float, labels: Sequence[_Label]) -> float:
        """Draw labels below a bar in as many rows as they need; returns where they end."""
        rows = 1
        for row, label in _in_rows(labels):
            rows = max(rows, row + len(label.lines))
            for number, line in enumerate(label.lines, row):
                self._words.append(
                    f'<text x="{label.anchored_at:.1f}" y="{top + number * _ROW:.1f}" class="end" '
                    f'text-anchor="{label.anchor}">{_clean(line)}</text>'
                )
        return top + (rows - 1) * _ROW

    def _bar(
        self, top: float, start: date, end: date | None, fill: str, edge: str, hover: str, *, dashed: bool = False
    ) -> None:
        """A rounded bar; torn at the left where it began before the axis, pointed at the right while it is open."""
        left = self.scale.x(start)
        right = float(_RIGHT) if end is None else max(self.scale.x(end), left + 3)
        height, r = _BAR, min(9.0, (right - left) / 2)
        bottom = top + height
        if self.scale.cuts(start):
            torn = "".join(
                f"L{left + (5 if step % 2 else 0):.1f} {bottom - step * height / 6:.1f}" for step in range(1, 6)
            )
            head, tail = f"M{left:.1f} {top:.1f}", f"L{left:.1f} {bottom:.1f}{torn}Z"
        else:
            head = f"M{left:.1f} {top + r:.1f}Q{left:.1f} {top:.1f} {left + r:.1f} {top:.1f}"
            tail = f"L{left + r:.1f} {bottom:.1f}Q{left:.1f} {bottom:.1f} {left:.1f} {bottom - r:.1f}Z"
        if end is None:
            point = f"L{right:.1f} {top:.1f}L{right + 12:.1f} {top + height / 2:.1f}L{right:.1f} {bottom:.1f}"
        else:
            point = (
                f"L{right - r:.1f} {top:.1f}Q{right:.1f} {top:.1f} {right:.1f} {top + r:.1f}"
                f"L{right:.1f} {bottom - r:.1f}Q{right:.1f} {bottom:.1f} {right - r:.1f} {bottom:.1f}"
            )
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        self._raw(
            f'<path d="{head}{point}{tail}" fill="{fill}" stroke="{edge}" stroke-width="1.3"{dash}>'
            f"<title>{_clean(hover)}</title></path>"
        )

    def _inside(
        self, top: float, start: date, end: date | None, text: str, colour: str, *, struck: bool = False
    ) -> None:
        left = self.scale.x(start)
        right = float(_RIGHT) if end is None else self.scale.x(end)
        fitting = shortened(text, 12.5, right - left - 20)
        if fitting != text and len(fitting) < 5:
            return  # a torn word tells less than none; it is told when pointed at
        line = ";text-decoration:line-through" if struck else ""
        self._words.append(
            f'<text x="{left + 12:.1f}" y="{top + 20:.1f}" class="in" style="fill:{colour}{line}">{_clean(fitting)}</text>'
        )

    def _diamond(self, x: float, y: float, edge: str, hover: str) -> None:
        self._raw(
            f'<path d="M{x:.1f} {y - 11:.1f}L{x + 10:.1f} {y:.1f}L{x:.1f} {y + 11:.1f}L{x - 10:.1f} {y:.1f}Z" '
            f'fill="{_PAPER}" stroke="{edge}" stroke-width="2.2"><title>{_clean(hover)}</title></path>'
        )


def _dot(x: float, y: float, radius: float, kind: DotKind) -> str:
    colour = "#2f7f6f"
    if kind is DotKind.OUTPATIENT:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius - 0.9:.1f}" fill="{_PAPER}" stroke="{colour}" stroke-width="1.8"/>'
    if kind is DotKind.CARRIED:
        return (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius - 0.7:.1f}" fill="{_PAPER}" stroke="{colour}" stroke-width="1.4"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius * 0.5:.1f}" fill="{colour}"/>'
        )
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}"/>'


def _month_starts(first: date, last: date, step: int) -> Iterable[date]:
    """The first days of every ``step``-th month, counted from January."""
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        if number % step == 0 and 1 <= number // 12 <= 9999:
            day = date(number // 12, number % 12 + 1, 1)
            if first <= day <= last:
                yield day


def _clean_style() -> str:
    return _STYLE.replace("&", "&amp;").replace("<", "&lt;")


def _patterns() -> str:
    """A pattern for each kind, so that colour is never the only difference."""
    colours = {kind.value: colour for kind, colour in _KIND_COLOUR.items()}
    lines = {
        "overlap": '<path d="M0 8L8 0M-2 2L2 -2M6 10L10 6" stroke="{c}" stroke-width="1.8"/>',
        "gap": '<circle cx="4" cy="4" r="1.5" fill="{c}"/>',
        "one_sided": '<path d="M4 0V8" stroke="{c}" stroke-width="2"/>',
        "unmatched": '<path d="M0 4H8" stroke="{c}" stroke-width="2"/>',
        "identity": '<path d="M0 0L8 8M8 0L0 8" stroke="{c}" stroke-width="1.2"/>',
    }
    patterns = "".join(
        f'<pattern id="{name}" width="8" height="8" patternUnits="userSpaceOnUse">{shape.format(c=colours[name])}</pattern>'
        for name, shape in lines.items()
    )
    held = (
        '<pattern id="held" width="10" height="10" patternUnits="userSpaceOnUse">'
        '<rect width="10" height="10" fill="#eceae4"/><path d="M0 0L10 10M-2 8L2 12M8 -2L12 2" stroke="#c9c5bb" '
        'stroke-width="2.4"/></pattern>'
    )
    arrow = (
        '<marker id="arrow" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="9" markerHeight="9" orient="auto" '
        f'markerUnits="userSpaceOnUse"><path d="M0 0.8L10 5L0 9.2L2.6 5Z" fill="{_SOFT}"/></marker>'
    )
    return f"<defs>{patterns}{held}{arrow}</defs>"


_STYLE_WORDS: Final = {
    BarStyle.HELD: "(保留)",
    BarStyle.CANCELLED: "(取消)",
    BarStyle.REPLACED: "(訂正前)",
    BarStyle.SAME_DAY: "(同日得喪)",
}


def describe(timeline: Timeline) -> str:
    """The picture in words, for those who cannot see it."""
    parts = [f"基準日 {timeline.as_of.isoformat()}。"]
    for span in timeline.qualifications:
        lost = f"喪失 {span.lost.isoformat()}" if span.lost else "喪失なし"
        parts.append("国保資格: 保留。" if span.is_held else f"国保資格: 取得 {span.acquired.isoformat()}、{lost}。")
    for lane in timeline.lanes:
        for bar in lane.bars:
            end = bar.end.isoformat() if bar.end else "継続中"
            parts.append(f"{lane.name}: {bar.start.isoformat()} から {end}{_STYLE_WORDS.get(bar.style, '')}。")
    for mark in timeline.marks:
        end = f" から {mark.end.isoformat()}" if mark.end else ""
        state = "" if mark.is_open else "(解消済)"
        parts.append(f"確認事項: {mark.label or _KIND_TEXT[mark.kind]} {mark.start.isoformat()}{end}{state}。")
    if timeline.months:
        parts.append(f"高額該当: {len({dot.month for dot in timeline.months})}か月。")
    return "".join(parts)
