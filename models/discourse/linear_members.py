"""Linear classifiers of three kinds fitted on the same rows; their scores stand side by side for a vote."""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

MEMBERS = 3
_BAYES_SCALE = 0.1
_MACHINE_SLOPE = 2.0


class LinearMembers(BaseEstimator):
    """One-vs-rest logistic regression, NB-SVM and complement naive Bayes, all kept as one matrix of weights.

    NB-SVM is a linear support vector machine on columns scaled by their log-count ratio (Wang and Manning 2012);
    complement naive Bayes follows Rennie et al. (2003) and leaves out the signed columns. Their errors differ, so a
    regression on all their scores is better than any of them.

    Attributes:
        classes_: labels in order.
        weights_: features x (3 x classes): logistic regression, NB-SVM, naive Bayes.
        offsets_: one per column of `weights_`.
    """

    def __init__(
        self,
        logistic_c: float = 3.0,
        machine_c: float = 0.2,
        smoothing: float = 0.3,
        signed_columns: int = 0,
        seed: int = 0,
    ) -> None:
        """Keep the settings.

        Args:
            logistic_c: inverse regularisation of the logistic regressions.
            machine_c: inverse regularisation of the support vector machines.
            smoothing: of naive Bayes.
            signed_columns: last columns that hold negative numbers, which naive Bayes cannot read.
            seed: of the solvers.
        """
        self.logistic_c = logistic_c
        self.machine_c = machine_c
        self.smoothing = smoothing
        self.signed_columns = signed_columns
        self.seed = seed

    def fit(self, matrix: sparse.csr_matrix, truth: np.ndarray) -> Self:
        """Fit every member on every class.

        Args:
            matrix: rows x features.
            truth: at least two classes.
        """
        self.classes_ = np.unique(truth)
        columns, offsets = [], []
        for member in (self._logistic, self._machine):
            for one in self.classes_:
                weights, offset = member(matrix, truth == one)
                columns.append(weights)
                offsets.append(offset)
        self.weights_ = np.column_stack([*columns, self._bayes(matrix, truth)]).astype(np.float32)
        self.offsets_ = np.concatenate([offsets, np.zeros(len(self.classes_))])
        return self

    def _logistic(self, matrix: sparse.csr_matrix, is_it: np.ndarray) -> tuple[np.ndarray, float]:
        one = LogisticRegression(
            C=self.logistic_c,
            class_weight="balanced",
            solver="liblinear",
            dual=True,
            tol=1e-2,
            max_iter=1_000,
            random_state=self.seed,
        ).fit(matrix, is_it)
        return np.asarray(one.coef_)[0], float(np.ravel(np.asarray(one.intercept_))[0])

    def _machine(self, matrix: sparse.csr_matrix, is_it: np.ndarray) -> tuple[np.ndarray, float]:
        ratio = log_count_ratio(matrix, is_it)
        one = LinearSVC(C=self.machine_c, class_weight="balanced", tol=1e-2, max_iter=300, random_state=self.seed)
        one.fit(matrix.multiply(ratio).tocsr(), is_it)
        return np.asarray(one.coef_)[0] * ratio, float(np.ravel(np.asarray(one.intercept_))[0])

    def _bayes(self, matrix: sparse.csr_matrix, truth: np.ndarray) -> np.ndarray:
        columns = int(matrix.get_shape()[1])
        width = columns - self.signed_columns
        weights = np.zeros((columns, len(self.classes_)))
        bayes = ComplementNB(alpha=self.smoothing).fit(matrix[:, :width].tocsr(), truth)
        found = np.asarray(bayes.feature_log_prob_).T
        weights[:width] = _BAYES_SCALE * (found - found.mean(axis=1, keepdims=True))
        return weights

    def decision_function(self, matrix: sparse.csr_matrix) -> np.ndarray:
        """Scores, one column per member and class, in the order of `weights_`."""
        return np.asarray(matrix @ self.weights_, dtype=np.float64) + self.offsets_

    def shares(self, scores: np.ndarray) -> np.ndarray:
        """Mean of what the members give each class, rows summing to one; not calibrated."""
        width = len(self.classes_)
        first, second = expit(scores[:, :width]), expit(_MACHINE_SLOPE * scores[:, width : 2 * width])
        third = softmax(scores[:, 2 * width :] / _BAYES_SCALE, axis=1)
        parts = [part / part.sum(axis=1, keepdims=True) for part in (first, second, third)]
        return np.mean(parts, axis=0)

    @property
    def logistic_weights(self) -> np.ndarray:
        """Classes x features of the logistic regressions, whose weights explain a decision."""
        return self.weights_[:, : len(self.classes_)].T


def log_count_ratio(matrix: sparse.csr_matrix, is_it: np.ndarray) -> np.ndarray:
    """How much more of each column one class holds, as |log ratio| of smoothed shares, 0.3 added to each."""
    positive = matrix.maximum(0).tocsr()
    inside = 0.5 + np.asarray(positive[np.flatnonzero(is_it)].sum(axis=0)).ravel()
    outside = 0.5 + np.asarray(positive[np.flatnonzero(~is_it)].sum(axis=0)).ravel()
    return np.abs(np.log((inside / inside.sum()) / (outside / outside.sum()))) + 0.3
