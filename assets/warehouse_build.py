"""Build the warehouse: every published `out_` table in one DuckDB file, with the contracts' words as comments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from assets.warehouse_views import VIEWS
from assets.whole_file import whole_file
from data_contracts.contract import TableContract, Trilingual
from data_contracts.expectations import literal, quoted


def build_warehouse(
    target: Path, tables: Mapping[str, Sequence[Path]], contracts: Mapping[str, TableContract]
) -> dict[str, int]:
    """Write the warehouse beside its place and rename it, so that readers of the old one are not disturbed.

    Args:
        target: path of the DuckDB file.
        tables: published Parquet files by table name; a table without files is created empty.
        contracts: contract of each table.

    Returns:
        Rows by table.
    """
    counts: dict[str, int] = {}
    with whole_file(target) as beside:
        beside.with_name(beside.name + ".wal").unlink(missing_ok=True)
        with duckdb.connect(str(beside)) as connection:
            for table, files in tables.items():
                counts[table] = _create_table(connection, contracts[table], files)
                _comment(connection, contracts[table])
            for view, entry in VIEWS.items():
                if entry.tables <= tables.keys():
                    connection.execute(f"CREATE VIEW {quoted(view)} AS {entry.query}")
                    connection.execute(f"COMMENT ON VIEW {quoted(view)} IS {literal(_three(entry.answers))}")
            connection.execute("CHECKPOINT")
    return counts


def _create_table(connection: duckdb.DuckDBPyConnection, contract: TableContract, files: Sequence[Path]) -> int:
    columns = ", ".join(f"{quoted(column.name)} {DUCKDB_TYPES[column.type]}" for column in contract.columns)
    connection.execute(f"CREATE TABLE {quoted(contract.table)} ({columns})")
    if files:
        names = ", ".join(quoted(name) for name in contract.column_names)
        listed = ", ".join(literal(str(path)) for path in files)
        connection.execute(
            f"INSERT INTO {quoted(contract.table)} SELECT {names} "
            f"FROM read_parquet([{listed}], hive_partitioning=false)"
        )
    row = connection.execute(f"SELECT count(*) FROM {quoted(contract.table)}").fetchone()
    return int(row[0]) if row else 0


def _comment(connection: duckdb.DuckDBPyConnection, contract: TableContract) -> None:
    table = quoted(contract.table)
    connection.execute(f"COMMENT ON TABLE {table} IS {literal(_three(contract.description))}")
    for column in contract.columns:
        unit = f" [{column.unit}]" if column.unit else ""
        connection.execute(
            f"COMMENT ON COLUMN {table}.{quoted(column.name)} IS {literal(_three(column.description) + unit)}"
        )


def _three(text: Trilingual) -> str:
    return f"{text.en} | {text.ru} | {text.kk}"


DUCKDB_TYPES: Mapping[str, str] = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "float": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMPTZ",
    "list[string]": "VARCHAR[]",
}
