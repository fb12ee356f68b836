"""Variances of weighted sums under the design: Taylor linearisation, all cells of a table at once.

An estimate is, to first order, a weighted sum of influence values z over the sample. Its variance is the sum
over stages and strata of factor * (1 - n/N) * n/(n-1) * sum over units of (unit total - stratum mean)^2
(Saerndal, Swensson and Wretman 1992, 4.3 and 5.7; Wolter 2007, 6). Most cells meet few units, so totals are
held per (cell, unit) that occurs; units of a stratum that a cell does not meet count as zeros, which is what
keeps a domain inside its design.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from models.survey.columns import distinct
from models.survey.design import LonelyPolicy, SurveyInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.survey.auxiliaries import Residuals
    from models.survey.sampling import Sample, Stage

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

DENSE_BLOCK = 4_000_000  # numbers held at once when a cell touches every unit


@dataclass(frozen=True)
class CellIndex:
    """Where the rows of each cell fall in one stage.

    Attributes:
        stage: the stage.
        rows: rows that belong to a cell.
        group: for each of them, the (cell, unit) pair it belongs to.
        group_cell, group_unit: what each pair is.
        part: for each pair, the (cell, stratum) pair it belongs to.
        part_cell, part_stratum: what each of those is.
        part_units: units of the stratum that the cell meets.
    """

    stage: Stage
    rows: Codes
    group: Codes
    group_cell: Codes
    group_unit: Codes
    part: Codes
    part_cell: Codes
    part_stratum: Codes
    part_units: Codes


def index_cells(stage: Stage, cell: Codes) -> CellIndex:
    """Sort out which units and strata each cell (code per row, -1 for none) meets in a stage."""
    rows = np.flatnonzero(cell >= 0)
    in_all = len(rows) == len(cell)
    unit = stage.unit if in_all else stage.unit[rows]
    units = int(stage.unit.max(initial=0)) + 1
    key, group = distinct((cell if in_all else cell[rows]) * units + unit)
    group_cell, group_unit = np.divmod(key, units)
    strata = len(stage.selected)
    part_key, part = distinct(group_cell * strata + stage.stratum[group_unit])
    part_units = np.bincount(part, minlength=len(part_key))
    part_cell, part_stratum = np.divmod(part_key, strata)
    return CellIndex(stage, rows, group, group_cell, group_unit, part, part_cell, part_stratum, part_units)


def _part_scale(index: CellIndex, policy: LonelyPolicy, present: NDArray[np.bool_]) -> Floats:
    """Scale of each (cell, stratum), after the policy for strata of one unit.

    Raises:
        SurveyInputError: under `fail`, naming the strata of one unit that a cell uses.
    """
    stage = index.stage
    lonely = stage.is_lonely[index.part_stratum] & present
    if policy == "fail" and lonely.any():
        raise_lonely(stage, np.unique(index.part_stratum[lonely]))
    scale = stage.scale[index.part_stratum]
    if policy != "adjust":
        scale = np.where(stage.is_lonely[index.part_stratum], 0.0, scale)
    return scale


def raise_lonely(stage: Stage, strata: Codes) -> None:
    """Refuse strata of one unit.

    Raises:
        SurveyInputError: always, naming up to five of them.
    """
    names = ", ".join(str(stage.stratum_names[int(code)]) for code in strata[:5])
    raise SurveyInputError(
        f"{len(strata)} stratum/strata have only one sampling unit at stage {stage.number}: {names}"
        f"{' ...' if len(strata) > 5 else ''}. Choose what to do with them: lonely adjust, average, "
        f"certainty or "
        "remove (--lonely), or merge strata"
    )


def _average_factor(index: CellIndex, present: NDArray[np.bool_], cells: int) -> Floats:
    """Strata a cell meets over those of them that can tell a variance; 1 when all can."""
    lonely = index.stage.is_lonely[index.part_stratum] & present
    met = np.bincount(index.part_cell, weights=present, minlength=cells)
    able = met - np.bincount(index.part_cell, weights=lonely, minlength=cells)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(met == able, 1.0, met / able)


def cell_variances(
    indexes: tuple[CellIndex, ...], z: Floats, used: NDArray[np.bool_], cells: int, policy: LonelyPolicy
) -> Floats:
    """Variance of the sum of z in every cell.

    Args:
        indexes: one a stage.
        z: influence of each row on its cell's estimate; 0 where not used.
        used: rows with a valid outcome.
        cells: number of cells.
        policy: for strata of one unit.
    """
    variance = np.zeros(cells)
    for index in indexes:
        inside = z if len(index.rows) == len(z) else z[index.rows]
        totals = np.bincount(index.group, weights=inside, minlength=len(index.group_cell))
        met = np.bincount(index.group, weights=used[index.rows], minlength=len(index.group_cell)) > 0
        parts = len(index.part_cell)
        present = np.bincount(index.part, weights=met, minlength=parts) > 0
        selected = index.stage.selected[index.part_stratum]
        mean = np.bincount(index.part, weights=totals, minlength=parts) / selected
        lonely = index.stage.is_lonely[index.part_stratum]
        if policy == "adjust":
            mean[lonely] = 0.0
        squares = np.bincount(index.part, weights=(totals - mean[index.part]) ** 2, minlength=parts)
        squares += (selected - index.part_units) * mean**2
        scale = _part_scale(index, policy, present)
        stage_variance = np.bincount(index.part_cell, weights=scale * squares, minlength=cells)
        if policy == "average":
            stage_variance *= _average_factor(index, present, cells)
        variance += stage_variance
    return variance


def unit_totals(indexes: CellIndex, z: Floats, row_of_cell: Codes, rows: int) -> sparse.csr_array:
    """Totals of z as a sparse matrix: one row an estimate, one column a unit of the stage."""
    totals = np.bincount(indexes.group, weights=z[indexes.rows], minlength=len(indexes.group_cell))
    target = row_of_cell[indexes.group_cell]
    keep = target >= 0
    shape = (rows, len(indexes.stage.stratum))
    return sparse.csr_array((totals[keep], (target[keep], indexes.group_unit[keep])), shape=shape)


def unit_scale(stage: Stage, policy: LonelyPolicy) -> Floats:
    """Scale of each stratum for products between estimates."""
    return stage.scale if policy == "adjust" else np.where(stage.is_lonely, 0.0, stage.scale)


def covariance_of_totals(stage: Stage, left: sparse.csr_array, policy: LonelyPolicy) -> Floats:
    """Covariance matrix between estimates from their unit totals in one stage."""
    scale = unit_scale(stage, policy)
    products = (left * scale[stage.stratum][None, :]) @ left.T
    strata, units = len(stage.selected), len(stage.stratum)
    member = sparse.csr_array((np.ones(units), (np.arange(units), stage.stratum)), shape=(units, strata))
    sums = left @ member
    centred = np.where(stage.is_lonely, 0.0, scale / stage.selected)
    return np.asarray((products - (sums * centred[None, :]) @ sums.T).todense(), dtype=np.float64)


def residual_totals(totals: sparse.csr_array, residuals: Residuals, number: int) -> Floats:
    """Dense unit totals (units x estimates) after taking out what calibration explains."""
    return totals.T.toarray() - residuals.unit_auxiliaries[number - 1] @ residuals.coefficients


def centred_products(sample: Sample, number: int, dense: Floats, policy: LonelyPolicy) -> Floats:
    """Unit totals centred in their strata and scaled, so that their cross-product is the covariance."""
    stage = sample.stages[number - 1]
    strata = len(stage.selected)
    member = sparse.csr_array(
        (np.ones(len(stage.stratum)), (stage.stratum, np.arange(len(stage.stratum)))),
        shape=(strata, len(stage.stratum)),
    )
    mean = (member @ dense) / stage.selected[:, None]
    if policy == "adjust":
        mean[stage.is_lonely] = 0.0
    elif policy == "fail" and stage.is_lonely.any():
        raise_lonely(stage, np.flatnonzero(stage.is_lonely))
    scale = unit_scale(stage, policy)
    factor = 1.0
    if policy == "average" and stage.is_lonely.any():
        factor = strata / max(strata - int(stage.is_lonely.sum()), 1)
    return (dense - mean[stage.stratum]) * np.sqrt(factor * scale[stage.stratum])[:, None]
