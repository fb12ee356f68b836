"""How many false alarms a council must expect in a year, from the thresholds really used."""

from __future__ import annotations

import polars as pl

from models.warning.series import THREAT_SIGNALS

WEEKS_PER_YEAR = 52.18


def expected_false_alarms_per_year(signals: pl.DataFrame) -> pl.DataFrame:
    """Expected false alarms of each region's council in a year.

    The sum over threat cells of the probability of an alarm without an event, averaged over the tested weeks.
    Cells of one region that alarm together become one candidate, so this is an upper bound for candidates.

    Args:
        signals: rows of `out_warning__signals`.

    Returns:
        region_code, expected_false_alarms_per_year (float), tested_weeks (weeks with at least one testable
        cell).
    """
    return (
        signals.filter(pl.col("signal").is_in(THREAT_SIGNALS) & pl.col("is_covered"))
        .drop_nulls("false_alarm_probability")
        .group_by("region_code", "week_date")
        .agg(pl.col("false_alarm_probability").sum())
        .group_by("region_code")
        .agg(
            (pl.col("false_alarm_probability").mean() * WEEKS_PER_YEAR).alias("expected_false_alarms_per_year"),
            pl.len().cast(pl.Int64).alias("tested_weeks"),
        )
        .sort("region_code")
    )
