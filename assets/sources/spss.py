"""Survey waves in SPSS files, declared missing codes kept apart."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat

from assets.sources.read_result import FileIdentity, ReadResult, SourceError, refused_file
from assets.sources.survey_table import QUARANTINE, RAW, answers, column_places
from assets.sources.unpacking import GZIP_MAGIC, ZIP_MAGIC, FileLimits, open_unpacked
from data_contracts.questionnaire import Questionnaire

SAV_MAGIC = (b"$FL2", b"$FL3")


def read_spss(path: Path, questionnaire: Questionnaire, *, limits: FileLimits | None = None) -> ReadResult:
    """Answers of a wave in `.sav` or `.zsav`, in the form of `raw_survey__answers`.

    Only the variables that the questionnaire names are read. Values come as codes, not labels; a code the
    file declares as user-missing keeps its value and is marked; a system-missing value is null. Variable
    names are matched exactly, else without regard to case.

    Args:
        path: the file, also as .gz or in a .zip.
        questionnaire: which variable is which field or item.
        limits: what the file may cost.
    """
    identity = FileIdentity.of(path)
    try:
        with _plain_file(path, limits) as plain:
            frame, missing = _read(plain, questionnaire)
        return answers(frame, questionnaire, identity, missing)
    except SourceError as error:
        return refused_file(identity, error, RAW, QUARANTINE, wave_id=questionnaire.wave_id)


@contextmanager
def _plain_file(path: Path, limits: FileLimits | None) -> Iterator[Path]:
    """The file itself, or its unpacked copy that lasts as long as it is read."""
    with open_unpacked(path, limits) as stream:
        with path.open("rb") as raw:
            magic = raw.read(4)
        if not magic.startswith((GZIP_MAGIC, ZIP_MAGIC)):
            yield path
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "wave.sav"
            with copy.open("wb") as target:
                while block := stream.read(2**20):
                    target.write(block)
            yield copy


def _read(path: Path, questionnaire: Questionnaire) -> tuple[pl.DataFrame, dict[str, list[Any]]]:
    """(text of every code by the questionnaire's column names, declared missing values by column)."""
    with path.open("rb") as stream:
        if stream.read(4) not in SAV_MAGIC:
            raise SourceError("unknown_format", "not an SPSS file")
    try:
        _, meta = pyreadstat.read_sav(str(path), metadataonly=True)
        names = column_places(meta.column_names, questionnaire)
        columns, meta = pyreadstat.read_sav(
            str(path), usecols=sorted(set(names.values())), user_missing=True, output_format="dict"
        )
    except SourceError:
        raise
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, OSError, ValueError, MemoryError) as error:
        raise SourceError("truncated_file", type(error).__name__) from error
    counts = {len(values) for values in columns.values()}
    if meta.number_rows is not None and counts and counts != {meta.number_rows}:
        raise SourceError("truncated_file", f"{min(counts)} of {meta.number_rows} rows")
    frame = pl.DataFrame({wanted: _texts(columns[name]) for wanted, name in names.items()})
    missing = {
        wanted: [
            *(meta.missing_user_values or {}).get(name, []),
            *(meta.missing_ranges or {}).get(name, []),
        ]
        for wanted, name in names.items()
    }
    return frame, missing


def _texts(values: Any) -> pl.Series:
    """Codes as text; whole numbers without .0, dates as ISO 8601."""
    listed = values.tolist() if hasattr(values, "tolist") else list(values)
    series = pl.Series(listed, strict=False)
    if series.dtype.is_float():
        whole = series.fill_nan(None).cast(pl.Int64, strict=False)
        exact = (whole.cast(pl.Float64) == series).fill_null(value=False)
        return pl.select(
            pl.when(exact).then(whole.cast(pl.String)).otherwise(series.fill_nan(None).cast(pl.String))
        ).to_series()
    if series.dtype == pl.Datetime:
        return series.dt.strftime("%Y-%m-%d")
    return series.cast(pl.String)
