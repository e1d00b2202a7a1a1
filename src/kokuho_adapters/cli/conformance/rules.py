"""``kokuho conformance rules``: the rules that are tested."""

from __future__ import annotations

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.output import DONE
from kokuho_adapters.cli.session import JSON
from kokuho_core.conformance.rules import RULES


@click.command()
@JSON
def rules(as_json: bool) -> int:
    """試す規則の一覧。 / The rules that are tested, and the capability each belongs to."""
    if as_json:
        output.print_json(
            [{"rule": each.number, "capability": each.capability, "ja": each.ja, "en": each.en} for each in RULES]
        )
        return DONE
    output.print_table(
        "規則 / rules",
        ("規則 rule", "能力 capability", "内容 what it says"),
        ((each.number, None if each.capability is None else each.capability.value, f"{each.ja} {each.en}") for each in RULES),
    )
    return DONE
