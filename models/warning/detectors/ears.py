"""EARS C1, C2 and C3 (Hutwagner et al. 2003) as R surveillance 1.20.3 computes them, vectorised.

C1 compares a week with mean and standard deviation of the seven weeks before it, C2 leaves a gap of two
weeks, C3 adds the exceedances of the two preceding weeks under C2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri

from models.warning.detectors.outcome import (
    DetectionError,
    FloatArray,
    IntArray,
    Outcome,
    as_counts,
    as_positions,
    empty_outcome,
)

EarsMethod = Literal["C1", "C2", "C3"]
DEFAULT_ALPHA = 0.001
HISTORY = {"C1": 0, "C2": 2, "C3": 4}


@dataclass(frozen=True)
class EarsOptions:
    """Options of the EARS methods.

    Attributes:
        method: C1, C2 or C3.
        baseline: weeks compared with, at least 3.
        alpha: probability above the bound (R takes 0.025 for C3 when none is given; here one default serves
            all).
        smallest_deviation: lower limit of the standard deviation.
    """

    method: EarsMethod = "C1"
    baseline: int = 7
    alpha: float = DEFAULT_ALPHA
    smallest_deviation: float = 0.0

    def __post_init__(self) -> None:
        """Refuse options that cannot work."""
        if self.baseline < 3:
            raise DetectionError(f"baseline {self.baseline}: at least 3 weeks are needed")
        if not 0 < self.alpha < 1:
            raise DetectionError(f"alpha {self.alpha} is not between 0 and 1")
        if self.smallest_deviation < 0:
            raise DetectionError(f"smallest_deviation {self.smallest_deviation} is negative")

    @property
    def first_position(self) -> int:
        """0-based position of the first week with the history the method needs."""
        return self.baseline + HISTORY[self.method]

    @property
    def bound_deviations(self) -> float:
        """Standard deviations between mean and bound."""
        return float(ndtri(1 - self.alpha))


def ears(counts: FloatArray, positions: IntArray | range | list[int], options: EarsOptions | None = None) -> Outcome:
    """Test weeks of every series by one of the EARS methods.

    Args:
        counts: (series, weeks), nan for weeks without observation; a nan in the baseline gives no answer.
        positions: 0-based tested weeks; weeks before `first_position` get no answer.
        options: see `EarsOptions`.

    Returns:
        Outcome of shape (series, tested weeks); `expected` is the baseline mean, `score` the exceedance in
        standard deviations (for C3 the sum over three weeks), `p_value` its upper normal tail for C1 and C2.
    """
    options = options or EarsOptions()
    matrix = as_counts(counts)
    tested = as_positions(positions, matrix.shape[1])
    outcome = empty_outcome((matrix.shape[0], tested.size))
    columns = np.flatnonzero(tested >= options.first_position)
    if not columns.size:
        return outcome
    week = tested[columns]
    lag = 0 if options.method == "C1" else 2
    mean, deviation, standard = _against_baseline(matrix, week, lag, options)
    observed = matrix[:, week]
    if options.method == "C3":
        earlier = [_against_baseline(matrix, week - back, 2, options)[2] for back in (1, 2)]
        carried = sum(np.maximum(values - 1.0, 0.0) for values in earlier)
        with np.errstate(invalid="ignore"):
            upper = np.maximum(observed + deviation * (options.bound_deviations - carried), 0.0)
        score = standard + carried
        p_value = np.full(score.shape, np.nan)
    else:
        upper = mean + options.bound_deviations * deviation
        score = standard
        p_value = ndtr(-score)
    with np.errstate(invalid="ignore"):
        alarm = observed > upper
    for target, values in (
        (outcome.expected, mean),
        (outcome.upperbound, upper),
        (outcome.score, score),
        (outcome.p_value, p_value),
        (outcome.alarm, alarm),
        (outcome.is_known, ~np.isnan(upper)),
    ):
        target[:, columns] = values
    return outcome


def _against_baseline(
    matrix: FloatArray, week: IntArray, lag: int, options: EarsOptions
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean and standard deviation of the baseline, and the week's distance from it in standard deviations."""
    index = week[:, None] - lag - np.arange(options.baseline, 0, -1)
    window = matrix[:, index]
    mean = window.mean(axis=2)
    deviation = np.maximum(window.std(axis=2, ddof=1), options.smallest_deviation)
    with np.errstate(divide="ignore", invalid="ignore"):
        return mean, deviation, (matrix[:, week] - mean) / deviation
