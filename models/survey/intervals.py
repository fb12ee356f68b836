"""Confidence intervals for estimates and for proportions, vectorised over rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special, stats

from models.survey.design import SurveyInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

IntervalMethod = Literal["logit", "beta", "wilson", "wald"]
METHODS: tuple[IntervalMethod, ...] = ("logit", "beta", "wilson", "wald")


def critical_value(df: Floats | float, level: float = 0.95) -> Floats:
    """Two-sided quantile of Student's t; the normal quantile for infinite `df`, NaN for df <= 0.

    Raises:
        SurveyInputError: when level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise SurveyInputError(f"confidence level {level} is not between 0 and 1")
    df = np.asarray(df, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        student = stats.t.ppf(0.5 + level / 2, np.where(df > 0, df, np.nan))
    return np.where(np.isinf(df), stats.norm.ppf(0.5 + level / 2), student)


def wald(estimate: Floats, se: Floats, df: Floats | float, level: float = 0.95) -> tuple[Floats, Floats]:
    """Estimate -/+ t * se (R `confint(svymean(...), df=)`)."""
    half = critical_value(df, level) * se
    return estimate - half, estimate + half


def logit(proportion: Floats, se: Floats, df: Floats | float, level: float = 0.95) -> tuple[Floats, Floats]:
    """Wald interval on the log-odds, mapped back (R `svyciprop(method="logit")` and `"xlogit"`)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = special.logit(proportion)
        half = critical_value(df, level) * se / (proportion * (1 - proportion))
    return special.expit(centre - half), special.expit(centre + half)


def beta(proportion: Floats, n_eff: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Clopper-Pearson interval at an effective sample size (Korn and Graubard 1998).

    Args:
        proportion: estimates, 0 and 1 included.
        n_eff: effective sample sizes after the adjustment for degrees of freedom.
        level: confidence.
    """
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore"):
        hits, misses = n_eff * proportion, n_eff * (1 - proportion)
        low = np.where(hits > 0, stats.beta.ppf(tail, hits, misses + 1), 0.0)
        high = np.where(misses > 0, stats.beta.ppf(1 - tail, hits + 1, misses), 1.0)
    unknown = ~np.isfinite(n_eff)
    return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)


def wilson(proportion: Floats, n_eff: Floats, df: Floats | float, level: float = 0.95) -> tuple[Floats, Floats]:
    """Score interval at an effective sample size with Student's t in place of the normal quantile.

    Follows Dean and Pagano (2015), who adjust the effective sample size by (t_{n-1}/t_df)^2: with the
    quantile of t_{n-1} that is the same interval.
    """
    square = critical_value(df, level) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (proportion + square / (2 * n_eff)) / (1 + square / n_eff)
        half = np.sqrt(square * (proportion * (1 - proportion) / n_eff + square / (4 * n_eff**2)))
        half = half / (1 + square / n_eff)
    return np.clip(centre - half, 0.0, 1.0), np.clip(centre + half, 0.0, 1.0)


def adjusted_sample_size(n_eff: Floats, n: Floats, df: Floats | float, level: float = 0.95) -> Floats:
    """n_eff * (t_{n-1} / t_df)^2: with few degrees of freedom a sample tells less (Korn, Graubard 1998)."""
    return n_eff * (critical_value(np.asarray(n, dtype=np.float64) - 1, level) / critical_value(df, level)) ** 2


def proportion_interval(
    method: IntervalMethod,
    proportion: Floats,
    se: Floats,
    *,
    df: Floats | float,
    n: Floats,
    n_kish: Floats,
    level: float = 0.95,
) -> tuple[Floats, Floats]:
    """Interval for proportions by the chosen method.

    At 0 and 1 the variance estimate is zero and says nothing. There, for every method but `wald` (which
    stays at the point, as its formula says), the interval is Clopper-Pearson at Kish's effective sample
    size, adjusted for degrees of freedom (Ward 2019 for NCHS takes n there; Kish's is never larger).

    Args:
        method: `logit`, `beta`, `wilson` or `wald`.
        proportion: estimates in 0..1.
        se: their standard errors.
        df: degrees of freedom; inf for normal quantiles.
        n: rows in the domain.
        n_kish: (sum w)^2 / sum w^2 of the rows.
        level: confidence.

    Returns:
        Lower and upper ends; NaN where the estimate is.

    Raises:
        SurveyInputError: for an unknown method.
    """
    if method not in METHODS:
        raise SurveyInputError(f"interval {method!r} is unknown: use {', '.join(METHODS)}")
    if method == "wald":
        return wald(proportion, se, df, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        n_eff = proportion * (1 - proportion) / se**2
    if method == "logit":
        low, high = logit(proportion, se, df, level)
    elif method == "wilson":
        low, high = wilson(proportion, n_eff, df, level)
    else:
        low, high = beta(proportion, adjusted_sample_size(n_eff, n, df, level), level)
    edge = (proportion <= 0) | (proportion >= 1)
    exact = beta(np.clip(proportion, 0, 1), adjusted_sample_size(n_kish, n, df, level), level)
    # a proportion fixed by the design itself, e.g. the share of a stratum, has no error
    fixed = ~edge & (se**2 < 1e-20 * proportion * (1 - proportion))
    low = np.where(edge, exact[0], np.where(fixed, proportion, low))
    high = np.where(edge, exact[1], np.where(fixed, proportion, high))
    return low, high
