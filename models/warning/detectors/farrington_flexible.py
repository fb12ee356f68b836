"""The improved Farrington method of Noufaily et al. (2013) as R surveillance 1.20.3 computes it, vectorised.

A tested week is compared with a quasi-Poisson fit to the past `b` years: a level for the season of the tested
week, levels for the other seasons, an optional linear trend, past outbreaks weighted down, the latest weeks
left out. Where R has a peculiarity (the dispersion behind standard errors uses the outbreak weights in place
of the working weights; the score of the `nbPlugin` and `muan` bounds mixes link and response scale), it is
kept: the aim is equal bounds and equal alarms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri
from scipy.stats import norm
from scipy.stats import t as student

from models.warning.detectors.count_distributions import quantile, upper_tail
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

ThresholdMethod = Literal["nbPlugin", "delta", "muan"]
ROWS_PER_BLOCK = 256
POWERS = {"none": 1.0, "1/2": 0.5, "2/3": 2 / 3}


@dataclass(frozen=True)
class FarringtonFlexibleOptions:
    """Options under the names of the method's literature; defaults are those of Noufaily et al. (2013).

    Attributes:
        b: years back.
        w: half width of the window around the same week of past years.
        no_periods: seasons the year is cut into, the window included; 1 means only the windows are used.
        past_weeks_excluded: latest weeks left out of the fit.
        weights_threshold: standardised residual above which a past week is weighted down.
        p_threshold_trend: the trend stays if its p value is below this.
        threshold_method: `nbPlugin`, `muan` (uncertainty of the mean) or `delta` (normal on a power scale).
        alpha: one-sided probability above the bound.
        has_trend: try a linear trend (needs b >= 3).
        is_reweighted: weight past outbreaks down.
        limit_cases, limit_weeks: no alarm with fewer than `limit_cases` in the last `limit_weeks` weeks.
        frequency: weeks in a year.
        power: power scale of `delta`: `2/3`, `1/2` or `none`.
    """

    b: int = 3
    w: int = 3
    no_periods: int = 10
    past_weeks_excluded: int = 26
    weights_threshold: float = 2.58
    p_threshold_trend: float = 1.0
    threshold_method: ThresholdMethod = "nbPlugin"
    alpha: float = 0.01
    has_trend: bool = True
    is_reweighted: bool = True
    limit_cases: int = 5
    limit_weeks: int = 4
    frequency: int = 52
    power: str = "2/3"

    def __post_init__(self) -> None:
        """Refuse options that cannot work together."""
        if not 0 < self.alpha < 1:
            raise DetectionError(f"alpha {self.alpha} is not between 0 and 1")
        if self.b < 1 or self.w < 0 or self.no_periods < 1 or self.past_weeks_excluded < 0:
            raise DetectionError("b and no_periods must be at least 1, w and past_weeks_excluded at least 0")
        if 2 * self.w + 1 > self.frequency:
            raise DetectionError(f"w {self.w}: the window is longer than a year of {self.frequency}")
        if self.no_periods > self.frequency:
            raise DetectionError(f"no_periods {self.no_periods} is too big for a year of {self.frequency}")
        if self.limit_cases < 0 or self.limit_weeks < 1:
            raise DetectionError("limit_cases must be at least 0 and limit_weeks at least 1")
        if self.threshold_method not in ("nbPlugin", "delta", "muan") or self.power not in POWERS:
            raise DetectionError(f"unknown threshold method {self.threshold_method!r} or power {self.power!r}")

    @property
    def first_position(self) -> int:
        """0-based position of the first week tested when no range is given, as in R."""
        return self.frequency * self.b + self.w


def season_groups(options: FarringtonFlexibleOptions) -> tuple[IntArray, IntArray]:
    """Weeks before the tested week that enter the fit, and the season of each.

    Returns:
        offsets (negative, ascending) and season numbers 1..no_periods; the last is the season of the tested
        week.

    Raises:
        DetectionError: if a year cannot be cut into so many seasons.
    """
    season: dict[int, int] = {}
    _assign(season, -options.w, 0, options.no_periods)
    between = options.frequency - 2 * options.w - 1
    if options.no_periods > 1 and between < options.no_periods - (2 * options.w + 1):
        raise DetectionError(f"no_periods {options.no_periods} is too big for a year of {options.frequency}")
    for year in range(1, options.b + 1):
        centre = -options.frequency * year
        _assign(season, centre - options.w, centre + options.w, options.no_periods)
        if options.no_periods == 1:
            continue
        length, rest = divmod(between, options.no_periods - 1)
        start = centre + options.w + 1
        for number in range(1, options.no_periods):
            size = length + (1 if number <= rest else 0)
            _assign(season, start, start + size - 1, number)
            start += size
    offsets = sorted(offset for offset in season if offset < -options.past_weeks_excluded)
    return np.array(offsets, dtype=np.int64), np.array([season[offset] for offset in offsets], dtype=np.int64)


def _assign(season: dict[int, int], first: int, last: int, number: int) -> None:
    """Give weeks first..last a season; one of no weeks takes both ends, as R's descending range does."""
    for offset in range(first, last + 1) if last >= first else (first, last):
        season[offset] = number


