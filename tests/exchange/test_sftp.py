"""SFTP: our client, our drop box, and OpenSSH's client and server against each of them."""

from __future__ import annotations

import asyncio
import getpass
import hashlib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from attrs import evolve

from kokuho_adapters.composition import SystemClock
from kokuho_adapters.exchange.folder import ExchangeFolder, Outcome
from kokuho_adapters.exchange.sftp_client import Server, get_sendings, put_files
from kokuho_adapters.exchange.sftp_server import INCOMING, OUTGOING, DropBox, RunningDropBox
from kokuho_adapters.recorded_acts import ActLog
from kokuho_adapters.security.terminal_log import TerminalLog
from kokuho_core.access import AccessContext, operator_id
from kokuho_core.errors import FileRefused, SetupFault

from .samples import AGGREGATION, BOOK, MOMENT, MUNICIPALITY, OTHER, number

A = "okuri"


def program(name: str) -> str:
    """A program of OpenSSH. Without it nothing is proven, so nothing is skipped."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
    assert found is not None, f"{name} (OpenSSH) is needed for this test and is not on this machine: install OpenSSH"
    return found


def log_beside(settings: DropBox) -> TerminalLog:
    context = AccessContext(operator_id("uketsuke"), "受付端末")
    return TerminalLog(settings.root.with_name("terminal"), context, SystemClock())


@contextmanager
def running(settings: DropBox, log: ActLog | None = None) -> Iterator[RunningDropBox]:
    """The drop box in a thread of its own."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    box = RunningDropBox(settings, log or log_beside(settings))
    failed: list[BaseException] = []

    async def serve() -> None:
        async with box:
            ready.set()
            await box.serve_forever()

    def work() -> None:
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001 - told to the test
            failed.append(error)
        finally:
            ready.set()
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    task = loop.create_task(serve())
    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(60)
    if failed:
        raise failed[0]
    try:
        yield box
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(20)
        assert not thread.is_alive()


def make_key(path: Path, kind: str = "ecdsa-sha2-nistp256") -> Path:
    key = asyncssh.generate_private_key(kind)
    key.write_private_key(str(path))
    path.chmod(0o600)
    key.write_public_key(str(path.with_suffix(".pub")))
    return path


@pytest.fixture
def settings(tmp_path: Path) -> DropBox:
    keys = tmp_path / "admitted"
    keys.mkdir()
    for user in (MUNICIPALITY, OTHER):
        make_key(tmp_path / f"{user}.key")
        shutil.copy(tmp_path / f"{user}.pub", keys / f"{user}.pub")
    return DropBox(tmp_path / "boxes", keys, make_key(tmp_path / "host.key"))


@pytest.fixture
def box(settings: DropBox) -> Iterator[RunningDropBox]:
    with running(settings) as opened:
        yield opened


def server_of(box: RunningDropBox, folder: Path, user: str = MUNICIPALITY, **changes: Any) -> Server:
    given: dict[str, Any] = {"fingerprint": box.fingerprint, "pause_seconds": 0.05, **changes}
    return Server("127.0.0.1", user, folder / f"{user}.key", f"/{INCOMING}", box.port, **given)


def files(folder: Path, *names: str, size: int = 10) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in names]
    for path in paths:
        path.write_bytes((path.name.encode() + b"\r\n") * size)
    return paths


def put(server: Server, paths: list[Path], addressee: str = AGGREGATION) -> str:
    return put_files(server, paths, MUNICIPALITY, addressee, MOMENT, BOOK).name


