"""比較: one file given to the library's reader and to the second reader; both must say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from kokuho_adapters.files import LayoutBook, OpenFormatFile
from kokuho_core.errors import FileRefused
from kokuho_core.ports.files import ReadRecord
from kokuho_core.vocabulary.individual_number import IndividualNumber
from kokuho_core.vocabulary.month import Month

from .second_reader import Refused, Whole, second_reading

BOOK = LayoutBook.shipped()
STAMP = "20230403093015"
SENDER = "130013"
_END = re.compile(rb"9,[0-9]*\r\n\Z")


def named(file_id: str) -> str:
    return f"{file_id}_{SENDER}_{STAMP}_0001.csv"


def accepting(file_id: str) -> Literal["municipality", "aggregation"]:
    """Which side the file comes from."""
    layout = BOOK.newest(file_id)
    assert layout is not None
    return "municipality" if layout.direction.startswith("municipality->aggregation") else "aggregation"


def counted(content: bytes) -> bytes:
    """The same file with the count its end record should have, so that what is wrong inside is reached."""
    return _END.sub(b"9,%d\r\n" % max(0, content.count(b"\r\n") - 2), content)


def plain(value: Any) -> Any:
    """A value of the library as the second reader gives it."""
    if isinstance(value, IndividualNumber):
        return value.reveal()
    return str(value) if isinstance(value, Month) else value


def reading(content: bytes, encoding: str, file_id: str, size: int = 1 << 16) -> list[ReadRecord] | None:
    """What the library reads, None for a file refused."""
    layout = BOOK.newest(file_id)
    assert layout is not None

    def blocks() -> Iterator[bytes]:
        return (content[at : at + size] for at in range(0, len(content), size))

    file = OpenFormatFile.from_blocks(named(file_id), blocks, BOOK, None, encoding, accepting(file_id))
    try:
        return list(file.records(layout.keys))
    except FileRefused:
        return None


def require_same_reading(content: bytes, encoding: str, file_id: str, size: int = 1 << 16) -> list[ReadRecord] | None:
    """Both readings, found the same: the verdict, each record's verdict and wrong fields, each value and each 外字."""
    records = reading(content, encoding, file_id, size)
    expected: list[Whole] | None
    try:
        expected = second_reading(content, encoding, file_id, STAMP, SENDER, 1)
    except Refused:
        expected = None
    assert (records is None) == (expected is None), "one reader refuses the file, the other takes it"
    if records is None or expected is None:
        return None
    assert [record.line for record in records] == list(range(2, len(expected) + 2))
    keys = BOOK.newest(file_id).keys  # type: ignore[union-attr]
    for record, due in zip(records, expected, strict=True):
        assert {problem.field for problem in record.problems} == due.wrong
        assert {warning.field for warning in record.warnings if warning.code == "KKH-V011"} == due.gaiji
        assert all(problem.line == record.line for problem in (*record.problems, *record.warnings))
        if not due.wrong:
            assert dict(zip(keys, map(plain, record.values), strict=True)) == due.values
    return records
