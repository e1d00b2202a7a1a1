"""授受フォルダ: whatever a sender does, a receiver takes what the manifest lists, whole, once, or not at all."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from datetime import datetime
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from kokuho_adapters.exchange import folder as folder_module
from kokuho_adapters.exchange.folder import ExchangeFolder, Outcome, Taking, send_files
from kokuho_adapters.exchange.manifest import MAX_FILE_BYTES, MAX_FILES, ListedFile, Manifest
from kokuho_adapters.exchange.plain_names import is_plain
from kokuho_adapters.exchange.staging import BLOCK_BYTES, Digest, write_hashed
from kokuho_core.errors import FileRefused

from .samples import AGGREGATION, BOOK, MOMENT, MUNICIPALITY, OTHER, number


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    return tmp_path / "shared"


def receiver(tmp_path: Path, **changes: Any) -> ExchangeFolder:
    return ExchangeFolder(tmp_path / "shared", tmp_path / "in", tmp_path / "records", AGGREGATION, **changes)


def make(folder: Path, **contents: bytes) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.csv" for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_bytes(content)
    return paths


def send(tmp_path: Path, sender: str = MUNICIPALITY, addressee: str = AGGREGATION, **contents: bytes) -> Manifest:
    paths = make(tmp_path / "out", **(contents or {"a": b"one\r\n" * 1000, "b": b"two\r\n"}))
    return send_files(paths, tmp_path / "shared", sender, addressee, MOMENT, BOOK)


def only(takings: list[Taking]) -> Taking:
    assert len(takings) == 1
    return takings[0]


def taken_files(tmp_path: Path) -> set[str]:
    folder = tmp_path / "in"
    return {each.name for each in folder.iterdir()} if folder.exists() else set()


def test_a_sending_is_taken_once(tmp_path: Path, shared: Path) -> None:
    """Rules: S-13, S-14."""
    manifest = send(tmp_path)
    assert {each.name for each in shared.iterdir()} == {"a.csv", "b.csv", manifest.name}
    answer = only(receiver(tmp_path).take())
    assert (answer.outcome, answer.sender, answer.files) == (Outcome.TAKEN, MUNICIPALITY, ("a.csv", "b.csv"))
    assert (tmp_path / "in" / "a.csv").read_bytes() == b"one\r\n" * 1000
    assert list(shared.iterdir()) == [] and receiver(tmp_path).take() == []
    # somebody puts the same sending back: nothing is taken, the folder is cleared
    (tmp_path / "in" / "a.csv").unlink()
    for each in manifest.files:
        (shared / each.name).write_bytes((tmp_path / "out" / each.name).read_bytes())
    (shared / manifest.name).write_bytes(manifest.to_bytes())
    assert only(receiver(tmp_path).take()).outcome is Outcome.DUPLICATE
    assert taken_files(tmp_path) == {"b.csv"} and list(shared.iterdir()) == []


def test_nothing_counts_before_the_manifest(tmp_path: Path, shared: Path) -> None:
    """Rules: S-13."""
    manifest = send(tmp_path)
    (shared / manifest.name).unlink()
    assert receiver(tmp_path).take() == [] and taken_files(tmp_path) == set()
    assert (shared / "a.csv").exists()


def test_a_slow_or_aborted_writer_is_waited_for(tmp_path: Path, shared: Path) -> None:
    """Rules: S-13."""
    manifest = send(tmp_path)
    whole = (shared / "a.csv").read_bytes()
    (shared / "a.csv").unlink()
    for there in (None, b"", whole[:1], whole[:-1]):
        if there is not None:
            (shared / "a.csv").write_bytes(there)
        answer = only(receiver(tmp_path).take())
        assert answer.outcome is Outcome.WAITING and [each.code for each in answer.problems] == ["KKH-E005"]
        assert taken_files(tmp_path) == set() and (shared / manifest.name).exists()
    (shared / "a.csv").write_bytes(whole)
    assert only(receiver(tmp_path).take()).outcome is Outcome.TAKEN


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes() + b"more"),
        lambda path: path.write_bytes(b"X" + path.read_bytes()[1:]),
        lambda path: path.write_bytes(path.read_bytes()[:-1] + b"X"),
        lambda path: path.rename(path.with_name("moved")) and path.symlink_to(path.with_name("moved")),
        lambda path: (path.unlink(), os.mkfifo(path)),
        lambda path: (path.unlink(), path.symlink_to("/etc/passwd")),
    ],
)
def test_what_is_not_as_listed_is_set_aside(damage: Callable[[Path], Any], tmp_path: Path, shared: Path) -> None:
    """Rules: S-13, S-20."""
    manifest = send(tmp_path)
    damage(shared / "a.csv")
    if not (shared / "a.csv").is_fifo():
        answer = only(receiver(tmp_path).take())
        assert answer.outcome is Outcome.QUARANTINED
        assert answer.problems[0].code in ("KKH-E002", "KKH-E003")
        aside = tmp_path / "records" / "quarantine" / manifest.name.partition(".")[0]
        assert (aside / manifest.name).exists() and (aside / "b.csv").read_bytes() == b"two\r\n"
        assert receiver(tmp_path).take() == []
    else:
        assert only(receiver(tmp_path).take()).outcome in (Outcome.WAITING, Outcome.QUARANTINED)
    assert taken_files(tmp_path) == set()


def test_a_file_replaced_while_it_is_read(tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: S-13. What was read counts: another file under the name, or the same one overwritten, changes nothing unseen."""
    big = os.urandom(1 << 16).hex().encode() * 40
    send(tmp_path, a=big)
    real = folder_module.copy_hashed
    changes = iter((lambda path: path.with_name("other").replace(path), lambda path: path.write_bytes(b"Y" * len(big))))

    class Slow:
        """Reads one block, then somebody changes the file."""

        def __init__(self, file: Any, change: Callable[[Path], Any]) -> None:
            self.file, self.change = file, change

        def read(self, size: int) -> bytes:
            block: bytes = self.file.read(1 << 20)
            if self.change:
                change, self.change = self.change, None  # type: ignore[assignment]
                change(shared / "a.csv")
            return block

    def slow(source: Any, target: Path, most: int) -> Digest:
        return real(Slow(source, next(changes)), target, most)  # type: ignore[arg-type]

    (shared / "other").write_bytes(b"Z" * len(big))
    with monkeypatch.context() as patch:
        patch.setattr(folder_module, "copy_hashed", slow)
        answer = only(receiver(tmp_path).take())
    assert answer.outcome is Outcome.TAKEN and (tmp_path / "in" / "a.csv").read_bytes() == big
    assert (shared / "a.csv").read_bytes()[:1] == b"Z"  # not ours, so it stays
    (shared / "a.csv").unlink()
    (tmp_path / "in" / "a.csv").unlink()

    send(tmp_path, a=big)
    with monkeypatch.context() as patch:
        patch.setattr(
            folder_module,
            "copy_hashed",
            lambda *given: (slow if given[1].name == "a.csv" and next(first) else real)(*given),
        )
        first = iter((True, False))
        assert only(receiver(tmp_path).take()).outcome is Outcome.QUARANTINED
    assert taken_files(tmp_path) == set()


