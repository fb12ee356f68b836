"""How far the headline depends on how it is defined."""

from __future__ import annotations

from typing import Literal

import polars as pl

from data_contracts.indicator_registry import Indicator, Registry, ScoreRule
from models.survey.estimation import estimate
from models.survey.indicators import KEYS, item_scores, rule_scores, survey_design

SENSITIVITY_SCHEMA = pl.Schema(
    {
        "quarter": pl.String(),
        "indicator_id": pl.String(),
        "indicator_version": pl.String(),
        "year": pl.Int64(),
        "alternative_id": pl.String(),
        "estimate_pct": pl.Float64(),
        "se_pct": pl.Float64(),
        "ci_low_pct": pl.Float64(),
        "ci_high_pct": pl.Float64(),
        "n_count": pl.Int64(),
        "difference_pp": pl.Float64(),
        "change_from_first_pp": pl.Float64(),
    }
)
WAVE_COLUMNS = [
    name
    for name in SENSITIVITY_SCHEMA
    if name not in ("quarter", "indicator_version", "difference_pp", "change_from_first_pp")
]


def sensitivity(sample: pl.DataFrame, answers: pl.DataFrame, registry: Registry, quarter: str) -> pl.DataFrame:
    """National estimates of every indicator under the registry's rule and under each alternative.

    Args:
        sample: a `scored_sample`.
        answers: `core_survey__answers` of its waves.
        registry: indicators with their alternatives.
        quarter: written into every row.

    Returns:
        `out_indicators__sensitivity`. Per indicator, year and definition (`headline` first): the estimate on
        0..100 with its interval (logit for shares of respondents, Wald for means), `difference_pp` from the
        headline of that year, and `change_from_first_pp` from the first year under the same definition:
        whether the story is the same.
    """
    if sample.is_empty():
        return pl.DataFrame(schema=SENSITIVITY_SCHEMA)
    definitions = {
        (indicator.indicator_id, name): rule
        for indicator in registry.current().values()
        for name, rule in _definitions(indicator).items()
    }
    scored = _all_scores(sample, answers, registry, definitions)
    tables = [_wave_table(wave, definitions) for wave in scored.partition_by("wave_id", maintain_order=True)]
    versions = {name: indicator.version for name, indicator in registry.current().items()}
    table = pl.concat(tables).with_columns(
        indicator_version=pl.col("indicator_id").replace_strict(versions, return_dtype=pl.String())
    )
    headline = pl.col("estimate_pct").filter(pl.col("alternative_id") == "headline").first()
    first = pl.col("estimate_pct").sort_by("year").first().over("indicator_id", "alternative_id")
    return (
        table.with_columns(
            quarter=pl.lit(quarter),
            difference_pp=pl.col("estimate_pct") - headline.over("indicator_id", "year"),
            change_from_first_pp=pl.col("estimate_pct") - first,
        )
        .select(list(SENSITIVITY_SCHEMA))
        .sort(pl.col("indicator_id").cast(pl.Enum(list(versions))), "year", maintain_order=True)
    )


def _definitions(indicator: Indicator) -> dict[str, ScoreRule]:
    others = {alternative.alternative_id: alternative.rule for alternative in indicator.alternatives}
    return {"headline": indicator.rule, **others}


def _all_scores(
    sample: pl.DataFrame,
    answers: pl.DataFrame,
    registry: Registry,
    definitions: dict[tuple[str, str], ScoreRule],
) -> pl.DataFrame:
    """The sample with a column `<indicator>|<definition>` per definition."""
    scored = sample
    for indicator in registry.current().values():
        items = item_scores(answers, indicator, registry)
        for (indicator_id, name), rule in definitions.items():
            if indicator_id == indicator.indicator_id:
                scores = rule_scores(items, rule).select(*KEYS, pl.col("score").alias(f"{indicator_id}|{name}"))
                scored = scored.join(scores, on=KEYS, how="left", maintain_order="left")
    return scored


def _wave_table(wave: pl.DataFrame, definitions: dict[tuple[str, str], ScoreRule]) -> pl.DataFrame:
    names = {f"{indicator_id}|{name}": rule for (indicator_id, name), rule in definitions.items()}
    asked = {name: rule for name, rule in names.items() if wave.get_column(name).count() > 0}
    shares = [name for name, rule in asked.items() if rule.kind == "share_positive"]
    means = [name for name in asked if name not in shares]
    found = []
    if shares:
        found.append(_estimates(wave, shares, "proportion"))
    if means:
        found.append(_estimates(wave, means, "mean"))
    if not found:
        return pl.DataFrame(schema={name: SENSITIVITY_SCHEMA[name] for name in WAVE_COLUMNS})
    order = pl.col("outcome").cast(pl.Enum(list(names)))
    parts = pl.col("outcome").str.split("|")
    return (
        pl.concat(found)
        .sort(order)
        .select(
            parts.list.get(0).alias("indicator_id"),
            pl.lit(wave.item(0, "year"), dtype=pl.Int64()).alias("year"),
            parts.list.get(1).alias("alternative_id"),
            *((100 * pl.col(name)).alias(f"{name}_pct") for name in ("estimate", "se", "ci_low", "ci_high")),
            pl.col("n").alias("n_count"),
        )
    )


def _estimates(wave: pl.DataFrame, outcomes: list[str], kind: Literal["mean", "proportion"]) -> pl.DataFrame:
    columns = ["estimate", "se", "ci_low", "ci_high", "n"]
    table = estimate(wave, survey_design(), outcomes, kind=kind).frame
    if "outcome" not in table.columns:
        table = table.with_columns(outcome=pl.lit(outcomes[0]))
    return table.select("outcome", *columns)
