"""Power loss: what was not yet synchronised is cut, garbled or not there at all; what was committed stands (S-27).

The journal of the database is cut at many of its bytes, as a disk would that stopped there. A file system that loses what it
may is simulated for delivered files: content survives once the file was synchronised, a name once its folder was. A real one
under FUSE (LazyFS) would need rights and a kernel module that not every machine gives to tests; the promises that it breaks
are the same, and here they are broken behind each single operation.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from attrs import field, frozen, mutable
from sqlalchemy import Engine, event, text

from .commands import DATABASE, OUTBOX, Command, commands, commands_of, prefecture
from .operations import Operation, watched
from .states import checksum, delivered, state_of
from .undisturbed import Undisturbed, copied

FIRST, BEYOND = 1, 20
"""The first round: receptions, a resolve, a delivery."""
FRAME, HEADER = 4096 + 24, 32
KEYS = f"{DATABASE}.keys.json"


@frozen
class Journalled:
    """The database with all its journal: ``commits`` are the length of the journal and the state behind each."""

    folder: Path
    commits: tuple[tuple[int, str], ...]

    @property
    def journal(self) -> bytes:
        return (self.folder / f"{DATABASE}-wal").read_bytes()

    def cut(self, folder: Path, journal: bytes) -> Path:
        folder.mkdir()
        for name in (DATABASE, KEYS):
            shutil.copy2(self.folder / name, folder / name)
        (folder / f"{DATABASE}-wal").write_bytes(journal)
        return folder

    def state_at(self, length: int) -> str:
        """The state of the last commit that lies within ``length`` bytes."""
        return [state for size, state in self.commits if size <= length][-1]


@pytest.fixture(scope="module")
def journalled(undisturbed: Undisturbed, tmp_path_factory: pytest.TempPathFactory) -> Journalled:
    folder = tmp_path_factory.mktemp("journalled")
    work = undisturbed.before(commands()[FIRST], folder / "work")
    journal = work / f"{DATABASE}-wal"
    commits = [(0, checksum(state_of(work)))]

    def meet(operation: Operation) -> None:
        if operation.name == "commit" and operation.is_over:
            commits.append((journal.stat().st_size, checksum(state_of(work))))

    def never_begin_anew(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA wal_autocheckpoint = 100000")

    event.listen(Engine, "connect", never_begin_anew)
    try:
        with watched(work, meet), prefecture(work) as opened:
            for command in commands()[FIRST:BEYOND]:
                opened.run(command)
            image, known = copied(work, folder / "image"), tuple(commits)  # the end of the session comes after it
    finally:
        event.remove(Engine, "connect", never_begin_anew)
    sizes = [size for size, _ in known]
    assert sizes == sorted(set(sizes)), "the journal was begun anew; its earlier states cannot be told from it"
    assert sizes[-1] == (image / f"{DATABASE}-wal").stat().st_size
    return Journalled(image, known)


def positions(journalled: Journalled, number: int) -> list[int]:
    """Around each commit, on borders of frames, and anywhere."""
    end, random = journalled.commits[-1][0], Random(number)
    around = {size + offset for size, _ in journalled.commits for offset in (-FRAME, -1, 0, 1, FRAME)}
    frames = {HEADER + FRAME * random.randrange(end // FRAME) for _ in range(number)}
    anywhere = {random.randrange(end) for _ in range(number)}
    return sorted(each for each in around | frames | anywhere | {0, HEADER - 1, end} if 0 <= each <= end)


def require_last_commit(journalled: Journalled, folder: Path, journal: bytes, whole: int) -> None:
    found = checksum(state_of(journalled.cut(folder, journal)))
    assert found == journalled.state_at(whole), f"{len(journal)} bytes, {whole} of them whole"
    shutil.rmtree(folder)


def cut_everywhere(journalled: Journalled, tmp_path: Path, places: list[int]) -> None:
    for length in places:
        require_last_commit(journalled, tmp_path / "cut", journalled.journal[:length], length)


def garble_everywhere(journalled: Journalled, tmp_path: Path, places: list[int]) -> None:
    random = Random(1)
    for length in places:
        tail = random.choice((1, 7, 512, 4096, 3 * FRAME))
        whole = max(0, length - tail)
        garbled = bytes(each ^ 0x5A for each in journalled.journal[whole:length])
        require_last_commit(journalled, tmp_path / "garbled", journalled.journal[:whole] + garbled, whole)


def test_the_journal_is_cut(journalled: Journalled, tmp_path: Path) -> None:
    """Rules: S-27, X-2."""
    cut_everywhere(journalled, tmp_path, positions(journalled, 10)[::2])


def test_the_end_of_the_journal_is_garbled(journalled: Journalled, tmp_path: Path) -> None:
    """Rules: S-27, X-2."""
    garble_everywhere(journalled, tmp_path, positions(journalled, 11)[::3])


@pytest.mark.long
def test_the_journal_is_cut_at_a_thousand_places(journalled: Journalled, tmp_path: Path) -> None:
    """Rules: S-27, X-2."""
    places = positions(journalled, 800)
    assert len(places) >= 1000
    cut_everywhere(journalled, tmp_path, places)
    garble_everywhere(journalled, tmp_path, places)


def test_a_checkpoint_is_torn(journalled: Journalled, tmp_path: Path) -> None:
    """Rules: S-27. Some pages of the journal are in the database already, one of them in part; the journal is still there."""
    page, random = 4096, Random(2)
    done = journalled.cut(tmp_path / "done", journalled.journal)
    with closing(sqlite3.connect(done / DATABASE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before, after = (journalled.folder / DATABASE).read_bytes(), (done / DATABASE).read_bytes()
    assert before != after
    for attempt in range(10):
        torn = bytearray(before.ljust(len(after), b"\0") if attempt % 2 else before)
        for number in range(len(torn) // page):
            length = random.choice((0, 0, 512, page, page))
            torn[number * page : number * page + length] = after[number * page : number * page + length]
        folder = journalled.cut(tmp_path / str(attempt), journalled.journal)
        (folder / DATABASE).write_bytes(torn)
        assert checksum(state_of(folder)) == journalled.commits[-1][1]


def test_the_work_goes_on_behind_a_cut(journalled: Journalled, undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Rules: S-27, S-14. Every command is given again, whether it had been answered or not."""
    for number, length in enumerate(Random(3).sample(positions(journalled, 20), 3)):
        folder = undisturbed.before(commands()[FIRST], tmp_path / str(number))
        for path in journalled.cut(tmp_path / f"cut-{number}", journalled.journal[:length]).iterdir():
            shutil.copy2(path, folder / path.name)
        with prefecture(folder) as opened:
            for command in commands()[FIRST:BEYOND]:
                opened.run(command)
        assert checksum(state_of(folder)) == undisturbed.legal[BEYOND - 1][-1]
        assert delivered(folder) == delivered(undisturbed.after(commands()[BEYOND - 1]))


