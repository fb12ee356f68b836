"""P values of many comparisons made at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.survey.design import SurveyInputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def _p_values(p: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    values = np.asarray(p, dtype=np.float64)
    known = np.isfinite(values)
    if ((values[known] < 0) | (values[known] > 1)).any():
        raise SurveyInputError("p values must lie between 0 and 1")
    return values, known


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Holm (1979) adjusted p values: control of the chance of any false claim.

    Args:
        p: p values; NaN stays NaN and is not counted as a comparison.
    """
    values, known = _p_values(p)
    tested = values[known]
    order = np.argsort(tested, kind="stable")
    count = len(tested)
    stepped = np.maximum.accumulate(tested[order] * (count - np.arange(count)))
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(stepped, 1.0)
    result = np.full(values.shape, np.nan)
    result[known] = adjusted
    return result


def benjamini_hochberg(p: ArrayLike) -> NDArray[np.float64]:
    """Benjamini and Hochberg (1995) adjusted p values: control of the expected share of false claims.

    Args:
        p: p values; NaN stays NaN and is not counted as a comparison.
    """
    values, known = _p_values(p)
    tested = values[known]
    count = len(tested)
    order = np.argsort(-tested, kind="stable")
    stepped = np.minimum.accumulate(tested[order] * count / (count - np.arange(count)))
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(stepped, 1.0)
    result = np.full(values.shape, np.nan)
    result[known] = adjusted
    return result
