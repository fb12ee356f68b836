"""Polars schemas and empty frames from table contracts, and the one way a frame is brought into its contract's form."""

from __future__ import annotations

import polars as pl

from data_contracts.contract import Column, ContractError, TableContract

POLARS_TYPES: dict[str, pl.DataType] = {
    "string": pl.String(),
    "integer": pl.Int64(),
    "float": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us", "UTC"),
    "list[string]": pl.List(pl.String()),
}


def polars_type(column: Column) -> pl.DataType:
    """The Polars type a column is stored in."""
    return POLARS_TYPES[column.type]


def schema(contract: TableContract) -> pl.Schema:
    """Names and Polars types in the contract's order."""
    return pl.Schema({column.name: polars_type(column) for column in contract.columns})


def empty_frame(contract: TableContract) -> pl.DataFrame:
    """A frame without rows in the contract's form."""
    return pl.DataFrame(schema=schema(contract))


def conform(frame: pl.DataFrame, contract: TableContract) -> pl.DataFrame:
    """The frame with the contract's columns in its order and types.

    Integers widen to Int64 and floats to Float64; nothing else is cast, so that a wrong type is an error
    and not a silent conversion.

    Raises:
        ContractError: naming the table and every column that is missing, surplus or of another type.
    """
    expected = schema(contract)
    missing = [name for name in expected if name not in frame.columns]
    surplus = [name for name in frame.columns if name not in expected]
    if missing or surplus:
        raise ContractError(
            f"{contract.table}: columns missing: {', '.join(missing) or 'none'}; "
            f"columns not in the contract: {', '.join(surplus) or 'none'}"
        )
    wrong = [
        f"{name} is {frame.schema[name]}, not {dtype}"
        for name, dtype in expected.items()
        if not _widens(frame.schema[name], dtype)
    ]
    if wrong:
        raise ContractError(f"{contract.table}: {'; '.join(wrong)}")
    return frame.select(pl.col(name).cast(dtype) for name, dtype in expected.items())


def _widens(found: pl.DataType, expected: pl.DataType) -> bool:
    if found in (expected, pl.Null()):
        return True
    if expected == pl.Int64():
        return found.is_integer()
    if expected == pl.Float64():
        return found.is_numeric()
    if expected == pl.String():
        return found in (pl.Categorical(), pl.Enum)
    if isinstance(expected, pl.Datetime):
        return isinstance(found, pl.Datetime) and found.time_zone == "UTC"
    if isinstance(expected, pl.List):
        return isinstance(found, pl.List) and found.inner in (pl.String(), pl.Null())
    return False
