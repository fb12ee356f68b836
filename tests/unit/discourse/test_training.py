"""What training says of messages it has not seen."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from models.discourse.classifier import LABELS
from models.discourse.training import Trained, train_and_validate


def test_what_was_found_unseen_is_what_the_model_states_of_itself(small_training: Trained, some_rows: pl.DataFrame):
    unseen = small_training.unseen
    assert unseen is not None
    assert unseen["message_id"].equals(some_rows["message_id"])
    assert unseen["truth"].equals(some_rows["discourse"])
    counts = np.zeros((len(LABELS), len(LABELS)), dtype=np.int64)
    for truth, found in unseen.select("truth", "discourse").iter_rows():
        counts[LABELS.index(truth), LABELS.index(found)] += 1
    assert (counts == small_training.model.confusion).all()
    said = unseen.filter(pl.col("discourse") == "hostile")
    assert len(said) > 5
    assert said["discourse_probability"].to_list() == pytest.approx(said["hostile_probability"].to_list())


def test_without_a_message_head_nothing_was_found_unseen(some_rows: pl.DataFrame, seed_mentions: pl.DataFrame):
    assert train_and_validate(some_rows, seed_mentions, heads=("stance",)).unseen is None
