"""The lake: Parquet in one folder a table, one file a partition, staged by the run and published by its check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar

import dagster as dg
import polars as pl
import polars.selectors as cs
import pyarrow.parquet as pq
from dagster_polars import PolarsParquetIOManager

from data_contracts.contract import TableContract, table_contract
from data_contracts.schemas import conform, empty_frame, schema
from models.periods import quarter_start

WHOLE = "all"
# Sums over threads differ in their last bits; what people see is stored without them, so that a quarter built again
# from the same input has the same bytes.
SIGNIFICANT_FIGURES = 12
DECIMALS = 12
Written = pl.DataFrame | Mapping[str, pl.DataFrame] | Iterator[tuple[str, pl.DataFrame]]
PARTITION_COLUMNS = {"day": "day_date", "week": "week_date", "wave": "wave_id"}


class StagedButNotChecked(RuntimeError):
    """A table that this run wrote is read before its contract check published it."""


class Lake(PolarsParquetIOManager):
    """Parquet through dagster-polars, with three promises of ours.

    A frame is written in the exact form of its contract or not at all. Files are staged under the run and
    renamed into the lake by the table's check, so a crash or a broken rule leaves the older partition as it
    was. A run over a range of partitions writes and reads one file for each of them.
    """

    root: str
    extension: ClassVar[str | None] = ".parquet"

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Point the base class at the lake's folder."""
        object.__setattr__(self, "base_dir", str(Path(self.root) / "lake"))
        super().setup_for_execution(context)

    def handle_output(self, context: dg.OutputContext, obj: Written | None) -> None:
        """Stage one file for each partition of the output.

        Args:
            context: of the output.
            obj: one frame, cut into its partitions here; or the frame of each partition by its key; or partitions
                one after another as (key, frame), where the frames of a large partition come in pieces that
                follow each other in the order of the table's key. Only one piece is in memory at a time.

        Raises:
            ContractError: if columns or types are not those of the table's contract.
            ValueError: if a partition is none of the run's, or its pieces do not follow each other.
        """
        if obj is None:
            return
        contract = table_contract(context.asset_key.path[-1])
        folder = Path(self.root) / "staging" / context.run_id / contract.table
        folder.mkdir(parents=True, exist_ok=True)
        if isinstance(obj, Iterator):
            rows = _stage_stream(obj, contract, folder, list(context.asset_partition_keys))
        else:
            parts = obj if isinstance(obj, Mapping) else _parts(context, obj, contract.partition)
            rows = sum(_stage(part, contract, folder / f"{key}.parquet") for key, part in parts.items())
        context.add_output_metadata({"rows": rows, "dagster/row_count": rows})

    def load_input(self, context: dg.InputContext) -> Any:
        """Published partitions of an upstream table as one frame, lazy if the asset asks for a LazyFrame.

        Raises:
            StagedButNotChecked: if this run wrote the table and its check did not publish it.
        """
        table = context.asset_key.path[-1]
        self._refuse_unchecked(context, table)
        keys = list(context.asset_partition_keys) if context.has_asset_partitions else [WHOLE]
        folder = Path(self.root) / "lake" / table
        files = [path for path in (folder / f"{key}.parquet" for key in keys) if path.exists()]
        if files:
            # Partitions written before a column was added to the contract hold nulls in it.
            frame = pl.scan_parquet(
                files, schema=schema(table_contract(table)), hive_partitioning=False, missing_columns="insert"
            )
        else:
            frame = empty_frame(table_contract(table)).lazy()
        return frame if context.dagster_type.typing_type is pl.LazyFrame else frame.collect()

    def _refuse_unchecked(self, context: dg.InputContext, table: str) -> None:
        run_id = context.step_context.run_id
        if any((Path(self.root) / "staging" / run_id / table).glob("*.parquet")):
            raise StagedButNotChecked(
                f"{table} was written in this run but not published: run it together with its contract check"
            )


def _stage(part: pl.DataFrame, contract: TableContract, path: Path) -> int:
    frame = conform(part, contract).sort(contract.key)
    if contract.layer == "out":
        frame = frame.with_columns(cs.float().round_sig_figs(SIGNIFICANT_FIGURES).round(DECIMALS))
    frame.write_parquet(path, compression="zstd", statistics=True)
    return frame.height


def _stage_stream(
    pieces: Iterator[tuple[str, pl.DataFrame]], contract: TableContract, folder: Path, wanted: list[str]
) -> int:
    """Each run of pieces with one key as one file, empty files for partitions without pieces."""
    rows, done = 0, set[str]()
    for key, run in groupby(pieces, key=itemgetter(0)):
        if key not in wanted or key in done:
            raise ValueError(f"{contract.table}: partition {key} is not one of the run's, or came in two parts")
        done.add(key)
        beside, writer = folder / f".{key}.partial", None
        for _, piece in run:
            table = conform(piece, contract).sort(contract.key).to_arrow()
            writer = writer or pq.ParquetWriter(beside, table.schema, compression="zstd")
            writer.write_table(table)
            rows += table.num_rows
        if writer is not None:
            writer.close()
            beside.replace(folder / f"{key}.parquet")
    for key in wanted:
        if key not in done:
            _stage(empty_frame(contract), contract, folder / f"{key}.parquet")
    return rows


def _parts(context: dg.OutputContext, frame: pl.DataFrame, kind: str) -> dict[str, pl.DataFrame]:
    if not context.has_asset_partitions:
        return {WHOLE: frame}
    keys = list(context.asset_partition_keys)
    if len(keys) == 1:
        return {keys[0]: frame}
    column = _partition_key(frame, kind)
    parts = _split(frame, column)
    surplus = sorted(set(parts) - set(keys))
    if surplus:
        raise ValueError(f"rows of partitions outside the run's range: {', '.join(surplus[:5])}")
    empty = frame.clear()
    return {key: parts.get(key, empty) for key in keys}


def _partition_key(frame: pl.DataFrame, kind: str) -> pl.Expr:
    if kind != "quarter":
        return pl.col(PARTITION_COLUMNS[kind]).cast(pl.String)
    first_days = {quarter: quarter_start(quarter).isoformat() for quarter in frame["quarter"].unique()}
    return pl.col("quarter").replace_strict(first_days, return_dtype=pl.String)


def _split(frame: pl.DataFrame, column: pl.Expr) -> dict[str, pl.DataFrame]:
    keyed = frame.with_columns(column.alias("_partition"))
    return {
        str(key[0]): part for key, part in keyed.partition_by("_partition", as_dict=True, include_key=False).items()
    }
