"""``access``, ``approvals``, ``audit``, ``verify-audit`` as people type them (S-4, S-5, S-7, S-31, S-32)."""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import time
from contextlib import closing
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from kokuho_adapters.composition import SystemClock
from kokuho_adapters.security.one_time_codes import code_at

from .conftest import Desk


@pytest.fixture
def ready(desk: Desk) -> Desk:
    assert desk.run("--operator", "sato", "init", "--prefecture", "13", "--insurers", desk.insurers()).code == 0
    return desk


def test_a_second_person_ends_the_trial(ready: Desk) -> None:
    """Rules: S-31."""
    granted = ready.run("--operator", "sato", "access", "grant", "tanaka", "--role", "federation", "--json")
    assert [(each["operator"], each["role"], each["revoked_at"] is None) for each in granted.data["rights"]] == [
        ("tanaka", "federation", True),
        ("sato", "federation", False),
        ("sato", "auditor", False),
    ]
    assert ready.run("--operator", "tanaka", "resolve").code == 0
    refused = ready.run("--operator", "sato", "resolve", "--json")
    assert (refused.code, refused.data["error"]["code"]) == (1, "KKH-A002")
    assert ready.run("--operator", "sato", "access", "revoke", granted.data["rights"][0]["number"]).code == 0
    assert ready.run("--operator", "tanaka", "resolve", "--json").data["error"]["code"] == "KKH-A003"


def test_nobody_else_sets_up_again(ready: Desk) -> None:
    """Rules: S-31."""
    again = ready.run("--operator", "tanaka", "init", "--prefecture", "13", "--insurers", ready.insurers(), "--json")
    assert (again.code, again.data["error"]["code"]) == (1, "KKH-A002")


def test_the_log_tells_what_was_done(ready: Desk) -> None:
    """Rules: S-4, S-32."""
    assert ready.run("--operator", "sato", "--purpose", "月次", "resolve").code == 0
    listed = ready.run("--operator", "sato", "audit", "--operation", "resolve", "--json").data["entries"]
    assert [(each["operation"], each["result"], each["purpose"]) for each in listed] == [
        ("resolve", "admitted", "月次"),
        ("resolve", "done", "月次"),
    ]
    assert "resolve" in ready.run("--operator", "sato", "audit", "--by", "SATO").out


def test_a_changed_log_is_told(ready: Desk) -> None:
    """Rules: S-5."""
    assert ready.run("--operator", "sato", "resolve").code == 0
    whole = ready.run("--operator", "sato", "verify-audit", "--json")
    assert (whole.code, whole.data["fault"]) == (0, None)
    with closing(sqlite3.connect(ready.folder / "kokuho.sqlite3")) as connection:
        connection.execute("drop trigger audit_entry_stays_update")
        connection.execute("update audit_entry set operator = 'x' where sequence = 3")
        connection.commit()
    found = ready.run("--operator", "sato", "verify-audit", "--json")
    assert (found.code, found.data["fault"], found.data["first_bad"]) == (3, "changed", 3)
    assert "KKH-A017" in ready.run("--operator", "sato", "verify-audit").out


def test_nothing_waits_in_a_trial(ready: Desk) -> None:
    """Rules: S-7."""
    listed = ready.run("--operator", "sato", "approvals", "list", "--json")
    assert (listed.code, listed.data["approvals"]) == (0, [])
    missing = ready.run("--operator", "sato", "approvals", "approve", "7", "--json")
    assert (missing.code, missing.data["error"]["code"]) == (1, "KKH-A012")


@pytest.mark.parametrize("command", [["access"], ["approvals"]])
def test_a_group_alone_lists(ready: Desk, command: list[str]) -> None:
    """Rules: S-31."""
    assert ready.run("--operator", "sato", *command).code == 0


def test_a_code_for_the_working_day(ready: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: S-31. Enrolled once, logged in with a code, out again; the token is the account's own."""
    monkeypatch.setenv("HOME", str(ready.folder / "home"))
    monkeypatch.setenv("USERPROFILE", str(ready.folder / "home"))
    (ready.folder / "k.toml").write_text('database = "kokuho.sqlite3"\nsecond_factor = "required"\n', encoding="utf-8")
    kokuho = ("--config", "k.toml", "--operator", "sato")

    def code(*args: object) -> Any:
        return ready.run(*kokuho, *args, "--json").data["error"]["code"]

    assert (code("findings"), code("login")) == ("KKH-A031", "KKH-A031")
    shown = ready.run(*kokuho, "access", "enrol", "sato")
    uri = urlsplit(shown.out.strip())
    assert (shown.code, uri.scheme) == (0, "otpauth")
    secret = parse_qs(uri.query)["secret"][0]
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    assert code("--code", "12345", "login") == "KKH-A032"
    step = int(time.time()) // 30
    opened = ready.run(*kokuho, "--code", code_at(key, step), "login", "--json")
    assert opened.code == 0 and datetime.fromisoformat(opened.data["expires_at"]) > SystemClock().now()
    (kept,) = (ready.folder / "home" / ".kokuho" / "logins").iterdir()
    if os.name == "posix":
        assert (kept.stat().st_mode & 0o077, kept.parent.stat().st_mode & 0o077) == (0, 0)
    assert ready.run(*kokuho, "findings").code == ready.run(*kokuho, "access", "factors").code == 0
    assert code("--code", code_at(key, step), "findings") == "KKH-A032"
    listed = ready.run(*kokuho, "access", "factors", "--json").data["factors"]
    assert [(each["operator"], each["enrolled_by"], each["locked_at"]) for each in listed] == [("sato", "sato", None)]
    assert ready.run(*kokuho, "access", "unlock", "sato").code == 0
    assert ready.run(*kokuho, "access", "unlock", "nobody").code == 1
    if os.name == "posix":
        kept.chmod(0o644)
        assert code("findings") == "KKH-A031"
        kept.chmod(0o600)
    token = json.loads(kept.read_text(encoding="ascii"))["token"]
    assert ready.run(*kokuho, "logout").code == ready.run(*kokuho, "logout").code == 0
    assert not kept.exists() and code("findings") == "KKH-A031"
    kept.write_text(json.dumps({"token": token}), encoding="ascii")
    kept.chmod(0o600)
    assert code("findings") == "KKH-A034"
    monkeypatch.setenv("KOKUHO_CODE", code_at(key, max(step + 1, int(time.time()) // 30)))
    assert ready.run(*kokuho, "findings").code == 0
    log = (ready.folder / "kokuho.sqlite3").read_bytes()
    assert secret.encode() not in log and key not in log and token.encode() not in log


def test_no_login_where_none_is_asked_for(ready: Desk) -> None:
    """Rules: S-31."""
    answer = ready.run("--operator", "sato", "--code", "123456", "login", "--json")
    assert (answer.code, answer.data["error"]["code"]) == (1, "KKH-A035")
