"""What was not taken, for people: a note a file in three languages, beside the quarantine tables in the lake."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from assets.whole_file import whole_file
from assets.workplace import Workplace
from data_contracts.contract import table_contract
from data_contracts.schemas import empty_frame
from data_contracts.source import quarantine_message

TABLES = ("core_survey__quarantine", "core_feeds__quarantine", "core_councils__quarantine")
COLUMNS = ("file_name", "file_sha256", "row_number", "column_name", "rule", "detail", "what_to_do")
MOST_ROWS = 1_000


def all_refusals(place: Workplace) -> pl.DataFrame:
    """Every refused file and row in the lake, whole files first, then by file and row."""
    parts = [empty_frame(table_contract(TABLES[1])).select(COLUMNS)]
    unknown = place.published("out_inbox__files")
    parts += [pl.read_parquet(files).select(COLUMNS) for table in TABLES if (files := place.published(table))]
    if unknown:
        parts.append(_unrecognised(pl.read_parquet(unknown)))
    return (
        pl.concat(parts)
        .unique(maintain_order=True)
        .sort(pl.col("row_number").is_not_null(), "file_name", "row_number", maintain_order=True)
    )


def _unrecognised(files: pl.DataFrame) -> pl.DataFrame:
    return files.filter((pl.col("kind") == "unknown") & (pl.col("status") == "quarantined")).select(
        "file_name",
        "file_sha256",
        pl.lit(None, dtype=pl.Int64).alias("row_number"),
        pl.lit(None, dtype=pl.String).alias("column_name"),
        pl.col("reason").alias("rule"),
        pl.lit("").alias("detail"),
        pl.col("reason").alias("what_to_do"),
    )


def write_refusal_notes(folder: Path, refusals: pl.DataFrame) -> list[Path]:
    """One text a file with every refusal in Kazakh, Russian and English; notes of files now clean are removed.

    Returns:
        The notes written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for (name,), rows in refusals.group_by("file_name", maintain_order=True):
        path = folder / f"{name}.txt"
        with whole_file(path) as beside:
            beside.write_text(_note(rows), encoding="utf-8")
        written.append(path)
    for old in set(folder.glob("*.txt")) - set(written):
        old.unlink()
    return written


def _note(rows: pl.DataFrame) -> str:
    shown = rows.head(MOST_ROWS)
    blocks = []
    for language in ("kk", "ru", "en"):
        lines = [
            quarantine_message(
                row["rule"],
                language,
                file=row["file_name"],
                row=row["row_number"],
                column=row["column_name"],
                detail=row["detail"] or None,
            )
            for row in shown.iter_rows(named=True)
        ]
        blocks.append("\n".join(lines))
    more = f"\n\n… +{rows.height - MOST_ROWS}\n" if rows.height > MOST_ROWS else "\n"
    return "\n\n".join(blocks) + more
