"""設定の読み取り: the values of a configuration file, asked for key by key; what is wrong is collected, not raised one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from attrs import field, frozen

Value = TypeVar("Value")
_ANY_TEXT = re.compile(r".+", re.DOTALL)


@frozen
class SettingSource:
    """設定ファイルの中身. ``wrong`` are the keys whose value is not one they can have; a default stands in for it."""

    values: Mapping[str, Any]
    folder: Path
    wrong: list[str] = field(factory=list)
    asked: list[str] = field(factory=list)

    def text(self, key: str, default: str | None = None, form: re.Pattern[str] = _ANY_TEXT) -> str | None:
        """A text of this form."""
        given: str | None = self._checked(key, default, lambda it: isinstance(it, str) and form.fullmatch(it) is not None)
        return given

    def path(self, key: str) -> Path | None:
        """A path, relative to the file's own folder."""
        given = self.text(key)
        return None if given is None else self.folder / given

    def paths(self, key: str) -> tuple[Path, ...]:
        """A list of them."""
        texts: list[str] = self._checked(
            key, [], lambda given: isinstance(given, list) and all(isinstance(each, str) and each for each in given)
        )
        return tuple(self.folder / each for each in texts)

    def flag(self, key: str, default: bool) -> bool:
        given: bool = self._checked(key, default, lambda it: isinstance(it, bool))
        return given

    def whole(self, key: str, default: int, most: int) -> int:
        """A whole number from 0 to ``most``."""
        given: int = self._checked(key, default, lambda it: type(it) is int and 0 <= it <= most)
        return given

    def one_of(self, key: str, choices: Mapping[Any, Value], default: Value) -> Value:
        """What one of these values stands for."""
        given = self._checked(key, None, lambda given: isinstance(given, str | bool) and given in choices)
        return default if given is None else choices[given]

    def some_of(self, key: str, choices: Mapping[str, Value]) -> frozenset[Value]:
        """What some of these values stand for; all of them where the key is not given."""
        given: list[str] = self._checked(
            key, list(choices),
            lambda given: isinstance(given, list) and all(isinstance(each, str) and each in choices for each in given),
        )  # fmt: skip
        return frozenset(choices[each] for each in given)

    def table(self, key: str, read: Callable[[Any, list[str]], Value]) -> Value:
        """A table that ``read`` knows to read; it adds what is wrong."""
        self.asked.append(key)
        return read(self.values.get(key, {}), self.wrong)

    def unknown(self) -> list[str]:
        """Keys that nobody asked for."""
        return [key for key in self.values if key not in self.asked]

    def _checked(self, key: str, default: Any, is_right: Callable[[Any], bool]) -> Any:
        self.asked.append(key)
        if key not in self.values:
            return default
        given = self.values[key]
        if is_right(given):
            return given
        self.wrong.append(key)
        return default
