"""Columns of a survey frame as numbers, category codes and domains, with errors that name the place."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from models.survey.design import SurveyInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

YES = frozenset({"yes", "true", "t", "y", "да", "иә", "ия"})
PIECE = 262_144  # rows looked through at a time
DENSE_RANGE = 8  # a lookup table may be so many times longer than the data
NO = frozenset({"no", "false", "f", "n", "нет", "жоқ"})


def require_columns(frame: pl.DataFrame, names: Sequence[str]) -> None:
    """Check that all columns exist.

    Raises:
        SurveyInputError: naming the missing columns and the closest existing names.
    """
    missing = [name for name in names if name not in frame.columns]
    if not missing:
        return
    hints = [hint for name in missing for hint in difflib.get_close_matches(name, frame.columns, n=2)]
    hint = f"; did you mean {', '.join(hints)}?" if hints else f"; the data have: {', '.join(frame.columns[:40])}"
    raise SurveyInputError(f"no column {', '.join(missing)} in the data{hint}")


def rows_text(rows: NDArray[np.bool_]) -> str:
    """`3 rows (first: data row 17)` for a mask of offending rows; rows count from 1 without the header."""
    count = int(rows.sum())
    first = int(np.flatnonzero(rows)[0]) + 1
    return f"{count} row{'s' if count > 1 else ''} (first: data row {first})"


def numbers(frame: pl.DataFrame, name: str, role: str) -> NDArray[np.float64]:
    """A column as float64, NaN where missing; numbers written as text are read.

    Raises:
        SurveyInputError: when a value is not a number.
    """
    require_columns(frame, [name])
    series = frame[name]
    if series.dtype.is_numeric() or series.dtype == pl.Boolean:
        return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    text = series.cast(pl.String).str.strip_chars()
    text = text.to_frame().select(pl.when(pl.col(name) != "").then(pl.col(name))).to_series()
    read = text.cast(pl.Float64, strict=False)
    bad = (text.is_not_null() & read.is_null()).to_numpy()
    if bad.any():
        value = text[int(np.flatnonzero(bad)[0])]
        raise SurveyInputError(f"{role} column {name}: {value!r} is not a number, {rows_text(bad)}")
    return read.fill_null(float("nan")).to_numpy()


def codes(series: pl.Series) -> tuple[NDArray[np.int64], pl.Series]:
    """Codes 0.. of the values in their sorted order, -1 for missing, and the sorted values themselves."""
    if series.dtype.is_float():
        series = series.fill_nan(None)
    if series.dtype == pl.String:
        return _text_codes(series)
    values = series.drop_nulls().unique().sort()
    if series.dtype.is_integer() and len(values):
        low, high = int(values[0]), int(values[-1])
        if high - low < 4 * len(series) + 1024:
            return _integer_codes(series, values, low, high), values
    lookup = values.alias("value").to_frame().with_row_index("code")
    joined = series.alias("value").to_frame().join(lookup, on="value", how="left", maintain_order="left")
    return joined["code"].cast(pl.Int64).fill_null(-1).to_numpy(), values


def _text_codes(series: pl.Series) -> tuple[NDArray[np.int64], pl.Series]:
    """Codes of text through Polars' dictionary of categories, put into the order of the text."""
    categories = series.cast(pl.Categorical)
    found = categories.drop_nulls().unique()
    labels = found.cast(pl.String)
    order = labels.arg_sort().to_numpy()
    position = found.to_physical().cast(pl.Int64).to_numpy()
    table = np.full(int(position.max(initial=-1)) + 2, -1, dtype=np.int64)
    table[position[order]] = np.arange(len(order))
    physical = categories.to_physical()
    if physical.null_count():
        physical = physical.cast(pl.Int64).fill_null(len(table) - 1)
    return table[physical.to_numpy()], labels[order]


def _integer_codes(series: pl.Series, values: pl.Series, low: int, high: int) -> NDArray[np.int64]:
    """Codes of integers in a narrow range by a lookup table, several times faster than a join."""
    table = np.full(high - low + 2, -1, dtype=np.int64)
    table[values.cast(pl.Int64).to_numpy() - low] = np.arange(len(values))
    whole = series.cast(pl.Int64).fill_null(high + 1) if series.null_count() else series.cast(pl.Int64)
    places = whole.to_numpy()
    return table[places - low if low else places]


