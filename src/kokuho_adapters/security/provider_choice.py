"""鍵の提供元の選択: the key ring file, or what the configuration names (S-9, S-11)."""

from __future__ import annotations

from pathlib import Path
from pkgutil import resolve_name

from kokuho_adapters.security.algorithms import require_wrapping
from kokuho_adapters.security.file_key_provider import FileKeyProvider
from kokuho_adapters.security.key_provider import GuardedProvider, KeyProvider
from kokuho_adapters.security.key_ring import KeyRing
from kokuho_core.errors import KokuhoError, Problem, SetupFault


def open_provider(name: str | None, key_ring: Path) -> KeyProvider:
    """The provider that ``name`` opens (``module:function``, called with ``key_ring``), without one the key ring file.

    Raises :class:`SetupFault`: KKH-C008 key ring, KKH-C010 nothing of that name, KKH-C014 algorithm or key length not allowed,
    KKH-C019 it does not open.
    """
    provider: KeyProvider = FileKeyProvider(key_ring) if name is None else GuardedProvider(_opened(name, key_ring))
    require_wrapping(provider.algorithm, provider.key_bits)
    return provider


def make_key_ring(path: Path) -> bool:
    """Make an empty key ring unless something stands at ``path``; whether it was made. Raises :class:`SetupFault` (KKH-C008)."""
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    KeyRing.create(path)
    return True


def _opened(name: str, key_ring: Path) -> KeyProvider:
    fault = SetupFault(Problem("KKH-C010", field="key_provider"))
    try:
        open_it = resolve_name(name)
        fault = SetupFault(Problem("KKH-C019", field="key_provider"))
        provider: KeyProvider = open_it(key_ring)
        return provider
    except KokuhoError:
        raise
    except Exception:  # noqa: BLE001, S110 - whatever a vendor's library raises may tell of its keys # nosec B110
        pass
    raise fault
