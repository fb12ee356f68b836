from __future__ import annotations

from typing import Protocol

import polars as pl
import pytest

from models.discourse.classifier import DiscourseModel
from models.discourse.corpus_reading import read_corpus, training_rows
from models.discourse.features import LONGEST_TEXT
from models.discourse.training import Trained, train, train_and_validate
from models.text.ethnonyms import mentions


class Labeller(Protocol):
    def __call__(self, *texts: str | None) -> pl.DataFrame: ...


@pytest.fixture(scope="session")
def authored() -> pl.DataFrame:
    """The whole corpus, read once."""
    return read_corpus()


@pytest.fixture(scope="session")
def seed_rows(authored: pl.DataFrame) -> pl.DataFrame:
    """The first hand of the corpus alone, so that the tests stay fast as the corpus grows."""
    return training_rows(authored.filter(pl.col("hand") == "seed"))


@pytest.fixture(scope="session")
def seed_mentions(seed_rows: pl.DataFrame) -> pl.DataFrame:
    return mentions(seed_rows["message_id"], seed_rows["text"])


@pytest.fixture(scope="session")
def model(seed_rows: pl.DataFrame, seed_mentions: pl.DataFrame) -> DiscourseModel:
    return train(seed_rows, seed_mentions, seed=1)


@pytest.fixture(scope="session")
def some_rows(seed_rows: pl.DataFrame) -> pl.DataFrame:
    """Every third contrast set: enough for tests of mechanics."""
    keep = pl.col("group").str.extract(r"(\d+)").cast(pl.Int64) % 3 == 0
    return seed_rows.filter(keep)


@pytest.fixture(scope="session")
def small_training(some_rows: pl.DataFrame, seed_mentions: pl.DataFrame) -> Trained:
    return train_and_validate(some_rows, seed_mentions, seed=1)


@pytest.fixture(scope="session")
def small_model(small_training: Trained) -> DiscourseModel:
    return small_training.model


@pytest.fixture
def label(model: DiscourseModel) -> Labeller:
    def labelled(*texts: str | None) -> pl.DataFrame:
        ids = pl.Series("message_id", [f"m{i}" for i in range(len(texts))], dtype=pl.String)
        messages = pl.DataFrame({"message_id": ids, "text": pl.Series(texts, dtype=pl.String)})
        return model.label(messages, mentions(ids, messages["text"].fill_null("").str.slice(0, LONGEST_TEXT)))

    return labelled
