"""送信: writes complete open-format files. A file gets its final name only when it is published (S-17)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from attrs import evolve, frozen

from kokuho_adapters.durable_files import sync_file, sync_folder
from kokuho_adapters.files import cp932
from kokuho_adapters.files.layout import Field, Layout, LayoutBook
from kokuho_adapters.files.naming import FileName, format_timestamp
from kokuho_adapters.files.outbound_scan import ColumnScan
from kokuho_adapters.files.prepared import LineForm, LinesWithMarks
from kokuho_adapters.files.reader import AGGREGATION, ENCODINGS
from kokuho_adapters.files.values import (
    INDIVIDUAL_NUMBER_KEYS,
    FieldFault,
    Format,
    FormatColumn,
    compile_format,
    compile_format_column,
    compile_kept,
    compile_kept_column,
)
from kokuho_core.errors import InvalidValue, NotFound, Problem, SetupFault
from kokuho_core.ports.files import FIRST_LINE, Columns, PreparedLines
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber

_BATCH: Final = 1000


def format_value(item: Field, value: Any, inclusive: bool = False) -> str:
    """One typed value as the text of its field; None is empty.

    Raises :class:`InvalidValue` with the field's KKH-V… or KKH-I… code, never with the value.
    """
    code = "KKH-V001"
    if value is None or value == "":
        if not item.required:
            return ""
    else:
        try:
            return compile_format(item, inclusive)(value)
        except FieldFault as fault:
            code = fault.code
    raise InvalidValue(Problem(code, field=item.key))


def as_table(rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Keys and rows for :meth:`OpenFormatFolder.write` from mappings that may differ in their keys."""
    keys = tuple(dict.fromkeys(key for row in rows for key in row))
    return keys, [tuple(map(row.get, keys)) for row in rows]


def unwritable(
    book: LayoutBook, encoding: str, file_id: str, keys: Sequence[str], rows: Iterable[Sequence[Any]]
) -> list[Problem]:
    """What could not be written: for each row its first field that the newest layout or the encoding cannot hold.

    ``line`` counts the rows from 1. Raises :class:`SetupFault` (KKH-F002) without a layout.
    """
    layout = book.newest(file_id)
    if layout is None:
        raise SetupFault(Problem("KKH-F002", field="file_id"))
    found = []
    for line, row in enumerate(rows, 1):
        records = _Records(io.BytesIO(), layout, encoding)
        form = RowFormatter(layout, keys)
        problem: Problem | None = None
        try:
            records.write(form.columns(list(zip(row)), 1, line))
        except InvalidValue as fault:
            problem = fault.problems[0]
        if problem is not None:
            found.append(problem.at(line))
    return found


