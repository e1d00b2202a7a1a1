"""除外の一覧: the rules that a system is known not to keep yet, with the reason for each."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path

from kokuho_core.conformance.rules import RULE
from kokuho_core.errors import Problem, SetupFault


def read_exceptions(path: Path, rules: Collection[str] = RULE.keys()) -> Mapping[str, str]:
    """Rule number to reason, from the table ``[exceptions]``; ``rules`` are those there are.

    Raises :class:`SetupFault` (KKH-Y005) for a file that is no such list, an unknown rule, or one without a reason.
    """
    try:
        with path.open("rb") as file:
            said = tomllib.load(file)
    except (OSError, ValueError):
        raise SetupFault(Problem("KKH-Y005", field=path.name)) from None
    listed = said.get("exceptions")
    if said.keys() != {"exceptions"} or not isinstance(listed, dict):
        raise SetupFault(Problem("KKH-Y005", field=f"{path.name}: [exceptions]"))
    wrong = [
        rule for rule, reason in listed.items() if rule not in rules or not isinstance(reason, str) or not reason.strip()
    ]
    if wrong:
        raise SetupFault(*(Problem("KKH-Y005", field=f"{path.name}: {rule[:40]}") for rule in wrong))
    return dict(listed)
