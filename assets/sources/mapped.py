"""Tables of messages that an operator has described by a mapping: CSV, TSV, JSON lines, Parquet, XLSX."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl

from assets.sources.admission import FOUND, Door, admitted, encodable
from assets.sources.identification import is_html
from assets.sources.outlets import host_of, personal_pages, platform_of, slug
from assets.sources.read_result import (
    FileIdentity,
    ReadResult,
    Refusal,
    SourceError,
    combined,
    quarantine_frame,
    refused_file,
)
from assets.sources.record_batches import (
    RecordBatch,
    delimited_batches,
    json_batches,
    parquet_batches,
    read_ahead,
    workbook_batches,
)
from assets.sources.unpacking import FileLimits
from data_contracts.source import FeedMapping

TRUE_WORDS = ("true", "t", "1", "yes", "y", "да", "иә", "repost", "репост")


def read_mapped(
    path: Path,
    mapping: FeedMapping,
    *,
    as_of: datetime,
    pseudonym_key: bytes,
    limits: FileLimits | None = None,
) -> ReadResult:
    """All messages of a mapped file at once; as `read_mapped_batches`."""
    return combined(read_mapped_batches(path, mapping, as_of=as_of, pseudonym_key=pseudonym_key, limits=limits))


def read_mapped_batches(
    path: Path,
    mapping: FeedMapping,
    *,
    as_of: datetime,
    pseudonym_key: bytes,
    limits: FileLimits | None = None,
) -> Iterator[ReadResult]:
    """Messages of a mapped file, up to 100,000 rows at a time, so that memory does not grow with the file.

    A file that breaks off on the way gives the rows before that and one refusal of the whole file; one
    that cannot be read at all gives only the refusal.

    Args:
        path: the file, also as .gz or in a .zip (XLSX: as it is).
        mapping: what its columns mean; columns it does not name are never read.
        as_of: the run's moment, with time zone; later messages are refused.
        pseudonym_key: of the quarter, at least 16 bytes.
        limits: what the file may cost.
    """
    identity = FileIdentity.of(path)
    formats = mapping.date_formats
    if mapping.format == "xlsx" and "excel" not in formats:
        formats = (*formats, "excel")
    door = Door(
        identity,
        "mapped",
        as_of,
        pseudonym_key,
        formats,
        mapping.timezone,
        mapping.columns.published_at,
        mapping.columns.text,
    )
    copies: dict[str, int] = {}
    count = 0
    try:
        if mapping.format in ("csv", "tsv", "jsonl") and is_html(path, limits):
            raise SourceError("html_instead_of_data")
        for batch in read_ahead(_batches(path, mapping, limits)):
            count += len(batch.row_numbers)
            yield admitted(_found(batch, mapping), door, copies)
        if count == 0:
            raise SourceError("no_rows")
    except SourceError as error:
        if count == 0:
            yield refused_file(identity, error, "raw_feeds__messages", "core_feeds__quarantine")
            return
        whole = Refusal(error.rule, None, error.column, error.detail)
        empty = admitted(FOUND.to_frame(), door)
        yield ReadResult(empty.rows, quarantine_frame(identity, [whole]), 0)


def _batches(path: Path, mapping: FeedMapping, limits: FileLimits | None) -> Iterator[RecordBatch]:
    names = mapping.file_columns
    match mapping.format:
        case "csv" | "tsv":
            separator = mapping.separator or ("\t" if mapping.format == "tsv" else None)
            return delimited_batches(
                path,
                names,
                encoding=mapping.encoding,
                separator=separator,
                header_row=mapping.header_row,
                limits=limits,
            )
        case "jsonl":
            return json_batches(path, names, encoding=mapping.encoding, limits=limits)
        case "parquet":
            return parquet_batches(path, names, limits=limits)
        case "xlsx":
            return workbook_batches(path, names, sheet=mapping.sheet, header_row=mapping.header_row, limits=limits)


def _found(batch: RecordBatch, mapping: FeedMapping) -> pl.DataFrame:
    """A batch in the form `FOUND`."""
    raw = {name: _texts(values) for name, values in batch.columns.items()}
    height = len(batch.row_numbers)

    def column(name: str | None, constant: str | None = None) -> pl.Series:
        if name is not None:
            return raw[name]
        return pl.Series([constant] * height, dtype=pl.String)

    columns = mapping.columns
    source_id, source_name, source_kind = _sources(mapping, column)
    return pl.DataFrame(
        {
            "row_number": batch.row_numbers,
            "refusal": pl.Series(batch.refusals, dtype=pl.String),
            "refusal_detail": pl.Series(batch.details, dtype=pl.String),
            "source_id": source_id,
            "source_name": source_name,
            "source_kind": source_kind,
            "message_ref": _filled(column(columns.message_ref)),
            "published": column(columns.published_at),
            "title": column(columns.title),
            "text": column(columns.text),
            "source_region": _filled(column(columns.region, mapping.source_region)),
            "author": column(columns.author),
            "is_repost": column(columns.is_repost).str.strip_chars().str.to_lowercase().is_in(TRUE_WORDS),
            "reply_to_ref": _filled(column(columns.reply_to_ref)),
            "reaction_count": column(columns.reaction_count)
            .str.strip_chars()
            .cast(pl.Float64, strict=False)
            .clip(0, 2**53)
            .fill_nan(None)
            .cast(pl.Int64, strict=False),
        },
        schema=FOUND,
    )


def _texts(values: list[str | None]) -> pl.Series:
    try:
        return pl.Series(values, dtype=pl.String)
    except UnicodeEncodeError:
        return pl.Series([encodable(value) for value in values], dtype=pl.String)


def _filled(values: pl.Series) -> pl.Series:
    stripped = values.str.strip_chars()
    return stripped.replace("", None)


def _sources(mapping: FeedMapping, column) -> tuple[pl.Series, pl.Series, pl.Series]:
    """(source_id, source_name, source_kind) of each row; pages of people come together by platform."""
    origin = mapping.source
    kind = column(origin.source_kind_column, origin.source_kind)
    if origin.source_kind_column is not None:
        kind = kind.str.strip_chars().replace_strict(origin.kinds, default="other", return_dtype=pl.String)
    if origin.source_id_column is None:
        name = column(origin.source_name_column, origin.source_name or origin.source_id)
        return column(None, origin.source_id), name, kind
    frame = pl.DataFrame(
        {
            "given": _filled(column(origin.source_id_column)),
            "name": _filled(column(origin.source_name_column, origin.source_name)),
            "kind": kind,
            "platform": _filled(column(origin.platform_column, origin.platform)),
        }
    )
    distinct = frame.unique()
    named = [_source(*row, personal_kinds=origin.personal_kinds) for row in distinct.iter_rows()]
    table = distinct.with_columns(
        pl.Series("source_id", [source_id for source_id, _ in named], dtype=pl.String),
        pl.Series("source_name", [name for _, name in named], dtype=pl.String),
    )
    result = frame.join(
        table, on=["given", "name", "kind", "platform"], how="left", nulls_equal=True, maintain_order="left"
    )
    return result["source_id"], result["source_name"], result["kind"]


def _source(
    given: str | None, name: str | None, kind: str, platform: str | None, *, personal_kinds: tuple[str, ...]
) -> tuple[str | None, str | None]:
    """(source_id, source_name) of one outlet."""
    if given is None:
        return None, None
    host = host_of(given)
    people = platform_of(host) if host else None
    if kind in personal_kinds or people is not None:
        page = personal_pages(platform or people or host)
        return page, page
    return slug(host or given), name or host or given
