"""What arrived from each source each day, so that a gap in collection never looks like calm."""

from __future__ import annotations

import polars as pl

from models.periods import quarter_end, quarter_start

COVERAGE_SCHEMA = pl.Schema(
    {
        "quarter": pl.String(),
        "source_id": pl.String(),
        "day_date": pl.Date(),
        "message_count": pl.Int64(),
        "flag": pl.String(),
    }
)

_LOOK_BACK_DAYS = 28
_FEWEST_DAYS = 7
_REGULAR_COUNT = 3.0  # median messages a day from which a day without any is a gap rather than a quiet source
_SURPRISE = 4.0  # robust z on the square-root scale, where Poisson counts have a standard deviation of one half

DAILY_COLUMNS = ("source_id", "day_date", "message_count", "flag")


def coverage(messages: pl.DataFrame, quarter: str) -> pl.DataFrame:
    """Messages per source and day of a quarter, with gaps and jumps of volume flagged.

    Each day is compared with the median of the same source's 28 days before it, on the square-root scale,
    where the spread of counts does not depend on their level; the spread is the larger of 1.4826 times the
    median absolute deviation and the Poisson value of one half. A source with fewer than seven days of
    history is not judged, nor are days before its first message. Days after its last message, up to the last
    day on which any source was heard, are part of its record, so that a feed that stopped shows.

    Args:
        messages: source_id and day_date (Asia/Almaty), one row per message; days before the quarter serve as
            history.
        quarter: `2026-Q3`.

    Returns:
        quarter, source_id, day_date, message_count, flag: `gap` (none where the median was three or more),
        `drop`, `surge` or `ok`; by source and day.
    """
    first, last = quarter_start(quarter), quarter_end(quarter)
    days = daily_coverage(messages.filter(pl.col("day_date") <= last))
    return days.filter(pl.col("day_date").is_between(first, last)).select(
        pl.lit(quarter).alias("quarter"), *DAILY_COLUMNS
    )


def daily_coverage(messages: pl.DataFrame) -> pl.DataFrame:
    """Every source and day from the source's first message to the last day on which any source was heard.

    Args:
        messages: as for `coverage`.

    Returns:
        source_id, day_date, message_count, flag, as `coverage` explains them.
    """
    counts = messages.group_by("source_id", "day_date").agg(message_count=pl.len().cast(pl.Int64))
    if counts.is_empty():
        return pl.DataFrame(schema={name: COVERAGE_SCHEMA[name] for name in DAILY_COLUMNS})
    end = counts.select(pl.col("day_date").max()).item()
    days = (
        counts.group_by("source_id")
        .agg(day_date=pl.col("day_date").min())
        .with_columns(day_date=pl.date_ranges("day_date", pl.lit(end)))
        .explode("day_date", empty_as_null=False)
    )
    filled = (
        days.join(counts, on=["source_id", "day_date"], how="left")
        .with_columns(pl.col("message_count").fill_null(0))
        .sort("source_id", "day_date")
    )
    return _flagged(filled).select(DAILY_COLUMNS)


def _flagged(filled: pl.DataFrame) -> pl.DataFrame:
    """Add `flag` to complete daily counts ordered by source and day."""
    root = pl.col("message_count").sqrt()
    before = pl.col("root").shift(1)
    scored = (
        filled.with_columns(root=root)
        .with_columns(
            usual=before.rolling_median(_LOOK_BACK_DAYS, min_samples=_FEWEST_DAYS).over("source_id"),
        )
        .with_columns(away=(pl.col("root") - pl.col("usual")).abs())
        .with_columns(spread=pl.col("away").shift(1).rolling_median(_LOOK_BACK_DAYS, min_samples=1).over("source_id"))
        .with_columns(
            score=(pl.col("root") - pl.col("usual"))
            / pl.max_horizontal(pl.col("spread").fill_null(0.0) * 1.4826, pl.lit(0.5))
        )
    )
    silent = (pl.col("message_count") == 0) & (pl.col("usual") ** 2 >= _REGULAR_COUNT)
    flag = (
        pl.when(silent)
        .then(pl.lit("gap"))
        .when(pl.col("score") <= -_SURPRISE)
        .then(pl.lit("drop"))
        .when(pl.col("score") >= _SURPRISE)
        .then(pl.lit("surge"))
        .otherwise(pl.lit("ok"))
    )
    return scored.with_columns(flag=flag)
