"""Short ways to write what the core works on: facts, records, households, residents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from kokuho_core.high_cost_history.history import HighCostFact, HighCostMonth
from kokuho_core.household.household import Household, HouseholdFact
from kokuho_core.household_continuity.residents import Resident
from kokuho_core.insured_person.application_period import ApplicationPeriod
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.insured_person.record import PERSON_KEYS, PersonRecord
from kokuho_core.qualification.judgement import prefectural_periods
from kokuho_core.vocabulary.check_digits import luhn_digit, municipality_digit
from kokuho_core.vocabulary.identifiers import (
    Addressee,
    AddresseeNumber,
    HouseholdKey,
    HouseholdNumber,
    InsurerNumber,
    MunicipalityCode,
    PrefecturalInsuredId,
)
from kokuho_core.vocabulary.individual_number import NumberIndex
from kokuho_core.vocabulary.insurers import Insurer, InsurerRegister
from kokuho_core.vocabulary.month import Month

ONE_DAY = timedelta(days=1)


def insurer_number(serial: int) -> InsurerNumber:
    payload = f"13{serial:03d}"
    return InsurerNumber(f"{payload}{luhn_digit(payload)}")


def insurer(serial: int, **more: Any) -> Insurer:
    code = f"13{serial:03d}"
    return Insurer(
        insurer_number(serial), MunicipalityCode(f"{code}{municipality_digit(code)}"), f"見本{serial}市", **more
    )


A, B, C, D, MERGED = (insurer_number(serial) for serial in (901, 902, 903, 904, 905))
"""Four municipalities, and the one that took over ``C``."""
REGISTER = InsurerRegister(
    [insurer(901), insurer(902), insurer(903, successor=MERGED), insurer(904), insurer(905)]
)


def one(a: str, b: str) -> bool:
    """Q-10, X-31 as the models want it: ``C`` and its successor are one."""
    return a == b or {a, b} == {C, MERGED}


def d(text: str) -> date:
    """``2024-05-01`` or, in 2024, ``05-01``."""
    return date.fromisoformat(text if len(text) == 10 else f"2024-{text}")


def days(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields given as ISO text become dates."""
    return {
        key: date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 and value[4] == "-" else value
        for key, value in fields.items()
    }


def index_of(number: str | None) -> NumberIndex | None:
    return None if number is None else NumberIndex(number.encode())


_SHORT = {
    "household": "household_number",
    "start": "application_start",
    "reason": "application_start_reason",
    "end": "application_end",
    "end_reason": "application_end_reason",
    "kind": "update_kind",
    "acquired": "qualification_acquired",
    "acquired_reason": "qualification_acquired_reason",
    "lost": "qualification_lost",
    "lost_reason": "qualification_lost_reason",
    "previous": "previous_number",
}


def fact(insurer: str = A, addressee: str = "1", history: int = 1, **fields: Any) -> PersonFact:
    """One message about one row of a person; see ``_SHORT`` for short names."""
    record: dict[str, Any] = {
        "file_no": 1,
        "line": history + 1,
        "insurer_number": insurer,
        "addressee_number": addressee,
        "history_number": history,
        "update_kind": "1",
        "number": None,
        "previous_number": None,
        "birth_date": date(1960, 5, 5),
        "sex": "2",
        "household_number": "1",
        "member_start": None,
        "member_end": None,
        "insured_kind": "1",
        "application_start": date(2020, 4, 1),
        "application_start_reason": "03",
        "application_end": None,
        "application_end_reason": None,
        "qualification_acquired": None,
        "qualification_acquired_reason": None,
        "qualification_lost": None,
        "qualification_lost_reason": None,
        "special_case": "0",
        "address_withheld": "0",
        "updated_at": datetime(2024, 4, 1, 9, 0, 0),
    }
    record.update({_SHORT.get(key, key): value for key, value in fields.items()})
    for key in ("number", "previous_number"):
        if isinstance(record[key], str):
            record[key] = index_of(record[key])
    return PersonFact(**days(record))


def record(**fields: Any) -> PersonRecord:
    """One SKKOJIN record of an insured person; short names as for :func:`fact`."""
    values: dict[str, Any] = dict.fromkeys(PERSON_KEYS)
    values.update(
        insurer_number=A,
        addressee_number=AddresseeNumber("1"),
        history_number=1,
        update_kind="1",
        name="見本　花子",
        name_kana="ミホン　ハナコ",
        birth_date=date(1960, 5, 5),
        sex="2",
        address="見本町１丁目",
        card_number="0001",
        household_number=HouseholdNumber("1"),
        relationship="01",
        insured_kind="1",
        application_start=date(2020, 4, 1),
        application_start_reason="03",
        special_case="0",
        address_withheld="0",
        self_view_stopped="0",
        updated_at=datetime(2024, 4, 1, 9, 0, 0),
    )
    values.update({_SHORT.get(key, key): value for key, value in fields.items()})
    return PersonRecord(**days(values))


def period(insurer: str = A, start: str = "2020-04-01", reason: str = "03", **more: Any) -> ApplicationPeriod:
    """One application period of one row."""
    (found,) = prefectural_periods([fact(insurer, start=start, reason=reason, **more)])
    return found


def key_of(insurer: str, household: str) -> HouseholdKey:
    return HouseholdKey(InsurerNumber(insurer), HouseholdNumber(household))


def head_row(
    insurer: str, household: str, head: str, start: str | date, end: str | date | None = None, **more: Any
) -> HouseholdFact:
    """One message about one SKSETAI row."""
    fields: dict[str, Any] = {
        "file_no": 1,
        "line": 2,
        "insurer_number": insurer,
        "household_number": household,
        "history_number": 1,
        "update_kind": "1",
        "head_addressee_number": head,
        "head_kind": "1",
        "head_start": start,
        "head_end": end,
    }
    fields.update({{"history": "history_number", "kind": "update_kind"}.get(k, k): v for k, v in more.items()})
    if fields.pop("nominal", False):
        fields["head_kind"] = "2"
    return HouseholdFact(**days(fields))


def household(*rows: HouseholdFact) -> Household:
    return Household(rows)


def resident(name: str, rows: Iterable[PersonFact], *, protected: bool = False) -> Resident:
    """A person from his live rows, as the use case builds him: same-day periods are left out (X-12)."""
    live = list(rows)
    periods = tuple(p for p in prefectural_periods(live) if not p.days.is_empty)
    return Resident(PrefecturalInsuredId(name), frozenset(row.addressee for row in live), periods, protected)


def addressee(insurer: str, number: str) -> Addressee:
    return Addressee(InsurerNumber(insurer), AddresseeNumber(number))


def high_cost(month: Month, kind: str = "1", update: str = "1", insurer: str = A, household: str = "1") -> HighCostFact:
    return HighCostFact(1, 2, InsurerNumber(insurer), HouseholdNumber(household), month, kind, update, 12000)


def months(*texts: str) -> list[HighCostMonth]:
    """``202404`` counts, ``202404o`` is outpatient only."""
    return [HighCostMonth(Month.parse(text[:6]), "2" if text.endswith("o") else "1") for text in texts]
