"""まとめ: in the months that may be paid, lines that only add up become one, and lines and months that cannot count are left out.

No rule is told a second time here: two lines become one where the calculation adds them up anyway, a line is left out where it
stays outside the aggregation (合算の対象外), and a month where no ceiling is reached. The bounds are those of
:mod:`kokuho_core.benefit.screening`; the tests hold every figure to that of the calculation from all lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from polars import DataFrame, Expr

BOUNDS: Final = ("_outpatient", "_household", "_under_70", "_whole", "_aggregated", "_disease")
"""The columns of bounds that stand beside each line (:class:`kokuho_core.benefit.screening.Bounds`)."""
_HOUSEHOLD: Final = ("class_under70", "class_70plus", "moved")
_VISITS: Final = ("household", "month", "person", "setting")
_UNIT: Final = (*_VISITS, "_place", "_branch")


def condensed(pl: Any, frame: DataFrame, subsidies: Sequence[str], line: str) -> DataFrame:
    """``frame``, whole months with their bounds beside each line, as fewer lines in fewer months; ``line`` numbers them.

    A unit is, under 70, that of the 21,000 yen; from 70 on, where there is no such amount, all that one person had outside
    hospital, or in it. The lines of one person in one setting add up where nothing special befell him there. The first line of
    a month always stays: the month is known by it.
    """
    c, elder = pl.col, pl.col("age") == 2
    alone = pl.concat_str(pl.lit("\0"), c(line).cast(pl.String))  # no institution has such a name
    begins = ((c("household") != c("household").shift()) | (c("month") != c("month").shift())).fill_null(value=True)
    agrees = pl.all_horizontal(c(name).eq_missing(c(name).shift()) for name in _HOUSEHOLD)
    bounded = _is_bounded(pl, subsidies).fill_null(value=False) & (begins | agrees)
    sums = c("_bounded") & (c("in_kind") == 0) & c("disease").is_null() & c("houbetsu").is_null()
    marked = frame.with_columns(bounded.alias("_bounded")).with_columns(
        sums.all().over(_VISITS).alias("_adds"),
        pl.when(elder).then(pl.lit("")).otherwise(pl.coalesce("prescribed_by", "institution", alone)).alias("_place"),
        pl.when(elder).then(0).otherwise(c("dental")).alias("_branch"),
    )
    keys = (*_UNIT, "age", "share", "_own")
    others = [name for name in marked.columns if name not in {*keys, "points"}]
    units = (
        marked.with_columns(pl.when(c("_adds")).then(0).otherwise(c(line)).alias("_own"))
        .group_by(keys, maintain_order=True)
        .agg(c("points").sum(), c(others).first())
        .with_columns((c("points") * c("share") // 10).alias("_paid"))
        .with_columns(c("_paid").sum().over(_UNIT).alias("_of_unit"))
    )
    units = units.filter(begins | elder | ~c("_adds") | (c("_of_unit") >= c("_aggregated")))
    worth = (
        units.group_by("household", "month", maintain_order=True)
        .agg(
            (~c("_bounded")).any().alias("_other"),
            c("_paid").filter(elder).sum().alias("_elder"),
            c("_of_unit").filter(elder & (c("setting") == 2)).max().fill_null(0).alias("_outside"),
            c("_paid").filter(~elder & (c("_of_unit") >= c("_aggregated"))).sum().alias("_younger"),
            c("_of_unit").filter(c("disease").is_not_null()).max().fill_null(0).alias("_of_disease"),
            c(BOUNDS).first(),
        )
        .filter(
            c("_other")
            | (c("_outside") > c("_outpatient"))
            | (c("_elder") > c("_household"))
            | (c("_of_disease") > c("_disease"))
            | ((c("_younger") >= c("_under_70")) & (c("_elder") + c("_younger") > c("_whole")))
        )
    )
    left: DataFrame = units.join(worth, on=["household", "month"], how="semi", maintain_order="left")
    return left.select(name for name in frame.columns if name not in BOUNDS)


def _is_bounded(pl: Any, subsidies: Sequence[str]) -> Expr:
    """Lines of which the bounds hold; what cannot be read as it should is none of them.

    The shares are those of which a point makes whole yen, so that the share of a sum is the sum of the shares.
    """
    c = pl.col
    bounded: Expr = (
        (c("moved") == 0) & (c("turns_75") == 0) & c("in_kind").is_in([0, 1])
        & c("copay").is_null() & (c("disease").is_null() | c("disease").is_in([1, 2, 3]))
        & (c("houbetsu").is_null() | c("houbetsu").is_in(subsidies))
        & c("age").is_in([1, 2]) & c("setting").is_in([1, 2]) & c("dental").is_in([0, 1])
        & c("share").is_in([10, 20, 30]) & (c("points") >= 0) & c("person").is_not_null()
        & (c("prescribed_by").is_null() | (c("setting") == 2))
    )  # fmt: skip
    return bounded