def test_a_growing_file_is_never_taken_half(tmp_path: Path, shared: Path) -> None:
    """Rules: S-13."""
    content = b"0123456789abcdef" * 20_000
    manifest = send(tmp_path, a=content)
    target = shared / "a.csv"
    target.unlink()
    outcomes: list[Outcome] = []

    def grow() -> None:
        with target.open("wb", buffering=0) as file:
            for start in range(0, len(content), 4096):
                file.write(content[start : start + 4096])

    writer = threading.Thread(target=grow)
    writer.start()
    while not outcomes or outcomes[-1] is Outcome.WAITING:
        outcomes.append(only(receiver(tmp_path).take()).outcome)
    writer.join()
    assert outcomes[-1] is Outcome.TAKEN and (tmp_path / "in" / "a.csv").read_bytes() == content
    assert not (shared / manifest.name).exists()


def test_an_existing_file_is_not_overwritten(tmp_path: Path, shared: Path) -> None:
    """Rules: S-14."""
    send(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.csv").write_bytes(b"mine")
    answer = only(receiver(tmp_path).take())
    assert (answer.outcome, answer.problems[0].code) == (Outcome.WAITING, "KKH-E013")
    assert taken_files(tmp_path) == {"b.csv"} and (tmp_path / "in" / "b.csv").read_bytes() == b"mine"
    (tmp_path / "other").mkdir()
    with pytest.raises(FileRefused) as refused:
        send_files(make(tmp_path / "other", a=b"else"), shared, MUNICIPALITY, AGGREGATION, MOMENT, BOOK)
    assert refused.value.code == "KKH-E013"


def test_what_is_taken_while_it_is_sent_again(tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: S-13, S-14. The receiver clears the folder just when the sender finds his own file in it."""
    send(tmp_path)
    real = folder_module.digest_of

    def take_it_first(path: Path) -> Any:
        monkeypatch.setattr(folder_module, "digest_of", real)
        assert only(receiver(tmp_path).take()).outcome is Outcome.TAKEN
        return real(path)

    monkeypatch.setattr(folder_module, "digest_of", take_it_first)
    send(tmp_path)
    assert only(receiver(tmp_path).take()).outcome is Outcome.TAKEN
    assert taken_files(tmp_path) == {"a.csv", "b.csv"}


def test_killed_at_any_step_the_next_run_ends_it(tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: S-13, S-27."""

    class Killed(BaseException):
        """As if the machine had stopped."""

    steps = ("copy_hashed", "publish_new", "write_durably", "sync_folder", "digest_of")
    for name in steps:
        for before in range(4):
            send(tmp_path)
            real, left = getattr(folder_module, name), [before]

            def stop(*given: Any, real: Any = real, left: list[int] = left) -> Any:
                if left[0] == 0:
                    raise Killed
                left[0] -= 1
                return real(*given)

            with monkeypatch.context() as patch:
                patch.setattr(folder_module, name, stop)
                try:
                    receiver(tmp_path).take()
                except Killed:
                    assert taken_files(tmp_path) <= {"a.csv", "b.csv"}
            for answer in receiver(tmp_path).take():
                assert answer.outcome in (Outcome.TAKEN, Outcome.DUPLICATE)
            assert taken_files(tmp_path) == {"a.csv", "b.csv"}
            assert not [each for each in shared.iterdir() if each.name.endswith(".json")]
            for each in (*shared.iterdir(), *(tmp_path / "in").iterdir()):
                each.unlink()


def test_others_sendings_and_strangers(tmp_path: Path, shared: Path) -> None:
    """Rules: S-1."""
    kept = send(tmp_path, addressee=OTHER, c=b"for somebody else")
    assert receiver(tmp_path).take() == [] and (shared / kept.name).exists()
    send(tmp_path, sender=OTHER, d=b"from somebody else")
    answer = only(receiver(tmp_path, senders=frozenset({MUNICIPALITY})).take())
    assert (answer.outcome, answer.problems[0].code) == (Outcome.QUARANTINED, "KKH-E007")
    assert taken_files(tmp_path) == set()


def test_a_number_does_not_leave(tmp_path: Path, shared: Path) -> None:
    """Rules: S-6."""
    with pytest.raises(FileRefused) as refused:
        send(tmp_path, a=b"good\r\n", b=f"memo {number(3)}\r\n".encode())
    assert refused.value.code == "KKH-E009" and number(3) not in str(refused.value)
    assert list(shared.iterdir()) == []


# --- manifests and names ---


def listed(name: str = "a.csv", size: int = 1) -> ListedFile:
    return ListedFile(name, Digest(size, "0" * 64))


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"}, {"version": 2}, {"version": "1"}, {"number": "x"}, {"sender": "../.."}, {"sender": 139519},
        {"created_at": "yesterday"}, {"files": []}, {"files": None}, {"extra": 1},
        {"files": [{"name": "../a.csv", "size": 1, "sha256": "0" * 64}]},
        {"files": [{"name": "a.csv", "size": -1, "sha256": "0" * 64}]},
        {"files": [{"name": "a.csv", "size": True, "sha256": "0" * 64}]},
        {"files": [{"name": "a.csv", "size": 1, "sha256": "0" * 63}]},
        {"files": [{"name": "a.csv", "size": 1, "sha256": "0" * 64, "mode": 1}]},
        {"files": [{"name": each, "size": 1, "sha256": "0" * 64} for each in ("a.csv", "A.CSV")]},
        {"files": [{"name": "a.okurijo.json", "size": 1, "sha256": "0" * 64}]},
        {"files": [{"name": "a.csv", "size": 1 << 60, "sha256": "0" * 64}]},
    ],
)  # fmt: skip
def test_a_malformed_manifest_is_set_aside(change: dict[str, Any], tmp_path: Path, shared: Path) -> None:
    """Rules: S-13, S-20."""
    manifest = send(tmp_path)
    body = json.loads(manifest.to_bytes()) | change
    (shared / manifest.name).write_bytes((json.dumps(body, ensure_ascii=False, indent=1) + "\n").encode())
    answer = only(receiver(tmp_path).take())
    assert answer.outcome is Outcome.QUARANTINED and answer.problems[0].code in ("KKH-E001", "KKH-E003", "KKH-E004")
    assert taken_files(tmp_path) == set()


