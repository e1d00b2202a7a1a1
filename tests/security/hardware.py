"""A key provider as an HSM or a key service is one: its keys never leave it. It wraps and unwraps, nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kokuho_core.errors import Problem, SetupFault


class HardwareModule:
    """A :class:`~kokuho_adapters.security.KeyProvider` in memory. ``calls`` says what was asked of it."""

    algorithm = "AES-256-GCM"
    key_bits = 256

    def __init__(self) -> None:
        inside: dict[str, AESGCM] = {}
        self.calls: list[str] = []
        self._use: Callable[[], dict[str, AESGCM]] = lambda: inside

    def create_keys(self, count: int) -> Sequence[str]:
        self.calls.append("create")
        made = [f"slot-{len(self._use()) + number}-{os.urandom(4).hex()}" for number in range(1, count + 1)]
        self._use().update({key_id: AESGCM(AESGCM.generate_key(256)) for key_id in made})
        return made

    def key_ids(self) -> frozenset[str]:
        return frozenset(self._use())

    def wrap(self, key_id: str, material: bytes, context: bytes) -> bytes:
        self.calls.append("wrap")
        nonce = os.urandom(12)
        return nonce + self._cipher(key_id).encrypt(nonce, material, context)

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        self.calls.append("unwrap")
        try:
            return self._cipher(key_id).decrypt(wrapped[:12], wrapped[12:], context)
        except (InvalidTag, ValueError):
            raise SetupFault(Problem("KKH-C011", field="data_key")) from None

    def destroy_keys(self, key_ids: Iterable[str]) -> None:
        self.calls.append("destroy")
        for key_id in key_ids:
            self._use().pop(key_id, None)

    def _cipher(self, key_id: str) -> AESGCM:
        cipher = self._use().get(key_id)
        if cipher is None:
            raise SetupFault(Problem("KKH-C016", field="wrapping_key"))
        return cipher


OPENED: dict[str, HardwareModule] = {}
"""Modules by the folder they belong to: like hardware, they outlive the installation that opens them."""


def open_module(key_ring: Path) -> HardwareModule:
    return OPENED.setdefault(str(key_ring.resolve().parent), HardwareModule())


def open_broken_module(key_ring: Path) -> HardwareModule:
    raise RuntimeError(f"no module, but a secret: {key_ring}")


class WeakModule(HardwareModule):
    """An algorithm that is not allowed."""

    algorithm = "AES-256-ECB"


def open_weak_module(key_ring: Path) -> HardwareModule:
    return WeakModule()
