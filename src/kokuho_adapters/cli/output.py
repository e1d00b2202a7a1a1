"""表示: results as JSON or tables on standard output, errors and progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field
from cattrs import Converter
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from kokuho_core.errors import KokuhoError, Problem

if TYPE_CHECKING:
    from kokuho_core.usecases.office import Progress as ProgressPort

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
FOUND: Final = 3
"""Exit codes: 3 means done, but something was rejected, held or found."""

_WIDE: Final = 200
_BREAKABLE: Final = 16
"""A longer word of Japanese may be broken where a table is too wide."""
_SHORT: Final = 32
"""A column up to this width is not wrapped while there is room."""
_NAMES: Final = 20
"""A longer name of a column is wrapped in a list."""
_CONVERTER: Final = Converter()
_CONVERTER.register_unstructure_hook(date, lambda day: day.isoformat())
_CONVERTER.register_unstructure_hook(datetime, lambda moment: moment.isoformat(timespec="seconds"))
_CONVERTER.register_unstructure_hook(PurePath, str)


def use_utf8() -> None:
    """Japanese on every console and in every pipe, on Windows too. A character that cannot be shown stops nothing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def plain(value: Any) -> Any:
    """``value`` as plain data, dates ISO."""
    return _CONVERTER.unstructure(value)


def to_json(value: Any) -> str:
    """``value`` as the JSON text that goes out, the same for a pipe and a file."""
    return json.dumps(plain(value), ensure_ascii=False, indent=2)


def print_json(value: Any) -> None:
    """The only thing that stands on standard output with ``--json``."""
    sys.stdout.write(to_json(value) + "\n")


def console() -> Console:
    """Standard output for people; text of files is shown as it is, never as markup."""
    made = Console(file=sys.stdout, markup=False, highlight=False, emoji=False, soft_wrap=False)
    if not made.is_terminal:
        made.width = _WIDE
    return made


