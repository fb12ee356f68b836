from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from models.survey.design import SurveyInputError
from models.survey.invariance import invariance

LOADINGS = np.array([0.8, 0.7, 0.6, 0.5, 0.7])


def _both(
    second: np.ndarray = LOADINGS,
    intercepts: np.ndarray | float = 0.0,
    mean: float = 0.0,
    n: int = 3000,
    seed: int = 1,
) -> tuple[pl.DataFrame, pl.Series]:
    rng = np.random.default_rng(seed)
    parts = []
    for loading, intercept, level in ((LOADINGS, 0.0, 0.0), (second, intercepts, mean)):
        factor = rng.normal(level, 1, n)
        parts.append(intercept + np.outer(factor, loading) + rng.normal(0, 0.6, (n, 5)))
    frame = pl.DataFrame(np.vstack(parts), schema=[f"q{i}" for i in range(5)])
    return frame, pl.Series(["kk"] * n + ["ru"] * n)


def test_the_same_questions_are_scalar_invariant_and_the_groups_may_still_differ():
    found = invariance(*_both(mean=0.4))
    assert found.level == "scalar"
    assert found.mean_difference == pytest.approx(0.4, abs=0.08)
    assert (found.configural.df, found.metric.df, found.scalar.df) == (10, 14, 18)
    assert found.scalar.p_value > 0.001
    assert found.scalar.cfi > 0.995


def test_other_loadings_leave_configural():
    assert invariance(*_both(np.array([0.8, 0.1, 0.6, 1.0, 0.7]))).level == "configural"


def test_other_intercepts_leave_metric():
    assert invariance(*_both(intercepts=np.array([0.0, 0.5, 0.0, -0.5, 0.0]))).level == "metric"


def test_two_factors_are_not_one():
    rng = np.random.default_rng(6)
    factors = rng.normal(size=(4000, 2))
    values = factors[:, [0, 0, 0, 1, 1, 1]] + rng.normal(0, 0.6, (4000, 6))
    frame = pl.DataFrame(values, schema=[f"q{i}" for i in range(6)])
    assert invariance(frame, pl.Series(["kk", "ru"] * 2000)).level == "none"


def test_chi_square_of_a_true_model_has_its_degrees_of_freedom_as_mean():
    values = [invariance(*_both(n=800, seed=seed)).scalar.chi_square for seed in range(25)]
    assert np.mean(values) == pytest.approx(18, abs=4 * (2 * 18 / 25) ** 0.5)


def test_too_little_to_compare_is_an_error():
    frame, group = _both(n=300)
    with pytest.raises(SurveyInputError, match="group ru has 0 complete"):
        invariance(frame, pl.Series(["kk"] * 600))
    with pytest.raises(SurveyInputError, match="three items"):
        invariance(frame.select("q0", "q1"), group)
    with pytest.raises(SurveyInputError, match="repeats the others"):
        invariance(frame.with_columns(q5=-pl.col("q4")), group)
    with pytest.raises(SurveyInputError, match="same answer to q3"):
        invariance(frame.with_columns(q3=pl.lit(1.0)), group)
