"""法令の表: the dated figures of 高額療養費 as they stand in ``law/*.toml``, each with its source."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, Final, TypeVar

from attrs import evolve, field, frozen

from kokuho_core.benefit.ceiling import Ceiling, Share
from kokuho_core.errors import InvalidValue, Problem, SetupFault
from kokuho_core.vocabulary.month import Month

TABLES: Final = ("ceilings.toml", "rules.toml")
"""The files of the law tables, in the package ``kokuho_core.benefit.law``."""
_AMOUNTS: Final = (
    "base", "threshold", "multiple", "outpatient", "outpatient_annual", "annual_cap", "annual_cap_low",
)  # fmt: skip


class AgeGroup(StrEnum):
    """年齢区分. The 70s begin with the month after the 70th birthday, born on the 1st with its month (高齢受給者)."""

    UNDER_70 = "under70"
    FROM_70 = "70-74"


class Setting(StrEnum):
    """入院・外来の別."""

    INPATIENT = "inpatient"
    OUTPATIENT = "outpatient"


class Mark(StrEnum):
    """根拠の印: read in a source, inferred from one, or remembered and not verified."""

    QUOTED = "Q"
    INFERRED = "I"
    REMEMBERED = "R"


@frozen
class Basis:
    """根拠: what a figure rests on: table and row by name, source, and how sure that is."""

    table: str
    row: str
    source: str
    mark: Mark = Mark.QUOTED

    @property
    def text(self) -> str:
        return f"{self.table} {self.row}".strip()


@frozen
class CeilingRow:
    """限度額表の1行 (yen). None means the row has no such figure, and nothing of the kind exists for this class.

    ``above`` / ``up_to`` bound the household's 旧ただし書き所得, ``taxable_from`` the highest 課税所得 (both yen).
    """

    age_group: AgeGroup
    income_class: str
    name: str
    criterion: str
    basis: Basis
    base: int
    threshold: int | None = None
    multiple: int | None = None
    outpatient: int | None = None
    outpatient_annual: int | None = None
    annual_cap: int | None = None
    annual_cap_low: int | None = None
    above: int | None = None
    up_to: int | None = None
    taxable_from: int | None = None
    tax_exempt: bool = False
    no_income: bool = False
    _ceilings: Mapping[tuple[bool, Share], Ceiling] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        first = Ceiling(self.base, self.threshold)
        fourth = first if self.multiple is None else Ceiling(self.multiple)
        made = {(many, share): (fourth if many else first).shared(share) for many in (False, True) for share in Share}
        object.__setattr__(self, "_ceilings", made)

    def ceiling(self, *, multiple: bool, share: Share = Share.WHOLE) -> Ceiling:
        """世帯の限度額; with ``multiple`` that of the fourth month on, where the row has one (H-2, H-8)."""
        return self._ceilings[multiple, share]


@frozen
class CeilingTable:
    """限度額表: the rows of one age group from one month on, until the next table of that group."""

    id: str
    age_group: AgeGroup
    since: Month
    name: str
    rows: Mapping[str, CeilingRow]
    is_in_force: bool
    has_inferred_bounds: bool


@frozen
class Dated:
    """A figure that holds from ``since`` on."""

    since: Month
    amount: int
    basis: Basis


@frozen
class DiseaseRule:
    """特定疾病(長): ceiling per institution, setting and month; dialysis of people under 70 of some classes has its own."""

    since: Month
    cap: int
    dialysis_cap: int
    dialysis_classes: frozenset[str]
    basis: Basis


class SubsidyKind(StrEnum):
    """公費併用部分の限度額の種類."""

    CLASS = "class"
    GENERAL = "general"
    WELFARE = "welfare"


@frozen
class SubsidyRule:
    """公費: by 法別番号. ``share_percent`` of the cost is the patient's, up to his monthly cap and never above the copayment."""

    houbetsu: str
    name: str
    kind: SubsidyKind
    share_percent: int
    basis: Basis


@frozen
class SubsidyCeiling:
    """区分によらない公費併用部分の限度額."""

    since: Month
    kind: SubsidyKind
    age_group: AgeGroup
    inpatient: Ceiling
    outpatient: Ceiling
    basis: Basis


