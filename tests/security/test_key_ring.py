"""Key ring (S-8, S-9, S-11): made once, refused when missing, damaged, foreign or open to others."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import os
import pickle
import stat
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kokuho_adapters.security import KeyRing, SecretKey, key_ring
from kokuho_core.errors import SetupFault

posix_only = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")


def materials(ring: KeyRing) -> list[bytes]:
    return [key.material for key in ring.keys]


def refused(path: Path, part: str) -> None:
    with pytest.raises(SetupFault) as caught:
        KeyRing.load(path)
    assert caught.value.code == "KKH-C008"
    assert caught.value.problems[0].field == part
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None  # a parser's exception would hold the keys


def rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the file's content and put the right checksum on it."""
    body = json.loads(path.read_bytes())
    del body["checksum"]
    change(body)
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    path.write_text(json.dumps(body | {"checksum": hashlib.sha256(text.encode()).hexdigest()}))


def test_created_ring_loads_with_the_same_keys(tmp_path: Path) -> None:
    path = tmp_path / "ring.keys.json"
    assert KeyRing.create(path).keys == KeyRing.load(path).keys == ()
    made = KeyRing().with_new(3)
    made.replace(path)
    loaded = KeyRing.load(path)
    assert materials(loaded) == materials(made)
    assert loaded.key_ids == made.key_ids
    assert [file.name for file in tmp_path.iterdir()] == ["ring.keys.json"]


def test_every_ring_has_its_own_keys() -> None:
    drawn = [material for _ in range(50) for material in materials(KeyRing().with_new(3))]
    assert len(set(drawn)) == 150
    assert {len(material) for material in drawn} == {32}


@posix_only
def test_file_belongs_to_its_owner_alone(ring_file: Path) -> None:
    assert stat.S_IMODE(ring_file.stat().st_mode) == 0o600


@posix_only
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666, 0o777])
def test_file_open_to_others_is_refused(ring_file: Path, mode: int) -> None:
    ring_file.chmod(mode)
    refused(ring_file, "file_permissions")


def test_modes_are_not_looked_at_without_posix(ring_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring_file.chmod(0o644)

    class OtherSystem:
        name = "nt"
        fstat = staticmethod(os.fstat)

    monkeypatch.setattr(key_ring, "os", OtherSystem)
    KeyRing.load(ring_file)


def test_an_existing_file_is_never_overwritten(ring_file: Path) -> None:
    before = ring_file.read_bytes()
    with pytest.raises(SetupFault) as caught:
        KeyRing.create(ring_file)
    assert caught.value.problems[0].field == "file_exists"
    assert ring_file.read_bytes() == before
    assert [file.name for file in ring_file.parent.iterdir()] == [ring_file.name]


def test_an_existing_file_is_never_overwritten_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(source: object, target: object) -> None:
        raise OSError("not supported")

    monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "ring.keys.json"
    made = KeyRing.create(path)
    assert materials(KeyRing.load(path)) == materials(made)
    before = path.read_bytes()
    with pytest.raises(SetupFault):
        KeyRing.create(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@posix_only
def test_a_dangling_link_counts_as_existing(tmp_path: Path) -> None:
    path = tmp_path / "ring.keys.json"
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(SetupFault):
        KeyRing.create(path)
    assert not (tmp_path / "nowhere").exists()


def test_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disk_full(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(SetupFault) as caught:
        KeyRing.create(tmp_path / "ring.keys.json")
    assert caught.value.problems[0].field == "file_not_written"
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_is_a_setup_fault(tmp_path: Path) -> None:
    with pytest.raises(SetupFault):
        KeyRing.create(tmp_path / "none" / "ring.keys.json")


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "none.json", "file_missing")
    refused(tmp_path, "file_missing")


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"{" * 5000, b'"text"', b"1" * 5000])
def test_other_content_is_refused(ring_file: Path, content: bytes) -> None:
    ring_file.write_bytes(content)
    refused(ring_file, "file_damaged")


def test_oversized_file_is_refused(ring_file: Path) -> None:
    ring_file.write_bytes(ring_file.read_bytes() + b" " * 10_000_000)
    refused(ring_file, "file_damaged")


def test_file_cut_anywhere_is_refused(ring_file: Path) -> None:
    content = ring_file.read_bytes()
    for length in range(len(content) - 2):  # the last two bytes are "}" and a newline
        ring_file.write_bytes(content[:length])
        with pytest.raises(SetupFault):
            KeyRing.load(ring_file)


