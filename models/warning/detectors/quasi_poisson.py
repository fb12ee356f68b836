"""Log-linear quasi-Poisson regression on group levels and an optional slope in time, for many series at once.

The design of both Farrington methods is one level per group of weeks plus a linear trend. Its normal
equations have an arrow shape, so one step of iteratively reweighted least squares needs group sums only, no
matrix solve. Start (count + 0.1), stopping rule (relative change of deviance below 1e-8, at most 25 steps)
and step halving are those of R's `glm`, because sparse series with empty groups never settle and the stopping
point decides the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import xlogy

from models.warning.detectors.outcome import BoolArray, FloatArray, IntArray

TOLERANCE = 1e-8
STEPS = 25
SMALLEST_MEAN = float(np.finfo(np.float64).eps)
CERTAIN_LEVERAGE = 1 - 10 * SMALLEST_MEAN


@dataclass(frozen=True)
class Design:
    """Weeks used in a fit.

    Attributes:
        group_of: group of each week (weeks,), numbers from 0 without holes, ascending: weeks of a group lie
            together, so that sums over groups need no matrix product.
        time: (weeks,), where 0 is the week to predict.
    """

    group_of: IntArray
    time: FloatArray

    @property
    def starts(self) -> IntArray:
        """Position of the first week of each group."""
        return np.searchsorted(self.group_of, np.arange(int(self.group_of[-1]) + 1))


@dataclass(frozen=True)
class Fit:
    """A fitted block; first axis is series. Weights are those of the last step, as in R's `glm` object.

    Attributes:
        mean: fitted means (series, weeks).
        residual: working residuals (series, weeks).
        working_weight: (series, weeks).
        level: linear predictor of each group at time 0 (series, groups).
        slope: change of the linear predictor per week (series,); 0 without trend.
        group_weight, group_time: sum of weights and weighted mean time of each group (series, groups).
        time_weight: weighted sum of squares of time within groups (series,); nan without trend.
        residual_df: observations with weight minus estimated parameters (series,).
        converged: (series,).
    """

    mean: FloatArray
    residual: FloatArray
    working_weight: FloatArray
    level: FloatArray
    slope: FloatArray
    group_weight: FloatArray
    group_time: FloatArray
    time_weight: FloatArray
    residual_df: FloatArray
    converged: BoolArray

    def dispersion(self, weight: FloatArray | None = None) -> FloatArray:
        """Sum of weighted squared residuals over residual degrees of freedom; nan where there are none.

        Args:
            weight: taken in place of the working weights (series, weeks).
        """
        weights = self.working_weight if weight is None else weight
        squares = np.einsum("sn,sn,sn->s", weights, self.residual, self.residual)
        return np.where(self.residual_df > 0, squares / np.maximum(self.residual_df, 1), np.nan)

    def leverage(self, design: Design) -> FloatArray:
        """Diagonal of the hat matrix (series, weeks)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            share = (1.0 / self.group_weight)[:, design.group_of]
            if not np.isnan(self.time_weight).all():
                share = share + (design.time - self.group_time[:, design.group_of]) ** 2 / self.time_weight[:, None]
            hat = self.working_weight * share
        hat = np.where(self.working_weight > 0, hat, 0.0)
        return np.where(hat > CERTAIN_LEVERAGE, 1.0, hat)

    def unscaled_variance(self, group: int) -> FloatArray:
        """Variance of `level[:, group]` (the prediction at time 0) before multiplying by the dispersion."""
        variance = 1.0 / self.group_weight[:, group]
        trend = self.group_time[:, group] ** 2 / self.time_weight
        return np.where(np.isnan(trend), variance, variance + trend)


@dataclass
class _State:
    """Running values of the rows still being fitted, and where finished rows are kept."""

    mean: FloatArray
    eta: FloatArray
    weight: FloatArray
    level: FloatArray
    slope: FloatArray
    group_weight: FloatArray
    group_time: FloatArray
    time_weight: FloatArray


def fit(counts: FloatArray, weights: FloatArray, design: Design, *, has_trend: bool) -> Fit:
    """Fit every row of `counts` by quasi-Poisson regression with log link.

    Args:
        counts: (series, weeks); entries of zero weight are ignored and must be finite.
        weights: prior weights (series, weeks), 0 for weeks without observation.
        design: groups and times shared by all rows.
        has_trend: estimate a slope in time beside the group levels.

    Returns:
        The fit of every row; rows that did not converge hold the values of the last step, as in R.
    """
    rows, groups = counts.shape[0], int(design.group_of.max()) + 1
    eta = np.log(counts + 0.1)
    final = _State(
        mean=np.exp(eta),
        eta=eta,
        weight=np.zeros_like(counts),
        level=np.full((rows, groups), np.nan),
        slope=np.full(rows, np.nan),
        group_weight=np.full((rows, groups), np.nan),
        group_time=np.full((rows, groups), np.nan),
        time_weight=np.full(rows, np.nan),
    )
    converged = np.zeros(rows, dtype=bool)
    saturated = weights * (xlogy(counts, counts) - counts)
    deviance = _deviance(counts, weights, saturated, final.eta, final.mean)
    active = np.arange(rows)
    y, prior, full = counts, weights, saturated
    starts = design.starts
    current = final
    for step in range(STEPS):
        previous = current
        current = _step(y, prior, design, starts, previous, has_trend=has_trend)
        new_deviance = _deviance(y, prior, full, current.eta, current.mean)
        if not np.isfinite(new_deviance).all():
            new_deviance = _halve((y, prior, full), current, previous, new_deviance, is_first=step == 0)
        settled = np.abs(new_deviance - deviance) / (np.abs(new_deviance) + 0.1) < TOLERANCE
        failed = ~np.isfinite(new_deviance)
        converged[active] = settled & ~failed
        keep = ~(settled | failed)
        if step == STEPS - 1:
            keep[:] = False
        if not keep.all():
            _store(final, active[~keep], _rows(current, ~keep))
        if not keep.any():
            break
        active = active[keep]
        if not keep.all():
            y, prior, full = y[keep], prior[keep], full[keep]
            current = _rows(current, keep)
        deviance = new_deviance[keep]
    return _as_fit(counts, weights, final, converged, has_trend=has_trend)


