"""安全弁と受信間隔の設定: the tables ``gates`` and ``feeds`` of the configuration file (S-28)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from kokuho_core.gates.feeds import DEFAULT_INTERVALS, FeedSettings
from kokuho_core.gates.thresholds import GateKind, GateLimits, GateSettings, Threshold
from kokuho_core.usecases.reception_kinds import ACCEPTED_FILES
from kokuho_core.vocabulary.check_digits import is_ascii_digits
from kokuho_core.vocabulary.identifiers import InsurerNumber

_SENDERS = "sender"
_MOST_DAYS = 400


def gates_of(source: Any, wrong: list[str]) -> GateSettings:
    """``[gates]`` with ``change``, ``empty`` and ``loss`` (``percent``, ``at_least``), and ``[gates.sender.NUMBER]`` alike.

    What is wrong is added to ``wrong`` by its name.
    """
    own, senders = _split(source, "gates", wrong)
    general = _limits(own, GateLimits(), "gates", wrong)
    by_sender = {
        InsurerNumber(number): _limits(given, general, f"gates.sender.{number}", wrong)
        for number, given in senders.items()
    }
    return GateSettings(general, by_sender)


def feeds_of(source: Any, wrong: list[str]) -> FeedSettings:
    """``[feeds]`` with business days by ファイルID, and ``[feeds.sender.NUMBER]`` alike."""
    own, senders = _split(source, "feeds", wrong)
    general = {**DEFAULT_INTERVALS, **_intervals(own, "feeds", wrong)}
    by_sender = {
        InsurerNumber(number): _intervals(given, f"feeds.sender.{number}", wrong) for number, given in senders.items()
    }
    return FeedSettings(general, by_sender)


def _split(source: Any, name: str, wrong: list[str]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The general part of a table, and its parts by sender."""
    if not isinstance(source, dict):
        wrong.append(name)
        return {}, {}
    senders = source.get(_SENDERS, {})
    if not isinstance(senders, dict):
        wrong.append(f"{name}.{_SENDERS}")
        senders = {}
    wrong += [f"{name}.{_SENDERS}.{number}" for number in senders if not is_ascii_digits(number, 6)]
    return {key: value for key, value in source.items() if key != _SENDERS}, senders


def _limits(source: Any, base: GateLimits, name: str, wrong: list[str]) -> GateLimits:
    if not isinstance(source, dict):
        wrong.append(name)
        return base
    limits = base
    kinds = {kind.value: kind for kind in GateKind}
    for key, given in source.items():
        if key not in kinds or not isinstance(given, dict) or not set(given) <= {"percent", "at_least"}:
            wrong.append(f"{name}.{key}")
            continue
        before = base.of(kinds[key])
        percent, at_least = given.get("percent", before.percent), given.get("at_least", before.at_least)
        if type(percent) is not int or not 0 <= percent <= 100 or type(at_least) is not int or at_least < 1:
            wrong.append(f"{name}.{key}")
            continue
        limits = evolve(limits, **{key: Threshold(percent, at_least)})
    return limits


def _intervals(source: Any, name: str, wrong: list[str]) -> dict[str, int]:
    if not isinstance(source, dict):
        wrong.append(name)
        return {}
    right = {
        key: days
        for key, days in source.items()
        if key in ACCEPTED_FILES and type(days) is int and 0 <= days <= _MOST_DAYS
    }
    wrong += [f"{name}.{key}" for key in source if key not in right]
    return right
