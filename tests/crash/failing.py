"""One operation of a command fails, or all of its kind from one on: what stands then, and that the command can be repeated."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from attrs import frozen

from kokuho_core.errors import KokuhoError
from kokuho_core.reception.ledger import FileResult

from .commands import Command, prefecture
from .operations import WRITING, Operation, watched
from .states import checksum, delivered, state_of
from .undisturbed import Undisturbed

UNREADABLE = "KKH-F015"


@frozen
class Fault:
    """``number``: which operation, counted from 0; ``lasting``: whatever follows in the same realm fails too."""

    number: int
    lasting: bool = False

    def error(self, operation: Operation) -> Exception:
        if operation.is_of_database:
            return sqlite3.OperationalError(
                "database or disk is full" if operation.name == "commit" else "disk I/O error"
            )
        number = errno.ENOSPC if operation.name in WRITING else errno.EIO
        return OSError(number, "injected")


def may_fail(operation: Operation) -> bool:
    """Each before it is done; commit and renaming also with the answer lost."""
    return not operation.is_over or operation.name in ("commit", "replace")


def code_of_failing(undisturbed: Undisturbed, command: Command, fault: Fault, folder: Path) -> str | None:
    """Fail, look at what stands, repeat. The code that was told, None when the fault did not hinder the command."""
    undisturbed.before(command, folder)
    legal = undisturbed.legal[command.place]
    code, count, failed = None, 0, []

    def meet(operation: Operation) -> None:
        nonlocal count
        if not is_armed or not may_fail(operation):
            return
        is_due = count == fault.number
        count += 1
        if is_due or (fault.lasting and failed and failed[0].realm == operation.realm):
            failed.append(operation)
            raise fault.error(operation)

    is_armed = True
    with prefecture(folder) as opened:
        with watched(folder, meet):
            try:
                for answer in opened.run(command):
                    if answer.result is FileResult.REJECTED:
                        code = answer.errors[0].code
            except KokuhoError as error:
                code = error.code
        is_armed = False
        assert failed, "the command has fewer operations"
        stands = checksum(state_of(folder))
        assert stands in legal, f"{failed[0]}: no legal state"
        assert code is not None or stands == legal[-1], f"{failed[0]}: no word of it"
        opened.run(command)
    assert checksum(state_of(folder)) == legal[-1], f"{failed[0]}: repeating it leads elsewhere"
    assert delivered(folder) == delivered(undisturbed.after(command))
    return code
