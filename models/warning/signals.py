"""Signals: each cell of a week against its own past, corrected for how many cells are looked at.

The detector follows the history of the cell: the temporal scan on season and trend for series with three years and
enough cases, the shrunk Gamma-Poisson detector for shorter or sparser ones, and no answer (said in `note`) below
twelve observed weeks. p values of all threat cells of one week form one family for Benjamini and Hochberg
(1995); peace signals are a family of their own and never raise an alert.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from models.survey.adjustment import benjamini_hochberg
from models.warning.detectors.count_distributions import quantile, upper_tail
from models.warning.detectors.gamma_poisson import GammaPoissonOptions, predict_week
from models.warning.detectors.outcome import FloatArray
from models.warning.detectors.temporal_scan import TemporalScanOptions, temporal_scan
from models.warning.series import PEACE_SIGNALS, SIGNALS, SeriesError

SCAN_WEEKS = 3 * 52
SCAN_LEAST_MEAN = 3.0
KEYS = ("region_code", "group_code", "signal")


@dataclass(frozen=True)
class SignalOptions:
    """How strict the warning is.

    Attributes:
        alpha: probability above the bound shown beside each count.
        false_discovery_rate: highest expected share of false alarms among the alarms of a week.
        least_count: a cell with fewer distinct clusters and voices never alarms.
        uses_scan: test long and dense series by the temporal scan; its seasons are those of weeks.
        gamma_poisson: options of the shrunk detector.
    """

    alpha: float = 0.01
    false_discovery_rate: float = 0.05
    least_count: int = 3
    uses_scan: bool = True
    gamma_poisson: GammaPoissonOptions = field(default_factory=GammaPoissonOptions)


@dataclass
class _Week:
    """Arrays over cells for one tested week."""

    expected: FloatArray
    upperbound: FloatArray
    dispersion: FloatArray
    p_value: FloatArray
    history: FloatArray
    detector: list[str]


def signals(frame: pl.DataFrame, weeks: list[date], options: SignalOptions | None = None) -> pl.DataFrame:
    """Test the cells of the given weeks.

    Args:
        frame: result of `series`.
        weeks: Mondays to test; weeks that the series does not reach give no rows.
        options: see `SignalOptions`.

    Returns:
        `out_warning__signals`: one row per week and cell. `false_alarm_probability` is the probability that
        the cell alarms in such a week although nothing happens, at the threshold the correction came to.

    Raises:
        SeriesError: if a date is no Monday, or the series is not a full grid.
    """
    odd = [week for week in weeks if week.weekday() != 0]
    if odd:
        raise SeriesError(f"week {odd[0]} is no Monday; weeks are named by their Monday")
    return tested_cells(frame, weeks, options or SignalOptions())


def tested_cells(frame: pl.DataFrame, weeks: list[date], options: SignalOptions) -> pl.DataFrame:
    """Test the cells of some steps of a full grid; `week_date` may hold days as well (`daily`).

    Raises:
        SeriesError: if the series is not a full grid.
    """
    all_weeks = frame["week_date"].unique().sort().to_list()
    cells = frame.sort(*KEYS, "week_date")
    keys = cells.select(KEYS).unique(maintain_order=True)
    if keys.height * len(all_weeks) != cells.height:
        raise SeriesError("the series is not a full grid of weeks and cells; build it with series()")
    shape = (keys.height, len(all_weeks))
    observed = cells["observed_count"].to_numpy().reshape(shape).astype(np.float64)
    counts = np.where(cells["is_covered"].to_numpy().reshape(shape), observed, np.nan)
    kind = keys["signal"].to_numpy()
    tables = [
        _week_table(
            cells.filter(pl.col("week_date") == week),
            _tested(counts, kind, all_weeks.index(week), options),
            counts[:, all_weeks.index(week)],
            kind,
            options,
        )
        for week in sorted(set(weeks) & set(all_weeks))
    ]
    return pl.concat(tables) if tables else _no_signals()


def _tested(counts: FloatArray, kind: np.ndarray, week: int, options: SignalOptions) -> _Week:
    """Prediction of one week for all cells; cells of one signal are pooled."""
    cells = counts.shape[0]
    result = _unknown(cells)
    for signal in SIGNALS:
        rows = np.flatnonzero(kind == signal)
        if not rows.size:
            continue
        prediction = predict_week(counts[rows], week, options.gamma_poisson)
        known = ~np.isnan(prediction.mean)
        result.expected[rows] = prediction.mean
        result.dispersion[rows] = prediction.dispersion
        result.history[rows] = prediction.history
        for row in rows[known]:
            result.detector[row] = "gamma_poisson"
    result.upperbound = quantile(1 - options.alpha, result.expected, result.dispersion)
    result.p_value = upper_tail(counts[:, week], result.expected, result.dispersion)
    if options.uses_scan:
        _with_scan(result, counts, week, options)
    return result


def _unknown(cells: int) -> _Week:
    nothing = np.full(cells, np.nan)
    return _Week(nothing, nothing.copy(), nothing.copy(), nothing.copy(), np.zeros(cells), ["none"] * cells)


def _with_scan(result: _Week, counts: FloatArray, week: int, options: SignalOptions) -> None:
    """Replace the prediction of cells with a long and dense history by that of the temporal scan.

    The dispersion is not below the pooled one: after the correction for many cells p values far out decide, and
    there the dispersion of a single series is too noisy.
    """
    past = counts[:, :week]
    seen = (~np.isnan(past)).sum(axis=1)
    mean = np.nansum(past, axis=1) / np.maximum(seen, 1)
    rows = np.flatnonzero((seen >= SCAN_WEEKS) & (mean >= SCAN_LEAST_MEAN))
    if not rows.size:
        return
    scan = TemporalScanOptions(alpha=options.alpha, least_dispersion=result.dispersion[rows])
    outcome = temporal_scan(counts[rows], [week], scan)
    known = outcome.is_known[:, 0]
    chosen = rows[known]
    for target, values in (
        (result.expected, outcome.expected),
        (result.upperbound, outcome.upperbound),
        (result.dispersion, outcome.dispersion),
        (result.p_value, outcome.p_value),
    ):
        target[chosen] = values[known, 0]
    for row in chosen:
        result.detector[row] = "temporal_scan"


def _week_table(
    cells: pl.DataFrame, tested: _Week, counts: FloatArray, kind: np.ndarray, options: SignalOptions
) -> pl.DataFrame:
    is_peace = np.isin(kind, PEACE_SIGNALS)
    q_value = np.full(counts.shape, np.nan)
    threshold = np.full(counts.shape, np.nan)
    for family in (np.flatnonzero(~is_peace), np.flatnonzero(is_peace)):
        q_value[family] = benjamini_hochberg(tested.p_value[family])
        threshold[family] = _threshold(q_value[family], options.false_discovery_rate)
    with np.errstate(invalid="ignore"):
        is_alarm = (q_value <= options.false_discovery_rate) & (counts >= options.least_count)
        spread = np.maximum(tested.upperbound + 1 - tested.expected, 1e-9)
        score = (counts - tested.expected) / spread
    history = tested.history.astype(np.int64)
    note = [_note(*row, options) for row in zip(history, cells["is_covered"], tested.detector, strict=True)]
    return cells.select(
        *("week_date", *KEYS, "observed_count", "cluster_count", "author_count"),
        expected=pl.Series(tested.expected).fill_nan(None),
        upperbound=pl.Series(tested.upperbound).fill_nan(None),
        score=pl.Series(score).fill_nan(None),
        p_value=pl.Series(tested.p_value).fill_nan(None),
        q_value=pl.Series(q_value).fill_nan(None),
        is_alarm=pl.Series(is_alarm),
        detector=pl.Series(tested.detector, dtype=pl.String),
        history_weeks=pl.Series(history),
        is_covered="is_covered",
        false_alarm_probability=pl.Series(_false_alarm(tested, threshold, options)).fill_nan(None),
        note=pl.Series(note, dtype=pl.String),
    )


def _threshold(q_values: FloatArray, rate: float) -> FloatArray:
    """The p value at which each cell alarms, given the other cells of its family and week.

    With R of m cells called, a further cell is called at `rate * (R + 1) / m`: true events elsewhere make the
    correction of Benjamini and Hochberg less strict for all, and the stated rate must say so.
    """
    with np.errstate(invalid="ignore"):
        called = q_values <= rate
    known = max(int((~np.isnan(q_values)).sum()), 1)
    others = called.sum() - called.astype(np.float64)
    return np.where(np.isnan(q_values), np.nan, rate * (others + 1.0) / known)


def _false_alarm(tested: _Week, threshold: FloatArray, options: SignalOptions) -> FloatArray:
    """Probability that the cell's count reaches the alarm region when its prediction is true.

    Counts are whole numbers, so for a single week this is below the threshold itself, often far below; the p values
    of the scan are calibrated and reach it.
    """
    needed = quantile(1 - threshold, tested.expected, tested.dispersion) + 1
    single = upper_tail(np.maximum(needed, options.least_count), tested.expected, tested.dispersion)
    is_scan = np.array([name == "temporal_scan" for name in tested.detector])
    return np.where(is_scan, threshold, single)


def _note(history: int, is_covered: bool, detector: str, options: SignalOptions) -> str | None:
    if not is_covered:
        return "week_not_covered"
    if detector == "none":
        return f"history_too_short:{history}<{options.gamma_poisson.least_history}"
    return None


def _no_signals() -> pl.DataFrame:
    return pl.DataFrame(schema=SIGNAL_SCHEMA)


SIGNAL_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "week_date": pl.Date,
    "region_code": pl.String,
    "group_code": pl.String,
    "signal": pl.String,
    "observed_count": pl.Int64,
    "cluster_count": pl.Int64,
    "author_count": pl.Int64,
    "expected": pl.Float64,
    "upperbound": pl.Float64,
    "score": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "is_alarm": pl.Boolean,
    "detector": pl.String,
    "history_weeks": pl.Int64,
    "is_covered": pl.Boolean,
    "false_alarm_probability": pl.Float64,
    "note": pl.String,
}


def last_weeks(frame: pl.DataFrame, count: int) -> list[date]:
    """The last `count` weeks of a series that are covered anywhere, oldest first."""
    covered = frame.filter("is_covered")["week_date"].unique().sort().to_list()
    return covered[-count:]