def farrington_flexible(
    counts: FloatArray,
    positions: IntArray | range | list[int],
    options: FarringtonFlexibleOptions | None = None,
) -> Outcome:
    """Test weeks of every series by the flexible Farrington method.

    Args:
        counts: (series, weeks), nan for weeks without observation, which are left out of the fit.
        positions: 0-based tested weeks.
        options: see `FarringtonFlexibleOptions`.

    Returns:
        Outcome of shape (series, tested weeks). Bound and expectation are nan where the last weeks hold fewer
        than `limit_cases`, where the fit does not converge, and where the reference weeks lie before the
        series.
    """
    options = options or FarringtonFlexibleOptions()
    matrix = as_counts(counts)
    tested = as_positions(positions, matrix.shape[1])
    offsets, season = season_groups(options)
    if not (season == options.no_periods).any():
        raise DetectionError("past_weeks_excluded leaves no week of the tested season: lower it or raise b")
    order = np.argsort(season, kind="stable")
    offsets = offsets[order]
    _, group_of = np.unique(season[order], return_inverse=True)
    design = Design(group_of=group_of.astype(np.int64), time=offsets.astype(np.float64))
    outcome = empty_outcome((matrix.shape[0], tested.size))
    enough_history = tested - options.frequency * options.b >= 0
    for rows, columns in _blocks(matrix.shape[0], np.flatnonzero(enough_history)):
        week = tested[columns]
        index = week[:, None] + offsets
        window = np.where(index >= 0, matrix[rows[:, None], np.maximum(index, 0)], np.nan)
        _test(
            outcome,
            rows,
            columns,
            window,
            recent=_recent(matrix, rows, week, options),
            observed=matrix[rows, week],
            design=design,
            options=options,
        )
    return outcome


