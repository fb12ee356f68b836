"""What may be published: which estimates are too weak or would reveal people, and which rule says so."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

NUMBERS = ("estimate_pct", "se_pct", "ci_low_pct", "ci_high_pct", "n_eff", "deff", "df", "cv")
CONFIDENTIALITY_RULES = ("small_cell", "near_certainty", "secondary")


@dataclass(frozen=True)
class PublicationRules:
    """Thresholds of suppression and flagging.

    The first four follow the presentation standards for proportions of the National Center for Health
    Statistics (Parker et al. 2017): effective sample size, absolute and relative width of the interval
    (relative width counts only above an absolute width of .05), degrees of freedom. The last two are ours.

    Attributes:
        minimum_n_eff: effective respondents; fewer are suppressed (`n_eff`).
        widest_interval_pp: interval width from which on an estimate is suppressed (`interval_width`).
        widest_relative_pct: width as percent of the estimate above which it is suppressed (`relative_width`).
        narrow_interval_pp: at most this width, relative width does not matter.
        minimum_df: fewer degrees of freedom are flagged (`few_df`), not suppressed.
        minimum_cell: respondents; fewer could be recognised (`small_cell`).
        minimum_dissenters: in a cell below country level, an estimate that fewer respondents contradict is
            suppressed (`near_certainty`): "almost everybody of group G in region R thinks so" tells about
            each.
    """

    minimum_n_eff: float = 30.0
    widest_interval_pp: float = 30.0
    widest_relative_pct: float = 130.0
    narrow_interval_pp: float = 5.0
    minimum_df: float = 8.0
    minimum_cell: int = 10
    minimum_dissenters: int = 3


def suppression(frame: pl.DataFrame, rules: PublicationRules | None = None) -> pl.DataFrame:
    """Apply the publication rules and blank what they forbid.

    The first rule that fires is the one named, in the order small_cell, near_certainty, n_eff,
    interval_width, relative_width, not_estimable. Where a confidential cell is the only hidden one of a line
    that adds up (the cells of one domain; the groups of a region; the regions of a group), the smallest
    other cell of the line is hidden too (`secondary`), until no line gives a hidden cell away.

    Args:
        frame: estimates with the columns of `out_indicators__estimates` up to `cv`; percentages 0..100. An
            optional column `dissenter_count` holds the smaller of the unweighted positive and negative
            counts.
        rules: thresholds, the published ones when None.

    Returns:
        The frame with is_suppressed, suppression_rule and reliability_flag. Suppressed rows hold nulls, and
        n_count is the lower end of its class (0, 10, 30); `dissenter_count` is gone.
    """
    chosen = rules or PublicationRules()
    ruled = frame.with_columns(suppression_rule=_primary_rule(frame, chosen))
    ruled = _with_secondary(ruled)
    hidden = pl.col("suppression_rule").is_not_null()
    n_class = pl.when(pl.col("n_count") < 10).then(0).when(pl.col("n_count") < 30).then(10).otherwise(30)
    return ruled.with_columns(
        *(pl.when(~hidden).then(pl.col(name)).alias(name) for name in NUMBERS),
        reliability_flag=pl.when(~hidden).then(_flag(chosen)),
        n_count=pl.when(hidden).then(n_class).otherwise(pl.col("n_count")).cast(pl.Int64()),
        is_suppressed=hidden,
    ).drop("dissenter_count", strict=False)


def _primary_rule(frame: pl.DataFrame, rules: PublicationRules) -> pl.Expr:
    width = pl.col("ci_high_pct") - pl.col("ci_low_pct")
    relative = 100 * width / pl.col("estimate_pct")
    rule = pl.when(pl.col("n_count") < rules.minimum_cell).then(pl.lit("small_cell"))
    if "dissenter_count" in frame.columns:
        alone = (pl.col("domain") != "country") & (pl.col("dissenter_count") < rules.minimum_dissenters)
        rule = rule.when(alone).then(pl.lit("near_certainty"))
    return (
        rule.when(pl.min_horizontal("n_count", "n_eff") < rules.minimum_n_eff)
        .then(pl.lit("n_eff"))
        .when(width >= rules.widest_interval_pp)
        .then(pl.lit("interval_width"))
        .when((width > rules.narrow_interval_pp) & (relative > rules.widest_relative_pct))
        .then(pl.lit("relative_width"))
        .when(pl.any_horizontal(pl.col("estimate_pct", "ci_low_pct", "ci_high_pct").is_null()))
        .then(pl.lit("not_estimable"))
    )


def _flag(rules: PublicationRules) -> pl.Expr:
    """NCHS: few degrees of freedom, only one kind of answer, or a weak complement call for a second look."""
    width = pl.col("ci_high_pct") - pl.col("ci_low_pct")
    complement = 100 * width / (100 - pl.col("estimate_pct"))
    return (
        pl.when(pl.col("df") < rules.minimum_df)
        .then(pl.lit("few_df"))
        .when(pl.col("estimate_pct").is_in([0.0, 100.0]))
        .then(pl.lit("zero_or_all"))
        .when((width > rules.narrow_interval_pp) & (complement > rules.widest_relative_pct))
        .then(pl.lit("weak_complement"))
    )


def _with_secondary(frame: pl.DataFrame) -> pl.DataFrame:
    """Hide further cells until every line with a confidential cell hides at least two."""
    work = frame.with_row_index("_row")
    one_way = pl.col("domain") != "region_group"
    series = ["quarter", "indicator_id", "indicator_version", "year", "domain"]
    while True:
        lines = [
            (work.filter(one_way & (pl.col("domain") != "country")), series),
            (work.filter(~one_way), [*series, "region_code"]),
            (work.filter(~one_way), [*series, "group_code"]),
        ]
        extra = pl.concat([_exposed(cells, keys) for cells, keys in lines]).unique()
        if extra.is_empty():
            return work.drop("_row")
        rows = extra.get_column("_row").implode()
        work = work.with_columns(
            suppression_rule=pl.when(pl.col("_row").is_in(rows)).then(pl.lit("secondary")).otherwise("suppression_rule")
        )


def _exposed(cells: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """The smallest open cell of every line whose only hidden cell is confidential."""
    hidden = pl.col("suppression_rule").is_not_null()
    confidential = pl.col("suppression_rule").is_in(CONFIDENTIALITY_RULES).fill_null(value=False)
    at_risk = cells.filter((hidden.sum().over(keys) == 1) & (confidential.sum().over(keys) == 1))
    smallest = at_risk.filter(~hidden).sort("n_count", "_row").group_by(keys, maintain_order=True).first()
    return smallest.select("_row")
