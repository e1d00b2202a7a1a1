"""What these tests share: persons in households, the whole database as data, rows that came back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ..prefecture.contents import Dump, dump
from ..prefecture.office import PrefectureOffice, number, person

RECEIPTS = frozenset({"received_file", "record_outcome", "key_usage"})
"""Tables that tell which file came and what became of it, whatever it did besides; what was encrypted counts in any case."""


def insured(
    insurer: str,
    addressee: str,
    serial: int,
    household: str = "1",
    *,
    history: int = 1,
    start: str = "2020-04-01",
    reason: str = "03",
    end: str | None = None,
    end_reason: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """An insured person known by the number of ``serial``."""
    if end is not None and end_reason is None:
        end_reason = "57"
    return person(
        insurer, addressee, history, start, number=number(serial), household=household, reason=reason, end=end,
        end_reason=end_reason, **more,
    )  # fmt: skip


def entered(
    insurer: str, addressee: str, serial: int, household: str = "1", *, start: str, **more: Any
) -> dict[str, Any]:
    """An insured person who came from inside the prefecture (07)."""
    return insured(insurer, addressee, serial, household, start=start, reason=more.pop("reason", "07"), **more)


def effect(office: PrefectureOffice) -> Dump:
    """All that files can have an effect on, without the receipts themselves."""
    found = dump(office.stored_in, RECEIPTS)
    found["counter"] = [row for row in found["counter"] if row[0] != "received_file"]
    return found


def told(office: PrefectureOffice, insurer: str, file_id: str) -> list[dict[str, Any]]:
    """All that stands for a municipality in one returned file."""
    return office.deliver(insurer, everything=True).get(file_id, [])


def about(rows: Iterable[Mapping[str, Any]], *keys: str) -> list[tuple[Any, ...]]:
    """The named fields of each row."""
    return [tuple(row[key] for key in keys) for row in rows]


QUALIFICATION = ("qualification_acquired", "qualification_lost", "carried_from", "status")


def qualification(office: PrefectureOffice, insurer: str, addressee: str | None = None) -> list[tuple[Any, ...]]:
    """(acquired, lost, carried_from, status) of each TOKUSO row by application start; days as ISO text."""
    rows = [row for row in told(office, insurer, "TOKUSO") if addressee in (None, row["addressee_number"])]
    rows.sort(key=lambda row: (row["addressee_number"], row["application_start"]))
    return [tuple(iso(value) for value in each) for each in about(rows, *QUALIFICATION)]


def iso(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def open_findings(office: PrefectureOffice) -> list[tuple[Any, ...]]:
    """(kind, from, to, start, end, days) of each open finding, sorted."""
    return sorted((finding_of(each) for each in office.findings() if each.is_open), key=repr)


def finding_of(each: Any) -> tuple[Any, ...]:
    return (
        each.kind.value,
        each.left[0].insurer_number if each.left else None,
        each.entered[0].insurer_number if each.entered else None,
        iso(each.period_start),
        iso(each.period_end),
        each.days,
    )


def codes(answer: Any) -> list[tuple[str, int, str]]:
    """(code, line, field) of each error of an answer."""
    return [(problem.code, problem.line, problem.field) for problem in answer.errors]


def cells(path: Path, line: int) -> list[str]:
    """The cells of one line of a file without quotes in it; line 1 is the control record."""
    return path.read_bytes().decode().split("\r\n")[line - 1].split(",")


def set_cell(office: PrefectureOffice, path: Path, line: int, key: str, text: str) -> Path:
    """Put ``text`` into a field of one record, past every check of a writer."""
    layout = office.book.newest(path.name.split("_")[0])
    assert layout is not None
    lines = path.read_bytes().decode().split("\r\n")
    row = lines[line - 1].split(",")
    row[layout.keys.index(key) + 1] = text
    lines[line - 1] = ",".join(row)
    path.write_bytes("\r\n".join(lines).encode())
    return path


def put(office: PrefectureOffice, name: str, content: bytes) -> Path:
    path = office.inbox / name
    path.write_bytes(content)
    return path
