"""Small frames between tables and page: quarter totals, positions of regions, where sources disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from data_contracts.reference import regions

COUNTRY = "KZ"
ALL_GROUPS = "all"
SIGNALS = (
    "hostile",
    "hard_hostile",
    "tension",
    "grievance",
    "accord",
    "counter",
    "language",
    "authority",
    "neutral",
)
_SHARE_COLUMNS = (
    "share",
    "ci_low_share",
    "ci_high_share",
    "corrected_share",
    "corrected_ci_low_share",
    "corrected_ci_high_share",
)
Frames = Mapping[str, pl.DataFrame]


def last_survey_year(estimates: pl.DataFrame) -> int | None:
    """The latest year with an estimate for the country, None without one."""
    found = estimates.filter(pl.col("domain") == "country")["year"].max()
    return int(found) if isinstance(found, int) else None


def latest_estimates(estimates: pl.DataFrame, domain: str) -> pl.DataFrame:
    """Rows of one domain kind in the last survey year."""
    year = pl.lit(last_survey_year(estimates), dtype=pl.Int64)
    return estimates.filter(pl.col("domain") == domain, pl.col("year") == year)


def region_positions(estimates: pl.DataFrame) -> pl.DataFrame:
    """Where each region stands against the country in the last survey year.

    Returns:
        Columns indicator_id, region_code, position: `above` or `below` when the two 95 % intervals do not
        overlap (a cautious rule), else `indistinct`; `suppressed` where nothing is published.
    """
    country = latest_estimates(estimates, "country").select("indicator_id", low="ci_low_pct", high="ci_high_pct")
    position = (
        pl.when(pl.col("is_suppressed") | pl.col("estimate_pct").is_null())
        .then(pl.lit("suppressed"))
        .when(pl.col("ci_low_pct") > pl.col("high"))
        .then(pl.lit("above"))
        .when(pl.col("ci_high_pct") < pl.col("low"))
        .then(pl.lit("below"))
        .otherwise(pl.lit("indistinct"))
    )
    rows = latest_estimates(estimates, "region").join(country, on="indicator_id", how="left")
    return rows.select("indicator_id", region_code="domain_value", position=position).sort(
        "indicator_id", "region_code"
    )


def summed_rates(rates: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Weekly rates added up, for example over a quarter by region, group and signal.

    Shares are weekly shares weighted by messages with copies counted once. Interval ends are averaged with
    the same weights, as if every week had the same error: so for the classifier's part, else too wide.

    Args:
        rates: rows of `out_discourse__rates`; a week cut by the end of a quarter may stand there twice.
        keys: columns that stay apart.

    Returns:
        The keys, message_count, interethnic_count, cluster_count, signal_count, week_count and the six
        share columns of the weekly table (0..1, or null).
    """
    weight = pl.col("cluster_count")
    shares = []
    for column in _SHARE_COLUMNS:
        known = weight.filter(pl.col(column).is_not_null())
        total = (pl.col(column) * weight).sum() / known.sum()
        shares.append(pl.when(known.sum() > 0).then(total).otherwise(None).alias(column))
    names = ("message_count", "interethnic_count", "cluster_count", "signal_count")
    counts = [pl.col(name).sum() for name in names]
    return (
        rates.group_by(keys)
        .agg(*counts, pl.col("week_date").n_unique().cast(pl.Int64).alias("week_count"), *shares)
        .sort(keys)
    )


def candidate_counts(candidates: pl.DataFrame) -> pl.DataFrame:
    """Alert candidates awaiting review: columns region_code, case_kind, candidate_count."""
    return (
        candidates.filter(pl.col("status") == "awaiting_review")
        .group_by("region_code", "case_kind")
        .agg(pl.len().cast(pl.Int64).alias("candidate_count"))
        .sort("region_code", "case_kind")
    )


def council_totals(returns: pl.DataFrame) -> pl.DataFrame:
    """Council returns of the quarter by region: meetings, appeals, resolved, events, participants."""
    names = [name for name in returns.columns if name.endswith("_count")]
    return returns.group_by("region_code").agg(pl.col(name).sum() for name in names).sort("region_code")


