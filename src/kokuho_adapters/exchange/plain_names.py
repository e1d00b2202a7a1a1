"""授受するファイルの名前: plain names only, the same file on every system (S-20, S-3)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from kokuho_adapters.security.redaction import redact_text
from kokuho_core.errors import FileRefused, Problem

MAX_NAME_BYTES: Final = 200
_FORM: Final = re.compile(r"[^\x00-\x1f\x7f\\/:*?\"<>|.][^\x00-\x1f\x7f\\/:*?\"<>|]*")
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
"""Names that Windows takes for devices, with any ending."""


def is_plain(name: str) -> bool:
    """Whether ``name`` is one file in one folder wherever it is written: no path, no device, nothing hidden."""
    return (
        _FORM.fullmatch(name) is not None
        and not name.endswith((" ", "."))
        and unicodedata.normalize("NFC", name) == name
        and name.isprintable()
        and len(name.encode("utf-8", "replace")) <= MAX_NAME_BYTES
        and _DEVICE.fullmatch(name.partition(".")[0].rstrip(" ")) is None
        and redact_text(name) == name
    )


def require_plain(names: Iterable[str]) -> None:
    """Raises :class:`FileRefused` (KKH-E003) for a name that is not plain, or one that stands twice on some system.

    The name is not repeated in the error: it may be a trap, or hold a 個人番号.
    """
    seen: set[str] = set()
    for number, name in enumerate(names, 1):
        folded = unicodedata.normalize("NFKC", name).casefold()
        if not is_plain(name) or folded in seen:
            raise FileRefused(Problem("KKH-E003", field=f"file {number}"))
        seen.add(folded)
