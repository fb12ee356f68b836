"""Which messages are worth a person's time: uncertain and unlike each other, and a random part to measure with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer

from models.discourse.classifier import LABELS

SHORTEST_TEXT = 12
RANDOM_SHARE = 0.25
SKIPPED_SHARE = 0.2
"""Part of the random messages that is drawn from those the cascade skipped, to measure what it loses."""

POOL_TIMES = 12
MOST_ALIKE = 0.6
TARGETS_SHOWN = 3


@dataclass(frozen=True)
class SelectionRequest:
    """How many messages are wanted and with what seed."""

    count: int
    seed: int = 0
    random_share: float = RANDOM_SHARE


def worth_labelling(
    messages: pl.DataFrame,
    labels: pl.DataFrame,
    mentions: pl.DataFrame,
    request: SelectionRequest,
    known: pl.Series | None = None,
) -> pl.DataFrame:
    """Choose messages for annotators.

    A stated share is drawn at random, with the probability of each draw kept, so that a test without bias can be
    made of them; a fifth of these are messages the cascade skipped. The others are those the model is least sure of
    (entropy of the nine probabilities, raised when it abstained), taken in turn from every language and group, and
    left out when the text is much like one already chosen (cosine of character 4-grams above .6). Copies of a message
    count once. What the model said is not part of the answer: annotators must not be led by it.

    Args:
        messages: core_feeds__messages: `message_id, text, language, duplicate_cluster_id`.
        labels: core_discourse__labels of these messages.
        mentions: core_feeds__mentions of these messages.
        request: size and seed.
        known: ids of messages that were labelled before; they are not chosen again.

    Returns:
        `message_id, text, language, group_codes` (at most three), `chosen_because` (uncertain, random,
        random_skipped), `sampling_probability` (null for uncertain), in random order.
    """
    pool = _pool(messages, labels, mentions, known)
    generator = np.random.default_rng(request.seed)
    wanted = min(request.count, len(pool))
    random_count = round(wanted * request.random_share)
    skipped_count = min(round(random_count * SKIPPED_SHARE), int(pool["is_skipped"].sum()))
    judged, skipped = pool.filter(~pl.col("is_skipped")), pool.filter("is_skipped")
    drawn = [
        _drawn(judged, random_count - skipped_count, "random", generator),
        _drawn(skipped, skipped_count, "random_skipped", generator),
    ]
    taken = pl.concat(drawn)["message_id"]
    rest = judged.filter(~pl.col("message_id").is_in(taken.implode()))
    unsure = _unlike(rest, wanted - len(taken)).with_columns(
        pl.lit("uncertain").alias("chosen_because"), pl.lit(None, dtype=pl.Float64).alias("sampling_probability")
    )
    chosen = pl.concat([*drawn, unsure.select(drawn[0].columns)])
    order = generator.permutation(len(chosen))
    return chosen[order].select(
        "message_id", "text", "language", "group_codes", "chosen_because", "sampling_probability"
    )


def _pool(
    messages: pl.DataFrame, labels: pl.DataFrame, mentions: pl.DataFrame, known: pl.Series | None
) -> pl.DataFrame:
    named = (
        mentions.filter("is_person")
        .group_by("message_id")
        .agg(pl.col("group_code").unique().sort().head(TARGETS_SHOWN).alias("group_codes"))
    )
    probabilities = pl.concat_list(pl.col(f"p_{label}").clip(1e-9, 1.0) for label in LABELS)
    entropy = -(probabilities.list.eval(pl.element() * pl.element().log()).list.sum())
    unsure = labels.select(
        "message_id", "is_skipped", (entropy + pl.col("is_abstained").cast(pl.Float64)).alias("doubt")
    )
    held = messages.select("message_id", "text", "language", "duplicate_cluster_id").sort("message_id")
    if known is not None:
        held = held.filter(~pl.col("message_id").is_in(known.implode()))
    return (
        held.filter(pl.col("text").str.len_chars() >= SHORTEST_TEXT)
        .unique("duplicate_cluster_id", keep="first", maintain_order=True)
        .join(unsure, on="message_id", how="inner")
        .join(named, on="message_id", how="left")
        .with_columns(pl.col("group_codes").fill_null([]))
        .sort("message_id")
    )


def _drawn(pool: pl.DataFrame, count: int, why: str, generator: np.random.Generator) -> pl.DataFrame:
    count = min(count, len(pool))
    rows = np.sort(generator.choice(len(pool), size=count, replace=False)) if count else []
    chance = count / len(pool) if len(pool) else None
    return pool[rows].with_columns(
        pl.lit(why).alias("chosen_because"), pl.lit(chance, dtype=pl.Float64).alias("sampling_probability")
    )


def _unlike(pool: pl.DataFrame, count: int) -> pl.DataFrame:
    """The most doubtful messages, one stratum after the other, none much like another."""
    stratum = pl.concat_str("language", pl.col("group_codes").list.first().fill_null("none"), separator="/")
    ranked = (
        pool.with_columns(stratum.alias("stratum"))
        .sort("doubt", "message_id", descending=[True, False])
        .with_columns(pl.int_range(pl.len()).over("stratum").alias("turn"))
        .sort("turn", "stratum")
        .head(count * POOL_TIMES)
    )
    if ranked.is_empty() or count == 0:
        return ranked.head(0)
    vectorizer = HashingVectorizer(analyzer="char_wb", ngram_range=(4, 4), n_features=2**16, alternate_sign=False)
    texts = sparse.csr_matrix(vectorizer.transform(ranked["text"].to_list()))
    chosen: list[int] = []
    for row in range(len(ranked)):
        if not chosen or (texts[chosen] @ texts[row].T).max() < MOST_ALIKE:
            chosen.append(row)
        if len(chosen) == count:
            break
    return ranked[chosen]