def test_a_manifest_of_another_form_or_name_is_set_aside(tmp_path: Path, shared: Path) -> None:
    """Rules: S-13."""
    for content in (b"", b"{", b"[" * 100_000, b"\xff", b"null\n", b"x" * ((4 << 20) + 1)):
        manifest = send(tmp_path)
        (shared / manifest.name).write_bytes(content)
        assert only(receiver(tmp_path).take()).outcome is Outcome.QUARANTINED
    manifest = send(tmp_path)
    doubled = manifest.to_bytes().replace(b'"version": 1,', b'"version": 2,\n "version": 1,')
    (shared / manifest.name).write_bytes(doubled)
    assert only(receiver(tmp_path).take()).outcome is Outcome.QUARANTINED
    manifest = send(tmp_path)
    (shared / manifest.name).rename(shared / f"x{manifest.name}")
    assert only(receiver(tmp_path).take()).outcome is Outcome.QUARANTINED
    assert taken_files(tmp_path) == set()


def test_too_many_files() -> None:
    """Rules: S-20."""
    with pytest.raises(FileRefused) as refused:
        Manifest.fresh(MUNICIPALITY, AGGREGATION, MOMENT, tuple(listed(f"{each}.csv") for each in range(MAX_FILES + 1)))
    assert refused.value.code == "KKH-E004"
    Manifest.fresh(MUNICIPALITY, AGGREGATION, MOMENT, tuple(listed(f"{each}.csv") for each in range(MAX_FILES)))


