"""HTMLの報告: one self-contained page for people, without scripts and without anything loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from typing import Final

from kokuho_adapters import __version__
from kokuho_adapters.conformance.described import (
    CAPABILITY_WORDS,
    FAILING,
    STATE_MEANINGS,
    STATE_WORDS,
    DescribedFault,
    counts,
    described,
    reason_of,
    verdict,
)
from kokuho_adapters.conformance.layout_wording import LayoutWording
from kokuho_adapters.conformance.markup import Markup, tag, together
from kokuho_adapters.conformance.story_timeline import timelines
from kokuho_adapters.timeline import describe, render_svg
from kokuho_core.conformance.comparison import Comparison
from kokuho_core.conformance.narration import NarratedFile, NarratedStep
from kokuho_core.conformance.report import Fault, Report, RuleResult, RuleState
from kokuho_core.conformance.sentences import JapaneseSentences
from kokuho_core.conformance.story import Sending, Story

ReplayCommand = Callable[[Fault], str]
"""What a reader types to play the story of a fault again."""

_MOST_DIFFERENCES: Final = 12
"""Rows shown of one fault. What follows from a fault can be long, and says little more; the number left out is told."""
_SYMBOLS: Final = {
    RuleState.KEPT: "○",
    RuleState.BROKEN: "×",
    RuleState.UNCLEAR: "?",
    RuleState.EXCEPTED: "△",
    RuleState.EXCEPTION_OUTDATED: "!",
    RuleState.NOT_EXERCISED: "―",
    RuleState.NOT_APPLICABLE: "／",
}
_STYLE: Final = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:#fbfaf7;color:#1f2933;line-height:1.75;
font-family:"Noto Sans JP","Noto Sans CJK JP","Yu Gothic","Hiragino Sans","Meiryo",sans-serif}
main,header,footer,nav{max-width:76rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2rem}
h1{font-size:1.75rem;line-height:1.35;margin:.2rem 0 1rem}
h2{font-size:1.35rem;margin:2.75rem 0 .75rem;padding-bottom:.35rem;border-bottom:2px solid #3f5775}
h3{font-size:1.12rem;margin:0 0 .5rem}
h4{font-size:1rem;margin:1.6rem 0 .4rem}
p{margin:.4rem 0}
a{color:#0b4f86}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid #b45309;outline-offset:2px}
.skip{position:absolute;left:-999rem}
.skip:focus{left:1rem;top:1rem;background:#fff;padding:.5rem 1rem;z-index:1}
.verdict{border-left:.5rem solid;padding:.8rem 1.1rem;font-size:1.1rem;font-weight:700;background:#fff}
.verdict.good{border-color:#1b6b45;color:#14532d}
.verdict.bad{border-color:#b42318;color:#7a1a12}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.2rem;margin:1rem 0}
dt{font-weight:700}dd{margin:0}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;list-style:none;padding:0;margin:1rem 0 0}
.scroll{overflow-x:auto;margin:.6rem 0 1rem}
table{border-collapse:collapse;background:#fff;font-size:.94rem}
caption{text-align:left;font-weight:700;padding:.3rem 0}
th,td{border:1px solid #cbd2d9;padding:.4rem .65rem;text-align:left;vertical-align:top}
thead th{background:#e9eef4;white-space:nowrap}
tbody th{font-weight:600;white-space:nowrap}
.named caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
td{min-width:8rem}td.number,.wide td{min-width:0}
.number{text-align:right;font-variant-numeric:tabular-nums}
.state{white-space:nowrap;font-weight:700}
.kept{color:#14532d}.broken,.exception-outdated{color:#8f1d14}.excepted,.unclear{color:#7a4a00}
.not-exercised,.not-applicable{color:#4b5563}
th.what{white-space:normal;min-width:18rem}td.wrong{background:#fdf0ee;font-weight:700}td.right{color:#4b5563}
.wide td,.wide th{white-space:nowrap;font-size:.86rem}
.fault{background:#fff;border:1px solid #cbd2d9;border-top:.35rem solid #b42318;border-radius:.35rem;
padding:1.2rem 1.4rem;margin:1.4rem 0}
.rule{color:#4b5563;margin:0}
.told{background:#fdf0ee;border-left:.3rem solid #b42318;padding:.55rem .9rem;margin:.8rem 0}
.step{margin:1rem 0 .2rem;font-weight:700}
.file{margin:.4rem 0 .1rem;color:#4b5563;font-size:.9rem}
ol.story{margin:.1rem 0 .4rem;padding-left:2.6rem}
ol.story li.about{font-weight:700}
.picture img{display:block;width:100%;min-width:48rem;height:auto;border:1px solid #cbd2d9}
code,pre{font-family:"Noto Sans Mono CJK JP",Consolas,Menlo,monospace;font-size:.9rem}
pre{background:#f0efeb;padding:.7rem .9rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
summary{cursor:pointer;font-weight:700;margin-top:1.6rem}
footer{padding:2rem 1.5rem 3rem;color:#4b5563;font-size:.9rem}
@media print{body{background:#fff;font-size:10pt}nav,.skip{display:none}.scroll{overflow:visible}
.fault{border-width:1px;break-before:page}tr,li,.told,.picture{break-inside:avoid}h2,h3,h4,.step,.file{break-after:avoid}
.picture img{min-width:0}.wide td,.wide th{white-space:normal;font-size:7pt;padding:.15rem .25rem}}
"""


