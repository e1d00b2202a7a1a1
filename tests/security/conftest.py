"""Shared fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest

from kokuho_adapters.security import AesGcmContentProtection, AesGcmNumberVault, KeyRing


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing.generate()


@pytest.fixture
def vault(ring: KeyRing) -> AesGcmNumberVault:
    return AesGcmNumberVault(ring, "13")


@pytest.fixture
def protection(ring: KeyRing) -> AesGcmContentProtection:
    return AesGcmContentProtection(ring)


@pytest.fixture
def ring_file(tmp_path: Path) -> Path:
    path = tmp_path / "ring.keys.json"
    KeyRing.create(path)
    return path
