"""Which waves a quarter's report may know of."""

from __future__ import annotations

import polars as pl

from models.periods import quarter_end


def known_by(frame: pl.DataFrame, respondents: pl.DataFrame, quarter: str) -> pl.DataFrame:
    """Rows of the waves whose last interview lies in the quarter or before it.

    A wave without interview dates counts by its year. A later wave is left out whole, so that a quarter built
    again a year later has the numbers it had.

    Args:
        frame: any table with `wave_id`.
        respondents: `core_survey__respondents` of the waves.
        quarter: such as 2026-Q3.

    Returns:
        The rows of `frame` of those waves.
    """
    last = quarter_end(quarter)
    waves = (
        respondents.group_by("wave_id")
        .agg(last_interview=pl.col("interview_date").max(), year=pl.col("year").max())
        .filter(
            pl.when(pl.col("last_interview").is_null())
            .then(pl.col("year") <= last.year)
            .otherwise(pl.col("last_interview") <= last)
        )
    )
    return frame.filter(pl.col("wave_id").is_in(waves["wave_id"].to_list()))


def waves_known_by(
    quarter: str, respondents: pl.DataFrame, answers: pl.DataFrame, weights: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Respondents, answers and weights of the waves that `known_by` keeps and that could be weighted.

    A wave whose calibration failed has no weights; nothing is estimated from it.
    """
    weighted = pl.col("wave_id").is_in(weights["wave_id"].unique().to_list())
    people, replies, weights_known = (
        known_by(frame, respondents, quarter).filter(weighted) for frame in (respondents, answers, weights)
    )
    return people, replies, weights_known
