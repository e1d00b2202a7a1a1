"""安全管理: key ring, number vault, protection of held files, and logs without 個人番号 (S-3, S-8, S-9, S-11)."""

from kokuho_adapters.security.content_protection import AesGcmContentProtection
from kokuho_adapters.security.key_ring import KeyRing, SecretKey
from kokuho_adapters.security.number_vault import AesGcmNumberVault
from kokuho_adapters.security.redaction import configure_logging, redact_numbers

__all__ = [
    "AesGcmContentProtection",
    "AesGcmNumberVault",
    "KeyRing",
    "SecretKey",
    "configure_logging",
    "redact_numbers",
]
