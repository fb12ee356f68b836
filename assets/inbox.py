"""The account of the inbox as a table: each file, what became of its rows, and proof that none vanished."""

import dagster as dg
import polars as pl

from assets.sources.inbox import InboxFile, inbox_table, scan_inbox
from assets.workplace import Workplace
from models.accounting import FeedRows, check_account, feed_account, table_account
from models.survey.recoding import ANSWER_RULES

EVERY_PARTITION = dg.AllPartitionMapping()


@dg.asset(
    ins={
        "survey_rows": dg.AssetIn("raw_survey__answers", partition_mapping=EVERY_PARTITION),
        "survey_refused": dg.AssetIn("core_survey__quarantine", partition_mapping=EVERY_PARTITION),
        "feed_rows": dg.AssetIn("raw_feeds__messages", partition_mapping=EVERY_PARTITION),
        "feed_refused": dg.AssetIn("core_feeds__quarantine", partition_mapping=EVERY_PARTITION),
        "messages": dg.AssetIn("core_feeds__messages", partition_mapping=EVERY_PARTITION),
        "respondents": dg.AssetIn("core_survey__respondents", partition_mapping=EVERY_PARTITION),
        "council_rows": dg.AssetIn("core_councils__returns"),
        "council_refused": dg.AssetIn("core_councils__quarantine"),
    },
    group_name="inbox",
    kinds={"polars"},
)
def out_inbox__files(
    workplace: dg.ResourceParam[Workplace],
    survey_rows: pl.LazyFrame,
    survey_refused: pl.DataFrame,
    feed_rows: pl.LazyFrame,
    feed_refused: pl.DataFrame,
    messages: pl.LazyFrame,
    respondents: pl.LazyFrame,
    council_rows: pl.DataFrame,
    council_refused: pl.DataFrame,
) -> pl.DataFrame:
    """Rows in = kept + duplicates + quarantined for every file; a run in which they differ fails here."""
    read = feed_rows.select("file_sha256", "row_number", "source_id", "message_ref", "published_at").collect()
    rows_of_waves = survey_rows.select("file_sha256", "row_number").unique().collect()
    whole_rows = survey_refused.filter(~pl.col("rule").is_in(ANSWER_RULES))
    accounts = pl.concat(
        [
            feed_account(FeedRows(read, feed_refused)).with_columns(kind=pl.lit("feed")),
            table_account(rows_of_waves, whole_rows).with_columns(kind=pl.lit("survey")),
            table_account(council_rows, council_refused).with_columns(kind=pl.lit("council")),
        ]
    )
    held = [frame.select(pl.len()).collect().item() for frame in (messages, respondents)]
    check_account(accounts, *held)
    tables = (survey_refused, feed_refused, council_refused)
    refused = pl.concat(table.select("file_sha256", "row_number", "rule") for table in tables)
    files = scan_inbox(workplace.inbox)
    return inbox_table(files, accounts.drop("kind"), refused, _unprocessed(files, workplace))


def _unprocessed(files: list[InboxFile], workplace: Workplace) -> set[str]:
    tables = {"survey": "raw_survey__answers", "feed": "raw_feeds__messages"}
    return {
        file.file_sha256
        for file in files
        if file.partition_key is not None
        and not (workplace.lake / tables[file.kind] / f"{file.partition_key}.parquet").exists()
    }
