"""Discourse labels, stances towards groups, and weekly rates with the classifier's error in their intervals."""

import dagster as dg
import polars as pl

from assets.partition_keys import quarter_of_partition
from assets.partitions import days, quarters
from assets.shipped_model import load_model, model_facts
from assets.workplace import Workplace
from models.discourse import rates
from models.discourse.workers import labelling_crew, labels_and_stances

ALL_DAYS = dg.AllPartitionMapping()


@dg.multi_asset(
    outs={
        "core_discourse__labels": dg.AssetOut(dagster_type=pl.DataFrame, kinds={"polars", "scikitlearn"}),
        "core_discourse__stances": dg.AssetOut(dagster_type=pl.DataFrame, kinds={"polars", "scikitlearn"}),
    },
    ins={"messages": dg.AssetIn("core_feeds__messages"), "mentions": dg.AssetIn("core_feeds__mentions")},
    deps=["discourse_model"],
    partitions_def=days,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="discourse",
)
def discourse_days(
    messages: pl.DataFrame, mentions: pl.DataFrame, workplace: dg.ResourceParam[Workplace]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Days of labels: discourse, severity, stance towards each group named; the model may say it does not know."""
    with labelling_crew(load_model(workplace.models, workplace.seed), len(messages)) as labellers:
        labels, stances = labels_and_stances(messages, mentions, labellers)
    assert labels is not None and stances is not None
    return labels, stances


@dg.asset(
    ins={
        "messages": dg.AssetIn("core_feeds__messages", partition_mapping=ALL_DAYS),
        "labels": dg.AssetIn("core_discourse__labels", partition_mapping=ALL_DAYS),
        "mentions": dg.AssetIn("core_feeds__mentions", partition_mapping=ALL_DAYS),
    },
    deps=["discourse_model"],
    partitions_def=quarters,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="discourse",
    kinds={"polars"},
)
def out_discourse__rates(
    context: dg.AssetExecutionContext,
    messages: pl.DataFrame,
    labels: pl.DataFrame,
    mentions: pl.DataFrame,
    workplace: dg.ResourceParam[Workplace],
) -> pl.DataFrame:
    """Weekly rates by region and group, plain and corrected for the classifier's measured confusion."""
    facts = model_facts(workplace.models, workplace.seed)
    confusion = None if facts is None else facts.confusion
    names = [quarter_of_partition(key) for key in context.partition_keys]
    return pl.concat(rates.rates(messages, labels, mentions, quarter, confusion=confusion) for quarter in names)
