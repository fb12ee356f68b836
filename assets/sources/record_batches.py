"""Rows of CSV, JSON lines, Parquet and XLSX files as batches of text columns, streamed in bounded memory."""

import io
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from assets.sources.delimited import BrokenRecord, open_delimited
from assets.sources.encoding import proved_encoding, text_stream
from assets.sources.read_result import SourceError
from assets.sources.unpacking import FileLimits, open_unpacked, read_unpacked
from assets.sources.workbook import Workbook, open_workbook
from data_contracts.questionnaire import canonical_code

BATCH_ROWS = 100_000
PARSED_ROWS = 10_000
SEARCHED_HEADER_ROWS = 20


@dataclass
class RecordBatch:
    """Some rows of a file: text (or null) per column, and why a row gives none."""

    columns: dict[str, list[str | None]]
    row_numbers: list[int] = field(default_factory=list)
    refusals: list[str | None] = field(default_factory=list)
    details: list[str | None] = field(default_factory=list)

    @classmethod
    def of(cls, names: Sequence[str]) -> "RecordBatch":
        """A batch without rows."""
        return cls({name: [] for name in names})

    def refuse(self, row_number: int, rule: str, detail: str) -> None:
        """Adds a row that gives no values."""
        self.row_numbers.append(row_number)
        self.refusals.append(rule)
        self.details.append(detail)
        for values in self.columns.values():
            values.append(None)


