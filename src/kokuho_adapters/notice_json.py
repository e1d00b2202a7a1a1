"""届出のJSON: one notice or record per object, keys as the attributes of its class; days are ISO, codes those of the layouts.

``notice`` names the kind (``moved_in``, ``cover_began`` …), or ``record`` a record of certificates, income or months
(``FUZOKU``, ``SHOTOKU``, ``KOGAKU``), or ``withdraw`` one of these to take back by its ``identity``. An individual number
stands in the items as ``individual_number`` and is taken out of them at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, Final, NoReturn

import orjson
from attrs import frozen
from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError

from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.municipal_office.acceptance import NOTIFICATIONS
from kokuho_core.municipal_office.notification import HouseholdChoice, NewHousehold, Notification, OtherCover
from kokuho_core.municipal_office.other_rows import OTHER_RECORDS, OtherRecord
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber
from kokuho_core.vocabulary.month import Month


def kind_name(kind: type[Any]) -> str:
    """``MovedIn`` is ``moved_in``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


NOTICES: Final[Mapping[str, type[Notification]]] = {kind_name(kind): kind for kind in NOTIFICATIONS}
"""Every kind of notice by the name it has in JSON."""


@frozen
class ReadNotice:
    """届出 with the individual numbers that came in its items."""

    name: str
    notification: Notification
    numbers: Mapping[AddresseeNumber, IndividualNumber]


@frozen
class ReadRecord:
    """付属証・所得区分・高額該当月."""

    file_id: str
    record: OtherRecord


@frozen
class ReadWithdrawal:
    """取消 of such a record."""

    file_id: str
    identity: str


Read = ReadNotice | ReadRecord | ReadWithdrawal


def read_notices(content: bytes, insurer: InsurerNumber, at: datetime) -> list[Read]:
    """All that a file says, in its order.

    Raises :class:`InvalidValue`: KKH-M019 where it is not of this form, with the place but never a value; KKH-I010 … KKH-I012
    for an individual number.
    """
    try:
        said = orjson.loads(content)
    except orjson.JSONDecodeError:
        said = None
    if isinstance(said, dict):
        said = [said]
    if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
        _refuse("$")
    return [read_notice(each, insurer, at, place) for place, each in enumerate(said)]


def read_notice(said: dict[str, Any], insurer: InsurerNumber, at: datetime, place: int = 0) -> Read:
    """One object, such as a form that was filled in; ``place`` is where it stands among others. Raises as above."""
    if "withdraw" in said:
        if said["withdraw"] not in OTHER_RECORDS or not isinstance(said.get("identity"), str) or len(said) != 2:
            _refuse(f"$[{place}].withdraw")
        return ReadWithdrawal(said["withdraw"], said["identity"])
    if "record" in said:
        if said["record"] not in OTHER_RECORDS:
            _refuse(f"$[{place}].record")
        kind = OTHER_RECORDS[said["record"]]
        own = {"insurer_number": insurer, "updated_at": at.isoformat()}
        if said["record"] != "SHOTOKU":
            own["update_kind"] = "1"
        empty = dict.fromkeys(_optional(kind))
        record = _structured({**empty, **{k: v for k, v in said.items() if k != "record"}, **own}, kind, place)
        return ReadRecord(said["record"], record)
    kind_said = said.get("notice")
    if not isinstance(kind_said, str) or kind_said not in NOTICES:
        _refuse(f"$[{place}].notice")
    numbers: dict[AddresseeNumber, IndividualNumber] = {}
    told = {key: _without_number(value, key, said, numbers, place) for key, value in said.items() if key != "notice"}
    return ReadNotice(kind_said, _structured(told, NOTICES[kind_said], place), numbers)


def _without_number(
    value: Any, name: str, owner: dict[str, Any], numbers: dict[AddresseeNumber, IndividualNumber], place: int
) -> Any:
    """``value`` with ``individual_number`` taken out of the items in it; ``owner`` says whose they are.

    Anywhere else it is left, and refused as what does not belong there: no number that was told is passed over.
    """
    if isinstance(value, list):
        return [_without_number(each, name, owner, numbers, place) for each in value]
    if not isinstance(value, dict):
        return value
    told = dict(value)
    number = told.pop("individual_number", None) if name == "items" else None
    if number is not None:
        whose = owner.get("addressee_number", owner.get("person"))
        if not isinstance(number, str) or not isinstance(whose, str):
            _refuse(f"$[{place}].individual_number")
        found, known = IndividualNumber(number), numbers.get(AddresseeNumber(whose))
        if known is not None and known != found:
            _refuse(f"$[{place}].individual_number")
        numbers[AddresseeNumber(whose)] = found
    return {key: _without_number(each, key, value, numbers, place) for key, each in told.items()}


def _optional(kind: type[Any]) -> list[str]:
    return [each.name for each in kind.__attrs_attrs__ if each.type is not None and "None" in str(each.type)]


def _structured(said: dict[str, Any], kind: type[Any], place: int) -> Any:
    found: Any = None
    where = ""
    try:
        found = _CONVERTER.structure(said, kind)
    except (BaseValidationError, ForbiddenExtraKeysError) as error:
        where = transform_error(error)[0].rpartition(" @ ")[2] if isinstance(error, BaseValidationError) else "$"
    if where:  # outside of the except block, so that no exception holding a value hangs on this one
        _refuse(f"$[{place}]{where.removeprefix('$')}")
    return found


def _refuse(where: str) -> NoReturn:
    raise InvalidValue(Problem("KKH-M019", field=re.sub(r"[^\w.\[\]$]|\d{5,}", "", where)))


def _text(value: Any, _: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _household(value: Any, _: Any) -> HouseholdChoice:
    if isinstance(value, str):
        return HouseholdNumber(value)
    household: NewHousehold = _CONVERTER.structure(value, NewHousehold)
    return household


def _named(value: Any, kind: type[Enum]) -> Enum:
    return kind[str(value).upper()]


def _converter() -> Converter:
    made = Converter(forbid_extra_keys=True, detailed_validation=True)
    made.register_structure_hook(str, _text)
    made.register_structure_hook(date, lambda value, _: date.fromisoformat(value))
    made.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    made.register_structure_hook(Month, lambda value, _: Month.parse(value))
    made.register_structure_hook(OtherCover, _named)
    made.register_structure_hook_func(lambda kind: kind == HouseholdChoice, _household)
    return made


_CONVERTER: Final = _converter()
