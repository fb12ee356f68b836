"""Small areas: the Fay-Herriot model, which lends a weak direct estimate the strength of its covariates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from models.survey.design import SurveyInputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

FittingMethod = Literal["REML", "ML"]


@dataclass(frozen=True, eq=False)
class FayHerriot:
    """A fitted model y_i = x_i'b + v_i + e_i, v_i ~ N(0, sigma2_v), e_i ~ N(0, D_i) with D_i known.

    Attributes:
        beta: coefficients, the intercept first.
        beta_covariance: their covariance matrix.
        sigma2_v: variance between areas that the covariates leave.
        eblup: empirical best linear unbiased predictions, one an area; the synthetic x_i'b where there is no
            direct estimate.
        mse: their mean squared errors (Prasad and Rao 1990; Datta and Lahiri 2000 for ML).
        gamma: weight of the direct estimate in each prediction, 0..1.
        loglik: the maximised (restricted) log-likelihood.
        method: `REML` or `ML`.
        iterations: scoring steps.
    """

    beta: Floats
    beta_covariance: Floats
    sigma2_v: float
    eblup: Floats
    mse: Floats
    gamma: Floats
    loglik: float
    method: FittingMethod
    iterations: int


@dataclass(frozen=True)
class _Data:
    y: Floats
    x: Floats
    d: Floats

    def moments(self, sigma2: float) -> tuple[Floats, Floats, Floats, Floats]:
        """Inverse variances, (X'WX)^-1, beta and residuals at a variance between areas."""
        w = 1 / (self.d + sigma2)
        inverse = np.linalg.inv(self.x.T @ (self.x * w[:, None])).astype(np.float64)
        beta = inverse @ (self.x.T @ (w * self.y))
        return w, inverse, beta, self.y - self.x @ beta


def fay_herriot(
    estimate: ArrayLike,
    variance: ArrayLike,
    covariates: ArrayLike | None = None,
    method: FittingMethod = "REML",
    intercept: bool = True,
) -> FayHerriot:
    """Fit the model of Fay and Herriot (1979) by restricted or full maximum likelihood.

    The variance between areas is estimated by Fisher scoring and kept at zero when the likelihood falls from
    there.

    Args:
        estimate: direct estimate of each area; NaN for areas without one, which get a synthetic prediction.
        variance: its sampling variance, > 0, taken as known (smooth it first, see `smoothed_variances`).
        covariates: areas x covariates, none for a common mean.
        method: `REML` or `ML`.
        intercept: put a column of ones before the covariates.

    Raises:
        SurveyInputError: for missing covariates, variances that are not above zero, too few areas, collinear
            covariates.
    """
    y = np.asarray(estimate, dtype=np.float64)
    d = np.asarray(variance, dtype=np.float64)
    x = _design_matrix(covariates, len(y), intercept)
    known = _checked(y, d, x, method)
    data = _Data(y[known], x[known], d[known])
    sigma2, iterations = _variance_between(data, method)
    w, inverse, beta, residual = data.moments(sigma2)
    gamma = np.zeros(len(y))
    gamma[known] = sigma2 * w
    fitted = x @ beta
    eblup = fitted.copy()
    eblup[known] += gamma[known] * residual
    mse = _mse(data, x, known, sigma2, method)
    return FayHerriot(beta, inverse, sigma2, eblup, mse, gamma, _loglik(data, sigma2, method), method, iterations)


def _design_matrix(covariates: ArrayLike | None, areas: int, intercept: bool) -> Floats:
    columns = np.empty((areas, 0)) if covariates is None else np.asarray(covariates, dtype=np.float64)
    if columns.ndim == 1:
        columns = columns[:, None]
    if columns.shape[0] != areas:
        raise SurveyInputError(f"there are {areas} areas but covariates for {columns.shape[0]}")
    return np.column_stack([np.ones(areas), columns]) if intercept else columns


def _checked(y: Floats, d: Floats, x: Floats, method: FittingMethod) -> NDArray[np.bool_]:
    if method not in {"REML", "ML"}:
        raise SurveyInputError(f"method {method!r} is unknown: use REML or ML")
    if d.shape != y.shape:
        raise SurveyInputError(f"there are {len(y)} estimates but {len(d)} variances")
    if not np.isfinite(x).all():
        rows = np.flatnonzero(~np.isfinite(x).all(axis=1))
        raise SurveyInputError(f"covariates are missing in {len(rows)} area(s), first: row {rows[0] + 1}")
    known = np.isfinite(y)
    bad = known & ~(d > 0)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise SurveyInputError(
            f"the sampling variance is missing or not above zero in {int(bad.sum())} area(s), first: row "
            f"{first + 1} "
            f"({d[first]:g}): smooth the variances first"
        )
    if known.sum() <= x.shape[1] + 1:
        raise SurveyInputError(
            f"{int(known.sum())} areas with an estimate are too few for {x.shape[1]} coefficients and a variance"
        )
    if np.linalg.matrix_rank(x[known]) < x.shape[1]:
        raise SurveyInputError("the covariates are collinear (one is a combination of others): drop one")
    return known


def _score(data: _Data, sigma2: float, method: FittingMethod) -> tuple[float, float]:
    """First derivative of the (restricted) log-likelihood by sigma2 and its information."""
    w, inverse, _, residual = data.moments(sigma2)
    squares = float(np.sum((w * residual) ** 2))
    if method == "ML":
        return 0.5 * (squares - float(w.sum())), 0.5 * float(np.sum(w**2))
    x = data.x
    trace_p = float(w.sum() - np.trace(inverse @ (x.T @ (x * (w**2)[:, None]))))
    once = inverse @ (x.T @ (x * (w**2)[:, None]))
    trace_pp = float(np.sum(w**2) - 2 * np.trace(inverse @ (x.T @ (x * (w**3)[:, None]))) + np.trace(once @ once))
    return 0.5 * (squares - trace_p), 0.5 * trace_pp


def _variance_between(data: _Data, method: FittingMethod) -> tuple[float, int]:
    """Fisher scoring from the median sampling variance, halving steps that lower the likelihood."""
    sigma2 = float(np.median(data.d))
    current = _loglik(data, sigma2, method)
    for iteration in range(1, 501):
        score, information = _score(data, sigma2, method)
        step = score / information
        trial = max(sigma2 + step, 0.0)
        value = _loglik(data, trial, method)
        while value < current - 1e-14 * abs(current) and abs(step) > 1e-15 * sigma2:
            step /= 2
            trial = max(sigma2 + step, 0.0)
            value = _loglik(data, trial, method)
        moved = abs(trial - sigma2)
        sigma2, current = trial, value
        if moved <= 1e-12 * (sigma2 + float(np.median(data.d))):
            return sigma2, iteration
    raise SurveyInputError(f"the Fay-Herriot variance did not settle within 500 steps (at {sigma2:g})")


def _loglik(data: _Data, sigma2: float, method: FittingMethod) -> float:
    w, inverse, _, residual = data.moments(sigma2)
    n, p = data.x.shape
    value = float(np.sum(np.log(w)) - np.sum(w * residual**2))
    if method == "ML":
        return 0.5 * (value - n * np.log(2 * np.pi))
    signs = np.linalg.slogdet(inverse)[1] + np.linalg.slogdet(data.x.T @ data.x)[1]
    return float(0.5 * (value + signs - (n - p) * np.log(2 * np.pi)))


def _mse(data: _Data, x: Floats, known: NDArray[np.bool_], sigma2: float, method: FittingMethod) -> Floats:
    """Mean squared error g1 + g2 + 2 g3, less the bias of ML; that of x'b where there is no estimate."""
    w, inverse, _, _ = data.moments(sigma2)
    gamma = sigma2 * w
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    mse = sigma2 + leverage
    asymptotic = 2 / float(np.sum(w**2))
    g1 = gamma * data.d
    g2 = (1 - gamma) ** 2 * leverage[known]
    g3 = data.d**2 * w**3 * asymptotic
    result = g1 + g2 + 2 * g3
    if method == "ML":
        spread = np.trace(inverse @ (data.x.T @ (data.x * (w**2)[:, None])))
        bias = -spread / float(np.sum(w**2))
        result = result - bias * (1 - gamma) ** 2
    mse[known] = result
    return mse


def smoothed_variances(variance: ArrayLike, n: ArrayLike, proportion: ArrayLike | None = None) -> Floats:
    """Sampling variances smoothed by one design effect over all areas.

    A direct variance from a handful of units is itself almost noise, and zero where all agree. The
    generalised variance function here is var_i = deff * p_i (1 - p_i) / n_i with p_i shrunk to the mean of
    all areas, or var_i = s2 / n_i when no proportion is given; the constant is fitted over areas with a
    variance, by weights n.

    Args:
        variance: direct variances; zero, NaN or missing where they could not be estimated.
        n: respondents of each area.
        proportion: direct estimates in 0..1.

    Returns:
        A variance above zero for every area with n > 0, NaN for the others.

    Raises:
        SurveyInputError: when no area has a variance.
    """
    v = np.asarray(variance, dtype=np.float64)
    size = np.asarray(n, dtype=np.float64)
    usable = np.isfinite(v) & (v > 0) & (size > 1)
    if not usable.any():
        raise SurveyInputError("no area has a sampling variance above zero: nothing to smooth from")
    if proportion is None:
        unit = np.ones_like(v)
    else:
        p = np.asarray(proportion, dtype=np.float64)
        known = np.isfinite(p)
        centre = float(np.sum(p[known] * size[known]) / np.sum(size[known]))
        shrunk = np.where(known, (size * np.nan_to_num(p) + 10 * centre) / (size + 10), centre)
        unit = shrunk * (1 - shrunk)
    factor = float(np.sum(v[usable] * size[usable] ** 2) / np.sum(unit[usable] * size[usable]))
    return np.where(size > 0, factor * unit / np.maximum(size, 1), np.nan)


def benchmarked(eblup: ArrayLike, mse: ArrayLike, share: ArrayLike, total: float) -> tuple[Floats, Floats]:
    """Predictions moved so that their weighted mean is the direct estimate of the whole.

    The difference is spread in proportion to mse_i * share_i, the least-squares way (Wang, Fuller and Qu
    2008; Pfeffermann and Barnard 1991), so that certain areas move least.

    Args:
        eblup: predictions of the parts.
        mse: their mean squared errors.
        share: population shares of the parts; brought to sum 1.
        total: the direct estimate of the whole.

    Returns:
        Moved predictions, and mean squared errors enlarged by the squared moves.
    """
    parts, errors = np.asarray(eblup, dtype=np.float64), np.asarray(mse, dtype=np.float64)
    weights = np.asarray(share, dtype=np.float64)
    if not (weights >= 0).all() or not weights.sum() > 0:
        raise SurveyInputError("population shares must be zero or more and not all zero")
    weights = weights / weights.sum()
    pull = errors * weights
    scale = float(weights @ pull)
    pull = pull / scale if scale > 0 else np.ones_like(parts)
    move = pull * (total - float(weights @ parts))
    return parts + move, errors + move**2
