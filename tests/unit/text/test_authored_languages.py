"""Short texts written for this project in every language and spelling that the method tells apart."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from models.text.language import languages

AUTHORED = Path(__file__).parents[3] / "benchmarks" / "authored_languages.csv"


@pytest.fixture(scope="module")
def told() -> pl.DataFrame:
    rows = pl.read_csv(AUTHORED)
    found = languages(rows["text"])
    return rows.with_columns(told=found["language"], told_script=found["script"])


def test_kazakh_and_russian_in_every_spelling(told: pl.DataFrame) -> None:
    own = told.filter(pl.col("language").is_in(["kk", "ru"]))
    assert own.height > 140
    assert own.filter(pl.col("told") != pl.col("language")).rows() == []


def test_scripts(told: pl.DataFrame) -> None:
    assert told.filter(pl.col("told_script") != pl.col("script")).rows() == []


def test_neighbours_and_mixed_text_mostly(told: pl.DataFrame) -> None:
    right: dict[str, float] = dict(
        told.group_by("language").agg((pl.col("told") == pl.col("language")).mean()).iter_rows()
    )
    assert min(right[name] for name in ("uz", "tr", "en")) >= 0.95
    assert min(right[name] for name in ("mixed", "ky")) >= 0.8


def test_what_a_neighbour_writes_and_kazakh_does_not() -> None:
    pairs = {"Өкмөт эмне дейт": "ky", "Үкімет не дейді": "kk", "U maktabga ketdi": "uz", "Ol mektepke ketti": "kk"}
    assert dict(zip(pairs, languages(pl.Series(list(pairs)))["language"], strict=True)) == pairs
