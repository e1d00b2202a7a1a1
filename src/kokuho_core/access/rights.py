"""権限: given by an administrator for one fiscal year at most, renewed each year, revoked at once (S-31)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from attrs import evolve, frozen

from kokuho_core.access.operators import OperatorId, is_same_operator
from kokuho_core.access.roles import Role
from kokuho_core.errors import AccessDenied, InvalidValue, NotFound, Problem
from kokuho_core.vocabulary.identifiers import InsurerNumber


def fiscal_year_end(day: date) -> date:
    """年度末: March 31 of the fiscal year in which ``day`` lies."""
    return date(day.year if day.month <= 3 else day.year + 1, 3, 31)


@frozen
class Grant:
    """付与された権限. ``valid_from`` and ``valid_until`` are days, both included; ``revoked_at`` ends it at that moment.

    Raises :class:`InvalidValue`: KKH-A015 a reversed term or one beyond the fiscal year, KKH-A020 a scope that does not go with
    the role.
    """

    number: str
    operator: OperatorId
    role: Role
    scope: InsurerNumber | None
    valid_from: date
    valid_until: date
    granted_by: str
    granted_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str | None = None

    def __attrs_post_init__(self) -> None:
        if not self.valid_from <= self.valid_until <= fiscal_year_end(self.valid_from):
            raise InvalidValue(Problem("KKH-A015", field="valid_until"))
        if self.role.needs_scope != (self.scope is not None):
            raise InvalidValue(Problem("KKH-A020", field="scope"))

    def is_valid(self, at: datetime) -> bool:
        """Whether it holds at this moment."""
        return self._stands(at) and self.valid_from <= at.date() <= self.valid_until

    def is_ahead(self, at: datetime) -> bool:
        """Whether it holds now or will."""
        return self._stands(at) and at.date() <= self.valid_until

    def _stands(self, at: datetime) -> bool:
        return self.revoked_at is None or at < self.revoked_at

    def revoked(self, by: str, at: datetime) -> Grant:
        """Ended from ``at`` on. Raises :class:`NotFound` (KKH-A016) when it was ended before."""
        if self.revoked_at is not None:
            raise NotFound(Problem("KKH-A016", field=self.number))
        return evolve(self, revoked_at=at, revoked_by=by)


@frozen
class Rights:
    """権限の台帳: all grants of an installation, the ended ones too. Commands give the grants that are new or changed.

    A right is never lengthened: renewing gives another one for the next fiscal year. Once a second person has a right, nobody is
    administrator and anything else at the same time; as long as only one person works here (試用), he is all of it.
    """

    grants: tuple[Grant, ...] = ()

    def of(self, operator: str, at: datetime) -> list[Grant]:
        """What an operator may now."""
        return [grant for grant in self._named(operator) if grant.is_valid(at)]

    def had_any(self, operator: str) -> bool:
        """Whether an operator ever had a right, which is another denial than that of an unknown one."""
        return any(True for _ in self._named(operator))

    def has_administrator(self, at: datetime) -> bool:
        return any(grant.role is Role.ADMINISTRATOR and grant.is_valid(at) for grant in self.grants)

    def is_sole(self, at: datetime) -> bool:
        """一人だけの試用: whether nobody or one person alone has rights, now or ahead."""
        return len({grant.operator.casefold() for grant in self.grants if grant.is_ahead(at)}) <= 1

    def first(self, numbers: Iterator[str], operator: OperatorId, at: datetime) -> list[Grant]:
        """初めの権限 by ``init``: where there is no administrator, the one who sets up becomes it; in a new installation he is
        the federation's operator and auditor too, until a second person gets a right."""
        if self.has_administrator(at):
            return []
        others = any(grant.is_ahead(at) and not is_same_operator(grant.operator, operator) for grant in self.grants)
        due = [Role.ADMINISTRATOR] if others else [Role.FEDERATION, Role.ADMINISTRATOR, Role.AUDITOR]
        held = {grant.role for grant in self.of(operator, at)}
        day = at.date()
        made = [
            Grant(next(numbers), operator, role, None, day, fiscal_year_end(day), operator, at)
            for role in due
            if role not in held
        ]
        given_up = self._given_up(operator, operator, at) if others else []
        return self._settled([*given_up, *made], at)

    def grant(
        self,
        number: str,
        operator: OperatorId,
        role: Role,
        scope: InsurerNumber | None,
        by: str,
        at: datetime,
        valid_from: date | None = None,
        valid_until: date | None = None,
    ) -> list[Grant]:
        """付与, from today to the end of the fiscal year unless said otherwise.

        The first right of a second person ends the trial: what the administrator had besides ends with it. Raises
        :class:`InvalidValue` (KKH-A015), :class:`AccessDenied` (KKH-A014) for an administrator with another role.
        """
        start = valid_from or at.date()
        if start < at.date():
            raise InvalidValue(Problem("KKH-A015", field="valid_from"))
        made = Grant(number, operator, role, scope, start, valid_until or fiscal_year_end(start), by, at)
        return self._settled([made], at)

    def renew(self, number: str, old: str, by: str, at: datetime) -> list[Grant]:
        """更新: the same right for the fiscal year after its own, or for the rest of this one if that is over.

        Raises :class:`NotFound` (KKH-A016) for one that was revoked or is unknown, :class:`AccessDenied` (KKH-A014).
        """
        before = self.find(old)
        if before.revoked_at is not None:
            raise NotFound(Problem("KKH-A016", field=old))
        start = max(before.valid_until + timedelta(days=1), at.date())
        if start > fiscal_year_end(at.date()) + timedelta(days=1):
            raise InvalidValue(Problem("KKH-A015", field="valid_from"))  # next year's right has been given already
        made = evolve(
            before, number=number, valid_from=start, valid_until=fiscal_year_end(start), granted_by=by, granted_at=at
        )
        return self._settled([made], at)

    def revoke(self, number: str, by: str, at: datetime) -> list[Grant]:
        """失効, at once. Raises :class:`NotFound` (KKH-A016)."""
        return [self.find(number).revoked(by, at)]

    def transfer(self, number: str, old: str, to: OperatorId, by: str, at: datetime) -> list[Grant]:
        """引継ぎ: the right ends here and goes on with another person, for the rest of its term.

        Raises :class:`NotFound` (KKH-A016), :class:`AccessDenied` (KKH-A014), :class:`InvalidValue` (KKH-A015) when it expired.
        """
        before = self.find(old)
        ended = before.revoked(by, at)
        made = evolve(
            before,
            number=number,
            operator=to,
            valid_from=max(before.valid_from, at.date()),
            granted_by=by,
            granted_at=at,
        )
        return self._settled([ended, made], at)

    def find(self, number: str) -> Grant:
        """Raises :class:`NotFound` (KKH-A016)."""
        for grant in self.grants:
            if grant.number == number:
                return grant
        raise NotFound(Problem("KKH-A016", field="number"))

    def latest(self) -> Rights:
        """With each grant as it was given last."""
        return Rights(tuple({grant.number: grant for grant in self.grants}.values()))

    def _settled(self, changed: list[Grant], at: datetime) -> list[Grant]:
        """With what ends because a second person came. Raises :class:`AccessDenied` (KKH-A014)."""
        after = Rights((*self.grants, *changed)).latest()
        if self.is_sole(at) and not after.is_sole(at):
            for grant in after.grants:
                if grant.role is Role.ADMINISTRATOR and grant.is_ahead(at):
                    changed = [*changed, *after._given_up(grant.operator, grant.granted_by, at)]
            after = Rights((*self.grants, *changed)).latest()
        if not after.is_sole(at):
            for operator in {grant.operator for grant in changed}:
                after._require_separation(operator, at)
        return list({grant.number: grant for grant in changed}.values())

    def _require_separation(self, operator: str, at: datetime) -> None:
        ahead = [grant for grant in self._named(operator) if grant.is_ahead(at)]
        for one in ahead:
            for other in ahead:
                both = max(one.valid_from, other.valid_from) <= min(one.valid_until, other.valid_until)
                if both and one.role is Role.ADMINISTRATOR and other.role is not Role.ADMINISTRATOR:
                    raise AccessDenied(Problem("KKH-A014", field="role"))

    def _given_up(self, administrator: str, by: str, at: datetime) -> list[Grant]:
        """What an administrator holds besides, ended."""
        return [
            grant.revoked(by, at)
            for grant in self._named(administrator)
            if grant.role is not Role.ADMINISTRATOR and grant.is_ahead(at) and grant.revoked_at is None
        ]

    def _named(self, operator: str) -> Iterable[Grant]:
        return (grant for grant in self.grants if is_same_operator(grant.operator, operator))
