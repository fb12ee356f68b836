"""Rates of interethnic talk by week, region and group, with sampling error and with classifier error."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from models.discourse.classifier import LABELS
from models.periods import weeks_of
from models.survey.intervals import wilson

SIGNALS = (
    "hostile",
    "hard_hostile",
    "tension",
    "grievance",
    "accord",
    "language",
    "counter",
    "authority",
    "neutral",
)
NOT_INTERETHNIC = ("authority", "other")
LEVEL = 0.95
CONFUSION_DRAWS = 100
ROUNDS = 30
SEED = 20_260_101

_CELL = ("week_date", "region_code", "group_code")


def rates(
    messages: pl.DataFrame,
    labels: pl.DataFrame,
    mentions: pl.DataFrame,
    quarter: str,
    confusion: np.ndarray | None = None,
) -> pl.DataFrame:
    """Share of each signal among messages, by week, region and group.

    A copy of a message (same `duplicate_cluster_id` in the same cell) counts once in every share. The interval of
    `share` is Wilson's at 95 % and holds sampling error only. `corrected_share` undoes the classifier's measured
    confusion (the multi-class Rogan-Gladen estimator: the observed distribution is the true one times the confusion
    matrix, solved by expectation-maximisation so that no share falls below zero; Saerens et al. 2002). Its interval
    holds sampling error (multinomial) and the error of the confusion matrix itself (Dirichlet rows), by simulation
    with a fixed seed, and is never narrower than Wilson's for the same number of clusters. Messages the cascade
    skipped are taken as not interethnic without error. hard_hostile is corrected in proportion to hostile.

    Args:
        messages: core_feeds__messages: `message_id, day_date, region_code, duplicate_cluster_id,
            author_pseudonym`.
        labels: core_discourse__labels of these messages.
        mentions: core_feeds__mentions of these messages; only mentions of people make a group.
        quarter: `2026-Q3`; messages of other weeks are left out.
        confusion: cross-validated counts, rows true and columns predicted in the order of the codebook;
            None leaves the corrected columns null.

    Returns:
        out_discourse__rates: every signal for each cell that holds a message, the whole country as region
        KZ and all messages as group `all`. Weeks are whole and belong to the quarter of their Sunday.

    Raises:
        ValueError: if `quarter` is not of the form 2026-Q3, or the confusion matrix has another shape.
    """
    rows = _labelled(messages, labels, weeks_of(quarter))
    if rows.is_empty():
        return _empty()
    cells = _cells(rows, mentions)
    counts = _counts(cells)
    long = _long(counts)
    long = long.with_columns(_wilson(long["signal_cluster_count"], long["cluster_count"]))
    corrected = _null_correction(long) if confusion is None else _corrected(counts, confusion, long)
    return pl.concat([long, corrected], how="horizontal").select(
        pl.lit(quarter).alias("quarter"), *(name for name in _schema() if name != "quarter")
    )


def _labelled(messages: pl.DataFrame, labels: pl.DataFrame, weeks: list[date]) -> pl.DataFrame:
    held = (
        messages.select("message_id", "day_date", "region_code", "duplicate_cluster_id", "author_pseudonym")
        .with_columns(pl.col("day_date").dt.truncate("1w").alias("week_date"))
        .filter(pl.col("week_date").is_in(weeks))
    )
    return held.join(labels.select("message_id", "discourse", "severity", "is_skipped"), on="message_id", how="inner")


def _cells(rows: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
    """Each message once per cell it belongs to: region and country, all and each group it mentions."""
    people = mentions.filter("is_person").select("message_id", "group_code").unique()
    groups = rows.join(people, on="message_id", how="inner")
    everybody = rows.with_columns(pl.lit("all").alias("group_code"))
    here = pl.concat([everybody, groups.select(everybody.columns)])
    return pl.concat([here, here.with_columns(pl.lit("KZ").alias("region_code"))])


def _counts(cells: pl.DataFrame) -> pl.DataFrame:
    """Per cell: messages, clusters, authors, and messages and clusters of every label and of hard hostility.

    A cluster takes the label of its first row by message id, so that the labels of a cell sum to its
    clusters.
    """
    interethnic = ~pl.col("is_skipped") & ~pl.col("discourse").is_in(NOT_INTERETHNIC)
    hard = pl.col("severity") == 3
    authors = pl.col("author_pseudonym")
    by_message = cells.group_by(_CELL).agg(
        pl.len().cast(pl.Int64).alias("message_count"),
        interethnic.sum().cast(pl.Int64).alias("interethnic_count"),
        pl.when(authors.is_not_null().any()).then(authors.drop_nulls().n_unique()).cast(pl.Int64).alias("author_count"),
        *((pl.col("discourse") == one).sum().cast(pl.Int64).alias(f"{one}_messages") for one in LABELS),
        hard.sum().cast(pl.Int64).alias("hard_hostile_messages"),
    )
    first = cells.sort("message_id").unique([*_CELL, "duplicate_cluster_id"], keep="first", maintain_order=True)
    by_cluster = first.group_by(_CELL).agg(
        pl.len().cast(pl.Int64).alias("cluster_count"),
        pl.col("is_skipped").sum().cast(pl.Int64).alias("skipped_clusters"),
        *((pl.col("discourse") == one).sum().cast(pl.Int64).alias(f"{one}_clusters") for one in LABELS),
        *(
            ((pl.col("discourse") == one) & ~pl.col("is_skipped")).sum().cast(pl.Int64).alias(f"{one}_judged")
            for one in LABELS
        ),
        hard.sum().cast(pl.Int64).alias("hard_hostile_clusters"),
    )
    return by_message.join(by_cluster, on=_CELL, how="inner").sort(_CELL)


def _long(counts: pl.DataFrame) -> pl.DataFrame:
    keep = (*_CELL, "message_count", "interethnic_count", "cluster_count", "author_count")
    parts = [
        counts.select(
            *keep,
            pl.lit(signal).alias("signal"),
            pl.col(f"{signal}_messages").alias("signal_count"),
            pl.col(f"{signal}_clusters").alias("signal_cluster_count"),
        )
        for signal in SIGNALS
    ]
    return pl.concat(parts)


def _wilson(successes: pl.Series, totals: pl.Series) -> list[pl.Series]:
    """Share with Wilson's score interval."""
    hits, total = successes.to_numpy().astype(float), totals.to_numpy().astype(float)
    low, high = _wilson_ends(hits / total, total)
    return [
        pl.Series("share", hits / total),
        pl.Series("ci_low_share", low),
        pl.Series("ci_high_share", high),
    ]


