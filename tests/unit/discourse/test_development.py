"""The contrast items that features are chosen by: their form, and that the functional suite stays apart from them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from models.discourse.classifier import LABELS
from models.discourse.corpus_reading import LANGUAGES
from models.discourse.functional_suite import read_suite, shared_with_corpus

ROOT = Path(__file__).parents[3]


def test_development_items_are_labelled_and_apart_from_the_suite():
    items = pl.read_csv(ROOT / "models" / "discourse" / "development" / "contrasts.csv")
    assert len(items) >= 200
    assert not items["item_id"].is_duplicated().any()
    assert set(items["discourse"]) == set(LABELS)
    assert set(items["language"]) == set(LANGUAGES)
    assert items.group_by("set_id").len()["len"].max() > 1
    folder = ROOT / "tests" / "functional" / "discourse"
    suite = read_suite({path.name: path.read_bytes() for path in folder.glob("*.csv")})
    assert shared_with_corpus(suite, items.select("item_id", "text")).is_empty()


def test_judgements_hold_no_text():
    judged = pl.read_csv(ROOT / "benchmarks" / "comment_judgements.csv")
    second = ["second_label", "second_severity", "second_confidence"]
    assert judged.columns == ["id", "label", "severity", "stratum", "stratum_count", *second]
    assert len(judged) == 400
    for label, severity in (("label", "severity"), ("second_label", "second_severity")):
        assert set(judged[label]) <= set(LABELS)
        assert ((judged[severity] > 0) == (judged[label] == "hostile")).all()
    assert judged.group_by("stratum").agg(pl.col("stratum_count").unique().len())["stratum_count"].to_list() == [1] * 4


def test_development_judgements_hold_no_text_and_share_no_comment_with_the_test_set():
    judged = pl.read_csv(ROOT / "benchmarks" / "comment_development.csv")
    assert judged.columns == ["id", "label", "severity", "confidence"]
    assert judged["id"].is_unique().all()
    assert judged["id"].str.contains(r"^c\d+$").all()
    assert set(judged["label"]) <= set(LABELS)
    assert ((judged["severity"] > 0) == (judged["label"] == "hostile")).all()
    tested = pl.read_csv(ROOT / "benchmarks" / "comment_judgements.csv")["id"]
    assert not judged["id"].is_in(tested.implode()).any()
