"""Differences and other combinations of estimates, within a sample or between waves that share units."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import numpy as np
import polars as pl
from scipy import sparse, stats

from models.survey.design import SurveyInputError
from models.survey.intervals import critical_value
from models.survey.linearisation import residual_totals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from models.survey.estimation import Estimates


class Contrast(TypedDict):
    """A linear combination of estimates: value, standard error, t, two-sided p, df and interval."""

    difference: float
    se: float
    t: float
    p_value: float
    df: float
    ci_low: float
    ci_high: float


def combined(difference: float, variance: float, df: float, level: float = 0.95) -> Contrast:
    """Test and interval of a difference with known variance.

    Args:
        difference: the value, tested against 0.
        variance: its variance; tiny negative rounding counts as 0.
        df: degrees of freedom, inf for the normal distribution.
        level: confidence.
    """
    se = float(np.sqrt(max(variance, 0.0))) if np.isfinite(variance) else float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        t = float(np.divide(difference, se))
    p = float(2 * (stats.norm.sf(abs(t)) if np.isinf(df) else stats.t.sf(abs(t), df)))
    half = float(critical_value(df, level)) * se
    return Contrast(
        difference=difference,
        se=se,
        t=t,
        p_value=p,
        df=df,
        ci_low=difference - half,
        ci_high=difference + half,
    )


def contrast(estimates: Estimates, weights: Mapping[int | str | tuple[object, ...], float]) -> Contrast:
    """A weighted sum of estimates with the covariances between them (R `svycontrast` with `covmat=TRUE`).

    Args:
        estimates: rows of one call of `estimate`.
        weights: row number, or the values of the key columns (a tuple, or the bare value for one key
            column), to weight; e.g. `{("KZ-10", 2026): 1, ("KZ-10", 2025): -1}`.

    Returns:
        Value, standard error, t, two-sided p, degrees of freedom of the design, interval.

    Raises:
        SurveyInputError: when a row is not there or has no estimate.
    """
    rows = [_row(estimates, key) for key in weights]
    factors = np.asarray(list(weights.values()), dtype=np.float64)
    values = estimates.frame["estimate"].fill_null(float("nan")).to_numpy()[rows]
    if np.isnan(values).any():
        key = list(weights)[int(np.flatnonzero(np.isnan(values))[0])]
        raise SurveyInputError(f"the estimate for {key} is empty (no valid answers): nothing to compare")
    variance = float(factors @ estimates.covariance_of(rows) @ factors)
    return combined(float(factors @ values), variance, estimates.df, estimates.level)


def _row(estimates: Estimates, key: int | str | tuple[object, ...]) -> int:
    if isinstance(key, tuple):
        return estimates.row(*key)
    if isinstance(key, str):
        return estimates.row(key)
    if not 0 <= key < estimates.frame.height:
        raise SurveyInputError(f"there is no row {key}: the estimates have {estimates.frame.height} rows")
    return int(key)


def covariance_between(earlier: Estimates, later: Estimates) -> NDArray[np.float64]:
    """Covariances between the estimates of two waves whose primary units overlap.

    Units are the same when stratum and unit carry the same names in both waves. Each wave's unit totals are
    centred in their own stratum and the products of shared units summed; with the same units throughout this
    equals a joint analysis of both waves, with none shared it is zero (Kish 1965, 12.4; Berger and Priam
    2016 for the general case).

    Returns:
        A matrix, rows of `earlier` x rows of `later`.
    """
    left_labels, left = _labelled_totals(earlier)
    right_labels, right = _labelled_totals(later)
    shared = (
        pl.DataFrame({"label": left_labels})
        .with_row_index("left")
        .join(pl.DataFrame({"label": right_labels}).with_row_index("right"), on="label")
    )
    if shared.height == 0:
        return np.zeros((earlier.frame.height, later.frame.height))
    product = left[:, shared["left"].to_numpy()] @ right[:, shared["right"].to_numpy()].T
    return np.asarray(product, dtype=np.float64)


def _labelled_totals(estimates: Estimates) -> tuple[pl.Series, NDArray[np.float64]]:
    """Names of primary units and their centred, scaled totals (estimates x units)."""
    influence = estimates.influence
    stage = influence.sample.stages[0]
    rows = np.arange(estimates.frame.height)
    totals = influence.totals(1, rows)
    residuals = influence.residual_coefficients(rows)
    dense = totals.toarray() if residuals is None else residual_totals(totals, residuals, 1).T
    member = sparse.csr_array(
        (np.ones(len(stage.stratum)), (np.arange(len(stage.stratum)), stage.stratum)),
        shape=(len(stage.stratum), len(stage.selected)),
    )
    mean = (dense @ member) / stage.selected
    scale = np.where(stage.is_lonely, 0.0, stage.scale)[stage.stratum]
    centred = (dense - mean[:, stage.stratum]) * np.sqrt(scale)
    strata = influence.sample.stratum_labels.cast(pl.String)[stage.stratum]
    return strata + "\x1f" + influence.sample.unit_labels.cast(pl.String), centred


def change(
    earlier: Estimates, later: Estimates, keys: tuple[object, ...] | None = None, overlap: bool = True
) -> Contrast:
    """Later less earlier for one domain of two waves estimated apart.

    Args:
        earlier: estimates of the first wave.
        later: estimates of the second.
        keys: the domain's key values, the same in both; None when each has one row.
        overlap: take the covariance through shared primary units into account.

    Returns:
        The change with the degrees of freedom by Satterthwaite's approximation from both designs.
    """
    i = 0 if keys is None else earlier.row(*keys)
    j = 0 if keys is None else later.row(*keys)
    first, second = earlier.frame.row(i, named=True), later.frame.row(j, named=True)
    if first["estimate"] is None or second["estimate"] is None:
        raise SurveyInputError(f"the estimate for {keys} is empty in one of the waves: nothing to compare")
    a, b = first["se"] ** 2, second["se"] ** 2
    covariance = float(covariance_between(earlier, later)[i, j]) if overlap else 0.0
    df = float("inf")
    if np.isfinite(earlier.df) and np.isfinite(later.df) and a + b > 0:
        df = (a + b) ** 2 / (a**2 / max(earlier.df, 1) + b**2 / max(later.df, 1))
    return combined(second["estimate"] - first["estimate"], a + b - 2 * covariance, df, later.level)
