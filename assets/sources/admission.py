"""The door of the feeds: what a reader has found is cleaned, checked, made private and given its form."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from assets.sources.moments import MOMENT, moments
from assets.sources.read_result import FileIdentity, ReadResult, quarantine_frame
from data_contracts.contract import table_contract
from data_contracts.schemas import conform
from data_contracts.source import quarantine_rule
from models.text.privacy import pseudonyms, scrub

LONGEST_TEXT = 100_000
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
# What carries no content and hides words and numbers from every later step: null bytes and other control
# characters, zero-width and direction marks, soft hyphens. Joiners of emoji (U+200D) stay.
INVISIBLE = (
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e"
    r"\u2060-\u2064\u2066-\u2069\ufeff]"
)
REFERENCE_CHARACTERS = 32

FOUND = pl.Schema(
    {
        "row_number": pl.Int64,
        "refusal": pl.String,
        "refusal_detail": pl.String,
        "source_id": pl.String,
        "source_name": pl.String,
        "source_kind": pl.String,
        "message_ref": pl.String,
        "published": pl.String,
        "title": pl.String,
        "text": pl.String,
        "source_region": pl.String,
        "author": pl.String,
        "is_repost": pl.Boolean,
        "reply_to_ref": pl.String,
        "reaction_count": pl.Int64,
    }
)

BARE_HOST = r"^(?:[a-z0-9-]+\.)+[a-z]{2,}$"


@dataclass(frozen=True)
class Door:
    """What every feed reader is given about the run: its moment, its key, how dates are written."""

    identity: FileIdentity
    source_format: str
    as_of: datetime
    pseudonym_key: bytes
    date_formats: tuple[str, ...] = ("iso",)
    timezone: str = "Asia/Almaty"
    date_column: str = "published_at"
    text_column: str = "text"


def encodable(value: Any) -> str | None:
    """Text that UTF-8 can hold: lone halves of surrogate pairs become U+FFFD, pairs are joined."""
    if value is None:
        return None
    text = value if isinstance(value, str) else str(value)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def found_frame(columns: dict[str, list[Any]]) -> pl.DataFrame:
    """Lists of a reader as a frame in the form `FOUND`; columns not given are null.

    Args:
        columns: by name in `FOUND`; all of one length, `row_number` among them.
    """
    height = len(columns["row_number"])
    series = []
    for name, dtype in FOUND.items():
        values = columns.get(name)
        if values is None:
            series.append(pl.Series(name, [None] * height, dtype=dtype))
            continue
        try:
            series.append(pl.Series(name, values, dtype=dtype, strict=False))
        except UnicodeEncodeError:
            series.append(pl.Series(name, [encodable(value) for value in values], dtype=dtype))
    return pl.DataFrame(series)


def admitted(found: pl.DataFrame, door: Door, copies: dict[str, int] | None = None) -> ReadResult:
    """Messages in the form of `raw_feeds__messages`, and the refused rows with their reasons.

    The first rule that a row breaks is its reason: what the reader itself refused, then text too long,
    source, text, date. Only then is the text scrubbed and the author replaced, so that nothing refused is
    ever part of a detail.

    Args:
        found: form `FOUND`.
        door: the run and the file.
        copies: how often each message without a reference was seen in earlier batches of this file;
            updated. Needed only when a file is read in batches.
    """
    joined = _joined_text(found)
    frame = found.with_columns(
        joined,
        moments(found["published"], door.date_formats, door.timezone).alias("published_at"),
        pl.col("refusal").is_null().alias("_open"),
    ).with_columns(pl.col("text").str.len_chars().alias("_length"))
    frame = frame.with_columns(_refusal(door.as_of).alias("_rule"))
    refused = frame.filter(pl.col("_rule").is_not_null())
    kept = frame.filter(pl.col("_rule").is_null())
    return ReadResult(
        rows=_rows(kept, door, {} if copies is None else copies),
        quarantine=_refusals(refused, door),
        rows_in=found.height,
    )


def _joined_text(found: pl.DataFrame) -> pl.Series:
    """Title and text as one, the title left out where the text begins with it; invisible characters out."""
    title, text = (
        pl.col(name).str.replace_all(INVISIBLE, "").str.strip_chars().fill_null("") for name in ("title", "text")
    )
    bare = pl.col("_title").str.strip_chars_end(".…")
    return (
        found.select(title.alias("_title"), text.alias("_text"))
        .select(
            pl.when(pl.col("_title") == "")
            .then("_text")
            .when((pl.col("_text") == "") | ((bare != "") & pl.col("_text").str.starts_with(bare)))
            .then(pl.max_horizontal("_title", "_text"))
            .otherwise(pl.concat_str("_title", pl.lit("\n"), "_text"))
            .alias("text")
        )
        .to_series()
    )


def _refusal(as_of: datetime) -> pl.Expr:
    """The rule of the first promise a row breaks, else null."""
    published = pl.col("published_at")
    return (
        pl.when(pl.col("refusal").is_not_null())
        .then("refusal")
        .when(pl.col("_length") > LONGEST_TEXT)
        .then(pl.lit("text_too_long"))
        .when(pl.col("source_id").is_null())
        .then(pl.lit("missing_source"))
        .when(~pl.col("text").str.contains(r"\S"))
        .then(pl.lit("empty_text"))
        .when(pl.col("published").fill_null("").str.strip_chars() == "")
        .then(pl.lit("missing_date"))
        .when(published.is_null())
        .then(pl.lit("unreadable_date"))
        .when(published > pl.lit(as_of).cast(MOMENT))
        .then(pl.lit("future_date"))
        .when(published < pl.lit(EARLIEST).cast(MOMENT))
        .then(pl.lit("implausible_date"))
    )


def _refusals(refused: pl.DataFrame, door: Door) -> pl.DataFrame:
    """Refused rows in the form of `core_feeds__quarantine`; details are counts and shapes, never values."""
    if refused.is_empty():
        return quarantine_frame(door.identity, [])
    rules = refused["_rule"].unique().to_list()
    advice = {rule: quarantine_rule(rule).advice for rule in rules}
    of_date = pl.col("_rule").is_in(["missing_date", "unreadable_date", "future_date", "implausible_date"])
    of_text = pl.col("_rule").is_in(["text_too_long", "empty_text"])
    shape = pl.col("published").str.slice(0, 40).str.replace_all(r"\d", "9").str.replace_all(r"\p{L}", "a")
    return conform(
        refused.select(
            pl.lit(door.identity.file_name).alias("file_name"),
            pl.lit(door.identity.file_sha256).alias("file_sha256"),
            "row_number",
            pl.when(of_date)
            .then(pl.lit(door.date_column))
            .when(of_text)
            .then(pl.lit(door.text_column))
            .alias("column_name"),
            pl.col("_rule").alias("rule"),
            pl.when(pl.col("_rule") == "text_too_long")
            .then(pl.format("{} > {}", "_length", pl.lit(LONGEST_TEXT)))
            .when(pl.col("_rule") == "unreadable_date")
            .then(shape)
            .when(pl.col("_rule").is_in(["future_date", "implausible_date"]))
            .then(pl.col("published_at").dt.strftime("%Y-%m-%d"))
            .otherwise(pl.col("refusal_detail").fill_null(""))
            .alias("detail"),
            pl.col("_rule").replace_strict(advice, return_dtype=pl.String).alias("what_to_do"),
        ),
        table_contract("core_feeds__quarantine"),
    )


def _rows(kept: pl.DataFrame, door: Door, copies: dict[str, int]) -> pl.DataFrame:
    source = kept["source_id"].to_list()
    references = _references(kept, source, copies)
    replies = [
        None if reply is None else _hashed(origin, reply)
        for origin, reply in zip(source, kept["reply_to_ref"].to_list(), strict=True)
    ]
    return conform(
        kept.select(
            pl.lit(door.identity.file_name).alias("file_name"),
            pl.lit(door.identity.file_sha256).alias("file_sha256"),
            "row_number",
            pl.lit(door.source_format).alias("source_format"),
            "source_id",
            _outlet_names(kept),
            "source_kind",
            pl.Series("message_ref", references, dtype=pl.String),
            "published_at",
            scrub(kept["text"]).str.slice(0, LONGEST_TEXT),
            _scrubbed(kept["source_region"]).str.slice(0, 200),
            pseudonyms(kept["author"], door.pseudonym_key).alias("author_pseudonym"),
            pl.col("is_repost").fill_null(value=False),
            pl.Series("reply_to_ref", replies, dtype=pl.String),
            pl.col("reaction_count").clip(lower_bound=0),
        ),
        table_contract("raw_feeds__messages"),
    )


def _outlet_names(kept: pl.DataFrame) -> pl.Series:
    """Names of outlets, scrubbed unless they are the outlet's id or a bare host, which name nobody."""
    names = kept["source_name"].fill_null(kept["source_id"])
    safe = (names == kept["source_id"]) | names.str.contains(BARE_HOST)
    return _scrubbed(names).zip_with(~safe, names).str.slice(0, 200).alias("source_name")


def _scrubbed(repeated: pl.Series) -> pl.Series:
    """As `scrub`, of a column whose values come again and again."""
    distinct = repeated.unique().drop_nulls()
    return repeated.replace_strict(distinct, scrub(distinct), default=None).alias(repeated.name)


def _references(kept: pl.DataFrame, source: list[str], copies: dict[str, int]) -> list[str]:
    """Hashed references; a message without one is its source, date, text and which copy of these it is."""
    columns = (kept["message_ref"].to_list(), kept["published"].to_list(), kept["text"].to_list())
    if kept["message_ref"].null_count() == 0:
        return [_hashed(origin, reference) for origin, reference in zip(source, columns[0], strict=True)]
    references = []
    for origin, reference, published, text in zip(source, *columns, strict=True):
        if reference is None:
            content = _hashed(origin, published, text)
            copy = copies[content] = copies.get(content, -1) + 1
            references.append(_hashed(origin, content, str(copy)))
        else:
            references.append(_hashed(origin, reference))
    return references


def _hashed(*parts: str) -> str:
    joined = "\x1f".join(parts).encode("utf-8", "replace")
    return hashlib.sha256(joined).hexdigest()[:REFERENCE_CHARACTERS]
