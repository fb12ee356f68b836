"""The second reading: what the linear members are not sure of is read by a pretrained encoder as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

FEWEST_UNSURE = 300
"""Unsure rows below which nothing is fitted: a vote, and a head on 384 numbers all the more, need some texts."""

Numbers = Callable[[np.ndarray], np.ndarray]
"""Row numbers to what the encoder makes of these rows."""


@dataclass(frozen=True)
class SecondSettings:
    """Which rows are read again and how strongly the encoder's numbers are held back.

    Attributes:
        sure: rows whose likeliest class has at least this probability keep their first reading.
        learnt_below: rows below this probability are learnt from; more than are read again, so that there are enough.
        most: unsure rows learnt from; with more, every so-manyth is taken, because reading takes long.
        inverse_penalty: of the regression on the encoder's numbers; None where the encoder has a head of its own and
            its numbers are logarithms of the probabilities of the classes.
        balanced: whether rare classes weigh as much as frequent ones in it.
        plain: classes of little interest.
        plain_below: rows that the first reading gives to the plain classes together with at least this probability
            keep it too.
    """

    sure: float
    learnt_below: float
    most: int
    inverse_penalty: float | None = None
    balanced: bool = False
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
    """A vote of what the encoder says with the members of the first reading.

    Attributes:
        head: scaled multinomial logistic regression on the encoder's numbers, None where it has a head of its own.
        vote: the same on the first reading's evidence beside the logarithms of the encoder's probabilities; fitted on
            what was said of rows whose group had not been seen.
        settings: which rows are read again.
    """

    head: Pipeline | None
    vote: Pipeline
    settings: SecondSettings

    def probabilities(self, evidence: np.ndarray, numbers: np.ndarray, width: int) -> np.ndarray:
        """Calibrated probabilities, `width` columns, of rows that were read again."""
        said = numbers if self.head is None else _logs(self.head, numbers, width)
        return _full(self.vote.predict_proba(np.column_stack([evidence, said])), self.vote.classes_, width)


def fit_second(  # noqa: PLR0917 - every argument is another kind of data
    evidence: np.ndarray,
    first: np.ndarray,
    truth: np.ndarray,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    numbers: Numbers,
    settings: SecondSettings,
    seed: int,
) -> tuple[SecondReading | None, np.ndarray]:
    """Fit vote, and head if there is one to learn, on the rows the first reading is not sure of.

    Args:
        evidence: rows x scores of members that had not seen the row's group.
        first: rows x classes, calibrated probabilities from that evidence.
        truth: class of each row, a column number of `first`.
        folds: train and held-out rows in which no group parts.
        numbers: gives the encoder's numbers of rows; without a head to learn, said by one that had not seen the row's
            group.
        settings: see there.
        seed: of the solvers.

    Returns:
        The second reading, None where fewer than `FEWEST_UNSURE` rows or one class could be learnt from; and `first`
        with the unsure rows (of those learnt from) replaced by what heads and votes say that had not seen their group.
    """
    width = first.shape[1]
    unsure = settings.learnt_from(first)
    if len(unsure) < FEWEST_UNSURE or len(np.unique(truth[unsure])) < 2:
        return None, first
    unsure = unsure[np.linspace(0, len(unsure) - 1, min(len(unsure), settings.most)).astype(np.int64)]
    parts = [(np.intersect1d(seen, unsure), np.intersect1d(held, unsure)) for seen, held in folds]
    parts = [(seen, held) for seen, held in parts if len(held) and len(np.unique(truth[seen])) > 1]
    head, said = _heads(numbers(unsure), unsure, truth, parts, width, settings, seed)
    both = np.column_stack([evidence, said])
    second = first.copy()
    for seen, held in parts:
        vote = _vote(seed).fit(both[seen], truth[seen])
        second[held] = _full(vote.predict_proba(both[held]), vote.classes_, width)
    kept = np.setdiff1d(np.arange(len(truth)), settings.unsure(first))
    second[kept] = first[kept]
    return SecondReading(head, _vote(seed).fit(both[unsure], truth[unsure]), settings), second


def _heads(  # noqa: PLR0917 - as above
    found: np.ndarray,
    unsure: np.ndarray,
    truth: np.ndarray,
    parts: Sequence[tuple[np.ndarray, np.ndarray]],
    width: int,
    settings: SecondSettings,
    seed: int,
) -> tuple[Pipeline | None, np.ndarray]:
    """The head of all unsure rows, and logarithms by heads that had not seen the row's group, for every row.

    Where the encoder has a head of its own: no head, and what the encoder said.
    """
    said = np.full((len(truth), width), np.log(1 / width))
    if settings.inverse_penalty is None:
        said[unsure] = found
        return None, said
    numbers = np.zeros((len(truth), found.shape[1]), dtype=np.float32)
    numbers[unsure] = found
    for seen, held in parts:
        said[held] = _logs(_head(settings, seed).fit(numbers[seen], truth[seen]), numbers[held], width)
    return _head(settings, seed).fit(numbers[unsure], truth[unsure]), said


def _head(settings: SecondSettings, seed: int) -> Pipeline:
    weight = "balanced" if settings.balanced else None
    assert settings.inverse_penalty is not None
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
