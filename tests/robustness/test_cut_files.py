"""切れたファイル、変わったファイル: a file is whole or nothing of it counts, and each record is answered once (S-16)."""

from __future__ import annotations

import csv
import io
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as st

from kokuho_adapters.files import Field, OpenFormatFile
from kokuho_core.errors import FileRefused
from kokuho_core.ports.files import FileHeader, ReadRecord
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases.receive import receive

from ..aggregation.support import codes, dump, effect, insured, set_cell
from ..files.support import SAMPLES, name_of
from ..prefecture.office import A, B, PrefectureOffice
from .comparison import BOOK, SENDER, accepting, counted, named, reading, require_same_reading

FILE_IDS = sorted(layout.id for layout in BOOK)


def sample(file_id: str) -> bytes:
    return (SAMPLES / name_of(file_id)).read_bytes()


def quoted(content: bytes) -> bytes:
    """The same file with every field in quotes."""
    made = io.StringIO()
    csv.writer(made, quoting=csv.QUOTE_ALL).writerows(csv.reader(content.decode().splitlines()))
    return made.getvalue().encode()


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(content.decode().splitlines()))


def file_of(rows: list[list[str]]) -> bytes:
    made = io.StringIO()
    csv.writer(made).writerows(rows)
    return made.getvalue().encode()


# --- cut ---


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("file_id", FILE_IDS)
def test_every_prefix_of_every_kind_of_file_is_refused(file_id: str, encoding: str) -> None:
    """Rules: S-16, X-1. Cut at any byte, plain or with every field in quotes."""
    for content in (sample(file_id), quoted(sample(file_id))):
        whole = content.decode().encode(encoding)
        assert len(reading(whole, encoding, file_id) or []) == content.count(b"\r\n") - 2
        for end in range(len(whole)):
            assert reading(whole[:end], encoding, file_id) is None, end


@pytest.mark.parametrize("file_id", FILE_IDS)
def test_a_cut_file_never_shows_another_header(file_id: str) -> None:
    """Rules: S-16. What the control record of a prefix says is what the whole file says, or nothing."""
    whole = sample(file_id)

    def header(content: bytes) -> Any:
        file = OpenFormatFile.from_blocks(
            named(file_id), lambda: iter([content]), BOOK, None, "utf-8", accepting(file_id)
        )
        try:
            return file.header()
        except FileRefused:
            return None

    due = header(whole)
    seen = [header(whole[:end]) for end in range(len(whole))]
    first_line = whole.index(b"\r\n") + 2
    assert seen == [None] * first_line + [due] * (len(whole) - first_line)


def test_no_prefix_leaves_anything_behind(office: PrefectureOffice) -> None:
    """Rules: S-16, X-1, X-2. Received for real at every length; then the whole file is as welcome as if it were the first."""
    path = office.write("SKKOJIN", A, [insured(A, "1", 1, name='髙"橋'), insured(A, "2", 2)])
    whole = path.read_bytes()
    before = effect(office)
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        [answer] = office.receive(path)
        assert answer.result is FileResult.REJECTED, end
        assert (answer.counts.accepted, answer.counts.rejected, answer.counts.held) == (0, 0, 0)
        if end % 50 == 0 or end > len(whole) - 30:
            assert effect(office) == before, end
    assert effect(office) == before
    path.write_bytes(whole)
    [answer] = office.receive(path)
    assert (answer.result, answer.counts.accepted) == (FileResult.APPLIED, 2)


def test_a_held_file_is_whole_too(office: PrefectureOffice) -> None:
    """Rules: S-16, X-2. A cut file is refused, not held, though its turn has not come."""
    path = office.write("SKKOJIN", A, [insured(A, "1", 1)], sequence=2)
    whole = path.read_bytes()
    before = effect(office)
    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        assert [answer.result for answer in office.receive(path)] == [FileResult.REJECTED], end
    assert effect(office) == before


# --- changed while it is read ---


def replaced(path: Path, content: bytes) -> None:
    """Another file under the same name."""
    other = path.with_suffix(".new")
    other.write_bytes(content)
    other.replace(path)


def appended(path: Path, content: bytes) -> None:
    """The same file, longer."""
    with path.open("ab") as file:
        file.write(content)


def overwritten(path: Path, content: bytes) -> None:
    """The same file and the same length, with other bytes in it."""
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(1, 1))  # a clock may be too coarse to tell


@define
class Disturbed:
    """An incoming file with which something happens before one of its readings."""

    file: OpenFormatFile
    reading: str
    disturb: Callable[[], None]

    @property
    def name(self) -> str:
        return self.file.name

    def header(self) -> FileHeader:
        return self.file.header()

    def blocks(self) -> Iterator[bytes]:
        self._before("blocks")
        return self.file.blocks()

    def records(self, keys: tuple[str, ...]) -> Iterator[ReadRecord]:
        self._before("records")
        return self.file.records(keys)

    def _before(self, reading: str) -> None:
        if reading == self.reading:
            self.disturb()


