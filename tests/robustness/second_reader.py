"""二つ目の読取り: the open format read by a second program, slow and literal, which shares no code with the library.

It knows the TOML layouts, RFC 4180 and the pages of the documentation, and nothing of ``kokuho_core`` or
``kokuho_adapters``: where both programs say the same of a file, neither is believed alone.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

LAYOUTS = Path(__file__).parents[2] / "src" / "kokuho_adapters" / "files" / "layouts"
MEBIBYTE = 1 << 20
LONGEST_FIELD = 131_072
LONGEST_RECORD = 1000


class Whole(NamedTuple):
    """One record as read: the values by key, or the keys that are wrong; and the keys that carry 外字."""

    values: Mapping[str, Any]
    wrong: frozenset[str]
    gaiji: frozenset[str]


class Refused(Exception):
    """The whole file is refused."""


@cache
def layout(file_id: str) -> dict[str, Any]:
    """The layout as its TOML file says, with the tables of reasons put in."""
    read = tomllib.loads((LAYOUTS / f"{file_id}.toml").read_text("utf-8"))
    reasons = tomllib.loads((LAYOUTS / "reasons.toml").read_text("utf-8"))
    for item in read["field"]:
        if isinstance(item.get("codes"), str):
            item["codes"] = reasons[item["codes"].removeprefix("reasons.")]
    return read


def second_reading(content: bytes, encoding: str, file_id: str, stamp: str, sender: str, sequence: int) -> list[Whole]:
    """Every record of a file whose name says ``file_id``, ``stamp``, ``sender`` and ``sequence``, else :class:`Refused`.

    ``sender`` is the insurer of a municipality's file, and the addressee of a file of the aggregation.
    """
    definition = layout(file_id)
    municipal = definition["direction"].startswith("municipality->aggregation")
    rows = _rows(_text(content, encoding))
    if len(rows) < 2:
        _refuse("too short")
    control, *data, end = rows
    _require(control == ["1", file_id, definition["version"], sender if municipal else "000000", stamp, control[-1]])
    _require(len(control) == 6 and _digits(control[5]) and len(control[5]) <= 9 and int(control[5]) == sequence)
    _require(len(end) == 2 and end[0] == "9" and _digits(end[1]) and len(end[1]) <= 12 and int(end[1]) == len(data))
    fields = sorted(definition["field"], key=lambda item: item["no"])
    insurer = [item["key"] for item in fields].index("insurer_number") + 1 if municipal else None
    for row in data:
        _require(len(row) == len(fields) + 1 and row[0] == "2")
        _require(insurer is None or row[insurer] == sender)
    return [_record(fields, row[1:]) for row in data]


def _refuse(why: str) -> None:
    raise Refused(why)


def _require(holds: bool) -> None:
    if not holds:
        _refuse("structure")


def _text(content: bytes, encoding: str) -> str:
    if b"\0" in content or not content.endswith(b"\r\n"):
        _refuse("NUL or no end of line")
    if any(len(line) + 1 > MEBIBYTE for line in content.split(b"\r\n")):
        _refuse("line too long")
    bom = b"\xef\xbb\xbf"
    if encoding == "utf-8" and content.startswith(bom):
        _refuse("BOM")
    if encoding == "utf-8-sig":
        content, encoding = content.removeprefix(bom), "utf-8"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise Refused("bytes") from None


def _rows(text: str) -> list[list[str]]:
    """RFC 4180, one character after the other."""
    rows: list[list[str]] = []
    row: list[str] = []
    cell: list[str] = []
    state, lines, at = "start", 1, 0
    while at < len(text):
        one = text[at]
        pair = text[at : at + 2]
        if pair != "\r\n" and one in "\r\n":
            _refuse("line end")
        step = 2 if pair == "\r\n" else 1
        if state == "quoted":
            if pair == '""':
                cell.append('"')
                step = 2
            elif one == '"':
                state = "closed"
            else:
                cell.append(text[at : at + step])
                lines += step == 2
        elif pair == "\r\n" or one == ",":
            row.append("".join(cell))
            cell, state = [], "start"
            if step == 2:
                if lines > LONGEST_RECORD or any(len(each) > LONGEST_FIELD for each in row):
                    _refuse("record too long")
                rows.append(row)
                row, lines = [], 1
        elif one == '"':
            if state != "start":
                _refuse("quote inside a field")
            state = "quoted"
        elif state == "closed":
            _refuse("text after a quote")
        else:
            cell.append(one)
            state = "bare"
        at += step
    if state != "start" or row:
        _refuse("open at the end")
    return rows


def _digits(text: str) -> bool:
    return text != "" and all(one in "0123456789" for one in text)


def _record(fields: list[dict[str, Any]], cells: list[str]) -> Whole:
    values: dict[str, Any] = {}
    wrong, gaiji = set(), set()
    for item, cell in zip(fields, cells, strict=True):
        key = item["key"]
        if cell == "":
            values[key] = None
            if item["required"]:
                wrong.add(key)
            continue
        try:
            values[key] = _value(item, cell)
        except ValueError:
            wrong.add(key)
        else:
            if item["type"] == "text" and any("\ue000" <= one <= "\uf8ff" or one >= "\U000f0000" for one in cell):
                gaiji.add(key)
    return Whole({} if wrong else values, frozenset(wrong), frozenset(gaiji))


def _value(item: dict[str, Any], cell: str) -> Any:
    """The value of one field, a ``ValueError`` where there is none."""
    kind = item["type"]
    if item["key"] in ("individual_number", "previous_individual_number"):
        return _number(cell)
    if "length" in item and len(cell) != item["length"]:
        raise ValueError
    if "max_length" in item and len(cell) > item["max_length"]:
        raise ValueError
    if kind == "text":
        if any(unicodedata.category(one) == "Cc" for one in cell):
            raise ValueError
        return cell
    if kind == "code":
        return _member(cell, item["codes"])
    if kind == "flag":
        return _member(cell, ("0", "1"))
    if not _digits(cell):
        raise ValueError
    if kind == "int":
        return int(cell)
    if kind == "date":
        _require_value(len(cell) == 8 and not cell.startswith("9999"))
        return date(int(cell[:4]), int(cell[4:6]), int(cell[6:]))
    if kind == "datetime":
        _require_value(len(cell) == 14)
        year, month, day, hour, minute, second = (int(cell[at:to]) for at, to in pairwise((0, 4, 6, 8, 10, 12, 14)))
        return datetime(year, month, day, hour, minute, second)
    if kind == "month":
        _require_value(len(cell) == 6)
        date(int(cell[:4]), int(cell[4:]), 1)
    return cell


def _require_value(holds: bool) -> None:
    if not holds:
        raise ValueError


def _member(cell: str, known: Any) -> str:
    _require_value(cell in known)
    return cell


def _number(cell: str) -> str:
    """個人番号: 12 digits, the last by 総務省令第85号 第5条."""
    _require_value(_digits(cell) and len(cell) == 12 and cell != "0" * 12)
    total = sum(int(cell[10 - n]) * (n + 2 if n < 6 else n - 4) for n in range(11))
    _require_value(int(cell[11]) == (0 if total % 11 <= 1 else 11 - total % 11))
    return cell
