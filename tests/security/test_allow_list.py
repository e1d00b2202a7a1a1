"""Algorithms (S-11): nothing of the sources uses a weak one, and no key but one of 256 bits is made or taken."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import kokuho_adapters
import kokuho_core

SOURCES = sorted(
    path for package in (kokuho_core, kokuho_adapters) for path in Path(package.__file__ or "").parent.rglob("*.py")
)

BANNED_NAMES = frozenset(
    {
        "ECB", "CBC", "CFB", "CFB8", "OFB", "MD5", "md5", "SHA1", "sha1", "SHA224", "sha224", "TripleDES", "ARC4", "RC4", "RC2",
        "Blowfish", "CAST5", "IDEA", "SEED", "SM4", "SM3", "ChaCha20", "AES128", "PKCS1v15", "blake2b", "blake2s", "Fernet",
    }
)  # fmt: skip
"""Of ``cryptography`` and ``hashlib``; Fernet is AES-128-CBC."""

RANDOM_MODULES = frozenset({"random", "numpy.random"})
INVENTED_DATA = {"synthetic", "sample", "registry_simulator", "conformance"}
"""Folders that repeat invented data or disorder from a seed; they may use :mod:`random`, and nothing secret is there."""


def offences(source: str, *, may_repeat: bool = False) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute | ast.Name):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name in BANNED_NAMES:
                yield f"line {node.lineno}: {name}"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                if alias.name in BANNED_NAMES:
                    yield f"line {node.lineno}: {alias.name}"
                if not may_repeat and {module, alias.name, f"{module}.{alias.name}"} & RANDOM_MODULES:
                    yield f"line {node.lineno}: random"
        elif isinstance(node, ast.Call):
            yield from _by_name(node)


def _by_name(call: ast.Call) -> Iterator[str]:
    """``hashlib.new("md5")`` and the like: what is named by a text must be a text that is seen here, and allowed."""
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr in ("new", "pbkdf2_hmac", "file_digest"):
        if isinstance(function.value, ast.Name) and function.value.id in ("hashlib", "hmac"):
            named = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            if not named or not set(named) <= {"sha256", "sha384", "sha512"}:
                yield f"line {call.lineno}: {function.value.id}.{function.attr}"


def test_the_sources_are_found() -> None:
    assert len(SOURCES) > 100
    assert {path.name for path in SOURCES} >= {"number_vault.py", "content_protection.py", "file_key_provider.py"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(path.parents[2]).as_posix())
def test_nothing_weak_is_used(path: Path) -> None:
    """Rules: S-11."""
    may_repeat = bool(INVENTED_DATA & set(path.parts))
    assert list(offences(path.read_text("utf-8"), may_repeat=may_repeat)) == []


@pytest.mark.parametrize(
    "source",
    [
        "from cryptography.hazmat.primitives.ciphers import modes\nmodes.ECB()",
        "from cryptography.hazmat.primitives.ciphers.modes import CBC",
        "import hashlib\nhashlib.md5(b'')",
        "import hashlib\nhashlib.new('md5')",
        "import hashlib\nhashlib.new(name)",
        "from hashlib import sha1",
        "from cryptography.hazmat.primitives.hashes import SHA1 as digest",
        "import random",
        "from random import choice",
        "from numpy import random",
        "import numpy.random",
        "from cryptography.fernet import Fernet",
        "import hmac\nhmac.new(key, text, 'sha1')",
    ],
)
def test_what_is_banned_is_found(source: str) -> None:
    """Rules: S-11."""
    assert list(offences(source))


@pytest.mark.parametrize(
    "source",
    ["import secrets", "from os import urandom", "import hashlib\nhashlib.sha256(b'')", "import hashlib\nhashlib.new('sha256')"],
)
def test_what_is_allowed_is_left_alone(source: str) -> None:
    assert not list(offences(source))
