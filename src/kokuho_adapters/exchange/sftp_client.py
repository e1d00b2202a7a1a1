"""SFTPの送り手・受け手: exchange folders of a server (S-12, S-13).

Sending follows the folder's own rule: each file under a temporary name, renamed when complete, the manifest last. What was
interrupted goes on where it stopped, since the temporary name comes from the content. Getting copies sendings into a local
exchange folder, from which :class:`~kokuho_adapters.exchange.folder.ExchangeFolder` takes them with all its checks.

The server is known by its host key, given beforehand: an unknown or a changed one ends the connection before anything is
said. Keys alone prove who we are, never a password. Only AES-GCM, ECDH, DH and SHA-2 of the CRYPTREC list are used (S-11).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from attrs import field, frozen

from kokuho_adapters.durable_files import sync_file, sync_folder, write_durably
from kokuho_adapters.exchange.folder import stage_outgoing
from kokuho_adapters.exchange.manifest import MAX_MANIFEST_BYTES, SUFFIX, ListedFile, Manifest
from kokuho_adapters.exchange.plain_names import is_plain, require_plain
from kokuho_adapters.exchange.ssh_policy import CLIENT_POLICY, ssh
from kokuho_adapters.exchange.staging import Digest, digest_of, private_folder
from kokuho_adapters.files.layout import LayoutBook
from kokuho_adapters.recorded_acts import BeforeItHolds, recorded_elsewhere
from kokuho_core.errors import FileRefused, KokuhoError, Problem, SetupFault

_BLOCK: Final = 256 * 1024
_CONNECT_SECONDS: Final = 30
_ATTEMPTS: Final = 3
_PAUSE_SECONDS: Final = 1.0
_Result = TypeVar("_Result")


@frozen
class Server:
    """接続先. ``host_keys`` is a file in the form of OpenSSH's ``known_hosts``, or else ``fingerprint`` its ``SHA256:…``.

    ``key`` is the file of the private key; ``folder`` the exchange folder on the server. Raises :class:`SetupFault`
    (KKH-E010) when it is not said how the server is known, (KKH-E014) without asyncssh.
    """

    host: str
    user: str
    key: Path
    folder: str
    port: int = 22
    host_keys: Path | None = None
    fingerprint: str | None = None
    passphrase: str | None = field(default=None, repr=False)
    attempts: int = _ATTEMPTS
    pause_seconds: float = _PAUSE_SECONDS

    def __attrs_post_init__(self) -> None:
        if (self.host_keys is None) == (self.fingerprint is None):
            raise SetupFault(Problem("KKH-E010", field="known_hosts or fingerprint"))


# --- the two jobs ---


def put_files(
    server: Server,
    paths: Sequence[Path],
    sender: str,
    addressee: str,
    created_at: datetime,
    book: LayoutBook,
    record: BeforeItHolds[Manifest] = recorded_elsewhere,
) -> Manifest:
    """Send ``paths`` as one sending. They are copied, scanned and put on ``record`` before the connection is made (S-4, S-6).

    Raises :class:`FileRefused`: KKH-E003, KKH-E004, KKH-E009, KKH-E013, KKH-F015; :class:`SetupFault`: KKH-E010 host key,
    KKH-E011 after ``attempts`` tries, KKH-E008 key, KKH-E014.
    """
    require_plain([path.name for path in paths])
    with private_folder(paths[0].absolute().parent) as staging:
        listed = stage_outgoing(paths, staging, book)
        manifest = Manifest.fresh(sender, addressee, created_at, tuple(listed))
        record(manifest)

        async def send(client: Any) -> None:
            for each in listed:
                await _put(client, staging / each.name, each, server.folder)
            head = manifest.to_bytes()
            local = staging / manifest.name
            local.write_bytes(head)
            own = ListedFile(manifest.name, Digest(len(head), hashlib.sha256(head).hexdigest()))
            await _put(client, local, own, server.folder)

        _run(server, send)
    return manifest


def get_sendings(
    server: Server, folder: Path, addressee: str, record: BeforeItHolds[Manifest] = recorded_elsewhere
) -> list[str]:
    """Copy the complete sendings to ``addressee`` into the local exchange ``folder``, then remove them from the server. Each is
    on ``record`` before the first of its files comes.

    Returns the names of the manifests. A sending whose files are not all there yet is left for the next time. The hash of
    every file is checked while it comes in; one that differs from its manifest is left on the server and raised as
    :class:`FileRefused` (KKH-E002) after the others. Raises :class:`SetupFault` as :func:`put_files` does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    got: list[str] = []
    refused: dict[str, Problem] = {}
    known: set[str] = set()

    def record_once(manifest: Manifest) -> None:
        """The line may fail, and the same sending be fetched again."""
        if manifest.name not in known:
            record(manifest)
            known.add(manifest.name)

    async def fetch(client: Any) -> None:
        names = [str(name) for name in await client.listdir(server.folder)]
        for name in sorted(each for each in names if each.endswith(SUFFIX) and is_plain(each)):
            if name in got:
                continue
            try:
                if await _get(client, server.folder, name, folder, addressee, record_once):
                    got.append(name)
            except FileRefused as refusal:
                refused[name] = Problem(refusal.code, field=name)

    _run(server, fetch)
    if refused:
        raise FileRefused(*refused.values())
    return got


# --- one file ---