def cell(value: Any) -> Text:
    """One value of a table. Control characters, which a terminal would obey, are shown as «�»."""
    if value is None:
        return Text("—", style="dim")
    if isinstance(value, bool):
        return Text("はい" if value else "いいえ")
    text = str(plain(value))
    return Text("".join(each if each.isprintable() or each == "\u3000" else "\ufffd" for each in text))


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str = "該当なし / none"
) -> None:
    """One table; numbers stand on the right.

    Where it does not fit, long texts are wrapped; a date, a number or the name of a file is never broken into pieces.
    Where even that does not fit, each row becomes a list of its own.
    """
    listed = [list(row) for row in rows]
    out = console()
    if not listed:
        out.print(cell(f"{title}: {empty}"))
        return
    shown = [[cell(value) for value in row] for row in listed]
    widths = _widths(columns, shown, out.width)
    if widths is None:
        _print_lists(out, title, columns, shown)
        return
    table = Table(title=cell(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, (column, width) in enumerate(zip(columns, widths, strict=True)):
        numeric = all(isinstance(row[place], int) and not isinstance(row[place], bool) for row in listed)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold", width=width)
    for row in shown:
        table.add_row(*row)
    out.print(table)


def _widths(columns: Sequence[str], rows: Sequence[Sequence[Text]], available: int) -> list[int] | None:
    """The width of each column, None where the table does not fit. The rest goes to short columns first, then by need."""
    texts = [[column, *(row[place].plain for row in rows)] for place, column in enumerate(columns)]
    full = [max(map(cell_len, each)) for each in texts]
    widths = [max(map(_least_width, each)) for each in texts]
    left = available - (3 * len(columns) - 1) - sum(widths)  # a column and the blanks around it
    if left < 0:
        return None
    more = [need - width for need, width in zip(full, widths, strict=True)]
    for place in sorted(range(len(columns)), key=lambda place: (full[place] > _SHORT, more[place])):
        share = more[place] if full[place] <= _SHORT else left * more[place] // max(1, sum(more))
        given = min(left, more[place], share)
        widths[place] += given
        left -= given
        more[place] = 0
    return widths


def _least_width(text: str) -> int:
    """How narrow ``text`` may become: words of Japanese may be broken, dates, numbers, codes and names of files not."""
    return max(
        (
            cell_len(word) if word.replace("〜", "").isascii() else min(cell_len(word), _BREAKABLE)
            for word in text.split()
        ),
        default=1,
    )


def _print_lists(out: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[Text]]) -> None:
    """The rows one below the other, each value behind its name."""
    out.print(cell(title), style="bold")
    names = min(max(map(cell_len, columns)), max(_NAMES, *map(_least_width, columns)))
    for row in rows:
        entry = Table.grid(padding=(0, 2, 0, 0))
        entry.add_column(width=names, overflow="fold")
        entry.add_column(overflow="fold")
        for column, value in zip(columns, row, strict=True):
            entry.add_row(cell(column), value)
        out.print()
        out.print(Padding(entry, (0, 0, 0, 2)))
    out.print()


def say(text: str) -> None:
    """One line for people."""
    console().print(cell(text), soft_wrap=True)


# --- errors ---


def problem_data(problem: Problem) -> dict[str, Any]:
    """One problem as JSON, in the shape of the answers of ``receive``, with the rule where one is named."""
    data: dict[str, Any] = {
        "line": problem.line,
        "field": problem.field,
        "code": problem.code,
        "message": f"{problem.entry.message_ja} / {problem.entry.message_en}",
    }
    if problem.is_warning:
        data["rule"] = problem.rule
    return data


def error_data(error: KokuhoError) -> dict[str, Any]:
    """What ``--json`` answers when the command failed."""
    first = error.problems[0]
    return {
        "error": {
            **problem_data(first),
            "remedy": f"{first.entry.remedy_ja} / {first.entry.remedy_en}",
            "problems": [problem_data(problem) for problem in error.problems],
        }
    }


def print_error(error: KokuhoError) -> None:
    """Code, both texts, place and remedy of every problem."""
    told: set[str] = set()
    for problem in error.problems:
        place = " ".join(
            part
            for part in (f"{problem.line}行目 / line {problem.line}" if problem.line else "", problem.field)
            if part
        )
        _stderr(f"{problem.code}{f' ({place})' if place else ''}: {problem.entry.message_ja}")
        _stderr(f"    {problem.entry.message_en}{f' [{problem.rule}]' if problem.rule else ''}")
        if problem.code not in told:
            told.add(problem.code)
            _stderr(f"    → {problem.entry.remedy_ja} / {problem.entry.remedy_en}")


def complain(text: str) -> None:
    """One line on standard error."""
    _stderr(text)


def complain_lines(text: str) -> None:
    """Several lines on standard error."""
    for line in text.splitlines():
        _stderr(line)


def _stderr(text: str) -> None:
    sys.stderr.write(f"{cell(text).plain}\n")


# --- progress ---


@define
class ProgressLine:
    """進捗: one line per step on a terminal; a :class:`~kokuho_core.usecases.office.Progress`."""

    _shown: Progress
    _tasks: dict[str, Any] = field(factory=dict)

    def __call__(self, step: str, done: int, total: int | None = None) -> None:
        task = self._tasks.get(step)
        if task is None:
            for earlier in self._tasks.values():
                self._shown.update(earlier, visible=False)
            task = self._tasks[step] = self._shown.add_task(escape(step), total=total)
        self._shown.update(task, completed=done, total=total)


def _silent(step: str, done: int, total: int | None = None) -> None:
    """Standard error is no terminal: nobody watches."""


@contextmanager
def progress() -> Iterator[ProgressPort]:
    """A progress line on standard error while the block runs, if that is a terminal."""
    if not sys.stderr.isatty():
        yield _silent
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as shown:
        yield ProgressLine(shown)