def read_ahead(batches: Iterator[RecordBatch]) -> Iterator[RecordBatch]:
    """The batches, of which the next is read while the one before is worked on."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


def positions(header: Sequence[str | None], names: Sequence[str]) -> list[int]:
    """Where the named columns stand in a header.

    Raises:
        SourceError: `missing_column` or `ambiguous_column`, naming the columns.
    """
    missing = [name for name in names if name not in header]
    if missing:
        raise SourceError("missing_column", f"columns missing: {', '.join(missing)}", missing[0])
    doubled = [name for name in names if list(header).count(name) > 1]
    if doubled:
        raise SourceError("ambiguous_column", f"columns there twice: {', '.join(doubled)}", doubled[0])
    return [list(header).index(name) for name in names]


def delimited_batches(
    path: Path,
    names: Sequence[str],
    *,
    encoding: str | None = None,
    separator: str | None = None,
    header_row: int = 1,
    limits: FileLimits | None = None,
) -> Iterator[RecordBatch]:
    """Batches of a CSV or TSV file; empty fields are null.

    Raises:
        SourceError: as `open_delimited` and `positions`.
    """
    with open_delimited(path, encoding, separator, header_row, limits) as table:
        places = positions(table.header, names)
        number = 0
        while chunk := list(islice(table.records, BATCH_ROWS)):
            batch = RecordBatch.of(names)
            numbers = range(number + 1, number + len(chunk) + 1)
            number += len(chunk)
            # Columns are cut out of whole runs of good rows, which is several times faster than row by row.
            good: list[list[str]] = []
            for row_number, record in zip(numbers, chunk, strict=True):
                if isinstance(record, BrokenRecord):
                    _extend(batch, good, places, row_number)
                    good = []
                    batch.refuse(row_number, "unreadable_row", record.reason)
                else:
                    good.append(record)
            _extend(batch, good, places, number + 1)
            yield batch


def _extend(batch: RecordBatch, records: list[list[str]], places: list[int], before: int) -> None:
    for values, place in zip(batch.columns.values(), places, strict=True):
        values.extend([record[place] or None for record in records])
    batch.row_numbers.extend(range(before - len(records), before))
    batch.refusals.extend([None] * len(records))
    batch.details.extend([None] * len(records))


def json_batches(
    path: Path, names: Sequence[str], *, encoding: str | None = None, limits: FileLimits | None = None
) -> Iterator[RecordBatch]:
    """Batches of JSON lines; `a.b` names a field inside an object. Blank lines are not rows.

    Raises:
        SourceError: `missing_column` when no row of the first batch has a named field; `wrong_encoding`.
    """
    name = proved_encoding(path, encoding, limits)
    with open_unpacked(path, limits) as stream, text_stream(stream, name) as text:
        lines = (line for line in text if line.strip(" \t\r\n\ufeff"))
        number = 0
        while chunk := list(islice(lines, BATCH_ROWS)):
            batch = RecordBatch.of(names)
            seen: set[str] = set()
            # Whole objects hold more than the fields asked for, so few of them are in memory at a time.
            for first in range(0, len(chunk), PARSED_ROWS):
                seen |= _extend_parsed(batch, chunk[first : first + PARSED_ROWS])
            batch.row_numbers = list(range(number + 1, number + len(chunk) + 1))
            if number == 0 and any(rule is None for rule in batch.refusals):
                positions(sorted(seen), names)
            number += len(chunk)
            yield batch


def _extend_parsed(batch: RecordBatch, lines: list[str]) -> set[str]:
    """Adds lines to a batch, column by column; returns the fields that some line has."""
    parsed = [_parsed_line(line) for line in lines]
    documents = [document for document, _ in parsed]
    batch.refusals.extend(rule for _, rule in parsed)
    batch.details.extend(None if rule is None else "not one JSON object" for _, rule in parsed)
    seen: set[str] = set()
    for key, column in batch.columns.items():
        values = _field(documents, key)
        if any(value is not _ABSENT for value in values):
            seen.add(key)
        column.extend([(value or None) if type(value) is str else _as_text(value) for value in values])
    return seen


_ABSENT: Any = object()
_JSON = json.JSONDecoder()
_JSON_BLANKS = " \t\r\n"


def _field(documents: list[dict[str, Any]], key: str) -> list[Any]:
    """One field of all documents; `a.b` is a field inside an object where no field is called so."""
    values = [document.get(key, _ABSENT) for document in documents]
    if "." not in key:
        return values
    keys = key.split(".")
    return [
        _inside(document, keys) if value is _ABSENT else value
        for value, document in zip(values, documents, strict=True)
    ]


def _parsed_line(line: str) -> tuple[dict[str, Any], str | None]:
    """The object of a line; of another line an empty one and the rule that it breaks."""
    stripped = line.strip(_JSON_BLANKS)
    try:
        document, end = _JSON.raw_decode(stripped)
    except RecursionError:
        return {}, "too_deep"
    except ValueError:
        return {}, "unreadable_row"
    return (document, None) if isinstance(document, dict) and end == len(stripped) else ({}, "unreadable_row")


def _inside(document: dict[str, Any], keys: list[str]) -> Any:
    value: Any = document
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return _ABSENT
        value = value[key]
    return value


def _as_text(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool | int | float):
        return canonical_code(value)
    return None


def parquet_batches(path: Path, names: Sequence[str], *, limits: FileLimits | None = None) -> Iterator[RecordBatch]:
    """Batches of a Parquet file; times come as ISO 8601, with offset where the file has one.

    Raises:
        SourceError: `broken_table`, `missing_column`.
    """
    try:
        with _parquet_stream(path, limits) as stream:
            file = pq.ParquetFile(stream)
            positions(file.schema_arrow.names, names)
            number = 0
            for part in file.iter_batches(batch_size=BATCH_ROWS, columns=list(names)):
                frame = pl.DataFrame(pl.from_arrow(part)).select(names)
                texts = frame.select(_text_of(frame[name]) for name in names)
                count = frame.height
                yield RecordBatch(
                    columns={name: texts[name].to_list() for name in names},
                    row_numbers=list(range(number + 1, number + count + 1)),
                    refusals=[None] * count,
                    details=[None] * count,
                )
                number += count
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        raise SourceError("broken_table", type(error).__name__) from error


@contextmanager
def _parquet_stream(path: Path, limits: FileLimits | None) -> Iterator[IO[bytes]]:
    with open_unpacked(path, limits) as stream:
        if stream.seekable():
            yield stream
            return
    yield io.BytesIO(read_unpacked(path, limits))


def _text_of(values: pl.Series) -> pl.Series:
    dtype = values.dtype
    if isinstance(dtype, pl.Datetime):
        return values.dt.strftime("%Y-%m-%dT%H:%M:%S%.f" + ("%z" if dtype.time_zone else ""))
    if dtype == pl.Date:
        return values.dt.strftime("%Y-%m-%d")
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        return pl.Series(values.name, [None] * values.len(), dtype=pl.String)
    if dtype == pl.Boolean:
        return values.cast(pl.Int8).cast(pl.String)
    if dtype.is_float():
        whole = values.cast(pl.Int64, strict=False)
        exact = (whole.cast(pl.Float64) == values.cast(pl.Float64)).fill_null(value=False)
        return pl.select(
            pl.when(exact).then(whole.cast(pl.String)).otherwise(values.cast(pl.String)).alias(values.name)
        ).to_series()
    return values.cast(pl.String)


def workbook_batches(
    path: Path,
    names: Sequence[str],
    *,
    sheet: str | None = None,
    header_row: int = 1,
    limits: FileLimits | None = None,
) -> Iterator[RecordBatch]:
    """Batches of one sheet (the first, if none is named); rows without any of the columns are no rows.

    Raises:
        SourceError: `not_expected_sheet`, `missing_column`, or as `open_workbook`.
    """
    with open_workbook(path, limits) as workbook:
        chosen = sheet or next(iter(workbook.sheet_names), "")
        header = header_at(workbook, chosen, header_row)
        places = positions([None if cell is None else cell.strip() for cell in header], names)
        rows = (cells for at, cells in workbook.rows(chosen, places) if at > header_row and any(cells))
        number = 0
        while chunk := list(islice(rows, BATCH_ROWS)):
            batch = RecordBatch.of(names)
            for values, place in zip(batch.columns.values(), places, strict=True):
                values.extend([cells[place] if place < len(cells) else None for cells in chunk])
            batch.row_numbers = list(range(number + 1, number + len(chunk) + 1))
            batch.refusals = [None] * len(chunk)
            batch.details = [None] * len(chunk)
            number += len(chunk)
            yield batch


def header_at(workbook: Workbook, sheet: str, header_row: int) -> list[str | None]:
    """The cells of the header's row, empty if the sheet has no such row.

    Raises:
        SourceError: `not_expected_sheet`, naming the sheet.
    """
    for number, cells in workbook.rows(sheet):
        if number == header_row:
            return cells
        if number > header_row:
            break
    return []
