"""受信: reads one open-format file strictly, as a stream. Structure refuses the file, a field only its record (X-1)."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import count, repeat
from pathlib import Path
from typing import IO, Any, Final, Literal, NoReturn

from attrs import field, frozen

from kokuho_adapters.files.cp932 import columns_in_other_codes
from kokuho_adapters.files.layout import Field, Layout, LayoutBook
from kokuho_adapters.files.lines import Broken, LineSource
from kokuho_adapters.files.naming import FileName, parse_timestamp
from kokuho_adapters.files.values import CONTROL, PRIVATE_USE, FieldFault, Parse, compile_column, compile_field
from kokuho_core.errors import FileRefused, InvalidValue, Problem
from kokuho_core.ports.files import FileHeader, ReadRecord
from kokuho_core.vocabulary.check_digits import is_ascii_digits
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.insurers import InsurerRegister

AGGREGATION: Final = "000000"
"""SENDER of a file made by the aggregation (国保情報集約システム)."""
ENCODINGS: Final = ("utf-8", "utf-8-sig", "cp932")

_READ_SIZE: Final = 1 << 16
_BATCH: Final = 1000
_FEW: Final = 16
_QUOTED_LINE: Final = re.compile(r"""(?:"[^"]*+(?:""[^"]*+)*+"|[^",]*+)(?:,(?:"[^"]*+(?:""[^"]*+)*+"|[^",]*+))*+\r?""")
"""RFC 4180: csv takes a quote inside an unquoted field even when strict."""


@frozen
class OpenFormatFile:
    """受信ファイル: an :class:`~kokuho_core.ports.files.IncomingFile` in the open format.

    ``encoding`` goes before the sender's own in ``register``; without both it is utf-8 (X-22). Without ``register`` the
    sender is not looked up (KKH-F004). ``accept`` says which side the file must come from (KKH-F013): in a file made by
    the aggregation the name carries the addressee and the control record ``000000``, and records may name others.

    Raises :class:`InvalidValue` (KKH-C004) for another encoding.
    """

    name: str
    _open_blocks: Callable[[], Iterator[bytes]] = field(repr=False)
    _book: LayoutBook = field(repr=False)
    _register: InsurerRegister | None = field(default=None, repr=False)
    _encoding: str | None = None
    _accept: Literal["municipality", "aggregation"] = "municipality"
    _on_disk: _OnDisk | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        if self._encoding is not None and self._encoding not in ENCODINGS:
            raise InvalidValue(Problem("KKH-C004", field="encoding"))

    @classmethod
    def from_path(
        cls,
        path: Path,
        book: LayoutBook,
        register: InsurerRegister | None = None,
        encoding: str | None = None,
        accept: Literal["municipality", "aggregation"] = "municipality",
    ) -> OpenFormatFile:
        """A file on disk; its plain name counts. It must not change while it is read (KKH-F018)."""
        on_disk = _OnDisk(path)
        return cls(path.name, on_disk.blocks, book, register, encoding, accept, on_disk)

    @classmethod
    def from_blocks(
        cls,
        name: str,
        open_blocks: Callable[[], Iterator[bytes]],
        book: LayoutBook,
        register: InsurerRegister | None = None,
        encoding: str | None = None,
        accept: Literal["municipality", "aggregation"] = "municipality",
    ) -> OpenFormatFile:
        """A file kept elsewhere: ``open_blocks`` gives its bytes from the start each time it is called."""
        return cls(name, open_blocks, book, register, encoding, accept)

    @property
    def seen(self) -> tuple[int, ...] | None:
        """Which file on disk was read, and in which state; None before it was read, and for one kept elsewhere."""
        return self._on_disk.seen if self._on_disk is not None else None

    def blocks(self) -> Iterator[bytes]:
        """The raw bytes. Raises :class:`FileRefused`: KKH-F015 not readable, KKH-F018 changed while it was read."""
        return self._open_blocks()

    def header(self) -> FileHeader:
        """Name and control record, found to agree.

        Raises :class:`FileRefused`: KKH-F001 name, KKH-F002 layout, KKH-F003 disagreement, KKH-F004 sender, KKH-F013
        direction, KKH-F014 control record, KKH-F005 … KKH-F017 when not even that can be read.
        """
        name, encoding = self._named()
        with closing(_Blocks(self._open_blocks())) as blocks:
            return self._control(name, *_open_lines(blocks, encoding))[0]

    def records(self, keys: tuple[str, ...]) -> Iterator[ReadRecord]:
        """All data records; a key the layout lacks gives None.

        Raises :class:`FileRefused`, besides those of :meth:`header`: KKH-F005 cut, KKH-F006 count, KKH-F007 columns,
        KKH-F008 form, KKH-F010 bytes, KKH-F011 foreign insurer, KKH-F012 kinds, KKH-F015 not readable, KKH-F016 LF,
        KKH-F017 line too long, KKH-F018 changed meanwhile.
        """
        name, encoding = self._named()
        with closing(_Blocks(self._open_blocks())) as blocks:
            source, rows = _open_lines(blocks, encoding)
            header, layout = self._control(name, source, rows)
            source.drawn.clear()
            read = _RecordReader(layout, keys)
            sender = header.sender if self._accept == "municipality" else None
            yield from _data_records(source, rows, read, sender)

    def _named(self) -> tuple[FileName, str]:
        """What the name alone says (line 0), and the encoding that follows from its sender."""
        name = FileName.parse(self.name)
        layout = self._book.newest(name.file_id)
        if layout is None:
            raise FileRefused(Problem("KKH-F002", field="file_id"))
        if self._accept == "municipality":
            accepted = layout.direction.startswith("municipality->aggregation")
        else:
            accepted = layout.direction != "municipality->aggregation"
        if not accepted:
            raise FileRefused(Problem("KKH-F013", field="file_id"))
        insurer = self._register.get(name.insurer_number) if self._register is not None else None
        if self._register is not None and insurer is None:
            raise FileRefused(Problem("KKH-F004", field="sender"))
        if self._encoding is not None:
            return name, self._encoding
        # what the aggregation makes is utf-8 for everybody
        return name, insurer.encoding if insurer is not None and self._accept == "municipality" else "utf-8"

    def _control(self, name: FileName, source: LineSource, rows: Iterator[list[str]]) -> tuple[FileHeader, Layout]:
        row = _first_row(source, rows)
        if len(row) != 6 or row[0] != "1" or (source.drawn and not _is_well_quoted(source, row)):
            raise FileRefused(Problem("KKH-F014", line=1))
        _, file_id, version, sender, created, sequence = row
        created_at = parse_timestamp(created)
        for key, well_formed in (
            ("file_id", file_id != ""),
            ("layout_version", version != ""),
            ("sender", is_ascii_digits(sender, 6)),
            ("created_at", created_at is not None),
            ("sequence", 1 <= len(sequence) <= 9 and is_ascii_digits(sequence, len(sequence))),
        ):
            if not well_formed:
                raise FileRefused(Problem("KKH-F014", line=1, field=key))
        due = name.insurer_number if self._accept == "municipality" else AGGREGATION
        for key, agrees in (
            ("file_id", file_id == name.file_id),
            ("sender", sender == due),
            ("created_at", created_at == name.created_at),
            ("sequence", int(sequence) == name.sequence),
        ):
            if not agrees:
                raise FileRefused(Problem("KKH-F003", line=1, field=key))
        layout = self._book.get(file_id, version)
        if layout is None:
            raise FileRefused(Problem("KKH-F002", line=1, field="layout_version"))
        return FileHeader(file_id, version, InsurerNumber(name.insurer_number), name.created_at, name.sequence), layout


class _OnDisk:
    """The blocks of a file on disk, which is read several times: it must be the same file each time (S-13)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.seen: tuple[int, ...] | None = None

    def blocks(self) -> Iterator[bytes]:
        """Raises :class:`FileRefused`: KKH-F015 not readable, KKH-F018 replaced or written to since it was first opened."""
        code = "KKH-F015"
        try:
            with self._path.open("rb") as file:
                if self._is_the_same(file):
                    while block := file.read(_READ_SIZE):
                        yield block
                    if self._is_the_same(file):
                        return
                code = "KKH-F018"
        except OSError:
            pass
        raise FileRefused(Problem(code))

    def _is_the_same(self, file: IO[bytes]) -> bool:
        state = os.fstat(file.fileno())
        now = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
        self.seen = self.seen or now
        return self.seen == now


