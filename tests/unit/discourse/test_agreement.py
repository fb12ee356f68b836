"""Krippendorff's alpha on examples whose value is known."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.codebook import discourse_labels
from models.discourse.agreement import krippendorff_alpha


def test_the_textbook_example() -> None:
    # Krippendorff (2011), Computing Krippendorff's alpha-reliability, example A: two annotators, ten units, .095.
    first = list("0100000000")
    second = list("1110010001")
    assert krippendorff_alpha(first, second) == pytest.approx(0.095, abs=0.0005)


def test_units_with_one_label_are_left_out() -> None:
    assert krippendorff_alpha(["a", "b", None, "a"], ["a", "b", "b", None]) == 1.0


@given(st.lists(st.sampled_from("abc"), min_size=2))
def test_agreement_with_oneself_is_full(labels: list[str]) -> None:
    assert krippendorff_alpha(labels, labels) == 1.0


def test_wrong_input_is_named() -> None:
    with pytest.raises(ValueError, match="3 and 2 labels"):
        krippendorff_alpha(["a", "b", "c"], ["a", "b"])
    with pytest.raises(ValueError, match="fewer than two"):
        krippendorff_alpha(["a", None], ["a", "b"])


def test_the_reviewed_part_of_the_corpus_is_large_and_agrees(authored: pl.DataFrame) -> None:
    reviewed = authored.filter(authored["second_discourse"] != "")
    assert reviewed.height >= 2_000
    assert set(reviewed["second_discourse"]) <= set(discourse_labels())
    alpha = krippendorff_alpha(reviewed["discourse"].to_list(), reviewed["second_discourse"].to_list())
    assert alpha > 0.667, "Krippendorff's own floor for tentative conclusions"