def test_too_large_a_file(tmp_path: Path) -> None:
    """Rules: S-20. As listed, and as it comes: of what goes on for ever no more than the limit is written."""
    largest = evolve(listed("a.csv"), digest=evolve(listed("a.csv").digest, size=MAX_FILE_BYTES))
    Manifest.fresh(MUNICIPALITY, AGGREGATION, MOMENT, (largest,))
    beyond = evolve(largest, digest=evolve(largest.digest, size=MAX_FILE_BYTES + 1))
    with pytest.raises(FileRefused, match="KKH-E004"):
        Manifest.fresh(MUNICIPALITY, AGGREGATION, MOMENT, (beyond,))
    most = 3 * BLOCK_BYTES
    assert write_hashed(repeat(bytes(BLOCK_BYTES), 3), tmp_path / "whole", most).size == most
    with pytest.raises(FileRefused, match="KKH-E004"):
        write_hashed(repeat(bytes(BLOCK_BYTES)), tmp_path / "endless", most)
    assert (tmp_path / "endless").stat().st_size <= most


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", ".hidden", "/a", "a/b", "a\\b", "C:a", "a:b", "a\0", "a\nb", "a.", "a ", "con", "CON.csv",
        "nul.tar.gz", "Com1", "lpt9.x", "aux .csv", "CONIN$", "a*", "a?", 'a"', "a<", "a|", "e\u0301.csv", "x" * 201,
        "あ" * 70, "a\u202eb", f"{number(9)}.csv", "\ud800",
    ],
)  # fmt: skip
def test_a_name_that_is_not_plain(name: str) -> None:
    """Rules: S-3, S-20."""
    assert not is_plain(name)


@pytest.mark.parametrize(
    "name", ["a", "SKKOJIN_139519_20250401180000_0001.csv", "市町村.csv", "console.csv", "a b.txt", "é.csv"]
)
def test_a_plain_name(name: str) -> None:
    """Rules: S-20."""
    assert is_plain(name)


@given(st.text(max_size=20))
def test_a_plain_name_stays_in_its_folder(name: str) -> None:
    """Rules: S-20."""
    if is_plain(name):
        folder = Path("/folder")
        assert (folder / name).parent == folder and Path(os.path.normpath(folder / name)) == folder / name


@pytest.mark.parametrize(
    ("one", "two"), [("a.csv", "A.csv"), ("ﾊ.csv", "ハ.csv"), ("straße", "STRASSE"), ("a.csv", "a.csv")]
)
def test_two_names_that_are_one_on_some_system(one: str, two: str) -> None:
    """Rules: S-20."""
    with pytest.raises(FileRefused) as refused:
        Manifest.fresh(MUNICIPALITY, AGGREGATION, MOMENT, (listed(one), listed(two)))
    assert refused.value.code == "KKH-E003"


def test_no_number_of_a_sending_looks_like_an_individual_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: S-20. Twelve digits in a row would make its name one that nobody takes."""
    drawn = iter(["d69e304264164467", "0123456789abcdef", "d69e30426416446f"])
    monkeypatch.setattr("kokuho_adapters.exchange.manifest.secrets.token_hex", lambda size: next(drawn))
    listed = (ListedFile("a.csv", Digest(1, "0" * 64)),)
    made = [Manifest.fresh("139519", "000000", datetime(2025, 5, 1), listed).number for _ in range(2)]
    assert made == ["0123456789abcdef", "d69e30426416446f"]
