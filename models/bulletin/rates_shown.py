"""Discourse rates as the bulletin shows them: corrected where that is known, withheld for few messages."""

from __future__ import annotations

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
    return rates.with_columns(
        pl.when(is_enough).then(pl.coalesce(f"corrected_{column}", column)).alias(f"shown_{column}")
        for column in ("share", "ci_low_share", "ci_high_share")
    )
