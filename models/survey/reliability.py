"""How well the items of an indicator hang together: alpha, alpha without each item, and omega."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import optimize

from models.survey.design import SurveyInputError

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reliability:
    """Reliability of a sum (or mean) of items.

    Attributes:
        n: respondents with at least one answer (covariances are pairwise complete).
        alpha: Cronbach's raw alpha.
        standardised_alpha: alpha of the correlations.
        alpha_if_dropped: item -> raw alpha of the others; None for two items.
        omega: McDonald's omega total of a one-factor model fitted by least squares; None below three items.
        loadings: item -> loading on that factor, in units of the item; None below three items.
    """

    n: int
    alpha: float
    standardised_alpha: float
    alpha_if_dropped: dict[str, float] | None
    omega: float | None
    loadings: dict[str, float] | None


def reliability(items: pl.DataFrame, weight: pl.Series | None = None) -> Reliability:
    """Alpha and omega of the columns of a frame, all keyed in the same direction.

    Alpha after Cronbach (1951), omega total after McDonald (1999): the squared sum of loadings over that plus
    the sum of unique variances, for one factor fitted to the covariance matrix by unweighted least squares
    with unique variances held at or above zero.

    Args:
        items: one numeric column per item, null where there is no valid answer.
        weight: of each respondent; equal weights when None.

    Raises:
        SurveyInputError: with fewer than two items, or if an item is constant or never answered with another.
    """
    names = items.columns
    if len(names) < 2:
        raise SurveyInputError(f"reliability needs at least two items, not {names}")
    values = items.select(pl.all().cast(pl.Float64())).to_numpy()
    shares = np.ones(len(values)) if weight is None else weight.to_numpy().astype(float)
    covariance = pairwise_covariance(values, shares)
    _check(covariance, names)
    scale = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(scale, scale)
    dropped = omega = loadings = None
    if len(names) > 2:
        dropped = {name: alpha(np.delete(np.delete(covariance, i, 0), i, 1)) for i, name in enumerate(names)}
        factor, unique = one_factor(covariance)
        omega = float(factor.sum() ** 2 / (factor.sum() ** 2 + unique.sum()))
        loadings = dict(zip(names, factor.tolist(), strict=True))
    answered = int((~np.isnan(values)).any(axis=1).sum())
    return Reliability(answered, alpha(covariance), alpha(correlation), dropped, omega, loadings)


def alpha(covariance: Matrix) -> float:
    """Cronbach's alpha of a covariance (or correlation) matrix."""
    count = len(covariance)
    return float(count / (count - 1) * (1 - np.trace(covariance) / covariance.sum()))


def pairwise_covariance(values: Matrix, weights: npt.NDArray[np.float64]) -> Matrix:
    """Covariances from all rows in which both columns are answered, with weights scaled to mean one.

    Means are those of the pair's rows, and the divisor is n - 1, as in R's `cov(use = "pairwise")`.
    """
    present = ~np.isnan(values)
    filled = np.where(present, values, 0.0)
    scaled = weights / weights.mean()
    seen = present.astype(float)
    n = seen.T @ (seen * scaled[:, None])
    sums = filled.T @ (seen * scaled[:, None])
    products = filled.T @ (filled * scaled[:, None])
    # sums[i, j] is the weighted sum of item i over rows where item j is answered too.
    with np.errstate(invalid="ignore", divide="ignore"):
        return (products - sums * sums.T / n) / (n - 1)


def one_factor(covariance: Matrix) -> tuple[Matrix, Matrix]:
    """Loadings and unique variances of one factor, by unweighted least squares on the off-diagonal (minres).

    The sign is chosen so that loadings add up to a positive number.
    """
    scale = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(scale, scale)
    upper = np.triu_indices(len(correlation), 1)

    def residuals(loading: Matrix) -> Matrix:
        return (correlation - np.outer(loading, loading))[upper]

    values, vectors = np.linalg.eigh(correlation)
    start = np.clip(vectors[:, -1] * np.sqrt(values[-1]), -0.95, 0.95)
    fit = optimize.least_squares(residuals, start, bounds=(-1.0, 1.0), xtol=1e-14, ftol=1e-14, gtol=1e-14)
    loading = fit.x * (1.0 if fit.x.sum() >= 0 else -1.0)
    return loading * scale, (1 - loading**2) * scale**2


def _check(covariance: Matrix, names: list[str]) -> None:
    if np.isnan(covariance).any():
        i, j = np.argwhere(np.isnan(covariance))[0]
        raise SurveyInputError(
            f"items {names[i]} and {names[j]}: too few respondents answered both, so they have no covariance"
        )
    constant = [name for name, variance in zip(names, np.diag(covariance), strict=True) if variance <= 0]
    if constant:
        raise SurveyInputError(f"items {', '.join(constant)}: everybody gave the same answer, so they have no variance")
