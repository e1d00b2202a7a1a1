"""一度きりの符号: TOTP (RFC 6238) with HMAC-SHA-256, six digits, 30 seconds; what an authenticator app shows (S-31, S-11).

The secret stands in the database sealed by AES-256-GCM under a key derived from the prefecture's fingerprint key, which the key
provider wraps: whoever has the database alone cannot make a code.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from datetime import datetime, timedelta
from typing import Final, NoReturn

from attrs import define, field, frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from kokuho_adapters.security.data_keys import OpenedKey
from kokuho_adapters.security.framing import framed
from kokuho_core.access import AccessContext, Operation, OperatorId
from kokuho_core.access.operators import compared_name
from kokuho_core.access.second_factor import LOGIN_HOURS, NEEDED, OVER, SecondFactor
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.ports.authentication import Enrolment, OneTimeCodes
from kokuho_core.ports.stores import UnitOfWork

STEP_SECONDS: Final = 30
DIGITS: Final = 6
_STEPS_AROUND: Final = 1
"""Clocks of devices are a little off, and typing takes a while (RFC 6238, 5.2)."""
_SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_CODE: Final = re.compile(r"\d{6}", re.ASCII)


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of one moment."""
    return TOTP(secret, digits, SHA256(), STEP_SECONDS).generate(step * STEP_SECONDS).decode("ascii")


@frozen(eq=False, repr=False)
class TotpCodes:
    """:class:`kokuho_core.ports.authentication.OneTimeCodes` by TOTP. ``key`` seals the secrets of ``prefecture``."""

    _key: OpenedKey
    _prefecture: str

    def __repr__(self) -> str:
        return f"TotpCodes(prefecture={self._prefecture!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("one-time codes are not serialised: open the keys where they are needed")

    def new_secret(self, operator: OperatorId) -> Enrolment:
        secret = secrets.token_bytes(_SECRET_BYTES)
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._key.factors().encrypt(nonce, secret, self._bound(operator))
        uri = TOTP(secret, DIGITS, SHA256(), STEP_SECONDS).get_provisioning_uri(operator, f"kokuho {self._prefecture}")
        return Enrolment(sealed, uri)

    def step_of(self, factor: SecondFactor, code: str, at: datetime) -> int | None:
        """As the port says; a code of one step before or after now counts too. ``at`` is local time of this computer.

        Raises :class:`SetupFault` (KKH-C011) when the sealed secret was changed or is another operator's.
        """
        typed = "".join(unicodedata.normalize("NFKC", code).split())
        if not _CODE.fullmatch(typed):
            return None
        secret = self._opened(factor)
        now = int(at.timestamp()) // STEP_SECONDS
        steps = range(max(0, now - _STEPS_AROUND), now + _STEPS_AROUND + 1)
        same = [step for step in steps if hmac.compare_digest(code_at(secret, step), typed)]
        return max(same, default=None)

    def new_token(self) -> str:
        return secrets.token_urlsafe(32)

    def digest_of(self, token: str) -> bytes:
        """A token is as long as a key: an unkeyed digest of it cannot be guessed."""
        return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()

    def _opened(self, factor: SecondFactor) -> bytes:
        secret = None
        try:
            nonce, sealed = factor.sealed[:_NONCE_BYTES], factor.sealed[_NONCE_BYTES:]
            secret = self._key.factors().decrypt(nonce, sealed, self._bound(factor.operator))
        except (InvalidTag, ValueError):
            pass
        if secret is None:
            raise SetupFault(Problem("KKH-C011", field="second_factor"))
        return secret

    def _bound(self, operator: OperatorId) -> bytes:
        """What a sealed secret is bound to: prefecture, table, column, row and key (S-8)."""
        return framed(self._prefecture, "*", "operator_factor", "sealed", compared_name(operator), self._key.key_id)


@frozen(repr=False)
class Credentials:
    """提示されたもの: a code typed in, or the token of a login."""

    code: str | None = None
    token: str | None = None

    def __repr__(self) -> str:
        return "Credentials(…)"


NOTHING_PRESENTED: Final = Credentials()


@define(eq=False, repr=False)
class SecondFactorAuthentication:
    """:class:`kokuho_core.ports.authentication.Authentication`: a code once per session, or the token of a login."""

    _codes: OneTimeCodes
    _presented: Credentials
    _passed_until: datetime | None = field(default=None, init=False)

    def check(self, work: UnitOfWork, context: AccessContext, operation: Operation, at: datetime) -> str:
        if operation is Operation.CHANGE_FACTOR and not work.factors.is_anybody_enrolled():
            return ""  # somebody has to be the first
        if self._presented.code is not None:
            return self._judged(work, context, self._presented.code, at)
        if operation is Operation.LOG_IN:
            return NEEDED
        if self._passed_until is not None:
            return "" if at < self._passed_until else OVER
        if self._presented.token is not None:
            login = work.factors.login(self._codes.digest_of(self._presented.token))
            return "" if login is not None and login.holds(context.operator, context.terminal, at) else OVER
        return NEEDED

    def _judged(self, work: UnitOfWork, context: AccessContext, code: str, at: datetime) -> str:
        """The code is used up with this, right or wrong."""
        self._presented = Credentials(token=self._presented.token)
        factor = work.factors.of(context.operator)
        if factor is None:
            return NEEDED
        try:
            step = self._codes.step_of(factor, code, at)
        except SetupFault as fault:  # a sealed secret that was tampered with opens nothing, and that is recorded
            return fault.code
        after, refusal = factor.judged(step, at)
        if after is not factor:
            work.factors.save(after)
        if not refusal:
            self._passed_until = at + timedelta(hours=LOGIN_HOURS)
        return refusal
