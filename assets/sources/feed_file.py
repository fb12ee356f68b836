"""Reading any accepted feed file of the inbox, at once or in batches of bounded size."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl

from assets.sources.brand_analytics import read_brand_analytics
from assets.sources.inbox import InboxFile
from assets.sources.mapped import read_mapped_batches
from assets.sources.medialogia import read_medialogia
from assets.sources.read_result import ReadResult
from assets.sources.syndication import read_syndication
from assets.sources.telegram import read_telegram
from data_contracts.source import FeedMapping

FEED_FORMATS = ("telegram", "syndication", "brand_analytics", "medialogia", "mapped")


def read_feed(file: InboxFile, *, as_of: datetime, pseudonym_key: bytes) -> Iterator[ReadResult]:
    """Messages of a feed file, whatever its format, under its name in the inbox; long tables in batches.

    Args:
        file: of kind `feed`, accepted.
        as_of: the run's moment, with time zone.
        pseudonym_key: of the quarter, at least 16 bytes.

    Raises:
        ValueError: if the file is no feed.
    """
    if file.kind != "feed" or file.source_format is None:
        raise ValueError(f"{file.file_name} is no feed but {file.kind} {file.source_format}")
    name = pl.lit(file.file_name).alias("file_name")
    batches = feed_batches(file.path, file.source_format, file.mapping, as_of=as_of, pseudonym_key=pseudonym_key)
    for read in batches:
        yield ReadResult(read.rows.with_columns(name), read.quarantine.with_columns(name), read.rows_in)


def feed_batches(
    path: Path, source_format: str, mapping: FeedMapping | None = None, *, as_of: datetime, pseudonym_key: bytes
) -> Iterator[ReadResult]:
    """Messages of one feed file; mapped tables of any length come up to 100,000 rows at a time.

    Args:
        path: the file.
        source_format: one of `FEED_FORMATS`.
        mapping: what the columns of a `mapped` table mean.
        as_of: the run's moment, with time zone.
        pseudonym_key: of the quarter, at least 16 bytes.

    Raises:
        ValueError: for another format, or a `mapped` table without its mapping.
    """
    match source_format:
        case "telegram":
            yield read_telegram(path, as_of=as_of, pseudonym_key=pseudonym_key)
        case "syndication":
            yield read_syndication(path, as_of=as_of, pseudonym_key=pseudonym_key)
        case "brand_analytics":
            yield read_brand_analytics(path, as_of=as_of, pseudonym_key=pseudonym_key)
        case "medialogia":
            yield read_medialogia(path, as_of=as_of, pseudonym_key=pseudonym_key)
        case "mapped" if mapping is not None:
            yield from read_mapped_batches(path, mapping, as_of=as_of, pseudonym_key=pseudonym_key)
        case _:
            raise ValueError(f"{path.name}: no feed reader for {source_format}; give one of {', '.join(FEED_FORMATS)}")
