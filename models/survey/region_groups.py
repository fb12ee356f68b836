"""Ethnic groups region by region: direct estimates, and modelled ones where the sample is too thin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from data_contracts.indicator_registry import Registry
from models.survey.indicators import wave_estimates
from models.survey.publication import CONFIDENTIALITY_RULES, PublicationRules
from models.survey.small_areas import benchmarked, fay_herriot, smoothed_variances

if TYPE_CHECKING:
    from models.survey.small_areas import Floats

SMALL_AREA_SCHEMA = pl.Schema(
    {
        "quarter": pl.String(),
        "indicator_id": pl.String(),
        "indicator_version": pl.String(),
        "year": pl.Int64(),
        "wave_id": pl.String(),
        "region_code": pl.String(),
        "group_code": pl.String(),
        "estimate_kind": pl.String(),
        "estimate_pct": pl.Float64(),
        "se_pct": pl.Float64(),
        "ci_low_pct": pl.Float64(),
        "ci_high_pct": pl.Float64(),
        "n_count": pl.Int64(),
        "direct_share": pl.Float64(),
        "benchmark_shift_pp": pl.Float64(),
        "is_preferred": pl.Boolean(),
        "is_suppressed": pl.Boolean(),
        "suppression_rule": pl.String(),
        "reliability_flag": pl.String(),
    }
)
CELL = ["region_code", "group_code"]
NUMBERS = ("estimate_pct", "se_pct", "ci_low_pct", "ci_high_pct")
SMALLEST_GROUP = 30
"""Respondents in the country below which groups share one coefficient."""
EDGE = 0.005
"""Predictions are kept so far from 0 and 1 before they get a logit interval."""


def modelled_cells(sample: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Fay-Herriot predictions of every region x group of one wave, before publication rules.

    An area is a region x group with at least one respondent. Covariates are the main effects of region and
    group (groups with fewer than 30 respondents in the country share one), so that the area effect is what
    is special about a group in one region. Sampling variances are smoothed by one design effect over all
    areas, with the proportions a first fit predicts, so that a lucky cell is not taken for a sure one. The
    variance between areas is REML; the mean squared error that of Prasad and Rao (1990). Predictions are
    then moved so that each region's mean, by estimated adults, is the region's direct estimate. Intervals
    are normal on the logit scale.

    Args:
        sample: a `scored_sample` of one wave.
        registry: indicators.

    Returns:
        indicator_id, region_code, group_code, estimate_pct, se_pct, ci_low_pct, ci_high_pct, n_count,
        direct_share (weight of the direct estimate, 0..1), benchmark_shift_pp; no rows of an indicator that
        has too few areas for the model.
    """
    found = {domain: table.frame for _, domain, table in wave_estimates(sample, registry, ("region", "region_group"))}
    if not found:
        return pl.DataFrame()
    regions = found["region"].select("outcome", "region_code", whole="estimate")
    direct = found["region_group"].select("outcome", *CELL, "estimate", "se", "n").filter(pl.col("n") > 0)
    parts = []
    for (name,), cells in direct.group_by("outcome", maintain_order=True):
        adults = (
            sample.filter(pl.col(str(name)).is_not_null()).group_by(CELL).agg(adults=pl.col("calibrated_weight").sum())
        )
        areas = cells.join(adults, on=CELL).join(regions, on=["outcome", "region_code"]).sort(CELL)
        if areas.height > _effects(areas).shape[1] + 10:
            parts.append(_modelled(areas))
    return pl.concat(parts) if parts else pl.DataFrame()


def _effects(areas: pl.DataFrame) -> Floats:
    """Indicator columns of region and group, the first of each left out."""
    small = pl.col("n").sum().over("group_code") < SMALLEST_GROUP
    factors = areas.select(
        "region_code", group=pl.when(small).then(pl.lit("~small")).otherwise("group_code")
    ).to_dummies(drop_first=True)
    return factors.to_numpy().astype(np.float64)


def _modelled(areas: pl.DataFrame) -> pl.DataFrame:
    y = areas.get_column("estimate").to_numpy()
    n = areas.get_column("n").cast(pl.Float64).to_numpy()
    direct_variance = areas.get_column("se").fill_null(0.0).to_numpy() ** 2
    x = _effects(areas)
    first = fay_herriot(y, smoothed_variances(direct_variance, n, y), x)
    fitted = np.clip(np.column_stack([np.ones(len(y)), x]) @ first.beta, 0.02, 0.98)
    fit = fay_herriot(y, smoothed_variances(direct_variance, n, fitted), x)
    moved, mse = _to_regions(areas, fit.eblup, fit.mse)
    p = np.clip(moved, EDGE, 1 - EDGE)
    se = np.sqrt(mse)
    half = stats.norm.ppf(0.975) * se / (p * (1 - p))
    logit = np.log(p / (1 - p))
    low, high = (100 / (1 + np.exp(-(logit + side * half))) for side in (-1, 1))
    return areas.select(
        pl.col("outcome").alias("indicator_id"),
        *CELL,
        pl.Series("estimate_pct", 100 * p),
        pl.Series("se_pct", 100 * se),
        pl.Series("ci_low_pct", low),
        pl.Series("ci_high_pct", high),
        pl.col("n").cast(pl.Int64).alias("n_count"),
        pl.Series("direct_share", fit.gamma),
        pl.Series("benchmark_shift_pp", 100 * (moved - fit.eblup)),
    )