@frozen
class CareRule:
    """高額介護合算療養費の限度額 per year from 1 August, by class."""

    since: Month
    unknown_from: Month
    not_paid_up_to: int
    several_care_users: int
    under_70: Mapping[str, int]
    from_70: Mapping[str, int]
    basis: Basis


@frozen
class IncomeRule:
    """所得区分の判定の数値."""

    basic_deductions: tuple[tuple[int, int], ...]
    pension_deductions: tuple[Dated, ...]
    active_income_single: int
    active_income_several: int
    active_old_proviso: int
    basis: Basis


@frozen
class HalvingRule:
    """限度額の2分の1の特例: from which month on for somebody who turns 75, and for a move inside the prefecture (H-8)."""

    turning_75_since: Month
    turning_75: Basis
    move_since: Month
    move: Basis


@frozen
class MonthLaw:
    """ある診療年月の法: what holds in one month of treatment."""

    month: Month
    tables: Mapping[AgeGroup, CeilingTable]
    aggregation: Dated
    disease: DiseaseRule
    subsidies: Mapping[str, SubsidyRule]
    subsidy_ceilings: Mapping[tuple[SubsidyKind, AgeGroup], SubsidyCeiling]
    are_subsidy_ceilings_known: bool
    has_outpatient_in_kind: bool
    halving: HalvingRule
    halves_turning_75: bool
    halves_moves: bool

    def row(self, age_group: AgeGroup, income_class: str | None) -> CeilingRow:
        """Raises :class:`InvalidValue`: KKH-T003 without a class, KKH-T002 for one the table of this month has not."""
        if income_class is None:
            raise InvalidValue(Problem("KKH-T003", field=_CLASS_KEYS[age_group]))
        row = self.tables[age_group].rows.get(income_class)
        if row is None:
            raise InvalidValue(Problem("KKH-T002", field=_CLASS_KEYS[age_group]))
        return row


_CLASS_KEYS: Final = {AgeGroup.UNDER_70: "income_class_under70", AgeGroup.FROM_70: "income_class_70plus"}


@frozen
class Law:
    """高額療養費の法: every table, past ones and those promulgated."""

    ceiling_tables: tuple[CeilingTable, ...]
    aggregation: tuple[Dated, ...]
    in_kind_since: Month
    outpatient_in_kind_since: Month
    halving: HalvingRule
    diseases: tuple[DiseaseRule, ...]
    subsidies: Mapping[str, SubsidyRule]
    subsidy_ceilings: tuple[SubsidyCeiling, ...]
    subsidy_ceilings_unknown_from: Month
    care: tuple[CareRule, ...]
    income: IncomeRule
    _months: dict[Month, MonthLaw] = field(init=False, factory=dict, repr=False, eq=False)

    @classmethod
    def parse(cls, ceilings: str, rules: str) -> Law:
        """From the text of both files. Raises :class:`SetupFault` (KKH-T020) where they are malformed."""
        try:
            return _read(tomllib.loads(ceilings), tomllib.loads(rules))
        except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError, InvalidValue) as error:
            raise SetupFault(Problem("KKH-T020", field=type(error).__name__)) from None

    @classmethod
    @cache
    def shipped(cls) -> Law:
        """The law tables of this package."""
        ceilings, rules = (text_of(name) for name in TABLES)
        return cls.parse(ceilings, rules)

    def at(self, month: Month) -> MonthLaw:
        """What holds in ``month``. Raises :class:`InvalidValue` (KKH-T001) before the first table."""
        found = self._months.get(month)
        if found is None:
            found = self._months[month] = self._at(month)
        return found

    def _at(self, month: Month) -> MonthLaw:
        tables = {group: _in_force(self.tables_of(group), month) for group in AgeGroup}
        ceilings: dict[tuple[SubsidyKind, AgeGroup], SubsidyCeiling] = {}
        for each in self.subsidy_ceilings:
            if each.since <= month:
                ceilings[each.kind, each.age_group] = each
        return MonthLaw(
            month=month,
            tables=tables,
            aggregation=_in_force(self.aggregation, month),
            disease=_in_force(self.diseases, month),
            subsidies=self.subsidies,
            subsidy_ceilings=ceilings,
            are_subsidy_ceilings_known=month < self.subsidy_ceilings_unknown_from,
            has_outpatient_in_kind=month >= self.outpatient_in_kind_since,
            halving=self.halving,
            halves_turning_75=month >= self.halving.turning_75_since,
            halves_moves=month >= self.halving.move_since,
        )

    def tables_of(self, age_group: AgeGroup) -> list[CeilingTable]:
        """The tables of one age group in order of effect."""
        return [each for each in self.ceiling_tables if each.age_group is age_group]

    def last_month_of(self, table: CeilingTable) -> Month | None:
        """The last month ``table`` holds for, None while no later one is known."""
        later = [each.since for each in self.tables_of(table.age_group) if each.since > table.since]
        return min(later).plus(-1) if later else None

    def with_effect_from(self, table_id: str, month: Month) -> Law:
        """The same law with one table taking effect in another month."""
        moved = (evolve(each, since=month) if each.id == table_id else each for each in self.ceiling_tables)
        return evolve(self, ceiling_tables=tuple(sorted(moved, key=_since)))

    def care_at(self, first_month: Month) -> CareRule:
        """The 高額介護合算 ceilings of the year that begins in ``first_month``. Raises :class:`InvalidValue` (KKH-T013)."""
        found = [each for each in self.care if each.since <= first_month]
        if not found:
            raise InvalidValue(Problem("KKH-T013", field="year"))
        return found[-1]


