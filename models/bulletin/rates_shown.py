"""Discourse rates as the bulletin shows them: corrected where that is known, withheld for few messages."""

from __future__ import annotations

from statistics import NormalDist

import polars as pl

from models.bulletin import summaries
from models.survey.publication import PublicationRules

SHOWN = ("shown_share", "shown_ci_low_share", "shown_ci_high_share")
WEEKLY_SIGNALS = ("hostile", "tension", "grievance", "accord", "counter", "language")


def quarter_rates_shown(rates: pl.DataFrame, quarter: str) -> pl.DataFrame:
    """Rates of a quarter by region, group and signal; the share to be shown is null for too few messages."""
    own = rates.filter(pl.col("quarter") == quarter)
    return _shown(summaries.summed_rates(own, ("region_code", "group_code", "signal")))


def weekly_rates_shown(rates: pl.DataFrame) -> pl.DataFrame:
    """Rates of the country by week and signal; a week cut in two by a quarter's end is joined."""
    country = rates.filter(
        pl.col("region_code") == summaries.COUNTRY,
        pl.col("group_code") == summaries.ALL_GROUPS,
        pl.col("signal").is_in(WEEKLY_SIGNALS),
    )
    return _shown(summaries.summed_rates(country, ("week_date", "signal")))


def _shown(rates: pl.DataFrame) -> pl.DataFrame:
    """Adds the shown share and interval: corrected for classifier error, else as counted, or null."""
    is_enough = pl.col("cluster_count") >= PublicationRules().minimum_n_eff
    shown = rates.with_columns(
        pl.when(is_enough).then(pl.coalesce(f"corrected_{column}", column)).alias(f"shown_{column}")
        for column in ("share", "ci_low_share", "ci_high_share")
    )
    low, high = _wilson(pl.col("shown_share"), pl.col("cluster_count"))
    return shown.with_columns(
        shown_ci_low_share=pl.min_horizontal("shown_ci_low_share", low),
        shown_ci_high_share=pl.max_horizontal("shown_ci_high_share", high),
    )


def _wilson(share: pl.Expr, count: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Ends of Wilson's 95 % score interval (Wilson 1927).

    Where nothing was observed the correction for the classifier leaves an interval of no width; what is shown is never
    narrower than sampling alone allows.
    """
    z = NormalDist().inv_cdf(0.975)
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * (share * (1 - share) / count + z**2 / (4 * count**2)).sqrt()
    return (middle - half).clip(0, 1), (middle + half).clip(0, 1)
