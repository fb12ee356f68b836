"""Quantiles and tails against SciPy's own distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.warning.detectors.count_distributions import lower_tail, quantile, upper_tail


@pytest.mark.parametrize("probability", [0.5, 0.95, 0.99, 0.9999])
def test_quantiles_equal_scipy(probability: float) -> None:
    mean = np.array([1e-9, 0.01, 0.3, 1.0, 7.5, 120.0, 40_000.0])
    np.testing.assert_array_equal(quantile(probability, mean, np.ones_like(mean)), stats.poisson.ppf(probability, mean))
    for dispersion in (1.05, 2.0, 30.0):
        expected = stats.nbinom.ppf(probability, mean / (dispersion - 1), 1 / dispersion)
        np.testing.assert_array_equal(quantile(probability, mean, np.full_like(mean, dispersion)), expected)


@given(st.floats(1e-3, 1e4), st.floats(1.0, 50.0), st.floats(0.01, 0.999999))
def test_a_quantile_is_the_first_count_that_reaches_the_probability(mean: float, phi: float, p: float) -> None:
    found = quantile(p, np.array([mean]), np.array([phi]))
    assert lower_tail(found, np.array([mean]), np.array([phi]))[0] >= p * (1 - 1e-9)
    assert found[0] == 0 or lower_tail(found - 1, np.array([mean]), np.array([phi]))[0] < p * (1 + 1e-9)


def test_tails_add_up_and_unknown_stays_unknown() -> None:
    mean, phi = np.array([0.4, 5.0, np.nan]), np.array([1.0, 3.0, 2.0])
    total = lower_tail(np.array([2.0, 6.0, 1.0]), mean, phi) + upper_tail(np.array([3.0, 7.0, 2.0]), mean, phi)
    np.testing.assert_allclose(total[:2], 1.0)
    assert np.isnan(total[2])


def test_a_giant_mean_ends_and_stays_close_to_the_normal_quantile() -> None:
    found = quantile(0.99, np.array([1e12, 1e300]), np.array([2.0, 1.0]))
    assert found[0] == pytest.approx(1e12 + 2.3263478740 * np.sqrt(2e12), rel=1e-9)
    assert np.isfinite(found[1])