def text_of(name: str) -> str:
    """The text of one law file."""
    return resources.files("kokuho_core.benefit").joinpath("law", name).read_text("utf-8")


def month_of(text: str) -> Month:
    """From ``YYYY-MM``. Raises :class:`InvalidValue` (KKH-V005)."""
    year, dash, month = text.partition("-")
    if not (dash and len(year) == 4 and len(month) == 2 and (year + month).isascii() and (year + month).isdigit()):
        raise InvalidValue(Problem("KKH-V005", field="month"))
    return Month.of(int(year), int(month))


_Rule = TypeVar("_Rule", CeilingTable, Dated, DiseaseRule)


def _since(each: CeilingTable | Dated | DiseaseRule) -> Month:
    return each.since


def _in_force(rules: Iterable[_Rule], month: Month) -> _Rule:
    found = [each for each in rules if each.since <= month]
    if not found:
        raise InvalidValue(Problem("KKH-T001", field="month"))
    return found[-1]


# --- reading ---


def _read(ceilings: Mapping[str, Any], rules: Mapping[str, Any]) -> Law:
    sources, more = ceilings["sources"], rules["sources"]
    tables = sorted((_table(each, sources) for each in ceilings["table"]), key=_since)
    threshold = [
        Dated(month_of(each["from"]), _fourth(each["amount"]), Basis("世帯合算の対象額", "", more[each["source"]]))
        for each in rules["aggregation_threshold"]
    ]
    income = rules["income"]
    pension = more[income["pension_source"]]
    return Law(
        ceiling_tables=tuple(tables),
        aggregation=tuple(sorted(threshold, key=_since)),
        in_kind_since=month_of(rules["in_kind"]["inpatient_from"]),
        outpatient_in_kind_since=month_of(rules["in_kind"]["outpatient_from"]),
        halving=_halving(rules["halving"]),
        diseases=tuple(sorted((_disease(each, more) for each in rules["specific_disease"]), key=_since)),
        subsidies={each["houbetsu"]: _subsidy(each, more) for each in rules["subsidy"]},
        subsidy_ceilings=tuple(sorted(_subsidy_ceilings(rules["subsidy_ceiling"], more), key=lambda each: each.since)),
        subsidy_ceilings_unknown_from=month_of(rules["subsidy_ceiling_unknown"]["from"]),
        care=tuple(_care(each, more) for each in rules["care_combined"]),
        income=IncomeRule(
            basic_deductions=tuple(
                (int(each["income_year_from"]), int(each["amount"])) for each in income["basic_deduction"]
            ),
            pension_deductions=tuple(
                Dated(
                    month_of(each["from"]),
                    int(each["amount"]),
                    Basis("年金控除の読替", "", pension, Mark(each.get("mark", "Q"))),
                )
                for each in income["pension_deduction"]
            ),
            active_income_single=int(income["active_income_single"]),
            active_income_several=int(income["active_income_several"]),
            active_old_proviso=int(income["active_old_proviso"]),
            basis=Basis("所得区分の判定", "", income["active_source"]),
        ),
    )


