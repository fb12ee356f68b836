"""The three indicators as tables: estimates, changes, verdicts against plan, outlook, wave quality."""

import dagster as dg
import polars as pl

from assets.partition_keys import quarter_of_partition
from assets.partitions import quarters
from assets.questionnaires import questionnaires_of_waves
from assets.workplace import Workplace
from data_contracts.indicator_registry import plan, registry
from models.survey import (
    change,
    comparability,
    decomposition,
    indicators,
    measurement,
    outlook,
    region_groups,
    sensitivity,
    wave_changes,
    wave_quality,
)
from models.survey import plan as plan_test
from models.survey.reporting_period import known_by, waves_known_by

ALL_WAVES = dg.AllPartitionMapping()
WAVE_INPUTS = {
    "respondents": dg.AssetIn("core_survey__respondents", partition_mapping=ALL_WAVES),
    "answers": dg.AssetIn("core_survey__answers", partition_mapping=ALL_WAVES),
    "weights": dg.AssetIn("core_survey__weights", partition_mapping=ALL_WAVES),
}


@dg.asset(ins=WAVE_INPUTS, partitions_def=quarters, group_name="indicators", kinds={"polars"})
def out_indicators__estimates(
    context: dg.AssetExecutionContext,
    workplace: dg.ResourceParam[Workplace],
    respondents: pl.DataFrame,
    answers: pl.DataFrame,
    weights: pl.DataFrame,
) -> pl.DataFrame:
    """Accord, tolerance and wellbeing by year and domain, each with its error, suppressed where the rules say."""
    quarter = quarter_of_partition(context.partition_key)
    people, replies, weighted = waves_known_by(quarter, respondents, answers, weights)
    asked = questionnaires_of_waves(workplace.inbox, people["wave_id"].unique().to_list())
    flags = comparability.known_comparability(people, replies, asked, registry())
    return indicators.estimates(people, replies, weighted, registry(), quarter, comparability=flags)


@dg.asset(
    ins={**WAVE_INPUTS, "estimates": dg.AssetIn("out_indicators__estimates")},
    partitions_def=quarters,
    group_name="indicators",
    kinds={"polars"},
)
def out_indicators__changes(
    context: dg.AssetExecutionContext,
    respondents: pl.DataFrame,
    answers: pl.DataFrame,
    weights: pl.DataFrame,
    estimates: pl.DataFrame,
) -> pl.DataFrame:
    """Year over year differences with intervals, corrected for the number of regions looked at."""
    quarter = quarter_of_partition(context.partition_key)
    people, replies, weighted = waves_known_by(quarter, respondents, answers, weights)
    if estimates.is_empty():
        return change.changes(estimates)
    sample = indicators.scored_sample(people, replies, weighted, registry())
    return change.changes(estimates, change.wave_covariances(sample, registry()))


@dg.asset(partitions_def=quarters, group_name="indicators", kinds={"polars"})
def out_indicators__verdicts(
    context: dg.AssetExecutionContext, out_indicators__estimates: pl.DataFrame
) -> pl.DataFrame:
    """Met, not met, or cannot be told: the country's estimates against the plan."""
    for notice in plan_test.plan_notices(out_indicators__estimates, plan()):
        context.log.warning(notice)
    return plan_test.verdicts(out_indicators__estimates, plan())


@dg.asset(partitions_def=quarters, group_name="indicators", kinds={"polars"})
def out_indicators__index(out_indicators__estimates: pl.DataFrame) -> pl.DataFrame:
    """Every series as an index with the registry's base year at 100."""
    return indicators.rebased(out_indicators__estimates, registry().base_year)


@dg.asset(partitions_def=quarters, group_name="indicators", kinds={"polars"})
def out_indicators__outlook(context: dg.AssetExecutionContext, out_indicators__estimates: pl.DataFrame) -> pl.DataFrame:
    """Where the series goes until the plan's last year, and how likely each target is."""
    quarter = quarter_of_partition(context.partition_key)
    return outlook.outlook(out_indicators__estimates, quarter, plan())


