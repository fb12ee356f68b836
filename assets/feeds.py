"""Messages as tables: read one export without its persons, annotate days, say where coverage has gaps."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg
import polars as pl

from assets.message_runs import message_runs, source_regions
from assets.partition_keys import dates_of_partitions, quarter_of_partition
from assets.partitions import days, feed_files, quarters
from assets.sources.feed_file import read_feed
from assets.sources.inbox import file_of_partition
from assets.sources.kato import gazetteer_with_kato
from assets.workplace import Workplace
from data_contracts.contract import table_contract
from data_contracts.outlets import outlet_regions
from data_contracts.schemas import empty_frame
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
def feed_file(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> Iterator[dg.Output[Any]]:
    """Exports of messages: no name, handle or profile leaves this step; what cannot be read is set aside."""
    refused: dict[str, list[pl.DataFrame]] = {}

    def pieces() -> Iterator[tuple[str, pl.DataFrame]]:
        for key in context.partition_keys:
            file = file_of_partition(workplace.inbox, "feed", key)
            refused[key] = []
            for read in read_feed(file, as_of=workplace.as_of, pseudonym_key=workplace.pseudonym_key):
                refused[key].append(read.quarantine)
                yield key, read.rows

    yield dg.Output(pieces(), "raw_feeds__messages")
    yield dg.Output({key: pl.concat(frames) for key, frames in refused.items()}, "core_feeds__quarantine")


@dg.multi_asset(
    outs={
        "core_feeds__messages": dg.AssetOut(kinds={"polars"}),
        "core_feeds__mentions": dg.AssetOut(kinds={"polars"}),
    },
    ins={"raw": dg.AssetIn("raw_feeds__messages", partition_mapping=ALL_FILES)},
    partitions_def=days,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="feeds",
)
def feed_days(
    context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace], raw: pl.LazyFrame
) -> Iterator[dg.Output[Any]]:
    """Days of messages: language, script, region, ethnic groups mentioned, duplicates; one row a message."""
    wanted = dates_of_partitions(context.partition_keys)
    annotator = annotation.Annotator(
        source_regions(raw, outlet_regions(workplace.inbox)), table=gazetteer_with_kato(workplace.reference)
    )
    mentions: list[pl.DataFrame] = [empty_frame(table_contract("core_feeds__mentions"))]

    def pieces() -> Iterator[tuple[str, pl.DataFrame]]:
        for run in message_runs(raw, wanted[0] - timedelta(days=WINDOW_DAYS), wanted[-1]):
            annotated = annotator.annotated(run)
            chosen = pl.col("day_date").is_in(wanted)
            mentions.append(annotated.mentions.filter(chosen))
            days = annotated.messages.filter(chosen).partition_by("day_date", maintain_order=True)
            yield from ((str(day["day_date"][0]), day) for day in days)

    yield dg.Output(pieces(), "core_feeds__messages")
    yield dg.Output(pl.concat(mentions), "core_feeds__mentions")


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
