"""Clusters of duplicates: exact, near, within the window, independent of order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from models.text.duplicates import duplicate_clusters

START = datetime(2026, 7, 1, tzinfo=UTC)
NEWS = (
    "Бүгін Шымкент қаласында тұрғындар жолдың нашарлығына наразылық білдіріп әкімдік алдына жиналды деп хабарлады арна"
)


def clusters(texts, hours, ids=None):
    ids = ids or [f"m{i}" for i in range(len(texts))]
    times = pl.Series([START + timedelta(hours=h) for h in hours])
    return duplicate_clusters(pl.Series(ids), pl.Series(texts), times)["duplicate_cluster_id"].to_list()


def test_exact_copies_whatever_case_links_and_punctuation():
    texts = ["Позор!!!", "ПОЗОР https://example.org/x", "позор...", "молодец"]
    assert clusters(texts, [3, 1, 2, 0]) == ["m1", "m1", "m1", "m3"]


def test_near_copies_of_long_texts_join_and_short_ones_do_not():
    assert clusters([NEWS, NEWS.replace("деп хабарлады арна", "деп жазды")], [0, 1]) == ["m0", "m0"]
    assert clusters(["цены на хлеб выросли", "цены на мясо выросли"], [0, 1]) == ["m0", "m1"]


def test_the_window_ends_a_cluster():
    assert clusters([NEWS] * 3, [0, 24 * 7, 24 * 7 + 1]) == ["m0", "m0", "m2"]


def test_texts_without_words_are_nobodys_duplicate():
    assert clusters(["😂😂", "😂😂", "", ""], [0, 1, 2, 3]) == ["m0", "m1", "m2", "m3"]


def test_order_of_rows_does_not_matter():
    rng = np.random.default_rng(7)
    words = [f"сөз{i}" for i in range(300)]
    bases = [" ".join(rng.choice(words, 20)) for _ in range(30)]
    texts = [base if k == 0 else base.rsplit(" ", k)[0] for base in bases for k in range(4)]
    ids = [f"m{i:03}" for i in range(len(texts))]
    hours = rng.integers(0, 200, len(texts)).tolist()
    straight = dict(zip(ids, clusters(texts, hours, ids), strict=True))
    order = rng.permutation(len(texts))
    shuffled = clusters([texts[i] for i in order], [hours[i] for i in order], [ids[i] for i in order])
    assert dict(zip([ids[i] for i in order], shuffled, strict=True)) == straight


def test_planted_variants_are_recovered():
    rng = np.random.default_rng(11)
    words = [f"сөз{i}" for i in range(3000)]
    texts, truth = [], []
    for story in range(120):
        base = rng.choice(words, rng.integers(14, 40)).tolist()
        for copy in range(3):
            variant = list(base)
            for _ in range(len(base) // 15 if copy else 0):
                variant[rng.integers(len(variant))] = str(rng.choice(words))
            texts.append(" ".join(variant) + (" https://example.org" if copy == 2 else ""))
            truth.append(story)
    found = clusters(texts, list(np.linspace(0, 24, len(texts))))
    assert len({(a, b) for a, b in zip(found, truth, strict=True)}) <= 126
    assert len(set(found)) >= 120


def test_doubled_ids_and_a_negative_window_are_refused():
    one = pl.Series(["a", "a"]), pl.Series(["x", "y"]), pl.Series([START, START])
    with pytest.raises(ValueError, match="twice"):
        duplicate_clusters(*one)
    with pytest.raises(ValueError, match="at least 1"):
        duplicate_clusters(pl.Series(["a", "b"]), one[1], one[2], 0)