def test_each_commit_is_synchronised(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Rules: S-27. In this mode SQLite synchronises its journal before a commit returns; so an answer is durable."""
    folder = undisturbed.before(commands()[FIRST], tmp_path / "office")
    with prefecture(folder) as opened, opened.installation.custody.database.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


# --- delivered files ---


@mutable
class ForgetfulFolder:
    """A folder of which a power failure keeps only what was synchronised."""

    folder: Path
    names: dict[str, int] = field(factory=dict)
    """Name to file, as they were when the folder was last synchronised."""
    contents: dict[int, bytes] = field(factory=dict)
    """File to content, as it was when the file was last synchronised."""

    def __attrs_post_init__(self) -> None:
        self.names = self._current()
        self.contents = {number: (self.folder / name).read_bytes() for name, number in self.names.items()}

    def _current(self) -> dict[str, int]:
        return {path.name: path.stat().st_ino for path in self.folder.iterdir()}

    def synchronised(self, descriptor: int) -> None:
        number = os.fstat(descriptor).st_ino
        if number == self.folder.stat().st_ino:
            self.names = self._current()
        for name, each in self._current().items():
            if each == number:
                self.contents[number] = (self.folder / name).read_bytes()

    def survivors(self) -> Iterator[dict[str, bytes]]:
        """What may be there after the power is back: the least, new names without new content, and everything."""
        current = self._current()
        yield {name: self.contents.get(number, b"") for name, number in self.names.items()}
        yield {name: self.contents.get(number, b"") for name, number in current.items()}
        yield {name: (self.folder / name).read_bytes() for name in current}


def survive_each_operation(undisturbed: Undisturbed, command: Command, tmp_path: Path, every: int) -> int:
    """The power fails behind each ``every``-th operation of a delivery; the next run must bring it to its end."""
    round_folder = command.given[0]
    work = undisturbed.before(command, tmp_path / "work")
    outbox = ForgetfulFolder(work / OUTBOX / round_folder)
    images: list[Path] = []
    count = 0

    def meet(operation: Operation) -> None:
        nonlocal count
        if not operation.is_over:
            return
        if operation.name == "fsync":
            outbox.synchronised(int(operation.target))
        if operation.is_of_database and operation.name != "commit":
            return
        count += 1
        if count % every:
            return
        for files in outbox.survivors():
            image = copied(work, tmp_path / f"image-{len(images)}")
            shutil.rmtree(image / OUTBOX / round_folder)
            (image / OUTBOX / round_folder).mkdir()
            for name, content in files.items():
                (image / OUTBOX / round_folder / name).write_bytes(content)
            images.append(image)

    with prefecture(work) as opened, watched(work, meet):
        opened.run(command)
    after = delivered(undisturbed.after(command))
    for image in images:
        assert checksum(state_of(image)) in undisturbed.legal[command.place]
        assert delivered(image).items() <= after.items()
        with prefecture(image) as opened:
            opened.run(command)
        assert checksum(state_of(image)) == undisturbed.legal[command.place][-1]
        assert delivered(image) == after
    return len(images)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no folders to synchronise")
def test_delivered_files_survive(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Rules: S-27, S-13, X-13."""
    assert survive_each_operation(undisturbed, commands_of("deliver")[-5], tmp_path, 3) >= 30


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="Windows has no folders to synchronise")
@pytest.mark.parametrize("command", commands_of("deliver")[::3], ids=lambda command: "-".join(command.given))
def test_delivered_files_survive_everywhere(undisturbed: Undisturbed, tmp_path: Path, command: Command) -> None:
    """Rules: S-27, S-13, X-13."""
    assert survive_each_operation(undisturbed, command, tmp_path, 1) >= 30
