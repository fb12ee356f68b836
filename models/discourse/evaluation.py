"""How good a model is on labelled messages: per class and overall, bootstrap intervals by source."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

DRAWS = 400
LEVEL = 0.95
BINS = 10


def class_scores(truth: Sequence | np.ndarray, found: Sequence | np.ndarray, classes: Sequence) -> pl.DataFrame:
    """Precision, recall, F1 and support per class.

    Returns:
        `label` (as text), `precision`, `recall`, `f1`, `support_count`; a class without support has null
        scores.
    """
    true, seen = np.asarray(truth), np.asarray(found)
    rows = [(true == one, seen == one) for one in classes]
    support = [int(is_one.sum()) for is_one, _ in rows]
    both = [float((is_one & said).sum()) for is_one, said in rows]
    return pl.DataFrame(
        {
            "label": [str(one) for one in classes],
            "precision": [_over(hit, float(said.sum())) for hit, (_, said) in zip(both, rows, strict=True)],
            "recall": [_over(hit, float(count)) for hit, count in zip(both, support, strict=True)],
            "f1": [binary_f1(*row) if count else None for row, count in zip(rows, support, strict=True)],
            "support_count": support,
        },
        schema_overrides={"precision": pl.Float64, "recall": pl.Float64, "f1": pl.Float64},
    )


def _over(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def binary_f1(truth: np.ndarray, found: np.ndarray) -> float:
    """F1 of two boolean arrays; 0 when neither holds a true."""
    size = float(truth.sum() + found.sum())
    return 2 * float((truth & found).sum()) / size if size else 0.0


def macro_f1(truth: np.ndarray, found: np.ndarray) -> float:
    """Mean F1 over the classes that occur in the truth."""
    return float(np.mean([binary_f1(truth == one, found == one) for one in np.unique(truth)]))


def binary_auc(is_positive: np.ndarray, probability: np.ndarray) -> float | None:
    """Area under the ROC curve; None with a single class."""
    return None if len(np.unique(is_positive)) < 2 else float(roc_auc_score(is_positive, probability))


def calibration_error(probability: np.ndarray, is_right: np.ndarray) -> float:
    """Expected calibration error over ten equal-width bins (Guo et al. 2017), 0..1."""
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    gaps = [
        abs(probability[bins == one].mean() - is_right[bins == one].mean()) * (bins == one).sum()
        for one in np.unique(bins)
    ]
    return float(np.sum(gaps) / len(probability)) if len(probability) else 0.0


def interval(
    score: Callable[[np.ndarray], float | None],
    groups: Sequence | np.ndarray | pl.Series,
    seed: int = 0,
    draws: int = DRAWS,
) -> tuple[float, float] | None:
    """Percentile bootstrap interval at 95 %, resampling whole groups (sources, hands, texts).

    Args:
        score: takes row numbers (with repeats), returns the score or None where undefined.
        groups: the group of each row.
        seed: of the resampling.
        draws: number of resamples.

    Returns:
        Low and high end, or None when there are fewer than two groups or the score is never defined.
    """
    names, codes = np.unique(np.asarray(groups).astype(str), return_inverse=True)
    if len(names) < 2:
        return None
    rows = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    generator = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        drawn = np.concatenate([rows[one] for one in generator.integers(len(names), size=len(names))])
        value = score(drawn)
        if value is not None:
            values.append(value)
    if not values:
        return None
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def evaluation(
    truth: Sequence | np.ndarray | pl.Series,
    found: Sequence | np.ndarray | pl.Series,
    *,
    positive: object,
    positive_probability: Sequence[float],
    groups: Sequence | np.ndarray | pl.Series,
    classes: Sequence,
    seed: int = 0,
) -> dict:
    """Every score of one head on one labelled set.

    Args:
        truth: labels given by people.
        found: labels given by the model.
        positive: the class of interest (`hostile`, or stance -1) for the two-class scores.
        positive_probability: the model's probability of it.
        groups: source of each row, for the bootstrap.
        classes: all classes, in the order to report.
        seed: of the bootstrap.

    Returns:
        `row_count`, `accuracy`, `macro_f1`, `positive_f1`, `positive_auc`, each score but the counts with
        an interval
        `*_ci` (low, high or None), and `classes` (list of rows of `class_scores`).
    """
    true, seen, chance = np.asarray(truth), np.asarray(found), np.asarray(positive_probability, dtype=float)
    scores: dict[str, Callable[[np.ndarray], float | None]] = {
        "accuracy": lambda rows: float((true[rows] == seen[rows]).mean()),
        "macro_f1": lambda rows: macro_f1(true[rows], seen[rows]),
        "positive_f1": lambda rows: float(binary_f1(true[rows] == positive, seen[rows] == positive)),
        "positive_auc": lambda rows: binary_auc(true[rows] == positive, chance[rows]),
    }
    everything = np.arange(len(true))
    result: dict = {"row_count": len(true), "positive_class": positive}
    for name, score in scores.items():
        result[name] = score(everything)
        result[f"{name}_ci"] = interval(score, groups, seed)
    result["classes"] = class_scores(true, seen, classes).to_dicts()
    return result
