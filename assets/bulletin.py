"""The quarterly bulletin: every figure as a row, and one self-contained page a language."""

import hashlib
from pathlib import Path

import dagster as dg
import polars as pl

from assets.bulletin_inputs import bulletin_meta, bulletin_tables
from assets.bulletin_kept import keep_inputs, kept_path
from assets.partition_keys import quarter_of_partition
from assets.partitions import quarters
from assets.whole_file import whole_file
from assets.workplace import Workplace
from models.bulletin.figures import figures
from models.bulletin.inputs import LANGUAGES, TABLES, BulletinMeta, BulletinTables
from models.bulletin.page import bulletin_html

QUARTERS_BEFORE = 4
MAPPINGS = {
    "out_warning__candidates": dg.AllPartitionMapping(),
    # A year of weeks before the quarter, to draw it against.
    "out_discourse__rates": dg.TimeWindowPartitionMapping(start_offset=-QUARTERS_BEFORE),
}
TABLE_INPUTS = {
    name: dg.AssetIn(
        table,
        dagster_type=pl.DataFrame,
        partition_mapping=MAPPINGS.get(table),
    )
    for name, table in TABLES.items()
}


@dg.multi_asset(
    outs={
        "out_bulletin__figures": dg.AssetOut(dagster_type=pl.DataFrame, kinds={"polars"}),
        "out_bulletin__issues": dg.AssetOut(dagster_type=pl.DataFrame, kinds={"html"}),
    },
    ins=TABLE_INPUTS,
    partitions_def=quarters,
    group_name="report",
)
def bulletin(
    context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace], **frames: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every number the bulletin shows with its source row, and the bulletin in Kazakh, Russian and English."""
    quarter = quarter_of_partition(context.partition_key)
    meta = bulletin_meta(workplace, quarter, frames["inbox_files"])
    tables = bulletin_tables(**frames)
    numbers = figures(tables, meta)
    keep_inputs(kept_path(workplace.bulletins, quarter), tables, meta)
    return numbers, _write_issues(workplace.bulletins / quarter, tables, numbers, meta)


def _write_issues(folder: Path, tables: BulletinTables, numbers: pl.DataFrame, meta: BulletinMeta) -> pl.DataFrame:
    rows = []
    for language in LANGUAGES:
        page = bulletin_html(tables, numbers, meta, language).encode("utf-8")
        name = f"kelisim-{meta.quarter}-{language}.html"
        with whole_file(folder / name) as beside:
            beside.write_bytes(page)
        digest = hashlib.sha256(page).hexdigest()
        rows.append((meta.quarter, language, "html", name, digest, len(page), meta.is_synthetic))
    columns = ["quarter", "language", "format", "file_name", "sha256", "byte_count", "is_synthetic"]
    return pl.DataFrame(rows, schema=columns, orient="row")