@frozen
class OpenFormatFolder:
    """送信フォルダ: an :class:`~kokuho_core.ports.files.OutgoingFiles` that writes into one directory.

    Files are made by the aggregation and named after their addressee; with ``sender`` they are that municipality's own,
    which is also the addressee to give. Raises :class:`InvalidValue` (KKH-C004) for another encoding.
    """

    _directory: Path
    _book: LayoutBook
    _encoding: str = "utf-8"
    _sender: InsurerNumber | None = None

    def __attrs_post_init__(self) -> None:
        if self._encoding not in ENCODINGS:
            raise InvalidValue(Problem("KKH-C004", field="encoding"))

    def write(
        self,
        file_id: str,
        addressee: InsurerNumber,
        created_at: datetime,
        sequence: int,
        keys: Sequence[str],
        rows: Iterable[Sequence[Any]],
    ) -> tuple[str, int]:
        """Write one file in the newest layout as ``<final name>.part``, flushed to disk.

        ``rows`` are streamed, their values in the order of ``keys``; a key of the layout that is not among them is empty,
        a key the layout lacks is left out.
        Raises :class:`InvalidValue` for a value the layout (KKH-V…, KKH-I…) or the encoding (KKH-F010) cannot hold,
        :class:`FileRefused` (KKH-E009) for a 個人番号 where the layout has none (S-6), and :class:`SetupFault`: KKH-F002
        without a layout, KKH-C020 when the folder does not take it (S-27). Nothing is left behind then.
        """
        waiting = iter(rows)
        batches = (list(zip(*some, strict=True)) for some in iter(lambda: list(islice(waiting, _BATCH)), []))
        return self._write(file_id, addressee, created_at, sequence, keys, batches, is_kept=False)

    def write_columns(
        self,
        file_id: str,
        addressee: InsurerNumber,
        created_at: datetime,
        sequence: int,
        keys: Sequence[str],
        batches: Iterable[Columns | PreparedLines],
    ) -> tuple[str, int]:
        """As :meth:`write`, for rows that are given many at a time as they are kept: for each of ``keys`` the values of all of
        them, days, months and moments in ISO text.

        In the place of some may stand :class:`LinesWithMarks` that were prepared in :meth:`form_of` these files.
        """
        return self._write(file_id, addressee, created_at, sequence, keys, batches, is_kept=True)

    def _write(
        self,
        file_id: str,
        addressee: InsurerNumber,
        created_at: datetime,
        sequence: int,
        keys: Sequence[str],
        batches: Iterable[Columns | PreparedLines],
        *,
        is_kept: bool,
    ) -> tuple[str, int]:
        layout = self._book.newest(file_id)
        if layout is None:
            raise SetupFault(Problem("KKH-F002", field="file_id"))
        if self._sender is not None and addressee != self._sender:
            raise InvalidValue(Problem("KKH-F003", field="sender"))
        name = FileName(file_id, addressee, created_at.replace(microsecond=0, tzinfo=None), sequence)
        part = self._directory / f"{name}.part"
        try:
            with _faults_told(), part.open("wb") as file:
                form = RowFormatter(layout, keys, is_kept=is_kept)
                count = self._write_lines(file, name, form, batches)
                sync_file(file)
            with _faults_told():
                sync_folder(self._directory)  # or a power failure could take the name, which a commit is to rely on
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        return str(name), count

    def form_of(self, file_id: str, keys: Sequence[str]) -> LineForm | None:
        """In which form lines of these files are written, None without a layout."""
        layout = self._book.newest(file_id)
        return LineForm(layout, self._encoding, tuple(keys)) if layout is not None else None

    def publish(self, *names: str) -> None:
        """Give the written files their final names; it may be repeated.

        Raises :class:`NotFound` (KKH-F015) when it was never written, :class:`SetupFault` (KKH-C020) when it cannot be done.
        """
        with _faults_told():
            for name in names:
                FileName.parse(name)  # nothing but a plain name reaches the directory
                final = self._directory / name
                try:
                    (self._directory / f"{name}.part").replace(final)
                except FileNotFoundError:
                    if not final.exists():
                        raise NotFound(Problem("KKH-F015", field=name)) from None
            sync_folder(self._directory)

    def _write_lines(
        self, file: IO[bytes], name: FileName, form: RowFormatter, batches: Iterable[Columns | PreparedLines]
    ) -> int:
        layout, count = form.layout, 0
        records = _Records(file, layout, self._encoding)
        created_at = format_timestamp(name.created_at)
        control = ("1", layout.id, layout.version, self._sender or AGGREGATION, created_at, str(name.sequence))
        records.write([(cell,) for cell in control])
        for batch in batches:
            if isinstance(batch, PreparedLines):
                number = batch.lines.number
                records.write_raw(form.filled(batch.lines, batch.numbers, count + FIRST_LINE), number)
            else:
                number = len(batch[0])
                records.write(form.columns(batch, number, count + FIRST_LINE))
            count += number
        records.write([("9",), (str(count),)])
        form.finish()
        return count


@frozen
class _Step:
    """One field of a layout: where its values are given, and how all or one of them are written."""

    key: str
    place: int | None
    write_column: FormatColumn
    write: Format


