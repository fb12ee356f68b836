"""From rows of feed files to one row per message: language, region, ethnic groups, duplicates."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from models.periods import TIMEZONE
from models.text.duplicates import WINDOW_DAYS, duplicate_clusters
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
    rows = collapsed(raw)
    plain = normalised(rows["text"])
    of_sources = source_regions or {}
    by_source = [of_sources.get(source) for source in rows["source_id"].to_list()]
    found = find_mentions(rows["message_id"], rows["text"], plain)
    groups = (
        found.filter(pl.col("is_person") | pl.col("is_slur"))
        .group_by("message_id")
        .agg(group_codes=pl.col("group_code").unique().sort())
    )
    clusters = duplicate_clusters(rows["message_id"], rows["text"], rows["published_at"], window_days, plain)
    messages = (
        pl.concat(
            [
                rows,
                languages(rows["text"], plain),
                places(rows["text"], pl.Series(by_source, dtype=pl.String), rows["source_region"], plain, table),
                clusters.drop("message_id"),
            ],
            how="horizontal",
        )
        .join(groups, on="message_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("group_codes").fill_null(pl.lit([], dtype=pl.List(pl.String))),
            day_date=pl.col("published_at").dt.convert_time_zone(TIMEZONE).dt.date(),
            character_count=pl.col("text").str.len_chars().cast(pl.Int64),
        )
    )
    dated = found.join(messages.select("message_id", "day_date"), on="message_id", maintain_order="left")
    return Annotated(messages.select(MESSAGE_COLUMNS), dated.select(MENTION_COLUMNS))


def messages(raw: pl.DataFrame, source_regions: Mapping[str, str] | None = None) -> pl.DataFrame:
    """`core_feeds__messages` of `raw_feeds__messages`; see `annotate`."""
    return annotate(raw, source_regions).messages


def collapsed(raw: pl.DataFrame) -> pl.DataFrame:
    """The first row of each source and reference, with `message_id` and `copy_count`."""
    ordered = raw.sort("published_at", "file_sha256", "row_number")
    kept = ordered.with_columns(copy_count=pl.len().over("source_id", "message_ref").cast(pl.Int64)).unique(
        ["source_id", "message_ref"], keep="first", maintain_order=True
    )
    return kept.with_columns(message_id=message_ids(kept["source_id"], kept["message_ref"])).sort(
        "published_at", "message_id"
    )


def message_id(source_id: str, message_ref: str) -> str:
    """Identifier of a message: 24 hexadecimal digits that depend on its source and reference only."""
    return hashlib.blake2b(f"{source_id}\x1f{message_ref}".encode(), digest_size=12).hexdigest()


def message_ids(source_ids: pl.Series, message_refs: pl.Series) -> pl.Series:
    """`message_id` of each pair, in order."""
    pairs = zip(source_ids.to_list(), message_refs.to_list(), strict=True)
    return pl.Series("message_id", [message_id(source, ref) for source, ref in pairs], dtype=pl.String)
