"""Tails and quantiles of Poisson and negative binomial counts by mean and variance-to-mean ratio."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, betaincc, gammainc, gammaincc, ndtri

from models.warning.detectors.outcome import FloatArray

# A quantile is the first count whose cumulative probability reaches p up to rounding.
ROUNDING = 64 * np.finfo(np.float64).eps
# Above this mean whole numbers are no longer told apart in a search, and the normal approximation is exact
# enough.
LARGEST_SEARCHED_MEAN = 1e9


def lower_tail(count: FloatArray, mean: FloatArray, dispersion: FloatArray) -> FloatArray:
    """P(Y <= count) for Y with this mean and variance `dispersion * mean` (Poisson where dispersion <= 1)."""
    return _tail(count, mean, dispersion, lower=True)


def upper_tail(count: FloatArray, mean: FloatArray, dispersion: FloatArray) -> FloatArray:
    """P(Y >= count), computed without cancellation; 1 for counts <= 0."""
    return _tail(np.asarray(count, dtype=np.float64) - 1.0, mean, dispersion, lower=False)


def _tail(count: FloatArray, mean: FloatArray, dispersion: FloatArray, *, lower: bool) -> FloatArray:
    count, mean, dispersion = np.broadcast_arrays(
        *(np.asarray(value, dtype=np.float64) for value in (count, mean, dispersion))
    )
    result = np.full(count.shape, np.nan)
    known = np.isfinite(count) & np.isfinite(mean) & np.isfinite(dispersion)
    result[known & (count < 0)] = 0.0 if lower else 1.0
    known &= count >= 0
    poisson = known & (dispersion <= 1.0)
    negative_binomial = known & (dispersion > 1.0)
    pick = poisson
    result[pick] = (gammaincc if lower else gammainc)(np.floor(count[pick]) + 1.0, mean[pick])
    pick = negative_binomial
    size = mean[pick] / (dispersion[pick] - 1.0)
    tail = betainc if lower else betaincc
    values = tail(np.maximum(size, 1e-300), np.floor(count[pick]) + 1.0, 1.0 / dispersion[pick])
    result[pick] = np.where(size > 0, values, 1.0 if lower else 0.0)
    return result


def quantile(probability: float | FloatArray, mean: FloatArray, dispersion: FloatArray) -> FloatArray:
    """Smallest whole number q with P(Y <= q) >= probability.

    Args:
        probability: between 0 and 1, one or one per element.
        mean: expected counts; nan gives nan.
        dispersion: variance over mean; at most 1 means Poisson.

    Returns:
        Quantiles as floats of whole value, of the broadcast shape.
    """
    target, mean, dispersion = np.broadcast_arrays(
        *(np.asarray(value, dtype=np.float64) for value in (probability, mean, dispersion))
    )
    result = np.full(target.shape, np.nan)
    known = np.isfinite(mean) & np.isfinite(dispersion) & np.isfinite(target)
    if known.any():
        searched = known & (mean * np.maximum(dispersion, 1.0) <= LARGEST_SEARCHED_MEAN)
        result[searched] = _search(target[searched] * (1 - ROUNDING), mean[searched], dispersion[searched])
        huge = known & ~searched
        result[huge] = _cornish_fisher(target[huge], mean[huge], dispersion[huge])
    return result


def _search(target: FloatArray, mean: FloatArray, dispersion: FloatArray) -> FloatArray:
    """Bracket around a normal approximation, then bisection on whole numbers."""
    spread = np.sqrt(mean * np.maximum(dispersion, 1.0))
    guess = np.maximum(np.floor(mean + ndtri(np.clip(target, 1e-12, 1 - 1e-12)) * spread), 0.0)
    low = np.full(mean.shape, -1.0)
    high = guess.copy()
    step = 1.0 + np.floor(spread / 4)
    short = np.arange(mean.size)
    while short.size:
        reached = lower_tail(high[short], mean[short], dispersion[short]) >= target[short]
        short = short[~reached]
        low[short] = high[short]
        high[short] += step[short]
        step[short] *= 2
    below = np.maximum(high - 1.0 - np.floor(spread / 8), -1.0)
    is_lower = lower_tail(below, mean, dispersion) < target
    low = np.where(is_lower, np.maximum(low, below), low)
    high = np.where(is_lower, high, np.minimum(high, below))
    open_ = np.flatnonzero(high - low > 1)
    while open_.size:
        middle = np.floor((low[open_] + high[open_]) / 2)
        enough = lower_tail(middle, mean[open_], dispersion[open_]) >= target[open_]
        high[open_] = np.where(enough, middle, high[open_])
        low[open_] = np.where(enough, low[open_], middle)
        open_ = open_[high[open_] - low[open_] > 1]
    return high


def _cornish_fisher(target: FloatArray, mean: FloatArray, dispersion: FloatArray) -> FloatArray:
    """Normal quantile corrected for the skewness of the negative binomial."""
    phi = np.maximum(dispersion, 1.0)
    normal = ndtri(target)
    return np.ceil(mean + normal * np.sqrt(mean * phi) + (2 * phi - 1) * (normal**2 - 1) / 6 - 0.5)