class TestBothEndsOurs:
    def test_a_sending_arrives_and_is_taken(self, box: RunningDropBox, tmp_path: Path) -> None:
        """Rules: S-12, S-13."""
        sent = files(tmp_path / "out", "a.csv", "b.csv", size=100_000)
        name = put(server_of(box, tmp_path), sent)
        place = box.settings.root / MUNICIPALITY / INCOMING
        assert {each.name for each in place.iterdir()} == {"a.csv", "b.csv", name}
        taken = ExchangeFolder(place, tmp_path / "in", tmp_path / "records", AGGREGATION).take()
        assert [each.outcome for each in taken] == [Outcome.TAKEN]
        for path in sent:
            assert (tmp_path / "in" / path.name).read_bytes() == path.read_bytes()

    def test_a_sending_is_fetched_and_removed(self, box: RunningDropBox, tmp_path: Path) -> None:
        """Rules: S-13."""
        server = evolve(server_of(box, tmp_path), folder=f"/{OUTGOING}")
        sent = files(tmp_path / "out", "a.csv", "b.csv", size=50_000)
        name = put(server, sent, addressee=MUNICIPALITY)
        assert get_sendings(server, tmp_path / "local", OTHER) == []
        assert get_sendings(server, tmp_path / "local", MUNICIPALITY) == [name]
        assert list((box.settings.root / MUNICIPALITY / OUTGOING).iterdir()) == []
        folder = ExchangeFolder(tmp_path / "local", tmp_path / "in", tmp_path / "records", MUNICIPALITY)
        assert [each.outcome for each in folder.take()] == [Outcome.TAKEN]
        assert (tmp_path / "in" / "b.csv").read_bytes() == sent[1].read_bytes()

    def test_a_file_changed_on_the_server_is_not_taken(self, box: RunningDropBox, tmp_path: Path) -> None:
        """Rules: S-13."""
        server = evolve(server_of(box, tmp_path), folder=f"/{OUTGOING}")
        put(server, files(tmp_path / "out", "a.csv"), addressee=MUNICIPALITY)
        place = box.settings.root / MUNICIPALITY / OUTGOING / "a.csv"
        place.write_bytes(place.read_bytes()[:-3] + b"x\r\n")
        with pytest.raises(FileRefused) as refused:
            get_sendings(server, tmp_path / "local", MUNICIPALITY)
        assert refused.value.code == "KKH-E002"
        assert list((tmp_path / "local").iterdir()) == []

    def test_an_interrupted_upload_goes_on(self, box: RunningDropBox, tmp_path: Path) -> None:
        """Rules: S-13."""
        (sent,) = files(tmp_path / "out", "a.csv", size=200_000)
        place = box.settings.root / MUNICIPALITY / INCOMING
        put(server_of(box, tmp_path), [sent])
        (place / "a.csv").unlink()
        half = place / f".{hashlib.sha256(sent.read_bytes()).hexdigest()[:32]}.part"
        half.write_bytes(sent.read_bytes()[:700_000])
        put(server_of(box, tmp_path), [sent])
        assert (place / "a.csv").read_bytes() == sent.read_bytes()
        assert not half.exists()
        # what stands under the temporary name but is something else is thrown away, and the next try is whole
        (place / "a.csv").unlink()
        half.write_bytes(b"?" * 700_000)
        put(server_of(box, tmp_path), [sent])
        assert (place / "a.csv").read_bytes() == sent.read_bytes()

    def test_another_file_of_the_name_is_not_overwritten(self, box: RunningDropBox, tmp_path: Path) -> None:
        """Rules: S-14."""
        put(server_of(box, tmp_path), files(tmp_path / "out", "a.csv"))
        with pytest.raises(FileRefused) as refused:
            put(server_of(box, tmp_path), files(tmp_path / "other", "a.csv", size=11))
        assert refused.value.code == "KKH-E013"

    def test_a_number_is_not_sent(self, box: RunningDropBox, tmp_path: Path) -> None:
        """Rules: S-6."""
        path = tmp_path / "memo.txt"
        path.write_text(f"see {number(7)}\n")
        with pytest.raises(FileRefused) as refused:
            put(server_of(box, tmp_path), [path])
        assert refused.value.code == "KKH-E009" and number(7) not in str(refused.value)
        assert not (box.settings.root / MUNICIPALITY).exists()