def test_any_changed_character_is_refused(ring_file: Path) -> None:
    content = ring_file.read_bytes()
    for place in range(len(content)):
        if content[place : place + 1].isspace():
            continue
        ring_file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(SetupFault):
            KeyRing.load(ring_file)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("algorithms", lambda body: body["algorithms"].update(encryption="AES-256-ECB")),
        ("algorithms", lambda body: body["algorithms"].update(encryption="AES-128-GCM")),
        ("algorithms", lambda body: body["algorithms"].update(wrapping="AES-256-CBC")),
        ("algorithms", lambda body: body["algorithms"].update(index="MD5")),
        ("algorithms", lambda body: body["algorithms"].update(index="SHA-256")),
        ("algorithms", lambda body: body["algorithms"].pop("derivation")),
        ("algorithms", lambda body: body["algorithms"].update(more="SHA-1")),
        ("format_version", lambda body: body.update(version=1)),
        ("format_version", lambda body: body.update(version=3)),
        ("format_version", lambda body: body.update(format="other")),
        ("key_length", lambda body: body["keys"][0].update(key=base64.b64encode(bytes(16)).decode())),
        ("key_length", lambda body: body["keys"][1].update(key=base64.b64encode(bytes(33)).decode())),
        ("key_length", lambda body: body["keys"][2].update(key="")),
        ("key_id", lambda body: body["keys"][0].update(id="a b")),
        ("key_id", lambda body: body["keys"][0].update(id="x" * 65)),
        ("key_ids", lambda body: body["keys"].append(body["keys"][0])),
        ("key_ids", lambda body: body["keys"][0].update(id=body["keys"][1]["id"])),
        ("key_separation", lambda body: body["keys"].append({**body["keys"][0], "id": "other"})),
        ("file_damaged", lambda body: body["keys"][0].update(key="not base64!")),
        ("file_damaged", lambda body: body["keys"][0].update(id=1)),
        ("file_damaged", lambda body: body.pop("keys")),
        ("file_damaged", lambda body: body.update(keys=3)),
    ],
)
def test_a_wrong_ring_with_a_right_checksum_is_refused(
    ring_file: Path, part: str, change: Callable[[dict[str, Any]], None]
) -> None:
    rewrite(ring_file, change)
    refused(ring_file, part)


def test_replacing_keeps_owner_and_mode_and_leaves_no_copy(ring_file: Path) -> None:
    """Rules: S-9."""
    before = KeyRing.load(ring_file)
    gone, *kept = before.keys
    changed = before.without([gone.key_id, "unknown"])
    changed.replace(ring_file, shred=True)
    assert [key.key_id for key in KeyRing.load(ring_file).keys] == [key.key_id for key in kept]
    assert [file.name for file in ring_file.parent.iterdir()] == [ring_file.name]
    if os.name == "posix":
        assert stat.S_IMODE(ring_file.stat().st_mode) == 0o600


@posix_only
def test_shredding_overwrites_the_old_file_but_no_copy_of_it(ring_file: Path) -> None:
    """Rules: S-29."""
    before = ring_file.read_bytes()
    copy_by_link = ring_file.with_name("copy")
    with ring_file.open("rb") as still_open:
        KeyRing.load(ring_file).replace(ring_file, shred=True)
        assert still_open.read() == bytes(len(before))
    now = ring_file.read_bytes()
    os.link(ring_file, copy_by_link)
    KeyRing.load(ring_file).with_new(1).replace(ring_file, shred=True)
    assert copy_by_link.read_bytes() == now


@posix_only
def test_a_ring_behind_a_link_stays_behind_it(ring_file: Path) -> None:
    link = ring_file.with_name("link")
    link.symlink_to(ring_file)
    KeyRing.load(link).with_new(1).replace(link)
    assert link.is_symlink()
    assert len(KeyRing.load(ring_file).keys) == 4


def test_a_ring_that_cannot_be_replaced_stays(ring_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disk_full(descriptor: int) -> None:
        raise OSError("disk full")

    before = ring_file.read_bytes()
    changed = KeyRing.load(ring_file).with_new(1)
    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(SetupFault) as caught:
        changed.replace(ring_file)
    assert caught.value.problems[0].field == "file_not_written"
    assert ring_file.read_bytes() == before
    assert [file.name for file in ring_file.parent.iterdir()] == [ring_file.name]


def test_no_form_shows_a_key(ring: KeyRing) -> None:
    shown = [repr(ring), str(ring), f"{ring}", f"{ring.keys[0]!r}", repr(ring.keys)]
    for material in materials(ring):
        forms = [repr(material), material.hex(), base64.b64encode(material).decode()]
        assert not any(form in text for form in forms for text in shown)


def test_a_ring_is_not_serialised(ring: KeyRing) -> None:
    for secret in (ring, ring.keys[0]):
        with pytest.raises(TypeError):
            pickle.dumps(secret)
        with pytest.raises(TypeError):
            copy.deepcopy(secret)


@pytest.mark.parametrize("part", ["file_damaged", "algorithms"])
def test_traceback_of_a_refused_ring_shows_no_key(ring_file: Path, part: str) -> None:
    keys = [key["key"] for key in json.loads(ring_file.read_bytes())["keys"]]
    if part == "file_damaged":
        ring_file.write_bytes(ring_file.read_bytes()[:-3] + b",")
    else:
        rewrite(ring_file, lambda body: body.update(algorithms={}))
    with pytest.raises(SetupFault) as caught:
        KeyRing.load(ring_file)
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [frame for frame in trace.stack if frame.filename == key_ring.__file__]
    text = "".join(str(frame.locals) for frame in frames)
    assert frames
    assert not any(key in text for key in keys)
    assert caught.value.problems[0].field == part


def test_constructor_checks_too() -> None:
    with pytest.raises(SetupFault):
        KeyRing((SecretKey("a", bytes(32)), SecretKey("b", bytes(32))))
    with pytest.raises(SetupFault):
        KeyRing((SecretKey("a", bytes(32)), SecretKey("a", bytes([1]) * 32)))
