"""A likelihood-ratio CUSUM for negative binomial counts, set back to zero after each alarm.

Sees small rises that last. The sum of log likelihood ratios of a rise by a factor against no rise is kept at
or above zero; the limit `log(1 / alpha)` bounds the mean number of weeks between false alarms from below by
`1 / alpha` (Lorden 1971), so the stated rate is kept, on the safe side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.warning.detectors.gamma_poisson import GammaPoissonOptions, predict_week
from models.warning.detectors.outcome import (
    DetectionError,
    FloatArray,
    IntArray,
    Outcome,
    as_counts,
    as_positions,
    empty_outcome,
)

SHIFT = 1.5
LARGEST_RISE = 4.0


@dataclass(frozen=True)
class NbCusumOptions:
    """Options of the CUSUM.

    Attributes:
        alpha: highest mean rate of false alarms per week.
        rise: factor of the mean the chart is tuned to; None takes that of a shift by `SHIFT` standard deviations,
            at most `LARGEST_RISE`.
        past_weeks_excluded, half_life, least_history: of the baseline, see `GammaPoissonOptions`.
    """

    alpha: float = 0.01
    rise: float | None = None
    past_weeks_excluded: int = 4
    half_life: float = 52.0
    least_history: int = 12

    def __post_init__(self) -> None:
        """Refuse options that cannot work."""
        if self.rise is not None and self.rise <= 1:
            raise DetectionError(f"rise {self.rise} must be above 1")
        self.baseline()

    def baseline(self) -> GammaPoissonOptions:
        """The options of the baseline."""
        return GammaPoissonOptions(self.alpha, self.past_weeks_excluded, self.half_life, self.least_history)

    @property
    def first_position(self) -> int:
        """0-based position of the first week with enough history."""
        return self.baseline().first_position


def nb_cusum(
    counts: FloatArray, positions: IntArray | range | list[int], options: NbCusumOptions | None = None
) -> Outcome:
    """Run the chart over the tested weeks, starting at zero with the first.

    Args:
        counts: (series, weeks), nan for weeks without observation, over which the sum stays as it is.
        positions: 0-based tested weeks, ascending.
        options: see `NbCusumOptions`.

    Returns:
        Outcome of shape (series, tested weeks); `upperbound` is the largest count that would not have raised
        an alarm in that week, `score` the sum over its limit, `p_value` not defined.
    """
    options = options or NbCusumOptions()
    matrix = as_counts(counts)
    tested = np.sort(as_positions(positions, matrix.shape[1]))
    outcome = empty_outcome((matrix.shape[0], tested.size))
    limit = float(np.log(1 / options.alpha))
    total = np.zeros(matrix.shape[0])
    for column, week in enumerate(tested):
        prediction = predict_week(matrix, int(week), options.baseline())
        rise = _rise(prediction.mean, prediction.dispersion, options.rise)
        per_case, per_week = _log_ratio(prediction.mean, prediction.dispersion, rise)
        observed = matrix[:, week]
        step = observed * per_case - per_week
        is_known = ~np.isnan(prediction.mean)
        upper = np.maximum(np.floor((limit - total + per_week) / per_case), 0.0)
        total = np.where(np.isnan(step), total, np.maximum(total + np.nan_to_num(step), 0.0))
        alarm = is_known & ~np.isnan(observed) & (total > limit)
        outcome.expected[:, column] = prediction.mean
        outcome.upperbound[:, column] = upper
        outcome.score[:, column] = np.where(is_known & ~np.isnan(observed), total / limit, np.nan)
        outcome.alarm[:, column] = alarm
        outcome.is_known[:, column] = is_known
        total = np.where(alarm, 0.0, total)
    return outcome


def _rise(mean: FloatArray, dispersion: FloatArray, rise: float | None) -> FloatArray:
    if rise is not None:
        return np.full(mean.shape, rise)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.minimum(1 + SHIFT * np.sqrt(dispersion / mean), LARGEST_RISE)


def _log_ratio(mean: FloatArray, dispersion: FloatArray, rise: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log likelihood ratio of `rise * mean` against `mean`: what each case adds and what each week takes."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        size = np.where(dispersion > 1, mean / (dispersion - 1), np.inf)
        grown = np.log((size + rise * mean) / (size + mean))
        is_poisson = ~np.isfinite(size)
        grown = np.where(is_poisson, 0.0, grown)
        per_week = np.where(is_poisson, (rise - 1) * mean, size * grown)
    return np.log(rise) - grown, per_week
