"""Penalised log-linear regression on season and trend, for many series that share one design.

Mean of a week: exp(level + slope * years + sum_j (a_j cos + b_j sin)(2 pi j weeks / year)), quasi-Poisson
variance (Serfling 1963 with counts in place of normal errors). Normal priors hold the slope and the season of
short or sparse series near zero, so every series has an answer and its uncertainty is in the covariance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.warning.detectors.outcome import FloatArray

LARGEST_PREDICTOR = 25.0
LARGEST_STEP = 2.0
TOLERANCE = 1e-4
STEPS = 25
SMALLEST_MEAN = 1e-10
LEVEL_PRECISION = 0.5
SLOPE_DEVIATION = 0.3
SEASON_DEVIATIONS = (0.7, 0.35)


@dataclass(frozen=True)
class SeasonDesign:
    """Columns of the regression by weeks from the tested week.

    Attributes:
        frequency: weeks in a year.
        harmonics: sine and cosine pairs of the season, at most 2.
        has_trend: a slope per year beside the level.
    """

    frequency: int = 52
    harmonics: int = 2
    has_trend: bool = True

    def columns(self, offsets: FloatArray) -> FloatArray:
        """(weeks, parameters): level, years where there is a trend, cosine and sine of each harmonic."""
        angle = 2 * np.pi * offsets / self.frequency
        season = [wave(number * angle) for number in range(1, self.harmonics + 1) for wave in (np.cos, np.sin)]
        trend = [offsets / self.frequency] if self.has_trend else []
        return np.stack([np.ones_like(offsets), *trend, *season], axis=1)

    def precision(self) -> FloatArray:
        """Prior precision of each parameter: 1 / variance on the log scale."""
        season = [deviation**-2.0 for deviation in SEASON_DEVIATIONS[: self.harmonics] for _ in range(2)]
        return np.array([LEVEL_PRECISION, *([SLOPE_DEVIATION**-2.0] if self.has_trend else []), *season])


@dataclass(frozen=True)
class RegressionFit:
    """A fitted block; first axis is series.

    Attributes:
        coefficients: (series, parameters).
        mean: fitted means (series, weeks).
        covariance: of the coefficients before multiplying by the dispersion (series, parameters, parameters).
        dispersion: Pearson statistic over degrees of freedom, at least 1 (series,).
    """

    coefficients: FloatArray
    mean: FloatArray
    covariance: FloatArray
    dispersion: FloatArray


def fit_season(
    counts: FloatArray,
    weights: FloatArray,
    columns: FloatArray,
    precision: FloatArray,
    start: FloatArray | None = None,
) -> RegressionFit:
    """Fit every row of `counts` by Newton steps on the penalised Poisson likelihood.

    Args:
        counts: (series, weeks); weeks of weight 0 are ignored and must be finite.
        weights: (series, weeks), 0 for weeks without observation or taken for outbreaks.
        columns: (weeks, parameters), the first all ones.
        precision: prior precision of the parameters; the level is drawn to the log of the mean count.
        start: coefficients to begin with.
    """
    parameters = columns.shape[1]
    products = (columns[:, :, None] * columns[:, None, :]).reshape(columns.shape[0], parameters**2)
    centre = np.zeros((counts.shape[0], parameters))
    weighted = weights * counts
    centre[:, 0] = np.log((weighted.sum(axis=1) + 0.5) / (weights.sum(axis=1) + 1.0))
    found = centre.copy() if start is None else start.copy()
    for _ in range(STEPS):
        mean = _mean(found, columns)
        information = _information(weights * mean, products, precision)
        gradient = (weighted - weights * mean) @ columns - precision * (found - centre)
        step = np.linalg.solve(information, gradient[..., None])[..., 0]
        found += np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        if np.abs(step).max(initial=0.0) < TOLERANCE:
            break
    mean = _mean(found, columns)
    freedom = np.maximum(weights.sum(axis=1) - parameters, 1.0)
    pearson = (weights * (counts - mean) ** 2 / mean).sum(axis=1) / freedom
    covariance: FloatArray = np.linalg.inv(_information(weights * mean, products, precision)).astype(np.float64)
    return RegressionFit(found, mean, covariance, np.maximum(pearson, 1.0))


def _mean(coefficients: FloatArray, columns: FloatArray) -> FloatArray:
    predictor = np.clip(coefficients @ columns.T, -LARGEST_PREDICTOR, LARGEST_PREDICTOR)
    return np.maximum(np.exp(predictor), SMALLEST_MEAN)


def _information(working: FloatArray, products: FloatArray, precision: FloatArray) -> FloatArray:
    size = precision.size
    return (working @ products).reshape(-1, size, size) + np.diag(precision)


def window_prediction(result: RegressionFit, columns: FloatArray, weeks: int) -> tuple[FloatArray, FloatArray]:
    """Mean and variance over mean of the sum of the first `weeks` rows of `columns`, estimation error included.

    Args:
        result: the fit.
        columns: rows of the tested week, the week before it, and so on.
        weeks: length of the window.
    """
    means = _mean(result.coefficients, columns[:weeks])
    total = means.sum(axis=1)
    gradient = (means @ columns[:weeks]) / total[:, None]
    variance = np.einsum("sp,spq,sq->s", gradient, result.covariance, gradient)
    return total, result.dispersion * (1.0 + variance * total)
