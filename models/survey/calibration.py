"""Calibration of weights to population margins, and trimming that keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from scipy import special

from models.survey.auxiliaries import stacked
from models.survey.columns import numbers, rows_text
from models.survey.design import SurveyInputError
from models.survey.margins import Margins, Target, targets

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    Floats = NDArray[np.float64]

CalibrationMethod = Literal["raking", "linear", "logit", "truncated"]
TOLERANCE = 1e-10  # largest |gap| / (1 + |total|) of a converged calibration
ACCEPTED = 1e-7  # a gap at which rounding may stop the iteration
ITERATIONS = 200
LARGEST_LOG_G = 600.0


@dataclass(frozen=True, eq=False)
class CalibrationResult:
    """Calibrated weights and how they came about.

    Attributes:
        weights: calibrated weight of each row.
        g_weights: calibrated over original weight.
        diagnostics: a row a margin category: `margin, category, n, target, before, after, gap_before_pct,
            gap_after_pct` (gaps relative to the target).
        iterations: Newton steps.
        kish_deff_before, kish_deff_after: n * sum w^2 / (sum w)^2, the loss of precision by unequal weights.
        notices: what should be told to the user.
    """

    weights: Floats
    g_weights: Floats
    diagnostics: pl.DataFrame
    iterations: int
    kish_deff_before: float
    kish_deff_after: float
    notices: tuple[str, ...]


def kish_deff(weights: Floats) -> float:
    """n * sum w^2 / (sum w)^2 over rows of positive weight (Kish 1965)."""
    positive = weights[weights != 0]
    return float(len(positive) * np.sum(positive**2) / np.sum(positive) ** 2)


def calibrate(
    frame: pl.DataFrame,
    margins: Margins,
    method: CalibrationMethod = "raking",
    *,
    bounds: tuple[float, float] | None = None,
    weight: str | None = None,
    weight_bounds: tuple[float, float] | None = None,
) -> CalibrationResult:
    """Weights close to the given ones whose weighted totals equal the margins (Deville and Saerndal 1992).

    Args:
        frame: respondents.
        margins: see `margins.targets`.
        method: `raking` (g = exp(x'b), always positive), `linear` (g = 1 + x'b, may be negative), `logit`
            (smooth between bounds), `truncated` (linear cut at bounds).
        bounds: lowest and highest g for `logit` (1 must lie between them) and `truncated`.
        weight: column of weights to start from; None starts from 1.
        weight_bounds: lowest and highest calibrated weight, only for `truncated`.

    Raises:
        SurveyInputError: for unusable margins, weights or bounds, and when no solution is found: the message
            names the margin that is furthest away, what it should be and what was reached.
    """
    start = _start_weights(frame, weight)
    wanted = targets(frame, margins, start)
    matrix = stacked([target.block for target in wanted])
    totals = np.concatenate([target.totals for target in wanted])
    distance = _distance(method, bounds, weight_bounds, start)
    g, iterations = _solve(_Equations(matrix, totals, start, distance), wanted)
    weights = start * g
    notices = []
    if (weights[start > 0] <= 0).any():
        count = int((weights[start > 0] <= 0).sum())
        notices.append(f"{count} calibrated weight(s) are zero or negative: use raking, logit or truncated instead")
    return CalibrationResult(
        weights,
        g,
        _diagnostics(wanted, start, weights),
        iterations,
        kish_deff(start),
        kish_deff(weights),
        tuple(notices),
    )


def _start_weights(frame: pl.DataFrame, weight: str | None) -> Floats:
    if weight is None:
        return np.ones(frame.height)
    start = numbers(frame, weight, "weight")
    bad = ~(np.isfinite(start) & (start >= 0))
    if bad.any():
        raise SurveyInputError(f"weight column {weight} is missing or negative in {rows_text(bad)}")
    if not (start > 0).any():
        raise SurveyInputError(f"weight column {weight} is zero in all rows")
    return start


@dataclass(frozen=True)
class _Distance:
    """How g follows from u = x'b, with its derivative; bounds are numbers or one per row."""

    method: CalibrationMethod
    low: Floats | float = -np.inf
    high: Floats | float = np.inf

    def g(self, u: Floats) -> Floats:
        if self.method == "linear":
            return 1 + u
        if self.method == "raking":
            return np.exp(np.minimum(u, 700.0))
        if self.method == "truncated":
            return np.clip(1 + u, self.low, self.high)
        return self.low + (self.high - self.low) * self._logistic(u)

    def slope(self, u: Floats) -> Floats:
        if self.method == "linear":
            return np.ones_like(u)
        if self.method == "raking":
            return np.exp(np.minimum(u, 700.0))
        if self.method == "truncated":
            return ((1 + u > self.low) & (1 + u < self.high)).astype(np.float64)
        p = self._logistic(u)
        return (self.high - self.low) * self._steepness * p * (1 - p)

    @property
    def _steepness(self) -> Floats | float:
        return (self.high - self.low) / ((1 - self.low) * (self.high - 1))

    def _logistic(self, u: Floats) -> Floats:
        centre = np.log((1 - self.low) / (self.high - 1))
        return special.expit(self._steepness * u + centre)


def _distance(
    method: CalibrationMethod,
    bounds: tuple[float, float] | None,
    weight_bounds: tuple[float, float] | None,
    start: Floats,
) -> _Distance:
    if method not in {"raking", "linear", "logit", "truncated"}:
        raise SurveyInputError(f"calibration method {method!r} is unknown: use raking, linear, logit or truncated")
    if method in {"raking", "linear"}:
        if bounds is not None or weight_bounds is not None:
            raise SurveyInputError(f"{method} calibration takes no bounds: use logit or truncated")
        return _Distance(method)
    if bounds is None and weight_bounds is None:
        raise SurveyInputError(f"{method} calibration needs bounds for the g-weights, e.g. 0.3 and 3")
    low, high = bounds if bounds is not None else (-np.inf, np.inf)
    if bounds is not None and not (0 <= low < 1 < high):
        raise SurveyInputError(f"bounds {low:g} and {high:g} must hold 0 <= low < 1 < high: they limit g = new / old")
    if weight_bounds is None:
        return _Distance(method, low, high)
    if method != "truncated":
        raise SurveyInputError("bounds for the weights themselves are only for truncated calibration")
    with np.errstate(divide="ignore", invalid="ignore"):
        row_low = np.where(start > 0, np.maximum(low, weight_bounds[0] / start), 0.0)
        row_high = np.where(start > 0, np.minimum(high, weight_bounds[1] / start), np.inf)
    return _Distance(method, row_low, row_high)


@dataclass(frozen=True)
class _Equations:
    """Margin equations: auxiliary variables, totals, starting weights, and how g follows from u = x'b."""

    matrix: sparse.csr_array
    totals: Floats
    start: Floats
    distance: _Distance

    def reached(self, u: Floats) -> Floats:
        """Totals that the weights at u give."""
        return self.matrix.T @ (self.start * self.distance.g(u))

    def gap(self, reached: Floats) -> float:
        """Largest miss, relative to 1 + |total| as in R `calibrate`."""
        return float(np.max(np.abs(self.totals - reached) / (1 + np.abs(self.totals))))

    def step(self, u: Floats, reached: Floats) -> Floats:
        """Newton's step for the coefficients."""
        slope = self.start * self.distance.slope(u)
        cross = (self.matrix.T @ (self.matrix * slope[:, None])).toarray()
        return _least_squares(cross, self.totals - reached)


def _solve(equations: _Equations, wanted: list[Target]) -> tuple[Floats, int]:
    """Damped Newton iteration on the margin equations; g-weights and steps."""
    solution = np.zeros(len(equations.totals))
    u = np.zeros(len(equations.start))
    reached = equations.reached(u)
    best = equations.gap(reached)
    iterations = 0
    while best >= TOLERANCE and iterations < ITERATIONS:
        found = _line_search(equations, solution, equations.step(u, reached), best)
        if found is None:
            break
        solution = found
        u = equations.matrix @ solution
        reached = equations.reached(u)
        best = equations.gap(reached)
        iterations += 1
    if best < ACCEPTED:
        return equations.distance.g(u), iterations
    raise SurveyInputError(_no_solution(wanted, equations, reached))


def _line_search(equations: _Equations, solution: Floats, step: Floats, best: float) -> Floats | None:
    """Halve the step until the largest gap shrinks; None when it does not."""
    for halving in range(30):
        trial = solution + step * 0.5**halving
        u = equations.matrix @ trial
        if equations.distance.method == "raking" and float(np.max(u)) > LARGEST_LOG_G:
            continue
        gap = equations.gap(equations.reached(u))
        if np.isfinite(gap) and gap < best:
            return trial
    return None


def _least_squares(cross: Floats, right: Floats) -> Floats:
    """Solve a symmetric system that is singular when margins overlap (each adds up to the population)."""
    size = np.sqrt(np.maximum(np.diag(cross), 1e-300))
    inverse = np.linalg.pinv(cross / np.outer(size, size), rcond=1e-11, hermitian=True)
    return (inverse @ (right / size)) / size


def _no_solution(wanted: list[Target], equations: _Equations, reached: Floats) -> str:
    names = [(target.block.name, label) for target in wanted for label in target.block.labels]
    totals, distance = equations.totals, equations.distance
    relative = np.abs(totals - reached) / (1 + np.abs(totals))
    worst = "; ".join(
        f"{names[i][0]} = {names[i][1]} should be {totals[i]:.10g} and reached {reached[i]:.10g}"
        for i in np.argsort(-relative)[:3]
        if relative[i] > TOLERANCE
    )
    why = "margins that cannot hold together in this sample (empty or nearly empty joint categories)"
    if distance.method in {"logit", "truncated"}:
        why = f"bounds that are too tight ({np.min(distance.low):g} to {np.max(distance.high):g}), or {why}"
    return f"{distance.method} calibration did not converge: {worst}. Likely cause: {why}"


def _diagnostics(wanted: list[Target], before: Floats, after: Floats) -> pl.DataFrame:
    rows = []
    for target in wanted:
        values = target.block.values
        count = np.bincount(values.nonzero()[1], minlength=len(target.block.labels))
        start, end = values.T @ before, values.T @ after
        for position, label in enumerate(target.block.labels):
            total = float(target.totals[position])
            rows.append(
                {
                    "margin": target.block.name,
                    "category": label,
                    "n": int(count[position]),
                    "target": total,
                    "before": float(start[position]),
                    "after": float(end[position]),
                    "gap_before_pct": 100 * (float(start[position]) / total - 1) if total else None,
                    "gap_after_pct": 100 * (float(end[position]) / total - 1) if total else None,
                }
            )
    return pl.DataFrame(rows)


def trim_weights(
    frame: pl.DataFrame,
    weight: str,
    lower: float = 0.0,
    upper: float = np.inf,
    margins: Margins | None = None,
) -> CalibrationResult:
    """Bring weights between limits.

    With margins the weights are moved as little as possible (truncated linear distance) such that all lie
    between the limits and still meet the margins. Without, what is cut off is spread evenly over the other
    rows, once (R `trimWeights`), so that only the sum is kept.

    Args:
        frame: respondents.
        weight: column of weights, in people.
        lower: lowest weight.
        upper: highest weight.
        margins: as for `calibrate`.

    Raises:
        SurveyInputError: when the limits exclude each other or no weights between them meet the margins.
    """
    start = _start_weights(frame, weight)
    if not lower < upper:
        raise SurveyInputError(f"limits {lower:g} and {upper:g}: the lower must be below the upper")
    if margins is not None:
        return calibrate(frame, margins, "truncated", weight=weight, weight_bounds=(lower, upper))
    is_outside = (start < lower) | (start > upper)
    weights = np.clip(start, lower, upper)
    if is_outside.all():
        raise SurveyInputError(f"all {len(start)} weights lie outside {lower:g} to {upper:g}")
    weights[~is_outside] += (start - weights).sum() / (~is_outside).sum()
    left = int(((weights < lower) | (weights > upper)).sum())
    notices = (f"{left} weight(s) are outside the limits again after spreading",) if left else ()
    with np.errstate(divide="ignore", invalid="ignore"):
        g = np.where(start > 0, weights / start, 1.0)
    empty = pl.DataFrame(
        schema={
            "margin": pl.String,
            "category": pl.String,
            "n": pl.Int64,
            "target": pl.Float64,
            "before": pl.Float64,
        }
        | {"after": pl.Float64, "gap_before_pct": pl.Float64, "gap_after_pct": pl.Float64}
    )
    return CalibrationResult(weights, g, empty, 0, kish_deff(start), kish_deff(weights), notices)
