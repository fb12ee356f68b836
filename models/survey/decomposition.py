"""Why a number differs between two times or places: other people, or the same people answering otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from data_contracts.indicator_registry import Registry
from models.survey.change import year_pairs
from models.survey.design import SurveyInputError

COMPOSITIONS: Mapping[str, tuple[str, ...]] = {
    "language": ("language",),
    "group_settlement_age": ("group_code", "settlement_code", "age_group_code"),
}
DECOMPOSITION_SCHEMA = pl.Schema(
    {
        "quarter": pl.String(),
        "indicator_id": pl.String(),
        "indicator_version": pl.String(),
        "year_from": pl.Int64(),
        "year_to": pl.Int64(),
        "cells": pl.String(),
        "difference_pp": pl.Float64(),
        "composition_pp": pl.Float64(),
        "composition_se_pp": pl.Float64(),
        "composition_ci_low_pp": pl.Float64(),
        "composition_ci_high_pp": pl.Float64(),
        "attitude_pp": pl.Float64(),
        "attitude_se_pp": pl.Float64(),
        "attitude_ci_low_pp": pl.Float64(),
        "attitude_ci_high_pp": pl.Float64(),
        "comparability": pl.String(),
    }
)


@dataclass(frozen=True)
class Decomposition:
    """A difference of two means and its two parts, in the unit of the outcome.

    Attributes:
        difference: mean of the second side minus mean of the first.
        composition: what different shares of the cells explain.
        attitude: what different answers within the cells explain.
        composition_se: standard error of `composition`.
        attitude_se: standard error of `attitude`.
        cells: one row per cell: share and mean on both sides, and its two contributions.
    """

    difference: float
    composition: float
    attitude: float
    composition_se: float
    attitude_se: float
    cells: pl.DataFrame


def kitagawa(first: pl.DataFrame, second: pl.DataFrame, cell: str = "cell") -> pl.DataFrame:
    """Kitagawa's (1955) two-part decomposition from shares and means of cells.

    Composition: difference of shares times the average of the two means; attitude: difference of means times
    the average of the two shares. A cell that one side does not have has share 0 there, and the mean of the
    side that has it, so that its whole effect is composition.

    Args:
        first: columns `cell`, `share` (adding to 1), `mean`.
        second: the same, of the other side.
        cell: name of the column of cells.

    Returns:
        cell, share_1, mean_1, share_2, mean_2, composition, attitude; the two parts add up to the difference.

    Raises:
        SurveyInputError: if the shares of a side do not add to 1.
    """
    for name, side in (("first", first), ("second", second)):
        total = float(side.get_column("share").sum())
        if abs(total - 1) > 1e-9:
            raise SurveyInputError(f"the shares of the {name} side add to {total}, not 1")
    both = first.select(cell, share_1="share", mean_1="mean").join(
        second.select(cell, share_2="share", mean_2="mean"), on=cell, how="full", coalesce=True
    )
    filled = both.with_columns(
        pl.col("share_1", "share_2").fill_null(0.0),
        mean_1=pl.col("mean_1").fill_null(pl.col("mean_2")),
        mean_2=pl.col("mean_2").fill_null(pl.col("mean_1")),
    )
    return filled.with_columns(
        composition=(pl.col("share_2") - pl.col("share_1")) * (pl.col("mean_1") + pl.col("mean_2")) / 2,
        attitude=(pl.col("mean_2") - pl.col("mean_1")) * (pl.col("share_1") + pl.col("share_2")) / 2,
    ).sort(cell)


def decomposition(
    sample: pl.DataFrame,
    *,
    outcome: str,
    side: str,
    values: tuple[object, object],
    by: list[str],
    weight: str = "calibrated_weight",
    strata: str = "stratum_id",
    psu: str = "psu_id",
) -> Decomposition:
    """Kitagawa's decomposition of a difference between two domains of a sample, with standard errors.

    Both parts are smooth functions of weighted cell totals; their variances come from Taylor linearisation
    over PSUs within strata (with replacement at the first stage). PSUs common to both sides therefore enter
    with their covariance. A stratum with one PSU is centred at the overall mean. Weights calibrated to the
    margins of `by` fix the composition: then compare over variables that calibration leaves free.

    Args:
        sample: respondents with outcome, side, cells, weight, stratum and PSU.
        outcome: numeric column; rows without a value are left out.
        side: column that tells the two sides apart (e.g. `year`, or a region flag).
        values: the first and the second value of `side`.
        by: columns whose joint values are the cells.
        weight: column of weights.
        strata: column of first-stage strata.
        psu: column of first-stage units.

    Raises:
        SurveyInputError: if a side has no respondents with an outcome.
    """
    rows = sample.filter(pl.col(outcome).is_not_null()).with_columns(
        cell=pl.concat_str([pl.col(name).cast(pl.String()).fill_null("-") for name in by], separator="/")
    )
    first, second = (_cells(rows.filter(pl.col(side) == value), outcome, weight, value) for value in values)
    parts = kitagawa(first, second)
    linearised = rows.filter(pl.col(side).is_in(list(values))).join(parts, on="cell")
    z = _influence(linearised, outcome, side, values, weight)
    variances = [_variance(linearised.with_columns(z=pl.Series(column)), strata, psu) for column in z]
    composition, attitude = (float(parts.get_column(name).sum()) for name in ("composition", "attitude"))
    return Decomposition(
        composition + attitude,
        composition,
        attitude,
        float(np.sqrt(variances[0])),
        float(np.sqrt(variances[1])),
        parts,
    )


def _cells(rows: pl.DataFrame, outcome: str, weight: str, value: object) -> pl.DataFrame:
    if rows.is_empty():
        raise SurveyInputError(f"side {value!r} has no respondent with a value of {outcome}")
    w = pl.col(weight)
    totals = rows.group_by("cell").agg(total=w.sum(), mean=(w * pl.col(outcome)).sum() / w.sum())
    return totals.select("cell", share=pl.col("total") / pl.col("total").sum(), mean="mean")


def _influence(
    rows: pl.DataFrame, outcome: str, side: str, values: tuple[object, object], weight: str
) -> tuple[np.ndarray, np.ndarray]:
    """Linearised values of composition and attitude, already multiplied by the weights."""
    column = {name: rows.get_column(name).to_numpy() for name in ("share_1", "share_2", "mean_1", "mean_2")}
    w = rows.get_column(weight).to_numpy()
    y = rows.get_column(outcome).to_numpy().astype(float)
    is_second = (rows.get_column(side) == values[1]).to_numpy()
    total = np.where(is_second, w[is_second].sum(), w[~is_second].sum())
    sign = np.where(is_second, 1.0, -1.0)
    own_share = np.where(is_second, column["share_2"], column["share_1"])
    own_mean = np.where(is_second, column["mean_2"], column["mean_1"])
    middle_mean = (column["mean_1"] + column["mean_2"]) / 2
    middle_share = (column["share_1"] + column["share_2"]) / 2
    # A respondent in cell k moves the share of k by w(1 - share_k)/W, and of any other j by -w share_j/W.
    cells = rows.unique("cell")
    mid = (cells.get_column("mean_1") + cells.get_column("mean_2")).to_numpy() / 2
    step = (cells.get_column("mean_2") - cells.get_column("mean_1")).to_numpy()
    shares = {k: cells.get_column(f"share_{k}").to_numpy() for k in (1, 2)}
    mean_mid = np.where(is_second, shares[2] @ mid, shares[1] @ mid)
    mean_step = np.where(is_second, shares[2] @ step, shares[1] @ step)
    per_mean = w * (y - own_mean) / (total * own_share)
    gap_share = column["share_2"] - column["share_1"]
    gap_mean = column["mean_2"] - column["mean_1"]
    composition = sign * w * (middle_mean - mean_mid) / total + gap_share / 2 * per_mean
    attitude = w * (gap_mean - mean_step) / (2 * total) + sign * middle_share * per_mean
    return composition, attitude


def _variance(rows: pl.DataFrame, strata: str, psu: str) -> float:
    totals = rows.group_by(strata, psu).agg(pl.col("z").sum())
    overall = totals.get_column("z").mean()
    spread = totals.group_by(strata).agg(
        n=pl.len(),
        within=((pl.col("z") - pl.col("z").mean()) ** 2).sum(),
        around=((pl.col("z") - overall) ** 2).sum(),
    )
    n = pl.col("n")
    part = pl.when(n > 1).then(pl.col("within") * n / (n - 1)).otherwise("around")
    return float(spread.select(part.sum()).item())


def decompositions(
    sample: pl.DataFrame, estimates: pl.DataFrame, registry: Registry, quarter: str, level: float = 0.95
) -> pl.DataFrame:
    """Every national change between years, split into who lives here and how they answer.

    Two sets of cells: the language of the interview, and ethnic group x settlement x age. Weights are raked
    to the same census in every year, so group, age and settlement taken alone cannot move; what the second
    set shows as composition is their joint distribution. Intervals are normal (hundreds of degrees of
    freedom); the errors do not count the gain from raking and are therefore a little too large.

    Args:
        sample: a `scored_sample` of all years.
        estimates: `out_indicators__estimates`, for which years are comparable.
        registry: indicators.
        quarter: written into every row.
        level: of the intervals.

    Returns:
        `out_indicators__decomposition`; pairs of years that are not comparable hold no numbers.
    """
    z = float(stats.norm.ppf(0.5 + level / 2))
    country = estimates.filter(pl.col("domain") == "country")
    rows: list[dict] = []
    for name, indicator in registry.current().items():
        own = country.filter(pl.col("indicator_id") == name)
        comparable = dict(own.select("year", pl.col("comparability") == "comparable").iter_rows())
        head = {"quarter": quarter, "indicator_id": name, "indicator_version": indicator.version}
        for pair in year_pairs(list(comparable)):
            is_open = all(comparable[year] for year in pair)
            for cells, by in COMPOSITIONS.items():
                row = {**head, "year_from": pair[0], "year_to": pair[1], "cells": cells}
                if is_open:
                    row |= _percent_row(decomposition(sample, outcome=name, side="year", values=pair, by=list(by)), z)
                rows.append({**row, "comparability": "comparable" if is_open else "not_comparable"})
    return pl.DataFrame(rows, schema=DECOMPOSITION_SCHEMA)


def _percent_row(found: Decomposition, z: float) -> dict[str, float]:
    row = {"difference_pp": 100 * found.difference}
    for name, value, se in (
        ("composition", found.composition, found.composition_se),
        ("attitude", found.attitude, found.attitude_se),
    ):
        row |= {
            f"{name}_pp": 100 * value,
            f"{name}_se_pp": 100 * se,
            f"{name}_ci_low_pp": 100 * (value - z * se),
            f"{name}_ci_high_pp": 100 * (value + z * se),
        }
    return row
