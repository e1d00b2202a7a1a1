"""``access``, ``approvals``, ``audit``, ``verify-audit`` as people type them (S-4, S-5, S-7, S-31, S-32)."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

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
