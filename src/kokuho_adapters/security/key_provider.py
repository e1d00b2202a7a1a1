"""鍵の提供元の口: where the keys live that wrap all others: a file, an HSM (PKCS#11) or a key service.

The provider's keys need never leave it. It wraps and unwraps data keys of 32 bytes, a few per municipality, when a process
first needs them; numbers themselves never reach it. Every version of a data key has a wrapping key of its own, so that it
can be destroyed alone, in all backups of the database too (S-29).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from kokuho_adapters.security.algorithms import KEY_BYTES, require_wrapping
from kokuho_core.errors import KokuhoError, Problem, SetupFault

Answer = TypeVar("Answer")


class KeyProvider(Protocol):
    """鍵の提供元. Methods may be called from several threads. Faults are :class:`SetupFault`, without key or context:

    KKH-C011 what was wrapped was changed or has another context, KKH-C016 no such key (any more), KKH-C019 not available.
    """

    @property
    def algorithm(self) -> str:
        """Name of the wrapping, one of :data:`~kokuho_adapters.security.algorithms.WRAPPING_ALGORITHMS`."""
        ...

    @property
    def key_bits(self) -> int:
        """Length of the wrapping keys."""
        ...

    def create_keys(self, count: int) -> Sequence[str]:
        """Make wrapping keys and return their ids (1 to 64 of ``A-Za-z0-9._-``). They are durable when it returns."""
        ...

    def key_ids(self) -> frozenset[str]:
        """The ids of all usable keys."""
        ...

    def wrap(self, key_id: str, material: bytes, context: bytes) -> bytes:
        """Encrypt a data key under ``key_id``, bound to ``context`` (authenticated, not kept)."""
        ...

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """The data key again; only with the same key and context."""
        ...

    def destroy_keys(self, key_ids: Iterable[str]) -> None:
        """Make keys unusable for ever. Ids that are not there any more are passed over, so that it may be repeated."""
        ...


class GuardedProvider:
    """Another provider, of which no exception comes through: what a vendor's library raises may tell of its keys.

    Whatever is no :class:`KokuhoError` becomes :class:`SetupFault` (KKH-C019).
    """

    __slots__ = ("__inside",)

    def __init__(self, inside: KeyProvider) -> None:
        self.__inside = inside

    def __repr__(self) -> str:
        return f"GuardedProvider({type(self.__inside).__name__})"

    @property
    def algorithm(self) -> str:
        return self.__guarded(lambda: self.__inside.algorithm)

    @property
    def key_bits(self) -> int:
        return self.__guarded(lambda: self.__inside.key_bits)

    def create_keys(self, count: int) -> Sequence[str]:
        return self.__guarded(lambda: self.__inside.create_keys(count))

    def key_ids(self) -> frozenset[str]:
        return self.__guarded(lambda: frozenset(self.__inside.key_ids()))

    def wrap(self, key_id: str, material: bytes, context: bytes) -> bytes:
        return self.__guarded(lambda: self.__inside.wrap(key_id, material, context))

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        return self.__guarded(lambda: self.__inside.unwrap(key_id, wrapped, context))

    def destroy_keys(self, key_ids: Iterable[str]) -> None:
        self.__guarded(lambda: self.__inside.destroy_keys(key_ids))

    def __guarded(self, ask: Callable[[], Answer]) -> Answer:
        try:
            return ask()
        except KokuhoError:
            raise
        except Exception:  # noqa: BLE001, S110 - raised below, where nothing of it hangs on # nosec B110
            pass
        raise SetupFault(Problem("KKH-C019", field="key_provider"))


def require_sound(provider: KeyProvider, key_id: str) -> None:
    """Refuse a provider whose wrapping is not allowed, or does not bind what it wraps (S-8, S-11).

    Raises :class:`SetupFault`: KKH-C014 with what is wrong.
    """
    require_wrapping(provider.algorithm, provider.key_bits)
    material = secrets.token_bytes(KEY_BYTES)
    wrapped = provider.wrap(key_id, material, b"kokuho trial")
    if material in wrapped or _unwrapped(provider, key_id, wrapped, b"kokuho trial") != material:
        raise SetupFault(Problem("KKH-C014", field="wrapping"))
    if _unwrapped(provider, key_id, wrapped, b"kokuho other trial") is not None:
        raise SetupFault(Problem("KKH-C014", field="wrapping_context"))
    changed = bytes([wrapped[0] ^ 1]) + wrapped[1:]
    if _unwrapped(provider, key_id, changed, b"kokuho trial") is not None:
        raise SetupFault(Problem("KKH-C014", field="wrapping_integrity"))


def _unwrapped(provider: KeyProvider, key_id: str, wrapped: bytes, context: bytes) -> bytes | None:
    """What the provider opens, None where it refuses."""
    try:
        return provider.unwrap(key_id, wrapped, context)
    except KokuhoError:
        return None
