"""Tables from files of an analyst, whatever common format, as Polars frames."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, cast

import polars as pl

from models.survey.design import SurveyInputError

if TYPE_CHECKING:
    from pathlib import Path

MISSING = ["NA", "", "NaN", "."]
ENCODINGS = ("utf-8-sig", "cp1251")


def read_table(path: Path) -> pl.DataFrame:
    """Read a `.csv`/`.tsv`/`.txt`, `.parquet` or `.sav` file.

    Text files: comma, semicolon or tab; UTF-8 or windows-1251; `NA`, `NaN`, `.` and empty are missing;
        columns of
    numbers become numbers unless codes start with a zero. SPSS files: codes without their labels,
    user-missing values are missing.

    Raises:
        SurveyInputError: when the file is missing, empty, of another kind or damaged.
    """
    if not path.is_file():
        raise SurveyInputError(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise SurveyInputError(f"{path} is empty (0 bytes)")
    kind = path.suffix.lower()
    try:
        if kind in {".parquet", ".pq"}:
            return pl.read_parquet(path)
        if kind in {".sav", ".zsav"}:
            return _read_spss(path)
        if kind in {".csv", ".tsv", ".txt"}:
            return typed(_read_text(path))
    except SurveyInputError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise SurveyInputError(f"{path} cannot be read as {kind[1:]}: {reason}") from error
    raise SurveyInputError(f"{path}: the kind {kind or '(none)'} is not known; use .csv, .parquet or .sav")


def read_as_written(path: Path) -> pl.DataFrame:
    """The same rows for writing back: text files keep every value as it was written."""
    return _read_text(path) if path.suffix.lower() in {".csv", ".tsv", ".txt"} else read_table(path)


def _read_spss(path: Path) -> pl.DataFrame:
    import pyreadstat

    frame, _ = pyreadstat.read_sav(str(path), user_missing=False, output_format="polars")
    return cast("pl.DataFrame", frame)


def _read_text(path: Path) -> pl.DataFrame:
    raw = path.read_bytes()
    if b"\x00" in raw[:4096]:
        raise SurveyInputError(f"{path} is not a text file (it holds zero bytes)")
    text = _decoded(raw, path)
    header = text.split("\n", 1)[0]
    separator = max((",", ";", "\t"), key=header.count)
    names = next(csv.reader([header.rstrip("\r")], delimiter=separator), [])
    doubled = sorted({name for name in names if name and names.count(name) > 1})
    if doubled:
        raise SurveyInputError(f"{path} has columns of the same name: {', '.join(doubled)}; rename them")
    try:
        frame = pl.read_csv(text.encode(), separator=separator, null_values=MISSING, infer_schema=False)
    except pl.exceptions.ComputeError as error:
        for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=separator)):
            if len(row) > len(names):
                raise SurveyInputError(
                    f"{path}: data row {number} has {len(row)} fields but the header has {len(names)}; "
                    "correct or quote it"
                ) from error
        raise
    if frame.height == 0:
        raise SurveyInputError(f"{path} has a header but no rows")
    return frame


def typed(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns of text that hold only numbers as integers or floats; codes such as `05` stay text."""
    columns: list[pl.Series] = []
    for series in frame:
        known = series.drop_nulls()
        is_code = known.str.contains(r"^[+-]?0[0-9]").any()
        if len(known) == 0 or is_code:
            columns.append(series)
            continue
        kind = pl.Int64() if known.str.contains(r"^[+-]?[0-9]{1,18}$").all() else pl.Float64()
        read = series.str.strip_chars().cast(kind, strict=False)
        columns.append(series if read.null_count() > series.null_count() else read)
    return pl.DataFrame(columns)


def _decoded(raw: bytes, path: Path) -> str:
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SurveyInputError(f"{path} is neither UTF-8 nor windows-1251 text: save it as UTF-8")


def shown_table(frame: pl.DataFrame) -> str:
    """A frame as aligned plain text, numbers with six significant digits."""
    columns = [[name, *(_shown(value) for value in frame[name].to_list())] for name in frame.columns]
    widths = [max(len(cell) for cell in column) for column in columns]
    right = [frame[name].dtype.is_numeric() for name in frame.columns]
    lines = []
    for cells in zip(*columns, strict=True):
        parts = [
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(cells, widths, right, strict=True)
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)
