"""媒体パッケージ: files for removable media in one file, signed by the sender and encrypted for the addressee (S-12, S-20).

The package is CMS (:mod:`~kokuho_adapters.exchange.cms`) around a tape whose first member is the manifest (送付状). The manifest
names sender and addressee inside the signature, so that an addressee cannot hand the signed files on as if they had been sent
to somebody else.

It is opened in two passes over a private copy of the package: the first decrypts it, throws the plaintext away and checks
tag and signature; only when both are right does the second look at the content and write the files. So no plaintext of a
cut or changed package reaches the disk, and no byte of it is interpreted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from attrs import field, frozen

from kokuho_adapters.durable_files import sync_folder
from kokuho_adapters.exchange.credentials import Certificate, PrivateKey
from kokuho_adapters.exchange.folder import publish_new, stage_outgoing
from kokuho_adapters.exchange.manifest import MAX_MANIFEST_BYTES, ListedFile, Manifest
from kokuho_adapters.exchange.plain_names import require_plain
from kokuho_adapters.exchange.staging import (
    BLOCK_BYTES,
    Digest,
    copy_hashed,
    digest_of,
    open_regular,
    private_folder,
    write_hashed,
)
from kokuho_adapters.exchange.tape import Tape, tape_of
from kokuho_adapters.files.layout import LayoutBook
from kokuho_adapters.recorded_acts import BeforeItHolds, recorded_elsewhere
from kokuho_core.errors import FileRefused, Problem, SetupFault

try:
    from kokuho_adapters.exchange.cms import MAX_CONTENT_BYTES, Opened, Signed, seal
except ImportError:  # a cryptography older than the extra asks for
    raise SetupFault(Problem("KKH-E014", field="cryptography")) from None

SUFFIX: Final = ".p7m"
_Result = TypeVar("_Result")
MANIFEST_MEMBER: Final = "okurijo.json"
MAX_PACKAGE_BYTES: Final = MAX_CONTENT_BYTES + (4 << 20)


@frozen
class Party:
    """当事者: a certificate with its private key."""

    certificate: Certificate
    key: PrivateKey = field(repr=False)


@frozen
class Package:
    """作成した媒体パッケージ."""

    path: Path
    digest: Digest
    manifest: Manifest


def pack(
    paths: Sequence[Path],
    folder: Path,
    sender: str,
    addressee: str,
    moment: datetime,
    signer: Party,
    recipients: Sequence[Certificate],
    book: LayoutBook,
    record: BeforeItHolds[Package] = recorded_elsewhere,
) -> Package:
    """Make one package of ``paths`` in ``folder``, once it is on ``record``. ``moment`` is local time; it goes into the name and
    the manifest.

    Raises :class:`FileRefused`: KKH-E003 names, KKH-E004 limits, KKH-E009 individual numbers, KKH-F015 not readable;
    :class:`SetupFault` (KKH-E008) for a recipient without an RSA key. Nothing is left behind then.
    """
    require_plain([path.name for path in paths])
    for recipient in recipients:
        recipient.require_encryption()
    folder.mkdir(parents=True, exist_ok=True)
    with private_folder(folder) as staging:
        inside = staging / "files"
        inside.mkdir()
        listed = stage_outgoing(paths, inside, book)
        manifest = Manifest.fresh(sender, addressee, moment, tuple(listed))

        def tape() -> Iterator[bytes]:
            head = manifest.to_bytes()
            yield from tape_of(
                [
                    (MANIFEST_MEMBER, len(head), head),
                    *((each.name, each.digest.size, inside / each.name) for each in listed),
                ]
            )

        sha256, size = hashlib.sha256(), 0
        for block in tape():
            sha256.update(block)
            size += len(block)
        made = staging / f"{manifest.name.partition('.')[0]}{SUFFIX}"
        with made.open("xb") as out:
            seal(
                out, tape(), size, sha256.digest(), (signer.certificate, signer.key), recipients, moment.astimezone(UTC)
            )
        package = Package(folder / made.name, digest_of(made), manifest)
        record(package)
        publish_new(made, package.path, ListedFile(made.name, package.digest))
    sync_folder(folder)
    return package


@frozen
class OpenedPackage:
    """開いた媒体パッケージ. ``digest`` is that of the package itself."""

    manifest: Manifest
    digest: Digest
    files: tuple[Path, ...]


def open_package(
    path: Path,
    folder: Path,
    addressee: str,
    recipient: Party,
    trusted: Sequence[Certificate],
    record: BeforeItHolds[OpenedPackage] = recorded_elsewhere,
) -> OpenedPackage:
    """Take the files out into ``folder``, once that is on ``record``: all of them, or none.

    Raises :class:`FileRefused`: KKH-E006 damaged, cut or changed; KKH-E007 another addressee, or signed by nobody of
    ``trusted``; KKH-E003 and KKH-E004 names and limits; KKH-E013 another file of that name in ``folder``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with private_folder(folder) as staging:
        copy = staging / "package"
        with open_regular(path) as source:
            digest = copy_hashed(source, copy, MAX_PACKAGE_BYTES)
        _read(copy, recipient, trusted, lambda content: None)
        inside = staging / "files"
        inside.mkdir()
        manifest = _read(copy, recipient, trusted, lambda content: _take_out(Tape(content), addressee, inside))
        for each in manifest.files:
            final = folder / each.name
            if final.exists() and digest_of(final) != each.digest:
                raise FileRefused(Problem("KKH-E013", field=each.name))
        opened = OpenedPackage(manifest, digest, tuple(folder / each.name for each in manifest.files))
        record(opened)
        for each in manifest.files:
            publish_new(inside / each.name, folder / each.name, each)
    sync_folder(folder)
    return opened


def _read(package: Path, recipient: Party, trusted: Sequence[Certificate], use: Callable[[Signed], _Result]) -> _Result:
    """Pass the whole content by ``use``; returns only when tag and signature were found right."""
    with package.open("rb") as source:
        opened = Opened(source, recipient.certificate, recipient.key)
        try:
            signed = Signed(opened)
            result = use(signed)
            _drain(signed)
            signed.finish(trusted)
        except FileRefused:
            # what looks like a fault of the content may come from a damaged package: that is the answer then
            _drain(opened)
            opened.finish()
            raise
        opened.finish()
    return result


def _drain(content: Opened | Signed) -> None:
    while content.read(BLOCK_BYTES):
        pass


def _take_out(tape: Tape, addressee: str, folder: Path) -> Manifest:
    """Write the files of the tape, which must be exactly those of its manifest, into ``folder``."""
    first = tape.next_member()
    if first is None or first[0] != MANIFEST_MEMBER:
        raise FileRefused(Problem("KKH-E001", field="missing"))
    if first[1] > MAX_MANIFEST_BYTES:
        raise FileRefused(Problem("KKH-E004", field="manifest"))
    manifest = Manifest.from_bytes(b"".join(tape.content(first[1])))
    if manifest.addressee != addressee:
        raise FileRefused(Problem("KKH-E007", field="addressee"))
    for each in manifest.files:
        if tape.next_member() != (each.name, each.digest.size):
            raise FileRefused(Problem("KKH-E001", field="files"))
        if write_hashed(tape.content(each.digest.size), folder / each.name, each.digest.size) != each.digest:
            raise FileRefused(Problem("KKH-E002", field=each.name))
    if tape.next_member() is not None:
        raise FileRefused(Problem("KKH-E001", field="files"))
    return manifest
