"""ことば: what the pages call things. Items and codes have the names of the layouts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from attrs import fields

from kokuho_adapters.files import LayoutBook

KINDS = {
    "moved_in": "転入",
    "cover_ended": "加入(社保離脱など)",
    "born": "出生",
    "moved_out": "転出",
    "cover_began": "喪失(社保加入など)",
    "died": "死亡",
    "head_changed": "世帯主変更",
    "withdrawn": "届出の取消",
}
"""The notices of this counter; the library knows more."""
COVERS = {
    "employee_insurance": "社会保険",
    "welfare": "生活保護",
    "society": "国保組合",
    "late_elderly": "後期高齢者医療",
    "other": "その他",
}
KINDS_OF_CLASSES = {"".join(part.title() for part in kind.split("_")): name for kind, name in KINDS.items()}

_BOOK = LayoutBook.shipped()


def code_names(file_id: str, key: str) -> dict[str, str]:
    """コードと名称 of one item."""
    layout = _BOOK.newest(file_id)
    return next((dict(item.codes or {}) for item in layout.fields if item.key == key), {}) if layout else {}


def item_name(file_id: str, key: str) -> str:
    layout = _BOOK.newest(file_id)
    return next((item.name for item in layout.fields if item.key == key), key) if layout else key


def shown(file_id: str, key: str, value: Any) -> str:
    """A value as a clerk reads it."""
    if value is None or value == "":
        return "—"
    if isinstance(value, datetime):
        return f"{value:%Y年%m月%d日 %H:%M}"
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日"
    return code_names(file_id, key).get(str(value), str(value))


def changed_items(file_id: str, before: Any, now: Any) -> list[tuple[str, str, str]]:
    """項目, 前, 今 of what a returned row says otherwise than before."""
    found = []
    for attribute in fields(type(now)):
        was, told = getattr(before, attribute.name, None), getattr(now, attribute.name)
        if was != told and attribute.name != "insurer_number":
            key = attribute.name
            found.append((item_name(file_id, key), shown(file_id, key, was), shown(file_id, key, told)))
    return found
