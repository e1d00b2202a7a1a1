"""パスフレーズ: from a file or a prompt, never from the command line, which other users see."""

from __future__ import annotations

from pathlib import Path

import click

from kokuho_core.errors import Problem, SetupFault


def passphrase_of(key: Path, file: Path | None) -> bytes | None:
    """The passphrase of ``key``, None where it has none. Raises :class:`SetupFault` (KKH-E008) for an unreadable ``file``."""
    if file is not None:
        try:
            return file.read_bytes().rstrip(b"\r\n")
        except OSError:
            raise SetupFault(Problem("KKH-E008", field="passphrase-file")) from None
    try:
        locked = b"ENCRYPTED" in key.read_bytes()[:200] or b"OPENSSH" in key.read_bytes()[:60]
    except OSError:
        return None  # told when the key is loaded
    if not locked:
        return None
    text: str = click.prompt("パスフレーズ / passphrase", hide_input=True, err=True, default="", show_default=False)
    return text.encode("utf-8") or None
