"""The classic Farrington method (Farrington et al. 1996) as R surveillance 1.20.3 computes it, vectorised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from models.warning.detectors.farrington_flexible import POWERS, power_bound
from models.warning.detectors.outcome import (
    BoolArray,
    DetectionError,
    FloatArray,
    IntArray,
    Outcome,
    as_counts,
    as_positions,
    empty_outcome,
)
from models.warning.detectors.quasi_poisson import Design, Fit, anscombe_residuals, fit, outbreak_weights


@dataclass(frozen=True)
class FarringtonOptions:
    """Options of the classic method.

    Attributes:
        b: years back.
        w: half width of the window around the same week of past years.
        alpha: two-sided; the bound leaves `alpha / 2` above.
        has_trend: try a linear trend (kept if significant at 0.05, b >= 3 and no extrapolation).
        is_reweighted: weight past outbreaks down.
        weights_threshold: standardised residual above which a past week is weighted down.
        limit_cases, limit_weeks: no alarm with fewer than `limit_cases` in the last `limit_weeks` weeks.
        frequency: weeks in a year.
        power: `2/3`, `1/2` or `none`.
    """

    b: int = 3
    w: int = 3
    alpha: float = 0.01
    has_trend: bool = True
    is_reweighted: bool = True
    weights_threshold: float = 1.0
    limit_cases: int = 5
    limit_weeks: int = 4
    frequency: int = 52
    power: str = "2/3"

    def __post_init__(self) -> None:
        """Refuse options that cannot work."""
        if not 0 < self.alpha < 1:
            raise DetectionError(f"alpha {self.alpha} is not between 0 and 1")
        if self.b < 1 or self.w < 0 or self.power not in POWERS:
            raise DetectionError(f"b {self.b} must be at least 1, w {self.w} at least 0, power one of {list(POWERS)}")
        if self.limit_cases < 0 or self.limit_weeks < 1:
            raise DetectionError("limit_cases must be at least 0 and limit_weeks at least 1")

    @property
    def first_position(self) -> int:
        """0-based position of the first week tested when no range is given, as in R."""
        return self.frequency * self.b - self.w - 1


def farrington(
    counts: FloatArray, positions: IntArray | range | list[int], options: FarringtonOptions | None = None
) -> Outcome:
    """Test weeks of every series by the classic Farrington method.

    Args:
        counts: (series, weeks), nan for weeks without observation.
        positions: 0-based tested weeks; reference weeks before the series are left out.
        options: see `FarringtonOptions`.

    Returns:
        Outcome of shape (series, tested weeks). As in R, the bound is 0 where the last weeks hold fewer than
        `limit_cases`.
    """
    options = options or FarringtonOptions()
    matrix = as_counts(counts)
    tested = as_positions(positions, matrix.shape[1])
    reach = np.arange(-options.w, options.w + 1)
    offsets = np.concatenate([reach - options.frequency * year for year in range(options.b, 0, -1)])
    design = Design(np.zeros(offsets.size, dtype=np.int64), offsets.astype(np.float64))
    outcome = empty_outcome((matrix.shape[0], tested.size))
    for column, week in enumerate(tested):
        index = week + offsets
        window = np.where(index >= 0, matrix[:, np.maximum(index, 0)], np.nan)
        first = max(int(week) - options.limit_weeks + 1, 0)
        recent = matrix[:, first : week + 1].sum(axis=1)
        _test(outcome, column, window, recent, observed=matrix[:, week], design=design, options=options)
    return outcome


def _test(
    outcome: Outcome,
    column: int,
    window: FloatArray,
    recent: FloatArray,
    *,
    observed: FloatArray,
    design: Design,
    options: FarringtonOptions,
) -> None:
    weights = (~np.isnan(window)).astype(np.float64)
    mean, error, phi, is_known = _prediction(np.nan_to_num(window), weights, design, options)
    upper, p_value = power_bound(mean, error, phi, observed, alpha=options.alpha / 2, power=options.power)
    with np.errstate(divide="ignore", invalid="ignore"):
        is_enough = recent >= options.limit_cases
        score = np.where(is_enough, (observed - mean) / (upper - mean), 0.0)
    outcome.is_known[:, column] = is_known
    outcome.expected[:, column] = np.where(is_known, mean, np.nan)
    outcome.upperbound[:, column] = np.where(is_known, np.where(is_enough, upper, 0.0), np.nan)
    outcome.score[:, column] = np.where(is_known & ~np.isnan(observed), score, np.nan)
    outcome.p_value[:, column] = np.where(is_known, p_value, np.nan)
    outcome.alarm[:, column] = is_known & (score > 1)


def _prediction(
    counts: FloatArray, weights: FloatArray, design: Design, options: FarringtonOptions
) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
    """Mean of the tested week, its standard error, the dispersion, and whether there is an answer."""
    if not options.has_trend:
        result, _ = _fitted(counts, weights, design, options, has_trend=False)
        return _at_tested_week(result)
    result, converged = _fitted(counts, weights, design, options, has_trend=True)
    mean, error, phi, is_known = _at_tested_week(result)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = result.slope / np.sqrt(result.dispersion() / result.time_weight)
        p_trend = 2 * student.sf(np.abs(statistic), result.residual_df)
        largest = np.where(weights > 0, counts, -np.inf).max(axis=1)
        keeps = (p_trend < 0.05) & (mean <= largest) & (options.b >= 3) & converged
    refit = np.flatnonzero(~keeps)
    if refit.size:
        flat, _ = _fitted(counts[refit], weights[refit], design, options, has_trend=False)
        for kept, replaced in zip((mean, error, phi, is_known), _at_tested_week(flat), strict=True):
            kept[refit] = replaced
    return mean, error, phi, is_known


def _fitted(
    counts: FloatArray, weights: FloatArray, design: Design, options: FarringtonOptions, *, has_trend: bool
) -> tuple[Fit, BoolArray]:
    """The fit after weighting past outbreaks down, and whether the first fit converged."""
    first = fit(counts, weights, design, has_trend=has_trend)
    if not options.is_reweighted:
        return first, first.converged
    phi = np.maximum(first.dispersion(), 1.0)
    residuals = anscombe_residuals(counts, first, phi, design)
    omega = outbreak_weights(residuals, weights, options.weights_threshold)
    return fit(counts, omega, design, has_trend=has_trend), first.converged


def _at_tested_week(result: Fit) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.exp(result.level[:, 0])
        phi = np.maximum(result.dispersion(), 1.0)
        error = np.sqrt(phi * result.unscaled_variance(0)) * mean
    return mean, error, phi, np.isfinite(mean) & np.isfinite(phi)
