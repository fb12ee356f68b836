from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from assets.shipped_model import load_model
from models.discourse.classifier import DiscourseModel
from models.discourse.corpus_reading import read_corpus, training_rows
from models.text.ethnonyms import mentions

SEED = 2026


@pytest.fixture(scope="session")
def corpus() -> pl.DataFrame:
    written = read_corpus()
    return training_rows(written).with_columns(written["language"])


@pytest.fixture(scope="session")
def named(corpus: pl.DataFrame) -> pl.DataFrame:
    return mentions(corpus["message_id"], corpus["text"])


@pytest.fixture(scope="session")
def shipped(fitted_models: Path) -> DiscourseModel:
    """The model of the shipped corpus as a home has it: fitted, saved and loaded."""
    return load_model(fitted_models, SEED)
