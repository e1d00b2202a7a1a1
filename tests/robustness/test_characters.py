"""文字: every code of CP932, 外字, and characters that programs like to «repair» (S-17)."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from kokuho_adapters.files import LayoutBook, OpenFormatFolder, cp932
from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.ports.files import ReadRecord
from kokuho_core.vocabulary.identifiers import InsurerNumber

from ..files.support import BOOK, CP932, CREATED, KAIJO_KEYS, STAMP, kaijo, name_of, read
from ..prefecture.office import INSURERS, A, PrefectureOffice, person

UNUSUAL = {
    "wave dash": "\u301c",
    "full-width tilde": "\uff5e",
    "ladder 髙": "髙",
    "dotted 﨑": "﨑",
    "outside the basic plane": "𠮷",
    "variation selector (IVS)": "葛\U000e0100",
    "MJ+ character": "\U0002b74f",  # encoded after the first edition of MJ
    "decomposed kana": "か\u3099",
    "compatibility ideograph": "\ufa19",
    "zero-width joiner": "a\u200db",
    "no-break space": "a\u00a0b",
    "minus, dash, bar": "−－―ー",
    "yen and backslash": "¥\\",
    "blanks at both ends": " 　x　 ",
    "nothing but a replacement character": "\ufffd",
    "formula": "=1+1",
    "long vowel in half width": "ｶﾞｰ",
}


def two_byte_codes() -> list[bytes]:
    """All codes that stand for something, row by row."""
    found = []
    for lead in (*range(0x81, 0xA0), *range(0xE0, 0xFD)):
        for trail in (*range(0x40, 0x7F), *range(0x80, 0xFD)):
            raw = bytes((lead, trail))
            try:
                raw.decode("cp932")
            except UnicodeDecodeError:
                continue
            found.append(raw)
    return found


CODES = two_byte_codes()


def rank(raw: bytes) -> int:
    """Microsoft's order where a character has several codes: JIS X 0208, NEC row 13, IBM's extension, NEC's selection."""
    lead = raw[0]
    if lead == 0x87:
        return 1
    return 2 if lead >= 0xFA else 3 if lead in (0xED, 0xEE) else 0


def written_by_windows() -> dict[str, bytes]:
    """Each character and the code that Windows writes for it."""
    codes: dict[str, list[bytes]] = defaultdict(list)
    for raw in CODES:
        codes[raw.decode("cp932")].append(raw)
    return {character: min(several, key=rank) for character, several in codes.items()}


WINDOWS = written_by_windows()


def in_records(cells: list[bytes]) -> list[ReadRecord]:
    """One KAIJO record for each of ``cells``, which stand in its text field."""
    lines = [f"1,KAIJO,1.0,{CP932},{STAMP},1".encode()]
    lines += [b"2,%s,%s,20230401" % (CP932.encode(), cell) for cell in cells]
    return read(b"\r\n".join([*lines, b"9,%d" % len(cells), b""]), name=name_of(sender=CP932))


def codes_of(record: ReadRecord) -> list[str]:
    return [each.code for each in (*record.problems, *record.warnings)]


def test_all_codes_are_known() -> None:
    """Rules: S-17."""
    assert len(CODES) == 9604
    assert len(CODES) - len(WINDOWS) == 398


def test_every_code_is_read_as_its_character_and_reported_by_row_and_column() -> None:
    """Rules: S-17, X-22."""
    records = in_records(CODES)
    for line, (raw, record) in enumerate(zip(CODES, records, strict=True), 2):
        character = raw.decode("cp932")
        assert (record.line, record.values[1]) == (line, character)
        due = []
        if 0xF0 <= raw[0] <= 0xF9:
            due.append(Problem("KKH-V011", line, "municipal_insured_id"))
        if WINDOWS[character] != raw:
            due.append(Problem("KKH-V017", line, "municipal_insured_id"))
        assert list(record.warnings) == due and not record.problems
    told = [record for record in records if "KKH-V017" in codes_of(record)]
    assert len(told) == 398


def test_every_code_that_windows_writes_leaves_as_it_came(tmp_path: Path) -> None:
    """Rules: S-17. And the others leave in the code of the same character that Windows writes."""
    records = in_records(CODES)
    folder = OpenFormatFolder(tmp_path, LayoutBook(BOOK), "cp932", InsurerNumber(CP932))
    name, _ = folder.write("KAIJO", CP932, CREATED, 1, KAIJO_KEYS, (one.values for one in records))
    folder.publish(name)
    left = [line.split(b",")[2] for line in (tmp_path / name).read_bytes().split(b"\r\n")[1:-2]]
    changed = {came: went for came, went in zip(CODES, left, strict=True) if came != went}
    assert len(changed) == 398
    for came, went in changed.items():
        assert went == WINDOWS[came.decode("cp932")] and rank(went) < rank(came)
    for character, raw in WINDOWS.items():
        assert cp932.encode(character) == raw
    assert cp932.encode("".join(WINDOWS)) == b"".join(WINDOWS.values())


