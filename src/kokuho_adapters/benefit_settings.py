"""給付の設定: the table ``[benefit]`` of a configuration file, where the law leaves something open."""

from __future__ import annotations

from typing import Any

from kokuho_core.benefit.choices import Choices
from kokuho_core.errors import InvalidValue


def choices_of(source: Any, wrong: list[str]) -> Choices:
    """``[benefit]``. What is wrong is added to ``wrong`` by its name."""
    if not isinstance(source, dict):
        wrong.append("benefit")
        return Choices()
    try:
        return Choices.from_names(source)
    except InvalidValue as error:
        wrong.extend(f"benefit.{problem.field}" for problem in error.problems)
        return Choices()
