"""書ける文字: text that may stand in an XML or HTML document."""

from __future__ import annotations


def printable(text: str) -> str:
    """``text`` without what XML 1.0 cannot hold: control characters, half surrogate pairs, non-characters."""
    return "".join(
        each
        for each in text
        if each in "\t\n" or (each >= " " and not "\ud800" <= each <= "\udfff" and each not in "\ufffe\uffff")
    )
