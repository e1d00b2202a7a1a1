"""レセプトの表: a block of receipts as columns, checked to be in order, and screened (:mod:`kokuho_core.benefit.screening`)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from attrs import astuple, fields

from kokuho_adapters.benefit.condensing import BOUNDS, condensed
from kokuho_adapters.benefit.household_blocks import Block
from kokuho_core.benefit.choices import Choices
from kokuho_core.benefit.law_tables import Law
from kokuho_core.benefit.receipts import YEN_PER_POINT
from kokuho_core.benefit.screening import Bounds, bounded_subsidies, bounds_of
from kokuho_core.errors import FileRefused, KokuhoError, Problem, SetupFault
from kokuho_core.vocabulary.month import Month

if TYPE_CHECKING:
    from polars import DataFrame

COLUMNS: Final = (
    "household", "month", "class_under70", "class_70plus", "moved", "person", "age", "turns_75", "institution", "setting",
    "dental", "points", "share", "copay", "in_kind", "prescribed_by", "disease", "houbetsu", "monthly_cap",
)  # fmt: skip
"""The columns of the file. ``month`` YYYYMM; ``moved``, ``turns_75``, ``dental``, ``in_kind`` 0 or 1; ``age`` 1 under 70, 2 from
70 on; ``setting`` 1 inpatient, 2 outpatient; ``share`` in percent; ``disease`` 1 dialysis, 2 haemophilia, 3 HIV; what is not
there is empty."""
LINE: Final = "_line"
"""One more column: the line of the block."""
_TEXTS: Final = frozenset(
    {"household", "class_under70", "class_70plus", "person", "institution", "prescribed_by", "houbetsu"}
)
_CLASSES: Final = ("month", "class_under70", "class_70plus")
_SUMS: Final = ("_elder", "_younger", "_always", "_specials")
_ENOUGH: Final = 1_000_000
"""Stands for an amount that a line does not give: more than any bound, so that the month is calculated."""


def polars() -> Any:
    """The library of columns. Raises :class:`SetupFault` (KKH-T030) without it."""
    try:
        import polars as pl  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise SetupFault(Problem("KKH-T030", field="polars")) from None
    return pl


def require_polars() -> None:
    """Raises :class:`SetupFault` (KKH-T030) without the library of columns, which is not loaded here."""
    if find_spec("polars") is None:
        raise SetupFault(Problem("KKH-T030", field="polars"))


@cache
def month_numbered(number: int) -> Month:
    """From YYYYMM as a number. Raises :class:`InvalidValue` (KKH-V005)."""
    return Month.of(number // 100, number % 100)


def frame_of(block: Block) -> DataFrame:
    """The block as columns; its lines are counted from 1.

    Raises :class:`FileRefused`: KKH-T029 a line that cannot be read, KKH-T028 not in order.
    """
    pl = polars()
    schema = {name: pl.String if name in _TEXTS else pl.Int64 for name in COLUMNS}
    try:
        frame: DataFrame = pl.read_csv(block.content(), has_header=False, schema=schema)
    except pl.exceptions.PolarsError:
        raise FileRefused(Problem("KKH-T029", 1)) from None
    frame = frame.with_row_index(LINE, offset=1).select(*COLUMNS, LINE)
    household, month = pl.col("household"), pl.col("month")
    nameless = frame.filter(household.is_null() | month.is_null())
    if nameless.height:
        raise FileRefused(Problem("KKH-T029", nameless.get_column(LINE)[0]))
    back = (household < household.shift()) | ((household == household.shift()) & (month < month.shift()))
    wrong = frame.filter(back)
    if wrong.height:
        raise FileRefused(Problem("KKH-T028", wrong.get_column(LINE)[0]))
    return frame


class Screen:
    """ふるい: the bounds of every month and pair of classes that came up."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._known: dict[tuple[int, str | None, str | None], Bounds] = {}
        self._bounded = sorted(bounded_subsidies(Law.shipped()))

    def left(self, frame: DataFrame) -> DataFrame:
        """What is to be calculated: the months in which something may be paid, with the lines that count."""
        pl, passed = polars(), self.passed(frame)
        bounds = self._bounds(pl, passed.select(_CLASSES).unique().rows()).select(*_CLASSES, *BOUNDS)
        beside = passed.join(bounds, on=_CLASSES, how="left", nulls_equal=True, maintain_order="left")
        return condensed(pl, beside, self._bounded, LINE)

    def passed(self, frame: DataFrame) -> DataFrame:
        """The rows of the months in which something may be paid."""
        pl = polars()
        household, month = pl.col("household"), pl.col("month")
        begins = (household != household.shift()) | (month != month.shift())
        # above what any rounding of a fraction could make of it
        most = pl.col("copay").fill_null(pl.col("points") * pl.col("share") * YEN_PER_POINT // 100 + 1)
        always = (
            (pl.col("moved") != 0)
            | (pl.col("turns_75") != 0)
            | (pl.col("copay").is_not_null() & (pl.col("in_kind") != 0))
            | (~pl.col("houbetsu").is_in(self._bounded)).fill_null(value=False)
        )
        special = pl.col("disease").is_not_null() | pl.col("houbetsu").is_not_null()
        is_elder = pl.col("age") != 1
        # households and months lie together, so sums up to each line give sums of each month by subtraction
        lines = frame.select(
            *_CLASSES,
            begins.fill_null(value=True).alias("_begins"),
            (most * is_elder).fill_null(_ENOUGH).cum_sum().alias("_elder"),
            (most * ~is_elder).fill_null(_ENOUGH).cum_sum().alias("_younger"),
            always.fill_null(value=True).cast(pl.Int64).cum_sum().alias("_always"),
            special.cast(pl.Int64).cum_sum().alias("_specials"),
        )
        ends = lines.filter(pl.col("_begins").shift(-1, fill_value=True))
        months = ends.with_columns(pl.col(name) - pl.col(name).shift(fill_value=0) for name in _SUMS)
        bounds = self._bounds(pl, months.select(_CLASSES).unique().rows())
        both = pl.col("_elder") + pl.col("_younger")
        flags = months.join(bounds, on=_CLASSES, how="left", nulls_equal=True, maintain_order="left").select(
            (pl.col("_always") > 0)
            | ((pl.col("_specials") > 0) & (both > pl.col("_special")))
            | (pl.col("_elder") > pl.col("_from_70"))
            | ((pl.col("_younger") >= pl.col("_under_70")) & (both > pl.col("_whole")))
        )
        place = lines.get_column("_begins").cast(pl.UInt32).cum_sum() - 1
        kept: DataFrame = frame.filter(flags.to_series().gather(place))
        return kept

    def _bounds(self, pl: Any, classes: Sequence[tuple[int, str | None, str | None]]) -> DataFrame:
        law = Law.shipped()
        for key in classes:
            if key not in self._known:
                try:
                    self._known[key] = bounds_of(law.at(month_numbered(key[0])), key[1], key[2], self._choices)
                except KokuhoError:
                    self._known[key] = Bounds.none()  # calculated, and refused there with its reason
        names = {"month": pl.Int64, "class_under70": pl.String, "class_70plus": pl.String}
        names |= {f"_{each.name}": pl.Int64 for each in fields(Bounds)}
        made: DataFrame = pl.DataFrame([(*key, *astuple(self._known[key])) for key in classes], schema=names, orient="row")
        return made
