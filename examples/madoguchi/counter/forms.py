"""入力: a form as the browser sends it, to the object that the library reads as a notice.

The name of a field is the path of its value: ``entrants.0.items.name``. What was left empty was not said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LISTS = frozenset({"people"})
"""Fields that may be ticked more than once."""


def said(kind: str, fields: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The object of a notice of ``kind``."""
    found: dict[str, Any] = {}
    for path, values in sorted(fields.items()):
        filled = [value.strip() for value in values if value.strip()]
        if not filled or path.startswith("csrf"):
            continue
        *parents, key = path.split(".")
        place = found
        for parent in parents:
            inner = place.setdefault(parent, {})
            if not isinstance(inner, dict):  # «household» of a household that is there, and one to be made
                inner = place[parent] = {"": inner}
            place = inner
        place[key] = filled if path in LISTS else _typed(key, filled[0])
    return {"notice": kind, **{key: _listed(value) for key, value in found.items()}}


def _typed(key: str, value: str) -> Any:
    if key == "is_nominal":
        return True
    return int(value) if key == "notice_number" and value.isascii() and value.isdigit() else value


def _listed(value: Any) -> Any:
    """``{"0": …, "1": …}`` is a list."""
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(each) for key, each in value.items()}
    return list(inner.values()) if all(key.isdigit() for key in inner) else inner
