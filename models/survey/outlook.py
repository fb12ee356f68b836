"""Where the series is heading: a local level with drift, seen through known sampling errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import optimize, special, stats

from data_contracts.indicator_registry import Plan
from models.survey.design import SurveyInputError

Vector = npt.NDArray[np.float64]
OUTLOOK_SCHEMA = pl.Schema(
    {
        "quarter": pl.String(),
        "indicator_id": pl.String(),
        "indicator_version": pl.String(),
        "year": pl.Int64(),
        "forecast_pct": pl.Float64(),
        "ci_low_pct": pl.Float64(),
        "ci_high_pct": pl.Float64(),
        "target_pct": pl.Float64(),
        "p_target_met": pl.Float64(),
    }
)
VAGUE_LEVEL_SD = 10.0


@dataclass(frozen=True)
class SeriesPrior:
    """What is thought of a yearly series of shares before seeing it, on the logit scale.

    Near 75 %, 0.1 on the logit scale is about 2 percentage points.

    Attributes:
        level_step_sd: scale of the half-normal prior of the yearly random step of the level.
        drift_sd: standard deviation of the prior of the steady yearly drift (mean 0).
        grid: number of points over which the size of the step is averaged.
    """

    level_step_sd: float = 0.10
    drift_sd: float = 0.05
    grid: int = 41


@dataclass(frozen=True)
class Forecast:
    """The level in one year, as a mixture of normals on the logit scale.

    Attributes:
        year: of the level.
        weights: of the mixture's parts.
        means: of the parts, logit.
        sds: of the parts, logit.
    """

    year: int
    weights: Vector
    means: Vector
    sds: Vector

    def probability_at_least(self, target_pct: float) -> float:
        """Probability that the true level reaches `target_pct` (0..100)."""
        if target_pct <= 0:
            return 1.0
        if target_pct >= 100:
            return 0.0
        return float(self.weights @ stats.norm.sf(special.logit(target_pct / 100), self.means, self.sds))

    def quantile_pct(self, probability: float) -> float:
        """The level, percent, below which the truth lies with this probability."""
        spread = 10 * float(self.sds.max())
        low, high = float(self.means.min()) - spread, float(self.means.max()) + spread

        def excess(point: float) -> float:
            return float(self.weights @ stats.norm.cdf(point, self.means, self.sds)) - probability

        return 100 * float(special.expit(optimize.brentq(excess, low, high, xtol=1e-10)))


def forecasts(
    years: Sequence[int],
    estimates_pct: Sequence[float],
    ses_pct: Sequence[float],
    ahead: Sequence[int],
    *,
    prior: SeriesPrior | None = None,
    correlation: npt.NDArray[np.float64] | None = None,
) -> list[Forecast]:
    """The level in the years `ahead` from a series observed with known sampling variance.

    State space: level(t+1) = level(t) + drift + step(t), step ~ N(0, s^2); observation = level + sampling
    error of known variance, all on the logit scale (delta method). The level starts diffuse, the drift has a
    normal prior around none, and s a half-normal one over which the result is averaged on a grid: half a
    dozen waves cannot estimate s, and its maximum-likelihood value is often 0, which would promise too much.
    With s and the priors given everything is jointly normal, so the smoother is written as one regression
    and years without a wave need no special care.

    Args:
        years: of the observations, ascending; gaps allowed.
        estimates_pct: observed percentages, strictly between 0 and 100.
        ses_pct: their standard errors, percentage points.
        ahead: years wanted; past and present ones are smoothed levels.
        prior: scales of the priors.
        correlation: of the sampling errors (waves with common PSUs); independent when None.

    Raises:
        SurveyInputError: if the series has fewer than two years or values that have no logit.
    """
    chosen = prior or SeriesPrior()
    observed = np.asarray(estimates_pct, dtype=float) / 100
    errors = np.asarray(ses_pct, dtype=float) / 100
    _check_series(years, observed, errors)
    y = special.logit(observed)
    noise_sd = errors / (observed * (1 - observed))
    noise = np.outer(noise_sd, noise_sd) * (np.eye(len(y)) if correlation is None else correlation)
    t = np.asarray(years, dtype=float) - years[0]
    u = np.asarray(ahead, dtype=float) - years[0]
    weights, means, sds = _mixture(t, u, y, noise, chosen)
    return [Forecast(int(year), weights, means[:, i], sds[:, i]) for i, year in enumerate(ahead)]


def _mixture(
    t: Vector, u: Vector, y: Vector, noise: npt.NDArray[np.float64], prior: SeriesPrior
) -> tuple[Vector, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Posterior weights of the steps on the grid; means and deviations of the level at times u under each."""
    # Points at the middle of equal slices of the half-normal prior, so that all have the same prior weight.
    slices = (np.arange(prior.grid) + 0.5) / prior.grid
    variances = (prior.level_step_sd * stats.halfnorm.ppf(slices))[:, None, None] ** 2
    total = _level_covariance(t, t, variances, prior.drift_sd) + noise
    cross = _level_covariance(u, t, variances, prior.drift_sd)
    center = y.mean()
    factor = np.linalg.cholesky(total)
    white = np.linalg.solve(factor, np.broadcast_to((y - center)[:, None], (prior.grid, len(y), 1)))
    white_cross = np.linalg.solve(factor, np.swapaxes(cross, 1, 2))
    fit = -0.5 * (white**2).sum(axis=(1, 2)) - np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    means = center + (np.swapaxes(white_cross, 1, 2) @ white)[:, :, 0]
    own = np.diagonal(_level_covariance(u, u, variances, prior.drift_sd), axis1=1, axis2=2)
    return special.softmax(fit), means, np.sqrt(own - (white_cross**2).sum(axis=1))