@pytest.mark.parametrize("reading", ["blocks", "records"])
@pytest.mark.parametrize("change", [replaced, appended, overwritten])
def test_a_file_that_changes_between_two_readings_is_refused(
    office: PrefectureOffice, change: Callable[[Path, bytes], None], reading: str
) -> None:
    """Rules: S-16, S-14. What is applied is what the fingerprint was taken of, else nothing is, and it may be given again."""
    path = office.write("SKKOJIN", A, [insured(A, "1", 1)])
    whole = path.read_bytes()
    other = whole.replace("花子".encode(), "花代".encode())
    before = effect(office)
    file = office.installation.incoming(path, office.installation.register())
    disturbed = Disturbed(file, reading, lambda: change(path, other))
    [answer] = receive(office.office, disturbed)
    assert (answer.result, codes(answer)) == (FileResult.REJECTED, [("KKH-F018", 0, "")])
    assert effect(office) == before
    path.write_bytes(other)
    assert [each.result for each in office.receive(path)] == [FileResult.APPLIED]


def test_a_file_that_changes_during_a_reading_is_refused(tmp_path: Path) -> None:
    """Rules: S-16. Even where each block by itself looks well."""
    layout = BOOK.newest("KAIJO")
    assert layout is not None
    control, good, *_ = rows_of(sample("KAIJO"))
    path = tmp_path / named("KAIJO")
    path.write_bytes(file_of([control, *[good] * 9000, ["9", "9000"]]))
    whole = path.read_bytes()
    records = OpenFormatFile.from_path(path, BOOK, None).records(layout.keys)
    next(iter(records))
    overwritten(path, whole)
    with pytest.raises(FileRefused, match="KKH-F018"):
        list(records)
    assert len(list(OpenFormatFile.from_path(path, BOOK, None).records(layout.keys))) == 9000


def test_a_file_goes_away_between_two_readings(tmp_path: Path) -> None:
    """Rules: S-16."""
    path = tmp_path / named("KAIJO")
    path.write_bytes(sample("KAIJO"))
    file = OpenFormatFile.from_path(path, BOOK, None)
    file.header()
    path.unlink()
    with pytest.raises(FileRefused, match="KKH-F015") as caught:
        list(file.records(()))
    assert caught.value.__context__ is None


# --- changed in one place ---

CONTROL = {
    "kind": (0, ["", "0", "2", "9", "11", " 1", "１"]),
    "file id": (1, ["", "SKSETAI", "KAIJOX", "kaijo", "KAIJO "]),
    "version": (2, ["", "1", "1.00", "2.0", " 1.0", "１.0"]),
    "sender": (3, ["", "130021", "000000", "13001", "1300130", "１３００１３", "99"]),
    "created": (4, ["", "20230403093016", "2023040309301", "20230230000000", "20230403093015 "]),
    "sequence": (5, ["", "0", "2", "-1", "+1", "１", "1.0", "0x1", "1 ", "1" * 10]),
}


@pytest.mark.parametrize("cell", CONTROL)
@pytest.mark.parametrize("file_id", ["KAIJO", "SKKOJIN", "TOKUSO"])
def test_a_control_record_that_says_something_else_refuses_the_file(file_id: str, cell: str) -> None:
    """Rules: S-16, X-1."""
    place, texts = CONTROL[cell]
    rows = rows_of(sample(file_id))
    for text in texts:
        if text in (rows[0][place], "000000" if place == 3 and accepting(file_id) == "aggregation" else None):
            continue
        changed = [[*rows[0][:place], text, *rows[0][place + 1 :]], *rows[1:]]
        assert require_same_reading(file_of(changed), "utf-8", file_id) is None, text


@pytest.mark.parametrize("file_id", FILE_IDS)
def test_an_end_record_that_says_something_else_refuses_the_file(file_id: str) -> None:
    """Rules: S-16, X-1."""
    rows = rows_of(sample(file_id))
    count = len(rows) - 2
    wrong = ["", str(count - 1), str(count + 1), f"-{count}", f"+{count}", "\uff12", f"{count}.0", f"{count} ", "0" * 13]
    for end in ([], ["9"], ["9", str(count), ""], ["8", str(count)], *(["9", text] for text in wrong)):
        assert require_same_reading(file_of([*rows[:-1], end]), "utf-8", file_id) is None, end


def test_a_count_with_zeros_before_it_agrees() -> None:
    """Rules: S-16."""
    rows = rows_of(sample("KAIJO"))
    assert require_same_reading(file_of([*rows[:-1], ["9", "002"]]), "utf-8", "KAIJO") is not None


