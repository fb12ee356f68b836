"""The account of the inbox: rows in = rows kept + duplicates + quarantined, file by file."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

COUNTS = ("rows_in", "rows_kept", "rows_duplicate", "rows_quarantined")
FILE = "file_sha256"


class AccountError(ValueError):
    """Rows that vanished or appeared between the inbox and the tables."""


@dataclass(frozen=True)
class FeedRows:
    """Rows of messages as files held them, and those refused.

    Attributes:
        read: `raw_feeds__messages` (file_sha256, row_number, source_id, message_ref, published_at).
        refused: `core_feeds__quarantine`.
    """

    read: pl.DataFrame
    refused: pl.DataFrame


def feed_account(rows: FeedRows) -> pl.DataFrame:
    """Counts of each feed file: a message seen again under its source and reference is a duplicate.

    The copy that counts as kept is the first by time, file and row, so each file's numbers do not depend on
    the order in which files were read.

    Returns:
        file_sha256 and the four counts.
    """
    copies = rows.read.select(
        FILE,
        pl.int_range(pl.len())
        .over("source_id", "message_ref", order_by=["published_at", FILE, "row_number"])
        .gt(0)
        .alias("is_copy"),
    )
    read = copies.group_by(FILE).agg(
        rows_kept=(~pl.col("is_copy")).sum().cast(pl.Int64),
        rows_duplicate=pl.col("is_copy").sum().cast(pl.Int64),
    )
    return _summed(read, _refused_rows(rows.refused))


def table_account(kept: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    """Counts of each file whose rows are either kept or refused, as survey waves and council returns are.

    Args:
        kept: file_sha256 and row_number of what was read, rows refused later included.
        refused: quarantine rows that took a whole row out (not those of a single answer).

    Returns:
        file_sha256 and the four counts.
    """
    gone = refused.filter(pl.col("row_number").is_not_null()).select(FILE, "row_number").unique()
    staying = kept.select(FILE, "row_number").unique().join(gone, on=[FILE, "row_number"], how="anti")
    read = (
        staying.group_by(FILE)
        .agg(rows_kept=pl.len().cast(pl.Int64))
        .with_columns(rows_duplicate=pl.lit(0, dtype=pl.Int64))
    )
    return _summed(read, _refused_rows(refused))


def check_account(
    accounts: pl.DataFrame, core_message_count: int | None = None, core_respondent_count: int | None = None
) -> None:
    """Make sure that no row vanished.

    Args:
        accounts: the four counts of each file.
        core_message_count: rows of `core_feeds__messages`, when all its days are at hand.
        core_respondent_count: rows of `core_survey__respondents`, when all its waves are at hand.

    Raises:
        AccountError: naming the file, or the two totals that differ.
    """
    gap = accounts.filter(
        pl.col("rows_in") != pl.col("rows_kept") + pl.col("rows_duplicate") + pl.col("rows_quarantined")
    )
    if not gap.is_empty():
        row = gap.row(0, named=True)
        raise AccountError(
            f"{row.get('file_name', row[FILE])}: {row['rows_in']} rows in, but {row['rows_kept']} kept, "
            f"{row['rows_duplicate']} duplicates and {row['rows_quarantined']} quarantined"
        )
    for kind, table, count, job in (
        ("feed", "core_feeds__messages", core_message_count, "refresh_feeds for the days that are missing"),
        (
            "survey",
            "core_survey__respondents",
            core_respondent_count,
            "ingest_survey_wave for the wave that is missing",
        ),
    ):
        kept = int(accounts.filter(pl.col("kind") == kind)["rows_kept"].sum()) if count is not None else None
        if kept != count:
            what = "messages" if kind == "feed" else "respondents"
            raise AccountError(f"{kept} {what} were kept from the files, but {table} holds {count}; run {job}")


def _refused_rows(refused: pl.DataFrame) -> pl.DataFrame:
    return (
        refused.filter(pl.col("row_number").is_not_null())
        .group_by(FILE)
        .agg(rows_quarantined=pl.col("row_number").n_unique().cast(pl.Int64))
    )


def _summed(read: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    counts = ("rows_kept", "rows_duplicate", "rows_quarantined")
    return (
        read.join(refused, on=FILE, how="full", coalesce=True)
        .with_columns(pl.col(name).fill_null(0) for name in counts)
        .with_columns(rows_in=pl.sum_horizontal(counts))
        .select(FILE, *COUNTS)
        .sort(FILE)
    )
