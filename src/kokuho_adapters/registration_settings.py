"""登録の設定: the table ``registration`` of the configuration file: ways to the intermediate server, and its characters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from kokuho_core.entrusted_partition.answer_time import ANSWERED_WITHIN
from kokuho_core.entrusted_partition.characters import Repertoire
from kokuho_core.errors import InvalidValue

_PATHS: Final = ("out", "in", "kept", "certificate", "key", "authority", "passphrase_file")
_HOURS: Final = "answer_hours"
_HOUR: Final = timedelta(hours=1)
_MOST_HOURS: Final = 24 * 366
_RULES: Final = ("encoding", "replacements")


@frozen
class RegistrationSettings:
    """中間サーバーへの経路.

    ``out`` and ``inbox`` are the folders that both sides reach, ``kept`` belongs to us alone. ``server`` is
    ``https://HOST[:PORT]``, reached with our ``certificate`` and ``key`` and known by the certificate of its ``authority``.
    """

    out: Path | None = None
    inbox: Path | None = None
    kept: Path | None = None
    server: str | None = None
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None
    passphrase_file: Path | None = None
    answered_within: timedelta = ANSWERED_WITHIN
    """``answer_hours``: 回答を待つ時間."""

    def overridden(self, **given: Any) -> RegistrationSettings:
        """With what the command line says; None leaves a value as it is."""
        return evolve(self, **{name: value for name, value in given.items() if value is not None})


def registration_of(folder: Path, source: Any, wrong: list[str]) -> tuple[RegistrationSettings, Repertoire]:
    """``[registration]``; paths are relative to ``folder``. What is wrong is added to ``wrong`` by its name."""
    if not isinstance(source, dict):
        wrong.append("registration")
        return RegistrationSettings(), Repertoire()
    known = {*_PATHS, *_RULES, "server", _HOURS}
    wrong += [f"registration.{key}" for key in source if key not in known]
    texts = {key: source[key] for key in (*_PATHS, "server") if key in source}
    wrong += [f"registration.{key}" for key, text in texts.items() if not isinstance(text, str) or not text]
    if any(not isinstance(text, str) for text in texts.values()):
        return RegistrationSettings(), Repertoire()
    hours = source.get(_HOURS, ANSWERED_WITHIN / _HOUR)
    if isinstance(hours, bool) or not isinstance(hours, (int, float)) or not 0 < hours <= _MOST_HOURS:
        wrong.append(f"registration.{_HOURS}")
        hours = ANSWERED_WITHIN / _HOUR
    within = hours * _HOUR
    paths = {("inbox" if key == "in" else key): folder / texts[key] for key in _PATHS if key in texts}
    return RegistrationSettings(server=texts.get("server"), answered_within=within, **paths), _repertoire(source, wrong)


def _repertoire(source: Mapping[str, Any], wrong: list[str]) -> Repertoire:
    encoding, replacements = source.get("encoding"), source.get("replacements", {})
    if encoding is not None and not isinstance(encoding, str):
        wrong.append("registration.encoding")
        return Repertoire()
    if not isinstance(replacements, dict) or not all(isinstance(each, str) for each in replacements.values()):
        wrong.append("registration.replacements")
        return Repertoire()
    try:
        return Repertoire(encoding, replacements)
    except InvalidValue as fault:
        wrong += [f"registration.{problem.field}" for problem in fault.problems]
        return Repertoire()
