"""利用者: who works here, as the access control and the audit log know him (S-4, S-31)."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NewType

from kokuho_core.errors import InvalidValue, Problem

OperatorId = NewType("OperatorId", str)
"""利用者名: how an operator is called here; an account name, not a person's full name."""

_FORM: Final = re.compile(r"[\w.@\\-]{1,64}")
_NUMBER: Final = re.compile(r"\d{12}")


def operator_id(text: str) -> OperatorId:
    """利用者名 out of an account name: letters, digits and ``. _ @ - \\``; NFKC, so that one account has one spelling.

    Raises :class:`InvalidValue` (KKH-A020) for anything else, twelve digits in a row among it: they may be a 個人番号.
    """
    name = unicodedata.normalize("NFKC", text).strip()
    if not _FORM.fullmatch(name) or _NUMBER.search(name):
        raise InvalidValue(Problem("KKH-A020", field="operator"))
    return OperatorId(name)


def is_same_operator(one: str, other: str) -> bool:
    """Whether two names are one person's: «Sato», «sato» and «ＳＡＴＯ» are."""
    return compared_name(one) == compared_name(other)


def compared_name(name: str) -> str:
    """The one spelling by which an operator is found."""
    return unicodedata.normalize("NFKC", name).strip().casefold()