class _Blocks:
    """Closes a source of blocks at once when reading stops early, if it can be closed."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._blocks)

    def close(self) -> None:
        close = getattr(self._blocks, "close", None)
        if close is not None:
            close()


def _open_lines(blocks: _Blocks, encoding: str) -> tuple[LineSource, Iterator[list[str]]]:
    source = LineSource(iter(blocks), encoding)
    return source, csv.reader(source, strict=True)


def _first_row(source: LineSource, rows: Iterator[list[str]]) -> list[str]:
    row, code = None, ""
    try:
        row = next(rows, None)
    except Broken as fault:
        code = fault.code
    except csv.Error as error:
        code = _csv_fault(source, error)
    if row is None:
        _refuse(code or _cut_fault(source, 0), 1)
    return row


def _data_records(
    source: LineSource, rows: Iterator[list[str]], read: _RecordReader, sender: str | None
) -> Iterator[ReadRecord]:
    """Everything after the control record, read in batches. ``sender`` is the insurer every record must name (KKH-F011).

    Where the structure breaks, the records before it are given out first.
    """
    line, ended, code = 1, False, ""
    first = 2  # line of the first row in the batch
    columns, insurer = read.columns, read.insurer_column if sender is not None else None
    drawn = source.drawn
    batch: list[list[str]] = []
    suspects: dict[int, bytes] = {}  # lines to look at field by field, with their bytes where other codes stand in them
    problem: Problem | None = None
    try:
        for row in rows:
            line += 1
            if not source.plain:
                joined = "".join(row)
                if source.other_codes or not joined.replace("\u3000", "").isprintable():
                    suspects[line] = (
                        source.other_codes if len(drawn) < 2 else b""
                    )  # over two lines it is refused anyway
                if drawn:
                    if not ended and '"' in joined and not _is_well_quoted(source, row):
                        problem = Problem("KKH-F008", line)
                        break
                    drawn.clear()
            if len(row) == columns and row[0] == "2" and (insurer is None or row[insurer] == sender) and not ended:
                batch.append(row)
                if len(batch) == _BATCH:
                    yield from read.records(batch, first, suspects)
                    batch, suspects, first = [], {}, line + 1
                continue
            problem = Problem("KKH-F012", line) if ended else _no_data_record(row, line, columns)
            if problem is not None:
                break
            ended = True
    except Broken as fault:
        code = fault.code
    except csv.Error as error:
        code = _csv_fault(source, error)
    yield from read.records(batch, first, suspects)
    if problem is None and ended and (code or source.rest):
        problem = Problem("KKH-F012", line + 1)
    elif problem is None and not ended:
        problem = Problem(code or _cut_fault(source, line - 1), line + 1)
    if problem is not None:
        raise FileRefused(problem)


def _no_data_record(row: list[str], line: int, columns: int) -> Problem | None:
    """Why a row is no data record of this file: None for the end record, else what is wrong with the file."""
    kind = row[0] if row else ""
    if kind == "2":
        return Problem("KKH-F007", line) if len(row) != columns else Problem("KKH-F011", line, "insurer_number")
    if kind != "9":
        return Problem("KKH-F012", line)
    if len(row) != 2:
        return Problem("KKH-F007", line)
    count = row[1]
    if not (1 <= len(count) <= 12 and is_ascii_digits(count, len(count)) and int(count) == line - 2):
        return Problem("KKH-F006", line)
    return None


def _refuse(code: str, line: int, key: str = "") -> NoReturn:
    raise FileRefused(Problem(code, line, key)) from None


def _is_well_quoted(source: LineSource, row: Sequence[str]) -> bool:
    return '"' not in "".join(row) or _QUOTED_LINE.fullmatch("\n".join(source.drawn)) is not None


def _csv_fault(source: LineSource, error: csv.Error) -> str:
    """Which fault csv met: a quote open to the end of the file, a field too long, or wrong quoting."""
    if source.is_finished:
        # With the end record swallowed the file is whole, and the quote is what is wrong.
        return "KKH-F008" if source.ends_with_end and not source.rest else "KKH-F005"
    if "field limit" in str(error) and len(source.drawn) <= 1:
        return "KKH-F017"
    return "KKH-F008"


def _cut_fault(source: LineSource, count: int) -> str:
    """A file without its end record was cut, unless only the form of its line ends is wrong."""
    rest = source.rest
    is_end = rest.removesuffix(b"\r") == b"9,%d" % count
    return "KKH-F008" if is_end or b"\r" in rest[:-1] else "KKH-F005"


class _RecordReader:
    """Reads the data records of one layout, column by column as long as nothing is wrong: that costs a fifth per field."""

    def __init__(self, layout: Layout, keys: tuple[str, ...]) -> None:
        self._fields = layout.fields
        self._parsers = [compile_field(item, layout.is_inclusive) for item in layout.fields]
        self._column_parsers = [
            compile_column(item, parse) for item, parse in zip(self._fields, self._parsers, strict=True)
        ]
        # Column 0 is the record kind. Its value None stands in for keys the layout lacks.
        column_of = {item.key: item.no for item in layout.fields}
        self._positions = [column_of.get(key, 0) for key in keys]
        self.columns: Final = len(layout.fields) + 1
        self.insurer_column: Final = column_of.get("insurer_number")

    def records(self, rows: list[list[str]], first: int, suspects: Mapping[int, bytes]) -> Iterator[ReadRecord]:
        """The records of ``rows``, of which the first stands on line ``first``.

        Where one of them has a fault or is suspect, they are halved until few are left to be examined one by one.
        """
        values = self._values(rows) if rows and not suspects else None
        if values is not None:
            yield from map(ReadRecord, count(first), values)
        elif len(rows) <= _FEW:
            for line, row in enumerate(rows, first):
                yield self._examine(row, line, suspects.get(line, b""))
        else:
            half = len(rows) // 2
            middle = first + half
            yield from self.records(rows[:half], first, {line: raw for line, raw in suspects.items() if line < middle})
            yield from self.records(
                rows[half:], middle, {line: raw for line, raw in suspects.items() if line >= middle}
            )

    def _values(self, rows: list[list[str]]) -> list[tuple[Any, ...]] | None:
        """The values of records that have no fault at all, else None."""
        texts = zip(*rows, strict=True)
        next(texts)  # the record kind
        columns: list[Iterable[Any]] = [()]
        try:
            for parse, column in zip(self._column_parsers, texts, strict=True):
                columns.append(parse(column))
        except FieldFault:
            return None
        if not self._positions:
            return [()] * len(rows)
        picked = [columns[position] if position else repeat(None, len(rows)) for position in self._positions]
        return list(zip(*picked, strict=True))

    def _pick(self, values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(values[position] for position in self._positions)

    def _examine(self, row: list[str], line: int, raw: bytes) -> ReadRecord:
        """Field by field, collecting every problem and warning. ``raw`` is the line if other codes stand in it (KKH-V017)."""
        values: list[Any] = [None]
        problems: list[Problem] = []
        warnings: list[Problem] = []
        in_other_codes = columns_in_other_codes(raw) if raw else frozenset()
        for item, parse, text in zip(self._fields, self._parsers, row[1:], strict=True):
            code, value = _parsed(item, parse, text)
            values.append(value)
            if code is not None:
                problems.append(Problem(code, line, item.key))
                continue
            if item.type == "text" and text and PRIVATE_USE.search(text):
                warnings.append(Problem("KKH-V011", line, item.key))
            if item.no in in_other_codes:
                warnings.append(Problem("KKH-V017", line, item.key))
        if problems:
            return ReadRecord(line, (), tuple(problems), tuple(warnings))
        return ReadRecord(line, self._pick(values), (), tuple(warnings))


def _parsed(item: Field, parse: Parse, text: str) -> tuple[str | None, Any]:
    """Error code or value of one field."""
    if not text:
        return ("KKH-V001" if item.required else None), None
    if item.type == "text" and CONTROL.search(text):
        return "KKH-V010", None
    try:
        return None, parse(text)
    except FieldFault as fault:
        return fault.code, None
