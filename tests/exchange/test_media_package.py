"""媒体パッケージ: opened by whom it is meant for, whole, or not at all; and by the stock tools."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from kokuho_adapters.exchange import cms, media_package
from kokuho_adapters.exchange.cms import Opened, seal
from kokuho_adapters.exchange.credentials import Certificate, load_private_key
from kokuho_adapters.exchange.der import SEQUENCE, DerSource, part
from kokuho_adapters.exchange.manifest import ListedFile, Manifest
from kokuho_adapters.exchange.media_package import MANIFEST_MEMBER, Package, Party, open_package, pack
from kokuho_adapters.exchange.staging import Digest
from kokuho_core.errors import FileRefused, KokuhoError, SetupFault

from .samples import AGGREGATION, BOOK, MOMENT, MUNICIPALITY, OTHER, number, party, run, write_party


def openssl(*words: str | Path) -> bytes:
    """The stock tool. Without it nothing is proven, so nothing is skipped."""
    program = shutil.which("openssl")
    assert program is not None, "openssl 3 is needed for this test and is not on this machine"
    return run(program, *words).stdout


@pytest.fixture
def sender(tmp_path: Path) -> Party:
    return party(tmp_path / "keys", "sender")


@pytest.fixture
def addressee(tmp_path: Path) -> Party:
    return party(tmp_path / "keys", "addressee")


@pytest.fixture
def stranger(tmp_path: Path) -> Party:
    return party(tmp_path / "keys", "stranger")


def make(folder: Path, **contents: bytes) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.csv" for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_bytes(content)
    return paths


CONTENTS = {"a": b"one\r\n" * 1000, "b": b"", "市町村": "三\r\n".encode()}


def packed(tmp_path: Path, sender: Party, *recipients: Party, **contents: bytes) -> Package:
    paths = make(tmp_path / "out", **(contents or CONTENTS))
    certificates = [each.certificate for each in recipients]
    return pack(paths, tmp_path / "medium", MUNICIPALITY, AGGREGATION, MOMENT, sender, certificates, BOOK)


def refusal(path: Path, tmp_path: Path, addressee: Party, *trusted: Party) -> KokuhoError:
    """Why it is not opened; nothing may have come out."""
    target = tmp_path / "in"
    with pytest.raises(FileRefused) as refused:
        open_package(path, target, AGGREGATION, addressee, [each.certificate for each in trusted])
    assert not target.exists() or list(target.iterdir()) == []
    return refused.value


def test_a_package_is_as_large_as_allowed_and_no_larger(
    tmp_path: Path, sender: Party, addressee: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules: S-20, S-12. Neither made nor opened beyond the limit, here a small one."""
    package = packed(tmp_path, sender, addressee)
    monkeypatch.setattr(cms, "MAX_CONTENT_BYTES", 1000)
    assert refusal(package.path, tmp_path, addressee, sender).code == "KKH-E006"
    with pytest.raises(FileRefused, match="KKH-E004"):
        pack(make(tmp_path / "more", a=bytes(900)), tmp_path / "disk", MUNICIPALITY, AGGREGATION, MOMENT, sender,
             [addressee.certificate], BOOK)  # fmt: skip
    assert list((tmp_path / "disk").iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setattr(media_package, "MAX_PACKAGE_BYTES", package.path.stat().st_size - 1)
    assert refusal(package.path, tmp_path, addressee, sender).code == "KKH-E004"
    monkeypatch.setattr(media_package, "MAX_PACKAGE_BYTES", package.path.stat().st_size)
    assert open_package(package.path, tmp_path / "in", AGGREGATION, addressee, [sender.certificate]).files


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_it_opens_for_its_addressee(kind: str, tmp_path: Path, addressee: Party) -> None:
    """Rules: S-12."""
    sender = party(tmp_path / "keys", f"sender-{kind}", kind)
    package = packed(tmp_path, sender, addressee)
    assert b"one" not in package.path.read_bytes() and b"139519" not in package.path.read_bytes()
    opened = open_package(package.path, tmp_path / "in", AGGREGATION, addressee, [sender.certificate])
    assert opened.manifest == package.manifest and opened.digest == package.digest
    assert {path.name: path.read_bytes() for path in opened.files} == {
        f"{name}.csv": content for name, content in CONTENTS.items()
    }
    assert {each.name for each in (tmp_path / "in").iterdir()} == {path.name for path in opened.files}
    assert {each.name for each in (tmp_path / "medium").iterdir()} == {package.path.name}


def test_it_opens_with_openssl_and_tar(tmp_path: Path, sender: Party, addressee: Party) -> None:
    """Rules: S-12."""
    package = packed(tmp_path, sender, addressee)
    keys, signed, tape = tmp_path / "keys", tmp_path / "signed", tmp_path / "tape"
    openssl(
        "cms", "-decrypt", "-inform", "DER", "-in", package.path, "-recip", keys / "addressee.pem",
        "-inkey", keys / "addressee.key", "-out", signed,
    )  # fmt: skip
    openssl(
        "cms", "-verify", "-inform", "DER", "-in", signed, "-CAfile", keys / "sender.pem", "-purpose", "any",
        "-binary", "-out", tape,
    )  # fmt: skip
    with tarfile.open(tape) as archive:
        assert archive.getnames() == [MANIFEST_MEMBER, "a.csv", "b.csv", "市町村.csv"]
        member = archive.extractfile("a.csv")
        assert member is not None and member.read() == CONTENTS["a"]


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_a_package_made_by_openssl_opens(kind: str, tmp_path: Path, addressee: Party) -> None:
    """Rules: S-12."""
    party(tmp_path / "keys", "other", kind)
    keys = tmp_path / "keys"
    tape = tmp_path / "tape"
    tape.write_bytes(b"".join(tape_with({"a.csv": b"made by hand"})))
    padding = ("-keyopt", "rsa_padding_mode:pss") if kind == "rsa" else ()
    openssl(
        "cms", "-sign", "-nodetach", "-binary", "-md", "sha256", "-in", tape, "-signer", keys / "other.pem",
        "-inkey", keys / "other.key", *padding, "-outform", "DER", "-out", tmp_path / "signed",
    )  # fmt: skip
    openssl(
        "cms", "-encrypt", "-binary", "-aes-256-gcm", "-in", tmp_path / "signed", "-recip", keys / "addressee.pem",
        "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256", "-outform", "DER", "-out", tmp_path / "p.p7m",
    )  # fmt: skip
    trusted = [Certificate.load(keys / "other.pem")]
    opened = open_package(tmp_path / "p.p7m", tmp_path / "in", AGGREGATION, addressee, trusted)
    assert opened.files[0].read_bytes() == b"made by hand"


# --- damage ---


def test_cut_anywhere_it_stays_shut(tmp_path: Path, sender: Party, addressee: Party) -> None:
    """Rules: S-12. Every place of a small package, and one byte around every block of a larger one."""
    whole = packed(tmp_path, sender, addressee, a=b"x").path.read_bytes()
    target = tmp_path / "cut.p7m"
    for length in range(0, len(whole), 1 if len(whole) < 4000 else 7):
        target.write_bytes(whole[:length])
        assert refusal(target, tmp_path, addressee, sender).code == "KKH-E006", length
    larger = packed(tmp_path, sender, addressee, b=os.urandom(3 << 19).hex().encode()).path.read_bytes()
    blocks = range(1 << 20, len(larger), 1 << 20)
    for length in sorted({place + off for place in (*blocks, len(larger)) for off in (-1, 0, 1)} - {len(larger)}):
        target.write_bytes((larger + b"\0")[:length])
        assert refusal(target, tmp_path, addressee, sender).code == "KKH-E006", length


def test_a_changed_byte_is_found(tmp_path: Path, sender: Party, addressee: Party) -> None:
    """Rules: S-12."""
    whole = packed(tmp_path, sender, addressee, a=b"x").path.read_bytes()
    target = tmp_path / "changed.p7m"
    for place in range(0, len(whole), 3):
        changed = bytearray(whole)
        changed[place] ^= 1 << (place % 8)
        target.write_bytes(changed)
        assert refusal(target, tmp_path, addressee, sender).code in ("KKH-E006", "KKH-E007"), place


@pytest.mark.parametrize("length", [b"\x80", b"\x81\x7f", b"\x82\0\xff", b"\x88" + b"\xff" * 8, b"\x89" + b"\x01" * 9, b"\xff"])
def test_a_length_that_no_part_has(length: bytes) -> None:
    """Rules: S-12: indefinite, longer than it need be, or larger than anything that can be read."""
    with pytest.raises(FileRefused) as refused:
        DerSource(io.BytesIO(b"\x30" + length)).enter(SEQUENCE, "here")
    assert (refused.value.code, refused.value.problems[0].field) == ("KKH-E006", "here")


def test_a_member_that_ends_behind_the_last_byte() -> None:
    """Rules: S-12."""
    with pytest.raises(FileRefused):
        list(cms._members(part(SEQUENCE, b"\x31\x87" + b"\xff" * 7), "here"))


def test_reordered_and_spliced(tmp_path: Path, sender: Party, addressee: Party) -> None:
    """Rules: S-12."""
    content = os.urandom(1 << 20).hex().encode()
    one = packed(tmp_path, sender, addressee, a=content).path.read_bytes()
    two = packed(tmp_path, sender, addressee, b=content).path.read_bytes()
    assert len(one) == len(two)
    target, mib, half = tmp_path / "mixed.p7m", 1 << 20, len(one) // 2
    for mixed in (
        one[:mib] + two[mib:],
        one[:half] + two[half:],
        one[:-16] + two[-16:],
        one[:4096] + one[mib : mib + 4096] + one[8192:mib] + one[4096:8192] + one[mib + 4096 :],
        one + two,
    ):
        assert mixed not in (one, two)
        target.write_bytes(mixed)
        assert refusal(target, tmp_path, addressee, sender).code == "KKH-E006"


def test_no_plaintext_is_written_before_everything_is_verified(
    tmp_path: Path, sender: Party, addressee: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules: S-12. Not even in a private folder."""
    package = packed(tmp_path, sender, addressee, a=b"secret" * 300_000)
    target = tmp_path / "cut.p7m"
    target.write_bytes(package.path.read_bytes()[:-1] + b"\0")
    monkeypatch.setattr(media_package, "_take_out", lambda *given: pytest.fail("content was looked at"))
    assert refusal(target, tmp_path, addressee, sender).code == "KKH-E006"


# --- who ---


def test_signed_by_another_or_for_another(tmp_path: Path, sender: Party, addressee: Party, stranger: Party) -> None:
    """Rules: S-12."""
    package = packed(tmp_path, sender, addressee)
    for opener, trusted in ((addressee, [stranger]), (addressee, []), (stranger, [sender])):
        assert refusal(package.path, tmp_path, opener, *trusted).code == "KKH-E007"
    with pytest.raises(FileRefused) as refused:
        open_package(package.path, tmp_path / "in", OTHER, addressee, [sender.certificate])
    assert refused.value.problems[0].field == "addressee"


def test_a_certificate_of_the_same_name_and_serial_does_not_do(tmp_path: Path, sender: Party, addressee: Party) -> None:
    """Rules: S-12. The signature is checked with the key of the certificate that was given beforehand."""
    from attrs import evolve

    stranger = party(tmp_path / "keys", "stranger")
    forged = Party(sender.certificate, stranger.key)
    package = packed(tmp_path, forged, addressee)
    assert refusal(package.path, tmp_path, addressee, sender).code == "KKH-E007"
    assert refusal(package.path, tmp_path, evolve(addressee, key=stranger.key), sender).code == "KKH-E006"


def test_handing_on_what_somebody_signed_is_noticed(
    tmp_path: Path, sender: Party, addressee: Party, stranger: Party
) -> None:
    """Rules: S-12. The addressee stands inside the signature."""
    package = packed(tmp_path, sender, stranger)
    with package.path.open("rb") as file:
        opened = Opened(file, stranger.certificate, stranger.key)
        signed = opened.read()
    keys = tmp_path / "keys"
    (tmp_path / "signed").write_bytes(signed)
    openssl(
        "cms", "-encrypt", "-binary", "-aes-256-gcm", "-in", tmp_path / "signed", "-recip", keys / "addressee.pem",
        "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256", "-outform", "DER", "-out", tmp_path / "p.p7m",
    )  # fmt: skip
    with pytest.raises(FileRefused) as refused:
        open_package(tmp_path / "p.p7m", tmp_path / "in", OTHER, addressee, [sender.certificate])
    assert refused.value.code == "KKH-E007"


# --- algorithms ---


@pytest.mark.parametrize(
    ("sign", "encrypt"),
    [
        ((), ("-aes-256-cbc", "oaep")),
        ((), ("-aes-128-gcm", "oaep")),
        ((), ("-aes-256-gcm", "pkcs1")),
        ((), ("-aes-256-gcm", "oaep-sha1")),
        (("-md", "sha1", "-keyopt", "rsa_padding_mode:pss"), ("-aes-256-gcm", "oaep")),
        (("-md", "sha256"), ("-aes-256-gcm", "oaep")),
        (("-md", "sha256", "-keyopt", "rsa_padding_mode:pss", "-noattr"), ("-aes-256-gcm", "oaep")),
        (
            ("-md", "sha256", "-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:8"),
            ("-aes-256-gcm", "oaep"),
        ),
    ],
    ids=[
        "CBC alone",
        "AES-128",
        "PKCS1 encryption",
        "OAEP with SHA-1",
        "SHA-1",
        "PKCS1 signature",
        "no attributes",
        "short salt",
    ],
)
def test_what_is_not_on_the_list_is_refused(
    sign: tuple[str, ...], encrypt: tuple[str, str], tmp_path: Path, sender: Party, addressee: Party
) -> None:
    """Rules: S-11, S-12."""
    keys = tmp_path / "keys"
    (tmp_path / "tape").write_bytes(b"".join(tape_with({"a.csv": b"x"})))
    openssl(
        "cms", "-sign", "-nodetach", "-binary", "-in", tmp_path / "tape", "-signer", keys / "sender.pem",
        "-inkey", keys / "sender.key", *(sign or ("-md", "sha256", "-keyopt", "rsa_padding_mode:pss")),
        "-outform", "DER", "-out", tmp_path / "signed",
    )  # fmt: skip
    cipher, padding = encrypt
    options = {
        "oaep": ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"),
        "oaep-sha1": ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha1"),
        "pkcs1": (),
    }[padding]
    openssl(
        "cms", "-encrypt", "-binary", cipher, "-in", tmp_path / "signed", "-recip", keys / "addressee.pem", *options,
        "-outform", "DER", "-out", tmp_path / "p.p7m",
    )  # fmt: skip
    assert refusal(tmp_path / "p.p7m", tmp_path, addressee, sender).code == "KKH-E006"


def test_a_package_that_nobody_signed_is_refused(tmp_path: Path, sender: Party, addressee: Party) -> None:
    """Rules: S-12."""
    (tmp_path / "tape").write_bytes(b"".join(tape_with({"a.csv": b"x"})))
    openssl(
        "cms", "-encrypt", "-binary", "-aes-256-gcm", "-in", tmp_path / "tape", "-recip", tmp_path / "keys" / "addressee.pem",
        "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256", "-outform", "DER", "-out", tmp_path / "p.p7m",
    )  # fmt: skip
    assert refusal(tmp_path / "p.p7m", tmp_path, addressee, sender).code == "KKH-E006"


@pytest.mark.parametrize("kind", ["short", "ec", "old", "young"])
def test_a_certificate_to_encrypt_for(kind: str, tmp_path: Path) -> None:
    """Rules: S-11."""
    days = {"old": (-30, -1), "young": (1, 30)}.get(kind, (-1, 30))
    certificate, _ = write_party(tmp_path, kind, kind if kind in ("short", "ec") else "rsa", days=days)
    with pytest.raises(SetupFault) as fault:
        Certificate.load(certificate).require_encryption()
    assert fault.value.code == "KKH-E008"


def test_keys_and_passphrases(tmp_path: Path, sender: Party) -> None:
    """Rules: S-11."""
    file, key = write_party(tmp_path / "locked", "sender", passphrase=b"open sesame")
    certificate = Certificate.load(file)
    load_private_key(key, b"open sesame", certificate, "key")
    _, other = write_party(tmp_path / "other", "other")
    (tmp_path / "none").write_bytes(b"no key")
    for path, passphrase in (
        (key, b"wrong"),
        (key, None),
        (other, None),
        (tmp_path / "none", None),
        (tmp_path / "x", None),
    ):
        with pytest.raises(SetupFault) as fault:
            load_private_key(path, passphrase, certificate, "key")
        assert fault.value.code == "KKH-E008" and "sesame" not in repr(fault.value)
    assert "PRIVATE" not in repr(sender)


# --- archives ---


def tape_with(
    files: dict[str, bytes],
    listed: dict[str, bytes] | None = None,
    change: Callable[[tarfile.TarInfo], Any] = lambda info: None,
) -> Iterator[bytes]:
    """A tape with ``files`` whose manifest lists ``listed``; ``change`` works on the header of the first file."""
    due = files if listed is None else listed
    manifest = Manifest.fresh(
        MUNICIPALITY, AGGREGATION, MOMENT,
        tuple(ListedFile(name, Digest(len(each), hashlib.sha256(each).hexdigest())) for name, each in due.items()),
    )  # fmt: skip
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for number_, (name, content) in enumerate({MANIFEST_MEMBER: manifest.to_bytes(), **files}.items()):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if number_ == 1:
                change(info)
            archive.addfile(info, io.BytesIO(content) if info.size else None)
    yield out.getvalue()


def sealed(tmp_path: Path, tape: bytes, sender: Party, addressee: Party) -> Path:
    """Honestly signed and encrypted, whatever the tape is: a sender whose own machine is not to be trusted."""
    path = tmp_path / "evil.p7m"
    with path.open("wb") as out:
        digest = hashlib.sha256(tape).digest()
        signer = (sender.certificate, sender.key)
        seal(out, [tape], len(tape), digest, signer, [addressee.certificate], MOMENT.astimezone(UTC))
    return path


def _kind(kind: bytes, link: str = "") -> Callable[[tarfile.TarInfo], None]:
    def change(info: tarfile.TarInfo) -> None:
        info.type, info.linkname = kind, link
        if link:
            info.size = 0

    return change


def _name(name: str) -> Callable[[tarfile.TarInfo], None]:
    def change(info: tarfile.TarInfo) -> None:
        info.name = name

    return change


@pytest.mark.parametrize(
    "change",
    [
        _kind(tarfile.SYMTYPE, "/etc/passwd"), _kind(tarfile.LNKTYPE, "okurijo.json"), _kind(tarfile.CHRTYPE),
        _kind(tarfile.FIFOTYPE), _kind(tarfile.DIRTYPE), _kind(tarfile.GNUTYPE_SPARSE), _kind(tarfile.XHDTYPE),
        _kind(tarfile.XGLTYPE), _kind(tarfile.GNUTYPE_LONGNAME), _kind(b"V"),
        _name("../a.csv"), _name("/a.csv"), _name("x/a.csv"), _name("C:\\a.csv"), _name("CON.csv"), _name("b.csv"),
        _name("A.csv"), _name(".a.csv"), _name("a.csv "), _name("a.csv\n"), _name("long" * 40), _name(MANIFEST_MEMBER),
    ],
)  # fmt: skip
def test_a_malicious_archive_takes_nothing_out(
    change: Callable[[tarfile.TarInfo], None], tmp_path: Path, sender: Party, addressee: Party
) -> None:
    """Rules: S-20."""
    tape = b"".join(tape_with({"a.csv": b"x" * 600}, change=change))
    before = {each for each in tmp_path.rglob("*") if each.parent != tmp_path / "in"}
    code = refusal(sealed(tmp_path, tape, sender, addressee), tmp_path, addressee, sender).code
    assert code in ("KKH-E001", "KKH-E003", "KKH-E006")
    assert set(tmp_path.rglob("*")) - before <= {tmp_path / "in", tmp_path / "evil.p7m"}


@pytest.mark.parametrize(
    ("files", "listed"),
    [
        ({"a.csv": b"x", "b.csv": b"y"}, {"a.csv": b"x"}),
        ({"a.csv": b"x"}, {"a.csv": b"x", "b.csv": b"y"}),
        ({"b.csv": b"y", "a.csv": b"x"}, {"a.csv": b"x", "b.csv": b"y"}),
        ({"a.csv": b"x"}, {"a.csv": b"z"}),
        ({"a.csv": b"x" * 1000}, {"a.csv": b"x"}),
        ({}, {"a.csv": b"x"}),
    ],
)
def test_files_that_are_not_those_of_the_manifest(
    files: dict[str, bytes], listed: dict[str, bytes], tmp_path: Path, sender: Party, addressee: Party
) -> None:
    """Rules: S-13, S-20."""
    tape = b"".join(tape_with(files, listed))
    code = refusal(sealed(tmp_path, tape, sender, addressee), tmp_path, addressee, sender).code
    assert code in ("KKH-E001", "KKH-E002")


@pytest.mark.parametrize("tape", [b"", b"x", bytes(512), bytes(1024), b"\xff" * 1024, bytes(1024) + b"x"])
def test_no_archive_at_all(tape: bytes, tmp_path: Path, sender: Party, addressee: Party) -> None:
    """Rules: S-20."""
    code = refusal(sealed(tmp_path, tape, sender, addressee), tmp_path, addressee, sender).code
    assert code in ("KKH-E001", "KKH-E006")


def test_what_stands_behind_the_end_of_an_archive(tmp_path: Path, sender: Party, addressee: Party) -> None:
    """Rules: S-20."""
    tape = b"".join(tape_with({"a.csv": b"x"}))
    assert (
        refusal(sealed(tmp_path, tape + b"hidden", sender, addressee), tmp_path, addressee, sender).code == "KKH-E006"
    )


def test_a_number_does_not_leave(tmp_path: Path, sender: Party, addressee: Party) -> None:
    """Rules: S-6."""
    with pytest.raises(FileRefused) as refused:
        packed(tmp_path, sender, addressee, a=b"good", b=number(5).encode())
    assert refused.value.code == "KKH-E009" and list((tmp_path / "medium").iterdir()) == []


def test_an_existing_file_is_not_overwritten(tmp_path: Path, sender: Party, addressee: Party) -> None:
    """Rules: S-14."""
    package = packed(tmp_path, sender, addressee)
    make(tmp_path / "in", a=b"mine")
    with pytest.raises(FileRefused) as refused:
        open_package(package.path, tmp_path / "in", AGGREGATION, addressee, [sender.certificate])
    assert refused.value.code == "KKH-E013"
    assert [each.name for each in (tmp_path / "in").iterdir()] == ["a.csv"]
    assert (tmp_path / "in" / "a.csv").read_bytes() == b"mine"


_MEASURE = """
import resource, sys
from pathlib import Path
from kokuho_adapters.exchange.credentials import Certificate, load_private_key
from kokuho_adapters.exchange.media_package import Party, open_package, pack
from kokuho_adapters.files import LayoutBook
from datetime import datetime
folder = Path(sys.argv[1])
def party(name):
    certificate = Certificate.load(folder / "keys" / f"{name}.pem")
    return Party(certificate, load_private_key(folder / "keys" / f"{name}.key", None, certificate, "key"))
sender, addressee = party("sender"), party("addressee")
made = pack([folder / "big.csv"], folder / "m", "139519", "000000", datetime(2025, 5, 1), sender, [addressee.certificate], LayoutBook.shipped())
open_package(made.path, folder / "in", "000000", addressee, [sender.certificate])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="memory of a process is asked of POSIX")
def test_memory_does_not_grow_with_the_package(tmp_path: Path, sender: Party, addressee: Party) -> None:
    """Rules: S-12. 200 MB through packing and opening cost no more than 20 MB over 1 MB."""
    peaks = []
    for mebibytes in (1, 200):
        with (tmp_path / "big.csv").open("wb") as file:
            for _ in range(mebibytes):
                file.write(b"2,139519,50001,text\r\n" * ((1 << 20) // 21))
        done = subprocess.run(
            [sys.executable, "-c", _MEASURE, str(tmp_path)], capture_output=True, encoding="utf-8", check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, timeout=120,
        )  # fmt: skip
        peaks.append(int(done.stdout) * (1 if sys.platform == "darwin" else 1024))
        shutil.rmtree(tmp_path / "in")
    assert peaks[1] - peaks[0] < 20 << 20
