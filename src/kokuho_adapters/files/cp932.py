"""CP932: the code of a character that Windows writes, where several codes stand for one character (S-17).

Of the 9,604 two-byte codes 398 say what another code says too (NEC and IBM brought the same characters in twice). All of
them read as the same character; written back, a character gets one code. Windows prefers JIS X 0208, then NEC's row 13,
then IBM's extension (FA40–FC4B), then NEC's selection of it (ED40–EEFC). Python's codec takes the last two the other way
round, so that 「髙」 from Windows would leave in another code than it came in.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from typing import Final

CODEC: Final = "cp932"

_SELECTED_BY_NEC: Final = (0xED, 0xEE)
_IBM_LEADS: Final = range(0xFA, 0xFD)
_TRAILS: Final = (*range(0x40, 0x7F), *range(0x80, 0xFD))


def encode(text: str) -> bytes:
    """``text`` in the codes that Windows writes. Raises ``UnicodeEncodeError`` for a character without any."""
    if text.isascii():
        return text.encode("ascii")
    codes, some = _ibm()
    if some.search(text) is None:
        return text.encode(CODEC)
    # split() with a group gives what stands between and what was found, in turn
    return b"".join(
        codes[piece] if place % 2 else piece.encode(CODEC) for place, piece in enumerate(some.split(text)) if piece
    )


def is_as_windows_writes(raw: bytes, text: str) -> bool:
    """Whether ``raw``, which reads as ``text``, is the same again when it is written."""
    return encode(text) == raw


def columns_in_other_codes(line: bytes) -> frozenset[int]:
    """The columns of one line of a file in which a character stands in another code than Windows writes.

    Quotes and commas are no second bytes of CP932, so the bytes themselves can be taken apart.
    """
    cells = next(csv.reader([line.decode("latin-1")], strict=True))
    found = set()
    for column, cell in enumerate(cells):
        raw = cell.encode("latin-1")
        if not is_as_windows_writes(raw, raw.decode(CODEC)):
            found.add(column)
    return frozenset(found)


@cache
def _ibm() -> tuple[Mapping[str, bytes], re.Pattern[str]]:
    """The characters of IBM's extension that Python writes in NEC's codes, with IBM's code; and a pattern for any of them."""
    codes: dict[str, bytes] = {}
    for raw in (bytes((lead, trail)) for lead in _IBM_LEADS for trail in _TRAILS):
        character = raw.decode(CODEC, "ignore")
        if len(character) == 1 and character.encode(CODEC)[0] in _SELECTED_BY_NEC:
            codes[character] = raw
    return codes, re.compile(f"([{''.join(codes)}])")
