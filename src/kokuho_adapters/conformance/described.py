"""不適合の説明: what every form of the report says of a rule and of a fault, in one place."""

from __future__ import annotations

from collections import Counter
from typing import Final

from attrs import frozen

from kokuho_adapters.conformance.layout_wording import japanese
from kokuho_core.conformance.comparison import Comparison, about, comparisons
from kokuho_core.conformance.narration import Narration, narrate
from kokuho_core.conformance.report import Fault, Report, RuleResult, RuleState
from kokuho_core.conformance.rules import RULE, Capability, Rule
from kokuho_core.conformance.trials.report import PortReport, PortRuleResult
from kokuho_core.conformance.trials.rules import Port, PortRule

STATE_WORDS: Final = {
    RuleState.KEPT: "守られた",
    RuleState.BROKEN: "守られなかった",
    RuleState.UNCLEAR: "判断できない",
    RuleState.EXCEPTED: "未対応(届出済み)",
    RuleState.EXCEPTION_OUTDATED: "除外が不要",
    RuleState.NOT_EXERCISED: "試されなかった",
    RuleState.NOT_APPLICABLE: "対象外",
}
STATE_MEANINGS: Final = {
    RuleState.KEPT: "この規則で決まる値を確かめ、すべて正しかった。",
    RuleState.BROKEN: "この規則で決まる値の中に、正しくないものがあった。",
    RuleState.UNCLEAR: "正しくない値があったが、いつも別の不適合と一緒だった。それを直してから試し直す。",
    RuleState.EXCEPTED: "まだ守られないと届け出てあり、そのとおり守られなかった。",
    RuleState.EXCEPTION_OUTDATED: "まだ守られないと届け出てあるが、誤りは見つからなかった。届出を外す。",
    RuleState.NOT_EXERCISED: "この規則で決まる値が一度も出なかった。守られたとも守られなかったとも言えない。",
    RuleState.NOT_APPLICABLE: "この機能は備えていないと届け出てある。",
}
FAILING: Final = (RuleState.BROKEN, RuleState.EXCEPTION_OUTDATED)
CAPABILITY_WORDS: Final = {
    Capability.QUALIFICATION: "資格継続",
    Capability.FINDINGS: "重複・空白の確認リスト",
    Capability.CANDIDATES: "継続候補世帯リスト",
    Capability.CARRY_OVER: "確定と高額該当の引継ぎ",
    Capability.RECEIPTS: "処理結果",
}
PORT_WORDS: Final = {
    Port.STORES: "保管",
    Port.EXCHANGE: "ファイル授受",
    Port.VAULT: "番号保管庫",
    Port.RECEIVER: "登録の受け手",
    Port.SENDER: "登録の送り手",
}


@frozen
class DescribedFault:
    """不適合の説明. ``comparisons``: the rows that differ, those of the rule itself first."""

    fault: Fault
    rule: Rule
    comparisons: tuple[Comparison, ...]
    narration: Narration

    @property
    def sentence(self) -> str:
        """What was expected and what came back, of the first difference."""
        return self.comparisons[0].sentence

    @property
    def said(self) -> tuple[str, ...]:
        """The last lines of a system that gave no answer."""
        failure = self.fault.played.failure
        return () if failure is None else failure.said

    @property
    def text(self) -> str:
        """Everything as plain text."""
        lines = [f"規則 {self.rule.number}: {self.rule.ja}", *(each.sentence for each in self.comparisons)]
        lines += [f"    | {each}" for each in self.said]
        return "\n".join((*lines, "", self.narration.text))


def described(fault: Fault) -> DescribedFault:
    """A fault in Japanese."""
    played = fault.played
    say = japanese(played.story)
    rows = sorted(comparisons(played, say), key=lambda each: each.rule != fault.rule)
    return DescribedFault(fault, RULE[fault.rule], tuple(rows), narrate(played.story, say, about(played)))


def reason_of(result: RuleResult | PortRuleResult) -> str:
    """Why the state is what it is, in one sentence; with the reason that was announced for an exception."""
    meaning = STATE_MEANINGS[result.state]
    return f"{meaning}届け出た理由: {result.reason}" if result.reason else meaning


def part_of(rule: Rule | PortRule) -> str:
    """The part of a system that a rule speaks of."""
    if isinstance(rule, PortRule):
        return PORT_WORDS[rule.capability]
    return CAPABILITY_WORDS[rule.capability] if rule.capability else "すべて"


def played_word(report: Report | PortReport) -> str:
    """What was played."""
    return "やり取り" if isinstance(report, PortReport) else "生活史"


def results_shown(report: Report | PortReport) -> tuple[RuleResult, ...] | tuple[PortRuleResult, ...]:
    """The rules to speak of: of ports, those of the ports that were brought to the run."""
    if isinstance(report, PortReport):
        return tuple(each for each in report.results if each.state is not RuleState.NOT_APPLICABLE)
    return report.results


def counts(report: Report | PortReport) -> dict[RuleState, int]:
    """How many rules are in each state there can be."""
    found = Counter(each.state for each in results_shown(report))
    never = {RuleState.NOT_APPLICABLE, RuleState.UNCLEAR} if isinstance(report, PortReport) else set()
    return {state: found[state] for state in RuleState if state not in never}


def verdict(report: Report | PortReport) -> str:
    """The result in one sentence. A rule that was not exercised is not called kept."""
    numbers = "、".join(f"{STATE_WORDS[state]} {count}" for state, count in counts(report).items() if count)
    return f"{'適合' if report.is_conformant else '不適合'}: {numbers}"