@dg.asset(
    ins={
        **WAVE_INPUTS,
        "quarantine": dg.AssetIn("core_survey__quarantine", partition_mapping=ALL_WAVES),
    },
    partitions_def=quarters,
    group_name="survey",
    kinds={"polars"},
)
def out_survey__wave_quality(
    context: dg.AssetExecutionContext,
    respondents: pl.DataFrame,
    answers: pl.DataFrame,
    weights: pl.DataFrame,
    quarantine: pl.DataFrame,
) -> pl.DataFrame:
    """How each wave was gathered: non-response, straight-lining, design effects, margins before and after."""
    quarter = quarter_of_partition(context.partition_key)
    people, replies, weighted = waves_known_by(quarter, respondents, answers, weights)
    refused = known_by(quarantine, respondents, quarter)
    return wave_quality.wave_quality(people, replies, weighted, registry(), quarter, quarantine=refused)


@dg.asset(ins=WAVE_INPUTS, partitions_def=quarters, group_name="indicators", kinds={"polars"})
def out_indicators__wave_changes(
    context: dg.AssetExecutionContext,
    workplace: dg.ResourceParam[Workplace],
    respondents: pl.DataFrame,
    answers: pl.DataFrame,
    weights: pl.DataFrame,
) -> pl.DataFrame:
    """Every wave against the one before it: quarter over quarter where waves are quarterly."""
    quarter = quarter_of_partition(context.partition_key)
    people, replies, weighted = waves_known_by(quarter, respondents, answers, weights)
    asked = questionnaires_of_waves(workplace.inbox, people["wave_id"].unique().to_list())
    flags = comparability.known_comparability(people, replies, asked, registry())
    return wave_changes.wave_changes(people, replies, weighted, registry(), quarter, comparability=flags)


@dg.asset(
    ins={**WAVE_INPUTS, "estimates": dg.AssetIn("out_indicators__estimates")},
    partitions_def=quarters,
    group_name="indicators",
    kinds={"polars"},
)
def out_indicators__small_areas(
    context: dg.AssetExecutionContext,
    respondents: pl.DataFrame,
    answers: pl.DataFrame,
    weights: pl.DataFrame,
    estimates: pl.DataFrame,
) -> pl.DataFrame:
    """Ethnic groups region by region in the last wave: direct estimates, and modelled ones marked apart."""
    quarter = quarter_of_partition(context.partition_key)
    sample = indicators.scored_sample(*waves_known_by(quarter, respondents, answers, weights), registry())
    return region_groups.small_areas(sample, estimates, registry(), quarter)


@dg.asset(
    ins={**WAVE_INPUTS, "estimates": dg.AssetIn("out_indicators__estimates")},
    partitions_def=quarters,
    group_name="indicators",
    kinds={"polars"},
)
def out_indicators__decomposition(
    context: dg.AssetExecutionContext,
    respondents: pl.DataFrame,
    answers: pl.DataFrame,
    weights: pl.DataFrame,
    estimates: pl.DataFrame,
) -> pl.DataFrame:
    """Each national change split into who lives here and how they answer."""
    quarter = quarter_of_partition(context.partition_key)
    sample = indicators.scored_sample(*waves_known_by(quarter, respondents, answers, weights), registry())
    return decomposition.decompositions(sample, estimates, registry(), quarter)


@dg.asset(ins=WAVE_INPUTS, partitions_def=quarters, group_name="indicators", kinds={"polars"})
def out_indicators__sensitivity(
    context: dg.AssetExecutionContext,
    respondents: pl.DataFrame,
    answers: pl.DataFrame,
    weights: pl.DataFrame,
) -> pl.DataFrame:
    """The national numbers under other reasonable definitions."""
    quarter = quarter_of_partition(context.partition_key)
    people, replies, weighted = waves_known_by(quarter, respondents, answers, weights)
    sample = indicators.scored_sample(people, replies, weighted, registry())
    return sensitivity.sensitivity(sample, replies, registry(), quarter)


@dg.asset(ins=WAVE_INPUTS, partitions_def=quarters, group_name="survey", kinds={"polars"})
def out_survey__reliability(
    context: dg.AssetExecutionContext,
    respondents: pl.DataFrame,
    answers: pl.DataFrame,
    weights: pl.DataFrame,
) -> pl.DataFrame:
    """How well the items hang together in each wave, and whether kk and ru interviews measure the same."""
    quarter = quarter_of_partition(context.partition_key)
    people, replies, weighted = waves_known_by(quarter, respondents, answers, weights)
    return measurement.reliabilities(people, replies, weighted, registry(), quarter)