def _fourth(amount: Any) -> int:
    """An amount in yen that halves and quarters exactly."""
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < 0 or amount % Share.QUARTER.value:
        raise ValueError("no amount of a law table")
    return amount


def _table(raw: Mapping[str, Any], sources: Mapping[str, str]) -> CeilingTable:
    group = AgeGroup(raw["age_group"])
    rows = [_row(each, group, raw["name"], sources[raw["source"]]) for each in raw["row"]]
    if len({row.income_class for row in rows}) != len(rows):
        raise ValueError("a class stands twice in one table")
    return CeilingTable(
        raw["id"],
        group,
        month_of(raw["from"]),
        raw["name"],
        {row.income_class: row for row in rows},
        not raw.get("not_yet_in_force", False),
        raw.get("inferred_bounds", False),
    )


def _row(raw: Mapping[str, Any], group: AgeGroup, table: str, source: str) -> CeilingRow:
    amounts: dict[str, Any] = {key: _fourth(raw[key]) for key in _AMOUNTS if key in raw}
    bounds: dict[str, Any] = {
        key: raw[key] for key in ("above", "up_to", "taxable_from", "tax_exempt", "no_income") if key in raw
    }
    unknown = set(raw) - set(_AMOUNTS) - set(bounds) - {"class", "name", "criterion", "mark"}
    if unknown:
        raise KeyError("an unknown key in a row")
    basis = Basis(table, raw["name"], source, Mark(raw.get("mark", "Q")))
    return CeilingRow(group, raw["class"], raw["name"], raw["criterion"], basis, **amounts, **bounds)


def _halving(raw: Mapping[str, Any]) -> HalvingRule:
    return HalvingRule(
        month_of(raw["turning_75_from"]),
        Basis("75歳到達月の特例", "", raw["turning_75_source"]),
        month_of(raw["move_from"]),
        Basis("県内転居月の特例", "", raw["move_source"]),
    )


def _disease(raw: Mapping[str, Any], sources: Mapping[str, str]) -> DiseaseRule:
    return DiseaseRule(
        month_of(raw["from"]),
        _fourth(raw["cap"]),
        _fourth(raw["dialysis_cap"]),
        frozenset(raw["dialysis_classes"]),
        Basis("特定疾病の限度額", "", sources[raw["source"]]),
    )


def _subsidy(raw: Mapping[str, Any], sources: Mapping[str, str]) -> SubsidyRule:
    basis = Basis("公費", f"{raw['houbetsu']} {raw['name']}", sources[raw["source"]], Mark(raw.get("mark", "Q")))
    return SubsidyRule(raw["houbetsu"], raw["name"], SubsidyKind(raw["kind"]), int(raw["share_percent"]), basis)


def _subsidy_ceilings(listed: Sequence[Mapping[str, Any]], sources: Mapping[str, str]) -> Iterator[SubsidyCeiling]:
    for raw in listed:
        kind, group = SubsidyKind(raw["kind"]), AgeGroup(raw["age_group"])
        inpatient = Ceiling(_fourth(raw["base"]), _fourth(raw["threshold"]) if "threshold" in raw else None)
        outpatient = Ceiling(_fourth(raw["outpatient"])) if "outpatient" in raw else inpatient
        name = {"general": "区分によらない公費", "welfare": "生活保護"}[raw["kind"]]
        basis = Basis("公費併用部分の限度額", name, sources[raw["source"]], Mark(raw.get("mark", "Q")))
        yield SubsidyCeiling(month_of(raw["from"]), kind, group, inpatient, outpatient, basis)


def _care(raw: Mapping[str, Any], sources: Mapping[str, str]) -> CareRule:
    return CareRule(
        month_of(raw["from"]),
        month_of(raw["unknown_from"]),
        int(raw["not_paid_up_to"]),
        int(raw["several_care_users"]),
        {name: int(amount) for name, amount in raw["under70"].items()},
        {name: int(amount) for name, amount in raw["from70"].items()},
        Basis("高額介護合算療養費の限度額", "", sources[raw["source"]]),
    )