def ledger(frames: Frames, rates: pl.DataFrame) -> pl.DataFrame:
    """One row a region, joining what the four sources say of it.

    Args:
        frames: tables as of `quarter_tables`.
        rates: `quarter_rates_shown` of the figures.

    Returns:
        Columns region_code, accord_position, hostile_position (`above`, `below`, `indistinct`, `suppressed`,
        null without data), candidate_count, appeal_count, resolved_count and disagreement (a rule code).
    """
    codes = pl.DataFrame({"region_code": list(regions())})
    positions = (
        region_positions(frames["estimates"])
        .filter(pl.col("indicator_id") == "accord")
        .select("region_code", accord_position="position")
    )
    candidates = candidate_counts(frames["candidates"]).group_by("region_code").agg(pl.col("candidate_count").sum())
    councils = council_totals(frames["returns"]).select("region_code", "appeal_count", "resolved_count")
    joined = codes
    for part in (positions, _hostile_positions(rates), candidates, councils):
        joined = joined.join(part, on="region_code", how="left", maintain_order="left")
    return joined.with_columns(pl.col("candidate_count").fill_null(0)).with_columns(disagreement=_disagreement())


def _hostile_positions(rates: pl.DataFrame) -> pl.DataFrame:
    hostile = rates.filter(pl.col("signal") == "hostile", pl.col("group_code") == ALL_GROUPS)
    low, high = pl.col("shown_ci_low_share"), pl.col("shown_ci_high_share")
    country = hostile.filter(pl.col("region_code") == COUNTRY).select(country_low=low, country_high=high)
    position = (
        pl.when(low.is_null())
        .then(pl.lit("suppressed"))
        .when(low > pl.col("country_high"))
        .then(pl.lit("above"))
        .when(high < pl.col("country_low"))
        .then(pl.lit("below"))
        .otherwise(pl.lit("indistinct"))
    )
    return hostile.join(country, how="cross").select("region_code", hostile_position=position)


def _disagreement() -> pl.Expr:
    survey, discourse = pl.col("accord_position"), pl.col("hostile_position")
    known = survey.is_not_null() & (survey != "suppressed") & discourse.is_not_null() & (discourse != "suppressed")
    awaiting = pl.col("candidate_count") > 0
    appeals = pl.col("appeal_count")
    return (
        pl.when((survey == "above") & (discourse == "above"))
        .then(pl.lit("survey_good_discourse_bad"))
        .when((survey == "below") & (discourse == "below"))
        .then(pl.lit("survey_bad_discourse_good"))
        .when(awaiting & (appeals == 0))
        .then(pl.lit("signals_no_appeals"))
        .when((survey == "below") & ~awaiting & (appeals == 0))
        .then(pl.lit("survey_bad_nothing_else"))
        .when(known)
        .then(pl.lit("none_seen"))
        .otherwise(pl.lit("not_comparable"))
    )


def flag_counts(coverage: pl.DataFrame) -> pl.DataFrame:
    """Coverage by source: source_id, day_count, message_count and days flagged gap, surge, drop."""
    flags = [(pl.col("flag") == flag).sum().cast(pl.Int64).alias(f"{flag}_count") for flag in ("gap", "surge", "drop")]
    return (
        coverage.group_by("source_id")
        .agg(
            pl.col("day_date").n_unique().cast(pl.Int64).alias("day_count"),
            pl.col("message_count").sum(),
            *flags,
        )
        .sort("message_count", "source_id", descending=[True, False])
    )


HEADLINE_MEASURES = (
    "interviews",
    "item_nonresponse_share",
    "language_gap_pp",
    "straight_lining_share",
    "duplicate_pattern_share",
    "language_share",
    "interviewer_icc",
    "kish_deff_design",
    "kish_deff_calibrated",
    "g_weight_min",
    "g_weight_max",
    "margin_gap_before_pp",
    "margin_gap_after_pp",
)
_WHOLE = ("all", "KZ", "kk", "ru", "kk-ru")


def headline_quality(quality: pl.DataFrame) -> pl.DataFrame:
    """Measures of the whole sample or by interview language, and the widest margin gaps.

    Returns:
        Rows in the order of `HEADLINE_MEASURES`; of a margin gap only the widest category. Clusters and
        interviewers are never named.
    """
    is_gap = pl.col("measure").str.starts_with("margin_gap_")
    whole = quality.filter(~is_gap, pl.col("domain_value").is_in(_WHOLE))
    widest = (
        quality.filter(is_gap)
        .sort(pl.col("value").abs(), "domain_value", descending=[True, False])
        .unique("measure", keep="first", maintain_order=True)
    )
    order = pl.col("measure").replace_strict(
        {name: place for place, name in enumerate(HEADLINE_MEASURES)}, default=None, return_dtype=pl.Int64
    )
    rows = pl.concat([whole, widest]).with_columns(order=order).drop_nulls("order")
    return rows.sort("order", "domain_value").drop("order")


def latest_changes(changes: pl.DataFrame) -> pl.DataFrame:
    """Of each cell and year only the comparison with the wave just before, not that with the base year."""
    keys = ["indicator_id", "domain", "domain_value", "year_to"]
    return changes.sort(*keys, "year_from").unique(keys, keep="last", maintain_order=True)
