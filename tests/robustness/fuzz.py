"""ファジング (S-18): bytes that nobody thought of, guided by what they reach in the code. ``make fuzz`` runs it.

The first byte of an input says what the rest is: a file in one of three encodings, a layout in TOML, or a list of
insurers. Whatever is not the documented refusal (:class:`FileRefused`, :class:`SetupFault`) ends the run, and so does a
file that the second reader reads otherwise, an input that takes ten seconds, or more than 1 GiB of memory.

It needs the extra «fuzz» (atheris, on Linux). ``python -m tests.robustness.fuzz [MINUTES] [FOLDER]``; what ends a run is
left in the folder and belongs into ``tests/robustness/corpus`` once it is mended, where every test run gives it again.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import IO, Final, TypeVar, cast

Made = TypeVar("Made")

CORPUS: Final = Path(__file__).with_name("corpus")
SAMPLES: Final = Path(__file__).parents[1] / "files" / "samples"
ENCODINGS: Final = ("utf-8", "cp932", "utf-8-sig")
SIZES: Final = (1 << 16, 7, 1)
LAYOUT: Final = 0xF0
INSURERS: Final = 0xF1
_CONTROL: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?\"?1\"?,\"?([A-Z]{1,20})\"?,")
_TOKENS: Final = (
    '"', '""', ",", "\\x0D\\x0A", "\\x0A", "\\x0D", "\\x00", "9,", "2,", "1,", "\\xEF\\xBB\\xBF", "\\xEF\\xBC\\x91",
    "\\xF0\\x40", "\\xEE\\x80\\x80", "\\x85\\x40", "\\xFA\\x40", "\\xED\\x40", "20230229", "99991231", "00000000",
    "\\xF3\\xA0\\x84\\x80", "[[field]]", "codes = ", "reasons.loss", "no = ", "length = ", "max_length = ", "true",
)  # fmt: skip


def run_one(data: bytes) -> str:
    """One input: bits 0–1 of its first byte give the encoding, 2–3 the size of blocks, 4 mends the count at the end.

    Returns what it was and what became of it. Raises ``AssertionError`` where the two readers disagree.
    """
    from .comparison import BOOK, counted, require_same_reading

    options, content = (data[0], data[1:]) if data else (0, b"")
    if options == LAYOUT:
        return f"layout {'taken' if _read_layout(content) else 'refused'}"
    if options == INSURERS:
        return f"insurers {'taken' if _read_insurers(content) else 'refused'}"
    if options & 16:
        content = counted(content)
    control = _CONTROL.match(content)
    file_id = control[1].decode() if control and control[1].decode() in BOOK else "KAIJO"
    records = require_same_reading(content, ENCODINGS[(options & 3) % 3], file_id, SIZES[(options >> 2 & 3) % 3])
    if records is None:
        return "file refused"
    return "file with a refused record" if any(record.problems for record in records) else "file taken"


class _InMemory:
    """As much of a path as the readers of definitions use."""

    name = "vendor.toml"

    def __init__(self, content: bytes) -> None:
        self._content = content

    def open(self, mode: str = "rb") -> IO[bytes]:
        assert mode == "rb"
        return io.BytesIO(self._content)

    def read_bytes(self) -> bytes:
        return self._content


def _read_layout(content: bytes) -> bool:
    """A definition is refused with KKH-C009, or it can be worked with."""
    from kokuho_adapters.files import LayoutBook, OpenFormatFile
    from kokuho_core.errors import FileRefused

    shipped, path = LayoutBook.shipped(), _InMemory(content)
    made = _made(lambda: shipped.with_files([cast("Path", path)]), "KKH-C009")
    for layout in made or ():
        if any(layout is known for known in shipped):
            continue
        name = f"{layout.id}_130013_20230403093015_0001.csv"
        line = f"1,{layout.id},{layout.version},130013,20230403093015,1\r\n2{',' * len(layout.fields)}\r\n9,1\r\n"
        file = OpenFormatFile.from_blocks(name, partial(iter, [line.encode()]), shipped if made is None else made)
        with suppress(FileRefused):
            list(file.records(layout.keys))
    return made is not None


def _read_insurers(content: bytes) -> bool:
    from kokuho_adapters.insurers_list import read_insurers

    return _made(lambda: read_insurers(cast("Path", _InMemory(content)), "13"), "KKH-C0") is not None


def _made(make: Callable[[], Made], code: str) -> Made | None:
    """What ``make`` gives, None where it is refused as documented."""
    from kokuho_core.errors import SetupFault

    try:
        return make()
    except SetupFault as fault:
        if not fault.code.startswith(code):
            raise
        return None


def seeds() -> dict[str, bytes]:
    """One good input of every kind: each layout's sample as it is and with the count mended, each definition, insurers."""
    from .second_reader import LAYOUTS

    found: dict[str, bytes] = {}
    for path in sorted(SAMPLES.glob("*.csv")):
        content = path.read_bytes()
        found[path.stem] = b"\0" + content
        found[f"{path.stem}-counted"] = b"\x10" + content
        found[f"{path.stem}-cp932"] = b"\x15" + content.decode().encode("cp932")
        quoted = io.StringIO()
        csv.writer(quoted, quoting=csv.QUOTE_ALL).writerows(csv.reader(content.decode().splitlines()))
        found[f"{path.stem}-quoted"] = b"\x1a" + quoted.getvalue().encode()
    for path in sorted(LAYOUTS.glob("[A-Z]*.toml")):
        found[path.stem] = bytes([LAYOUT]) + path.read_bytes()
    head = "insurer_number,municipality_code,name,encoding,valid_from,valid_until,successor\r\n"
    rows = '130013,131016,"架空,市",cp932,2020-01-01,,\r\n130021,131024,見本町,,,2024-04-01,130013\r\n'
    found["insurers"] = bytes([INSURERS]) + (head + rows).encode()
    return found


