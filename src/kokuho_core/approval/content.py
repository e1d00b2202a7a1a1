"""承認の対象の内容: an approval is for exactly what was shown when it was asked for; its digest says whether that still holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NewType

from kokuho_core.approval.kinds import ApprovalKind

ContentDigest = NewType("ContentDigest", str)
"""内容の要約値: SHA-256 in hexadecimal."""


def digest_of(kind: ApprovalKind, subject: str, content: Mapping[str, str]) -> ContentDigest:
    """The digest of an act, on ``subject``, with everything that makes it this act and no other.

    ``content`` names what would be done and to which state, in references: finding and file numbers, keyed fingerprints, counts.
    It never holds a 個人番号: an unkeyed digest of one can be guessed (S-9).
    """
    digest = hashlib.sha256()
    for part in (kind.value, subject, *(text for item in sorted(content.items()) for text in item)):
        data = part.encode("utf-8", "surrogateescape")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return ContentDigest(digest.hexdigest())
