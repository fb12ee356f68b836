from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from models.discourse.grams import GramRule, Grams, gram_counts

TEXTS = ["аба баба в аб а аба", "б ваба баба аба ц", "очень длинное слово аба в аб", "", "ц"]
WORDS = {"token_pattern": r"\S+", "ngram_range": (1, 2)}
LETTERS = {"analyzer": "char_wb", "ngram_range": (3, 5)}


@pytest.mark.parametrize(
    ("options", "rule"),
    [(WORDS, GramRule("words", 1, 2, 2, 1_000)), (LETTERS, GramRule("letters", 3, 5, 2, 1_000))],
)
@pytest.mark.parametrize("rows", [np.arange(5), np.array([0, 2, 3])])
def test_the_same_numbers_as_scikit_learn(options, rule, rows):
    theirs = TfidfVectorizer(lowercase=False, sublinear_tf=True, min_df=2, **options).fit([TEXTS[i] for i in rows])
    documents = [text.split() for text in TEXTS]
    counts = gram_counts(documents, rule)
    grams, columns = Grams.learnt(counts, rows)
    assert list(theirs.get_feature_names_out()) == list(grams.names)
    expected = theirs.transform(TEXTS).toarray()
    np.testing.assert_allclose(grams.transform(documents).toarray(), expected)
    np.testing.assert_allclose(grams.weighted(counts.matrix[:, columns]).toarray(), expected)


def test_only_the_most_frequent_are_kept():
    counts = gram_counts([["а", "б"], ["а", "б"], ["а", "а", "в"], ["в"]], GramRule("words", 1, 1, 2, 1))
    assert Grams.learnt(counts)[0].names == ("а",)
