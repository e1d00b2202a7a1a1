"""SFTPの受け口: a drop box per municipality; none sees another's (S-1).

``root`` holds one folder per user, named like the user (the insurer number). A user sees that folder as ``/`` and, inside,
``okuri`` (to us) and ``kaeshi`` (from us), and nothing else: links are neither made nor followed, there is no shell, no
forwarding, no password. Who connects, or is not let in, and every file that is opened, renamed or removed goes on record before
it happens (S-4, S-32). ``keys`` holds the public keys admitted, one file ``<user>.pub`` each in the form of OpenSSH; a file
taken away closes the box with the next connection.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from attrs import define, field, frozen

from kokuho_adapters.exchange.ssh_policy import SERVER_POLICY, SIGNATURES, ssh
from kokuho_adapters.recorded_acts import ActLog
from kokuho_core.access import Operation
from kokuho_core.errors import AccessDenied, KokuhoError, Problem, SetupFault
from kokuho_core.vocabulary.identifiers import InsurerNumber

INCOMING: Final = "okuri"
OUTGOING: Final = "kaeshi"
_USER: Final = re.compile(r"[0-9]{6}|[0-9]{8}", re.ASCII)
_LOGIN_SECONDS: Final = 30


@frozen
class DropBox:
    """受け口の設定. ``port`` 0 takes a free one. ``host_key`` is the file of the server's private key."""

    root: Path
    keys: Path
    host_key: Path
    host: str = "127.0.0.1"
    port: int = 0

    def users(self) -> list[str]:
        """Whose keys are admitted at this moment."""
        return sorted(each.stem for each in self.keys.glob("*.pub") if _USER.fullmatch(each.stem))


@define
class RunningDropBox:
    """動いている受け口; use it in an ``async with`` block."""

    settings: DropBox
    log: ActLog
    port: int = field(default=0, init=False)
    fingerprint: str = field(default="", init=False)
    _listener: Any = field(default=None, init=False)

    async def __aenter__(self) -> RunningDropBox:
        """Raises :class:`SetupFault`: KKH-E008 host key, KKH-E011 when the port cannot be used, KKH-E014."""
        asyncssh = ssh()
        try:
            key = asyncssh.read_private_key(str(self.settings.host_key))
        except (asyncssh.Error, OSError, ValueError):
            raise SetupFault(Problem("KKH-E008", field="host key")) from None
        if not set(key.sig_algorithms) & {each.encode("ascii") for each in SIGNATURES}:
            raise SetupFault(Problem("KKH-E008", field="host key: algorithm"))
        self.fingerprint = key.get_fingerprint("sha256")
        settings = self.settings
        on_record = _OnRecord(self.log)
        try:
            self._listener = await asyncssh.listen(
                settings.host,
                settings.port,
                server_host_keys=[key],
                server_factory=_server_class(settings, on_record),
                sftp_factory=_box_class(settings, on_record),
                allow_scp=False,
                login_timeout=_LOGIN_SECONDS,
                agent_forwarding=False,
                x11_forwarding=False,
                line_editor=False,
                **SERVER_POLICY,
            )
        except OSError:
            raise SetupFault(Problem("KKH-E011", field=f"port {settings.port}")) from None
        self.port = self._listener.get_port()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listener.close()
        await self._listener.wait_closed()

    async def serve_forever(self) -> None:
        """Until cancelled."""
        await asyncio.Event().wait()


@frozen
class _OnRecord:
    """What the municipalities do here, each before it happens; without its entry nothing does (S-4, S-32)."""

    log: ActLog

    def is_let_in(self, user: str, *, known: bool) -> bool:
        """ログイン, or that it was denied."""
        try:
            with self.log.admitted(Operation.OPEN_SESSION, f"sftp {user}", InsurerNumber(user) if known else None):
                if not known:
                    raise AccessDenied(Problem("KKH-A002", field="sftp"))
        except KokuhoError:
            return False
        return True

    def act(self, user: str, operation: Operation, what: str, path: bytes, do: Callable[[], Any]) -> Any:
        """Do it. Raises what asyncssh tells the other side as «not permitted» where it cannot be recorded."""
        refused = False
        try:
            with self.log.admitted(operation, f"sftp {what} {path.decode('utf-8', 'replace')}", InsurerNumber(user)):
                return do()
        except KokuhoError:
            refused = True
        if refused:
            raise ssh().SFTPPermissionDenied("not on record")
        return None


