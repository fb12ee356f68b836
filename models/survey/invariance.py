"""Whether an indicator measures the same thing in Kazakh and in Russian: ever stricter factor models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import optimize, stats

from models.survey.design import SurveyInputError
from models.survey.reliability import one_factor

Vector = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]
Level = Literal["none", "configural", "metric", "scalar"]
Moments = tuple[int, Vector, Vector]

LARGEST_CFI_DROP = 0.010
LARGEST_RMSEA_RISE = 0.015
SMALLEST_CFI = 0.90
SMALLEST_GROUP = 100
LARGEST_CONDITION = 1e10


@dataclass(frozen=True)
class Fit:
    """How well one model reproduces means and covariances of both groups.

    Attributes:
        chi_square: likelihood ratio against the saturated model.
        df: its degrees of freedom.
        p_value: of the model.
        cfi: comparative fit index against independent items.
        rmsea: root mean square error of approximation, for two groups.
    """

    chi_square: float
    df: int
    p_value: float
    cfi: float
    rmsea: float


@dataclass(frozen=True)
class Invariance:
    """Fits of the three models and the strictest level that holds.

    Attributes:
        configural: one factor in both groups, everything else free.
        metric: with equal loadings, so that differences within groups compare.
        scalar: with equal loadings and intercepts, so that levels of the groups compare.
        level: the strictest one that holds.
        mean_difference: factor mean of the second group less the first under `scalar`, in standard deviations
            of the first group; to be read only where `level` is `scalar`.
    """

    configural: Fit
    metric: Fit
    scalar: Fit
    level: Level
    mean_difference: float


def invariance(items: pl.DataFrame, group: pl.Series, groups: tuple[str, str] = ("kk", "ru")) -> Invariance:
    """Configural, metric and scalar invariance of a one-factor scale over two interview languages.

    Normal-theory maximum likelihood on complete answers, unweighted, codes taken as numbers: a screening of
    the questionnaire, not a population estimate. With five-point items and thousands of respondents chi
    square rejects trifles, so a level holds when, against the level before, CFI falls by at most .010 and
    RMSEA rises by at most .015 (Chen 2007), and configural when CFI is at least .90.

    Args:
        items: numeric answers, a column per item, keyed in one direction; three items or more.
        group: language of every respondent.
        groups: the two values of `group` that are compared.

    Raises:
        SurveyInputError: with fewer than three items, few complete answers in a group, or a constant or doubled item.
    """
    if items.width < 3:
        raise SurveyInputError(f"invariance needs at least three items, not {items.columns}")
    moments = [_moments(items.filter(group == name), name) for name in groups]
    total = sum(n for n, _, _ in moments)
    base_df = items.width * (items.width - 1)
    base = sum(n * (np.log(np.diag(s)).sum() - np.linalg.slogdet(s)[1]) for n, _, s in moments)
    start = [_start(*part) for part in moments]
    fits: list[Fit] = []
    shift = 0.0
    for model in _models(items.width):
        found = optimize.minimize(
            _discrepancy,
            model.start(start),
            args=(model, moments),
            jac=True,
            method="BFGS",
            options={"gtol": 1e-4},
        )
        chi_square = max(float(found.fun), 0.0)
        excess = max(chi_square - model.df, 0.0)
        cfi = float(1 - excess / max(base - base_df, excess, 1e-12))
        rmsea = float(np.sqrt(2 * excess / (model.df * total)))
        fits.append(Fit(chi_square, model.df, float(stats.chi2.sf(chi_square, model.df)), cfi, rmsea))
        shift = float(found.x[-1])
    return Invariance(fits[0], fits[1], fits[2], _level(fits), shift)


def _moments(answers: pl.DataFrame, name: str) -> Moments:
    values = answers.drop_nulls().to_numpy().astype(float)
    if len(values) < SMALLEST_GROUP:
        raise SurveyInputError(
            f"group {name} has {len(values)} complete answers; invariance needs at least {SMALLEST_GROUP}"
        )
    covariance = np.cov(values.T, bias=True)
    constant = [item for item, v in zip(answers.columns, np.diag(covariance), strict=True) if v <= 0]
    if constant:
        raise SurveyInputError(f"group {name}: everybody gave the same answer to {', '.join(constant)}")
    if np.linalg.cond(covariance) > LARGEST_CONDITION:
        raise SurveyInputError(f"group {name}: an item of {', '.join(answers.columns)} repeats the others; drop it")
    return len(values), values.mean(axis=0), covariance


def _start(_n: int, mean: Vector, covariance: Vector) -> tuple[Vector, Vector, Vector]:
    """Loadings, log unique variances and means of a group from a least-squares factor."""
    loading, unique = one_factor(covariance)
    return loading, np.log(np.maximum(unique, 0.05 * np.diag(covariance))), mean


@dataclass(frozen=True)
class _Part:
    """Where the numbers of one group stand in the parameters; -1: the factor's log variance or mean is 0."""

    loading: Index
    log_unique: Index
    intercept: Index
    log_variance: int = -1
    factor_mean: int = -1


