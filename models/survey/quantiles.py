"""Quantiles of a population with Woodruff's intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from models.survey.columns import domains, numbers
from models.survey.design import Design, SurveyInputError
from models.survey.intervals import critical_value
from models.survey.linearisation import cell_variances, index_cells
from models.survey.sampling import Sample, lay_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def quantiles(
    frame: pl.DataFrame,
    design: Design,
    outcome: str,
    shares: Sequence[float] = (0.25, 0.5, 0.75),
    *,
    by: Sequence[str] = (),
    level: float = 0.95,
) -> pl.DataFrame:
    """Values below which given shares of the population lie.

    A quantile is the smallest value at which the weighted distribution function reaches the share (R
    `svyquantile` with `qrule="math"`). Its interval maps the Wald interval of the share below it back
    through the distribution (Woodruff 1952, R `interval.type="mean"`); an end that leaves 0..1 is unknown.
    `se` is the interval's length over twice the quantile of t.

    Args:
        frame: one row a respondent.
        design: how the sample was drawn.
        outcome: numeric column; missing values leave the domain.
        shares: each above 0 and below 1.
        by: columns that define the domains.
        level: confidence.

    Returns:
        The `by` columns, `share, estimate, se, ci_low, ci_high, n, df`, with the degrees of freedom of the
        domain.

    Raises:
        SurveyInputError: for shares outside 0..1, no numbers, or trouble in the design.
    """
    wrong = [share for share in shares if not 0 < share < 1]
    if wrong or not shares:
        raise SurveyInputError(f"quantile shares must lie between 0 and 1, not {wrong or 'none'}")
    if design.calibration is not None:
        raise SurveyInputError("quantiles do not take calibrated errors: leave `calibration` out of the design")
    y = numbers(frame, outcome, "outcome")
    sample = lay_out(frame, design)
    valid = np.isfinite(y) & (sample.weights > 0)
    if not valid.any():
        raise SurveyInputError(f"outcome column {outcome} has no numbers")
    cells = domains(frame, by, valid)
    blocks = []
    for cell in range(cells.count):
        inside = (cells.code == cell) & valid
        table = _of_domain(sample, y, inside, shares, level)
        head = [pl.lit(cells.table[name][cell], dtype=cells.table.schema[name]).alias(name) for name in by]
        blocks.append(table.select(*head, pl.all()))
    return pl.concat(blocks).sort(*by, "share") if by else pl.concat(blocks)


def _of_domain(
    sample: Sample, y: Floats, inside: NDArray[np.bool_], shares: Sequence[float], level: float
) -> pl.DataFrame:
    values, weights = y[inside], sample.weights[inside]
    order = np.argsort(values, kind="stable")
    support, cumulated = values[order], np.cumsum(weights[order])
    cumulated = cumulated / cumulated[-1]
    code = np.where(inside, 0, -1).astype(np.int64)
    indexes = tuple(index_cells(stage, code) for stage in sample.stages)
    first = indexes[0]
    df = float(len(first.group_cell) - len(first.part_cell))
    t = float(critical_value(df, level))
    rows = []
    for share in shares:
        point = _reach(support, cumulated, share)
        below = (y <= point) & inside
        reached = float(np.sum(sample.weights * below) / weights.sum())
        z = np.where(inside, sample.weights * (below - reached) / weights.sum(), 0.0)
        half = t * float(np.sqrt(cell_variances(indexes, z, inside, 1, sample.design.lonely)[0]))
        low = _reach(support, cumulated, reached - half) if reached - half >= 0 else np.nan
        high = _reach(support, cumulated, reached + half) if reached + half <= 1 else np.nan
        rows.append((share, point, (high - low) / (2 * t), low, high, len(values), df))
    names = ["share", "estimate", "se", "ci_low", "ci_high", "n", "df"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(pl.col(pl.Float64).fill_nan(None))


def _reach(support: Floats, cumulated: Floats, share: float) -> float:
    """Smallest value whose cumulated share reaches `share`, forgiving rounding."""
    if not np.isfinite(share):
        return float("nan")
    position = int(np.searchsorted(cumulated, share - 1e-12))
    return float(support[min(position, len(support) - 1)])