def _blocks(series: int, columns: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Pairs (series, tested week) in blocks small enough to stay in the processor's cache."""
    rows, weeks = (grid.ravel() for grid in np.meshgrid(np.arange(series), columns, indexing="ij"))
    for start in range(0, rows.size, ROWS_PER_BLOCK):
        stop = start + ROWS_PER_BLOCK
        yield rows[start:stop], weeks[start:stop]


def _recent(matrix: FloatArray, rows: IntArray, week: IntArray, options: FarringtonFlexibleOptions) -> FloatArray:
    """Sum of the weeks that the low-count rule looks at; nan if one is missing."""
    index = week[:, None] - np.arange(options.limit_weeks)
    return np.where(index >= 0, matrix[rows[:, None], np.maximum(index, 0)], 0.0).sum(axis=1)


def _test(
    outcome: Outcome,
    rows: IntArray,
    columns: IntArray,
    window: FloatArray,
    *,
    recent: FloatArray,
    observed: FloatArray,
    design: Design,
    options: FarringtonFlexibleOptions,
) -> None:
    weights = (~np.isnan(window)).astype(np.float64)
    model = _final_model(np.nan_to_num(window), weights, design, options)
    level, dispersion, is_known = model.level, model.phi, model.is_known
    with np.errstate(invalid="ignore"):
        error = np.sqrt(model.error_dispersion * model.variance)
    mean = np.exp(level)
    expected, upper, score, p_value = _bounds(level, mean, error, dispersion, observed=observed, options=options)
    with np.errstate(invalid="ignore"):
        is_enough = recent >= options.limit_cases
        alarm = is_known & is_enough & (score > 1) & (observed != 0)
    shown = is_known & is_enough & ~np.isnan(upper)
    outcome.is_known[rows, columns] = is_known
    outcome.expected[rows, columns] = np.where(shown, expected, np.nan)
    outcome.upperbound[rows, columns] = np.where(shown, upper, np.nan)
    outcome.score[rows, columns] = np.where(is_known, score, np.nan)
    outcome.p_value[rows, columns] = np.where(is_known, p_value, np.nan)
    outcome.dispersion[rows, columns] = np.where(is_known, dispersion * (1 + model.variance * mean), np.nan)
    outcome.alarm[rows, columns] = alarm


@dataclass(frozen=True)
class _Model:
    """The tested week by one fit: link-scale level, unscaled variance, dispersions, p value of the trend."""

    level: FloatArray
    variance: FloatArray
    phi: FloatArray
    error_dispersion: FloatArray
    p_trend: FloatArray
    is_known: BoolArray
    has_trend: BoolArray


def _final_model(counts: FloatArray, weights: FloatArray, design: Design, options: FarringtonFlexibleOptions) -> _Model:
    """The model with trend where the trend may stay, without it elsewhere."""
    if not options.has_trend:
        return _model(counts, weights, design, options, has_trend=False)
    model = _model(counts, weights, design, options, has_trend=True)
    largest = np.where(weights > 0, counts, -np.inf).max(axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        keeps = (model.p_trend < options.p_threshold_trend) & (np.exp(model.level) <= largest)
    keeps &= (options.b >= 3) & model.has_trend
    refit = np.flatnonzero(~keeps)
    if refit.size:
        flat = _model(counts[refit], weights[refit], design, options, has_trend=False)
        model = _replaced(model, refit, flat)
    return model


def _replaced(model: _Model, rows: IntArray, other: _Model) -> _Model:
    merged = {name: values.copy() for name, values in vars(model).items()}
    for name, values in vars(other).items():
        merged[name][rows] = values
    return _Model(**merged)


def _model(
    counts: FloatArray,
    weights: FloatArray,
    design: Design,
    options: FarringtonFlexibleOptions,
    *,
    has_trend: bool,
) -> _Model:
    """Fit, weight past outbreaks down, fit again. Rows whose first fit does not converge have no answer."""
    first = fit(counts, weights, design, has_trend=has_trend)
    if not options.is_reweighted:
        return _as_model(first, first.working_weight, first.converged, design, has_trend=has_trend)
    phi = np.maximum(first.dispersion(), 1.0)
    residuals = anscombe_residuals(counts, first, phi, design)
    omega = outbreak_weights(residuals, weights, options.weights_threshold)
    second = fit(counts, omega, design, has_trend=has_trend)
    return _as_model(second, omega, first.converged, design, has_trend=has_trend)


def _as_model(
    result: Fit, shown_weight: FloatArray, converged: BoolArray, design: Design, *, has_trend: bool
) -> _Model:
    group = int(design.group_of.max())
    phi = np.maximum(result.dispersion(), 1.0)
    error_dispersion = result.dispersion(shown_weight)
    p_trend = np.full(phi.shape, np.nan)
    if has_trend:
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = result.slope / np.sqrt(error_dispersion / result.time_weight)
        p_trend = 2 * student.sf(np.abs(statistic), result.residual_df)
    return _Model(
        level=result.level[:, group],
        variance=result.unscaled_variance(group),
        phi=phi,
        error_dispersion=error_dispersion,
        p_trend=p_trend,
        is_known=converged & np.isfinite(result.level[:, group]) & np.isfinite(phi),
        has_trend=converged & has_trend,
    )


def _bounds(
    level: FloatArray,
    mean: FloatArray,
    error: FloatArray,
    dispersion: FloatArray,
    *,
    observed: FloatArray,
    options: FarringtonFlexibleOptions,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Expected count, upper bound, score and p value."""
    if options.threshold_method == "delta":
        upper, p_value = power_bound(mean, error * mean, dispersion, observed, alpha=options.alpha, power=options.power)
        centre = mean
    else:
        is_plugin = options.threshold_method == "nbPlugin"
        with np.errstate(over="ignore"):
            assumed = mean if is_plugin else np.exp(level + ndtri(1 - options.alpha) * error)
        upper = quantile(1 - options.alpha, assumed, dispersion)
        p_value = upper_tail(observed, assumed, dispersion)
        centre = level
    with np.errstate(divide="ignore", invalid="ignore"):
        score = (observed - centre) / (upper - centre)
    return mean, upper, score, p_value


def power_bound(
    mean: FloatArray,
    error: FloatArray,
    dispersion: FloatArray,
    observed: FloatArray,
    *,
    alpha: float,
    power: str,
) -> tuple[FloatArray, FloatArray]:
    """Upper bound and p value of a count that is normal on a power scale (Farrington et al. 1996).

    Args:
        mean, error: predicted mean and its standard error on the scale of counts.
        dispersion: variance over mean.
        observed: tested counts.
        alpha: probability above the bound.
        power: key of `POWERS`.
    """
    exponent = POWERS[power]
    with np.errstate(divide="ignore", invalid="ignore"):
        tau = dispersion + error**2 / mean
        spread = np.sqrt(exponent**2 * mean ** (2 * exponent - 1) * tau)
        upper = (mean**exponent + ndtri(1 - alpha) * spread) ** (1 / exponent)
        p_value = norm.sf((observed**exponent - mean**exponent) / spread)
    return upper, p_value
