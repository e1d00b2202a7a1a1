"""本人の確認の口: whether an operator is who he says he is (S-31). What he may do is a matter of his rights."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from attrs import field, frozen

from kokuho_core.access.context import AccessContext
from kokuho_core.access.operations import Operation
from kokuho_core.access.operators import OperatorId
from kokuho_core.access.second_factor import Login, SecondFactor

if TYPE_CHECKING:
    from kokuho_core.ports.stores import UnitOfWork


class Authentication(Protocol):
    """本人の確認 of one session. Without one, the operator's name is taken as it is given."""

    def check(self, work: UnitOfWork, context: AccessContext, operation: Operation, at: datetime) -> str:
        """Nothing when it is he; else the code of the refusal (KKH-A031 … KKH-A034).

        Asked before each operation, in the transaction that records whether it is admitted; what it keeps in ``work`` stands
        after a refusal too.
        """
        ...


@frozen
class Enrolment:
    """登録: the secret, sealed, and as the operator's device takes it in (``uri``), which is shown once and kept nowhere."""

    sealed: bytes = field(repr=False)
    uri: str = field(repr=False)


class OneTimeCodes(Protocol):
    """一度きりの符号: secrets, codes and tokens."""

    def new_secret(self, operator: OperatorId) -> Enrolment: ...

    def step_of(self, factor: SecondFactor, code: str, at: datetime) -> int | None:
        """The moment that ``code`` is of, counted in steps of the codes; None when it is none that counts ``at`` this time."""
        ...

    def new_token(self) -> str:
        """A secret for one login."""
        ...

    def digest_of(self, token: str) -> bytes: ...


class FactorStore(Protocol):
    """第二の認証の保管."""

    def is_anybody_enrolled(self) -> bool: ...

    def of(self, operator: str) -> SecondFactor | None: ...

    def all(self) -> list[SecondFactor]:
        """By operator."""
        ...

    def save(self, factor: SecondFactor) -> None:
        """Raises :class:`Conflict` (KKH-X001) when another state was kept meanwhile."""
        ...

    def open_login(self, login: Login) -> None: ...

    def login(self, digest: bytes) -> Login | None: ...

    def close_logins(self, operator: str, at: datetime, digest: bytes | None = None) -> None:
        """Close one login of the operator, or all of them."""
        ...
