"""The short path: authority or something else, for messages that the first look keeps from the classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from data_contracts.codebook import discourse_codebook
from models.discourse.lexicon import lexicon

LABELS = discourse_codebook().codes
BEGINNING = 5
"""Letters of a word that are read: enough to tell the stem in both languages, endings left out."""

POWER = ("official", "wealth", "state")
HARM = ("misdeed", "insult", "dehumanise", "expulsion", "violence")
BESIDE = (
    "hardship", "incident", "rights", "accord", "counter", "rebuttal", "culture", "first_person", "second_person",
    "sarcasm",
)  # fmt: skip
SIGN_WEIGHT = 0.3
FEWEST_MESSAGES = 2
FEWEST_OF_A_LABEL = 5

_AUTHORITY, _OTHER, _HOSTILE = (LABELS.index(name) for name in ("authority", "other", "hostile"))


@dataclass
class QuickHead:
    """Logistic regression on beginnings of words and on lexicon categories, all looked up in whole columns of text.

    Attributes:
        words: beginnings of words, in order of the first weights.
        weights: of the words, then of the signs.
        offset: of the regression.
        shares: share of each label among the messages of this path in training; hostile is zero. What falls to
            neither authority nor other is the same for every message.
    """

    words: tuple[str, ...]
    weights: np.ndarray
    offset: float
    shares: np.ndarray

    def probabilities(self, texts: pl.Series) -> np.ndarray:
        """Probabilities of the nine labels.

        Args:
            texts: as `cascade.padded` gives them.
        """
        found = np.tile(self.shares, (len(texts), 1))
        if not len(texts):
            return found
        known = pl.DataFrame(
            {"word": self.words, "weight": self.weights[: len(self.words)]},
            schema={"word": pl.String, "weight": pl.Float64},
        )
        held = _beginnings(texts).join(known, on="word").group_by("row").agg(pl.col("weight").sum(), pl.len())
        scores = np.full(len(texts), self.offset)
        scores[held["row"].to_numpy()] += held["weight"].to_numpy() / np.sqrt(held["len"].to_numpy())
        scores += _signs(texts) @ self.weights[len(self.words) :]
        both = self.shares[_AUTHORITY] + self.shares[_OTHER]
        found[:, _AUTHORITY] = both * expit(scores)
        found[:, _OTHER] = both - found[:, _AUTHORITY]
        return found


def _beginnings(texts: pl.Series) -> pl.DataFrame:
    """`row`, `word`: the beginnings of the words of each text, each once."""
    rows = pl.DataFrame({"row": np.arange(len(texts), dtype=np.int64), "word": texts.str.strip_chars()})
    words = rows.with_columns(pl.col("word").str.split(" ")).explode("word")
    return words.with_columns(pl.col("word").str.slice(0, BEGINNING)).filter(pl.col("word") != "").unique()


def _signs(texts: pl.Series) -> np.ndarray:
    held = {name: texts.str.contains_any(lexicon().substrings([name])).to_numpy() for name in (*POWER, *HARM, *BESIDE)}
    power = np.logical_or.reduce([held[name] for name in POWER])
    harm = np.logical_or.reduce([held[name] for name in HARM])
    own = held["first_person"]
    pairs = [power & harm, power & ~harm, harm & ~power, own & ~power, own & harm & ~power]
    return SIGN_WEIGHT * np.column_stack([*held.values(), *pairs]).astype(float)


def fit_quick(texts: pl.Series, labels: Sequence[str], is_skipped: np.ndarray, seed: int) -> QuickHead:
    """Fit on messages of the short path, and on those of authority and other that the classifier gets.

    Args:
        texts: as `cascade.padded` gives them, one per message.
        labels: codes of the codebook.
        is_skipped: which of them the first look keeps from the classifier.
        seed: of the solver.

    Returns:
        The head; with fewer than `FEWEST_OF_A_LABEL` messages of authority or of other it knows no words and decides
        by whether somebody in power is named.
    """
    truth = np.asarray(labels)
    shares = _shares(truth[is_skipped])
    rows = np.flatnonzero(np.isin(truth, ("authority", "other")))
    is_authority = truth[rows] == "authority"
    if min(is_authority.sum(), (~is_authority).sum()) < FEWEST_OF_A_LABEL:
        return _by_name_alone(shares)
    held = _beginnings(texts.gather(rows))
    counts = held.group_by("word").len().filter(pl.col("len") >= FEWEST_MESSAGES).sort("word")
    words = counts["word"].to_list()
    places = held.join(counts.with_row_index("column"), on="word")
    ones = np.ones(len(places))
    pair = (places["row"].to_numpy(), places["column"].to_numpy().astype(np.int64))
    bag = sparse.csr_matrix((ones, pair), shape=(len(rows), len(words)))
    length = np.sqrt(np.maximum(1.0, np.asarray(bag.sum(axis=1)).ravel()))
    bag.data = bag.data / np.repeat(length, np.diff(bag.indptr))
    matrix = sparse.csr_matrix(sparse.hstack([bag, sparse.csr_matrix(_signs(texts.gather(rows)))]))
    matrix.sort_indices()
    found = LogisticRegression(C=3.0, max_iter=2_000, random_state=seed).fit(matrix, is_authority)
    return QuickHead(tuple(words), found.coef_[0], float(found.intercept_[0]), shares)


def _by_name_alone(shares: np.ndarray) -> QuickHead:
    weights = np.zeros(len(POWER) + len(HARM) + len(BESIDE) + 5)
    weights[0] = 4.0 / SIGN_WEIGHT
    return QuickHead((), weights, -2.0, shares)


def _shares(labels: np.ndarray) -> np.ndarray:
    counts = np.asarray([float((labels == one).sum()) for one in LABELS])
    counts[[_AUTHORITY, _OTHER]] += 1.0
    counts[_HOSTILE] = 0.0
    return counts / counts.sum()