def _deviance(y: FloatArray, prior: FloatArray, saturated: FloatArray, eta: FloatArray, mean: FloatArray) -> FloatArray:
    with np.errstate(over="ignore", invalid="ignore"):
        return 2.0 * (saturated + prior * (mean - y * eta)).sum(axis=1)


def _step(
    y: FloatArray, prior: FloatArray, design: Design, starts: IntArray, state: _State, *, has_trend: bool
) -> _State:
    """One weighted least squares step; all sums are over weeks of a group."""
    group_of, time = design.group_of, design.time
    weight = prior * state.mean
    pseudo = weight * state.eta + prior * (y - state.mean)
    group_weight = np.add.reduceat(weight, starts, axis=1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        group_pseudo = np.add.reduceat(pseudo, starts, axis=1) / group_weight
        if has_trend:
            group_time = np.add.reduceat(weight * time, starts, axis=1) / group_weight
            centred = time - np.nan_to_num(group_time)[:, group_of]
            time_weight = np.einsum("sn,sn,sn->s", weight, centred, centred)
            slope = np.einsum("sn,sn->s", centred, pseudo) / time_weight
            level = group_pseudo - slope[:, None] * group_time
            eta = np.nan_to_num(level, posinf=np.inf, neginf=-np.inf)[:, group_of] + slope[:, None] * time
        else:
            group_time = np.zeros_like(group_weight)
            time_weight = np.full(y.shape[0], np.nan)
            slope = np.zeros(y.shape[0])
            level = group_pseudo
            eta = np.nan_to_num(level)[:, group_of]
        mean = np.maximum(np.exp(eta), SMALLEST_MEAN)
    return _State(mean, eta, weight, level, slope, group_weight, group_time, time_weight)


def _halve(
    data: tuple[FloatArray, FloatArray, FloatArray],
    current: _State,
    previous: _State,
    deviance: FloatArray,
    *,
    is_first: bool,
) -> FloatArray:
    """Move rows without finite deviance half way back until it is; impossible on the first step."""
    if is_first:
        return deviance
    y, prior, saturated = data
    for _ in range(STEPS):
        bad = np.flatnonzero(~np.isfinite(deviance))
        if not bad.size:
            break
        for name in ("eta", "level", "slope"):
            values = getattr(current, name)
            values[bad] = (values[bad] + getattr(previous, name)[bad]) / 2
        with np.errstate(over="ignore"):
            current.mean[bad] = np.maximum(np.exp(current.eta[bad]), SMALLEST_MEAN)
        deviance[bad] = _deviance(y[bad], prior[bad], saturated[bad], current.eta[bad], current.mean[bad])
    return deviance


def _store(final: _State, active: IntArray, current: _State) -> None:
    for name, values in vars(current).items():
        getattr(final, name)[active] = values


def _rows(state: _State, keep: BoolArray) -> _State:
    return _State(**{name: values[keep] for name, values in vars(state).items()})


def _as_fit(counts: FloatArray, weights: FloatArray, state: _State, converged: BoolArray, *, has_trend: bool) -> Fit:
    rank = (state.group_weight > 0).sum(axis=1) + (1 if has_trend else 0)
    return Fit(
        mean=state.mean,
        residual=(counts - state.mean) / state.mean,
        working_weight=state.weight,
        level=state.level,
        slope=state.slope,
        group_weight=state.group_weight,
        group_time=state.group_time,
        time_weight=state.time_weight,
        residual_df=(weights > 0).sum(axis=1).astype(np.float64) - rank,
        converged=converged,
    )


def anscombe_residuals(counts: FloatArray, result: Fit, dispersion: FloatArray, design: Design) -> FloatArray:
    """Anscombe residuals, standardised by dispersion and leverage (Farrington et al. 1996)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        raw = 1.5 * (np.cbrt(counts) ** 2 * result.mean ** (-1 / 6) - np.sqrt(result.mean))
        return raw / np.sqrt(dispersion[:, None] * (1 - result.leverage(design)))


def outbreak_weights(residuals: FloatArray, weights: FloatArray, threshold: float) -> FloatArray:
    """Weights that take past outbreaks back: `residual ** -2` above the threshold, scaled to mean 1.

    Args:
        residuals: standardised residuals (series, weeks).
        weights: prior weights; weeks of weight 0 stay at 0 and are not counted.
        threshold: residuals up to here keep full weight (1 in Farrington 1996, 2.58 in Noufaily 2013).
    """
    used = weights > 0
    with np.errstate(divide="ignore"):
        raw = np.where(residuals > threshold, 1.0 / (residuals * residuals), 1.0)
    raw = np.where(used, raw, 0.0)
    return raw * (used.sum(axis=1) / raw.sum(axis=1))[:, None]
