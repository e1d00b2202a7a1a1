"""権限の管理 (S-31): grant, renew, revoke and transfer, by an administrator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from kokuho_core.access import Grant, Operation, Rights, Role, operator_id
from kokuho_core.errors import NotFound, Problem
from kokuho_core.usecases.admission import admitted, now_of, operator_of
from kokuho_core.usecases.office import Office
from kokuho_core.vocabulary.identifiers import InsurerNumber


@admitted(Operation.LIST_RIGHTS)
def list_rights(office: Office, *, valid_only: bool = False) -> list[Grant]:
    """権限の一覧 by number; ``valid_only`` leaves out what is over."""
    now = now_of(office)
    with office.database.begin(read_only=True) as work:
        return [grant for grant in work.rights.all().grants if not valid_only or grant.is_ahead(now)]


@admitted(Operation.CHANGE_RIGHTS, subject=lambda given: given["operator"])
def grant_right(
    office: Office,
    operator: str,
    role: Role,
    scope: InsurerNumber | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> list[Grant]:
    """付与. Returns the new grant first, then what ended with it (the trial of one person, see :class:`Rights`).

    Raises :class:`InvalidValue` (KKH-A015, KKH-A020), :class:`AccessDenied` (KKH-A014), :class:`NotFound` (KKH-N002).
    """
    name = operator_id(operator)
    with office.database.begin() as work:
        if scope is not None and scope not in work.register():
            raise NotFound(Problem("KKH-N002", field="insurer"))
        changed = work.rights.all().grant(
            work.rights.next_number(), name, role, scope, operator_of(office), now_of(office), valid_from, valid_until
        )
        work.rights.save(changed)
        work.commit()
    return changed


@admitted(Operation.CHANGE_RIGHTS, subject=lambda given: given["number"])
def renew_right(office: Office, number: str) -> list[Grant]:
    """更新 for the next fiscal year. Raises :class:`NotFound` (KKH-A016), :class:`InvalidValue` (KKH-A015)."""
    return _changed(office, lambda rights, new, by, at: rights.renew(new(), number, by, at))


@admitted(Operation.CHANGE_RIGHTS, subject=lambda given: given["number"])
def revoke_right(office: Office, number: str) -> list[Grant]:
    """失効, at once. Raises :class:`NotFound` (KKH-A016)."""
    return _changed(office, lambda rights, _new, by, at: rights.revoke(number, by, at))


@admitted(Operation.CHANGE_RIGHTS, subject=lambda given: given["number"])
def transfer_right(office: Office, number: str, to: str) -> list[Grant]:
    """引継ぎ to another person. Raises :class:`NotFound` (KKH-A016), :class:`InvalidValue`, :class:`AccessDenied` (KKH-A014)."""
    name = operator_id(to)
    return _changed(office, lambda rights, new, by, at: rights.transfer(new(), number, name, by, at))


def _changed(office: Office, command: Callable[[Rights, Callable[[], str], str, datetime], list[Grant]]) -> list[Grant]:
    with office.database.begin() as work:
        changed = command(work.rights.all(), work.rights.next_number, operator_of(office), now_of(office))
        work.rights.save(changed)
        work.commit()
    return changed
