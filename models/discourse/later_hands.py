"""Hands written after the encoder was tuned: what the shipped encoder, which has not seen them, says of them."""

from __future__ import annotations

import polars as pl

from models.discourse.classifier import passages, spans_by_message
from models.discourse.corpus_reading import training_rows
from models.discourse.features import LONGEST_TEXT
from models.discourse.said_unseen import Unseen, label_logs_of, pair_key, stance_logs_of, text_key
from models.discourse.stance import labelled_pairs
from models.text.ethnonyms import mentions


def later_rows(corpus: pl.DataFrame, kept: Unseen) -> pl.DataFrame:
    """Rows of the hands of which nothing is kept.

    An edited message of a hand that was tuned on stays out: the encoder has seen the hand.
    """
    is_kept = pl.Series("is_kept", [text_key(text) in kept.labels for text in corpus["text"]], dtype=pl.Boolean)
    return corpus.with_columns(is_kept).filter(~pl.col("is_kept").any().over("hand")).drop("is_kept")


def with_later(corpus: pl.DataFrame, kept: Unseen) -> Unseen:
    """What is kept, and what the shipped encoder says of the messages and pairs of later hands."""
    rows = training_rows(later_rows(corpus, kept))
    if not len(rows):
        return kept
    found = mentions(rows["message_id"], rows["text"].str.slice(0, LONGEST_TEXT))
    pairs = labelled_pairs(rows, found)[0]
    spans = spans_by_message(found)
    texts = rows["text"].to_list()
    labels = label_logs_of(texts, passages(texts, [spans.get(one, []) for one in rows["message_id"]]))
    stances = stance_logs_of(pairs)
    return Unseen(
        {**kept.labels, **dict(zip(map(text_key, texts), labels, strict=True))},
        {**kept.stances, **dict(zip(map(pair_key, pairs), stances, strict=True))},
    )
