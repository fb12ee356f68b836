"""The second reading: what the linear members are not sure of is read by a pretrained encoder as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

FEWEST_UNSURE = 300
"""Unsure rows below which nothing is fitted: 384 numbers a text need some texts to learn from."""

MOST_UNSURE = 4_000
"""Unsure rows learnt from; with more, every so-manyth is taken. Reading takes most of the time of training."""

Vectors = Callable[[np.ndarray], np.ndarray]
"""Row numbers to what the encoder makes of these rows."""


@dataclass(frozen=True)
class SecondSettings:
    """Which rows are read again and how strongly the encoder's numbers are held back.

    Attributes:
        sure: rows whose likeliest class has at least this probability keep their first reading.
        learnt_below: rows below this probability are learnt from; more than are read again, so that there are enough.
        inverse_penalty: of the regression on the encoder's numbers.
        balanced: whether rare classes weigh as much as frequent ones in it.
        plain: classes of little interest.
        plain_below: rows that the first reading gives to the plain classes together with at least this probability
            keep it too.
    """

    sure: float
    learnt_below: float
    inverse_penalty: float
    balanced: bool
    plain: tuple[int, ...] = ()
    plain_below: float = 1.0

    def unsure(self, first: np.ndarray) -> np.ndarray:
        """Numbers of the rows to be read again, from the probabilities of the first reading."""
        return self._below(first, self.sure)

    def learnt_from(self, first: np.ndarray) -> np.ndarray:
        """Numbers of the rows that head and vote may be learnt from, those to be read again among them."""
        return self._below(first, max(self.sure, self.learnt_below))

    def _below(self, first: np.ndarray, sure: float) -> np.ndarray:
        is_plain = first[:, list(self.plain)].sum(axis=1) >= self.plain_below
        return np.flatnonzero((first.max(axis=1, initial=0.0) < sure) & ~is_plain)


@dataclass
class SecondReading:
    """A regression on the encoder's numbers, and a vote of it with the members of the first reading.

    Attributes:
        head: scaled multinomial logistic regression on the encoder's numbers.
        vote: the same on the first reading's evidence beside the head's logarithms of probabilities; fitted on heads
            that had not seen the row's group.
        settings: which rows are read again.
    """

    head: Pipeline
    vote: Pipeline
    settings: SecondSettings

    def probabilities(self, evidence: np.ndarray, vectors: np.ndarray, width: int) -> np.ndarray:
        """Calibrated probabilities, `width` columns, of rows that were read again."""
        rows = np.column_stack([evidence, _logs(self.head, vectors, width)])
        return _full(self.vote.predict_proba(rows), self.vote.classes_, width)


def fit_second(  # noqa: PLR0917 - every argument is another kind of data
    evidence: np.ndarray,
    first: np.ndarray,
    truth: np.ndarray,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    vectors: Vectors,
    settings: SecondSettings,
    seed: int,
) -> tuple[SecondReading | None, np.ndarray]:
    """Fit head and vote on the rows the first reading is not sure of.

    Args:
        evidence: rows x scores of members that had not seen the row's group.
        first: rows x classes, calibrated probabilities from that evidence.
        truth: class of each row, a column number of `first`.
        folds: train and held-out rows in which no group parts.
        vectors: gives the encoder's numbers of rows.
        settings: see there.
        seed: of the solvers.

    Returns:
        The second reading, None where fewer than `FEWEST_UNSURE` rows or one class could be learnt from; and `first`
        with the unsure rows (of up to `MOST_UNSURE` learnt from) replaced by what heads and votes say that had not seen
        their group.
    """
    width = first.shape[1]
    unsure = settings.learnt_from(first)
    if len(unsure) < FEWEST_UNSURE or len(np.unique(truth[unsure])) < 2:
        return None, first
    unsure = unsure[np.linspace(0, len(unsure) - 1, min(len(unsure), MOST_UNSURE)).astype(np.int64)]
    found = vectors(unsure)
    numbers = np.zeros((len(truth), found.shape[1]), dtype=np.float32)
    numbers[unsure] = found
    both = np.column_stack([evidence, np.full((len(truth), width), np.log(1 / width))])
    parts = [(np.intersect1d(seen, unsure), np.intersect1d(held, unsure)) for seen, held in folds]
    parts = [(seen, held) for seen, held in parts if len(held) and len(np.unique(truth[seen])) > 1]
    for seen, held in parts:
        head = _head(settings, seed).fit(numbers[seen], truth[seen])
        both[held, evidence.shape[1] :] = _logs(head, numbers[held], width)
    second = first.copy()
    for seen, held in parts:
        vote = _vote(seed).fit(both[seen], truth[seen])
        second[held] = _full(vote.predict_proba(both[held]), vote.classes_, width)
    kept = np.setdiff1d(np.arange(len(truth)), settings.unsure(first))
    second[kept] = first[kept]
    head = _head(settings, seed).fit(numbers[unsure], truth[unsure])
    vote = _vote(seed).fit(both[unsure], truth[unsure])
    return SecondReading(head, vote, settings), second


def _head(settings: SecondSettings, seed: int) -> Pipeline:
    weight = "balanced" if settings.balanced else None
    regression = LogisticRegression(
        C=settings.inverse_penalty, max_iter=500, tol=1e-3, class_weight=weight, random_state=seed
    )
    return make_pipeline(StandardScaler(), regression)


def _vote(seed: int) -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2_000, tol=1e-3, random_state=seed))


def _logs(head: Pipeline, vectors: np.ndarray, width: int) -> np.ndarray:
    return np.log(np.clip(_full(head.predict_proba(vectors), head.classes_, width), 1e-4, 1.0))


def _full(found: np.ndarray, classes: np.ndarray, width: int) -> np.ndarray:
    full = np.zeros((len(found), width))
    full[:, np.asarray(classes, dtype=np.int64)] = found
    return full
