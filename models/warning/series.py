"""Weekly series per region, ethnic group and signal: what the detectors watch.

Counted are duplicate clusters and distinct authors, never raw reposts: the watched count of a cell is the
smaller of the two, so neither one text copied a thousand times nor one author writing a thousand texts makes
an alarm. Rumours of clashes are tension told on as hearsay (`rumours`). A message belongs to a group only if it
speaks of people of that group. Criticism of authorities, and whatever the labels do not call hostile, tense or
aggrieved, is in no threat series at all.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from data_contracts.reference import regions
from models.warning.rumours import is_hearsay

THREAT_SIGNALS = ("hostile", "hard_hostile", "tension", "grievance", "rumour")
PEACE_SIGNALS = ("accord",)
SIGNALS = THREAT_SIGNALS + PEACE_SIGNALS
ALL_GROUPS = "all"
UNKNOWN_REGION = "unknown"
HARD_SEVERITY = 3
LEAST_COVERED_SHARE = 0.5
CELL = ("week_date", "region_code", "group_code", "signal")


class SeriesError(ValueError):
    """Input tables that cannot be counted; the message names table and column."""


def series(
    messages: pl.DataFrame,
    labels: pl.DataFrame,
    mentions: pl.DataFrame | None = None,
    coverage: pl.DataFrame | None = None,
    *,
    stances: pl.DataFrame | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
) -> pl.DataFrame:
    """Count messages into weekly cells.

    Args:
        messages: rows of `core_feeds__messages`.
        labels: rows of `core_discourse__labels`.
        mentions: rows of `core_feeds__mentions`; only mentions of people count. Without it `group_codes` is
            used.
        coverage: rows of `out_feeds__coverage`; days flagged `gap` lower the covered share of a region's
            week.
        stances: rows of `core_discourse__stances`; with it hostility counts only for groups it is aimed at.
        first_day: first day of observation, by default the first day of `messages`.
        last_day: last day of observation, by default the last day of `messages`.

    Returns:
        A full grid of weeks (Mondays) x regions (20 and `unknown`) x groups seen (and `all`) x signals with
        columns week_date, region_code, group_code, signal, observed_count (the watched count), message_count,
        cluster_count, author_count (null where no author is known), is_covered. Weeks only partly inside the
        observed days, and weeks in which less than half of a region's usual sources reported, are not
        covered: they are unknown, not zero.

    Raises:
        SeriesError: if a needed column is missing.
    """
    _require("messages", messages, {"message_id", "day_date", "region_code", "duplicate_cluster_id", "group_codes"})
    _require("labels", labels, {"message_id", "discourse", "severity"})
    first = first_day or messages["day_date"].min()
    last = last_day or messages["day_date"].max()
    known = [*regions(), UNKNOWN_REGION]
    events = signal_messages(messages, labels, mentions, stances=stances).filter(pl.col("region_code").is_in(known))
    if not isinstance(first, date) or not isinstance(last, date):
        return _empty()
    weeks = _weeks(first, last)
    counted = counted_cells(events)
    groups = sorted({ALL_GROUPS, *counted["group_code"].unique().to_list()})
    grid = (
        pl.DataFrame({"week_date": weeks})
        .join(pl.DataFrame({"region_code": known}), how="cross")
        .join(pl.DataFrame({"group_code": groups}), how="cross")
        .join(pl.DataFrame({"signal": list(SIGNALS)}), how="cross")
    )
    covered = covered_weeks(messages, coverage, weeks, first=first, last=last)
    return (
        grid.join(counted, on=list(CELL), how="left")
        .join(covered, on=["week_date", "region_code"], how="left")
        .with_columns(
            pl.col("observed_count", "message_count", "cluster_count").fill_null(0),
            pl.col("is_covered").fill_null(value=True),
        )
        .sort("region_code", "group_code", "signal", "week_date")
    )


def signal_messages(
    messages: pl.DataFrame,
    labels: pl.DataFrame,
    mentions: pl.DataFrame | None = None,
    *,
    stances: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """One row per message, group spoken of (and `all`) and signal it counts for.

    Returns:
        message_id, week_date, region_code, group_code, signal, duplicate_cluster_id, author (pseudonym, or
        the cluster where no author is known), has_author. Messages that mention no people, abstentions and
        labels that are no signal give no row.
    """
    is_decided = ~pl.col("is_abstained") if "is_abstained" in labels.columns else pl.lit(value=True)
    chosen = labels.filter(pl.col("discourse").is_in(["hostile", "tension", "grievance", "accord"]) & is_decided)
    has_author = "author_pseudonym" in messages.columns
    author = pl.col("author_pseudonym").cast(pl.String) if has_author else pl.lit(None, dtype=pl.String)
    told = is_hearsay(pl.col("text")) if "text" in messages.columns else pl.lit(value=False)
    rows = messages.join(chosen.select("message_id", "discourse", "severity"), on="message_id").select(
        "message_id",
        "region_code",
        "discourse",
        "severity",
        "duplicate_cluster_id",
        "group_codes",
        pl.col("day_date").dt.truncate("1w").alias("week_date"),
        pl.coalesce(author, pl.col("duplicate_cluster_id")).alias("author"),
        author.is_not_null().alias("has_author"),
        ((pl.col("discourse") == "tension") & told).alias("is_rumour"),
    )
    by_group = _with_groups(rows, mentions)
    if stances is not None:
        aimed = stances.filter(pl.col("stance") == -1).select("message_id", "group_code", is_aimed=pl.lit(value=True))
        by_group = by_group.join(aimed, on=["message_id", "group_code"], how="left").filter(
            (pl.col("discourse") != "hostile") | pl.col("is_aimed").fill_null(value=False)
        )
    together = by_group.unique("message_id").with_columns(pl.lit(ALL_GROUPS).alias("group_code"))
    both = pl.concat([by_group, together.select(by_group.columns)]).with_columns(signal=pl.col("discourse"))
    hard = both.filter((pl.col("discourse") == "hostile") & (pl.col("severity") >= HARD_SEVERITY))
    rumours = both.filter("is_rumour").with_columns(signal=pl.lit("rumour"))
    return pl.concat([both, hard.with_columns(signal=pl.lit("hard_hostile")), rumours]).select(
        "message_id",
        "week_date",
        "region_code",
        "group_code",
        "signal",
        "duplicate_cluster_id",
        "author",
        "has_author",
    )


def _with_groups(rows: pl.DataFrame, mentions: pl.DataFrame | None) -> pl.DataFrame:
    if mentions is None:
        return (
            rows.with_columns(pl.col("group_codes").cast(pl.List(pl.String)))
            .explode("group_codes")
            .rename({"group_codes": "group_code"})
            .drop_nulls("group_code")
        )
    people = mentions.filter(pl.col("is_person")).select("message_id", "group_code").unique()
    return rows.drop("group_codes").join(people, on="message_id")


def counted_cells(events: pl.DataFrame) -> pl.DataFrame:
    """Rows of `signal_messages` counted by cell: watched count, messages, distinct texts, known authors."""
    return (
        events.group_by(CELL)
        .agg(
            pl.col("message_id").n_unique().cast(pl.Int64).alias("message_count"),
            pl.col("duplicate_cluster_id").n_unique().cast(pl.Int64).alias("cluster_count"),
            pl.col("author").n_unique().cast(pl.Int64).alias("voice_count"),
            pl.col("author").filter(pl.col("has_author")).n_unique().cast(pl.Int64).alias("author_count"),
        )
        .with_columns(
            observed_count=pl.min_horizontal("cluster_count", "voice_count"),
            author_count=pl.when(pl.col("author_count") > 0).then("author_count"),
        )
        .select(*CELL, "observed_count", "message_count", "cluster_count", "author_count")
    )


def covered_weeks(
    messages: pl.DataFrame,
    coverage: pl.DataFrame | None,
    weeks: list[date],
    *,
    first: date,
    last: date,
) -> pl.DataFrame:
    """Which weeks of a region were observed.

    A region's usual sources are weighed by their share of its messages over the whole time; the covered share
    of a week is the weighted share of source-days without a gap.

    Returns:
        week_date, region_code, is_covered, for every week and every region with messages.
    """
    frame = pl.DataFrame({"week_date": weeks}).with_columns(
        is_whole=(pl.col("week_date") >= first) & (pl.col("week_date") + timedelta(days=6) <= last)
    )
    regions_seen = pl.DataFrame({"region_code": [*regions(), UNKNOWN_REGION]})
    grid = frame.join(regions_seen, how="cross")
    if coverage is None or coverage.height == 0 or "source_id" not in messages.columns:
        return grid.select("week_date", "region_code", is_covered="is_whole")
    gaps = (
        coverage.filter(pl.col("flag") == "gap")
        .with_columns(week_date=pl.col("day_date").dt.truncate("1w"))
        .group_by("week_date", "source_id")
        .agg((pl.col("day_date").n_unique() / 7).alias("missing_share"))
    )
    share = (
        messages.group_by("region_code", "source_id")
        .len()
        .with_columns(source_share=pl.col("len") / pl.col("len").sum().over("region_code"))
    )
    missing = (
        gaps.join(share, on="source_id")
        .group_by("week_date", "region_code")
        .agg((pl.col("missing_share") * pl.col("source_share")).sum().alias("missing_share"))
    )
    enough = pl.col("missing_share").fill_null(0.0) <= 1 - LEAST_COVERED_SHARE
    return grid.join(missing, on=["week_date", "region_code"], how="left").select(
        "week_date", "region_code", is_covered=pl.col("is_whole") & enough
    )


def _weeks(first: date, last: date) -> list[date]:
    start = first - timedelta(days=first.weekday())
    return [start + timedelta(weeks=number) for number in range((last - start).days // 7 + 1)]


def _require(table: str, frame: pl.DataFrame, columns: set[str]) -> None:
    missing = sorted(columns - set(frame.columns))
    if missing:
        raise SeriesError(f"{table}: column {', '.join(missing)} is missing; pass the table as its contract says")


def _empty() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "week_date": pl.Date,
            "region_code": pl.String,
            "group_code": pl.String,
            "signal": pl.String,
            "observed_count": pl.Int64,
            "message_count": pl.Int64,
            "cluster_count": pl.Int64,
            "author_count": pl.Int64,
            "is_covered": pl.Boolean,
        }
    )
