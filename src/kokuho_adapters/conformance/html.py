"""HTMLの報告: one self-contained page for people, without scripts and without anything loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from attrs import frozen

from kokuho_adapters import __version__
from kokuho_adapters.conformance.described import (
    CAPABILITY_WORDS,
    FAILING,
    PORT_WORDS,
    STATE_MEANINGS,
    STATE_WORDS,
    counts,
    described,
    part_of,
    played_word,
    reason_of,
    results_shown,
    verdict,
)
from kokuho_adapters.conformance.html_style import STYLE
from kokuho_adapters.conformance.html_table import table
from kokuho_adapters.conformance.markup import Markup, tag, together
from kokuho_adapters.conformance.port_fault_html import port_fault
from kokuho_adapters.conformance.story_fault_html import story_fault
from kokuho_core.conformance.report import Fault, Report, RuleResult, RuleState
from kokuho_core.conformance.rules import Rule
from kokuho_core.conformance.trials.report import PortReport, PortRuleResult
from kokuho_core.conformance.trials.rules import PortRule

ReplayCommand = Callable[[Fault], str]
"""What a reader types to play the story of a fault again."""

_SYMBOLS: Final = {
    RuleState.KEPT: "○",
    RuleState.BROKEN: "×",
    RuleState.UNCLEAR: "?",
    RuleState.EXCEPTED: "△",
    RuleState.EXCEPTION_OUTDATED: "!",
    RuleState.NOT_EXERCISED: "―",
    RuleState.NOT_APPLICABLE: "／",
}
_STORIES_READ: Final = (
    "「生活史」は、架空の住民の異動を乱数で作り、市町村のファイルとして試験対象へ送ったもの。同じ種からは同じ生活史ができる。",
    "「試した値の数」は、その規則で決まる返却値をいくつ確かめたか。0の規則については何も言えない。",
    "「守られた」は、試した範囲で誤りが見つからなかったことを表す。誤りがないことの証明ではない。",
    "日付の「終了日」は適用の最後の日の翌日(その日は含まない)。空白・重複の「〜」は両端の日を含む。",
    "「番号1」などは個人番号の代わりの通し番号。個人番号はこの報告のどこにもない。",
)
_HISTORIES_READ: Final = (
    "「やり取り」は、架空の手順を乱数で作り、空の試験対象に一手ずつ行わせたもの。同じ種からは同じやり取りができる。",
    "「試した値の数」は、その規則で決まる値をいくつ確かめたか。0の規則については何も言えない。",
    "「守られた」は、試した範囲で誤りが見つからなかったことを表す。誤りがないことの証明ではない。",
    "不適合の手順は、最後の一手で誤りが現れる。記録も番号も架空で、個人番号はこの報告のどこにもない。",
)


@frozen
class _ShownFault:
    rule: Rule | PortRule
    article: Markup


def html(report: Report | PortReport, replay_command: ReplayCommand | None = None) -> str:
    """The page. ``replay_command``: what is shown as the way to play a life story again; without one nothing is shown."""
    faults = _shown(report, replay_command)
    reading = _HISTORIES_READ if isinstance(report, PortReport) else _STORIES_READ
    body = tag(
        "body",
        tag("a", "本文へ移る", href="#result", class_="skip"),
        _header(report),
        _contents(faults),
        tag("main", _summary(report), _rules(report, faults), _faults(faults), _how_to_read(reading), id="result"),
        tag("footer", tag("p", f"kokuho {__version__} の適合性試験が作った報告。載っている人物・番号はすべて架空である。")),
    )
    return f"<!DOCTYPE html>\n{tag('html', _head(report), body, lang='ja')}\n"


def _shown(report: Report | PortReport, replay_command: ReplayCommand | None) -> list[_ShownFault]:
    """Every fault as an article, in the order of the report."""
    if isinstance(report, PortReport):
        known = [(each.rule, fault) for each in report.results for fault in each.faults]
        return [_ShownFault(rule, port_fault(number, rule, fault)) for number, (rule, fault) in enumerate(known, 1)]
    told = enumerate(map(described, report.faults), 1)
    replay = replay_command or (lambda fault: "")
    return [_ShownFault(each.rule, story_fault(number, each, replay(each.fault))) for number, each in told]


def _head(report: Report | PortReport) -> Markup:
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"適合性試験の報告 — {report.system}"),
        tag("style", Markup(STYLE)),
    )


def _header(report: Report | PortReport) -> Markup:
    words = (*CAPABILITY_WORDS.items(), *PORT_WORDS.items())
    parts = "、".join(word for part, word in words if part in report.capabilities)
    facts = {
        "試験対象": report.system,
        f"試した{_part(report)}": parts or "なし",
        played_word(report): f"{report.stories:,}件(種 {report.seed})",
        "不適合": f"{len(report.faults)}件",
    }
    listed = together(*(together(tag("dt", name), tag("dd", value)) for name, value in facts.items()))
    return tag(
        "header",
        tag("h1", "国保 適合性試験の報告"),
        tag("p", verdict(report), class_=f"verdict {'good' if report.is_conformant else 'bad'}"),
        tag("dl", listed),
    )


def _part(report: Report | PortReport) -> str:
    return "部品" if isinstance(report, PortReport) else "機能"


def _contents(faults: Sequence[_ShownFault]) -> Markup:
    links = [("summary", "まとめ"), ("rules", "規則ごとの結果")]
    links += [(f"fault-{number}", f"不適合{number}({each.rule.number})") for number, each in enumerate(faults, 1)]
    links.append(("reading", "この報告の読み方"))
    items = together(*(tag("li", tag("a", text, href=f"#{anchor}")) for anchor, text in links))
    return tag("nav", tag("ul", items), aria_label="目次")


def _summary(report: Report | PortReport) -> Markup:
    rows = [
        (_state(state), tag("td", f"{count}", class_="number"), tag("td", STATE_MEANINGS[state]))
        for state, count in counts(report).items()
    ]
    listed = table("結果ごとの規則の数", ("結果", "規則の数", "意味"), rows, style="scroll named")
    return tag("section", tag("h2", "まとめ", id="summary"), listed)


def _state(state: RuleState) -> Markup:
    name = state.value.replace("_", "-")
    return tag("td", tag("span", _SYMBOLS[state], aria_hidden="true"), f" {STATE_WORDS[state]}", class_=f"state {name}")


def _rules(report: Report | PortReport, faults: Sequence[_ShownFault]) -> Markup:
    rows = [
        (
            tag("th", each.rule.number, scope="row"),
            _state(each.state),
            tag("td", each.rule.ja, class_="what"),
            tag("td", part_of(each.rule)),
            tag("td", f"{each.exercised:,}", class_="number"),
            tag("td", *remarks, class_="what" if remarks else None),
        )
        for each in results_shown(report)
        for remarks in [list(_remarks(each, faults))]
    ]
    heads = ("規則", "結果", "内容", _part(report), "試した値の数", "備考")
    listed = table("規則ごとの結果", heads, rows, style="scroll named")
    return tag("section", tag("h2", "規則ごとの結果", id="rules"), listed)


def _remarks(result: RuleResult | PortRuleResult, faults: Sequence[_ShownFault]) -> Iterable[str]:
    if result.reason:
        yield reason_of(result) if result.state in FAILING else f"届け出た理由: {result.reason} "
    for number, each in enumerate(faults, 1):
        if each.rule == result.rule:
            yield tag("a", f"不適合{number}", href=f"#fault-{number}")
            yield " "


def _faults(faults: Sequence[_ShownFault]) -> Markup:
    shown = [each.article for each in faults] or [tag("p", "見つからなかった。")]
    return tag("section", tag("h2", "不適合"), *shown)


def _how_to_read(texts: Iterable[str]) -> Markup:
    items = (tag("li", each) for each in texts)
    return tag("section", tag("h2", "この報告の読み方", id="reading"), tag("ul", *items))
