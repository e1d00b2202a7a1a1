"""第二の認証の管理 (S-31): an administrator enrols and unlocks, an operator logs in and out."""

from __future__ import annotations

from attrs import frozen

from kokuho_core.access import Operation, operator_id
from kokuho_core.access.second_factor import Login, SecondFactor
from kokuho_core.errors import NotFound, Problem, SetupFault
from kokuho_core.ports.authentication import OneTimeCodes
from kokuho_core.usecases.admission import admitted, now_of, operator_of
from kokuho_core.usecases.office import Office


@frozen
class OpenedLogin:
    """ログイン with its ``token``, which whoever logged in keeps for himself."""

    token: str
    login: Login


@admitted(Operation.CHANGE_FACTOR, subject=lambda given: given["operator"])
def enrol(office: Office, codes: OneTimeCodes, operator: str) -> str:
    """登録・再登録: a new secret for the operator, as the URI (``otpauth://``) his device takes in. It is shown this once.

    Every login he has is closed. Raises :class:`InvalidValue` (KKH-A020).
    """
    name = operator_id(operator)
    made = codes.new_secret(name)
    by, now = operator_of(office), now_of(office)
    with office.database.begin() as work:
        known = work.factors.of(name)
        fresh = SecondFactor(name, made.sealed, by, now)
        work.factors.save(fresh if known is None else known.enrolled_anew(made.sealed, by, now))
        work.factors.close_logins(name, now)
        work.commit()
    return made.uri


@admitted(Operation.CHANGE_FACTOR, subject=lambda given: given["operator"])
def unlock(office: Office, operator: str) -> SecondFactor:
    """錠の解除 after too many wrong codes. Raises :class:`NotFound` (KKH-A036)."""
    with office.database.begin() as work:
        known = work.factors.of(operator)
        if known is None:
            raise NotFound(Problem("KKH-A036", field="operator"))
        unlocked = known.unlocked()
        work.factors.save(unlocked)
        work.commit()
    return unlocked


@admitted(Operation.LIST_RIGHTS)
def list_factors(office: Office) -> list[SecondFactor]:
    """登録の一覧, by operator."""
    with office.database.begin(read_only=True) as work:
        return work.factors.all()


@admitted(Operation.LOG_IN)
def log_in(office: Office, codes: OneTimeCodes) -> OpenedLogin:
    """ログイン: what is admitted to it has presented a code just now.

    Raises :class:`SetupFault` (KKH-A035) where no second factor is asked for: a token made without a code would outlast that.
    """
    gatekeeper = office.gatekeeper
    if gatekeeper is None or gatekeeper.authentication is None:
        raise SetupFault(Problem("KKH-A035", field="second_factor"))
    token = codes.new_token()
    login = Login.opened(codes.digest_of(token), operator_of(office), gatekeeper.context.terminal, now_of(office))
    with office.database.begin() as work:
        with work.prefecture_wide():  # who may work here is nobody's data
            work.factors.open_login(login)
        work.commit()
    return OpenedLogin(token, login)


@admitted(Operation.LOG_OUT)
def log_out(office: Office, codes: OneTimeCodes, token: str) -> None:
    """ログアウト: the token counts no more."""
    with office.database.begin() as work:
        with work.prefecture_wide():
            work.factors.close_logins(operator_of(office), now_of(office), codes.digest_of(token))
        work.commit()