async def _put(client: Any, local: Path, listed: ListedFile, folder: str) -> None:
    """Upload one file; goes on with what is there of it under its temporary name."""
    asyncssh = ssh()
    final = f"{folder}/{listed.name}"
    if await client.exists(final):
        if await _remote_digest(client, final) != listed.digest:
            raise FileRefused(Problem("KKH-E013", field=listed.name))
        return
    part = f"{folder}/.{listed.digest.sha256[:32]}.part"
    begun = (await client.stat(part)).size if await client.exists(part) else 0
    if begun > listed.digest.size:
        begun = 0
    async with client.open(part, "r+b" if begun else "wb") as target:
        with local.open("rb") as source:
            source.seek(begun)
            place = begun
            while block := source.read(_BLOCK):
                await target.write(block, place)
                place += len(block)
        with suppress(asyncssh.SFTPError):  # a server without this extension
            await target.fsync()
    if await _remote_digest(client, part) != listed.digest:
        await client.remove(part)  # what was begun earlier was no part of this file
        raise OSError("upload damaged")
    await _rename(client, part, final)


async def _rename(client: Any, part: str, final: str) -> None:
    """Atomic where the server knows ``posix-rename``, else its plain rename, which overwrites nothing."""
    asyncssh = ssh()
    try:
        await client.posix_rename(part, final)
    except asyncssh.SFTPOpUnsupported:
        await client.rename(part, final)


async def _remote_digest(client: Any, path: str) -> Digest:
    """What the server gives back is what another reader will get."""
    sha256, size = hashlib.sha256(), 0
    async with client.open(path, "rb") as source:
        while block := await source.read(_BLOCK):
            sha256.update(block)
            size += len(block)
    return Digest(size, sha256.hexdigest())


async def _get(
    client: Any, remote: str, name: str, folder: Path, addressee: str, record: BeforeItHolds[Manifest]
) -> bool:
    """Copy one sending, the manifest last; False when it is not ours or not all there."""
    head = await _read_small(client, f"{remote}/{name}")
    manifest = Manifest.from_bytes(head)
    if manifest.name != name:
        raise FileRefused(Problem("KKH-E001", field="name"))
    if manifest.addressee != addressee:
        return False
    for each in manifest.files:
        path = f"{remote}/{each.name}"
        if not await client.exists(path) or (await client.stat(path)).size < each.digest.size:
            return False
    record(manifest)
    for each in manifest.files:
        await _download(client, f"{remote}/{each.name}", each, folder)
    sync_folder(folder)
    write_durably(folder / name, head)
    await client.remove(f"{remote}/{name}")
    for each in manifest.files:
        await client.remove(f"{remote}/{each.name}")
    return True


async def _read_small(client: Any, path: str) -> bytes:
    async with client.open(path, "rb") as source:
        return bytes(await source.read(MAX_MANIFEST_BYTES + 1))


async def _download(client: Any, path: str, listed: ListedFile, folder: Path) -> None:
    """Download one file; goes on with what an interrupted run left under the temporary name."""
    final = folder / listed.name
    if final.exists():
        if digest_of(final) != listed.digest:
            raise FileRefused(Problem("KKH-E013", field=listed.name))
        return
    part = folder / f".kokuho-{listed.digest.sha256[:32]}.part"
    place = part.stat().st_size if part.exists() else 0
    async with client.open(path, "rb") as source:
        with part.open("ab") as target:
            while place <= listed.digest.size and (block := await source.read(_BLOCK, place)):
                target.write(block)
                place += len(block)
            sync_file(target)
    if digest_of(part) != listed.digest:
        part.unlink()
        raise FileRefused(Problem("KKH-E002", field=listed.name))
    part.replace(final)


# --- connection ---


def _run(server: Server, job: Callable[[Any], Coroutine[Any, Any, _Result]]) -> _Result:
    """Do ``job`` on a connection, a bounded number of times while the line fails."""
    asyncssh = ssh()

    async def once() -> _Result:
        async with _connected(server) as client:
            return await job(client)

    async def repeatedly() -> _Result:
        left = max(server.attempts, 1)
        while True:
            left -= 1
            try:
                return await once()
            except KokuhoError:
                raise
            except asyncssh.HostKeyNotVerifiable:
                fault = SetupFault(Problem("KKH-E010", field=server.host))
                left = 0
            except asyncssh.PermissionDenied:
                fault = SetupFault(Problem("KKH-E011", field="not admitted"))
                left = 0
            except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPNoSuchPath, asyncssh.SFTPNoSuchFile):
                fault = SetupFault(Problem("KKH-E011", field="folder"))
                left = 0
            except (TimeoutError, asyncssh.Error, OSError):
                fault = SetupFault(Problem("KKH-E011", field=server.host))
            if left <= 0:
                raise fault from None  # the cause may name paths of the server
            await asyncio.sleep(server.pause_seconds)

    return asyncio.run(repeatedly())


@asynccontextmanager
async def _connected(server: Server) -> AsyncIterator[Any]:
    asyncssh = ssh()
    try:
        key = asyncssh.read_private_key(str(server.key), server.passphrase)
        # a list without entries, and not None, which would stand for no check at all
        known: Any = ([], [], []) if server.host_keys is None else asyncssh.read_known_hosts(str(server.host_keys))
    except (asyncssh.Error, OSError, ValueError):
        raise SetupFault(Problem("KKH-E008", field="key or known_hosts")) from None

    class Pinned(asyncssh.SSHClient):  # type: ignore[misc,name-defined]
        """Knows the server by its fingerprint."""

        def validate_host_public_key(self, host: str, addr: str, port: int, key: Any) -> bool:
            return server.fingerprint is not None and key.get_fingerprint("sha256") == server.fingerprint

    connection = asyncssh.connect(
        server.host,
        server.port,
        username=server.user,
        client_keys=[key],
        known_hosts=known,
        client_factory=Pinned,
        config=None,
        agent_path=None,
        preferred_auth="publickey",
        connect_timeout=_CONNECT_SECONDS,
        login_timeout=_CONNECT_SECONDS,
        keepalive_interval=15,
        **CLIENT_POLICY,
    )
    async with connection as opened, opened.start_sftp_client() as client:
        yield client
