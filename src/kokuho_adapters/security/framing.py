"""連結の規則: parts of authenticated data, each with its length before it, so that no two lists give the same bytes."""

from __future__ import annotations


def framed(*parts: str | bytes) -> bytes:
    """``parts`` one after another, each as a 4-byte big-endian length and its bytes (text as UTF-8)."""
    blocks = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(len(block).to_bytes(4, "big") + block for block in blocks)
