"""アクセスの文脈: who works where and why (S-4). Without one, nothing is read or written."""

from __future__ import annotations

import unicodedata

from attrs import evolve, frozen

from kokuho_core.access.operators import OperatorId, operator_id
from kokuho_core.access.roles import Role
from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.vocabulary.identifiers import InsurerNumber

_LONGEST = 200


@frozen
class AccessContext:
    """利用者・端末・役割・目的 of one session.

    ``role`` None takes whichever of the operator's rights allows an operation; ``scope`` then chooses among several
    municipalities. Raises :class:`InvalidValue` (KKH-A020): a malformed operator, a municipal role without municipality.
    """

    operator: OperatorId
    terminal: str
    role: Role | None = None
    scope: InsurerNumber | None = None
    purpose: str = ""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "operator", operator_id(self.operator))
        object.__setattr__(self, "terminal", _plain(self.terminal))
        object.__setattr__(self, "purpose", _plain(self.purpose))
        if self.role is not None and self.role.needs_scope != (self.scope is not None):
            raise InvalidValue(Problem("KKH-A020", field="scope"))

    def for_purpose(self, purpose: str) -> AccessContext:
        """The same session, for another purpose."""
        return evolve(self, purpose=purpose)


def _plain(text: str) -> str:
    """One line of bounded length, whatever was typed."""
    shown = "".join(" " if unicodedata.category(each).startswith("C") else each for each in text)
    return " ".join(shown.split())[:_LONGEST]
