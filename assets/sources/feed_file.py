"""Reading any accepted feed file of the inbox."""

from datetime import datetime

import polars as pl

from assets.sources.brand_analytics import read_brand_analytics
from assets.sources.inbox import InboxFile
from assets.sources.mapped import read_mapped
from assets.sources.read_result import ReadResult
from assets.sources.syndication import read_syndication
from assets.sources.telegram import read_telegram


def read_feed(file: InboxFile, *, as_of: datetime, pseudonym_key: bytes) -> ReadResult:
    """Messages of a feed file, whatever its format, under its name in the inbox.

    Args:
        file: of kind `feed`, accepted.
        as_of: the run's moment, with time zone.
        pseudonym_key: of the quarter, at least 16 bytes.

    Raises:
        ValueError: if the file is no feed.
    """
    match file.source_format:
        case "telegram":
            result = read_telegram(file.path, as_of=as_of, pseudonym_key=pseudonym_key)
        case "syndication":
            result = read_syndication(file.path, as_of=as_of, pseudonym_key=pseudonym_key)
        case "brand_analytics":
            result = read_brand_analytics(file.path, as_of=as_of, pseudonym_key=pseudonym_key)
        case "mapped" if file.mapping is not None:
            result = read_mapped(file.path, file.mapping, as_of=as_of, pseudonym_key=pseudonym_key)
        case _:
            raise ValueError(f"{file.file_name} is no feed but {file.kind} {file.source_format}")
    if file.file_name == file.path.name:
        return result
    name = pl.lit(file.file_name).alias("file_name")
    return ReadResult(result.rows.with_columns(name), result.quarantine.with_columns(name), result.rows_in)
