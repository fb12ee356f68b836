"""Early warning as tables: weekly signals, candidates, and the ledger where people decide."""

from datetime import timedelta

import dagster as dg
import polars as pl

from assets.partition_keys import dates_of_partitions
from assets.partitions import weeks
from assets.workplace import CandidateLedger
from models.text import coverage
from models.warning import candidates, daily, series, signals, supporting

ALL_DAYS = dg.AllPartitionMapping()
DAY_INPUTS = {
    "messages": dg.AssetIn("core_feeds__messages", partition_mapping=ALL_DAYS),
    "labels": dg.AssetIn("core_discourse__labels", partition_mapping=ALL_DAYS),
    "mentions": dg.AssetIn("core_feeds__mentions", partition_mapping=ALL_DAYS),
    "stances": dg.AssetIn("core_discourse__stances", partition_mapping=ALL_DAYS),
}
WEEKS_OF_ONE_STORY = 2


@dg.asset(
    ins=DAY_INPUTS,
    partitions_def=weeks,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="warning",
    kinds={"numpy"},
)
def out_warning__signals(
    context: dg.AssetExecutionContext,
    messages: pl.DataFrame,
    labels: pl.DataFrame,
    mentions: pl.DataFrame,
    stances: pl.DataFrame,
) -> pl.DataFrame:
    """Each week, region, group and signal: observed, expected, bound, and whether it stands out after FDR."""
    wanted = dates_of_partitions(context.partition_keys)
    gaps = coverage.daily_coverage(messages.select("source_id", "day_date"))
    weekly = series.series(messages, labels, mentions, gaps, stances=stances)
    return signals.signals(weekly, wanted)


@dg.asset(
    ins=DAY_INPUTS,
    partitions_def=weeks,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="warning",
    kinds={"numpy"},
)
def out_warning__days(
    context: dg.AssetExecutionContext,
    messages: pl.DataFrame,
    labels: pl.DataFrame,
    mentions: pl.DataFrame,
    stances: pl.DataFrame,
) -> pl.DataFrame:
    """Incitement by day: hard hostility of a region and group against its own past days."""
    mondays = dates_of_partitions(context.partition_keys)
    wanted = [monday + timedelta(days=number) for monday in mondays for number in range(7)]
    gaps = coverage.daily_coverage(messages.select("source_id", "day_date"))
    return daily.incitement_days(daily.daily_series(messages, labels, mentions, gaps, stances=stances), wanted)


@dg.asset(
    ins={
        **DAY_INPUTS,
        "tested": dg.AssetIn(
            "out_warning__signals",
            partition_mapping=dg.TimeWindowPartitionMapping(start_offset=-WEEKS_OF_ONE_STORY),
        ),
        "returns": dg.AssetIn("core_councils__returns"),
        "changes": dg.AssetIn("out_indicators__changes", partition_mapping=dg.AllPartitionMapping()),
    },
    partitions_def=weeks,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="warning",
    kinds={"polars"},
)
def out_warning__candidates(
    context: dg.AssetExecutionContext,
    tested: pl.DataFrame,
    returns: pl.DataFrame,
    changes: pl.DataFrame,
    messages: pl.DataFrame,
    labels: pl.DataFrame,
    mentions: pl.DataFrame,
    stances: pl.DataFrame,
) -> pl.DataFrame:
    """One case a story: severity as far as data know it, scrubbed examples, which councils would be asked."""
    wanted = dates_of_partitions(context.partition_keys)
    evidence = pl.concat([supporting.appeal_rises(returns), supporting.indicator_falls(changes)])
    cases = candidates.candidates(tested, messages, labels, mentions, stances=stances, evidence=evidence)
    return cases.filter(pl.col("week_date").is_in(wanted))


@dg.asset(
    partitions_def=weeks,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="warning",
    kinds={"sqlite"},
)
def warning_ledger(
    out_warning__candidates: pl.DataFrame, ledger: dg.ResourceParam[CandidateLedger]
) -> dg.MaterializeResult:
    """Candidates handed to the ledger as awaiting review; nothing leaves from here, two people decide."""
    added = ledger.register_candidates(out_warning__candidates)
    return dg.MaterializeResult(metadata={"new": added, **ledger.counts_by_status()})
