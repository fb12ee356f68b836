"""A Gamma-Poisson detector for sparse series: rates are shrunk towards those of all series tested together.

Each series has a rate with a gamma prior whose mean and variance come from all series of the block (empirical
Bayes, by moments). Past weeks count less the older they are, implausibly high ones do not count,
the latest weeks are left out. The count of the tested week is negative binomial with variance `phi * mean +
mean**2 / shape`, where `phi` is the series' own overdispersion shrunk to the pooled one. The posterior
predictive gives bound and p value, so a series with a handful of past events still gets an honest bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.warning.detectors.count_distributions import quantile, upper_tail
from models.warning.detectors.outcome import (
    DetectionError,
    FloatArray,
    IntArray,
    Outcome,
    as_counts,
    as_positions,
    empty_outcome,
)

PLAUSIBLE = 0.9999
POOLED_DISPERSION_WEIGHT = 100.0


@dataclass(frozen=True)
class GammaPoissonOptions:
    """Options of the shrunk detector.

    Attributes:
        alpha: probability above the bound.
        past_weeks_excluded: latest weeks left out of the baseline, so that a slow rise is not learnt as
            normal.
        half_life: weeks after which a past week counts half.
        least_history: observed baseline weeks below which no answer is given.
    """

    alpha: float = 0.01
    past_weeks_excluded: int = 4
    half_life: float = 52.0
    least_history: int = 12

    def __post_init__(self) -> None:
        """Refuse options that cannot work."""
        if not 0 < self.alpha < 1:
            raise DetectionError(f"alpha {self.alpha} is not between 0 and 1")
        if self.past_weeks_excluded < 0 or self.half_life <= 0 or self.least_history < 1:
            raise DetectionError("past_weeks_excluded must be >= 0, half_life > 0 and least_history >= 1")

    @property
    def first_position(self) -> int:
        """0-based position of the first week with enough history."""
        return self.least_history + self.past_weeks_excluded


@dataclass(frozen=True)
class Prediction:
    """Negative binomial prediction of one week, arrays (series,); dispersion is variance over mean."""

    mean: FloatArray
    dispersion: FloatArray
    history: FloatArray


def gamma_poisson(
    counts: FloatArray,
    positions: IntArray | range | list[int],
    options: GammaPoissonOptions | None = None,
) -> Outcome:
    """Test weeks of every series; series of one call are pooled, so pass one kind of signal together.

    Args:
        counts: (series, weeks), nan for weeks without observation.
        positions: 0-based tested weeks.
        options: see `GammaPoissonOptions`.

    Returns:
        Outcome of shape (series, tested weeks); `score` is the exceedance over the distance from mean to
        bound.
    """
    options = options or GammaPoissonOptions()
    matrix = as_counts(counts)
    tested = as_positions(positions, matrix.shape[1])
    outcome = empty_outcome((matrix.shape[0], tested.size))
    for column, week in enumerate(tested):
        prediction = predict_week(matrix, int(week), options)
        observed = matrix[:, week]
        upper = quantile(1 - options.alpha, prediction.mean, prediction.dispersion)
        with np.errstate(divide="ignore", invalid="ignore"):
            outcome.score[:, column] = (observed - prediction.mean) / (upper + 1 - prediction.mean)
            outcome.alarm[:, column] = observed > upper
        outcome.expected[:, column] = prediction.mean
        outcome.upperbound[:, column] = upper
        outcome.p_value[:, column] = upper_tail(observed, prediction.mean, prediction.dispersion)
        outcome.dispersion[:, column] = prediction.dispersion
        outcome.is_known[:, column] = ~np.isnan(prediction.mean)
    return outcome


def predict_week(matrix: FloatArray, week: int, options: GammaPoissonOptions) -> Prediction:
    """Predictive mean and dispersion of one week for every series, from the weeks before it."""
    stop = max(week - options.past_weeks_excluded, 0)
    past = matrix[:, :stop]
    seen = ~np.isnan(past)
    history = seen.sum(axis=1).astype(np.float64)
    is_enough = history >= options.least_history
    mean = np.full(matrix.shape[0], np.nan)
    dispersion = np.full(matrix.shape[0], np.nan)
    if is_enough.any():
        age = np.arange(week - 1, week - 1 - stop, -1, dtype=np.float64)
        weight = 0.5 ** (age / options.half_life) * seen[is_enough]
        y = np.nan_to_num(past[is_enough])
        limit = quantile(PLAUSIBLE, *_posterior(np.minimum(y, _usual_maximum(y)[:, None]), weight))
        mean[is_enough], dispersion[is_enough] = _posterior(y, np.where(y > limit[:, None], 0.0, weight))
    return Prediction(mean, dispersion, history)


def _usual_maximum(y: FloatArray) -> FloatArray:
    """A count that three weeks in a hundred exceed, and room above it: keeps a giant week out of the first look."""
    usual = np.quantile(y, 0.97, axis=1)
    return usual + 3 * np.sqrt(np.maximum(usual, 1.0))


def _posterior(y: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Predictive mean and variance over mean, given weighted past counts (series, weeks)."""
    events = (weight * y).sum(axis=1)
    exposure = weight.sum(axis=1)
    shape, rate = _prior(events, exposure)
    posterior_shape = shape + events
    mean = posterior_shape / (rate + exposure)
    squares = (weight * (y - mean[:, None]) ** 2).sum(axis=1)
    # Weights differ, so the rate rests on fewer weeks than the exposure says.
    unevenness = (weight**2).sum(axis=1) / exposure
    expected = np.maximum(exposure - unevenness, 1.0) * mean
    pooled = max(1.0, float(squares.sum() / expected.sum()))
    information = exposure * np.minimum(mean, 1.0)
    phi = (POOLED_DISPERSION_WEIGHT * pooled + information * squares / expected) / (
        POOLED_DISPERSION_WEIGHT + information
    )
    phi = np.maximum(phi, 1.0)
    return mean, phi + phi * np.maximum(unevenness, 1e-9) * mean / posterior_shape


def _prior(events: FloatArray, exposure: FloatArray) -> tuple[float, float]:
    """Shape and rate of the gamma prior by moments, worth a week to a quarter of the mean exposure."""
    pooled = float((events.sum() + 0.5) / (exposure.sum() + 1.0))
    rates = events / exposure
    between = float(np.average((rates - pooled) ** 2, weights=exposure)) - pooled / float(exposure.mean())
    rate = pooled / between if between > 0 else np.inf
    rate = float(np.clip(rate, 1.0, max(1.0, 0.25 * float(exposure.mean()))))
    return pooled * rate, rate
