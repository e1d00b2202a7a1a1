"""HTMLの組立て: elements from text, escaped in this one place."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from kokuho_adapters.printable import printable

_VOID: Final = frozenset(("meta", "img", "br", "hr"))
_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")


class Markup(str):
    """HTML that is written already. Anything put together with it as text is plain text again, and gets escaped."""

    __slots__ = ()


def tag(element: str, /, *children: str | None, **attributes: str | bool | None) -> Markup:
    """An element; a child that is no :class:`Markup` is text. ``class_`` stands for ``class``, ``aria_label`` for ``aria-label``.

    Raises :class:`ValueError` for a name that is none, which only a mistake here can bring.
    """
    written = [element]
    for key, value in attributes.items():
        key = key.rstrip("_").replace("_", "-")
        if value is not None and value is not False:
            written.append(key if value is True else f'{key}="{escape(printable(str(value)), quote=True)}"')
        if not _NAME.fullmatch(key):
            raise ValueError(key)
    if not _NAME.fullmatch(element):
        raise ValueError(element)
    opening = f"<{' '.join(written)}>"
    return Markup(opening) if element in _VOID else Markup(f"{opening}{together(*children)}</{element}>")


def together(*children: str | None) -> Markup:
    """Children one after the other."""
    return Markup("".join(_written(each) for each in children if each is not None))


def _written(child: str) -> str:
    return child if isinstance(child, Markup) else escape(printable(child), quote=True)
