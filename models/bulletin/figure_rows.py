"""Rows of `out_bulletin__figures`: a number or word with the table and key it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

SCHEMA = {
    "quarter": pl.String(),
    "figure_id": pl.String(),
    "section": pl.String(),
    "value": pl.Float64(),
    "text": pl.String(),
    "unit": pl.String(),
    "source_table": pl.String(),
    "source_key": pl.String(),
}


def same_unit(names: Iterable[str], unit: str) -> dict[str, str]:
    """One unit for several columns."""
    return dict.fromkeys(names, unit)


def melted(
    frame: pl.DataFrame,
    keys: Sequence[str],
    units: Mapping[str, str],
    *,
    prefix: str,
    section: str,
    table: str,
    how: str = "",
) -> pl.DataFrame:
    """One figure for each row and value column; nulls give none. `how` says how several rows became one."""
    dated, source = _key_expressions(keys)
    base = frame.select(
        pl.concat_str([pl.lit(prefix), *dated], separator="/", ignore_nulls=True).alias("stem"),
        source.alias("source"),
        *(pl.col(name).cast(pl.Float64) for name in units),
    )
    long = base.unpivot(list(units), index=["stem", "source"], variable_name="column", value_name="number")
    return long.drop_nulls("number").select(
        figure_id=pl.col("stem") + "/" + pl.col("column"),
        section=pl.lit(section),
        value="number",
        text=pl.lit(None, dtype=pl.String),
        unit=pl.col("column").replace_strict(units, return_dtype=pl.String),
        source_table=pl.lit(table),
        source_key=pl.col("source") + "; " + pl.lit(how) + pl.col("column"),
    )


def _key_expressions(keys: Sequence[str]) -> tuple[list[pl.Expr], pl.Expr]:
    """Key columns as text, and the `column=value; ...` that names a row."""
    texts = [pl.col(key).cast(pl.String) for key in keys]
    named = [pl.lit(f"{key}=") + text for key, text in zip(keys, texts, strict=True)]
    return texts, pl.concat_str(named, separator="; ") if keys else pl.lit("whole table")


def words(frame: pl.DataFrame, keys: Sequence[str], column: str, *, prefix: str, table: str) -> pl.DataFrame:
    """One figure that is a word for each row, such as the code of a verdict; nulls give none."""
    dated, source = _key_expressions(keys)
    return frame.select(
        figure_id=pl.concat_str([pl.lit(prefix), *dated, pl.lit(column)], separator="/"),
        section=pl.lit("survey"),
        value=pl.lit(None, dtype=pl.Float64),
        text=pl.col(column),
        unit=pl.lit("text"),
        source_table=pl.lit(table),
        source_key=source + "; " + pl.lit(column),
    ).drop_nulls("text")
