"""Whether an indicator moved between two years, in the country and in each of its parts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
from scipy import stats

from data_contracts.indicator_registry import Registry
from models.survey.adjustment import benjamini_hochberg, holm
from models.survey.contrasts import covariance_between
from models.survey.estimation import Estimates
from models.survey.indicators import DOMAINS, wave_estimates

CHANGE_DOMAINS = tuple(domain for domain in DOMAINS if domain != "region_group")
CHANGE_SCHEMA = pl.Schema(
    {
        "quarter": pl.String(),
        "indicator_id": pl.String(),
        "indicator_version": pl.String(),
        "domain": pl.String(),
        "domain_value": pl.String(),
        "region_code": pl.String(),
        "year_from": pl.Int64(),
        "year_to": pl.Int64(),
        "difference_pp": pl.Float64(),
        "se_pp": pl.Float64(),
        "ci_low_pp": pl.Float64(),
        "ci_high_pp": pl.Float64(),
        "p_value": pl.Float64(),
        "p_holm": pl.Float64(),
        "p_bh": pl.Float64(),
        "verdict": pl.String(),
    }
)
COVARIANCE_SCHEMA = pl.Schema(
    {
        "indicator_id": pl.String(),
        "domain": pl.String(),
        "domain_value": pl.String(),
        "year_from": pl.Int64(),
        "year_to": pl.Int64(),
        "covariance_pp2": pl.Float64(),
    }
)
CELL = ["indicator_id", "indicator_version", "domain", "domain_value"]


def wave_covariances(
    sample: pl.DataFrame, registry: Registry, domains: tuple[str, ...] = CHANGE_DOMAINS
) -> pl.DataFrame:
    """Covariances of the same cell's estimates in two years whose samples have PSUs in common.

    Args:
        sample: a `scored_sample`. PSUs are the same when stratum_id and psu_id are.
        registry: indicators.
        domains: names of the domains wanted.

    Returns:
        One row per indicator, cell and pair of years with common PSUs, squared percentage points; no rows
        where waves were drawn apart (their covariance is zero).
    """
    years = dict(sample.select("wave_id", "year").unique().iter_rows())
    units = sample.select("wave_id", "stratum_id", "psu_id").unique()
    pairs = units.join(units, on=["stratum_id", "psu_id"], suffix="_to")
    linked = {
        (first, second)
        for first, second in pairs.select("wave_id", "wave_id_to").unique().iter_rows()
        if years[first] < years[second]
    }
    if not linked:
        return pl.DataFrame(schema=COVARIANCE_SCHEMA)
    found = {(wave, domain): table for wave, domain, table in wave_estimates(sample, registry, domains)}
    parts = [
        _cell_covariances(found[first, domain], found[second, domain], domain).with_columns(
            year_from=pl.lit(years[first], dtype=pl.Int64()), year_to=pl.lit(years[second], dtype=pl.Int64())
        )
        for first, second in sorted(linked)
        for domain in domains
        if (first, domain) in found and (second, domain) in found
    ]
    return pl.concat(parts).select(list(COVARIANCE_SCHEMA)) if parts else pl.DataFrame(schema=COVARIANCE_SCHEMA)


def _cell_covariances(earlier: Estimates, later: Estimates, domain: str) -> pl.DataFrame:
    matrix = covariance_between(earlier, later)
    columns = list(DOMAINS[domain])
    on = ["outcome", *columns]
    left, right = (table.frame.select(on).with_row_index(name) for table, name in ((earlier, "i"), (later, "j")))
    both = left.join(right, on=on)
    values = matrix[both.get_column("i").to_numpy(), both.get_column("j").to_numpy()]
    return both.select(
        indicator_id=pl.col("outcome"),
        domain=pl.lit(domain),
        domain_value=pl.concat_str(columns, separator="/") if columns else pl.lit("KZ"),
        covariance_pp2=pl.Series(1e4 * values),
    )


def year_pairs(years: list[int], base_year: int | None = None) -> list[tuple[int, int]]:
    """Neighbouring years, and the base year (the first one when None) with the last, each pair once."""
    ordered = sorted(set(years))
    pairs = list(pairwise(ordered))
    if len(ordered) > 2:
        base = base_year if base_year in ordered else ordered[0]
        if base != ordered[-1] and (base, ordered[-1]) not in pairs:
            pairs.append((base, ordered[-1]))
    return pairs


def changes(
    estimates: pl.DataFrame,
    covariances: pl.DataFrame | None = None,
    base_year: int | None = None,
    level: float = 0.95,
) -> pl.DataFrame:
    """Differences between years with intervals, p values and a verdict that respects how many were looked at.

    Every cell is compared with its last measured year and, in the last year, with the base year. t tests
    with degrees of freedom after Satterthwaite. `p_holm` and `p_bh` adjust over the cells of one domain (all
    regions, say) within indicator and pair of years. The verdict is `up` or `down` where `p_holm` is below 1
    - `level`, else `no_significant_change`; `not_comparable` where one of the waves breaks the series;
    `suppressed` where one of the estimates may not be shown. The latter two hold no numbers and are not
    counted as looked at.

    Args:
        estimates: `out_indicators__estimates` of one quarter.
        covariances: as `wave_covariances` gives; samples are independent where it has no row.
        base_year: the other year that the last one is compared with; the first when None.
        level: of intervals and verdicts.

    Returns:
        `out_indicators__changes`.
    """
    usable = estimates.filter(pl.col("domain").is_in(CHANGE_DOMAINS))
    years = usable.get_column("year").unique().to_list()
    parts = [_pair(usable, *pair) for pair in year_pairs(years, base_year)]
    if not parts:
        return pl.DataFrame(schema=CHANGE_SCHEMA)
    known = pl.DataFrame(schema=COVARIANCE_SCHEMA) if covariances is None else covariances
    on = ["indicator_id", "domain", "domain_value", "year_from", "year_to"]
    rows = _tested(pl.concat(parts).join(known, on=on, how="left"), level)
    family = ["indicator_id", "indicator_version", "domain", "year_from", "year_to"]
    adjusted = [_adjusted(part) for part in rows.partition_by(family, maintain_order=True)]
    return _with_verdicts(pl.concat(adjusted), 1 - level).select(list(CHANGE_SCHEMA)).cast({**CHANGE_SCHEMA})


def _pair(estimates: pl.DataFrame, year_from: int, year_to: int) -> pl.DataFrame:
    columns = [*CELL, "estimate_pct", "se_pct", "df", "is_suppressed", "comparability"]
    first = estimates.filter(pl.col("year") == year_from).select(columns)
    second = estimates.filter(pl.col("year") == year_to).select("quarter", "region_code", *columns)
    return second.join(first, on=CELL, suffix="_from").with_columns(
        year_from=pl.lit(year_from, dtype=pl.Int64()), year_to=pl.lit(year_to, dtype=pl.Int64())
    )


def _tested(rows: pl.DataFrame, level: float) -> pl.DataFrame:
    is_open = (
        ~pl.col("is_suppressed")
        & ~pl.col("is_suppressed_from")
        & (pl.col("comparability") == "comparable")
        & (pl.col("comparability_from") == "comparable")
    )
    a, b = pl.col("se_pct_from") ** 2, pl.col("se_pct") ** 2
    variance = (a + b - 2 * pl.col("covariance_pp2").fill_null(0.0)).clip(lower_bound=0.0)
    df = (a + b) ** 2 / (a**2 / pl.col("df_from").clip(1) + b**2 / pl.col("df").clip(1))
    measured = rows.with_columns(
        difference_pp=pl.when(is_open).then(pl.col("estimate_pct") - pl.col("estimate_pct_from")),
        se_pp=pl.when(is_open).then(variance.sqrt()),
        df_change=df,
    )
    difference, se, freedom = (
        measured.get_column(name).fill_null(float("nan")).to_numpy() for name in ("difference_pp", "se_pp", "df_change")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stats.t.sf(np.abs(difference / se), freedom)
    half = stats.t.ppf(0.5 + level / 2, freedom) * se
    made = {"p_value": p, "ci_low_pp": difference - half, "ci_high_pp": difference + half}
    return measured.with_columns(pl.Series(name, value).fill_nan(None) for name, value in made.items())


def _adjusted(family: pl.DataFrame) -> pl.DataFrame:
    p = family.get_column("p_value").fill_null(float("nan")).to_numpy()
    return family.with_columns(
        pl.Series("p_holm", holm(p)).fill_nan(None), pl.Series("p_bh", benjamini_hochberg(p)).fill_nan(None)
    )


def _with_verdicts(rows: pl.DataFrame, alpha: float) -> pl.DataFrame:
    broken = (pl.col("comparability") != "comparable") | (pl.col("comparability_from") != "comparable")
    moved = pl.col("p_holm") < alpha
    verdict = (
        pl.when(broken)
        .then(pl.lit("not_comparable"))
        .when(pl.col("is_suppressed") | pl.col("is_suppressed_from"))
        .then(pl.lit("suppressed"))
        .when(moved & (pl.col("difference_pp") > 0))
        .then(pl.lit("up"))
        .when(moved & (pl.col("difference_pp") < 0))
        .then(pl.lit("down"))
        .otherwise(pl.lit("no_significant_change"))
    )
    return rows.with_columns(verdict=verdict).sort(
        "indicator_id", "indicator_version", "domain", "year_to", "year_from", "domain_value"
    )
