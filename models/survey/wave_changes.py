"""Whether an indicator moved from one wave to the next, also where a year has several waves."""

from __future__ import annotations

import polars as pl

from data_contracts.indicator_registry import Registry
from models.survey.change import changes, wave_covariances
from models.survey.indicators import estimates, scored_sample
from models.survey.weighting import Margins

WAVE_DOMAINS = ("country", "region", "group")
WAVE_CHANGE_SCHEMA = pl.Schema(
    {
        "quarter": pl.String(),
        "indicator_id": pl.String(),
        "indicator_version": pl.String(),
        "domain": pl.String(),
        "domain_value": pl.String(),
        "region_code": pl.String(),
        "wave_from": pl.String(),
        "wave_to": pl.String(),
        "quarter_from": pl.String(),
        "quarter_to": pl.String(),
        "quarters_between": pl.Int64(),
        "estimate_from_pct": pl.Float64(),
        "estimate_to_pct": pl.Float64(),
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


def wave_order(respondents: pl.DataFrame) -> pl.DataFrame:
    """The waves in the order of their last interview; a wave without dates stands at the end of its year.

    Returns:
        wave_id, number (1 the first), fieldwork_quarter (null without dates), quarter_number (quarters since
        year 0, null without dates).
    """
    last = respondents.group_by("wave_id").agg(
        ended=pl.col("interview_date").max(), year=pl.col("year").max().cast(pl.Int32)
    )
    ended = pl.col("ended")
    return (
        last.sort(pl.coalesce("ended", pl.date(pl.col("year"), 12, 31)), "wave_id")
        .with_row_index("number", offset=1)
        .select(
            "wave_id",
            pl.col("number").cast(pl.Int64),
            fieldwork_quarter=pl.when(ended.is_not_null()).then(
                pl.format("{}-Q{}", ended.dt.year(), ended.dt.quarter())
            ),
            quarter_number=(4 * ended.dt.year() + ended.dt.quarter()).cast(pl.Int64),
        )
    )


def wave_changes(
    respondents: pl.DataFrame,
    answers: pl.DataFrame,
    weights: pl.DataFrame,
    registry: Registry,
    quarter: str,
    *,
    comparability: pl.DataFrame | None = None,
    margins: Margins | None = None,
) -> pl.DataFrame:
    """Every wave against the one before it: quarter over quarter where waves are quarterly.

    The annual tables know one wave a year, its last. Here every wave counts, in the order of fieldwork;
    errors, covariances through shared PSUs, adjustment for the number of regions and verdicts are those of
    `changes`.

    Args:
        respondents: `core_survey__respondents`.
        answers: `core_survey__answers`.
        weights: `core_survey__weights`.
        registry: items and indicators.
        quarter: of the report, written into every row.
        comparability: as for `estimates`.
        margins: as given to `weighting.weights`.

    Returns:
        `out_indicators__wave_changes`: country, regions and ethnic groups; no rows for fewer than two waves.
    """
    order = wave_order(respondents)
    if order.height < 2:
        return pl.DataFrame(schema=WAVE_CHANGE_SCHEMA)
    # A wave's number stands in for its year, so that each is a year of its own to the annual functions.
    numbers = order.select("wave_id", "number")
    people = respondents.drop("year").join(numbers, on="wave_id", maintain_order="left").rename({"number": "year"})
    found = estimates(
        people,
        answers,
        weights,
        registry,
        quarter,
        comparability=comparability,
        margins=margins,
        domains=WAVE_DOMAINS,
    )
    sample = scored_sample(people, answers, weights, registry, margins=margins)
    moved = changes(found, wave_covariances(sample, registry, WAVE_DOMAINS))
    steps = moved.filter(pl.col("year_to") == pl.col("year_from") + 1)
    on = ["indicator_id", "indicator_version", "domain", "domain_value"]
    for side in ("from", "to"):
        levels = found.select(
            *on, pl.col("year").alias(f"year_{side}"), pl.col("estimate_pct").alias(f"estimate_{side}_pct")
        )
        names = order.select(
            pl.col("number").alias(f"year_{side}"),
            pl.col("wave_id").alias(f"wave_{side}"),
            pl.col("fieldwork_quarter").alias(f"quarter_{side}"),
            pl.col("quarter_number").alias(f"at_{side}"),
        )
        steps = steps.join(levels, on=[*on, f"year_{side}"], how="left", maintain_order="left").join(
            names, on=f"year_{side}", how="left", maintain_order="left"
        )
    return (
        steps.with_columns(quarters_between=pl.col("at_to") - pl.col("at_from"))
        .select(list(WAVE_CHANGE_SCHEMA))
        .cast({**WAVE_CHANGE_SCHEMA})
    )
