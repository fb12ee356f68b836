"""Validate Parquet files against their table contract with Great Expectations, through SQL on DuckDB."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from data_contracts.contract import TableContract
from data_contracts.expectations import literal, quoted, suite

SAMPLE_ROWS = 5


@dataclass(frozen=True)
class RuleResult:
    """What one rule of a contract said: how many rows broke it and a few of their values."""

    rule: str
    column: str | None
    is_held: bool
    offending_count: int | None
    sample: tuple[str, ...]

    @property
    def title(self) -> str:
        """Rule and column as one name, `allowed(region_code)`."""
        return f"{self.rule}({self.column})" if self.column else self.rule


@dataclass(frozen=True)
class ContractReport:
    """The outcome of a validation: rows read and one result a rule."""

    table: str
    row_count: int
    results: tuple[RuleResult, ...]

    @property
    def broken(self) -> tuple[RuleResult, ...]:
        """The rules that did not hold."""
        return tuple(result for result in self.results if not result.is_held)

    @property
    def is_kept(self) -> bool:
        """True if every rule held."""
        return not self.broken


def validate(contract: TableContract, files: Sequence[Path]) -> ContractReport:
    """Run the contract's suite over the files taken together.

    Samples hold no values of columns that the contract marks as personal data or free text.

    Raises:
        FileNotFoundError: if no file is given: a check of nothing must not pass.
    """
    if not files:
        raise FileNotFoundError(f"{contract.table}: no file to validate")
    with TemporaryDirectory(prefix="kelisim-check-") as folder:
        database = Path(folder) / "check.duckdb"
        row_count = _lay_out(database, contract, files)
        outcome = _validation_definition(database, contract).run(
            result_format={"result_format": "SUMMARY", "partial_unexpected_count": SAMPLE_ROWS}
        )
    hidden = {column.name for column in contract.columns if column.personal_data != "none"}
    results = tuple(_rule_result(result, hidden) for result in outcome.results)
    return ContractReport(contract.table, row_count, results)


def _lay_out(database: Path, contract: TableContract, files: Sequence[Path]) -> int:
    """Bring the files together in one table, since each rule scans it again; returns its rows."""
    listed = ", ".join(literal(str(path)) for path in files)
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            f"CREATE TABLE {quoted(contract.table)} AS SELECT * FROM read_parquet([{listed}], hive_partitioning=false)"
        )
        row = connection.execute(f"SELECT count(*) FROM {quoted(contract.table)}").fetchone()
    return int(row[0]) if row else 0


def _validation_definition(database: Path, contract: TableContract) -> Any:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from sqlalchemy.pool import StaticPool

    from assets.buffered_duckdb import connection_string

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sql(
        name=contract.table,
        connection_string=connection_string(database),
        kwargs={"poolclass": StaticPool},  # pyright: ignore[reportCallIssue]
        create_temp_table=False,
    )
    asset = source.add_query_asset(name=contract.table, query=f"SELECT * FROM {quoted(contract.table)}")
    return gx.ValidationDefinition(
        name=contract.table,
        data=asset.add_batch_definition("files"),
        suite=context.suites.add(suite(contract)),
    )


def _rule_result(result: Any, hidden: set[str]) -> RuleResult:
    meta = result.expectation_config.meta or {}
    column = meta.get("column")
    details = result.result or {}
    offending = details.get("unexpected_count")
    if offending is None and result.expectation_config.type == "unexpected_rows_expectation":
        offending = details.get("observed_value")
    if offending is not None:
        offending = int(offending)
    elif not result.success and result.exception_info.get("raised_exception"):
        return RuleResult(meta["rule"], column, False, None, (str(result.exception_info["exception_message"]),))
    return RuleResult(meta["rule"], column, bool(result.success), offending, _sample(details, column, hidden))


def _sample(details: dict[str, Any], column: str | None, hidden: set[str]) -> tuple[str, ...]:
    values = details.get("partial_unexpected_list")
    if values is None:
        rows = (details.get("details") or {}).get("unexpected_rows") or []
        values = [{name: value for name, value in dict(row).items() if name not in hidden} for row in rows]
    elif column in hidden:
        return ()
    return tuple(str(value)[:200] for value in values[:SAMPLE_ROWS])