def _server_class(settings: DropBox, on_record: _OnRecord) -> Any:
    asyncssh = ssh()

    class Admission(asyncssh.SSHServer):  # type: ignore[misc,name-defined]
        """Public keys alone."""

        def begin_auth(self, username: str) -> bool:
            return True

        def public_key_auth_supported(self) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return False

        def kbdint_auth_supported(self) -> bool:
            return False

        def validate_public_key(self, username: str, key: Any) -> bool:
            if not _USER.fullmatch(username):
                return on_record.is_let_in("?", known=False)
            try:
                admitted = asyncssh.read_authorized_keys(str(settings.keys / f"{username}.pub"))
            except (OSError, ValueError):
                return on_record.is_let_in(username, known=False)
            return on_record.is_let_in(username, known=admitted.validate(key, "", "", False) is not None)

    return Admission


def _box_class(settings: DropBox, on_record: _OnRecord) -> Any:
    asyncssh = ssh()
    writing = asyncssh.FXF_WRITE | asyncssh.FXF_APPEND | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC
    writing_56 = asyncssh.ACE4_WRITE_DATA | asyncssh.ACE4_APPEND_DATA

    class Box(asyncssh.SFTPServer):  # type: ignore[misc,name-defined]
        """One municipality's folder as the whole world."""

        def __init__(self, chan: Any) -> None:
            self._user = user = chan.get_extra_info("username")
            home = settings.root.resolve() / user
            for each in (INCOMING, OUTGOING):
                (home / each).mkdir(parents=True, exist_ok=True)
            super().__init__(chan, chroot=os.fsencode(home))

        def map_path(self, path: bytes) -> bytes:
            """A link inside the box, whoever put it there, leads nowhere."""
            mapped: bytes = super().map_path(path)
            box = os.path.realpath(self._chroot)
            if os.path.realpath(mapped) != os.path.normpath(os.path.join(box, os.path.relpath(mapped, self._chroot))):  # noqa: PTH118
                raise asyncssh.SFTPPermissionDenied("no links")
            return mapped

        def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
            operation = Operation.TAKE_FILES if pflags & writing else Operation.SEND_FILES
            return on_record.act(self._user, operation, "open", path, partial(super().open, path, pflags, attrs))

        def open56(self, path: bytes, desired_access: int, flags: int, attrs: Any) -> Any:
            operation = Operation.TAKE_FILES if desired_access & writing_56 else Operation.SEND_FILES
            do = partial(super().open56, path, desired_access, flags, attrs)
            return on_record.act(self._user, operation, "open", path, do)

        def remove(self, path: bytes) -> Any:
            return on_record.act(self._user, Operation.TAKE_FILES, "remove", path, partial(super().remove, path))

        def rename(self, oldpath: bytes, newpath: bytes) -> Any:
            do = partial(super().rename, oldpath, newpath)
            return on_record.act(self._user, Operation.TAKE_FILES, "rename", newpath, do)

        def posix_rename(self, oldpath: bytes, newpath: bytes) -> Any:
            do = partial(super().posix_rename, oldpath, newpath)
            return on_record.act(self._user, Operation.TAKE_FILES, "rename", newpath, do)

        def symlink(self, oldpath: bytes, newpath: bytes) -> None:
            raise asyncssh.SFTPPermissionDenied("no links")

        def link(self, oldpath: bytes, newpath: bytes) -> None:
            raise asyncssh.SFTPPermissionDenied("no links")

        def readlink(self, path: bytes) -> bytes:
            raise asyncssh.SFTPPermissionDenied("no links")

    return Box
