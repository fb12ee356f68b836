from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from models.survey.design import SurveyInputError
from models.survey.reliability import one_factor, pairwise_covariance, reliability


def _one_factor_sample(loadings: list[float], n: int = 60_000) -> pl.DataFrame:
    rng = np.random.default_rng(2)
    factor = rng.normal(size=n)
    return pl.DataFrame(
        {f"x{i}": load * factor + np.sqrt(1 - load**2) * rng.normal(size=n) for i, load in enumerate(loadings)}
    )


def test_omega_and_alpha_of_a_known_factor():
    loadings = [0.8, 0.7, 0.6, 0.5, 0.4]
    found = reliability(_one_factor_sample(loadings))
    common = sum(loadings) ** 2
    omega = common / (common + sum(1 - load**2 for load in loadings))
    assert found.omega == pytest.approx(omega, abs=0.005)
    matrix = np.outer(loadings, loadings)
    np.fill_diagonal(matrix, 1)
    assert found.alpha == pytest.approx(5 / 4 * (1 - 5 / matrix.sum()), abs=0.005)
    assert found.alpha <= found.omega + 1e-9
    assert found.loadings is not None
    assert list(found.loadings.values()) == pytest.approx(loadings, abs=0.02)


def test_equal_items_are_perfectly_reliable_and_noise_is_not():
    x = np.random.default_rng(1).normal(size=500)
    assert reliability(pl.DataFrame({"a": x, "b": x, "c": x})).alpha == pytest.approx(1.0)
    noise = np.random.default_rng(2).normal(size=(5000, 3))
    assert abs(reliability(pl.DataFrame(noise, schema=["a", "b", "c"])).alpha) < 0.1


def test_dropping_the_item_that_does_not_belong_raises_alpha():
    sample = _one_factor_sample([0.8, 0.8, 0.8], 5000)
    sample = sample.with_columns(stray=pl.Series(np.random.default_rng(9).normal(size=5000)))
    found = reliability(sample)
    assert found.alpha_if_dropped is not None
    assert max(found.alpha_if_dropped, key=lambda name: found.alpha_if_dropped[name]) == "stray"
    assert found.alpha_if_dropped["stray"] > found.alpha > found.alpha_if_dropped["x0"]


def test_pairwise_covariance_equals_numpy_without_gaps_and_drops_rows_with_them():
    values = np.random.default_rng(3).normal(size=(50, 3))
    assert pairwise_covariance(values, np.ones(50)) == pytest.approx(np.cov(values.T))
    values[:10, 0] = np.nan
    both = values[10:]
    assert pairwise_covariance(values, np.ones(50))[0, 1] == pytest.approx(np.cov(both.T)[0, 1])
    assert pairwise_covariance(values, np.ones(50))[1, 2] == pytest.approx(np.cov(values.T)[1, 2])


def test_one_factor_reproduces_a_factor_matrix_exactly():
    loadings = np.array([0.9, 0.5, 0.7, 0.3])
    matrix = np.outer(loadings, loadings) + np.diag([0.4, 0.6, 0.2, 0.9])
    found, unique = one_factor(matrix)
    assert found == pytest.approx(loadings, abs=1e-6)
    assert unique == pytest.approx([0.4, 0.6, 0.2, 0.9], abs=1e-6)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pl.DataFrame({"a": [1, 2]}), "two items"),
        (pl.DataFrame({"a": [1, 2, 3], "b": [4, 4, 4]}), "b: everybody"),
        (pl.DataFrame({"a": [1, 2, None, None], "b": [None, None, 1, 2]}), "a and b"),
    ],
)
def test_items_that_have_no_reliability_are_errors(frame, message):
    with pytest.raises(SurveyInputError, match=message):
        reliability(frame)


@pytest.mark.shared_data
def test_alpha_equals_psych(shared_data: Path):
    """R package psych on the Holzinger and Swineford (1939) tests, to the last digits."""
    reference = json.loads((shared_data / "survey" / "reference.json").read_text())
    scores = pl.read_csv(shared_data / "survey" / "holzinger.csv")
    nine = reference["alpha.holzinger_x1_x9"]["value"]
    found = reliability(scores.select([f"x{i}" for i in range(1, 10)]))
    assert found.alpha == pytest.approx(nine["raw_alpha"], rel=1e-10)
    assert found.standardised_alpha == pytest.approx(nine["std_alpha"], rel=1e-10)
    assert list((found.alpha_if_dropped or {}).values()) == pytest.approx(nine["alpha_if_dropped"], rel=1e-10)
    three = reference["alpha.holzinger_x4_x6"]["value"]
    assert reliability(scores.select("x4", "x5", "x6")).alpha == pytest.approx(three["raw_alpha"], rel=1e-10)
