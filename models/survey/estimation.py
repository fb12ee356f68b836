"""Design-based means, proportions, ratios and totals for any classification, with their errors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import polars as pl
from scipy import sparse

from models.survey.auxiliaries import Residuals, residual_projection
from models.survey.columns import Domains, domains
from models.survey.design import Design, SurveyInputError
from models.survey.intervals import METHODS, IntervalMethod, proportion_interval, wald
from models.survey.linearisation import (
    DENSE_BLOCK,
    CellIndex,
    cell_variances,
    centred_products,
    covariance_of_totals,
    index_cells,
    residual_totals,
    unit_totals,
)
from models.survey.outcomes import Kind, Variable, variables
from models.survey.sampling import Sample, lay_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DegreesOfFreedom = Literal["design", "inf"]
RESULT_COLUMNS = ("estimate", "se", "ci_low", "ci_high", "n", "n_eff", "deff", "df", "df_domain", "cv")


@dataclass(frozen=True, eq=False)
class Influence:
    """Linearised values of a set of estimates, kept so that covariances can be had when they are asked for.

    Attributes:
        sample: the data under their design.
        indexes: cells in units and strata, one a stage.
        columns: per variable, the influence of each row on the estimate of the row's cell.
        residuals: per variable, the part that calibration explains; None for designs without calibration.
        position: per variable, the row of the estimates for each cell, -1 for none.
    """

    sample: Sample
    indexes: tuple[CellIndex, ...]
    columns: tuple[Floats, ...]
    residuals: tuple[Residuals | None, ...]
    position: tuple[NDArray[np.int64], ...]

    def totals(self, stage: int, rows: NDArray[np.int64]) -> sparse.csr_array:
        """Unit totals (estimates x units) of chosen estimates at a stage, before calibration residuals."""
        chosen = np.full(max(int(p.max(initial=-1)) for p in self.position) + 2, -1, dtype=np.int64)
        chosen[rows] = np.arange(len(rows))
        parts = [
            unit_totals(self.indexes[stage - 1], z, np.where(p >= 0, chosen[p], -1), len(rows))
            for z, p in zip(self.columns, self.position, strict=True)
        ]
        whole = parts[0]
        for part in parts[1:]:
            whole = whole + part
        return sparse.csr_array(whole)

    def residual_coefficients(self, rows: NDArray[np.int64]) -> Residuals | None:
        """Residual projection with the coefficients of chosen estimates."""
        first = self.residuals[0]
        if first is None:
            return None
        total = sum(len(p) for p in self.position)
        stacked = np.zeros((first.inverse.shape[0], total))
        for part, p in zip(self.residuals, self.position, strict=True):
            if part is not None:
                stacked[:, p[p >= 0]] = part.coefficients[:, p >= 0]
        return replace(first, coefficients=stacked[:, rows])

    def covariance(self, rows: NDArray[np.int64]) -> Floats:
        """Covariance matrix of chosen estimates (row numbers of the frame)."""
        policy = self.sample.design.lonely
        residuals = self.residual_coefficients(rows)
        matrix = np.zeros((len(rows), len(rows)))
        for stage in self.sample.stages:
            totals = self.totals(stage.number, rows)
            if residuals is None:
                matrix += covariance_of_totals(stage, totals, policy)
            else:
                dense = residual_totals(totals, residuals, stage.number)
                centred = centred_products(self.sample, stage.number, dense, policy)
                matrix += centred.T @ centred
        return matrix


@dataclass(frozen=True, eq=False)
class Estimates:
    """A table of estimates and what is needed to combine them.

    Attributes:
        frame: one row an estimate: the `by` columns (before them `outcome` when several were asked for, and
            `level` for categories), then `estimate, se, ci_low, ci_high, n, n_eff, deff, df, df_domain, cv`.
            `n` counts rows with a valid outcome and positive weight. `deff` compares with simple random
            sampling with replacement of `n` (R `deff="replace"`), `n_eff` = n / deff; where the variance is
            zero, as for proportions of 0 and 1, `n_eff` is Kish's (sum w)^2 / sum w^2. `df` is what the
            interval used, `df_domain` counts only units and strata that the domain meets.
        keys: names of the columns that identify a row.
        kind: what was estimated.
        level: confidence of the intervals.
        df: degrees of freedom of the whole design, inf when so asked.
        notices: what should be told to the user about the input.
        influence: linearised values.
    """

    frame: pl.DataFrame
    keys: tuple[str, ...]
    kind: Kind
    level: float
    df: float
    notices: tuple[str, ...]
    influence: Influence

    @cached_property
    def covariance(self) -> Floats:
        """Covariances between all rows of `frame`, computed when first asked for."""
        return self.covariance_of(range(self.frame.height))

    def covariance_of(self, rows: Sequence[int]) -> Floats:
        """Covariances between chosen rows; the diagonal agrees with `se`."""
        chosen = np.asarray(rows, dtype=np.int64)
        matrix = self.influence.covariance(chosen)
        variance = self.frame["se"].fill_null(float("nan")).to_numpy()[chosen] ** 2
        np.fill_diagonal(matrix, variance)
        return matrix

    def row(self, *key: object) -> int:
        """Row number of the estimate whose key columns hold these values.

        Raises:
            SurveyInputError: when none does.
        """
        if len(key) != len(self.keys):
            raise SurveyInputError(f"an estimate is named by {self.keys}, not by {key}")
        mask = np.ones(self.frame.height, dtype=bool)
        for name, value in zip(self.keys, key, strict=True):
            mask &= (self.frame[name].cast(pl.String) == str(value)).fill_null(False).to_numpy()
        found = np.flatnonzero(mask)
        if len(found) != 1:
            seen = self.frame.select(self.keys).head(20).rows()
            raise SurveyInputError(f"no estimate for {dict(zip(self.keys, key, strict=True))}; there are {seen}")
        return int(found[0])


def estimate(
    frame: pl.DataFrame,
    design: Design,
    outcome: str | Sequence[str],
    kind: Kind = "mean",
    *,
    denominator: str | None = None,
    by: Sequence[str] = (),
    ci: IntervalMethod | None = None,
    df: DegreesOfFreedom = "design",
    level: float = 0.95,
) -> Estimates:
    """Estimate an outcome, or several, for the whole population or for every cell of a classification.

    Variances by Taylor linearisation, as R `svymean`, `svytotal`, `svyratio` and `svyby` of package survey.
    Rows with a missing outcome leave the domain but not the design (R `na.rm=TRUE`); rows with a missing
    `by` value belong to no domain. Wald intervals use the degrees of freedom of the design, all others those
    of the domain (R `svyciprop` on a subset: units less strata among the domain's rows, valid outcome or
    not).

    Args:
        frame: one row a respondent.
        design: how the sample was drawn.
        outcome: column or columns. Text is estimated level by level, yes/no text as the share of yes.
        kind: `mean`, `proportion`, `ratio` or `total`.
        denominator: column under the outcome, for ratios.
        by: columns that define the domains; only cells that occur are returned, in sorted order.
        ci: interval; default `logit` for proportions and `wald` otherwise. Other than Wald needs values 0
            and 1.
        df: `design`, or `inf` for normal quantiles.
        level: confidence of the intervals.

    Raises:
        SurveyInputError: with the names and numbers involved.
    """
    names = [outcome] if isinstance(outcome, str) else list(outcome)
    found = variables(frame, names, kind, denominator)
    method = _interval_method(ci, kind, found)
    clash = sorted(set(by) & {*RESULT_COLUMNS, "level", "outcome"})
    if clash:
        raise SurveyInputError(f"classifying column(s) {', '.join(clash)} have names of results: rename them")
    sample = lay_out(frame, design)
    cells = domains(frame, by, sample.weights > 0)
    if cells.count == 0:
        raise SurveyInputError(f"no row has a value in all of {', '.join(by)}: there is no domain to estimate for")
    indexes = tuple(index_cells(stage, cells.code) for stage in sample.stages)
    context = _Context(sample, cells, indexes, residual_projection(frame, sample), kind, method, df, level)
    has_level = any(variable.level is not None for variable in found)
    keys = (*(("outcome",) if len(names) > 1 else ()), *(("level",) if has_level else ()), *by)
    return context.estimates(found, keys)


def _interval_method(ci: IntervalMethod | None, kind: Kind, found: list[Variable]) -> IntervalMethod:
    method = ci or ("logit" if kind == "proportion" else "wald")
    if method not in METHODS:
        raise SurveyInputError(f"interval {method!r} is unknown: use {', '.join(METHODS)}")
    if method == "wald" or kind == "proportion":
        return method
    for variable in found:
        known = variable.values[variable.is_valid]
        if kind != "mean" or not np.isin(known, (0.0, 1.0)).all():
            raise SurveyInputError(
                f"a {method} interval is for proportions; {variable.outcome} is estimated as a {kind} of "
                f"other values "
                "than 0 and 1: use wald"
            )
    return method


class _Inside(NamedTuple):
    """Rows that count for a variable, their weights, and per cell: rows, sum of weights, Kish's rows."""

    used: NDArray[np.bool_]
    w: Floats
    n: Floats
    weight_sum: Floats
    kish: Floats


