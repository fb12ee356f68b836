"""Hands written after tuning are read by the shipped encoder once; a hand it has seen never is."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.discourse.corpus_reading import training_rows
from models.discourse.later_hands import later_rows, with_later
from models.discourse.said_unseen import Unseen, pair_key, text_key
from models.discourse.stance import labelled_pairs
from models.text.ethnonyms import mentions


def _kept(corpus: pl.DataFrame) -> Unseen:
    keys = [text_key(text) for text in corpus["text"]]
    return Unseen.of_rows(keys, np.zeros((len(keys), 9)), [], np.zeros((0, 3)))


def test_an_edited_message_of_a_hand_that_was_tuned_on_is_no_later_hand(authored: pl.DataFrame):
    corpus = authored.filter(pl.col("hand").is_in(["tuys", "qysqa"]))
    kept = _kept(corpus.filter(pl.col("hand") == "qysqa").head(-1))
    assert later_rows(corpus, kept)["hand"].unique().to_list() == ["tuys"]
    assert later_rows(corpus, _kept(corpus)).is_empty()


def test_messages_and_pairs_of_a_later_hand_are_added_and_nothing_else_changes(authored: pl.DataFrame):
    corpus = authored.filter(pl.col("hand").is_in(["tuys", "qysqa"]))
    kept = _kept(corpus.filter(pl.col("hand") == "qysqa"))
    tuys = corpus.filter(pl.col("hand") == "tuys").head(12)
    both = with_later(pl.concat([tuys, corpus.filter(pl.col("hand") == "qysqa")]), kept)
    assert set(both.labels) - set(kept.labels) == {text_key(text) for text in tuys["text"]}
    assert all(both.labels[key] is logs for key, logs in kept.labels.items())
    rows = training_rows(tuys)
    pairs = labelled_pairs(rows, mentions(rows["message_id"], rows["text"]))[0]
    assert set(both.stances) == {pair_key(pair) for pair in pairs}
    assert with_later(tuys, both) is both
