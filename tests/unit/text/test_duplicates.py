"""Clusters of duplicates: exact, near, within the window, independent of order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from models.text.duplicates import DuplicateWindow, duplicate_clusters
from models.text.normalisation import normalised

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


@pytest.mark.parametrize("runs", [2, 7, 40])
def test_runs_in_order_of_time_give_what_all_at_once_gives(runs):
    rng = np.random.default_rng(13)
    words = [f"сөз{i}" for i in range(200)]
    bases = [" ".join(rng.choice(words, 20)) for _ in range(25)] + ["позор", "қысқа мәтін", "😂"]
    texts = []
    for _ in range(400):
        base = str(rng.choice(bases))
        texts.append(base.rsplit(" ", 1)[0] if rng.random() < 0.4 and len(base) > 20 else base)
    frame = pl.DataFrame(
        {
            "id": [f"m{i:03}" for i in range(len(texts))],
            "text": texts,
            "at": sorted(START + timedelta(hours=int(h)) for h in rng.integers(0, 24 * 30, len(texts))),
        }
    )
    whole = duplicate_clusters(frame["id"], frame["text"], frame["at"])
    window = DuplicateWindow()
    bounds = [START + timedelta(hours=24 * 30 * k / runs) for k in range(runs + 1)]
    parts = [
        window.clusters(part["id"], normalised(part["text"]), part["at"])
        for low, high in pairwise(bounds)
        for part in [frame.filter((pl.col("at") >= low) & (pl.col("at") < high))]
    ]
    assert pl.concat(parts).equals(whole)
    assert 28 < whole["duplicate_cluster_id"].n_unique() < 300
    with pytest.raises(ValueError, match="order of time"):
        window.clusters(frame["id"].head(1), frame["text"].head(1), frame["at"].head(1))


def test_doubled_ids_and_a_negative_window_are_refused():
    one = pl.Series(["a", "a"]), pl.Series(["x", "y"]), pl.Series([START, START])
    with pytest.raises(ValueError, match="twice"):
        duplicate_clusters(*one)
    with pytest.raises(ValueError, match="at least 1"):
        duplicate_clusters(pl.Series(["a", "b"]), one[1], one[2], 0)
