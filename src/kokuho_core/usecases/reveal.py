"""個人番号の表示 (S-3): one number at a time, for a purpose, so many a day, and on record before anybody sees it.

1. the operator's role may see numbers, and the purpose is told (the gatekeeper denies and records otherwise)
2. the person's own number is the one received last and not held; of several municipalities, the newest
3. what this operator saw today is counted in the audit log, under a lock of his own: no two sessions pass the limit together
4. the entry is committed, and only then the number leaves
"""

from __future__ import annotations

from datetime import datetime, time

from kokuho_core.access import Operation
from kokuho_core.errors import AccessDenied, NotFound, Problem
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.insured_person.person import live_rows
from kokuho_core.ports.audit import AuditResult
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.ports.vault import SealedNumber
from kokuho_core.usecases.admission import about, admitted, count, now_of, operator_of, role_of
from kokuho_core.usecases.office import Office
from kokuho_core.vocabulary.check_digits import is_ascii_digits
from kokuho_core.vocabulary.identifiers import Addressee, AddresseeNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber


def _insurer_in(whose: str) -> InsurerNumber | None:
    """The municipality that an ID or addressee names; a prefectural ID names none."""
    if whose.count("/") == 1:
        return InsurerNumber(whose.partition("/")[0])
    return InsurerNumber(whose[1:7]) if whose.startswith("M") and is_ascii_digits(whose[1:], 16) else None


@admitted(
    Operation.REVEAL_NUMBER,
    subject=lambda given: given["whose"],
    insurer=lambda given: _insurer_in(given["whose"]),
    purpose=lambda given: given["purpose"],
)
def reveal_number(office: Office, whose: str, purpose: str) -> IndividualNumber:
    """個人番号を表示する. ``whose`` is a prefectural or municipal ID, or ``保険者番号/宛名番号``; ``purpose`` goes on record.

    Show it to this operator and keep it nowhere. Raises :class:`AccessDenied`: KKH-A002 a role that may not see numbers, KKH-A018
    without a purpose, KKH-A022 the limit of the day; :class:`NotFound`: KKH-N001 nobody, KKH-N004 no number was received;
    :class:`SetupFault` as the vault does.
    """
    if role_of(office) not in office.settings.reveal_roles:
        raise AccessDenied(Problem("KKH-A002", field=Operation.REVEAL_NUMBER.value))
    with office.database.begin(lane=f"reveal/{operator_of(office).casefold()}") as work:
        _require_below_limit(office, work)
        number = office.vault.reveal(work.keys, _number_of(work, _addressees(work, whose)))
        count(revealed=1)
        work.commit()
    return number


def _require_below_limit(office: Office, work: UnitOfWork) -> None:
    midnight = datetime.combine(now_of(office).date(), time())
    shown = work.audit.count(operator_of(office), Operation.REVEAL_NUMBER, AuditResult.DONE, midnight)
    if shown >= office.settings.reveal_daily_limit:
        raise AccessDenied(Problem("KKH-A022", field=Operation.REVEAL_NUMBER.value))


def _addressees(work: UnitOfWork, whose: str) -> list[Addressee]:
    if whose.count("/") == 1:
        insurer, _, addressee = whose.partition("/")
        return [Addressee(InsurerNumber(insurer), AddresseeNumber(addressee))]
    own = work.ids.bearer(whose)
    if own is not None:
        return [own]
    person = work.ids.find(whose)
    if person is None:
        raise NotFound(Problem("KKH-N001", field="ID"))
    return list(work.ids.addressees_of([person]))


def _number_of(work: UnitOfWork, addressees: list[Addressee]) -> SealedNumber:
    messages: dict[Addressee, list[PersonFact]] = {}
    for fact in work.persons.facts_of(addressees):
        messages.setdefault(fact.addressee, []).append(fact)
    if not messages:
        raise NotFound(Problem("KKH-N001", field="ID"))
    held = work.persons.held(addressees)
    rows = [row for each in messages.values() for row in live_rows(each, held) if row.number is not None]
    newest = max(rows, key=lambda row: row.source, default=None)
    sealed = None
    if newest is not None and newest.number is not None:
        sealed = work.persons.sealed(newest.insurer_number, newest.number)
    if newest is None or sealed is None:
        raise NotFound(Problem("KKH-N004", field="individual_number"))
    with work.prefecture_wide():  # a municipality may see its own IDs, but the register of persons is the federation's
        known = work.ids.of_addressees([newest.addressee]).get(newest.addressee)
    if known is not None:
        about(known.municipal_id)
    return sealed