def html(report: Report, replay_command: ReplayCommand | None = None) -> str:
    """The page. ``replay_command``: what is shown as the way to play a story again; without one nothing is shown."""
    faults = [described(each) for each in report.faults]
    body = tag(
        "body",
        tag("a", "本文へ移る", href="#result", class_="skip"),
        _header(report),
        _contents(faults),
        tag("main", _summary(report), _rules(report, faults), _faults(faults, replay_command), _how_to_read(), id="result"),
        tag("footer", tag("p", f"kokuho {__version__} の適合性試験が作った報告。載っている人物・番号はすべて架空である。")),
    )
    return f"<!DOCTYPE html>\n{tag('html', _head(report), body, lang='ja')}\n"


def _head(report: Report) -> Markup:
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"適合性試験の報告 — {report.system}"),
        tag("style", Markup(_STYLE)),
    )


def _header(report: Report) -> Markup:
    parts = "、".join(word for capability, word in CAPABILITY_WORDS.items() if capability in report.capabilities)
    facts = {
        "試験対象": report.system,
        "試した機能": parts or "なし",
        "生活史": f"{report.stories:,}件(種 {report.seed})",
        "不適合": f"{len(report.faults)}件",
    }
    listed = together(*(together(tag("dt", name), tag("dd", value)) for name, value in facts.items()))
    return tag(
        "header",
        tag("h1", "国保 適合性試験の報告"),
        tag("p", verdict(report), class_=f"verdict {'good' if report.is_conformant else 'bad'}"),
        tag("dl", listed),
    )


def _contents(faults: list[DescribedFault]) -> Markup:
    links = [("summary", "まとめ"), ("rules", "規則ごとの結果")]
    links += [(f"fault-{number}", f"不適合{number}({each.rule.number})") for number, each in enumerate(faults, 1)]
    links.append(("reading", "この報告の読み方"))
    items = together(*(tag("li", tag("a", text, href=f"#{anchor}")) for anchor, text in links))
    return tag("nav", tag("ul", items), aria_label="目次")


def _summary(report: Report) -> Markup:
    rows = [
        (_state(state), tag("td", f"{count}", class_="number"), tag("td", STATE_MEANINGS[state]))
        for state, count in counts(report).items()
    ]
    table = _table("結果ごとの規則の数", ("結果", "規則の数", "意味"), rows, style="scroll named")
    return tag("section", tag("h2", "まとめ", id="summary"), table)


def _state(state: RuleState) -> Markup:
    name = state.value.replace("_", "-")
    return tag("td", tag("span", _SYMBOLS[state], aria_hidden="true"), f" {STATE_WORDS[state]}", class_=f"state {name}")


def _rules(report: Report, faults: list[DescribedFault]) -> Markup:
    rows = [
        (
            tag("th", each.rule.number, scope="row"),
            tag("td", each.rule.ja),
            tag("td", CAPABILITY_WORDS[each.rule.capability] if each.rule.capability else "すべて"),
            _state(each.state),
            tag("td", f"{each.exercised:,}", class_="number"),
            tag("td", *_remarks(each, faults)),
        )
        for each in report.results
    ]
    table = _table("規則ごとの結果", ("規則", "内容", "機能", "結果", "試した値の数", "備考"), rows, style="scroll named")
    return tag("section", tag("h2", "規則ごとの結果", id="rules"), table)