def _to_regions(areas: pl.DataFrame, eblup: Floats, mse: Floats) -> tuple[Floats, Floats]:
    moved, errors = eblup.copy(), mse.copy()
    for rows in areas.with_row_index("row").partition_by("region_code"):
        at = rows.get_column("row").to_numpy()
        share = rows.get_column("adults").to_numpy()
        moved[at], errors[at] = benchmarked(eblup[at], mse[at], share, float(rows.item(0, "whole")))
    return moved, errors


def small_areas(
    sample: pl.DataFrame,
    estimates: pl.DataFrame,
    registry: Registry,
    quarter: str,
    publication: PublicationRules | None = None,
) -> pl.DataFrame:
    """Region x ethnic group of the last wave, each cell with its direct and its modelled estimate.

    Direct rows are those of `out_indicators__estimates`, suppressed as there. Modelled rows follow the rules
    on interval width and relative width (the model's effective sample is not the cell's), and
    `mostly_model` flags those in which the direct estimate weighs less than a half. `is_preferred` marks the
    one row of a cell to quote: the direct one where it may be shown, else the modelled one. `direct_share`
    is blank where the direct estimate is hidden for confidentiality, for with it the hidden number could be
    solved for.

    Args:
        sample: a `scored_sample`.
        estimates: `out_indicators__estimates` of the same quarter.
        registry: indicators.
        quarter: written into every row.
        publication: thresholds; the published ones when None.

    Returns:
        `out_indicators__small_areas`.
    """
    rules = publication or PublicationRules()
    if sample.is_empty() or estimates.is_empty():
        return pl.DataFrame(schema=SMALL_AREA_SCHEMA)
    year = sample.get_column("year").max()
    last = sample.filter(pl.col("year") == year)
    direct = _direct_rows(estimates.filter((pl.col("year") == year) & (pl.col("domain") == "region_group")))
    modelled = modelled_cells(last, registry)
    if modelled.is_empty():
        rows = direct
    else:
        rows = pl.concat([direct, _modelled_rows(modelled, direct, rules)], how="diagonal")
    versions = {name: indicator.version for name, indicator in registry.current().items()}
    open_direct = ((pl.col("estimate_kind") == "direct") & ~pl.col("is_suppressed")).any()
    is_first_choice = (
        pl.when(open_direct.over("indicator_id", *CELL)).then(pl.lit("direct")).otherwise(pl.lit("modelled"))
    )
    return (
        rows.with_columns(
            quarter=pl.lit(quarter),
            indicator_version=pl.col("indicator_id").replace_strict(versions, return_dtype=pl.String()),
            year=pl.lit(year, dtype=pl.Int64()),
            wave_id=pl.lit(last.item(0, "wave_id")),
            is_preferred=~pl.col("is_suppressed") & (pl.col("estimate_kind") == is_first_choice),
        )
        .select(list(SMALL_AREA_SCHEMA))
        .cast({**SMALL_AREA_SCHEMA})
        .sort(pl.col("indicator_id").cast(pl.Enum(list(versions))), *CELL, "estimate_kind")
    )


def _direct_rows(estimates: pl.DataFrame) -> pl.DataFrame:
    return estimates.select(
        "indicator_id",
        *CELL,
        *NUMBERS,
        "n_count",
        pl.lit("direct").alias("estimate_kind"),
        pl.lit(None, dtype=pl.Float64()).alias("direct_share"),
        pl.lit(None, dtype=pl.Float64()).alias("benchmark_shift_pp"),
        "is_suppressed",
        "suppression_rule",
        "reliability_flag",
    )


def _modelled_rows(modelled: pl.DataFrame, direct: pl.DataFrame, rules: PublicationRules) -> pl.DataFrame:
    width = pl.col("ci_high_pct") - pl.col("ci_low_pct")
    relative = 100 * width / pl.col("estimate_pct")
    rule = (
        pl.when(width >= rules.widest_interval_pp)
        .then(pl.lit("interval_width"))
        .when((width > rules.narrow_interval_pp) & (relative > rules.widest_relative_pct))
        .then(pl.lit("relative_width"))
    )
    known = direct.select("indicator_id", *CELL, shown_count="n_count", direct_rule="suppression_rule")
    rows = modelled.join(known, on=["indicator_id", *CELL], how="left")
    is_secret = pl.col("direct_rule").is_in(CONFIDENTIALITY_RULES).fill_null(value=False)
    hidden = pl.col("suppression_rule").is_not_null()
    return (
        rows.with_columns(
            estimate_kind=pl.lit("modelled"),
            suppression_rule=rule,
            n_count=pl.coalesce("shown_count", "n_count"),
            reliability_flag=pl.when(pl.col("direct_share") < 0.5).then(pl.lit("mostly_model")),
        )
        .with_columns(
            *(pl.when(~hidden).then(pl.col(name)).alias(name) for name in (*NUMBERS, "benchmark_shift_pp")),
            direct_share=pl.when(~hidden & ~is_secret).then(pl.col("direct_share")),
            reliability_flag=pl.when(~hidden).then(pl.col("reliability_flag")),
            is_suppressed=hidden,
        )
        .drop("shown_count", "direct_rule")
    )