def _wilson_ends(share: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of Wilson's score interval at 95 % (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    low, high = wilson(share, total, np.inf, LEVEL)
    return np.where(share == 0, 0.0, low), np.where(share == 1, 1.0, high)


def true_distribution(observed: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Distribution over true labels whose predictions look as observed.

    Expectation-maximisation from equal shares; stopped after `ROUNDS` steps, which leaves cells of few
    messages between
    the equal shares and the maximum of likelihood instead of at an edge.

    Args:
        observed: one row per cell, counts or shares of predicted labels.
        response: P(predicted | true), rows true.

    Returns:
        Shares of true labels, same shape as `observed`; a row of zeros gives equal shares.
    """
    total = observed.sum(axis=1, keepdims=True)
    shares = observed / np.where(total == 0, 1, total)
    truth = np.full(shares.shape, 1 / shares.shape[1])
    for _ in range(ROUNDS):
        ratio = shares / np.maximum(truth @ response, 1e-12)
        truth = truth * (ratio @ response.T)
    return np.where(total == 0, 1 / shares.shape[1], truth)


def _corrected(counts: pl.DataFrame, confusion: np.ndarray, long: pl.DataFrame) -> pl.DataFrame:
    if confusion.shape != (len(LABELS), len(LABELS)):
        raise ValueError(f"the confusion matrix has shape {confusion.shape}, the codebook has {len(LABELS)} labels")
    judged = counts.select(f"{one}_judged" for one in LABELS).to_numpy().astype(float)
    total = counts["cluster_count"].to_numpy().astype(float)
    skipped_authority = (counts["authority_clusters"] - counts["authority_judged"]).to_numpy() / total
    smoothed = confusion + np.eye(len(LABELS)) * 0.5 + 0.05
    response = smoothed / smoothed.sum(axis=1, keepdims=True)
    generator = np.random.default_rng(SEED)
    weight = judged.sum(axis=1) / total
    centre = true_distribution(judged, response) * weight[:, None]
    draws = np.empty((CONFUSION_DRAWS, *centre.shape))
    for draw in range(CONFUSION_DRAWS):
        rows = generator.gamma(smoothed)
        drawn = rows / rows.sum(axis=1, keepdims=True)
        seen = generator.poisson(judged).astype(float)
        part = np.minimum(seen.sum(axis=1) / total, 1.0)
        draws[draw] = true_distribution(seen, drawn) * part[:, None]
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    authority = LABELS.index("authority")
    for values in (centre, low, high):
        values[:, authority] = np.minimum(values[:, authority] + skipped_authority, 1.0)
    return _corrected_long(counts, (centre, np.minimum(low, centre), np.maximum(high, centre)))


_CORRECTED = ("corrected_share", "corrected_ci_low_share", "corrected_ci_high_share")


def _corrected_long(counts: pl.DataFrame, values: tuple[np.ndarray, np.ndarray, np.ndarray]) -> pl.DataFrame:
    hostile = np.maximum(counts["hostile_clusters"].to_numpy(), 1)
    hard = np.minimum(counts["hard_hostile_clusters"].to_numpy() / hostile, 1.0)
    columns: dict[str, list[np.ndarray]] = {name: [] for name in _CORRECTED}
    for signal in SIGNALS:
        label = LABELS.index("hostile" if signal == "hard_hostile" else signal)
        factor = hard if signal == "hard_hostile" else 1.0
        centre, low, high = (np.clip(one[:, label] * factor, 0, 1) for one in values)
        # A label that was never predicted has no spread in the simulation; sampling alone still allows some of it.
        least, most = _wilson_ends(centre, counts["cluster_count"].to_numpy().astype(float))
        parts = (centre, np.minimum(low, least), np.maximum(high, most))
        for name, one in zip(_CORRECTED, parts, strict=True):
            columns[name].append(one)
    return pl.DataFrame({name: np.concatenate(parts) for name, parts in columns.items()})


def _null_correction(long: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame({name: pl.Series([None] * len(long), dtype=pl.Float64) for name in _CORRECTED})


def _schema() -> dict:
    text, count, share = pl.String, pl.Int64, pl.Float64
    names = {"quarter": text, "week_date": pl.Date, "region_code": text, "group_code": text, "signal": text}
    names |= dict.fromkeys(("message_count", "interethnic_count", "cluster_count", "author_count"), count)
    names |= dict.fromkeys(("signal_count", "signal_cluster_count"), count)
    return names | dict.fromkeys(("share", "ci_low_share", "ci_high_share", *_CORRECTED), share)


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema=_schema())
