"""From rows of feed files to one row per message: language, region, ethnic groups, duplicates."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import polars as pl

from models.periods import TIMEZONE
from models.text.duplicates import WINDOW_DAYS, DuplicateWindow
from models.text.ethnonyms import mentions as find_mentions
from models.text.language import languages
from models.text.normalisation import normalised
from models.text.place_forms import Gazetteer
from models.text.places import places

# fmt: off
MESSAGE_COLUMNS = (
    "message_id", "day_date", "published_at", "source_id", "source_kind", "text", "character_count",
    "language", "script", "language_confidence", "kk_share", "region_code", "region_basis", "group_codes",
    "author_pseudonym", "is_repost", "duplicate_cluster_id", "is_cluster_first", "copy_count",
)
MENTION_COLUMNS = (
    "message_id", "day_date", "group_code", "surface", "start", "end", "is_person", "is_slur", "slur_severity",
)
# fmt: on
MESSAGE_KEY = ("source_id", "message_ref")
RECORD_ORDER = ("published_at", "file_sha256", "row_number")


class Annotated(NamedTuple):
    """`core_feeds__messages` and `core_feeds__mentions` of the same rows."""

    messages: pl.DataFrame
    mentions: pl.DataFrame


def annotate(
    raw: pl.DataFrame,
    source_regions: Mapping[str, str] | None = None,
    window_days: int = WINDOW_DAYS,
    table: Gazetteer | None = None,
) -> Annotated:
    """Annotate messages.

    Records with the same source and reference are one message (the first by time, file and row is kept) with
    `copy_count` records, so the copy counts of the result sum to the rows given. `group_codes` are the groups
    whose people a message speaks of or abuses; languages, cuisines and the like stay in the mentions only.

    Args:
        raw: `raw_feeds__messages`, in any order.
        source_regions: region code of a source by source id, for outlets that serve one region.
        window_days: longest time between a duplicate and the first of its cluster.
        table: places to look for; by default those that come with the package.

    Returns:
        Messages by time then id, and their mentions by message and place.
    """
    return Annotator(source_regions, window_days, table).annotated(collapsed(raw))


class Annotator:
    """Annotates messages that come run by run in order of time; the same as all runs at once.

    Args:
        source_regions: region code of a source by source id, for outlets that serve one region.
        window_days: longest time between a duplicate and the first of its cluster.
        table: places to look for; by default those that come with the package.
    """

    def __init__(
        self,
        source_regions: Mapping[str, str] | None = None,
        window_days: int = WINDOW_DAYS,
        table: Gazetteer | None = None,
    ) -> None:
        self._source_regions = source_regions or {}
        self._window = DuplicateWindow(window_days)
        self._table = table

    def annotated(self, rows: pl.DataFrame) -> Annotated:
        """Annotations of one run, as `annotate` describes them.

        The steps do not depend on each other and spend half of their time outside the interpreter's lock, so
        they share two cores.

        Args:
            rows: messages in the form of `collapsed`, none older than those of the run before.
        """
        rows = rows.with_columns(message_id=message_ids(rows["source_id"], rows["message_ref"])).sort(
            "published_at", "message_id"
        )
        ids, texts = rows["message_id"], rows["text"]
        plain = normalised(texts)
        source = rows["source_id"].replace_strict(self._source_regions, default=None, return_dtype=pl.String)
        with ThreadPoolExecutor(_THREADS) as pool:
            clusters = pool.submit(self._window.clusters, ids, plain, rows["published_at"])
            located = pool.submit(places, texts, source, rows["source_region"], plain, self._table)
            found = pool.submit(find_mentions, ids, texts, plain)
            spoken = pool.submit(languages, texts, plain)
        added = (spoken.result(), located.result(), clusters.result().drop("message_id"))
        return _joined(pl.concat([rows, *added], how="horizontal"), found.result())


_THREADS = 2


def _joined(rows: pl.DataFrame, found: pl.DataFrame) -> Annotated:
    """Messages with the groups whose people they mention, and mentions with the day of their message."""
    groups = (
        found.filter(pl.col("is_person") | pl.col("is_slur"))
        .group_by("message_id")
        .agg(group_codes=pl.col("group_code").unique().sort())
    )
    messages = rows.join(groups, on="message_id", how="left", maintain_order="left").with_columns(
        pl.col("group_codes").fill_null(pl.lit([], dtype=pl.List(pl.String))),
        day_date=pl.col("published_at").dt.convert_time_zone(TIMEZONE).dt.date(),
        character_count=pl.col("text").str.len_chars().cast(pl.Int64),
    )
    dated = found.join(messages.select("message_id", "day_date"), on="message_id", maintain_order="left")
    return Annotated(messages.select(MESSAGE_COLUMNS), dated.select(MENTION_COLUMNS))


def messages(raw: pl.DataFrame, source_regions: Mapping[str, str] | None = None) -> pl.DataFrame:
    """`core_feeds__messages` of `raw_feeds__messages`; see `annotate`."""
    return annotate(raw, source_regions).messages


def collapsed(raw: pl.DataFrame) -> pl.DataFrame:
    """The first row of each source and reference, with `copy_count`; by time, file and row."""
    ordered = raw.sort(RECORD_ORDER)
    return ordered.with_columns(copy_count=pl.len().over(MESSAGE_KEY).cast(pl.Int64)).unique(
        MESSAGE_KEY, keep="first", maintain_order=True
    )


def first_records(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Which rows `collapsed` keeps, without their texts: published_at, file_sha256, row_number, copy_count."""
    return (
        raw.select(*MESSAGE_KEY, *RECORD_ORDER)
        .sort(RECORD_ORDER)
        .group_by(MESSAGE_KEY, maintain_order=True)
        .agg(pl.col(RECORD_ORDER).first(), copy_count=pl.len().cast(pl.Int64))
        .select(*RECORD_ORDER, "copy_count")
    )


def message_id(source_id: str, message_ref: str) -> str:
    """Identifier of a message: 24 hexadecimal digits that depend on its source and reference only."""
    return hashlib.blake2b(f"{source_id}\x1f{message_ref}".encode(), digest_size=12).hexdigest()


def message_ids(source_ids: pl.Series, message_refs: pl.Series) -> pl.Series:
    """`message_id` of each pair, in order."""
    pairs = zip(source_ids.to_list(), message_refs.to_list(), strict=True)
    return pl.Series("message_id", [message_id(source, ref) for source, ref in pairs], dtype=pl.String)
