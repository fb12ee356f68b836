from __future__ import annotations

import polars as pl
import pytest

from models.discourse.classifier import DiscourseModel
from models.discourse.corpus_reading import read_corpus, training_rows
from models.discourse.training import train
from models.text.ethnonyms import mentions


@pytest.fixture(scope="session")
def corpus() -> pl.DataFrame:
    written = read_corpus()
    return training_rows(written).with_columns(written["language"])


@pytest.fixture(scope="session")
def named(corpus: pl.DataFrame) -> pl.DataFrame:
    return mentions(corpus["message_id"], corpus["text"])


@pytest.fixture(scope="session")
def shipped(corpus: pl.DataFrame, named: pl.DataFrame) -> DiscourseModel:
    return train(corpus.drop("language"), named, seed=0)
