"""Places in sentences written for this project (an authored set, also used while rules were made)."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from models.text.places import places

AUTHORED = Path(__file__).parents[3] / "benchmarks" / "authored_places.csv"


def test_regions_of_authored_sentences() -> None:
    rows = pl.read_csv(AUTHORED)
    found = places(rows["text"])["region_code"]
    wrong = rows.with_columns(found=found).filter(pl.col("found") != pl.col("region_code")).rows()
    assert rows.height > 80
    assert wrong == []
