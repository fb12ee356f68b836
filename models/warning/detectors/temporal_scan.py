"""A prospective temporal scan: the last week and the last two weeks against a regression on season and trend.

An outbreak of people's talk, like one of a disease, rarely fits into one week, so a single week sees half of
it. The scan tests the newest week and the sum of the two newest (Kulldorff 2001 in time only, with windows of
one and two weeks) against the prediction of `log_linear`, from which past weeks that look like outbreaks are
left out. The week itself must lie above its expectation, so the end of a surge does not alarm again. The
level of the smaller p value is calibrated by simulation, so the stated rate is the realised one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from models.warning.detectors.calibrated_levels import calibrated_probability, raw_level
from models.warning.detectors.count_distributions import quantile, upper_tail
from models.warning.detectors.log_linear import RegressionFit, SeasonDesign, fit_season, window_prediction
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

ROWS_PER_BLOCK = 512
ONE_WEEK_SHARE = 0.1
OUTBREAK_TAIL = 0.005
OUTBREAK_PASSES = 2
WINDOWS = 2


@dataclass(frozen=True)
class TemporalScanOptions:
    """Options of the scan.

    Attributes:
        alpha: probability of an alarm in a week without an outbreak.
        b: years of history used, fewer where there are fewer.
        past_weeks_excluded: latest weeks left out of the fit.
        least_history: observed weeks in the fit below which no answer is given.
        frequency: weeks in a year.
        has_trend: fit a trend.
        limit_cases, limit_weeks: no alarm with fewer than `limit_cases` in the last `limit_weeks` weeks.
        least_dispersion: lower limit of the variance over mean, one or one a series, such as that of similar series.
        is_calibrated: use calibrated levels; False gives the uncorrected p value of the scan.
    """

    alpha: float = 0.01
    b: int = 8
    past_weeks_excluded: int = 26
    least_history: int = 52
    frequency: int = 52
    has_trend: bool = True
    limit_cases: int = 0
    limit_weeks: int = 4
    least_dispersion: FloatArray | float = 1.0
    is_calibrated: bool = True

    def __post_init__(self) -> None:
        """Refuse options that cannot work together."""
        if not 0 < self.alpha < 1:
            raise DetectionError(f"alpha {self.alpha} is not between 0 and 1")
        if self.b < 1 or self.past_weeks_excluded < WINDOWS - 1 or self.least_history < 1:
            raise DetectionError("b and least_history must be at least 1 and past_weeks_excluded at least 1")
        if self.limit_cases < 0 or self.limit_weeks < 1:
            raise DetectionError("limit_cases must be at least 0 and limit_weeks at least 1")

    @property
    def first_position(self) -> int:
        """0-based position of the first week with enough history."""
        return self.least_history + self.past_weeks_excluded


def temporal_scan(
    counts: FloatArray, positions: IntArray | range | list[int], options: TemporalScanOptions | None = None
) -> Outcome:
    """Test weeks of every series by the scan.

    Args:
        counts: (series, weeks), nan for weeks without observation, which are left out of fit and window.
        positions: 0-based tested weeks.
        options: see `TemporalScanOptions`.

    Returns:
        Outcome of shape (series, tested weeks). `upperbound` is the largest count of the tested week that raises no
        alarm, given the week before it; `p_value` is calibrated: the probability of a scan at least as unusual.
    """
    options = options or TemporalScanOptions()
    matrix = as_counts(counts)
    tested = as_positions(positions, matrix.shape[1])
    outcome = empty_outcome((matrix.shape[0], tested.size))
    longest = min(options.b * options.frequency, int(tested.max()) - options.past_weeks_excluded)
    if longest < 1:
        return outcome
    offsets = np.arange(-longest, 0) - options.past_weeks_excluded
    design = SeasonDesign(options.frequency, has_trend=options.has_trend)
    rows, columns = (grid.ravel() for grid in np.meshgrid(*map(np.arange, outcome.alarm.shape), indexing="ij"))
    for start in range(0, rows.size, ROWS_PER_BLOCK):
        block = slice(start, start + ROWS_PER_BLOCK)
        _test(outcome, matrix, (rows[block], columns[block], tested[columns[block]]), (offsets, design), options)
    return outcome


def _test(
    outcome: Outcome,
    matrix: FloatArray,
    place: tuple[IntArray, IntArray, IntArray],
    model: tuple[IntArray, SeasonDesign],
    options: TemporalScanOptions,
) -> None:
    rows, columns, week = place
    offsets, design = model
    past = _weeks(matrix, rows, week[:, None] + offsets)
    result, history = _without_outbreaks(past, offsets, design)
    least = np.broadcast_to(np.asarray(options.least_dispersion, dtype=np.float64), matrix.shape[:1])[rows]
    result = replace(result, dispersion=np.maximum(result.dispersion, least))
    recent = _weeks(matrix, rows, week[:, None] - np.arange(WINDOWS))
    single, double, is_alone = _windows(result, design, recent)
    level = raw_level(options.alpha, single[0]) if options.is_calibrated else np.full(week.shape, options.alpha)
    raw = np.minimum(upper_tail(recent[:, 0], *single) / ONE_WEEK_SHARE, _double_tail(recent, double, is_alone))
    is_known = history >= options.least_history
    with np.errstate(invalid="ignore"):
        is_above = recent[:, 0] > single[0]
        raw = np.where(is_above | np.isnan(recent[:, 0]), np.minimum(raw, 1.0), 1.0)
        seen = np.nan_to_num(_weeks(matrix, rows, week[:, None] - np.arange(options.limit_weeks))).sum(axis=1)
        alarm = is_known & (raw <= level) & (seen >= options.limit_cases)
        upper = _upper(recent, single, double, is_alone, level)
        score = (recent[:, 0] - single[0]) / np.maximum(upper + 1 - single[0], 1e-9)
    p_value = calibrated_probability(raw, single[0]) if options.is_calibrated else raw
    outcome.is_known[rows, columns] = is_known
    for target, values in (
        (outcome.expected, single[0]),
        (outcome.upperbound, upper),
        (outcome.dispersion, single[1]),
        (outcome.score, score),
        (outcome.p_value, p_value),
    ):
        target[rows, columns] = np.where(is_known, values, np.nan)
    outcome.alarm[rows, columns] = alarm


def _weeks(matrix: FloatArray, rows: IntArray, index: IntArray) -> FloatArray:
    """Counts of the weeks asked for; nan before the series begins."""
    return np.where(index >= 0, matrix[rows[:, None], np.maximum(index, 0)], np.nan)


def _without_outbreaks(past: FloatArray, offsets: IntArray, design: SeasonDesign) -> tuple[RegressionFit, FloatArray]:
    """The fit from which weeks, and pairs of weeks, far in the upper tail are left out, and the weeks observed."""
    observed = ~np.isnan(past)
    counts = np.nan_to_num(past)
    weights = observed.astype(np.float64)
    columns = design.columns(offsets.astype(np.float64))
    precision = design.precision()
    result = fit_season(counts, _first_weights(counts, weights), columns, precision)
    for _ in range(OUTBREAK_PASSES):
        kept = np.where(_is_outbreak(counts, result) & observed, 0.0, weights)
        result = fit_season(counts, kept, columns, precision, result.coefficients)
    return result, weights.sum(axis=1)


def _first_weights(counts: FloatArray, weights: FloatArray) -> FloatArray:
    """Leave a giant week out of the first look: one that would hold more than half of all cases."""
    return np.where(2 * counts > (weights * counts).sum(axis=1, keepdims=True) + 20, 0.0, weights)


def _is_outbreak(counts: FloatArray, result: RegressionFit) -> BoolArray:
    """Weeks above the 1 - OUTBREAK_TAIL quantile, alone or with a neighbour (quantile by Cornish-Fisher)."""
    mean, phi = result.mean, result.dispersion[:, None]
    found = counts > _high(mean, phi)
    together = counts[:, 1:] + counts[:, :-1] > _high(mean[:, 1:] + mean[:, :-1], phi)
    found[:, 1:] |= together
    found[:, :-1] |= together
    return found


def _high(mean: FloatArray, dispersion: FloatArray) -> FloatArray:
    normal = -float(ndtri(OUTBREAK_TAIL))
    return mean + normal * np.sqrt(mean * dispersion) + (2 * dispersion - 1) * (normal**2 - 1) / 6


Prediction = tuple[FloatArray, FloatArray]


def _windows(
    result: RegressionFit, design: SeasonDesign, recent: FloatArray
) -> tuple[Prediction, Prediction, BoolArray]:
    """Predictions of one and two weeks, and where the week before was not observed."""
    columns = design.columns(-np.arange(WINDOWS, dtype=np.float64))
    return (
        window_prediction(result, columns, 1),
        window_prediction(result, columns, WINDOWS),
        np.isnan(recent[:, 1]),
    )


def _double_tail(recent: FloatArray, double: Prediction, is_alone: BoolArray) -> FloatArray:
    tail = upper_tail(recent.sum(axis=1), *double)
    return np.where(is_alone, np.inf, tail)


def _upper(
    recent: FloatArray, single: Prediction, double: Prediction, is_alone: BoolArray, level: FloatArray
) -> FloatArray:
    """Largest count of the newest week without alarm."""
    alone = quantile(1 - ONE_WEEK_SHARE * level, *single)
    both = np.where(is_alone, np.inf, quantile(1 - level, *double) - np.nan_to_num(recent[:, 1]))
    return np.maximum(np.minimum(alone, both), np.floor(single[0]))