def _remarks(result: RuleResult, faults: list[DescribedFault]) -> Iterable[str]:
    if result.reason:
        yield reason_of(result) if result.state in FAILING else f"理由: {result.reason} "
    for number, each in enumerate(faults, 1):
        if each.rule == result.rule:
            yield tag("a", f"不適合{number}", href=f"#fault-{number}")
            yield " "


def _faults(faults: list[DescribedFault], replay_command: ReplayCommand | None) -> Markup:
    if not faults:
        return tag("section", tag("h2", "不適合"), tag("p", "見つからなかった。"))
    listed = (_fault(number, each, replay_command) for number, each in enumerate(faults, 1))
    return tag("section", tag("h2", "不適合"), *listed)


def _fault(number: int, explained: DescribedFault, replay_command: ReplayCommand | None) -> Markup:
    fault, story = explained.fault, explained.fault.played.story
    replay = None
    if replay_command is not None:
        replay = together(tag("h4", "もう一度試す"), tag("pre", tag("code", replay_command(fault))))
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
        replay,
        class_="fault",
        aria_labelledby=f"fault-{number}",
    )


def _differences(comparisons: tuple[Comparison, ...]) -> Markup:
    shown = comparisons[:_MOST_DIFFERENCES]
    heads = ("返却されるもの", "項目", "期待", "返却", "決める規則")
    table = _table("期待と返却", heads, (row for each in shown for row in _compared(each)), style="scroll named")
    left = len(comparisons) - len(shown)
    return together(table, tag("p", f"ほかに{left}行が違った。") if left else None)


def _compared(row: Comparison) -> Iterable[list[Markup]]:
    """The fields that differ, a line each, and in one line those that were right."""
    differing = [each for each in row.fields if each.differs]
    same = "、".join(each.name for each in row.fields if not each.differs)
    what = together(f"{row.told_to}へ ", row.file, tag("br"), row.subject)
    first = [tag("th", what, scope="rowgroup", class_="what", rowspan=f"{len(differing) + bool(same)}")]
    for each in differing:
        cells = [tag("td", each.name), tag("td", each.expected), tag("td", each.actual, class_="wrong"), tag("td", row.rule)]
        yield first + cells
        first = []
    if same:
        yield [*first, tag("td", f"期待どおりの項目: {same}", colspan="4", class_="right")]


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
    return _table(caption, [say.field(sending.file_id, key) for key in keys], rows, style="scroll wide")


def _cell(file_id: str, key: str, value: object, say: JapaneseSentences) -> str:
    if value is None or value == "":
        return ""
    return str(value) if key == "insurer_number" else say.value(file_id, key, value)


def _table(
    caption: str,
    heads: Iterable[str],
    rows: Iterable[Iterable[Markup]],
    style: str = "scroll",
) -> Markup:
    """Style «named»: the heading before it says what the caption says."""
    body = [tag("tr", *cells) for cells in rows]
    table = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *(tag("th", each, scope="col") for each in heads))),
        tag("tbody", *body),
    )
    return tag("div", table, class_=style, tabindex="0", role="region", aria_label=caption)


def _how_to_read() -> Markup:
    texts = (
        "「生活史」は、架空の住民の異動を乱数で作り、市町村のファイルとして試験対象へ送ったもの。同じ種からは同じ生活史ができる。",
        "「試した値の数」は、その規則で決まる返却値をいくつ確かめたか。0の規則については何も言えない。",
        "「守られた」は、試した範囲で誤りが見つからなかったことを表す。誤りがないことの証明ではない。",
        "日付の「終了日」は適用の最後の日の翌日(その日は含まない)。空白・重複の「〜」は両端の日を含む。",
        "「番号1」などは個人番号の代わりの通し番号。個人番号はこの報告のどこにもない。",
    )
    items = (tag("li", each) for each in texts)
    return tag("section", tag("h2", "この報告の読み方", id="reading"), tag("ul", *items))