@pytest.mark.parametrize("file_id", FILE_IDS)
def test_records_lost_doubled_or_moved_between_columns_refuse_the_file(file_id: str) -> None:
    """Rules: S-16, X-1."""
    control, *data, end = rows_of(sample(file_id))
    for changed in (
        data[1:],
        [data[0], *data],
        [[*data[0], ""], *data[1:]],
        [data[0][:-1], *data[1:]],
        [["1", *data[0][1:]], *data[1:]],
        [["9", *data[0][1:]], *data[1:]],
        [[], *data[1:]],
    ):
        assert require_same_reading(file_of([control, *changed, end]), "utf-8", file_id) is None


def wrong_texts(item: Field) -> list[str]:
    """Texts that a field of this kind cannot hold."""
    longest = item.length or item.max_length or 8
    if item.key.endswith("individual_number"):
        return ["12345678901", "1234567890188", "123456789010", "0" * 12, "12345678901\uff18", "12345678901 ", "x" * 12]
    by_type = {
        "digits": ["\uff11" * longest, "x" * longest, "-" + "1" * (longest - 1), " " + "1" * (longest - 1), "²" * longest],
        "int": ["-1", "+1", "1_0", "1.0", "\uff11", "1" * (longest + 1), "x", "1 "],
        "text": ["あ" * (longest + 1), "a\tb", "a\x7f", "\x85", "\x1b[0m", "a\r\nb", "\x00\x01"],
        "code": ["ZZZ", "\uff11", "１", "01 ", "-"],
        "date": ["20230230", "2023-2-1", "00000101", "99991231", "2023010\uff11", "2023010", "202301011", "20231301"],
        "month": ["202313", "202300", "000001", "20231", "2023011", "2023\uff101"],
        "datetime": ["20230402240000", "20230402235960", "20230230000000", "20230402", "2023040223595\uff19"],
        "flag": ["2", "Y", "\uff11", "01", "1 "],
    }
    longer = ["1" * (longest + 1)] if item.type in ("digits", "int") else []
    return [text for text in by_type[item.type] + longer if "\x00" not in text]


@pytest.mark.parametrize("file_id", FILE_IDS)
def test_every_wrong_text_in_every_field_refuses_its_record_alone(file_id: str) -> None:
    """Rules: S-16, S-18, X-1. The other records stand, and the insurer's number of a municipality's file refuses it whole."""
    layout = BOOK.newest(file_id)
    assert layout is not None
    control, first, *_ = rows_of(sample(file_id))
    tried = 0
    for item in layout.fields:
        for text in [*wrong_texts(item), *([""] if item.required else [])]:
            changed = [*first[: item.no], text, *first[item.no + 1 :]]
            records = require_same_reading(file_of([control, first, changed, first, ["9", "3"]]), "utf-8", file_id)
            tried += 1
            if item.key == "insurer_number" and accepting(file_id) == "municipality":
                assert records is None
                continue
            assert records is not None, (item.key, text)
            told = [[problem.field for problem in record.problems] for record in records]
            assert told == [[], [item.key], []], (item.key, text)
    assert tried > 4 * len(layout.fields)


TINY = f'1,KAIJO,1.0,{SENDER},20230403093015,1\r\n2,{SENDER},"a""髙",20230401\r\n2,{SENDER},\ue000,20230402\r\n9,2\r\n'


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_every_change_of_one_byte_is_judged_as_a_second_reader_does(encoding: str) -> None:
    """Rules: S-16, S-18. Each byte replaced by each other byte, left out, and doubled: refused, or read the same by both."""
    whole = TINY.encode(encoding)
    assert require_same_reading(whole, encoding, "KAIJO") is not None
    taken = 0
    for at in range(len(whole)):
        for put in (b"", whole[at : at + 1] * 2, *(bytes((byte,)) for byte in range(256))):
            changed = whole[:at] + put + whole[at + 1 :]
            if changed != whole:
                taken += require_same_reading(changed, encoding, "KAIJO") is not None
    assert 0 < taken < len(whole) * 80  # fields may change to another right value, nothing else


@settings(max_examples=300)
@given(st.sampled_from(FILE_IDS), st.randoms(use_true_random=False), st.sampled_from(["utf-8", "cp932", "utf-8-sig"]))
def test_files_damaged_in_several_places(file_id: str, random: Any, encoding: str) -> None:
    """Rules: S-16, S-18. Pieces cut out, doubled, moved or overwritten; the end record mended, so that the inside is reached."""
    content = sample(file_id).decode().encode(encoding)
    for _ in range(random.randint(1, 4)):
        at, to = sorted(random.randrange(len(content) + 1) for _ in range(2))
        to = min(to, at + random.choice((0, 1, 2, 5, 40)))
        put = random.choice((b"", b'"', b'""', b",", b"\r\n", b"\n", b"\0", b"\t", b"9,1\r\n", b"\xef\xbc\x91", content[at:to] * 2))
        content = content[:at] + put + content[to:]
    require_same_reading(content, encoding, file_id, random.choice((1, 3, 65536)))
    require_same_reading(counted(content), encoding, file_id, random.choice((1, 3, 65536)))