class TestWhoMayConnect:
    def test_an_unknown_or_changed_host_key_is_refused(self, box: RunningDropBox, tmp_path: Path) -> None:
        """Rules: S-12."""
        sent = files(tmp_path / "out", "a.csv")
        other = asyncssh.read_private_key(str(make_key(tmp_path / "other-host.key")))
        known = tmp_path / "known_hosts"
        for entry in (f"[127.0.0.1]:{box.port} {other.export_public_key().decode()}", "# nobody\n"):
            known.write_text(entry)
            with pytest.raises(SetupFault) as fault:
                put(server_of(box, tmp_path, fingerprint=None, host_keys=known), sent)
            assert fault.value.code == "KKH-E010"
        with pytest.raises(SetupFault) as fault:
            put(server_of(box, tmp_path, fingerprint=other.get_fingerprint("sha256")), sent)
        assert fault.value.code == "KKH-E010"
        assert not (box.settings.root / MUNICIPALITY).exists()
        right = asyncssh.read_public_key(str(tmp_path / "host.pub"))
        known.write_text(f"[127.0.0.1]:{box.port} {right.export_public_key().decode()}")
        put(server_of(box, tmp_path, fingerprint=None, host_keys=known), sent)

    def test_the_host_must_be_known_in_one_way(self, tmp_path: Path) -> None:
        """Rules: S-12."""
        for given in ({}, {"host_keys": tmp_path / "k", "fingerprint": "SHA256:x"}):
            with pytest.raises(SetupFault) as fault:
                Server("host", MUNICIPALITY, tmp_path / "key", "/", **given)  # type: ignore[arg-type]
            assert fault.value.code == "KKH-E010"

    def test_a_foreign_key_a_foreign_user_and_a_withdrawn_key(self, box: RunningDropBox, tmp_path: Path) -> None:
        """Rules: S-1, S-31."""
        sent = files(tmp_path / "out", "a.csv")
        wrong = evolve(server_of(box, tmp_path), key=tmp_path / f"{OTHER}.key")
        for server in (wrong, evolve(wrong, user="../139527"), evolve(wrong, user="139535")):
            with pytest.raises(SetupFault) as fault:
                put(server, sent)
            assert fault.value.code == "KKH-E011"
        put(server_of(box, tmp_path), sent)
        (box.settings.keys / f"{MUNICIPALITY}.pub").unlink()
        with pytest.raises(SetupFault):
            put(server_of(box, tmp_path), sent)

    def test_no_server_answers(self, box: RunningDropBox, tmp_path: Path) -> None:
        """Rules: S-12."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            free = taken.getsockname()[1]
        started = time.monotonic()
        with pytest.raises(SetupFault) as fault:
            put(evolve(server_of(box, tmp_path), port=free), files(tmp_path / "out", "a.csv"))
        assert fault.value.code == "KKH-E011" and time.monotonic() - started < 60

    def test_weak_algorithms_are_not_spoken(self, box: RunningDropBox, tmp_path: Path) -> None:
        """Rules: S-11."""

        async def connect(**weak: Any) -> None:
            key = asyncssh.read_private_key(str(tmp_path / f"{MUNICIPALITY}.key"))
            async with asyncssh.connect(
                "127.0.0.1", box.port, username=MUNICIPALITY, client_keys=[key], known_hosts=None, config=None, **weak
            ):
                pass

        asyncio.run(connect(encryption_algs=["aes256-gcm@openssh.com"]))
        for weak in (
            {"encryption_algs": ["aes256-cbc", "aes128-ctr", "3des-cbc"]},
            {"kex_algs": ["diffie-hellman-group14-sha1", "curve25519-sha256"]},
        ):
            with pytest.raises((asyncssh.KeyExchangeFailed, asyncssh.ConnectionLost)):  # the server may just hang up
                asyncio.run(connect(**weak))


def sftp(box: RunningDropBox, folder: Path, user: str, commands: str) -> subprocess.CompletedProcess[str]:
    """OpenSSH's own client; a line that begins with «-» may fail."""
    known = folder / "known_hosts"
    host = asyncssh.read_public_key(str(folder / "host.pub")).export_public_key().decode()
    known.write_text(f"[127.0.0.1]:{box.port} {host}")
    batch = folder / "batch"
    batch.write_text(commands)
    return subprocess.run(
        [
            program("sftp"), "-q", "-F", "none", "-P", str(box.port), "-i", str(folder / f"{user}.key"),
            "-o", "IdentitiesOnly=yes", "-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes",
            "-b", str(batch), f"{user}@127.0.0.1",
        ],
        capture_output=True, encoding="utf-8", check=False, timeout=60, cwd=folder,
    )  # fmt: skip


