"""Daily series of incitement (hard hostility: calls to expel, discriminate or harm, approval of violence).

A call to act cannot wait for the end of a week, so hard hostility is counted by day as well, by the same rules as
by week: distinct texts and authors, people of a group, days without sources unknown and not zero.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from data_contracts.reference import regions
from models.warning.detectors.gamma_poisson import GammaPoissonOptions
from models.warning.series import (
    ALL_GROUPS,
    LEAST_COVERED_SHARE,
    UNKNOWN_REGION,
    counted_cells,
    signal_messages,
)
from models.warning.signals import SIGNAL_SCHEMA, SignalOptions, tested_cells

INCITEMENT = "hard_hostile"
RENAMED = {"week_date": "day_date", "history_weeks": "history_days"}
DAY_SCHEMA = {"week_date": pl.Date} | {RENAMED.get(name, name): kind for name, kind in SIGNAL_SCHEMA.items()}
# Eight weeks of days at least; the last two weeks are not learnt from; half weight after half a year.
DAILY = SignalOptions(
    uses_scan=False,
    gamma_poisson=GammaPoissonOptions(past_weeks_excluded=14, half_life=182.0, least_history=56),
)


def daily_series(
    messages: pl.DataFrame,
    labels: pl.DataFrame,
    mentions: pl.DataFrame | None = None,
    coverage: pl.DataFrame | None = None,
    *,
    stances: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Count incitement into daily cells.

    Args:
        messages, labels, mentions, stances: as for `series.series`.
        coverage: rows of `out_feeds__coverage`; a region's day is not covered when sources with more than half
            of its messages have a gap.

    Returns:
        A full grid of days x regions (20 and `unknown`) x groups seen (and `all`) with the columns of
        `series.series`, the day standing in `week_date`.
    """
    known = [*regions(), UNKNOWN_REGION]
    days = messages.select("message_id", "day_date")
    events = (
        signal_messages(messages, labels, mentions, stances=stances)
        .filter((pl.col("signal") == INCITEMENT) & pl.col("region_code").is_in(known))
        .join(days, on="message_id")
        .with_columns(week_date="day_date")
    )
    counted = counted_cells(events)
    if messages.height == 0:
        return counted.with_columns(is_covered=pl.lit(value=True))
    groups = sorted({ALL_GROUPS, *counted["group_code"].unique().to_list()})
    steps = messages.select(pl.date_range(pl.col("day_date").min(), pl.col("day_date").max()))["day_date"]
    return (
        pl.DataFrame({"week_date": steps})
        .join(pl.DataFrame({"region_code": known}), how="cross")
        .join(pl.DataFrame({"group_code": groups}), how="cross")
        .with_columns(signal=pl.lit(INCITEMENT))
        .join(counted, on=["week_date", "region_code", "group_code", "signal"], how="left")
        .join(_uncovered(messages, coverage), on=["week_date", "region_code"], how="left")
        .with_columns(
            pl.col("observed_count", "message_count", "cluster_count").fill_null(0),
            pl.col("is_covered").fill_null(value=True),
        )
    )


def incitement_days(frame: pl.DataFrame, days: list[date]) -> pl.DataFrame:
    """Test the cells of the given days.

    Args:
        frame: result of `daily_series`.
        days: days to test; those that the series does not reach give no rows.

    Returns:
        `out_warning__days`: as `out_warning__signals`, one row per day and cell; the cells of one day are one
        family for the correction.
    """
    found = tested_cells(frame, days, DAILY).rename(RENAMED)
    return found.with_columns(week_date=pl.col("day_date").dt.truncate("1w")).select(*DAY_SCHEMA)


def _uncovered(messages: pl.DataFrame, coverage: pl.DataFrame | None) -> pl.DataFrame:
    """Days and regions whose usual sources were mostly silent."""
    schema = {"week_date": pl.Date, "region_code": pl.String, "is_covered": pl.Boolean}
    if coverage is None or coverage.height == 0 or "source_id" not in messages.columns:
        return pl.DataFrame(schema=schema)
    share = (
        messages.group_by("region_code", "source_id")
        .len()
        .with_columns(source_share=pl.col("len") / pl.col("len").sum().over("region_code"))
    )
    gaps = coverage.filter(pl.col("flag") == "gap").select("source_id", "day_date").unique()
    return (
        gaps.join(share, on="source_id")
        .group_by(pl.col("day_date").alias("week_date"), "region_code")
        .agg((1 - pl.col("source_share").sum() >= LEAST_COVERED_SHARE).alias("is_covered"))
        .filter(~pl.col("is_covered"))
    )
