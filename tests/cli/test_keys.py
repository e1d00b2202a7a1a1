"""``keys``, ``rotate-keys``, ``destroy-key``."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from kokuho_adapters.security.key_rotation import RotatedKeys

from ..prefecture.office import A, B, insurer_number, number, person
from .conftest import Desk


@pytest.fixture
def ready(desk: Desk) -> Desk:
    assert desk.init().code == 0
    for insurer in (A, B):
        rows = [person(insurer, str(n), number=number(n)) for n in (1, 2, 3)]
        assert desk.run("receive", desk.write("SKKOJIN", insurer, *rows)).code == 0
    return desk


def keys_of(desk: Desk) -> list[dict[str, Any]]:
    return list(desk.run("keys", "--json").data["keys"])


def test_keys_tells_version_state_values_and_due_date(ready: Desk) -> None:
    """Rules: S-10."""
    found = ready.run("keys", "--json")
    assert found.code == 0
    assert {key["purpose"] for key in found.data["keys"]} == {"data", "index", "fingerprint"}
    [own] = [key for key in found.data["keys"] if key["insurer_number"] == A]
    assert {**own, "key_id": "", "wrapping_key_id": "", "created_at": "", "next_rotation_on": ""} == {
        "key_id": "", "purpose": "data", "insurer_number": A, "version": 1, "state": "current", "created_at": "",
        "retired_at": None, "destroyed_at": None, "wrapping_key_id": "", "values": 3, "encryptions": 3,
        "next_rotation_on": "", "is_due": False,
    }  # fmt: skip
    assert (found.data["disposals"], found.data["unused_wrapping_keys"]) == ([], 0)
    shown = ready.run("keys")
    assert shown.code == 0
    assert own["key_id"] in shown.out and "現用 current" in shown.out


@pytest.mark.parametrize("kind", [each.value for each in RotatedKeys])
def test_each_kind_is_rotated(ready: Desk, kind: str) -> None:
    """Rules: S-10."""
    before = {key["key_id"]: key["wrapping_key_id"] for key in keys_of(ready)}
    answer = ready.run("rotate-keys", f"--{kind}", "--json")
    assert answer.code == 0
    assert answer.data["kind"] == kind
    assert not answer.data["resumed"]
    if kind == "master":
        assert set(answer.data["retired"]) == set(before.values())
    else:
        assert set(answer.data["retired"]) < set(before)
        states = {key["key_id"]: (key["state"], key["values"]) for key in keys_of(ready)}
        assert {states[key_id] for key_id in answer.data["retired"]} == {("retired", 0)}
        assert answer.data["values"] == 6
    assert "退役した鍵" in ready.run("rotate-keys", f"--{kind}").out


def test_one_insurer_alone(ready: Desk) -> None:
    """Rules: S-1, S-10."""
    answer = ready.run("rotate-keys", "--data", "--insurer", B, "--json")
    assert (answer.code, answer.data["values"]) == (0, 3)
    assert [key["version"] for key in keys_of(ready) if key["insurer_number"] == A] == [1]
    unknown = ready.run("rotate-keys", "--data", "--insurer", insurer_number(999))
    assert unknown.code == 1 and "KKH-N002" in unknown.err


@pytest.mark.parametrize("arguments", [[], ["--insurer", A], ["--index", "--insurer", A], ["--master", "--insurer", A]])
def test_what_cannot_be_asked(ready: Desk, arguments: list[str]) -> None:
    assert ready.run("rotate-keys", *arguments).code == 2


def test_a_retired_key_is_destroyed_and_the_record_shown(ready: Desk) -> None:
    """Rules: S-29."""
    [key_id] = ready.run("rotate-keys", "--data", "--insurer", A, "--json").data["retired"]
    current = next(key["key_id"] for key in keys_of(ready) if key["state"] == "current")
    for name in ("sato", "suzuki"):
        assert ready.run("access", "grant", name, "--role", "administrator").code == 0
    refused = ready.run("destroy-key", current, "--reason", "満了")
    assert refused.code == 1 and "KKH-C018" in refused.err
    unknown = ready.run("destroy-key", "unknown", "--reason", "満了")
    assert unknown.code == 1 and "KKH-N003" in unknown.err
    assert "KKH-A021" in ready.run("--operator", "sato", "destroy-key", key_id).err
    asked = ready.run("--operator", "sato", "destroy-key", key_id, "--reason", "満了")
    assert asked.code == 3 and "KKH-A007" in asked.err
    done = ready.run("--operator", "suzuki", "destroy-key", key_id, "--json")
    assert done.code == 0
    assert (done.data["key_id"], done.data["decided_by"], done.data["reason"]) == (key_id, "suzuki", "満了")
    assert done.data["completed_at"]
    shown = ready.run("keys")
    assert "破棄済み destroyed" in shown.out and "suzuki" in shown.out
    assert "破棄しました" in ready.run("destroy-key", key_id).out


def test_what_is_due_or_not_complete_ends_with_3(ready: Desk) -> None:
    """Rules: S-10."""
    with closing(sqlite3.connect("kokuho.sqlite3")) as connection:
        connection.execute("update data_key set created_at = '2020-01-01 00:00:00.000000' where purpose = 'index'")
        connection.commit()
    due = ready.run("keys")
    assert due.code == 3 and "期日" in due.out
    assert ready.run("rotate-keys", "--index").code == 0
    assert ready.run("keys").code == 0
    with closing(sqlite3.connect("kokuho.sqlite3")) as connection:
        connection.execute("update data_key set state = 'replaced' where purpose = 'index' and state = 'retired'")
        connection.commit()
    unfinished = ready.run("keys")
    assert unfinished.code == 3 and "途中の入替え" in unfinished.out
    assert json.loads(ready.run("rotate-keys", "--index", "--json").out)["resumed"]
    assert ready.run("keys").code == 0


def test_nothing_of_a_key_is_shown(ready: Desk) -> None:
    """Rules: S-9."""
    ring = json.loads((ready.folder / "kokuho.sqlite3.keys.json").read_bytes())
    told = "".join(
        text
        for answer in (ready.run("keys"), ready.run("keys", "--json"), ready.run("--verbose", "rotate-keys", "--data"))
        for text in (answer.out, answer.err)
    )
    assert not any(key["key"] in told for key in ring["keys"])
    with closing(sqlite3.connect("kokuho.sqlite3")) as connection:
        for (wrapped,) in connection.execute("select wrapped from data_key where wrapped is not null"):
            assert wrapped.hex() not in told
