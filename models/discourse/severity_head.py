"""The severity head: soft, middle or hard hostility, for messages that are hostile."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score
from sklearn.multiclass import OneVsRestClassifier

from models.discourse.evaluation import macro_f1
from models.discourse.message_space import FeatureSpace, MessageFields

REGULARISATION = 3.0


def one_vs_rest(matrix: sparse.csr_matrix, truth: np.ndarray, seed: int) -> OneVsRestClassifier:
    """One-vs-rest logistic regression with classes weighted equally."""
    one = LogisticRegression(
        C=REGULARISATION,
        class_weight="balanced",
        solver="liblinear",
        tol=1e-3,
        max_iter=200,
        random_state=seed,
    )
    return OneVsRestClassifier(one).fit(matrix, truth)


def graded_rows(corpus: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are hostile and graded, and the grade of every row (0 where there is none)."""
    if "severity" not in corpus.columns:
        return np.zeros(0, dtype=np.int64), np.zeros(len(corpus), dtype=np.int64)
    grades = corpus["severity"].fill_null(0).to_numpy()
    return np.flatnonzero((grades > 0) & (corpus["discourse"] == "hostile").to_numpy()), grades


def fit_severity(matrix: sparse.csr_matrix, corpus: pl.DataFrame, seed: int) -> OneVsRestClassifier | None:
    """The head fitted on hostile messages; None when they have fewer than two grades."""
    rows, grades = graded_rows(corpus)
    return one_vs_rest(matrix[rows], grades[rows], seed) if len(np.unique(grades[rows])) > 1 else None


def unseen_severity(
    fields: MessageFields, corpus: pl.DataFrame, folds: list[tuple[np.ndarray, np.ndarray]], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of graded messages, and the severity told by heads that had not seen the message's group."""
    rows, grades = graded_rows(corpus)
    found = np.ones(len(corpus), dtype=np.int64)
    for seen, held in folds:
        learnt, asked = np.intersect1d(seen, rows), np.intersect1d(held, rows)
        if len(np.unique(grades[learnt])) > 1 and len(asked):
            matrix = FeatureSpace.learnt(fields, seen)[1]
            head = one_vs_rest(matrix[learnt], grades[learnt], seed)
            found[asked] = np.asarray(head.predict(matrix[asked]), dtype=np.int64)
    return rows, found[rows]


def severity_scores(truth: np.ndarray, found: np.ndarray) -> dict[str, float]:
    """Macro-F1, and kappa with quadratic weights (Cohen 1968), which forgives neighbouring grades."""
    if len(np.unique(truth)) < 2:
        return {}
    kappa = float(cohen_kappa_score(truth, found, weights="quadratic"))
    return {"severity_macro_f1": macro_f1(truth, found), "severity_kappa": kappa}
