"""悪意のある入力: what costs a little to send and much to read, and names that lead elsewhere (S-18, S-20)."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from kokuho_adapters.files import FileName, OpenFormatFile, OpenFormatFolder
from kokuho_core.errors import FileRefused, KokuhoError
from kokuho_core.reception.ledger import FileResult

from ..aggregation.support import effect
from ..prefecture.office import A, PrefectureOffice
from .comparison import BOOK, SENDER, STAMP, named

CONTROL = f"1,KAIJO,1.0,{SENDER},{STAMP},1\r\n".encode()
ROW = f"2,{SENDER},".encode()
MEGABYTE = 1_000_000
SECONDS = 5.0
"""Many times what any of these takes, far below what a hang takes."""

COSTLY = {
    "quotes": CONTROL + ROW + b'"' * MEGABYTE,
    "pairs of quotes": CONTROL + ROW + b'""' * (MEGABYTE // 2) + b",x\r\n9,1\r\n",
    "quotes inside a field": CONTROL + ROW + b'a"b' * (MEGABYTE // 4) + b",x\r\n9,1\r\n",
    "quoted fields": CONTROL + ROW + b'"a",' * (MEGABYTE // 4) + b"x\r\n9,1\r\n",
    "almost closed": CONTROL + ROW + b'"a""' * (MEGABYTE // 4) + b"x\r\n9,1\r\n",
    "commas": CONTROL + ROW + b"," * MEGABYTE + b"\r\n9,1\r\n",
    "empty lines": CONTROL + b"\r\n" * (MEGABYTE // 2),
    "lines with one quote": CONTROL + b'"\r\n' * (MEGABYTE // 3),
    "quoted line ends": CONTROL + ROW + b'"' + b"\r\n" * (MEGABYTE // 2) + b'",x\r\n9,1\r\n',
    "carriage returns": CONTROL + b"\r" * MEGABYTE,
    "line feeds": CONTROL + b"\n" * MEGABYTE,
    "NUL": CONTROL + b"\0" * MEGABYTE,
    "no line end": CONTROL + b"x" * MEGABYTE,
    "half characters": CONTROL + b"\xe3\x81" * (MEGABYTE // 2) + b"\r\n",
    "ends": CONTROL + b"9,0\r\n" * (MEGABYTE // 5),
    "long count": CONTROL + b"9," + b"1" * 100_000 + b"\r\n",
    "long sequence": CONTROL.replace(b",1\r\n", b"," + b"1" * 100_000 + b"\r\n") + b"9,0\r\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
@pytest.mark.parametrize("size", [65536, 1 << 22])
@pytest.mark.parametrize("case", COSTLY)
def test_a_megabyte_of_trouble_is_refused_soon(case: str, size: int, encoding: str) -> None:
    """Rules: S-18."""
    content = COSTLY[case]

    def blocks() -> Iterator[bytes]:
        return (content[at : at + size] for at in range(0, len(content), size))

    file = OpenFormatFile.from_blocks(named("KAIJO"), blocks, BOOK, None, encoding)
    begun = time.process_time()
    with pytest.raises(FileRefused):
        list(file.records(("applied_on",)))
    assert time.process_time() - begun < SECONDS


@pytest.mark.parametrize("block", [b"x" * 65536, b'"' * 65536, b"," * 65536, b"\r\n" * 32768])
@pytest.mark.parametrize("start", [b"", CONTROL, CONTROL + ROW + b'"'])
def test_a_file_without_end_takes_no_more_memory_than_a_few_lines(start: bytes, block: bytes) -> None:
    """Rules: S-18. A gigabyte is offered; it is refused long before, whatever it is made of."""
    offered = 0

    def blocks() -> Iterator[bytes]:
        nonlocal offered
        yield start
        for _ in range(16_384):
            offered += len(block)
            yield block

    file = OpenFormatFile.from_blocks(named("KAIJO"), blocks, BOOK, None)
    tracemalloc.start()
    try:
        with pytest.raises(FileRefused):
            list(file.records(("applied_on",)))
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()
    assert offered < 8 << 20


GOOD = f"KAIJO_{SENDER}_{STAMP}_0001.csv"
NAMES = [
    "", ".", "..", "../" + GOOD, "/etc/passwd", "/" + GOOD, "..\\" + GOOD, "C:\\" + GOOD, "c:" + GOOD, "a/" + GOOD,
    GOOD + "\0", GOOD + "\n", "\n" + GOOD, " " + GOOD, GOOD + " ", GOOD + ".", GOOD + "::$DATA", GOOD.upper(), GOOD + ".csv",
    GOOD + ".part", GOOD.replace("_", "/"), GOOD.replace("13", "\uff11\uff13"), GOOD.replace("KAIJO", "CON"), "NUL", "aux.csv",
    GOOD.replace("KAIJO", "KAIJO\u202e"), GOOD.replace("_0001", "_0000"), GOOD.replace("_0001", "_00001"),
    GOOD.replace("_0001", "_-001"), GOOD.replace("_0001", "_" + "9" * 10), GOOD.replace(STAMP, "20230230000000"),
    GOOD.replace("KAIJO", "kaijo"), GOOD.replace("KAIJO", "A" * 300), "%2e%2e%2f" + GOOD, GOOD.replace("KAIJO", "KAI*JO"),
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_that_leads_elsewhere_is_no_name(name: str, tmp_path: Path) -> None:
    """Rules: S-20, X-1. It is neither read nor written nor published."""
    if name.startswith("CON_"):
        assert BOOK.newest("CON") is None  # a lawful form, but no file of that kind: Windows would open its console
    else:
        with pytest.raises(FileRefused, match="KKH-F001"):
            FileName.parse(name)
    file = OpenFormatFile.from_blocks(name, lambda: iter([CONTROL + b"9,0\r\n"]), BOOK, None)
    with pytest.raises(FileRefused):
        file.header()
    with pytest.raises(KokuhoError):
        OpenFormatFolder(tmp_path, BOOK).publish(name)
    assert list(tmp_path.iterdir()) == []


def test_hostile_names_leave_nothing_but_an_entry(tmp_path: Path) -> None:
    """Rules: S-20, S-16. Given to ``receive`` under every such name that this system can hold."""
    with PrefectureOffice(tmp_path) as office:
        good = office.write("KAIJO", A, []).read_bytes()
        before = effect(office)
        for name in NAMES:
            register = office.installation.register()
            file = OpenFormatFile.from_blocks(name, lambda: iter([good]), office.book, register)
            [answer] = receive_one(office, file)
            assert answer is FileResult.REJECTED, name
        assert effect(office) == before


def receive_one(office: PrefectureOffice, file: OpenFormatFile) -> list[FileResult]:
    from kokuho_core.usecases.receive import receive

    return [answer.result for answer in receive(office.office, file)]
