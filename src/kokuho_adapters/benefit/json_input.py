"""給付の入力 (JSON): strict; every fault of a file is told together, with its place and never its value (KKH-T005, KKH-T007)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

from attrs import frozen

from kokuho_core.benefit.ages import person_born
from kokuho_core.benefit.annual import BenefitYear, HouseholdRest, OutpatientMonth
from kokuho_core.benefit.care_combined import Borne
from kokuho_core.benefit.ceiling import Share
from kokuho_core.benefit.funeral import FuneralRate
from kokuho_core.benefit.law_tables import AgeGroup, Setting, month_of
from kokuho_core.benefit.receipts import YEN_PER_POINT, Disease, HouseholdMonth, Part, Person, Receipt, Subsidy
from kokuho_core.errors import FileRefused, InvalidValue, KokuhoError, Problem
from kokuho_core.high_cost_history.history import HighCostMonth
from kokuho_core.usecases.benefit import KnownMonths
from kokuho_core.vocabulary.check_digits import is_ascii_digits
from kokuho_core.vocabulary.codes import OccurrenceKind
from kokuho_core.vocabulary.identifiers import HouseholdKey, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.month import Month

_Value = TypeVar("_Value")
_OLDER: Final = ("75+", "75以上")
_MAX_YEN: Final = 10**12


@frozen
class MonthRequest:
    """一月の依頼. ``sent`` is the kind of the KOGAKU record sent before, ``paid_on`` the day of payment.

    ``is_multiple``: 多数回該当 as told, None to count.
    """

    case: HouseholdMonth
    sent: OccurrenceKind | None
    paid_on: date | None
    is_multiple: bool | None = None


@frozen
class MonthsRequest:
    """月の高額療養費 of one household."""

    household: HouseholdKey | None
    known: KnownMonths
    months: tuple[MonthRequest, ...]

    @property
    def judged(self) -> dict[Month, bool]:
        """The months of which it is told whether they are of 多数回該当."""
        return {each.case.month: each.is_multiple for each in self.months if each.is_multiple is not None}

    @property
    def is_told(self) -> bool:
        """Whether the request itself says what is known of earlier months."""
        return bool(self.known.own or self.known.carried or self.known.moved_in or self.judged)


@frozen
class OutpatientYearRequest:
    """外来年間合算 of one person."""

    year: BenefitYear
    income_class: str
    months: tuple[OutpatientMonth, ...]


@frozen
class AnnualCapRequest:
    """年間上限: the sum as given, or the months it is to be made of."""

    year: BenefitYear
    age_group: AgeGroup
    income_class: str
    paid: int | None
    months: tuple[HouseholdRest, ...]
    outpatient_year_benefit: int
    is_confirmed_low: bool


@frozen
class CareRequest:
    """高額介護合算療養費."""

    year: BenefitYear
    from_70: Borne | None
    class_from_70: str | None
    under_70: Borne | None
    class_under_70: str | None
    has_several_care_users: bool


@frozen
class FuneralRequest:
    """葬祭費."""

    died_on: date
    recipient: str
    rates: tuple[FuneralRate, ...]


OtherRequest = OutpatientYearRequest | AnnualCapRequest | CareRequest | FuneralRequest
"""What needs no month-by-month work."""
Request = MonthsRequest | OtherRequest


def read_requests(path: Path) -> list[Request]:
    """All requests of a file: one object, or a list of them.

    Raises :class:`FileRefused`: KKH-F015 not readable, KKH-T021 no JSON; :class:`InvalidValue` with every fault in it.
    """
    try:
        text = path.read_text("utf-8")
    except OSError:
        raise FileRefused(Problem("KKH-F015", field=path.name)) from None
    except UnicodeDecodeError:
        raise FileRefused(Problem("KKH-T021", field=path.name)) from None
    return parse_requests(text)


def parse_requests(text: str) -> list[Request]:
    """As :func:`read_requests`, from the text itself."""
    try:
        raw = json.loads(text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_no_repetition)
    except (ValueError, RecursionError):
        raise FileRefused(Problem("KKH-T021", field="JSON")) from None
    faults: list[Problem] = []
    listed = raw if isinstance(raw, list) else [raw]
    if not listed:
        faults.append(Problem("KKH-T005", field="[]"))
    requests = []
    for number, each in enumerate(listed):
        request = _request(_Fields(each, f"[{number}]." if isinstance(raw, list) else "", faults))
        if request is not None:
            requests.append(request)
    if faults:
        raise InvalidValue(*faults)
    return requests


def _no_constant(_: str) -> Any:
    raise ValueError("NaN and Infinity are no JSON")


def _no_repetition(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return made


class _Fields:
    """One JSON object while it is read: what is wrong is noted with its path, what nobody asked for is wrong."""

    def __init__(self, raw: Any, path: str, faults: list[Problem]) -> None:
        self._raw: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
        self._path, self._faults, self._asked = path, faults, set[str]()
        self._before = len(faults)
        if not isinstance(raw, dict):
            self.fault(path.rstrip("."))

    def fault(self, key: str, code: str = "KKH-T005") -> None:
        self._faults.append(Problem(code, field=(key if key.startswith("[") else self._path + key)[:80]))

    @property
    def is_sound(self) -> bool:
        return len(self._faults) == self._before

    def has(self, key: str) -> bool:
        return self._raw.get(key) is not None

    def given(self, key: str, form: type[_Value]) -> _Value | None:
        """A value of one JSON type; None where it is absent or null."""
        self._asked.add(key)
        value = self._raw.get(key)
        if value is None:
            return None
        if type(value) is not form:
            self.fault(key)
            return None
        return value

    def needed(self, key: str, form: type[_Value], otherwise: _Value) -> _Value:
        value = self.given(key, form)
        if value is None:
            if not self.has(key):
                self.fault(key)
            return otherwise
        return value

    def text(self, key: str) -> str | None:
        value = self.given(key, str)
        if value is not None and not (0 < len(value) <= 60 and value.isprintable()):
            self.fault(key)
            return None
        return value

    def yen(self, key: str) -> int | None:
        value = self.given(key, int)
        if value is not None and not 0 <= value <= _MAX_YEN:
            self.fault(key, "KKH-T007")
            return None
        return value

    def number(self, key: str) -> Decimal | None:
        """A number, with or without a fraction."""
        whole = type(self._raw.get(key)) is int
        value = self.given(key, int) if whole else self.given(key, Decimal)
        return None if value is None else Decimal(value)

    def flag(self, key: str) -> bool:
        return self.given(key, bool) or False

    def read(self, key: str, parse: Callable[[str], _Value], otherwise: _Value | None = None) -> _Value | None:
        """A text that ``parse`` understands."""
        value = self.given(key, str)
        if value is None:
            return otherwise
        try:
            return parse(value)
        except (KokuhoError, ValueError):
            self.fault(key)
            return otherwise

    def list_of(self, key: str, read: Callable[[_Fields], _Value | None], *, needed: bool = True) -> tuple[_Value, ...]:
        value = self.given(key, list)
        if value is None:
            if needed and not self.has(key):
                self.fault(key)
            return ()
        found = [read(_Fields(each, f"{self._path}{key}[{n}].", self._faults)) for n, each in enumerate(value)]
        return tuple(each for each in found if each is not None)

    def object(self, key: str, read: Callable[[_Fields], _Value | None]) -> _Value | None:
        value = self.given(key, dict)
        return None if value is None else read(_Fields(value, f"{self._path}{key}.", self._faults))

    def make(self, build: Callable[[], _Value]) -> _Value | None:
        """What the fields make together; None, with its faults noted, where that cannot be."""
        for key in self._raw:
            if key not in self._asked:
                self.fault(key)
        if not self.is_sound:
            return None
        try:
            return build()
        except InvalidValue as error:
            for problem in error.problems:
                self.fault(problem.field, problem.code)
            return None


def _request(fields: _Fields) -> Request | None:
    kinds: dict[str, Callable[[_Fields], Request | None]] = {
        "months": _months_request,
        "outpatient_year": _outpatient_year,
        "annual_cap": _annual_cap,
        "care_combined": _care,
        "funeral": _funeral,
    }
    kind = fields.given("kind", str) or "months"
    if kind not in kinds:
        fields.fault("kind")
        return None
    return kinds[kind](fields)


# --- 月の高額療養費 ---


def _months_request(fields: _Fields) -> Request | None:
    insurer, household = fields.text("insurer_number"), fields.text("household_number")
    for key, value, length in (("insurer_number", insurer, 6), ("household_number", household, 15)):
        if value is not None and not (len(value) <= length and is_ascii_digits(value, len(value))):
            fields.fault(key)
    named = insurer is not None and household is not None
    own = HouseholdKey(InsurerNumber(insurer or ""), HouseholdNumber(household or "")) if named else None
    known = KnownMonths(
        fields.list_of("history", _high_cost_month, needed=False),
        fields.list_of("carried_over", _high_cost_month, needed=False),
        fields.read("moved_in", month_of),
    )
    months = fields.list_of("months", _month)
    if any(each.is_multiple is not None for each in months) and (known.own or known.carried):
        fields.fault("multiple_occurrence")  # either the months are known, or what they amount to
    return fields.make(lambda: MonthsRequest(own, known, months))


def _high_cost_month(fields: _Fields) -> HighCostMonth | None:
    month = fields.read("month", month_of)
    kind = fields.read("kind", lambda text: _OCCURRENCES[text] if text in _OCCURRENCES else OccurrenceKind(text))
    if month is None:
        fields.fault("month")
    return fields.make(lambda: HighCostMonth(month or Month(0), (kind or OccurrenceKind.HOUSEHOLD).value))


_OCCURRENCES: Final = {"household": OccurrenceKind.HOUSEHOLD, "outpatient": OccurrenceKind.OUTPATIENT}


def _month(fields: _Fields) -> MonthRequest | None:
    month = fields.read("month", month_of)
    if month is None:
        if not fields.has("month"):
            fields.fault("month")
        month = Month.of(2026, 8)  # the rest is still looked through
    at = month
    persons = fields.list_of("persons", lambda each: _person(each, at))
    receipts = fields.list_of("receipts", _receipt)
    under_70, from_70 = fields.text("income_class_under70"), fields.text("income_class_70plus")
    share = Share.HALF if fields.flag("moved_within_prefecture") else Share.WHOLE
    sent = fields.read("sent", lambda text: _OCCURRENCES[text] if text in _OCCURRENCES else OccurrenceKind(text))
    paid_on = fields.read("paid_on", date.fromisoformat)
    is_multiple = fields.given("multiple_occurrence", bool)
    return fields.make(
        lambda: MonthRequest(
            HouseholdMonth(at, persons, receipts, under_70, from_70, share=share), sent, paid_on, is_multiple
        )
    )


def _person(fields: _Fields, month: Month) -> Person | None:
    name = fields.text("name")
    if name is None:
        fields.fault("name")
    born = fields.read("birth_date", date.fromisoformat)
    given = fields.given("age_group", str)
    halved = fields.flag("turns_75")
    if given in _OLDER:
        fields.fault("age_group", "KKH-T022")
        return None
    group = None
    if given is not None:
        group = next((each for each in AgeGroup if each.value == given), None)
    if (given is None) == (born is None) or (given is not None and group is None) or (born is not None and halved):
        fields.fault("age_group")
    if born is not None:
        day = born
        return fields.make(lambda: person_born(name or "", day, month))
    return fields.make(lambda: Person(name or "", group or AgeGroup.UNDER_70, is_halved=halved))


def _receipt(fields: _Fields) -> Receipt | None:
    person = fields.text("person")
    setting = fields.read("setting", Setting)
    for key, value in (("person", person), ("setting", setting)):
        if value is None and not fields.has(key):
            fields.fault(key)
    cost = _cost(fields)
    parts = fields.list_of("parts", _part, needed=False)
    if parts and cost is not None:
        fields.fault("parts")
    copay = fields.yen("copay")
    rate = _percent(fields)
    institution, prescribed_by = fields.text("institution"), fields.text("prescribed_by")
    is_dental, in_kind = fields.flag("dental"), fields.flag("in_kind")
    disease = fields.read("specific_disease", Disease)
    return fields.make(
        lambda: Receipt(
            person or "", setting or Setting.INPATIENT, parts or (Part(cost),), rate, copay, institution, is_dental,
            in_kind, prescribed_by, disease,
        )
    )  # fmt: skip


def _cost(fields: _Fields) -> int | None:
    cost, points = fields.yen("total_cost"), fields.yen("points")
    if points is None:
        return cost
    if cost is not None and cost != points * YEN_PER_POINT:
        fields.fault("points")
    return points * YEN_PER_POINT


def _percent(fields: _Fields) -> int | None:
    """負担割合: 0.3, as documents write it."""
    if not fields.has("copay_rate"):
        fields.given("copay_rate", Decimal)
        return None
    rate = fields.number("copay_rate")
    percent = None if rate is None else rate * 100
    if percent is None or percent != int(percent) or not 0 <= percent <= 30:
        fields.fault("copay_rate", "KKH-T007")
        return None
    return int(percent)


def _part(fields: _Fields) -> Part | None:
    cost = _cost(fields)
    subsidy = fields.object("public_subsidy", _subsidy)
    if cost is None and not fields.has("total_cost") and not fields.has("points"):
        fields.fault("total_cost")
    return fields.make(lambda: Part(cost, subsidy))


def _subsidy(fields: _Fields) -> Subsidy | None:
    houbetsu, cap = fields.text("houbetsu"), fields.yen("monthly_cap")
    fields.text("name")  # for people; the 法別番号 decides
    if houbetsu is None:
        fields.fault("houbetsu")
    return fields.make(lambda: Subsidy(houbetsu or "", cap))


# --- 年の給付 ---


def _year(fields: _Fields) -> BenefitYear:
    begins = fields.needed("year", int, 2026)
    if not 2007 <= begins <= 9000:
        fields.fault("year")
        begins = 2026
    return BenefitYear(begins)


def _outpatient_year(fields: _Fields) -> Request | None:
    year = _year(fields)
    income_class = fields.needed("income_class_70plus", str, "")

    def month(each: _Fields) -> OutpatientMonth | None:
        at, left = each.read("month", month_of), each.yen("left_over")
        active = each.flag("active_income")
        if at is None or left is None:
            each.fault("month" if at is None else "left_over")
        return each.make(lambda: OutpatientMonth(at or Month(0), left or 0, active))

    months = fields.list_of("months", month)
    return fields.make(lambda: OutpatientYearRequest(year, income_class, months))


def _annual_cap(fields: _Fields) -> Request | None:
    year = _year(fields)
    group = fields.read("age_group", AgeGroup)
    if group is None:
        fields.fault("age_group")
    income_class = fields.needed("income_class", str, "")
    paid = fields.yen("paid_after_monthly_benefit")

    def month(each: _Fields) -> HouseholdRest | None:
        at, aggregated, excluded = each.read("month", month_of), each.yen("aggregated"), each.yen("excluded")
        if at is None or aggregated is None:
            each.fault("month" if at is None else "aggregated")
        return each.make(lambda: HouseholdRest(at or Month(0), aggregated or 0, excluded or 0))

    months = fields.list_of("months", month, needed=False)
    if (paid is None) == (not months):
        fields.fault("paid_after_monthly_benefit")
    before, low = fields.yen("outpatient_year_benefit") or 0, fields.flag("low_income_200")
    return fields.make(
        lambda: AnnualCapRequest(year, group or AgeGroup.UNDER_70, income_class, paid, months, before, low)
    )


def _care(fields: _Fields) -> Request | None:
    def borne(each: _Fields) -> Borne | None:
        medical, care = each.yen("medical"), each.yen("care")
        if medical is None or care is None:
            each.fault("medical" if medical is None else "care")
        return each.make(lambda: Borne(medical or 0, care or 0))

    year = _year(fields)
    from_70, under_70 = fields.object("from_70", borne), fields.object("under_70", borne)
    class_from_70, class_under_70 = fields.text("income_class_70plus"), fields.text("income_class_under70")
    several = fields.flag("several_care_users")
    if from_70 is None and under_70 is None:
        fields.fault("from_70")
    return fields.make(lambda: CareRequest(year, from_70, class_from_70, under_70, class_under_70, several))


def _funeral(fields: _Fields) -> Request | None:
    def rate(each: _Fields) -> FuneralRate | None:
        since, amount = each.read("from", date.fromisoformat), each.yen("amount")
        ordinance = each.text("ordinance")
        if since is None or amount is None:
            each.fault("from" if since is None else "amount")
        return each.make(lambda: FuneralRate(since or date.min, amount or 0, ordinance or ""))

    died_on, recipient = fields.read("died_on", date.fromisoformat), fields.text("recipient")
    rates = fields.list_of("rates", rate)
    if died_on is None:
        fields.fault("died_on")
    return fields.make(lambda: FuneralRequest(died_on or date.min, recipient or "", rates))
