"""第二の認証: what is known of an operator's second factor, and of the logins it opened (S-31).

A code counts once: with it all codes up to its moment are used up. After some wrong ones in a row nothing is accepted any more
until an administrator unlocks it, so that nobody finds a code by trying.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from attrs import evolve, field, frozen

from kokuho_core.access.operators import OperatorId, is_same_operator

MOST_FAILURES: Final = 5
"""誤りの上限: wrong codes in a row, with the last of which it is locked."""
LOGIN_HOURS: Final = 12
"""ログインの有効時間 after the code: a working day."""

NEEDED: Final = "KKH-A031"
WRONG: Final = "KKH-A032"
LOCKED: Final = "KKH-A033"
OVER: Final = "KKH-A034"


@frozen
class SecondFactor:
    """第二の認証の登録 of one operator. ``sealed`` is the encrypted secret, ``last_step`` the moment of the newest code used."""

    operator: OperatorId
    sealed: bytes = field(repr=False)
    enrolled_by: str
    enrolled_at: datetime
    last_step: int = -1
    failures: int = 0
    locked_at: datetime | None = None
    version: int = 1

    def judged(self, step: int | None, at: datetime) -> tuple[SecondFactor, str]:
        """The next state, and the code of the refusal or nothing. ``step`` is the moment of the presented code, if it is one.

        KKH-A033 while locked, whatever was presented; KKH-A032 wrong, or used before. A code seen before gives nobody
        anything, so it does not count towards the lock.
        """
        if self.locked_at is not None:
            return self, LOCKED
        if step is None:
            failures = self.failures + 1
            return self._next(failures=failures, locked_at=at if failures >= MOST_FAILURES else None), WRONG
        if step <= self.last_step:
            return self, WRONG
        return self._next(last_step=step, failures=0), ""

    def unlocked(self) -> SecondFactor:
        """錠の解除. The secret stays, and so do the codes used up."""
        return self._next(failures=0, locked_at=None)

    def enrolled_anew(self, sealed: bytes, by: str, at: datetime) -> SecondFactor:
        """再登録 with another secret: the device was lost, or changed."""
        return self._next(sealed=sealed, enrolled_by=by, enrolled_at=at, last_step=-1, failures=0, locked_at=None)

    def _next(self, **changes: object) -> SecondFactor:
        return evolve(self, version=self.version + 1, **changes)  # type: ignore[arg-type]


@frozen
class Login:
    """ログイン: opened by a code, for some hours on one terminal. ``digest`` is that of its token, which stands nowhere here."""

    digest: bytes = field(repr=False)
    operator: OperatorId
    terminal: str
    opened_at: datetime
    expires_at: datetime
    closed_at: datetime | None = None

    @classmethod
    def opened(cls, digest: bytes, operator: OperatorId, terminal: str, at: datetime) -> Login:
        return cls(digest, operator, terminal, at, at + timedelta(hours=LOGIN_HOURS))

    def holds(self, operator: str, terminal: str, at: datetime) -> bool:
        """Whether it is this operator's, on this terminal, and neither over nor closed."""
        is_his = is_same_operator(self.operator, operator) and self.terminal == terminal
        return is_his and self.closed_at is None and self.opened_at <= at < self.expires_at
