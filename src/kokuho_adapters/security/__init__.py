"""安全管理: keys and who holds them, number vault, protection of held files, logs without 個人番号 (S-3, S-8 … S-11)."""

from kokuho_adapters.security.content_protection import AesGcmContentProtection
from kokuho_adapters.security.data_keys import DataKeys
from kokuho_adapters.security.file_key_provider import FileKeyProvider
from kokuho_adapters.security.key_custody import KeyCustody
from kokuho_adapters.security.key_provider import KeyProvider
from kokuho_adapters.security.key_ring import KeyRing, SecretKey
from kokuho_adapters.security.number_vault import AesGcmNumberVault

__all__ = [
    "AesGcmContentProtection",
    "AesGcmNumberVault",
    "DataKeys",
    "FileKeyProvider",
    "KeyCustody",
    "KeyProvider",
    "KeyRing",
    "SecretKey",
]