@dataclass(frozen=True)
class _Context:
    """What all variables of one call share."""

    sample: Sample
    cells: Domains
    indexes: tuple[CellIndex, ...]
    projection: Residuals | None
    kind: Kind
    method: IntervalMethod
    df: DegreesOfFreedom
    level: float

    @cached_property
    def domain_df(self) -> Floats:
        """Units less strata that each cell meets with positive weight."""
        index, count = self.indexes[0], self.cells.count
        units = np.bincount(index.group_cell, minlength=count)
        strata = np.bincount(index.part_cell, minlength=count)
        return (units - strata).astype(np.float64)

    @cached_property
    def domain_rows(self) -> Floats:
        """Rows of each cell, valid outcome or not."""
        return _sums(self.cells, np.ones(len(self.cells.code)))

    def estimates(self, found: Sequence[Variable], keys: tuple[str, ...]) -> Estimates:
        """All variables in one table, variable by variable."""
        blocks, columns, residuals = zip(*(self.block(variable) for variable in found), strict=True)
        order = tuple(np.arange(self.cells.count, dtype=np.int64) + self.cells.count * i for i in range(len(found)))
        influence = Influence(self.sample, self.indexes, columns, residuals, order)
        table = pl.concat(blocks).select(*keys, *RESULT_COLUMNS)
        df = float("inf") if self.df == "inf" else float(self.sample.degrees_of_freedom)
        return Estimates(table, keys, self.kind, self.level, df, self.sample.notices, influence)

    def block(self, variable: Variable) -> tuple[pl.DataFrame, Floats, Residuals | None]:
        """Rows of the table, influence values and residual projection of one variable."""
        sample, cells = self.sample, self.cells
        used = variable.is_valid & (sample.weights > 0) & (cells.code >= 0)
        w = sample.weights if used.all() else np.where(used, sample.weights, 0.0)
        n = _sums(cells, used.astype(np.float64))
        weight_sum = _sums(cells, w)
        kish = weight_sum**2 / np.maximum(_sums(cells, w * w), np.finfo(float).tiny)
        inside = _Inside(used, w, n, weight_sum, kish)
        point, z, srs = self._linearise(variable, inside)
        residual, variance = self._variance(z, used)
        is_rounding = variance < 1e-20 * np.where(srs > 0, srs, 0.0)  # fixed by the design or by calibration
        se = np.sqrt(np.where(is_rounding, 0.0, np.maximum(variance, 0.0)))
        empty = n == 0
        point, se = np.where(empty, np.nan, point), np.where(empty, np.nan, se)
        return self._table(variable, point, se, srs, inside), z, residual

    def _linearise(self, variable: Variable, inside: _Inside) -> tuple[Floats, Floats, Floats]:
        """Estimates, influence values, and the variance under simple random sampling with replacement."""
        cells, code = self.cells, self.cells.code
        used, w, n, weight_sum, _ = inside
        y = variable.values if used.all() else np.where(used, variable.values, 0.0)
        sum_y = _sums(cells, w * y)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = sum_y / weight_sum
            if variable.denominator is not None:
                x = np.where(used, variable.denominator, 0.0)
                sum_x = _sums(cells, w * x)
                self._check_denominator(sum_x, n)
                point = sum_y / sum_x
                centred = np.where(used, (y - point[code] * x) / sum_x[code], 0.0)
                z = w * centred
                spread = _sums(cells, w * centred**2) / weight_sum - (_sums(cells, z) / weight_sum) ** 2
                return point, z, spread * n / (n - 1) * weight_sum**2 / n
            deviation = y - mean[code]
            if not used.all():
                deviation[~used] = 0.0
            weighted = w * deviation
            spread = _sums(cells, weighted * deviation) / weight_sum * n / (n - 1)
            if self.kind == "total":
                return sum_y, w * y, spread * weight_sum**2 / n
            weighted *= (1 / np.where(weight_sum > 0, weight_sum, 1.0))[code]
            return mean, weighted, spread / n

    def _check_denominator(self, sum_x: Floats, n: Floats) -> None:
        zero = np.flatnonzero((sum_x == 0) & (n > 0))
        if len(zero):
            where = self.cells.table.row(int(zero[0])) if self.cells.table.width else "the whole sample"
            raise SurveyInputError(f"the denominator of the ratio sums to zero in {len(zero)} domain(s), e.g. {where}")

    def _variance(self, z: Floats, used: NDArray[np.bool_]) -> tuple[Residuals | None, Floats]:
        sample, count = self.sample, self.cells.count
        policy = sample.design.lonely
        if self.projection is None:
            return None, cell_variances(self.indexes, z, used, count, policy)
        residual = self.projection.with_coefficients(z, self.cells.code, count)
        variance = np.zeros(count)
        for stage, index in zip(sample.stages, self.indexes, strict=True):
            totals = unit_totals(index, z, np.arange(count), count)
            width = max(1, DENSE_BLOCK // len(stage.stratum))
            for start in range(0, count, width):
                chosen = np.arange(start, min(start + width, count))
                dense = residual_totals(totals[chosen], residual.chosen(chosen), stage.number)
                variance[chosen] += (centred_products(sample, stage.number, dense, policy) ** 2).sum(axis=0)
        return residual, variance

    def _table(self, variable: Variable, point: Floats, se: Floats, srs: Floats, inside: _Inside) -> pl.DataFrame:
        count, n, kish = self.cells.count, inside.n, inside.kish
        design_df = np.full(count, float(self.sample.degrees_of_freedom))
        domain_df = self.domain_df
        df = design_df if self.method == "wald" else domain_df
        if self.df == "inf":
            df = np.full(count, np.inf)
        if self.method == "wald":
            low, high = wald(point, se, df, self.level)
        else:
            low, high = proportion_interval(
                self.method, point, se, df=df, n=self.domain_rows, n_kish=kish, level=self.level
            )
        with np.errstate(invalid="ignore", divide="ignore"):
            deff = np.where(srs > 0, se**2 / srs, np.nan)
            n_eff = np.where((se > 0) & (srs > 0), n / deff, np.where(n > 0, kish, np.nan))
            cv = np.where(point != 0, se / np.abs(point), np.nan)
        labels: dict[str, object] = {"outcome": pl.Series([variable.outcome] * count, dtype=pl.String)}
        labels["level"] = pl.Series([variable.level] * count, dtype=pl.String)
        results = pl.DataFrame(
            {
                "estimate": point,
                "se": se,
                "ci_low": low,
                "ci_high": high,
                "n": n.astype(np.int64),
                "n_eff": n_eff,
                "deff": deff,
                "df": df,
                "df_domain": domain_df,
                "cv": cv,
            }
        ).with_columns(pl.col(pl.Float64).fill_nan(None))
        head = pl.DataFrame(labels)
        frames = [head, results] if not self.cells.table.width else [head, self.cells.table, results]
        return pl.concat(frames, how="horizontal")


def _sums(cells: Domains, values: Floats) -> Floats:
    """Sums of values over the rows of each cell."""
    if cells.is_complete:
        sums = np.bincount(cells.code, weights=values, minlength=cells.count)
    else:
        inside = cells.code >= 0
        sums = np.bincount(cells.code[inside], weights=values[inside], minlength=cells.count)
    return sums.astype(np.float64, copy=False)