@dataclass(frozen=True)
class _Model:
    """A pair of groups that share some parameters."""

    parts: tuple[_Part, _Part]
    df: int

    def start(self, values: list[tuple[Vector, Vector, Vector]]) -> Vector:
        """Start values; shared parameters start between the groups."""
        size = 1 + max(
            max(int(part.intercept.max()), int(part.log_unique.max()), part.log_variance, part.factor_mean)
            for part in self.parts
        )
        total, count = np.zeros(size), np.zeros(size)
        for part, (loading, log_unique, mean) in zip(self.parts, values, strict=True):
            for where, value in (
                (part.loading, loading),
                (part.log_unique, log_unique),
                (part.intercept, mean),
            ):
                total[where] += value
                count[where] += 1
        return total / np.maximum(count, 1)


def _models(k: int) -> tuple[_Model, _Model, _Model]:
    """Configural, metric and scalar for k items."""
    block = [np.arange(i * k, (i + 1) * k) for i in range(6)]
    moments = k * (k + 3)
    configural = (_Part(block[0], block[1], block[2]), _Part(block[3], block[4], block[5]))
    metric = (_Part(block[0], block[1], block[3]), _Part(block[0], block[2], block[4], 5 * k))
    scalar = (_Part(block[0], block[1], block[3]), _Part(block[0], block[2], block[3], 4 * k, 4 * k + 1))
    return (
        _Model(configural, moments - 6 * k),
        _Model(metric, moments - 5 * k - 1),
        _Model(scalar, moments - 4 * k - 2),
    )


def _discrepancy(x: Vector, model: _Model, moments: list[Moments]) -> tuple[float, Vector]:
    """Likelihood ratio chi square against the saturated model, and its gradient."""
    total, gradient = 0.0, np.zeros_like(x)
    for part, (n, mean, s) in zip(model.parts, moments, strict=True):
        loading = x[part.loading]
        unique = np.exp(np.clip(x[part.log_unique], -20, 20))
        variance = 1.0 if part.log_variance < 0 else float(np.exp(np.clip(x[part.log_variance], -20, 20)))
        factor_mean = 0.0 if part.factor_mean < 0 else float(x[part.factor_mean])
        implied = variance * np.outer(loading, loading) + np.diag(unique)
        inverse = np.linalg.inv(implied)
        gap = mean - x[part.intercept] - loading * factor_mean
        pull = inverse @ gap
        fit = np.linalg.slogdet(implied)[1] - np.linalg.slogdet(s)[1] + np.trace(s @ inverse) - len(mean)
        total += n * (fit + gap @ pull)
        slope = n * (inverse - inverse @ s @ inverse - np.outer(pull, pull))
        np.add.at(gradient, part.loading, 2 * variance * slope @ loading - 2 * n * factor_mean * pull)
        np.add.at(gradient, part.log_unique, np.diag(slope) * unique)
        np.add.at(gradient, part.intercept, -2 * n * pull)
        if part.log_variance >= 0:
            gradient[part.log_variance] += variance * loading @ slope @ loading
        if part.factor_mean >= 0:
            gradient[part.factor_mean] += -2 * n * loading @ pull
    return float(total), gradient


def _level(fits: list[Fit]) -> Level:
    if fits[0].cfi < SMALLEST_CFI:
        return "none"
    level: Level = "configural"
    names: tuple[Level, Level] = ("metric", "scalar")
    for before, after, name in zip(fits[:-1], fits[1:], names, strict=True):
        if before.cfi - after.cfi > LARGEST_CFI_DROP or after.rmsea - before.rmsea > LARGEST_RMSEA_RISE:
            return level
        level = name
    return level
