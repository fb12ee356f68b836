"""Ceilings on unequal treatment of groups and languages; authored text, heads that never saw the hand.

The ceilings follow from what the model promises and from chance: a group's false alarms may not exceed what equal
treatment of all groups would give once in a hundred runs for the most unlucky group (binomial, Bonferroni); those of
authority not what its ceiling would give once in a hundred; the gap of two languages not three standard errors.
"""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom

from data_contracts.reference import ethnic_groups
from models.discourse.classifier import DiscourseModel
from models.discourse.evaluation import binary_auc
from models.discourse.fairness import group_errors, name_only, swap_gaps
from models.discourse.training import AUTHORITY_CEILING

pytestmark = pytest.mark.slow

CHANCE = 0.01
STANDARD_ERRORS = 3.0
MEAN_SWAP_GAP = 0.02
SWAPPED = ("kazakh", "russian", "uzbek", "uyghur", "german", "korean")


@pytest.fixture(scope="module")
def found(fitted: Path, corpus: pl.DataFrame) -> pl.DataFrame:
    held = pl.read_parquet(fitted / "unseen.parquet")
    assert held["message_id"].equals(corpus["message_id"])
    return held


def test_no_group_raises_many_more_false_alarms(found: pl.DataFrame, corpus: pl.DataFrame, named: pl.DataFrame) -> None:
    errors = group_errors(corpus, found, named).drop_nulls("false_alarm_share").filter(pl.col("group_code") != "all")
    assert len(errors) > 5
    counts = errors["innocent_count"].to_numpy()
    usual = float(np.average(errors["false_alarm_share"].to_numpy(), weights=counts))
    ceilings = binom.ppf(1 - CHANCE / len(errors), counts, usual) / counts
    worst = errors.with_columns(pl.Series("ceiling", ceilings)).filter(pl.col("false_alarm_share") > pl.col("ceiling"))
    assert worst.is_empty(), worst.rows()


def test_criticism_of_authorities_is_not_hostility(found: pl.DataFrame) -> None:
    flagged = (found.filter(pl.col("truth") == "authority")["discourse"] == "hostile").to_numpy()
    assert flagged.mean() <= float(binom.ppf(1 - CHANCE, len(flagged), AUTHORITY_CEILING)) / len(flagged)


def test_kazakh_and_russian_raise_false_alarms_alike(found: pl.DataFrame, corpus: pl.DataFrame) -> None:
    innocent = found.with_columns(corpus["language"]).filter(pl.col("truth") != "hostile")
    flagged = innocent.group_by("language").agg((pl.col("discourse") == "hostile").mean().alias("share"), pl.len())
    by = {language: (share, count) for language, share, count in flagged.iter_rows()}
    error = sqrt(sum(share * (1 - share) / count for share, count in (by["kk"], by["ru"])))
    assert abs(by["kk"][0] - by["ru"][0]) <= STANDARD_ERRORS * error


def test_names_alone_decide_much_worse(found: pl.DataFrame, corpus: pl.DataFrame, named: pl.DataFrame) -> None:
    hostile = (corpus["discourse"] == "hostile").to_numpy()
    alone = binary_auc(hostile, name_only(corpus, named)["hostile_probability"].to_numpy())
    model = binary_auc(hostile, found["hostile_probability"].to_numpy())
    assert alone is not None and model is not None
    assert model > alone + 0.2


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_exchanging_the_people_changes_little(
    shipped: DiscourseModel, corpus: pl.DataFrame, named: pl.DataFrame, language: str
) -> None:
    names = {code: getattr(ethnic_groups()[code].name, language) for code in SWAPPED}
    gaps = swap_gaps(shipped, corpus.filter(pl.col("language") == language).head(250), named, names)
    assert len(gaps) > 30
    assert gaps["gap"].to_numpy().mean() <= MEAN_SWAP_GAP