class RowFormatter:
    """Formats the rows of one layout, given by ``keys``, a column at a time, and looks them through (S-6).

    ``is_kept``: days, months and moments are given in ISO text, as a database row keeps them.
    """

    def __init__(
        self, layout: Layout, keys: Sequence[str], scan: ColumnScan | None = None, *, is_kept: bool = False
    ) -> None:
        place_of = {key: place for place, key in enumerate(keys)}
        of_column, of_value = (compile_kept_column, compile_kept) if is_kept else (compile_format_column, compile_format)
        inclusive = layout.is_inclusive
        self.layout: Final = layout
        self._plan: Final = [
            _Step(item.key, place_of.get(item.key), of_column(item, inclusive), of_value(item, inclusive))
            for item in layout.fields
        ]
        marked = (step for step in self._plan if step.key in INDIVIDUAL_NUMBER_KEYS)
        self._marked: Final = [evolve(step, place=place) for place, step in enumerate(marked)]
        self._required: Final = {item.key for item in layout.fields if item.required}
        self._scan: Final = ColumnScan() if scan is None else scan

    def lines(self, rows: Sequence[Sequence[Any]], first: int) -> Iterator[tuple[str, ...]]:
        """The cells of ``rows``, of which the first is written on line ``first``."""
        return zip(*self.columns(list(zip(*rows, strict=True)), len(rows), first), strict=True)

    def columns(self, given: Sequence[Sequence[Any]], number: int, first: int) -> list[Sequence[str]]:
        """The cells of ``number`` rows a column at a time, as their values are given."""
        columns: list[Sequence[str]] = [("2",) * number, *self._texts(self._plan, given, number, first)]
        for item, column in zip(self.layout.fields, columns[1:], strict=True):
            self._scan.see(item, column, first)
        return columns

    def filled(
        self, lines: LinesWithMarks, numbers: Mapping[str, Sequence[IndividualNumber | None] | None], first: int
    ) -> bytes:
        """Lines that were prepared in this form, the first for line ``first``, with their individual numbers."""
        nothing = (None,) * lines.number
        given = [numbers.get(step.key) or nothing for step in self._marked]
        raw = lines.filled(self._texts(self._marked, given, lines.number, first))
        self._scan.count(lines.other_digits)
        return raw

    def finish(self) -> None:
        """Judge what only all records together show. Raises :class:`FileRefused` (KKH-E009)."""
        self._scan.finish()

    def _texts(
        self, plan: Sequence[_Step], given: Sequence[Sequence[Any]], number: int, first: int
    ) -> list[Sequence[str]]:
        columns: list[Sequence[str]] = []
        nothing = (None,) * number
        try:
            for step in plan:
                columns.append(step.write_column(nothing if step.place is None else given[step.place]))
        except FieldFault:
            pass
        if len(columns) < len(plan):
            # outside the except block, so that no exception holding a value hangs on this one
            raise InvalidValue(self._first_problem(plan, zip(*given, strict=True), first))
        return columns

    def _first_problem(self, plan: Sequence[_Step], rows: Iterable[Sequence[Any]], first: int) -> Problem:
        for line, row in enumerate(rows, first):
            for step in plan:
                value = None if step.place is None else row[step.place]
                try:
                    if value is not None and value != "":
                        step.write(value)
                    elif step.key in self._required:
                        return Problem("KKH-V001", line, step.key)
                except FieldFault as fault:
                    return Problem(fault.code, line, step.key)
        raise AssertionError("a column is refused where none of its values is")


class _Records:
    """Records as bytes, many at a time. Encoding is strict both ways: cp932 turns «¥» into a backslash without a word."""

    def __init__(self, file: IO[bytes], layout: Layout, encoding: str) -> None:
        self._file, self._layout, self._encoding = file, layout, encoding
        self._before = 0

    def write(self, columns: Sequence[Sequence[str]]) -> None:
        """Raises :class:`InvalidValue` (KKH-F010) for what the encoding cannot hold."""
        raw = encoded(as_csv(columns), self._encoding)
        if raw is None:
            raise InvalidValue(self._fault(columns))
        if self._encoding == "utf-8-sig" and self._before == 0:
            raw = b"\xef\xbb\xbf" + raw
        self.write_raw(raw, len(columns[0]))

    def write_raw(self, raw: bytes, number: int) -> None:
        """So many records that are bytes already."""
        self._file.write(raw)
        self._before += number

    def _fault(self, columns: Sequence[Sequence[str]]) -> Problem:
        """Which record and field cannot be encoded."""
        for line, cells in enumerate(zip(*columns, strict=True), self._before + 1):
            for key, cell in zip(self._layout.keys, cells[1:], strict=True):
                if encoded(cell, self._encoding) is None:
                    return Problem("KKH-F010", line, key)
        return Problem("KKH-F010")


def encoded(text: str, encoding: str) -> bytes | None:
    """Lines in the encoding of a file, None for what it cannot hold."""
    codec = "utf-8" if encoding == "utf-8-sig" else encoding
    try:
        raw = cp932.encode(text) if codec == cp932.CODEC else text.encode(codec)
    except UnicodeEncodeError:
        return None
    return raw if codec == "utf-8" or raw.decode(codec) == text else None


def as_csv(columns: Sequence[Sequence[str]]) -> str:
    """Lines as ``csv`` writes them. Where it would put nothing into quotes, as nearly always, joining them is the same."""
    lines = list(map(",".join, zip(*columns, strict=True)))
    text = "\r\n".join(lines) + "\r\n"
    commas = len(lines) * (len(columns) - 1)
    if '"' not in text and text.count(",") == commas and text.count("\r") == text.count("\n") == len(lines):
        return text
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(zip(*columns, strict=True))
    return buffer.getvalue()


@contextmanager
def _faults_told() -> Iterator[None]:
    """What the operating system refuses (disk full, broken, not allowed) is a :class:`SetupFault` (KKH-C020)."""
    try:
        yield
    except OSError:
        raise SetupFault(Problem("KKH-C020", field="folder")) from None
