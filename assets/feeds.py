"""Messages as tables: read one export without its persons, annotate days, say where coverage has gaps."""

from datetime import timedelta

import dagster as dg
import polars as pl

from assets.partition_keys import dates_of_partitions, quarter_of_partition
from assets.partitions import days, feed_files, quarters
from assets.sources.feed_file import read_feed
from assets.sources.inbox import file_of_partition
from assets.sources.kato import gazetteer_with_kato
from assets.workplace import Workplace
from data_contracts.outlets import outlet_regions
from models.periods import TIMEZONE
from models.text import annotation, coverage
from models.text.duplicates import WINDOW_DAYS

ALL_FILES = dg.AllPartitionMapping()
ALL_DAYS = dg.AllPartitionMapping()


@dg.multi_asset(
    outs={
        "raw_feeds__messages": dg.AssetOut(kinds={"polars"}),
        "core_feeds__quarantine": dg.AssetOut(kinds={"polars"}),
    },
    partitions_def=feed_files,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="feeds",
)
def feed_file(
    context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]
) -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """Exports of messages: no name, handle or profile leaves this step; what cannot be read is set aside."""
    rows: dict[str, pl.DataFrame] = {}
    refused: dict[str, pl.DataFrame] = {}
    for key in context.partition_keys:
        file = file_of_partition(workplace.inbox, "feed", key)
        read = read_feed(file, as_of=workplace.as_of, pseudonym_key=workplace.pseudonym_key)
        rows[key], refused[key] = read.rows, read.quarantine
    return rows, refused


@dg.multi_asset(
    outs={
        "core_feeds__messages": dg.AssetOut(dagster_type=pl.DataFrame, kinds={"polars"}),
        "core_feeds__mentions": dg.AssetOut(dagster_type=pl.DataFrame, kinds={"polars"}),
    },
    ins={"raw": dg.AssetIn("raw_feeds__messages", partition_mapping=ALL_FILES)},
    partitions_def=days,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="feeds",
)
def feed_days(
    context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace], raw: pl.LazyFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Days of messages: language, script, region, ethnic groups mentioned, duplicates; one row a message."""
    wanted = dates_of_partitions(context.partition_keys)
    day = pl.col("published_at").dt.convert_time_zone(TIMEZONE).dt.date()
    window = timedelta(days=WINDOW_DAYS)
    rows = raw.filter(day.is_between(wanted[0] - window, wanted[-1])).collect()
    names = dict(rows.select("source_id", "source_name").unique().iter_rows())
    served = outlet_regions(workplace.inbox)
    regions = {source: served[name] for source, name in names.items() if name in served}
    annotated = annotation.annotate(rows, regions, table=gazetteer_with_kato(workplace.reference))
    chosen = pl.col("day_date").is_in(wanted)
    return annotated.messages.filter(chosen), annotated.mentions.filter(chosen)


@dg.asset(
    ins={"messages": dg.AssetIn("core_feeds__messages", partition_mapping=ALL_DAYS)},
    partitions_def=quarters,
    group_name="feeds",
    kinds={"polars"},
)
def out_feeds__coverage(context: dg.AssetExecutionContext, messages: pl.LazyFrame) -> pl.DataFrame:
    """What arrived from each source each day, with gaps and jumps flagged, so that silence is not read as calm."""
    return coverage.coverage(
        messages.select("source_id", "day_date").collect(), quarter_of_partition(context.partition_key)
    )