def test_every_single_byte() -> None:
    """Rules: S-17, X-22. A byte is a character, a 外字, a control character or half of something; never «?»."""
    seen = defaultdict(list)
    for byte in range(0x80, 0x100):
        raw = bytes((byte,))
        try:
            raw.decode("cp932")
        except UnicodeDecodeError:
            seen["half"].append(byte)
            continue
        [record] = in_records([b"x" + raw])
        assert record.problems or record.values[1] == "x" + raw.decode("cp932")
        seen["".join(codes_of(record))].append(byte)
    assert seen == {
        "half": [*range(0x81, 0xA0), *range(0xE0, 0xFD)],
        "KKH-V010": [0x80],
        "KKH-V011": [0xA0, 0xFD, 0xFE, 0xFF],
        "": [*range(0xA1, 0xE0)],
    }


def test_other_codes_in_several_columns_quotes_and_batches() -> None:
    """Rules: S-17. Row and column are those of the file, in any company."""
    layout = BOOK.newest("KEISHIJI")
    assert layout is not None
    good = b"2,%s,C1,1,20230401,tanto,reason" % CP932.encode()
    rows = [good] * 2500
    rows[7] = good.replace(b"tanto", b"\xed\x40")
    rows[1800] = good.replace(b"tanto", b'"\xed\x40,\xfa\x5c"').replace(b"reason", b'"a ""\x87\x90"""')
    rows[2100] = good.replace(b"reason", b"\xfa\x5c")  # as Windows writes it
    rows[2200] = good.replace(b"reason", b"\xf0\x40\xed\x40")
    rows[2300] = good.replace(b"reason", b'"\xed\x40\r\n\xed\x40"')
    head = b"1,KEISHIJI,1.0,%s,%s,1" % (CP932.encode(), STAMP.encode())
    content = b"\r\n".join([head, *rows, b"9,%d" % len(rows), b""])
    for size in (65536, 1000):
        found = read(content, layout.keys, name=name_of("KEISHIJI", CP932), size=size)
        told = [problem for record in found for problem in (*record.problems, *record.warnings)]
        assert told == [
            Problem("KKH-V017", 9, "decided_by"),
            Problem("KKH-V017", 1802, "decided_by"),
            Problem("KKH-V017", 1802, "reason"),
            Problem("KKH-V011", 2202, "reason"),
            Problem("KKH-V017", 2202, "reason"),
            Problem("KKH-V010", 2302, "reason"),
        ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("kind", UNUSUAL)
def test_unusual_characters_are_not_touched(kind: str, encoding: str) -> None:
    """Rules: S-17, X-22."""
    [record] = read(kaijo(f"{UNUSUAL[kind]},20230401"), encoding=encoding)
    assert record.values[1] == UNUSUAL[kind]
    assert not record.problems and not record.warnings


@pytest.mark.parametrize("character", ["𠮷", "葛\U000e0100", "\u301c", "\U0002b74f", "¥", "\u2014", "é"])
def test_what_cp932_cannot_hold_is_not_written(character: str, tmp_path: Path) -> None:
    """Rules: S-17. The record and the column are told; no «?», no look-alike, no file."""
    folder = OpenFormatFolder(tmp_path, LayoutBook(BOOK), "cp932", InsurerNumber(CP932))
    rows = [(CP932, name, CREATED.date()) for name in ("髙", f"髙{character}")]
    with pytest.raises(InvalidValue) as caught:
        folder.write("KAIJO", CP932, CREATED, 1, KAIJO_KEYS, rows)
    assert caught.value.problems == (Problem("KKH-F010", 3, "municipal_insured_id"),)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PrefectureOffice]:
    insurers = [evolve(each, encoding="cp932") if each.insurer_number == A else each for each in INSURERS]
    with PrefectureOffice(tmp_path, insurers=insurers) as made:
        yield made


def test_names_are_kept_as_sent(office: PrefectureOffice) -> None:
    """Rules: S-17, X-22. All codes, in the names of persons: what stands in the database is what was sent, 外字 included."""
    chunks = [CODES[at : at + 90] for at in range(0, len(CODES), 90)]
    path = office.write("SKKOJIN", A, [person(A, str(n), name=f"#{n}#") for n in range(1, len(chunks) + 1)])
    content = path.read_bytes().decode().encode("cp932")
    for n, chunk in enumerate(chunks, 1):
        content = content.replace(b"#%d#" % n, b"".join(chunk))
    path.write_bytes(content)
    [answer] = office.receive(path)
    assert (answer.counts.accepted, answer.counts.rejected) == (len(chunks), 0)
    with closing(sqlite3.connect(office.database_file)) as connection:
        kept = dict(connection.execute("select addressee_number, name from person_record").fetchall())
    assert [kept[str(n)] for n in range(1, len(chunks) + 1)] == [b"".join(chunk).decode("cp932") for chunk in chunks]
    told = {(each.code, each.line) for each in answer.warnings if each.field == "name"}
    assert told == {
        (code, line)
        for line, chunk in enumerate(chunks, 2)
        for code, holds in (
            ("KKH-V011", any(0xF0 <= raw[0] <= 0xF9 for raw in chunk)),
            ("KKH-V017", any(WINDOWS[raw.decode("cp932")] != raw for raw in chunk)),
        )
        if holds
    }
    rows = office.deliver(A)["SHOKEKKA"]
    assert {(row["error_code"], row["error_field"]) for row in rows} <= {
        (None, None), ("KKH-V011", "name"), ("KKH-V017", "name")
    }  # fmt: skip