def _level_covariance(
    a: Vector, b: Vector, step_variances: npt.NDArray[np.float64], drift_sd: float
) -> npt.NDArray[np.float64]:
    shared_time = np.minimum.outer(np.maximum(a, 0), np.maximum(b, 0))
    return VAGUE_LEVEL_SD**2 + step_variances * shared_time + drift_sd**2 * np.outer(a, b)


def _check_series(years: Sequence[int], observed: Vector, errors: Vector) -> None:
    if len(years) < 2:
        raise SurveyInputError(f"an outlook needs at least two years, not {list(years)}")
    if list(years) != sorted(set(years)):
        raise SurveyInputError(f"years must ascend without repetition: {list(years)}")
    if not ((observed > 0) & (observed < 1) & (errors > 0)).all():
        raise SurveyInputError(
            f"estimates must lie strictly between 0 and 100 % with positive errors: {list(100 * observed)}"
        )


def outlook(
    estimates: pl.DataFrame,
    quarter: str,
    plan: Plan,
    level: float = 0.95,
    prior: SeriesPrior | None = None,
) -> pl.DataFrame:
    """Level now and forecasts to the plan's last year (at least one year ahead), with the chance of each
    target.

    Rows run from the last observed year on. Suppressed and not comparable years are left out of the series;
    an indicator with fewer than two years left has no outlook.

    Args:
        estimates: `out_indicators__estimates`; the country's rows are used.
        quarter: written into every row.
        plan: targets; the newest version that knows the year counts.
        level: of the interval of the true level.
        prior: scales of the priors.

    Returns:
        `out_indicators__outlook`: percent, `p_target_met` the probability that the true level reaches the
        target.
    """
    usable = estimates.filter(
        (pl.col("domain") == "country") & ~pl.col("is_suppressed") & (pl.col("comparability") == "comparable")
    )
    # Shares of exactly 0 or 100 % have neither an error nor a logit.
    usable = usable.filter(pl.col("estimate_pct").is_between(0, 100, closed="none") & (pl.col("se_pct") > 0))
    planned = {(r.indicator_id, r.year): r.target_pct for version in plan.plans for r in version.rows}
    rows: list[dict] = []
    keys = ["indicator_id", "indicator_version"]
    for (indicator_id, version), series in usable.sort("year").group_by(keys, maintain_order=True):
        years = series.get_column("year").to_list()
        if len(years) < 2:
            continue
        last = max([year for name, year in planned if name == indicator_id], default=years[-1])
        ahead = range(years[-1], max(last, years[-1] + 1) + 1)
        observed = series.get_column("estimate_pct").to_list(), series.get_column("se_pct").to_list()
        head = {"quarter": quarter, "indicator_id": indicator_id, "indicator_version": version}
        rows += [
            {**head, **_row(forecast, planned.get((str(indicator_id), forecast.year)), level)}
            for forecast in forecasts(years, *observed, ahead, prior=prior)
        ]
    return pl.DataFrame(rows, schema=OUTLOOK_SCHEMA)


def _row(forecast: Forecast, target: float | None, level: float) -> dict:
    return {
        "year": forecast.year,
        "forecast_pct": forecast.quantile_pct(0.5),
        "ci_low_pct": forecast.quantile_pct((1 - level) / 2),
        "ci_high_pct": forecast.quantile_pct((1 + level) / 2),
        "target_pct": target,
        "p_target_met": None if target is None else forecast.probability_at_least(target),
    }
