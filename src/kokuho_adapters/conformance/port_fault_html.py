"""口の不適合の頁: one fault of a port — what was done, act by act, and what the last act led to."""

from __future__ import annotations

from kokuho_adapters.conformance.described import part_of
from kokuho_adapters.conformance.html_table import table
from kokuho_adapters.conformance.markup import Markup, tag
from kokuho_core.conformance.trials.report import PortFault
from kokuho_core.conformance.trials.rules import PortRule


def port_fault(number: int, rule: PortRule, fault: PortFault) -> Markup:
    """An article; the act that shows the fault is the last one."""
    *before, last = fault.acts
    compared = [
        tag("th", fault.what, scope="row", class_="what"), tag("td", fault.expected), tag("td", fault.actual, class_="wrong")
    ]  # fmt: skip
    return tag(
        "article",
        tag("h3", f"不適合{number} — 規則{rule.number}({part_of(rule)})", id=f"fault-{number}"),
        tag("p", rule.ja, class_="rule"),
        tag("p", fault.sentence, class_="told"),
        tag("p", f"やり取り {fault.found_in} を、同じ誤りが出る範囲で縮めた({len(fault.acts)}手)。"),
        tag("h4", "行ったこと"),
        tag("ol", *(tag("li", each) for each in before), tag("li", last, class_="about"), class_="story"),
        tag("h4", "期待と実際"),
        table("期待と実際", ("確かめたもの", "期待", "実際"), [compared], style="scroll named"),
        class_="fault",
        aria_labelledby=f"fault-{number}",
    )
