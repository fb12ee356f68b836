"""Replicate weights: jackknife, balanced half-samples and bootstrap, beside or in place of linearisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from scipy import linalg, sparse

from models.survey.columns import domains
from models.survey.design import Design, SurveyInputError
from models.survey.intervals import critical_value
from models.survey.linearisation import raise_lonely
from models.survey.outcomes import Kind, Variable, variables
from models.survey.sampling import Sample, Stage, lay_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ReplicateMethod = Literal["JK1", "JKn", "BRR", "Fay", "bootstrap"]


@dataclass(frozen=True, eq=False)
class ReplicateWeights:
    """What each replicate multiplies the weights of each primary unit with, and how to sum the deviations.

    Attributes:
        method: how they were made.
        factors: units x replicates.
        scale: factor of the sum of squares over all replicates.
        replicate_scales: factor of each replicate's square.
        df: degrees of freedom.
        sample: the data under their design.
    """

    method: ReplicateMethod
    factors: Floats
    scale: float
    replicate_scales: Floats
    df: float
    sample: Sample


def replicate_weights(
    frame: pl.DataFrame,
    design: Design,
    method: ReplicateMethod,
    *,
    replicates: int = 500,
    rho: float = 0.5,
    seed: int = 0,
) -> ReplicateWeights:
    """Build replicate weights from the first stage of a design.

    `JK1` leaves out one unit at a time (no strata), `JKn` one unit of one stratum, `BRR` keeps one of two
    units of every stratum in a balanced way, `Fay` weights them 2 - rho and rho, `bootstrap` redraws n - 1
    units with replacement in each stratum (Rao, Wu and Yue 1992). Population sizes of the first stage enter
    the scale of the jackknives and shrink the bootstrap; BRR and Fay ignore them. Agrees with R
    `as.svrepdesign` for `JK1`, `JKn` and, up to the choice of the Hadamard matrix, `BRR` and `Fay`;
    `bootstrap` is R's `subbootstrap`.

    Args:
        frame: one row a respondent.
        design: how the sample was drawn.
        method: see above.
        replicates: number of bootstrap samples.
        rho: Fay's factor, 0 <= rho < 1.
        seed: of the bootstrap.

    Raises:
        SurveyInputError: when the method does not suit the design, naming the strata.
    """
    sample = lay_out(frame, design)
    stage = sample.stages[0]
    df = float(sample.degrees_of_freedom)
    if method == "JK1":
        if len(stage.selected) > 1:
            raise SurveyInputError(f"JK1 is for designs without strata; this one has {len(stage.selected)}: use JKn")
        units = len(stage.stratum)
        factors = np.full((units, units), units / (units - 1))
        np.fill_diagonal(factors, 0.0)
        scale = float(stage.remaining[0]) * (units - 1) / units
        return ReplicateWeights(method, factors, scale, np.ones(units), df, sample)
    if method == "JKn":
        return _stratified_jackknife(sample, stage, df)
    if method in {"BRR", "Fay"}:
        return _half_samples(sample, stage, method, 0.0 if method == "BRR" else rho)
    if method == "bootstrap":
        return _bootstrap(sample, stage, replicates, seed, df)
    raise SurveyInputError(f"method {method!r} is unknown: use JK1, JKn, BRR, Fay or bootstrap")


def _check_lonely(sample: Sample, stage: Stage) -> None:
    if sample.design.lonely == "fail" and stage.is_lonely.any():
        raise_lonely(stage, np.flatnonzero(stage.is_lonely))


def _stratified_jackknife(sample: Sample, stage: Stage, df: float) -> ReplicateWeights:
    _check_lonely(sample, stage)
    units = len(stage.stratum)
    selected = stage.selected[stage.stratum]
    same = stage.stratum[:, None] == stage.stratum[None, :]
    factors = np.where(same, (selected / np.maximum(selected - 1, 1))[:, None], 1.0)
    np.fill_diagonal(factors, 0.0)
    used = np.flatnonzero(selected > 1)
    scales = (stage.remaining[stage.stratum] * (selected - 1) / selected)[used]
    factor = units / len(used) if sample.design.lonely == "average" else 1.0
    return ReplicateWeights("JKn", factors[:, used], factor, scales, df, sample)


def _half_samples(sample: Sample, stage: Stage, method: ReplicateMethod, rho: float) -> ReplicateWeights:
    wrong = np.flatnonzero(stage.selected != 2)
    if len(wrong):
        names = ", ".join(f"{stage.stratum_names[int(code)]} ({stage.selected[code]})" for code in wrong[:5])
        raise SurveyInputError(
            f"{method} needs two sampling units in every stratum; {len(wrong)} stratum/strata have others: {names}"
        )
    if not 0 <= rho < 1:
        raise SurveyInputError(f"Fay's factor rho is {rho:g}; it must be 0 or more and below 1")
    strata = len(stage.selected)
    count = 1 << int(strata).bit_length()
    signs = linalg.hadamard(count)[:, 1 : strata + 1]
    order = np.argsort(stage.stratum, kind="stable")
    side = np.empty(len(order))
    side[order] = np.tile([1.0, -1.0], strata)
    factors = 1 + (1 - rho) * side[:, None] * signs.T[stage.stratum]
    return ReplicateWeights(method, factors, 1 / (count * (1 - rho) ** 2), np.ones(count), float(strata), sample)


def _bootstrap(sample: Sample, stage: Stage, replicates: int, seed: int, df: float) -> ReplicateWeights:
    if replicates < 2:
        raise SurveyInputError(f"{replicates} bootstrap replicates are too few: use 200 or more")
    _check_lonely(sample, stage)
    generator = np.random.default_rng(seed)
    factors = np.ones((len(stage.stratum), replicates))
    for code, selected in enumerate(stage.selected):
        if selected < 2:
            continue
        units = np.flatnonzero(stage.stratum == code)
        drawn = generator.multinomial(selected - 1, np.full(selected, 1 / selected), size=replicates).T
        shrink = np.sqrt(max(float(stage.remaining[code]), 0.0))
        factors[units] = 1 - shrink + shrink * drawn * selected / (selected - 1)
    return ReplicateWeights(
        "bootstrap", factors, 1 / (replicates - 1), np.ones(replicates), min(df, replicates - 1.0), sample
    )


def replicate_estimates(
    frame: pl.DataFrame,
    replicates: ReplicateWeights,
    outcome: str,
    kind: Kind = "mean",
    *,
    denominator: str | None = None,
    by: Sequence[str] = (),
    level: float = 0.95,
    centre: Literal["replicates", "estimate"] = "replicates",
) -> pl.DataFrame:
    """Estimates with variances from replicates (R `svymean` on a `svrepdesign`).

    Args:
        frame: the rows the replicates were made from, in the same order.
        replicates: from `replicate_weights`.
        outcome: column, as in `estimation.estimate`.
        kind: what to estimate.
        denominator: for ratios.
        by: columns that define the domains.
        level: confidence of the Wald intervals.
        centre: deviations from the mean of the replicates (R's default) or from the full-sample estimate.

    Returns:
        `level` for categories, the `by` columns, `estimate, se, ci_low, ci_high, n, df`.
    """
    sample = replicates.sample
    if frame.height != len(sample.weights):
        raise SurveyInputError(f"the replicates are for {len(sample.weights)} rows, the data have {frame.height}")
    cells = domains(frame, by, sample.weights > 0)
    blocks = []
    for variable in variables(frame, [outcome], kind, denominator):
        used = variable.is_valid & (sample.weights > 0) & (cells.code >= 0)
        thetas, point = _replicated(replicates, variable, kind, cell=cells.code, cells=cells.count, used=used)
        middle = thetas.mean(axis=1, keepdims=True) if centre == "replicates" else point[:, None]
        variance = replicates.scale * ((thetas - middle) ** 2 @ replicates.replicate_scales)
        se = np.sqrt(variance)
        half = float(critical_value(replicates.df, level)) * se
        n = np.bincount(cells.code[used], minlength=cells.count)
        block = pl.DataFrame(
            {"estimate": point, "se": se, "ci_low": point - half, "ci_high": point + half, "n": n}
        ).with_columns(df=pl.lit(replicates.df))
        heads = [cells.table, block] if by else [block]
        table = pl.concat(heads, how="horizontal")
        if variable.level is not None:
            table = table.select(pl.lit(variable.level).alias("level"), pl.all())
        blocks.append(table)
    return pl.concat(blocks).with_columns(pl.col(pl.Float64).fill_nan(None))


def _replicated(
    replicates: ReplicateWeights,
    variable: Variable,
    kind: Kind,
    *,
    cell: NDArray[np.int64],
    cells: int,
    used: NDArray[np.bool_],
) -> tuple[Floats, Floats]:
    """Estimates of every cell in every replicate, and in the full sample."""
    unit = replicates.sample.stages[0].unit
    rows = np.flatnonzero(used)
    weights = replicates.sample.weights[rows]

    def sums(values: Floats) -> sparse.csr_array:
        shape = (cells, replicates.factors.shape[0])
        return sparse.csr_array((weights * values[rows], (cell[rows], unit[rows])), shape=shape)

    top = sums(variable.values)
    if kind == "total":
        return top @ replicates.factors, np.asarray(top.sum(axis=1)).ravel()
    below = sums(np.ones(len(used)) if variable.denominator is None else variable.denominator)
    with np.errstate(invalid="ignore", divide="ignore"):
        thetas = (top @ replicates.factors) / (below @ replicates.factors)
        point = np.asarray(top.sum(axis=1)).ravel() / np.asarray(below.sum(axis=1)).ravel()
    return thetas, point