# --- every record is answered once ---

FATES = ("good", "field", "never sent", "twice", "overlap", "conflict")


def record_of(fate: str, n: int) -> dict[str, Any]:
    """A record whose fate the rules decide; ``n`` tells persons apart."""
    if fate == "never sent":
        return insured(A, f"5{n}", 500 + n, kind="2")
    if fate == "conflict":
        return insured(A, f"6{n}", 900 + n % 3, sex="1")
    return insured(A, f"1{n}", n)


def also(fate: str, n: int) -> list[dict[str, Any]]:
    """What makes the record before it wrong."""
    if fate == "twice":
        return [insured(A, f"1{n}", n)]
    if fate == "overlap":
        return [insured(A, f"1{n}", n, history=2, start="2021-04-01")]
    return []


@settings(max_examples=20)
@given(
    st.lists(st.lists(st.sampled_from(FATES), max_size=12), min_size=1, max_size=4),
    st.permutations(range(8)),
    st.booleans(),
)
def test_in_is_accepted_and_rejected_and_held_and_duplicate(
    prepared: Path, tmp_path_factory: pytest.TempPathFactory, plans: list[list[str]], order: list[int], cut: bool
) -> None:
    """Rules: S-16, X-1, X-3. Random files, each sent twice in random order, one of them cut first: no record is lost or
    counted twice, in the answers, in the 処理結果 and in the database."""
    folder = tmp_path_factory.mktemp("conservation") / "office"
    shutil.copytree(prepared, folder)
    with PrefectureOffice(folder) as office:
        office.persons(B, *(insured(B, str(n), 900 + n, end="2020-05-01", end_reason="53") for n in range(3)))
        office.deliver(B)
        paths, size = [], {}
        for number, plan in enumerate(plans, 1):
            rows: list[dict[str, Any]] = []
            wrong = []
            for n, fate in enumerate(plan, 100 * number):
                if fate == "field":
                    wrong.append(len(rows) + 2)
                rows += [record_of(fate, n), *also(fate, n)]
            path = office.write("SKKOJIN", A, rows, sequence=number)
            for line in wrong:
                set_cell(office, path, line, "sex", "9")
            paths.append(path)
            size[path.name] = len(rows)
        answers = []
        if cut:
            whole = paths[0].read_bytes()
            paths[0].write_bytes(whole[:-1])
            answers += office.receive(paths[0])
            paths[0].write_bytes(whole)
        for place in order:
            answers += office.receive(paths[place % len(paths)])
        sent = Counter(answer.result for answer in answers)
        for answer in answers:
            counts = answer.counts
            total = counts.accepted + counts.rejected + counts.held
            assert total == (size[answer.file] if answer.result is FileResult.APPLIED else 0)
        assert sent[FileResult.APPLIED] == len(plans)
        assert sent[FileResult.REJECTED] == cut
        told = office.deliver(A)["SHOKEKKA"]
        require_told_once(told, answers, size)
        require_kept(office, answers)


def require_told_once(told: list[dict[str, Any]], answers: list[Any], size: dict[str, int]) -> None:
    """The 処理結果: every line of an applied file once with the result that was counted, one line 0 for any other answer."""
    lines = Counter((row["source_file"], row["line"]) for row in told)
    results = Counter((row["source_file"], row["result"]) for row in told if row["line"])
    for answer in answers:
        if answer.result is FileResult.APPLIED:
            assert [lines[answer.file, line] for line in range(2, size[answer.file] + 2)] == [1] * size[answer.file]
            counts = answer.counts
            due = (counts.accepted, counts.rejected, counts.held)
            assert tuple(results[answer.file, result] for result in "123") == due
    others = Counter(answer.file for answer in answers if answer.result is not FileResult.APPLIED)
    assert {name: count for (name, line), count in lines.items() if line == 0} == others
    assert len(told) == sum(size.values()) + others.total()


def require_kept(office: PrefectureOffice, answers: list[Any]) -> None:
    """In the database stands what was accepted or held, and nothing else of these files."""
    names = {row[0]: row[1] for row in dump(office.database_file)["received_file"]}
    with closing(sqlite3.connect(office.database_file)) as connection:
        kept = dict(connection.execute("select file_no, count(*) from person_record group by file_no").fetchall())
    due = {
        answer.file: answer.counts.accepted + answer.counts.held
        for answer in answers
        if answer.counts.accepted + answer.counts.held
    }
    assert {names[file]: count for file, count in kept.items() if A in names[file]} == due
