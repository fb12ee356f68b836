"""Publication rules laid over an analyst's estimates: flags only, the numbers stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from models.survey.publication import PublicationRules, suppression

if TYPE_CHECKING:
    from models.survey.estimation import Estimates

SHARE_KINDS = ("proportion",)
ANY_SCALE = PublicationRules(widest_interval_pp=float("inf"), narrow_interval_pp=0.0)


def with_suppression(estimates: Estimates) -> pl.DataFrame:
    """The estimates with `suppressed`, `suppression_rule` and `reliability_flag`.

    Proportions follow all rules. For means, ratios and totals, whose scale is not 0..1, the rules on
    effective sample size, cell size, relative width and degrees of freedom hold.

    Returns:
        The frame of the estimates, numbers unchanged, with the three columns added.
    """
    frame = estimates.frame
    is_share = estimates.kind in SHARE_KINDS
    by = [name for name in estimates.keys if name not in {"level", "outcome"}]
    factor = 100.0 if is_share else 1.0
    size = pl.col("estimate").abs() if not is_share else pl.col("estimate")
    half = (pl.col("ci_high") - pl.col("ci_low")) / 2
    low = pl.col("ci_low") if is_share else size - half
    high = pl.col("ci_high") if is_share else size + half
    ruled = frame.select(
        quarter=pl.lit(""),
        indicator_id=pl.col("level").fill_null("") if "level" in frame.columns else pl.lit(""),
        indicator_version=pl.lit(""),
        year=pl.lit(0),
        domain=pl.lit("country" if not by else "region_group" if len(by) == 2 else "cell"),
        region_code=pl.col(by[0]).cast(pl.String) if by else pl.lit(None, dtype=pl.String),
        group_code=pl.col(by[1]).cast(pl.String) if len(by) > 1 else pl.lit(None, dtype=pl.String),
        estimate_pct=factor * size,
        se_pct=factor * pl.col("se"),
        ci_low_pct=factor * low,
        ci_high_pct=factor * high,
        n_count=pl.col("n"),
        n_eff=pl.col("n_eff"),
        deff=pl.col("deff"),
        df=pl.col("df_domain"),
        cv=pl.col("cv"),
    )
    flags = suppression(ruled, PublicationRules() if is_share else ANY_SCALE)
    flag = flags["reliability_flag"]
    if not is_share:
        flag = flags.select(
            pl.when(pl.col("reliability_flag") == "few_df").then(pl.col("reliability_flag"))
        ).to_series()
    return frame.with_columns(
        suppressed=flags["is_suppressed"],
        suppression_rule=flags["suppression_rule"],
        reliability_flag=flag,
    )
