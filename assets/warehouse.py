"""The warehouse as an asset: the one writer of `warehouse.duckdb`."""

import dagster as dg
import polars as pl

from assets.synthetic import is_synthetic
from assets.warehouse_build import build_warehouse
from assets.warehouse_dictionary import write_dictionary
from assets.workplace import Workplace
from data_contracts.contract import table_contracts

PUBLIC_TABLES = tuple(sorted(name for name, one in table_contracts().items() if one.layer == "out"))


@dg.asset(
    deps=[dg.AssetDep(name, partition_mapping=dg.AllPartitionMapping()) for name in PUBLIC_TABLES],
    group_name="report",
    kinds={"duckdb"},
    description="Every table for people in one DuckDB file, with comments and views; built beside and renamed.",
)
def warehouse(workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:
    """All published `out_` tables; no author, no text of a person, no suppressed cell."""
    contracts = table_contracts()
    counts = build_warehouse(
        workplace.warehouse, {name: workplace.published(name) for name in PUBLIC_TABLES}, contracts
    )
    files = workplace.published("out_inbox__files")
    mark = bool(files) and is_synthetic(pl.concat(pl.read_parquet(path) for path in files))
    write_dictionary(workplace.warehouse.with_name("data_dictionary.html"), PUBLIC_TABLES, is_synthetic=mark)
    return dg.MaterializeResult(
        metadata={"path": str(workplace.warehouse), "tables": len(counts), "rows": sum(counts.values())}
    )