class TestOpensshClient:
    def test_it_puts_and_gets(self, box: RunningDropBox, tmp_path: Path) -> None:
        """Rules: S-13."""
        (sent,) = files(tmp_path / "out", "a.csv", size=100_000)
        done = sftp(
            box,
            tmp_path,
            MUNICIPALITY,
            f"put {sent} /okuri/a.part\nrename /okuri/a.part /okuri/a.csv\nget /okuri/a.csv back\n",
        )
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "back").read_bytes() == sent.read_bytes()

    def test_a_box_is_the_whole_world(self, box: RunningDropBox, tmp_path: Path) -> None:
        """Rules: S-1, S-20."""
        files(box.settings.root / OTHER / OUTGOING, "secret.csv")
        done = sftp(box, tmp_path, MUNICIPALITY, "ls -a /\n-ls -a /../..\n")
        listed = {name for line in done.stdout.splitlines() if not line.startswith("sftp>") for name in line.split()}
        assert {name.strip("/").split("/")[-1] for name in listed} <= {"", ".", "..", "okuri", "kaeshi"}
        for command in (
            f"get /../{OTHER}/kaeshi/secret.csv stolen",
            f"get ../../{OTHER}/kaeshi/secret.csv stolen",
            f"get {box.settings.root}/{OTHER}/kaeshi/secret.csv stolen",
            f"rename /okuri /../{OTHER}/okuri/x",
            f"symlink ../{OTHER}/kaeshi /okuri/door",
            f"symlink {box.settings.root}/{OTHER}/kaeshi /okuri/door",
        ):
            done = sftp(box, tmp_path, MUNICIPALITY, f"{command}\n")
            assert done.returncode != 0, command
        assert not (tmp_path / "stolen").exists()
        assert not (box.settings.root / OTHER / INCOMING).exists()

    def test_a_link_that_is_there_leads_nowhere(self, box: RunningDropBox, tmp_path: Path) -> None:
        """Rules: S-1, S-20."""
        files(box.settings.root / OTHER / OUTGOING, "secret.csv")
        own = box.settings.root / MUNICIPALITY / OUTGOING
        own.mkdir(parents=True)
        (own / "door").symlink_to(box.settings.root / OTHER / OUTGOING)
        (own / "file").symlink_to(box.settings.root / OTHER / OUTGOING / "secret.csv")
        for command in ("get /kaeshi/door/secret.csv stolen", "get /kaeshi/file stolen", "put batch /kaeshi/door/new"):
            assert sftp(box, tmp_path, MUNICIPALITY, f"{command}\n").returncode != 0, command
        assert not (tmp_path / "stolen").exists()
        assert not (box.settings.root / OTHER / OUTGOING / "new").exists()

    def test_there_is_no_shell(self, box: RunningDropBox, tmp_path: Path) -> None:
        """Rules: S-1."""
        assert sftp(box, tmp_path, MUNICIPALITY, "pwd\n").returncode == 0
        done = subprocess.run(
            [
                program("ssh"), "-q", "-F", "none", "-p", str(box.port), "-i", str(tmp_path / f"{MUNICIPALITY}.key"),
                "-o", f"UserKnownHostsFile={tmp_path / 'known_hosts'}", "-o", "BatchMode=yes",
                f"{MUNICIPALITY}@127.0.0.1", "echo inside",
            ],
            capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode != 0 and b"inside" not in done.stdout


@pytest.mark.long  # needs the server of OpenSSH, which few machines for developing have
@pytest.mark.parametrize("host_kind", ["ecdsa-sha2-nistp256", "ssh-rsa"])
def test_our_client_against_the_server_of_openssh(tmp_path: Path, host_kind: str) -> None:
    """Rules: S-12, S-13."""
    host_key, user_key = make_key(tmp_path / "host.key", host_kind), make_key(tmp_path / "user.key")
    (tmp_path / "authorized").write_bytes((tmp_path / "user.pub").read_bytes())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    (tmp_path / "remote").mkdir()
    (tmp_path / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {host_key}\nAuthorizedKeysFile {tmp_path / 'authorized'}\n"
        f"PidFile {tmp_path / 'pid'}\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
        "Subsystem sftp internal-sftp\n"
    )
    if getpass.getuser() == "root":
        Path("/run/sshd").mkdir(exist_ok=True)  # where Debian's server, run by root, gives up its rights
    log = (tmp_path / "log").open("wb")
    daemon = subprocess.Popen([program("sshd"), "-D", "-e", "-f", str(tmp_path / "sshd_config")], stderr=log)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        fingerprint = asyncssh.read_public_key(str(tmp_path / "host.pub")).get_fingerprint("sha256")
        server = Server(
            "127.0.0.1", getpass.getuser(), user_key, str(tmp_path / "remote"), port, fingerprint=fingerprint
        )
        sent = files(tmp_path / "out", "a.csv", "b.csv", size=100_000)
        name = put(server, sent, addressee=MUNICIPALITY)
        assert {each.name for each in (tmp_path / "remote").iterdir()} == {"a.csv", "b.csv", name}
        assert get_sendings(server, tmp_path / "local", MUNICIPALITY) == [name]
        assert (tmp_path / "local" / "a.csv").read_bytes() == sent[0].read_bytes()
        assert list((tmp_path / "remote").iterdir()) == []
    finally:
        daemon.terminate()
        daemon.wait(10)
        log.close()