def joint_codes(parts: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Codes of the combinations that occur, in sorted order, and a row index of the first of each.

    A row with a missing part (-1) gets -1.
    """
    key = parts[0]
    for part in parts[1:]:
        key = key * (int(part.max(initial=0)) + 1)
        key += part
        if key.max(initial=0) > 2**40:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
    gaps = [part < 0 for part in parts if part.min(initial=0) < 0]
    if gaps:
        rows = np.flatnonzero(~np.logical_or.reduce(gaps))
        code = np.full(len(key), -1, dtype=np.int64)
        values, code[rows] = distinct(key[rows])
    else:
        values, code = distinct(key)
    return code, _first_rows(code, len(values))


def _first_rows(code: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The first row of each code, looked for piece by piece: most data show all codes early."""
    first = np.full(count, -1, dtype=np.int64)
    for start in range(0, len(code), PIECE):
        piece = code[start : start + PIECE]
        rows = np.flatnonzero(piece >= 0)[::-1]
        seen = np.full(count, -1, dtype=np.int64)
        seen[piece[rows]] = start + rows
        is_new = (first < 0) & (seen >= 0)
        first[is_new] = seen[is_new]
        if (first >= 0).all():
            break
    return first


def distinct(key: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sorted distinct values of non-negative integers, and the position of each entry among them.

    A lookup table when the range is narrow, which is several times faster on millions of rows, else hashing.
    """
    span = int(key.max(initial=-1)) + 1
    if span > DENSE_RANGE * len(key):
        values, inverse = np.unique(key, return_inverse=True)
        return values, inverse.astype(np.int64, copy=False)
    is_there = np.zeros(span, dtype=bool)
    is_there[key] = True
    values = np.flatnonzero(is_there)
    position = np.empty(span, dtype=np.int64)
    position[values] = np.arange(len(values))
    return values, position[key]


@dataclass(frozen=True)
class Domains:
    """Cells of a classification: a code per row (-1: in none) and the values that name each cell."""

    code: NDArray[np.int64]
    table: pl.DataFrame

    @cached_property
    def is_complete(self) -> bool:
        """Whether every row belongs to a cell."""
        return bool((self.code >= 0).all())

    @property
    def count(self) -> int:
        """Number of cells."""
        return self.table.height if self.table.width else 1


def domains(frame: pl.DataFrame, by: Sequence[str], keep: NDArray[np.bool_]) -> Domains:
    """The cells of `by` that hold a kept row; rows with a missing classifier belong to no cell."""
    require_columns(frame, by)
    if not by:
        return Domains(np.where(keep, 0, -1).astype(np.int64), pl.DataFrame())
    parts = [codes(frame[name])[0] for name in by]
    if not keep.all():
        parts[0] = np.where(keep, parts[0], -1)
    code, first = joint_codes(parts)
    return Domains(code, frame.select(by)[first])


def two_valued(series: pl.Series) -> tuple[NDArray[np.float64], str] | None:
    """A text column of yes and no, in English, Russian or Kazakh, as 1 and 0 with NaN for missing.

    Returns:
        The numbers and the spelling of "yes" that was found, or None when the column says other things too.
    """
    if series.dtype == pl.Boolean:
        return series.cast(pl.Float64).fill_null(float("nan")).to_numpy(), "true"
    if series.dtype not in (pl.String, pl.Categorical, pl.Enum):
        return None
    text = series.cast(pl.String)
    values = text.drop_nulls().unique().to_list()
    folded = {value.strip().casefold() for value in values}
    if not values or not folded <= YES | NO or len(folded) > 2 or (folded <= YES and len(folded) > 1):
        return None
    is_yes = text.str.strip_chars().str.to_lowercase().is_in(list(YES))
    spelled = next((value for value in sorted(values) if value.strip().casefold() in YES), "yes")
    return is_yes.cast(pl.Float64).fill_null(float("nan")).to_numpy(), spelled