_CELLS: Final = (
    b"", b"\xef\xbc\x91\xef\xbc\x92", b"20230229", b"20240229", b"99991231", b"00000000", b"-1", b"+1", b"1_0", b" 1", b"0",
    b'"a""b"', b'"', b'a"b', b'"a\r\nb"', b'"a"b', b"a\tb", b"\x7f", b"\xf0\x40", b"\xee\x80\x80", b"\x85\x40", b"\xed\x40",
    b"\xfa\x5c", b"\xf0\xa0\xae\xb7", b"123456789018", b"123456789010", b"000000000000", b"202313", b"20230402240000", b"1" * 40,
)  # fmt: skip
_VALUES: Final = (
    b"[]", b"{}", b"0", b"-1", b"1.5", b"true", b'""', b'"x"', b'"text"', b'"date"', b'"code"', b'"int"', b"1000000", b"[[]]",
    b'"reasons.loss"', b'{ "1" = "a" }', b'{ "" = "" }', b"nan", b"1979-05-27", b'"inclusive"', b'"9.9"', b'"""\n"""',
)  # fmt: skip


def mutated(data: bytes, longest: int, seed: int, anyhow: Callable[[bytes, int], bytes]) -> bytes:
    """Another input: half of the time any bytes changed ``anyhow``, else one cell of a file or one value of a layout.

    Half of these begin with a good input anew: most inputs that teach something are refused, whatever else is changed.
    """
    random = Random(seed)
    if len(data) < 2 or random.random() < 0.5:
        return anyhow(data, longest)
    if random.random() < 0.5:
        data = random.choice(_good_inputs())
    options, content = data[0], data[1:]
    lines = content.split(b"\n")
    at = random.randint(1, len(lines) - 3) if len(lines) > 3 else 0  # seldom the control record or the end
    if options == LAYOUT:
        key, equals, value = lines[at].partition(b" = ")
        if not equals:
            return anyhow(data, longest)
        lines[at] = key + equals + (random.choice(_VALUES) if random.random() < 0.7 else anyhow(value, 40))
    else:
        cells = lines[at].split(b",")
        place = random.randrange(len(cells))
        drawn = random.random()
        if drawn < 0.5:
            cells[place] = random.choice(_CELLS)
        elif drawn < 0.8:
            cells[place] = anyhow(cells[place] or b"1", 40)
        else:
            cells[place] = random.choice(random.choice(lines).split(b","))
        lines[at] = b",".join(cells)
        if random.random() < 0.1:
            lines.insert(at, random.choice(lines))
    if options not in (LAYOUT, INSURERS):
        options |= 16
    return (bytes([options]) + b"\n".join(lines))[:longest]


@cache
def _good_inputs() -> Sequence[bytes]:
    return tuple(seeds().values())


def main(arguments: list[str]) -> None:
    minutes = float(arguments[0]) if arguments else 10
    folder = Path(arguments[1]) if len(arguments) > 1 else Path(tempfile.mkdtemp())
    import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

    with atheris.instrument_imports(include=["kokuho_adapters", "kokuho_core", "tomllib"]):
        import kokuho_adapters.files
        import kokuho_adapters.insurers_list  # noqa: F401 - instrumented here, used later

    work = folder / "inputs"
    work.mkdir(parents=True, exist_ok=True)
    for name, content in seeds().items():
        (work / name).write_bytes(content)
    for path in sorted(CORPUS.glob("*.bin")):
        (work / path.name).write_bytes(path.read_bytes())
    words = folder / "words"
    words.write_text("".join(f'"{token.replace(chr(34), chr(92) + chr(34))}"\n' for token in _TOKENS), "ascii")
    tally: Counter[str] = Counter()

    def run(data: bytes) -> None:
        tally[run_one(data)] += 1
        if tally.total() % 5000 == 0:  # libFuzzer ends the process without a word to Python
            (folder / "tally.json").write_text(json.dumps(tally, indent=1), "utf-8")

    atheris.Setup(
        [
            sys.argv[0], str(work), f"-max_total_time={int(minutes * 60)}", "-timeout=10", "-rss_limit_mb=1024",
            "-max_len=8192", "-len_control=0", f"-dict={words}", f"-artifact_prefix={folder}/", "-print_final_stats=1",
        ],
        run,
        custom_mutator=lambda data, longest, seed: mutated(bytes(data), longest, seed, atheris.Mutate),
    )  # fmt: skip
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
